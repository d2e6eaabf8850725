/** Many random programs, one after the other: what became of them, and which broke a promise. */
import type { Btf } from '../../btf/parse.ts';
import { disasmWithOpcode } from '../../abi/disasm.ts';
import { generate } from './generate.ts';
import type { Program } from './generate.ts';
import { judge, logOf } from './judge.ts';
import { Lab } from './lab.ts';
import { Random } from './random.ts';

export interface Failure {
  readonly seed: number;
  readonly n: number;
  readonly insn: number;
  readonly what: string;
}

export interface Tally {
  programs: number;
  accepted: number;
  tooLong: number;
  /** Accepted programs by what their runs were compared with. */
  readonly checked: { all: number; used: number; memory: number };
  retired: number;
  readonly failures: Failure[];
  readonly messages: Map<string, number>;
}

export const emptyTally = (): Tally => ({
  programs: 0,
  accepted: 0,
  tooLong: 0,
  checked: { all: 0, used: 0, memory: 0 },
  retired: 0,
  failures: [],
  messages: new Map(),
});

export class Campaign {
  readonly seed: number;
  private readonly lab: Lab;

  constructor(btf: Btf, seed: number) {
    this.lab = new Lab(btf);
    this.seed = seed;
  }

  program(n: number): { readonly program: Program; readonly random: Random } {
    const random = new Random(this.seed, n);
    return { program: generate(random, this.lab.callable), random };
  }

  /** Judges program `n`. */
  step(n: number, tally: Tally): void {
    const { program, random } = this.program(n);
    const outcome = judge(this.lab, program, random);
    tally.programs++;
    switch (outcome.verdict) {
      case 'refused': {
        const kind = outcome.message.replace(/-?(0x[0-9a-f]+|\d+)/g, 'N');
        tally.messages.set(kind, (tally.messages.get(kind) ?? 0) + 1);
        return;
      }
      case 'too_long':
        tally.tooLong++;
        return;
      case 'accepted':
        tally.accepted++;
        tally.checked[outcome.checked]++;
        tally.retired += outcome.retired;
        return;
      case 'violation':
        tally.failures.push({ seed: this.seed, n, insn: outcome.insn, what: outcome.what });
    }
  }

  /** A program as text, and what the verifier wrote about it. */
  explain(n: number): string {
    const { program } = this.program(n);
    const text = program.insns.map(
      (insn, i) => `${i}: ${disasmWithOpcode(insn, { next: program.insns[i + 1] })}`,
    );
    return `${text.join('\n')}\n\n${logOf(this.lab, program)}`;
  }
}
