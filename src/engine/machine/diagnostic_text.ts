/** How a diagnostic looks on a terminal. */
import type { Diagnostic } from '../../protocol/diagnostics.ts';

/** `file:line:col: error: message`, then the source line with a caret, then the notes. */
export function formatDiagnostic(diagnostic: Diagnostic, sourceLine: string | null): string {
  const { file, line, column, endLine, endColumn, severity, message, notes } = diagnostic;
  const where = line > 0 ? `${file}:${line}:${column}: ` : file === '' ? '' : `${file}: `;
  const out = [`${where}${severity}: ${message}`];
  if (sourceLine !== null && line > 0) {
    const width = endLine === line ? Math.max(1, endColumn - column) : 1;
    const indent = sourceLine.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, ' ');
    out.push(
      `  ${sourceLine}`,
      `  ${indent}^${'~'.repeat(Math.min(width, sourceLine.length) - 1 > 0 ? Math.min(width, sourceLine.length) - 1 : 0)}`,
    );
  }
  for (const note of notes) out.push(`  note: ${note}`);
  return out.join('\n');
}
