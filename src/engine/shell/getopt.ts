/**
 * Options as getopt_long(3) reads them: bundled letters, `--word`, `--word=value`, unambiguous beginnings of
 * words, `--`; operands may stand between options.
 */

/** The letters a command takes; a letter with a colon takes a value. */
export interface OptionSpec {
  readonly letters: string;
  /** Long words, and the letter each stands for. */
  readonly words?: Readonly<Record<string, string>>;
  /** Stop at the first operand, as commands do that run another. */
  readonly stop?: boolean;
}
export interface Options {
  readonly has: (letter: string) => boolean;
  readonly value: (letter: string) => string | null;
  /** Letters in the order given. */
  readonly order: readonly string[];
  readonly operands: readonly string[];
}

/** What getopt prints, without the command's name. */
export class OptionFault extends Error {
  override readonly name = 'OptionFault';
}

/** @param args without the command's name @throws OptionFault */
export function getopt(args: readonly string[], spec: OptionSpec): Options {
  const found = new Map<string, string>();
  const order: string[] = [];
  const operands: string[] = [];
  const words = spec.words ?? {};
  const takesValue = (letter: string): boolean => spec.letters.includes(`${letter}:`);
  const put = (letter: string, value: string): void => {
    found.set(letter, value);
    order.push(letter);
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const given = arg.slice(2, equals < 0 ? undefined : equals);
      const exact =
        words[given] === undefined ? Object.keys(words).filter((w) => w.startsWith(given)) : [given];
      if (exact.length === 0) throw new OptionFault(`unrecognized option '--${given}'`);
      if (exact.length > 1) throw new OptionFault(`option '--${given}' is ambiguous`);
      const word = exact[0] ?? '';
      const letter = words[word] ?? '';
      if (!takesValue(letter) && equals >= 0)
        throw new OptionFault(`option '--${word}' doesn't allow an argument`);
      if (takesValue(letter) && equals < 0 && i + 1 >= args.length)
        throw new OptionFault(`option '--${word}' requires an argument`);
      put(letter, takesValue(letter) ? (equals >= 0 ? arg.slice(equals + 1) : (args[++i] ?? '')) : '');
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] ?? '';
        if (letter === ':' || !spec.letters.includes(letter))
          throw new OptionFault(`invalid option -- '${letter}'`);
        if (!takesValue(letter)) {
          put(letter, '');
          continue;
        }
        const rest = arg.slice(at + 1);
        if (rest === '' && i + 1 >= args.length)
          throw new OptionFault(`option requires an argument -- '${letter}'`);
        put(letter, rest === '' ? (args[++i] ?? '') : rest);
        break;
      }
    } else {
      operands.push(arg);
      if (!spec.stop) continue;
      operands.push(...args.slice(i + 1));
      break;
    }
  }
  return {
    has: (letter) => found.has(letter),
    value: (letter) => found.get(letter) ?? null,
    order,
    operands,
  };
}
