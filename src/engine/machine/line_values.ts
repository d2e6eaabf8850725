/**
 * Values beside the lines of a program: what the variables that a line names held when it had run, not what they
 * hold now. Where nothing is known, nothing is said.
 *
 *     line 17: __u32 fd = ctx->fd;     before the first instruction behind it: fd = 3
 */
import type { InsnInfo } from '../../protocol/api.ts';
import type { MomentVariables, VariableValue } from '../../protocol/variables.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import type { Processor } from '../vm/processor.ts';
import type { ProgramValues } from './values.ts';

/** Does a line use this very element: with its number as the index, or a variable that has it for a value? */
function isElementOf(line: string, name: string, now: readonly VariableValue[]): boolean {
  const [, array = '', index = ''] = /^(.*?)\[(\d+)\]/.exec(name) ?? [];
  for (const [, written = ''] of line.matchAll(
    new RegExp(`\\b${array.replaceAll('.', '\\.')}\\[\\s*(\\w+)\\s*\\]`, 'g'),
  )) {
    const known = /^\d+$/.test(written) ? written : now.find((value) => value.name === written)?.value;
    if (known === index) return true;
  }
  return false;
}

/** How a line of C uses a variable. */
type Use = 'none' | 'reads' | 'changes';

function useOf(line: string, name: string): Use {
  const word = `\\b${name.replaceAll('.', '\\.').replace(/\[.*/, '')}\\b`;
  if (!new RegExp(word).test(line)) return 'none';
  const given = new RegExp(
    `${word}[\\w\\].[>-]*\\s*((<<|>>|[-+*/%&|^])?=(?!=)|\\+\\+|--)|(\\+\\+|--|&)\\s*${word}`,
  );
  return given.test(line) ? 'changes' : 'reads';
}

/** Sees a call's instructions in their order. */
export class LineValues {
  private readonly values: ProgramValues;
  private readonly insns: readonly InsnInfo[];
  private readonly path: string;
  private readonly text: readonly string[];
  private readonly uses = new Map<string, Use>();
  private readonly beside = new Map<number, Map<string, VariableValue>>();
  /** The line that each frame is in; 0: none of the program's text. */
  private readonly running: number[] = [];
  private last: { readonly pc: InsnIndex; readonly now: readonly VariableValue[] } | null = null;

  constructor(values: ProgramValues, insns: readonly InsnInfo[], path: string, text: string) {
    this.values = values;
    this.insns = insns;
    this.path = path;
    this.text = text.split('\n');
  }

  private use(line: number, name: string): Use {
    const key = `${line} ${name}`;
    let use = this.uses.get(key);
    if (use === undefined) this.uses.set(key, (use = useOf(this.text[line - 1] ?? '', name)));
    return use;
  }

  /** Before an instruction is executed. */
  see(pc: InsnIndex, processor: Processor): void {
    const insn = this.insns[pc];
    const line = insn?.file === this.path ? insn.line : 0;
    this.running.length = Math.min(this.running.length, processor.depth + 1);
    const left = this.running[processor.depth] ?? 0;
    const now = this.values.before(pc, processor);
    // A line that has run shows what it made; one that runs, what it does not change.
    if (left !== line) this.note(left, now, (use) => use !== 'none');
    this.note(line, now, (use) => use === 'reads');
    this.running[processor.depth] = line;
    this.last = { pc, now };
  }

  private note(line: number, now: readonly VariableValue[], isShown: (use: Use) => boolean): void {
    if (line === 0) return;
    const noted = this.beside.get(line) ?? new Map<string, VariableValue>();
    const text = this.text[line - 1] ?? '';
    for (const value of now)
      if (
        isShown(this.use(line, value.name)) &&
        (!value.name.includes('[') || isElementOf(text, value.name, now))
      )
        noted.set(value.name, value);
    this.beside.set(line, noted);
  }

  /** What has been seen. */
  seen(): MomentVariables {
    const lines = [...this.beside].filter(([, values]) => values.size > 0).sort(([a], [b]) => a - b);
    return {
      now: this.last?.now ?? [],
      lines: lines.map(([line, values]) => ({ line, values: [...values.values()] })),
    };
  }
}
