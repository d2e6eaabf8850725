/** How results look on a terminal. */
import type { RunReport } from '../../src/protocol/report.ts';

export { formatDiagnostic } from '../../src/engine/machine/diagnostic_text.ts';

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
