/** Which registers an instruction reads and writes, and which are live at the ends of blocks. */
import * as bpf from '../abi/opcode.ts';
import { NO_REG, R10 } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';

/** True when an `alu` instruction does not read its destination. */
const overwrites = (code: number): boolean => bpf.BPF_OP(code) === bpf.BPF_MOV;

/** Registers read; r10 is never listed. */
export function readsOf(inst: MInst): number[] {
  const out: number[] = [];
  const read = (reg: number): void => {
    if (reg !== NO_REG && reg !== R10) out.push(reg);
  };
  switch (inst.kind) {
    case 'copy':
    case 'load':
    case 'callx':
      read(inst.src);
      break;
    case 'alu':
      if (!overwrites(inst.code)) read(inst.dst);
      read(inst.src);
      break;
    case 'store':
    case 'atomic':
    case 'branch':
      read(inst.dst);
      read(inst.src);
      break;
    case 'end':
      read(inst.dst);
      break;
    case 'setcc':
      read(inst.left);
      read(inst.src);
      break;
    default:
  }
  for (const reg of inst.reads) read(reg);
  return out;
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

/** The registers that are live at some place, ascending: few, so that a list is the quickest set. */
export class LiveSet {
  readonly regs: number[] = [];

  /** @param regs ascending */
  reset(regs: readonly number[]): void {
    this.regs.length = 0;
    for (const reg of regs) this.regs.push(reg);
  }
  /** Where a register stands, or where it would. */
  private place(reg: number): number {
    let low = 0;
    let high = this.regs.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.regs[mid]! < reg) low = mid + 1;
      else high = mid;
    }
    return low;
  }
  has(reg: number): boolean {
    return this.regs[this.place(reg)] === reg;
  }
  add(reg: number): void {
    const at = this.place(reg);
    if (this.regs[at] === reg) return;
    for (let i = this.regs.length; i > at; i--) this.regs[i] = this.regs[i - 1]!;
    this.regs[at] = reg;
  }
  delete(reg: number): void {
    const at = this.place(reg);
    if (this.regs[at] !== reg) return;
    for (let i = at + 1; i < this.regs.length; i++) this.regs[i - 1] = this.regs[i]!;
    this.regs.pop();
  }
}

/** For each of many keys a list of blocks, without an object for each. */
class Chains {
  private readonly heads: Int32Array;
  private readonly rest: number[] = [];
  private readonly blocks: number[] = [];

  constructor(keys: number) {
    this.heads = new Int32Array(keys).fill(-1);
  }
  add(key: number, block: number): void {
    this.rest.push(this.heads[key]!);
    this.heads[key] = this.blocks.push(block) - 1;
  }
  /** The block that was added last, or -1. */
  last(key: number): number {
    return this.blocks[this.heads[key]!] ?? -1;
  }
  forEach(key: number, visit: (block: number) => void): void {
    for (let at = this.heads[key]!; at >= 0; at = this.rest[at]!) visit(this.blocks[at]!);
  }
}

/** Blocks that read a register before they write it, and blocks that write it. */
function usesAndDefs(fn: MFunction): { readonly uses: Chains; readonly defs: Chains } {
  const uses = new Chains(fn.nextReg);
  const defs = new Chains(fn.nextReg);
  fn.blocks.forEach((block, b) => {
    for (const inst of block.insts) {
      for (const reg of readsOf(inst)) if (defs.last(reg) !== b && uses.last(reg) !== b) uses.add(reg, b);
      for (const reg of writesOf(inst)) if (defs.last(reg) !== b) defs.add(reg, b);
    }
  });
  return { uses, defs };
}

/**
 * Registers live when control leaves each block, ascending. Each is followed from where it is read back to
 * where it is written, so that what lives within a block costs nothing.
 */
export function liveOut(fn: MFunction): ReadonlyMap<MBlock, readonly number[]> {
  const { uses, defs } = usesAndDefs(fn);
  const index = new Map(fn.blocks.map((block, b) => [block, b]));
  const preds = fn.blocks.map((): number[] => []);
  fn.blocks.forEach((block, b) => {
    for (const succ of block.succs) preds[index.get(succ)!]!.push(b);
  });
  const out = fn.blocks.map((): number[] => []);
  const writer = new Int32Array(fn.blocks.length).fill(-1);
  const work: number[] = [];
  for (let reg = 0; reg < fn.nextReg; reg++) {
    if (uses.last(reg) < 0) continue;
    defs.forEach(reg, (b) => (writer[b] = reg));
    uses.forEach(reg, (b) => work.push(b));
    for (let b = work.pop(); b !== undefined; b = work.pop())
      for (const pred of preds[b]!) {
        if (out[pred]!.at(-1) === reg) continue;
        out[pred]!.push(reg);
        if (writer[pred] !== reg) work.push(pred);
      }
  }
  return new Map(fn.blocks.map((block, b) => [block, out[b]!]));
}
