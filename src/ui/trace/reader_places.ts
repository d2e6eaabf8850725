/** Where a reader's run comes to lines of its text, as places of its timeline (see protocol/reader.ts). */
import { placeOfLine } from '../../protocol/reader.ts';
import type { ReaderTrace } from '../../protocol/reader.ts';

/** Steps at which each line of the user's own file is come to, in order. */
const stepsByLine = new WeakMap<ReaderTrace, ReadonlyMap<number, readonly number[]>>();

function stepsOf(trace: ReaderTrace): ReadonlyMap<number, readonly number[]> {
  const known = stepsByLine.get(trace);
  if (known) return known;
  const steps = new Map<number, number[]>();
  for (let step = 0; step < trace.length; step++) {
    // The reader is one file; what it includes of the user's has lines of its own.
    if (trace.file[step] !== trace.file[0]) continue;
    const line = trace.line[step] ?? 0;
    const list = steps.get(line);
    if (list) list.push(step);
    else steps.set(line, [step]);
  }
  stepsByLine.set(trace, steps);
  return steps;
}

/** The first of numbers in order that is larger; Infinity: none. */
function firstAbove(numbers: readonly number[], place: number, of: (number: number) => number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(numbers[middle] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  const found = numbers[low];
  return found === undefined ? Infinity : of(found);
}

/** The next place behind one at which one of these lines is come to; Infinity: none. */
export function nextStop(trace: ReaderTrace, lines: readonly number[], place: number): number {
  const steps = stepsOf(trace);
  return lines.reduce(
    (first, line) =>
      Math.min(
        first,
        firstAbove(steps.get(line) ?? [], place, (step) => placeOfLine(trace, step)),
      ),
    Infinity,
  );
}
