/**
 * Lines of the kernel's algorithm at a moment: passed in this call, and the last one reached. Lines of kernel
 * code of the user's have numbers: `children_next.45`; those of the kernel's own algorithms end in a word.
 */
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

const OWN_LINE = /\.(\d+)$/;
/** The line of the user's C that an id names; 0: none. */
const ownLine = (id = ''): number => Number(OWN_LINE.exec(id)?.[1] ?? 0);
export const ownLineAt = ({ lines }: SessionTrace, row: number): number =>
  ownLine(lines.ids[lines.line[row] ?? -1]);

/** The first row that belongs to a later call. */
export const rowAfter = ({ lines }: SessionTrace, call: number): number => rowsBefore(lines, call + 1);

/**
 * Rows of lines of the user's C.
 *
 * @param wanted only these; null: all
 * @param from the first row that is looked at
 * @param to the first that is not; smaller than `from`: rows before it are looked at, back to it
 */
export function* ownLineRows(
  { lines: { line, ids } }: SessionTrace,
  wanted: readonly number[] | null,
  from: number,
  to: number,
): Generator<number, undefined> {
  const isWanted = ids.map((id) => (wanted ? wanted.includes(ownLine(id)) : ownLine(id) > 0));
  const by = to < from ? -1 : 1;
  for (let row = from; row !== to; row += by) if (isWanted[line[row] ?? -1]) yield row;
}
