/** What a program of the shell is, and how GNU programs read their options and complain. */
import { latin1Decode } from '../../../shared/utf8.ts';
import { getopt, OptionFault } from '../getopt.ts';
import type { Options, OptionSpec } from '../getopt.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';

/** main(): runs in its own process. @returns the exit status */
export type Main = (process: Process) => Run<number>;

export interface Gnu extends OptionSpec {
  /** Exit status for wrong use. */
  readonly trouble: number;
  /** What follows the name in `Usage:`. */
  readonly usage: string;
}

/** A program whose options are read the GNU way: wrong ones are refused, --help shows how to call it. */
export const gnu = (spec: Gnu, main: (process: Process, options: Options) => Run<number>): Main =>
  function* (process) {
    try {
      const words = { ...spec.words, help: '\0' };
      const options = getopt(process.argv.slice(1), { ...spec, letters: `${spec.letters}\0`, words });
      if (options.has('\0')) {
        yield* process.print(`Usage: ${process.name} ${spec.usage}\n`);
        return 0;
      }
      return yield* main(process, options);
    } catch (error) {
      if (!(error instanceof OptionFault)) throw error;
      return yield* misuse(process, error.message, spec.trouble);
    }
  };

/** `name: message`, and where to find help. */
export function* misuse(process: Process, message: string, status = 1): Run<number> {
  yield* process.complain(`${process.name}: ${message}`);
  yield* process.complain(`Try '${process.name} --help' for more information.`);
  return status;
}

/** Lines of a text; whether the last one ends with a newline does not matter. */
export function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

export const asLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A whole number, or null. */
export const wholeNumber = (text: string): number | null =>
  /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null;

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  b: 512,
  kB: 1000,
  K: 1024,
  k: 1024,
  KiB: 1024,
  MB: 1_000_000,
  M: 1024 ** 2,
  G: 1024 ** 3,
  c: 1,
};
/** A number of bytes as GNU programs read it: `4096`, `4k`, `1M`. */
export function byteCount(text: string): number | null {
  const [, digits = '', suffix = ''] = /^(\d{1,15})([A-Za-z]*)$/.exec(text) ?? [];
  const factor = SUFFIXES[suffix];
  return digits === '' || factor === undefined ? null : Number(digits) * factor;
}

/** Name of a user or group; 0 is root, the world tells no others. */
export const userName = (id: number): string => (id === 0 ? 'root' : String(id));

/** The text of a file, or of stdin for `-`; a string that says what went wrong is in `errno`. */
export function* input(p: Process, path: string): Run<{ readonly text: string; readonly errno: number }> {
  const fd = path === '-' ? 0 : p.open(path);
  if (fd < 0) return { text: '', errno: fd };
  const { bytes, errno } = yield* p.readAll(fd);
  if (fd > 0) p.close(fd);
  return { text: latin1Decode(bytes), errno };
}
