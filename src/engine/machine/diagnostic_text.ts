/** How a diagnostic looks on a terminal. */
import type { Diagnostic } from '../../protocol/diagnostics.ts';

/** Source lines longer than this are shown around the place in question only. */
const WIDEST = 240;
const CUT = '...';

/** What is shown of a source line, and the column in it that `column` becomes; both count from 1. */
function excerpt(line: string, column: number): { text: string; column: number } {
  if (line.length <= WIDEST) return { text: line, column };
  const start = Math.max(0, Math.min(column - WIDEST / 2, line.length - WIDEST));
  const before = start > 0 ? CUT : '';
  const after = start + WIDEST < line.length ? CUT : '';
  return {
    text: `${before}${line.slice(start, start + WIDEST)}${after}`,
    column: column - start + before.length,
  };
}

/** `file:line:col: warning: message [-Wname]`, then the source line with a caret, then the notes. */
export function formatDiagnostic(diagnostic: Diagnostic, sourceLine: string | null): string {
  const { file, line, column, endLine, endColumn, severity, message, flag, notes } = diagnostic;
  const where = line > 0 ? `${file}:${line}:${column}: ` : file === '' ? '' : `${file}: `;
  const out = [`${where}${severity}: ${message}${flag === undefined ? '' : ` [${flag}]`}`];
  if (sourceLine !== null && line > 0) {
    const shown = excerpt(sourceLine, column);
    const width = endLine === line ? Math.max(1, endColumn - column) : 1;
    const tail = Math.max(0, Math.min(width - 1, shown.text.length - shown.column));
    const indent = shown.text.slice(0, Math.max(0, shown.column - 1)).replace(/[^\t]/g, ' ');
    out.push(`  ${shown.text}`, `  ${indent}^${'~'.repeat(tail)}`);
  }
  for (const note of notes) out.push(`  note: ${note}`);
  return out.join('\n');
}
