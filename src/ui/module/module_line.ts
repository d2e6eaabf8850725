/** Where kernel code of the user's stood when the callback on show returned. */
import { traceOf } from '../store/run.ts';
import type { PageState } from '../store/store.ts';
import { linesOf } from '../trace/kernel_lines.ts';

/** `children_next.45`; lines of the kernel's own algorithms end in a word. */
const OWN_LINE = /\.(\d+)$/;

/** A line of the module, from 1; 0: it did nothing in this callback. */
export function moduleLine(state: PageState): number {
  const trace = traceOf(state);
  if (!trace || !state.ran?.module) return 0;
  const line = linesOf(trace, state.at.call).findLast((id) => OWN_LINE.test(id));
  return Number(OWN_LINE.exec(line ?? '')?.[1] ?? 0);
}
