/**
 * For versions of BPF without 32-bit instructions: 32-bit values become 64-bit ones of which only the low half
 * means something. Where the upper half matters, in comparisons, right shifts, divisions and extensions, it
 * is made what the low half says, by two shifts.
 */
import { isLess } from './cpu.ts';
import { invertCond, replaceValues, reversePostOrder } from './ir.ts';
import type { Block, Inst, IrFunction } from './ir.ts';

const SIGNED: ReadonlySet<string> = new Set(['sgt', 'sge', 'slt', 'sle', 'ashr', 'sdiv', 'smod']);
const UNSIGNED: ReadonlySet<string> = new Set(['lshr', 'udiv', 'umod']);

/** True when the upper half of a widened value is zero anyway. */
function isClean(inst: Inst, narrow: ReadonlySet<Inst>): boolean {
  switch (inst.op) {
    case 'cmp':
      return true;
    case 'load':
    case 'atomic':
      return inst.size <= 4;
    case 'lshr':
      return narrow.has(inst);
    case 'bswap':
      return inst.bits <= 32;
    case 'and':
      return inst.args[1]!.op === 'const' && inst.args[1]!.imm >= 0n && inst.args[1]!.imm <= 0xffff_ffffn;
    default:
      return false;
  }
}

class Widening {
  private readonly fn: IrFunction;
  private readonly replaced = new Map<Inst, Inst>();
  /** Values that were 32 bits wide and are widened already. */
  private readonly widened = new Set<Inst>();
  private out: Inst[] = [];
  private block: Block;
  private loc = 0;

  constructor(fn: IrFunction) {
    this.fn = fn;
    this.block = fn.entry();
    for (const param of fn.params) if (param.width === 32) this.note(param);
  }

  private note(inst: Inst): void {
    this.widened.add(inst);
    inst.width = 64;
  }

  private isNarrow(inst: Inst): boolean {
    return inst.width === 32 || this.widened.has(inst);
  }

  private put(op: Inst['op'], args: Inst[], bits = 0): Inst {
    const made = this.fn.make(op, 64, args);
    Object.assign(made, { bits, block: this.block, loc: this.loc });
    this.out.push(made);
    return made;
  }

  /** The value with any upper half. */
  private any(arg: Inst): Inst {
    const inst = this.replaced.get(arg) ?? arg;
    return inst.op === 'const' && inst.width === 32 ? this.fn.const(64, inst.imm) : inst;
  }

  private zero(arg: Inst): Inst {
    const inst = this.replaced.get(arg) ?? arg;
    if (inst.op === 'const') return this.fn.const(64, BigInt.asUintN(32, inst.imm));
    if (isClean(inst, this.widened)) return inst;
    const by = this.fn.const(64, 32n);
    return this.put('lshr', [this.put('shl', [inst, by]), by]);
  }

  private sign(arg: Inst): Inst {
    const inst = this.any(arg);
    return inst.op === 'const' || (inst.op === 'sext' && inst.bits <= 32)
      ? inst
      : this.put('sext', [inst], 32);
  }

  private operand(word: string, arg: Inst): Inst {
    return SIGNED.has(word) ? this.sign(arg) : this.zero(arg);
  }

  private widen(inst: Inst): void {
    this.loc = inst.loc;
    const [first] = inst.args;
    if (inst.op === 'trunc') {
      this.replaced.set(inst, this.any(first!));
      return;
    }
    if (inst.op === 'zext') {
      this.replaced.set(inst, this.zero(first!));
      return;
    }
    const narrow = inst.op === 'cmp' ? this.isNarrow(first!) : inst.width === 32;
    const word = inst.op === 'cmp' ? inst.cond : inst.op;
    if (narrow && inst.op !== 'phi' && (inst.op === 'cmp' || SIGNED.has(word) || UNSIGNED.has(word)))
      inst.args = inst.args.map((arg) => this.operand(word, arg));
    else if (inst.op !== 'phi') inst.args = inst.args.map((arg) => this.any(arg));
    if (inst.width === 32) this.note(inst);
    this.out.push(inst);
  }

  run(): void {
    const { fn } = this;
    for (const block of reversePostOrder(fn)) {
      this.block = block;
      this.out = [];
      for (const inst of block.insts) this.widen(inst);
      const { term } = block;
      this.loc = block.termLoc;
      if (term.kind === 'branch') {
        const narrow = this.isNarrow(term.a);
        term.a = narrow ? this.operand(term.cond, term.a) : this.any(term.a);
        term.b = narrow ? this.operand(term.cond, term.b) : this.any(term.b);
      }
      if (term.kind === 'return' && term.value) term.value = this.any(term.value);
      block.insts = this.out;
    }
    replaceValues(fn, this.replaced);
    for (const block of fn.blocks)
      for (const inst of block.insts) inst.args = inst.args.map((arg) => this.any(arg));
  }
}

export const widen = (fn: IrFunction): void => new Widening(fn).run();

/** v1: what is asked by "less" is asked by its opposite. */
export function avoidLess(fn: IrFunction): void {
  for (const block of fn.blocks) {
    block.insts = block.insts.flatMap((inst) => {
      const opposite = inst.op === 'cmp' && isLess(inst.cond) ? invertCond(inst.cond) : null;
      if (!opposite) return [inst];
      const asked = fn.make('cmp', inst.width, inst.args);
      Object.assign(asked, { cond: opposite, block, loc: inst.loc });
      inst.op = 'xor';
      inst.args = [asked, fn.const(inst.width, 1n)];
      return [asked, inst];
    });
    const { term } = block;
    const opposite = term.kind === 'branch' && isLess(term.cond) ? invertCond(term.cond) : null;
    if (term.kind !== 'branch' || !opposite) continue;
    block.term = { ...term, cond: opposite, yes: term.no, no: term.yes };
  }
}
