/** The moment in words: the live region, the timeline's value text and the line in the transport. */
import { errnoName } from '../../shared/errno.ts';
import { kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import type { Names } from './names.ts';
import { takenBack, writtenBy } from './output.ts';
import type { Position } from './units.ts';

/** `show(bash, fd 2)` */
export const callTitle = (f: Folded, names: Names, call: number): string =>
  `${kindAt(f.trace, call)}(${names.subject(f, call)})`;

/** What came of a call, in a clause: `returned NULL: the walk is over`. */
export function outcome(f: Folded, call: number): string {
  const { trace } = f;
  const result = trace.result[call] ?? 0;
  const error = result < 0 ? errnoName(result) : '';
  switch (kindAt(trace, call)) {
    case 'start':
    case 'next':
      if (error) return `failed with ${error}`;
      return result === 1 ? 'delivered it' : 'returned NULL: no more objects';
    case 'show': {
      if (result > 0) return 'passed over by the target';
      const undone = takenBack(f, call);
      if (error === 'EAGAIN')
        return `program returned 1: ${undone} B taken back, shown again by the next read`;
      if (error)
        return `did not fit: ${undone > 0 ? `${undone} B ` : ''}taken back, shown again by the next read`;
      const span = writtenBy(f, call);
      return span ? `wrote ${span.to - span.from} B` : 'wrote nothing';
    }
    case 'stop': {
      if (trace.object[call] !== 0n) return 'gave it back: the walk waits for the next read';
      const span = writtenBy(f, call);
      if (result !== 1) return 'nothing to give back';
      return span ? `program ran with NULL and wrote ${span.to - span.from} B` : 'program ran with NULL';
    }
    case 'copy':
      return error ? `failed with ${error}` : `${result} B to the reader`;
  }
}

let last: { readonly f: Folded; readonly names: Names; readonly at: Position; readonly text: string } | null =
  null;

/** One sentence for the moment. Events count from 1, as the counter does. */
export function describeMoment(f: Folded, names: Names, at: Position): string {
  // Picture, timeline and live region say the same of every step.
  if (last?.f !== f || last.names !== names || last.at !== at)
    last = { f, names, at, text: sentence(f, names, at) };
  return last.text;
}

function sentence(f: Folded, names: Names, at: Position): string {
  const { trace } = f;
  if (trace.length === 0) return 'Nothing was recorded.';
  const { call } = at;
  const read = trace.read[call] ?? 0;
  const size = trace.reads[read]?.size;
  const subject = names.subject(f, call);
  const changes = trace.changes
    .filter((change) => change.call === call)
    .map((change) => ` The world: ${change.text}.`);
  const insn = at.insn === null ? '' : ` Instruction ${at.insn + 1} of ${trace.insns[call] ?? 0}.`;
  return (
    `Event ${call + 1} of ${trace.length}. ${kindAt(trace, call)}${subject ? `: ${subject}` : ''}, ` +
    `${outcome(f, call)}. Sequence ${trace.seqNum[call] ?? 0}, read ${read + 1}; ` +
    `buffer ${trace.count[call] ?? 0}${size === undefined ? '' : ` of ${size}`} bytes.${insn}${changes.join('')}`
  );
}
