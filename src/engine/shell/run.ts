/**
 * How the simulated programs of the shell run: as generators that stop where a process would.
 *
 *     pause     between two callbacks of a walk: whoever runs the machine may slice and cancel here
 *     blocked   the process sleeps until another has done something (a full or an empty pipe)
 */
export type Stop = 'pause' | 'blocked';
export type Run<T> = Generator<Stop, T, void>;

export interface ReadResult {
  /** Bytes, 0 at the end, or a negated errno. */
  readonly ret: number;
  readonly bytes: Uint8Array;
}

export const NO_BYTES = new Uint8Array(0);
export const END_OF_FILE: ReadResult = { ret: 0, bytes: NO_BYTES };
export const failed = (ret: number): ReadResult => ({ ret, bytes: NO_BYTES });
export const gave = (bytes: Uint8Array): ReadResult => ({ ret: bytes.length, bytes });

const AT_ONCE: readonly Stop[] = [];

/** A run that is over without a stop. */
export function* done<T>(value: T): Run<T> {
  yield* AT_ONCE;
  return value;
}

/** A signal ended the process. */
export class Killed extends Error {
  override readonly name = 'Killed';
  readonly signal: number;
  constructor(signal: number) {
    super(`signal ${signal}`);
    this.signal = signal;
  }
}
/** Standard output could not be written: the program says so and ends. */
export class WriteFault extends Error {
  override readonly name = 'WriteFault';
  readonly errno: number;
  constructor(errno: number) {
    super(`write error ${errno}`);
    this.errno = errno;
  }
}
export const SIGINT = 2;
export const SIGKILL = 9;
export const SIGPIPE = 13;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
/** Exit status that a shell shows for a signal. */
export const SIGNALLED = 128;

/** Runs to the end in one go. */
export function drainRun<T>(run: Run<T>): T {
  for (;;) {
    const step = run.next();
    if (step.done) return step.value;
  }
}
