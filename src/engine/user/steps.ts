/**
 * Watches user programs line by line: a step begins where a thread comes to another line of the user's own
 * files, or to the same line of another call. What the library does in between belongs to the line that called.
 */
import type { InsnIndex } from '../../shared/brand.ts';
import type { ReaderLine } from '../trace/reader_recorder.ts';
import type { Thread } from './process.ts';
import type { UserProcessor } from './user_processor.ts';
import type { UserHook } from './userland.ts';
import { pidOf } from './start.ts';
import type { VariableWatch } from './variables.ts';

/** What is known of an instruction: a line of the user's, or none. */
interface Known {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly entry: boolean;
}

/** Who is told of every step. */
export interface StepSink {
  line(row: ReaderLine): void;
}

/**
 * @param written bytes on stdout so far
 * @param variables of the user's own functions
 */
export function stepRecorder(sink: StepSink, written: () => number, variables: VariableWatch): UserHook {
  const known = new WeakMap<object, (Known | null)[]>();
  /** Line and r10 of each thread's last step. */
  const last = new WeakMap<Thread, { readonly at: Known; readonly frame: bigint }>();

  const lookUp = ({ process }: Thread, pc: InsnIndex): Known | null => {
    const { image } = process.program;
    let table = known.get(image);
    if (!table) known.set(image, (table = []));
    let found = table[pc];
    if (found === undefined) {
      const fn = image.functionAt(pc);
      const at = fn && !fn.library ? image.lineAt(pc) : null;
      found =
        fn && at && at.line > 0
          ? { file: at.file, line: at.line, function: fn.name, entry: pc === fn.start }
          : null;
      table[pc] = found;
    }
    return found;
  };

  return (thread: Thread, pc: InsnIndex, cpu: UserProcessor) => {
    const at = lookUp(thread, pc);
    if (!at) return;
    const frame = cpu.reg(10);
    const before = last.get(thread);
    if (
      before &&
      !at.entry &&
      before.frame === frame &&
      before.at.line === at.line &&
      before.at.file === at.file
    )
      return;
    last.set(thread, { at, frame });
    const depth = cpu.backtrace().filter((each) => {
      const fn = thread.process.program.image.functionAt(each);
      return fn !== null && !fn.library;
    }).length;
    sink.line({
      tid: pidOf(thread.process.space.kernel, thread.task),
      file: at.file,
      line: at.line,
      function: at.function,
      depth: Math.max(0, depth - 1),
      output: written(),
      values: () => variables.before(thread, pc, cpu),
      frames: () => variables.frames(thread, pc, cpu),
    });
  };
}
