/** Lines of the kernel's algorithm at a moment: passed in this call, and the last one reached. */
import type { LineRow, SessionTrace } from '../../protocol/trace.ts';

export interface LitLines {
  readonly passed: ReadonlySet<string>;
  readonly now: ReadonlySet<string>;
}

const firstAtOrAfter = (rows: readonly LineRow[], call: number): number => {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.call ?? Infinity) < call) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The current line of each function: `read.show` in read(2), `task_file.next.fd` in the target's next. */
export function litLines(trace: SessionTrace, call: number): LitLines {
  const rows = trace.lines.slice(firstAtOrAfter(trace.lines, call), firstAtOrAfter(trace.lines, call + 1));
  const last = new Map<string, string>();
  for (const { line } of rows) last.set(line.slice(0, line.lastIndexOf('.')), line);
  const now = new Set(last.values());
  return { passed: new Set(rows.map((row) => row.line).filter((line) => !now.has(line))), now };
}
