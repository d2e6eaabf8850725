/**
 * Programs that compilers wrote, damaged: a field, an instruction or a check of theirs is another one or is
 * missing. Nothing moves, so that jumps and functions stay where they are; what goes leaves a jump to the
 * next instruction.
 */
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import type { Program } from './generate.ts';
import type { Random } from './random.ts';

const NOP: Insn = { code: op.BPF_JMP | op.BPF_JA, dst: 0, src: 0, off: 0, imm: 0 };

/** Changes one instruction. @returns what stands there then, null: not this way */
type Change = (insn: Insn, random: Random) => Insn | null;

const isWide = ({ code }: Insn): boolean => code === op.LD_IMM64 || code === 0;
const isJump = ({ code }: Insn): boolean => {
  const cls = op.BPF_CLASS(code);
  const kind = op.BPF_OP(code);
  return (
    (cls === op.BPF_JMP || cls === op.BPF_JMP32) &&
    kind !== op.BPF_CALL &&
    kind !== op.BPF_EXIT &&
    kind !== op.BPF_JA
  );
};
const isMemory = ({ code }: Insn): boolean => {
  const cls = op.BPF_CLASS(code);
  return cls === op.BPF_LDX || cls === op.BPF_ST || cls === op.BPF_STX;
};

const near = (random: Random, value: number): number =>
  (value + random.pick([-8, -4, -2, -1, 1, 2, 4, 8])) | 0;

/** Arithmetic, comparisons: the same operands, another operation. */
const OPERATIONS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0, 0xd0] as const;

const CHANGES: readonly Change[] = [
  (insn, random) => ({ ...insn, imm: random.chance(50) ? near(random, insn.imm) : random.edge32() }),
  (insn, random) => (isMemory(insn) ? { ...insn, off: near(random, insn.off) } : null),
  (insn, random) => (isJump(insn) ? { ...insn, off: near(random, insn.off) } : null),
  // a check that is not made
  (insn) => (isJump(insn) ? NOP : null),
  // a check the other way round, or of something else
  (insn, random) => (isJump(insn) ? { ...insn, code: (insn.code & 0x0f) | random.pick(OPERATIONS) } : null),
  (insn, random) => ({ ...insn, dst: random.below(10) }),
  (insn, random) => ((insn.code & op.BPF_X) !== 0 ? { ...insn, src: random.below(11) } : null),
  // as wide, another width
  (insn, random) =>
    isMemory(insn) ? { ...insn, code: (insn.code & ~0x18) | random.pick([0, 8, 0x10, 0x18]) } : null,
  // 64 bits and 32 bits
  (insn) => {
    const cls = op.BPF_CLASS(insn.code);
    return cls === op.BPF_ALU || cls === op.BPF_ALU64 ? { ...insn, code: insn.code ^ 3 } : null;
  },
  (insn, random) => {
    const cls = op.BPF_CLASS(insn.code);
    if (cls !== op.BPF_ALU && cls !== op.BPF_ALU64) return null;
    return { ...insn, code: (insn.code & 0x0f) | random.pick(OPERATIONS) };
  },
  () => NOP,
];

/** One change somewhere. @returns false: what was tried changes nothing */
function change(insns: Insn[], random: Random): boolean {
  const at = random.below(insns.length);
  const insn = insns[at];
  if (!insn) return false;
  const next = insns[at + 1];
  if (isWide(insn)) {
    // what is behind a map's address may be moved; the rest of it is left alone
    const low = insn.code === 0 && insns[at - 1]?.src === op.BPF_PSEUDO_MAP_VALUE;
    if (low) insns[at] = { ...insn, imm: near(random, insn.imm) };
    return low;
  }
  const kind = random.below(20);
  if (kind === 0 && next && !isWide(next)) {
    insns[at] = next;
    insns[at + 1] = insn;
  } else if (kind === 1 && next && !isWide(next)) {
    insns[at + 1] = insn;
  } else if (kind === 2) {
    const other = random.pick(insns);
    if (!isWide(other)) insns[at] = other;
  } else {
    insns[at] = random.pick(CHANGES)(insn, random) ?? insn;
  }
  return insns[at] !== insn || insns[at + 1] !== next;
}

/** A program with one to three changes. */
export function mutate({ insns, functions }: Program, random: Random): Program {
  const out = [...insns];
  for (let n = random.pick([1, 1, 1, 2, 2, 3]); n > 0;) if (change(out, random)) n--;
  return { insns: out, functions };
}
