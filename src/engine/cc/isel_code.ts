/**
 * Machine code before and after register allocation: BPF instructions in blocks.
 *
 * Registers are numbers: 0-10 are BPF's own, from `FIRST_VIRTUAL` on virtual. Two pseudo instructions stay
 * until emission: `frame` (address of a slot) and `setcc` (0 or 1 from a comparison).
 */
import type { Cpu } from './cpu.ts';
import type { Loc } from './source.ts';
import type { AsmBody, AtomicOp, CoreRelo, IrSymbol, Slot } from './ir.ts';

export const FIRST_VIRTUAL = 16;
export const R10 = 10;
export const NO_REG = -1;
/** A frame beyond this is reached through addresses: the offset of a load has 16 bits. */
export const NEAR_BYTES = 30_000;
/** In such a frame slots up to this size are still used directly. */
export const NEAR_SLOT = 64;

export type MKind =
  | 'copy' // dst = src; may be removed when both are one register
  | 'alu' // dst op= src or imm; `mov` and `neg` do not read dst
  | 'imm64' // ld_imm64 of imm or of symbol + off
  | 'frame' // dst = r10 + offset of slot + off
  | 'load' // dst = *(size *)(src + off)
  | 'store' // *(size *)(dst + off) = src, or imm
  | 'atomic' // dst: address, src: value, imm: operation
  | 'end' // byte swap of dst; imm: bits
  | 'call'
  | 'callx' // through the address in src
  | 'jump'
  | 'branch' // if dst cond src/imm goto target, else to the next block
  | 'setcc' // dst = (left cond src/imm)
  | 'exit'
  | 'asm'
  | 'life'
  | 'mark'; // for whoever inspects: see Mark

export interface MInst {
  readonly kind: MKind;
  /** Opcode without the bits that follow from the fields; see emit. */
  code: number;
  dst: number;
  src: number;
  off: number;
  imm: bigint;
  /** setcc: what is compared. */
  left: number;
  target: MBlock | null;
  symbol: IrSymbol | null;
  slot: Slot | null;
  relo: CoreRelo | null;
  atomic: AtomicOp | null;
  fetch: boolean;
  loc: Loc;
  /** call and asm: registers read and written besides dst and src. */
  reads: readonly number[];
  writes: readonly number[];
  /** asm: the text, and the registers its operands stand for. */
  asm: AsmBody | null;
  operands: number[];
  /** asm goto: where it may go. */
  targets: MBlock[];
  /** What is known of variables from before this instruction on. */
  marks: MInst[];
  mark: Mark | null;
}

/** A variable, or some bytes of it, gets another place: src or slot of the instruction, or imm. */
export interface Mark {
  readonly variable: Slot;
  readonly off: number;
  readonly size: number;
  /** `memory`: the variable is the slot itself. */
  readonly in: 'nothing' | 'register' | 'spilled' | 'memory' | 'number';
}

/** `from` goes away; what is known from it on is known from `to` on. */
export function carryMarks(from: MInst, to: MInst | undefined): void {
  if (to && from.marks.length > 0) to.marks = [...from.marks, ...to.marks];
}

/** What a mark says, as a word of its own. */
const said = ({ mark, src, off, imm }: MInst): string =>
  mark ? `${mark.variable.id}:${mark.off}:${mark.size}:${mark.in}:${src}:${off}:${imm}` : '';

/** Two instructions become one: what they do not both say of a variable is not known. */
export function meetMarks(kept: MInst, gone: MInst): void {
  if (kept.marks.length + gone.marks.length === 0) return;
  const here = new Set(kept.marks.map(said));
  const there = new Set(gone.marks.map(said));
  const met = new Map<string, MInst>();
  // Of what is said twice the last word counts.
  const say = (mark: MInst): void => {
    met.delete(said(mark));
    met.set(said(mark), mark);
  };
  const unsay = ({ mark }: MInst): void => {
    if (mark) say(minst('mark', { mark: { ...mark, in: 'nothing' } }));
  };
  for (const mark of kept.marks) (there.has(said(mark)) ? say : unsay)(mark);
  for (const mark of gone.marks) if (!here.has(said(mark))) unsay(mark);
  kept.marks = [...met.values()];
}

export interface MBlock {
  readonly id: number;
  insts: MInst[];
  /** Blocks control may go to, the fall-through last. */
  succs: MBlock[];
  /** How deep in loops: what a use here costs. */
  depth: number;
}

export interface MFunction {
  readonly name: string;
  readonly symbol: IrSymbol;
  blocks: MBlock[];
  slots: Slot[];
  nextReg: number;
  readonly loc: Loc;
  readonly cpu: Cpu;
}

export function minst(kind: MKind, fields: Partial<Omit<MInst, 'kind'>>): MInst {
  return {
    kind,
    code: 0,
    dst: NO_REG,
    src: NO_REG,
    off: 0,
    imm: 0n,
    left: NO_REG,
    target: null,
    symbol: null,
    slot: null,
    relo: null,
    atomic: null,
    fetch: false,
    loc: 0,
    reads: [],
    writes: [],
    asm: null,
    operands: [],
    targets: [],
    marks: [],
    mark: null,
    ...fields,
  };
}
