/** Two runs side by side: what was asked of the program, what came out, and where the outputs differ. */
import type { SessionTrace } from '../../protocol/trace.ts';
import { kindAt } from './fold.ts';

export interface RunNumbers {
  /** Objects shown to the program. */
  readonly shown: number;
  /** Of them: accepted without a byte of output. */
  readonly silent: number;
  readonly callbacks: number;
  /** Objects that the kernel passed over by itself. */
  readonly passedOver: number;
  readonly insns: number;
  readonly bytes: number;
  readonly reads: number;
}

export function runNumbers(sessions: readonly SessionTrace[]): RunNumbers {
  let shown = 0;
  let silent = 0;
  let insns = 0;
  for (const trace of sessions)
    for (let call = 0; call < trace.length; call++) {
      insns += trace.insns[call] ?? 0;
      if (kindAt(trace, call) !== 'show') continue;
      shown++;
      if (trace.result[call] === 0 && trace.count[call] === (call > 0 ? trace.count[call - 1] : 0)) silent++;
    }
  const sum = (of: (trace: SessionTrace) => number): number =>
    sessions.reduce((total, trace) => total + of(trace), 0);
  return {
    shown,
    silent,
    insns,
    callbacks: sum((trace) => trace.length + trace.dropped),
    passedOver: sum((trace) => trace.skips.length),
    bytes: sum((trace) => trace.reads.reduce((n, read) => n + Math.max(0, read.ret), 0)),
    reads: sum((trace) => trace.reads.length),
  };
}

export interface DiffLine {
  readonly text: string;
  readonly side: 'both' | 'a' | 'b';
}

/** Above this many cells the table of a line diff would be too large to fill between two frames. */
const MAX_CELLS = 4_000_000;

/**
 * Lines of two texts as a shortest edit: common lines once, others with their side. Equal beginnings and
 * ends are cut off first; a middle too large to compare is given as all of a, then all of b.
 */
export function diffLines(a: string, b: string): readonly DiffLine[] {
  const left = a.split('\n');
  const right = b.split('\n');
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  let tail = 0;
  while (
    tail < left.length - head &&
    tail < right.length - head &&
    left[left.length - 1 - tail] === right[right.length - 1 - tail]
  )
    tail++;
  const both = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ text, side: 'both' }));
  return [
    ...both(left.slice(0, head)),
    ...diffMiddle(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...both(tail === 0 ? [] : left.slice(-tail)),
  ];
}

function diffMiddle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  const only = (lines: readonly string[], side: 'a' | 'b'): DiffLine[] =>
    lines.map((text) => ({ text, side }));
  if ((a.length + 1) * (b.length + 1) > MAX_CELLS) return [...only(a, 'a'), ...only(b, 'b')];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] =
        a[i] === b[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ text: a[i] ?? '', side: 'both' });
      i++;
      j++;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
      out.push({ text: a[i++] ?? '', side: 'a' });
    else out.push({ text: b[j++] ?? '', side: 'b' });
  }
  return [...out, ...only(a.slice(i), 'a'), ...only(b.slice(j), 'b')];
}
