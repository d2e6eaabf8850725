/**
 * Many programs, one after the other: what became of them, and which broke a promise.
 *
 *     seed, n -> a random program, or a changed form of one that a compiler wrote -> judge -> tally
 */
import type { Btf } from '../../btf/parse.ts';
import { disasmWithOpcode } from '../../abi/disasm.ts';
import { generate } from './generate.ts';
import type { Program } from './generate.ts';
import type { Ground } from './ground.ts';
import { judge, logOf } from './judge.ts';
import type { Outcome } from './judge.ts';
import { Lab } from './lab.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { SpecimenGround } from './specimen.ts';
import type { Nursery, Specimen } from './specimen.ts';

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

function count(tally: Tally, seed: number, n: number, outcome: Outcome): void {
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
      tally.failures.push({ seed, n, insn: outcome.insn, what: outcome.what });
  }
}

/** A program as text, and what the verifier wrote about it. */
function text(ground: Ground, program: Program): string {
  const { insns } = program;
  const lines = insns.map((insn, i) => `${i}: ${disasmWithOpcode(insn, { next: insns[i + 1] })}`);
  return `${lines.join('\n')}\n\n${logOf(ground, program)}`;
}

/** Random programs. */
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
    count(tally, this.seed, n, judge(this.lab, program, random));
  }

  explain(n: number): string {
    const { program } = this.program(n);
    return text(this.lab, program);
  }
}

/** Programs of a block are changed forms of one program, run one after the other on one machine. */
export const BLOCK = 1000;

/** Objects that are tried for a block: some are refused, or have nothing to walk. */
const TRIES = 20;

/** Changed forms of compilers' programs. Program n depends on those before it in its block. */
export class MutantCampaign {
  readonly seed: number;
  private readonly nursery: Nursery;
  private readonly specimens: readonly Specimen[];
  private block = -1;
  private ground: SpecimenGround | null = null;

  constructor(nursery: Nursery, specimens: readonly Specimen[], seed: number) {
    this.nursery = nursery;
    this.specimens = specimens;
    this.seed = seed;
  }

  /** The ground of program n, fresh at the start of a block; null: the object has nothing to run. */
  private groundOf(n: number): SpecimenGround | null {
    const block = Math.floor(n / BLOCK);
    if (block === this.block) return this.ground;
    this.block = block;
    const random = new Random(this.seed, -1 - block);
    this.ground = null;
    for (let tries = 0; !this.ground && tries < TRIES; tries++) {
      const specimen = random.pick(this.specimens);
      this.ground = SpecimenGround.open(this.nursery, specimen, random.below(4), random.between(1, 6));
    }
    return this.ground;
  }

  /** Judges program `n`; those before it in its block must have been. */
  step(n: number, tally: Tally): void {
    const ground = this.groundOf(n);
    if (!ground) return;
    const random = new Random(this.seed, n);
    count(tally, this.seed, n, judge(ground, mutate(ground.program, random), random));
  }

  /** The changed instructions, and what the verifier says of the whole. */
  explain(n: number): string {
    const ground = this.groundOf(n);
    if (!ground) return 'this object has nothing to run';
    const { insns } = ground.program;
    const mutant = mutate(ground.program, new Random(this.seed, n));
    const changed = mutant.insns.flatMap((insn, i) =>
      insn === insns[i] ? [] : [`${i}: ${disasmWithOpcode(insn, { next: mutant.insns[i + 1] })}`],
    );
    return `${ground.name}, changed:\n${changed.join('\n')}\n\n${logOf(ground, mutant)}`;
  }
}
