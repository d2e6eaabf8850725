/**
 * One call of bpftool: its words, how it answers, and how it gives up.
 *
 * Words are taken from the front; any word may be shortened to its beginning. What goes wrong is thrown: the
 * message is said where it is found, the exit status travels.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { strerror } from '../../libbpf/messages.ts';
import type { Sys } from '../../sys/sys.ts';
import type { BpfSyscall } from '../../sys/bpf.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import { writeJson } from './json.ts';
import type { Json } from './json.ts';

export interface ToolOptions {
  readonly json: boolean;
  readonly pretty: boolean;
  /** -f: names of pins are shown. */
  readonly pins: boolean;
  /** -d: libbpf says everything, and the verifier's log is shown. */
  readonly debug: boolean;
}

/** The call is over. */
export class Finished extends Error {
  override readonly name = 'Finished';
  /** As main() returns it: negative numbers wrap to a byte. */
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** True when `word` begins `full`; an empty word begins everything. */
export const isPrefix = (word: string | undefined, full: string): boolean =>
  word !== undefined && full.startsWith(word);

export class Tool {
  readonly process: Process;
  readonly options: ToolOptions;
  private readonly args: string[];
  /** The word before the next one. */
  previous = '';
  /** Prints how the object is used. */
  help: string;
  /** What -j prints, one after the other. */
  private readonly items: string[] = [];

  constructor(process: Process, options: ToolOptions, args: readonly string[], help: string) {
    this.process = process;
    this.options = options;
    this.args = [...args];
    this.help = help;
  }

  get sys(): Sys {
    return this.process.world.host.sys;
  }
  get syscall(): BpfSyscall {
    return this.process.world.host.syscall;
  }

  // -- words ---------------------------------------------------------------------------------------------------

  get left(): number {
    return this.args.length;
  }
  get next(): string | undefined {
    return this.args[0];
  }
  get rest(): readonly string[] {
    return this.args;
  }
  take(): string {
    this.previous = this.args.shift() ?? '';
    return this.previous;
  }
  /** Takes the next word if it begins `full`. */
  accept(full: string): boolean {
    if (!isPrefix(this.next, full)) return false;
    this.take();
    return true;
  }

  // -- answers -------------------------------------------------------------------------------------------------

  /** Text; not for -j. */
  *print(text: string): Run<void> {
    yield* this.process.print(text);
  }
  /** One value of -j. */
  value(json: Json): void {
    this.items.push(writeJson(json, this.options.pretty));
  }
  *info(text: string): Run<void> {
    if (!this.options.json) yield* this.process.complain(text);
  }
  /** `Error: text` */
  *error(text: string): Run<void> {
    if (this.options.json) this.value({ error: text });
    else yield* this.process.complain(`Error: ${text}`);
  }
  /** Says what is wrong and ends the call. */
  *give(text: string, status = -1): Run<never> {
    yield* this.error(text);
    throw new Finished(status);
  }
  /** Everything that -j had to say, and its newline. */
  *flush(): Run<void> {
    if (this.options.json) yield* this.process.print(`${this.items.join(',')}\n`);
  }

  /** Shows how the object is used and ends the call. */
  *usage(): Run<never> {
    if (this.options.json && !this.help.includes('iter pin')) this.items.push('null');
    else yield* this.process.complain(this.help);
    throw new Finished(-1);
  }
  /** Ends the call unless there are `count` more words. */
  *need(count: number): Run<void> {
    if (this.left >= count) return;
    yield* this.error(`'${this.previous}' needs at least ${count} arguments, ${this.left} found`);
    yield* this.usage();
  }
  *badWord(): Run<never> {
    return yield* this.give(`what is '${this.next ?? '(null)'}'?`);
  }

  /** A number after `id` and its like. */
  *number(what: string): Run<number> {
    const word = this.take();
    if (/^(0[xX][0-9a-fA-F]+|\d+)$/.test(word))
      return Number(/^0\d/.test(word) ? `0o${word.slice(1)}` : word) >>> 0;
    return yield* this.give(`can't parse ${word} as ${what}`);
  }

  /** Ends the call with what a system call said. */
  *failed(text: string, errno: NegErrno, status = -1): Run<never> {
    return yield* this.give(`${text}: ${strerror(errno)}`, status);
  }
}

export const ENOENT = fail('ENOENT');
export type Handler = (tool: Tool) => Run<number>;
