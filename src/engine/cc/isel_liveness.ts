/** Which registers an instruction reads and writes, and which are live at the ends of blocks. */
import * as bpf from '../abi/opcode.ts';
import { NO_REG, R10 } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';

/** True when an `alu` instruction does not read its destination. */
const overwrites = (code: number): boolean => bpf.BPF_OP(code) === bpf.BPF_MOV;

/** Registers read; r10 is never listed. */
export function readsOf(inst: MInst): number[] {
  const out: number[] = [];
  switch (inst.kind) {
    case 'copy':
    case 'load':
    case 'callx':
      out.push(inst.src);
      break;
    case 'alu':
      if (!overwrites(inst.code)) out.push(inst.dst);
      out.push(inst.src);
      break;
    case 'store':
    case 'atomic':
    case 'branch':
      out.push(inst.dst, inst.src);
      break;
    case 'end':
      out.push(inst.dst);
      break;
    case 'setcc':
      out.push(inst.left, inst.src);
      break;
    default:
  }
  out.push(...inst.reads);
  return out.filter((reg) => reg !== NO_REG && reg !== R10);
}

export function writesOf(inst: MInst): readonly number[] {
  switch (inst.kind) {
    case 'copy':
    case 'alu':
    case 'imm64':
    case 'frame':
    case 'load':
    case 'end':
    case 'setcc':
      return [inst.dst];
    default:
      return inst.writes;
  }
}

/** True when the result is written before all operands are read: it must not share a register with them. */
export const clobbersEarly = (inst: MInst): boolean => inst.kind === 'setcc' || inst.kind === 'asm';

/** Sets of small numbers, fast to unite. */
export class BitSet {
  readonly words: Uint32Array;
  constructor(size: number) {
    this.words = new Uint32Array((size + 31) >>> 5);
  }
  has(i: number): boolean {
    return ((this.words[i >>> 5]! >>> (i & 31)) & 1) !== 0;
  }
  add(i: number): void {
    this.words[i >>> 5]! |= 1 << (i & 31);
  }
  delete(i: number): void {
    this.words[i >>> 5]! &= ~(1 << (i & 31));
  }
  copyFrom(other: BitSet): void {
    this.words.set(other.words);
  }
  /** @returns whether anything was new */
  addAll(other: BitSet): boolean {
    let changed = false;
    for (let i = 0; i < this.words.length; i++) {
      const next = this.words[i]! | other.words[i]!;
      if (next >>> 0 !== this.words[i]!) {
        this.words[i] = next;
        changed = true;
      }
    }
    return changed;
  }
  forEach(visit: (i: number) => void): void {
    for (let w = 0; w < this.words.length; w++)
      for (let bits = this.words[w]!; bits !== 0; bits &= bits - 1)
        visit(w * 32 + 31 - Math.clz32(bits & -bits));
  }
}

/** Registers live when control leaves each block. */
export function liveOut(fn: MFunction): Map<MBlock, BitSet> {
  const gen = new Map<MBlock, BitSet>();
  const kill = new Map<MBlock, BitSet>();
  const liveIn = new Map<MBlock, BitSet>();
  const out = new Map<MBlock, BitSet>();
  for (const block of fn.blocks) {
    const uses = new BitSet(fn.nextReg);
    const defs = new BitSet(fn.nextReg);
    for (const inst of block.insts) {
      for (const reg of readsOf(inst)) if (!defs.has(reg)) uses.add(reg);
      for (const reg of writesOf(inst)) defs.add(reg);
    }
    gen.set(block, uses);
    kill.set(block, defs);
    const start = new BitSet(fn.nextReg);
    start.copyFrom(uses);
    liveIn.set(block, start);
    out.set(block, new BitSet(fn.nextReg));
  }
  for (let changed = true; changed;) {
    changed = false;
    for (let b = fn.blocks.length - 1; b >= 0; b--) {
      const block = fn.blocks[b]!;
      const leaving = out.get(block)!;
      let grew = false;
      for (const succ of block.succs) grew = leaving.addAll(liveIn.get(succ)!) || grew;
      if (!grew) continue;
      changed = true;
      const entering = liveIn.get(block)!;
      const defs = kill.get(block)!;
      for (let w = 0; w < entering.words.length; w++)
        entering.words[w]! |= leaving.words[w]! & ~defs.words[w]!;
    }
  }
  return out;
}
