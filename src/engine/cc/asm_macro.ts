/**
 * Directives that make assembly text out of assembly text, as GNU as and LLVM have them: repetitions, macros and
 * conditions. What comes out are statements without them.
 *
 *     .rept N ... .endr      .irp NAME, A, B ... .endr      .macro NAME A, B=1 ... .endm
 *     .if N, .ifc A, B, .ifnc A, B, .ifb A, .ifnb A ... .else ... .endif
 *
 * A condition on an operand's register (`.ifc %[reg], r3`) can only be told once registers are given out, so text
 * with one is assembled again then.
 */
import { asmNumber } from './asm_number.ts';

/** More than any program can have: a bomb ends here. */
const MOST = 1_000_000;
const DEEPEST = 20;

const ENDS: Readonly<Record<string, string>> = {
  '.rept': '.endr',
  '.irp': '.endr',
  '.macro': '.endm',
  '.if': '.endif',
  '.ifc': '.endif',
  '.ifnc': '.endif',
  '.ifb': '.endif',
  '.ifnb': '.endif',
};

interface MacroParam {
  readonly name: string;
  readonly value: string;
}
interface AsmMacro {
  readonly params: readonly MacroParam[];
  readonly body: readonly string[];
}

/** The statement that is not understood. */
class AsmMacroError extends Error {}

const wordOf = (statement: string): string => /^[.\w$]+/.exec(statement)?.[0] ?? '';
const restOf = (statement: string): string => statement.slice(wordOf(statement).length).trim();
const listOf = (text: string): string[] => (text === '' ? [] : text.split(',').map((part) => part.trim()));
const withSpaces = (text: string): string => (text.match(/\w+|<<|>>|\S/g) ?? []).join(' ');

const CONDITIONS: Readonly<Record<string, (args: string) => boolean | null>> = {
  '.if': (args) => {
    const value = asmNumber(withSpaces(args));
    return value === null ? null : value !== 0n;
  },
  '.ifc': (args) => {
    const [a, b, ...more] = listOf(args);
    return b === undefined || more.length > 0 ? null : a === b;
  },
  '.ifnc': (args) => {
    const same = CONDITIONS['.ifc']!(args);
    return same === null ? null : !same;
  },
  '.ifb': (args) => args === '',
  '.ifnb': (args) => args !== '',
};

class Expander {
  readonly out: string[] = [];
  private readonly macros = new Map<string, AsmMacro>();
  private uses = 0;
  private steps = 0;

  /** Index of the statement that ends what begins at `from`; of `.else`, if `orElse`. */
  private endOf(list: readonly string[], from: number, orElse: boolean): number {
    const open = [ENDS[wordOf(list[from] ?? '')]];
    for (let i = from + 1; i < list.length; i++) {
      const word = wordOf(list[i] ?? '');
      if (word in ENDS) open.push(ENDS[word]);
      else if (word === open.at(-1)) open.pop();
      if (open.length === 0 || (orElse && open.length === 1 && word === '.else')) return i;
    }
    throw new AsmMacroError(list[from]);
  }

  private substitute(body: readonly string[], values: ReadonlyMap<string, string>): string[] {
    const use = String(this.uses++);
    return body.map((line) =>
      line.replace(/\\(@|\(\)|[A-Za-z_]\w*)/g, (whole, name: string) =>
        name === '@' ? use : name === '()' ? '' : (values.get(name) ?? whole),
      ),
    );
  }

  private condition(list: readonly string[], at: number, depth: number): number {
    const statement = list[at] ?? '';
    const yes = CONDITIONS[wordOf(statement)]!(restOf(statement));
    if (yes === null) throw new AsmMacroError(statement);
    const middle = this.endOf(list, at, true);
    const end = wordOf(list[middle] ?? '') === '.else' ? this.endOf(list, at, false) : middle;
    this.run(yes ? list.slice(at + 1, middle) : list.slice(middle + 1, end), depth + 1);
    return end;
  }

  private repeat(list: readonly string[], at: number, depth: number): number {
    const statement = list[at] ?? '';
    const end = this.endOf(list, at, false);
    const body = list.slice(at + 1, end);
    if (wordOf(statement) === '.rept') {
      const count = asmNumber(withSpaces(restOf(statement)));
      if (count === null || count < 0n || count > MOST) throw new AsmMacroError(statement);
      for (let i = 0n; i < count; i++) this.run(body, depth + 1);
    } else {
      const [name = '', ...values] = listOf(restOf(statement).replace(/^(\w+)\s+(?!,)/, '$1,'));
      for (const value of values) this.run(this.substitute(body, new Map([[name, value]])), depth + 1);
    }
    return end;
  }

  private define(list: readonly string[], at: number): number {
    const [, name = '', params = ''] = /^\.macro\s+([\w.$]+)[\s,]*(.*)$/.exec(list[at] ?? '') ?? [];
    if (name === '') throw new AsmMacroError(list[at]);
    const end = this.endOf(list, at, false);
    this.macros.set(name, {
      params: Array.from(params.matchAll(/([A-Za-z_]\w*)(?::\w+)?(?:\s*=\s*([^\s,]+))?/g), (found) => ({
        name: found[1] ?? '',
        value: found[2] ?? '',
      })),
      body: list.slice(at + 1, end),
    });
    return end;
  }

  private use({ params, body }: AsmMacro, args: string, depth: number): void {
    const values = new Map(params.map(({ name, value }) => [name, value]));
    const given = args.includes(',') ? listOf(args) : args.split(/\s+/).filter((arg) => arg !== '');
    for (const [i, arg] of given.entries()) {
      const [, name, value = ''] = /^([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(arg) ?? [];
      if (name !== undefined && values.has(name)) values.set(name, value);
      else if (params[i]) values.set(params[i].name, arg);
      else throw new AsmMacroError(arg);
    }
    this.run(this.substitute(body, values), depth + 1);
  }

  run(list: readonly string[], depth = 0): void {
    this.steps++;
    for (let i = 0; i < list.length; i++) {
      const statement = list[i] ?? '';
      const word = wordOf(statement);
      const macro = this.macros.get(word);
      if (depth > DEEPEST || this.steps++ > MOST) throw new AsmMacroError(statement);
      if (macro) this.use(macro, restOf(statement), depth);
      else if (Object.hasOwn(CONDITIONS, word)) i = this.condition(list, i, depth);
      else if (word === '.rept' || word === '.irp') i = this.repeat(list, i, depth);
      else if (word === '.macro') i = this.define(list, i);
      else this.out.push(statement);
    }
  }
}

/** @returns statements without these directives, or the one that is not understood */
export function expandAsm(statements: readonly string[]): readonly string[] | { readonly error: string } {
  if (!statements.some((line) => /^\.(rept|irp|macro|if)/.test(line))) return statements;
  const expander = new Expander();
  try {
    expander.run(statements);
  } catch (error) {
    if (!(error instanceof AsmMacroError)) throw error;
    return { error: error.message };
  }
  return expander.out;
}
