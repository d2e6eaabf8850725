/** How results look on a terminal. */
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import type { RunReport } from '../../src/protocol/report.ts';

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

/** One sentence on what stopped a run, or on why there is nothing to see; '' when there is nothing to say. */
export function explain(report: RunReport): string {
  switch (report.stage) {
    case 'done': {
      const failed = report.reads.findLast((read) => read.ret < 0);
      if (failed) return `read() failed with ${failed.errno}${READ_ERRORS[failed.errno ?? ''] ?? ''}`;
      return report.output === '' && report.reads.length > 0
        ? 'the program wrote nothing: no object of the walk made it print'
        : '';
    }
    case 'read': {
      const failed = report.reads.findLast((read) => read.ret < 0);
      return `read() failed with ${failed?.errno ?? 'an error'}${READ_ERRORS[failed?.errno ?? ''] ?? ''}`;
    }
    case 'attach':
      return `attaching failed with ${report.attach?.errno ?? 'an error'}${ATTACH_ERRORS[report.attach?.errno ?? ''] ?? ''}`;
    case 'create':
      return 'the iterator could not be opened';
    case 'load':
      return report.verdict && !report.verdict.accepted
        ? `the kernel refused the program: ${report.verdict.errno}`
        : 'loading failed';
    case 'open':
      return 'the object could not be opened';
    case 'compile':
      return '';
  }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  E2BIG: ': one object wrote 32768 bytes or more, which no buffer holds',
  EAGAIN: ': the program returned 1 for the first object of the read, which means "offer it again"',
  EOPNOTSUPP: ': a cgroup walk must fit one buffer; use a larger --read-size',
};
const ATTACH_ERRORS: Readonly<Record<string, string>> = {
  EBADF: ': the target needs a map or a file descriptor that is open (--map, --pidfd, --cgroup)',
  EINVAL:
    ': the parameters contradict each other or the target needs one (--order, only one of --tid, --pid, --pidfd)',
  ENOENT: ': what the parameters name does not exist',
};
