/** Records the lines that a user's program goes through (see protocol/reader.ts). */
import type { ReaderFrame, ReaderTrace, ReaderValue } from '../../protocol/reader.ts';
import type { Recorder } from './recorder.ts';

/** Lines that are kept. */
const MAX_LINES = 200_000;
/** Lines whose variables are kept. */
export const VALUED_LINES = 20_000;

export interface ReaderLine {
  readonly tid: number;
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly depth: number;
  readonly output: number;
  /** Asked for while they are kept. */
  readonly values: () => readonly ReaderValue[];
  /** Its function and those that wait for it, the innermost first. */
  readonly frames: () => readonly ReaderFrame[];
}

const sameValues = (a: readonly ReaderValue[], b: readonly ReaderValue[]): boolean =>
  a.length === b.length && a.every(({ name, value }, i) => name === b[i]?.name && value === b[i].value);

/** Numbers for texts, in the order they come. */
class Names {
  readonly list: string[] = [];
  private readonly numbers = new Map<string, number>();
  number(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) this.numbers.set(text, (number = this.list.push(text) - 1));
    return number;
  }
}

export class ReaderRecorder {
  private readonly recorder: Recorder;
  private readonly files = new Names();
  private readonly functions = new Names();
  private readonly rows: number[][] = [[], [], [], [], [], [], []];
  private readonly callSessions: number[] = [];
  private readonly seen = new Map<number, number>();
  private readonly values: (readonly ReaderValue[])[] = [];
  private dropped = 0;

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  /** Callbacks that came since it was last asked are put in their place. */
  private catchUp(): void {
    for (const { session, call } of this.recorder.sessions) {
      const before = this.seen.get(session) ?? 0;
      for (let i = before; i < call; i++) this.callSessions.push(session);
      this.seen.set(session, call);
    }
  }

  /** A thread comes to another line. */
  line(row: ReaderLine): void {
    this.catchUp();
    const [tid] = this.rows;
    if ((tid?.length ?? 0) >= MAX_LINES) {
      this.dropped++;
      return;
    }
    if (this.values.length < VALUED_LINES) {
      const now = row.values();
      const before = this.values.at(-1);
      // Most lines change nothing: one list serves them all.
      this.values.push(before && sameValues(now, before) ? before : now);
    }
    const values = [
      row.tid,
      this.files.number(row.file),
      row.line,
      this.functions.number(row.function),
      row.depth,
      this.callSessions.length,
      row.output,
    ];
    values.forEach((value, i) => this.rows[i]?.push(value));
  }

  trace(): ReaderTrace {
    this.catchUp();
    const [tid = [], file = [], line = [], fn = [], depth = [], calls = [], output = []] = this.rows;
    return {
      length: tid.length,
      files: this.files.list,
      functions: this.functions.list,
      tid: Uint32Array.from(tid),
      file: Uint16Array.from(file),
      line: Uint32Array.from(line),
      function: Uint16Array.from(fn),
      depth: Uint16Array.from(depth),
      calls: Uint32Array.from(calls),
      output: Uint32Array.from(output),
      values: [...this.values],
      callSessions: Uint32Array.from(this.callSessions),
      dropped: this.dropped,
    };
  }
}
