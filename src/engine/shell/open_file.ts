/**
 * What is behind an fd of a shell process, beyond its struct file: where bytes come from and go to.
 *
 * One object may stand behind several fds, of several processes: it counts them, and the last close ends it.
 */
import { must } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import { done, END_OF_FILE, failed, gave, Killed, SIGPIPE, SIGXFSZ } from './run.ts';
import type { ReadResult, Run } from './run.ts';

export abstract class OpenFile {
  private users = 1;

  use(): this {
    this.users++;
    return this;
  }
  unuse(): void {
    if (--this.users === 0) this.close();
  }
  protected close(): void {}

  /** @param _fd under which the process has it */
  read(_size: number, _fd = -1): Run<ReadResult> {
    return done(failed(fail('EINVAL')));
  }
  /** @returns bytes taken, or a negated errno */
  write(_bytes: Uint8Array): Run<number> {
    return done(fail('EINVAL'));
  }
  /** Moves the position; files without one refuse. @returns the new position, or -ESPIPE */
  seek(_position: number): number {
    return fail('ESPIPE');
  }
}

/** Bytes that do not change while they are read: a file of /proc, as it was at open(2). It cannot be written. */
export class TextFile extends OpenFile {
  private readonly bytes: Uint8Array;
  private position = 0;
  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }
  override read(size: number): Run<ReadResult> {
    const bytes = this.bytes.subarray(this.position, this.position + size);
    this.position += bytes.length;
    return done(gave(bytes));
  }
  override write(): Run<number> {
    return done(fail('EIO'));
  }
  override seek(position: number): number {
    return (this.position = position);
  }
}

/** A file of which only one system call matters: writing. */
export class ControlFile extends OpenFile {
  private readonly reading: TextFile;
  private readonly accept: (bytes: Uint8Array) => number;
  /** @param accept takes what is written; returns 0 or a negated errno */
  constructor(text: Uint8Array, accept: (bytes: Uint8Array) => number) {
    super();
    this.reading = new TextFile(text);
    this.accept = accept;
  }
  override *read(size: number): Run<ReadResult> {
    return yield* this.reading.read(size);
  }
  override write(bytes: Uint8Array): Run<number> {
    const err = this.accept(bytes);
    return done(err < 0 ? err : bytes.length);
  }
}

/** /dev/null and /dev/zero. */
export class SinkFile extends OpenFile {
  private readonly endless: boolean;
  constructor(endless: boolean) {
    super();
    this.endless = endless;
  }
  override read(size: number): Run<ReadResult> {
    return done(this.endless ? gave(new Uint8Array(size)) : END_OF_FILE);
  }
  override write(bytes: Uint8Array): Run<number> {
    return done(bytes.length);
  }
}

/** Bytes that a line may send to the terminal. */
const MOST_OUTPUT = 64 << 20;

/** One channel of the terminal. Reading finds the end at once: nobody types into a command. */
export class TerminalFile extends OpenFile {
  private readonly show: (bytes: Uint8Array) => void;
  private shown = 0;
  constructor(show: (bytes: Uint8Array) => void) {
    super();
    this.show = show;
  }
  override read(): Run<ReadResult> {
    return done(END_OF_FILE);
  }
  override write(bytes: Uint8Array): Run<number> {
    this.shown += bytes.length;
    if (this.shown > MOST_OUTPUT) throw new Killed(SIGXFSZ);
    this.show(bytes);
    return done(bytes.length);
  }
  /** A new line begins: it may show as much again. */
  refill(): void {
    this.shown = 0;
  }
}

/** PIPE_BUF_SIZE * 16 */
const PIPE_CAPACITY = 65_536;

/** The ring between two ends. Source: fs/pipe.c. */
class Pipe {
  private readonly chunks: Uint8Array[] = [];
  private held = 0;
  readers = 1;
  writers = 1;
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get room(): number {
    return this.capacity - this.held;
  }
  get empty(): boolean {
    return this.held === 0;
  }
  put(bytes: Uint8Array): void {
    this.chunks.push(bytes.slice());
    this.held += bytes.length;
  }
  take(size: number): Uint8Array {
    const out = new Uint8Array(Math.min(size, this.held));
    for (let at = 0; at < out.length;) {
      const first = must(this.chunks[0], 'bytes in a pipe');
      const part = first.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
      if (part.length === first.length) this.chunks.shift();
      else this.chunks[0] = first.subarray(part.length);
    }
    this.held -= out.length;
    return out;
  }
}

class PipeReader extends OpenFile {
  private readonly pipe: Pipe;
  constructor(pipe: Pipe) {
    super();
    this.pipe = pipe;
  }
  override *read(size: number): Run<ReadResult> {
    while (this.pipe.empty && this.pipe.writers > 0) yield 'blocked';
    return gave(this.pipe.take(size));
  }
  protected override close(): void {
    this.pipe.readers--;
  }
}

class PipeWriter extends OpenFile {
  private readonly pipe: Pipe;
  constructor(pipe: Pipe) {
    super();
    this.pipe = pipe;
  }
  /** @throws Killed SIGPIPE when nobody can read any more */
  override *write(bytes: Uint8Array): Run<number> {
    for (let at = 0; at < bytes.length;) {
      if (this.pipe.readers === 0) throw new Killed(SIGPIPE);
      const part = bytes.subarray(at, at + this.pipe.room);
      if (part.length === 0) yield 'blocked';
      else this.pipe.put(part);
      at += part.length;
    }
    return bytes.length;
  }
  protected override close(): void {
    this.pipe.writers--;
  }
}

/** Both ends of a new pipe. @param capacity in bytes @kernel do_pipe2, fs/pipe.c @fidelity partial: a write is never split by a reader's priority */
export function newPipe(capacity = PIPE_CAPACITY): { readonly reader: OpenFile; readonly writer: OpenFile } {
  const pipe = new Pipe(capacity);
  return { reader: new PipeReader(pipe), writer: new PipeWriter(pipe) };
}
