/** Lines of the kernel's algorithm at a moment: passed in this call, and the last one reached. */
import type { SessionTrace } from '../../protocol/trace.ts';
import { rowsBefore } from '../../protocol/trace_tables.ts';

export interface LitLines {
  readonly passed: ReadonlySet<string>;
  readonly now: ReadonlySet<string>;
}

/** Lines that a call has passed, in their order. */
export const linesOf = ({ lines }: SessionTrace, call: number): readonly string[] =>
  Array.from(
    lines.line.subarray(rowsBefore(lines, call), rowsBefore(lines, call + 1)),
    (number) => lines.ids[number] ?? '',
  );

/** The current line of each function: `read.show` in read(2), `task_file.next.fd` in the target's next. */
export function litLines(trace: SessionTrace, call: number): LitLines {
  const lines = linesOf(trace, call);
  const last = new Map<string, string>();
  for (const line of lines) last.set(line.slice(0, line.lastIndexOf('.')), line);
  const now = new Set(last.values());
  return { passed: new Set(lines.filter((line) => !now.has(line))), now };
}
