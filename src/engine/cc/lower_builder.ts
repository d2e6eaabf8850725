/**
 * Writes IR: a cursor in a function, and one method per kind of instruction. What can be folded while it is
 * written is folded, so lowering need not care whether an operand is a constant.
 */
import type {
  AccessSize,
  BinaryOp,
  Block,
  Callee,
  Cond,
  CoreRelo,
  Inst,
  IrFunction,
  Op,
  Slot,
  Width,
} from './ir.ts';
import { simplify } from './opt_simplify.ts';
import type { Loc } from './source.ts';

export class Builder {
  readonly fn: IrFunction;
  block: Block;
  /** Source place of what is written next. */
  loc: Loc = 0;
  private done = false;

  constructor(fn: IrFunction) {
    this.fn = fn;
    this.block = fn.block();
  }

  /** True after a jump or return: what is written now can only be reached by a label. */
  get ended(): boolean {
    return this.done;
  }

  at(block: Block): void {
    this.block = block;
    this.done = false;
  }

  private append(inst: Inst): Inst {
    const same = simplify(this.fn, inst);
    if (same) return same;
    inst.block = this.block;
    inst.loc = this.loc;
    if (!this.done) this.block.insts.push(inst);
    return inst;
  }

  private make(op: Op, width: Width, args: Inst[], fill: (inst: Inst) => void = () => undefined): Inst {
    const inst = this.fn.make(op, width, args);
    fill(inst);
    return this.append(inst);
  }

  const(width: Width, value: bigint | number): Inst {
    return this.fn.const(width, BigInt(value));
  }

  binary(op: BinaryOp, a: Inst, b: Inst): Inst {
    return this.make(op, a.width, [a, b]);
  }

  compare(cond: Cond, a: Inst, b: Inst): Inst {
    return this.make('cmp', 32, [a, b], (inst) => {
      inst.cond = cond;
    });
  }

  zext(a: Inst): Inst {
    return a.width === 64 ? a : this.make('zext', 64, [a]);
  }

  trunc(a: Inst): Inst {
    return a.width === 32 ? a : this.make('trunc', 32, [a]);
  }

  sext(a: Inst, bits: number, width: Width): Inst {
    return this.make('sext', width, [a], (inst) => {
      inst.bits = bits;
    });
  }

  bswap(a: Inst, bits: number): Inst {
    return this.make('bswap', a.width, [a], (inst) => {
      inst.bits = bits;
    });
  }

  /** A pointer into address space `from` as one into `to`. */
  space(address: Inst, from: number, to: number): Inst {
    if (from === to || (address.op === 'const' && address.imm === 0n)) return address;
    return this.make('space', 64, [address], (inst) => {
      inst.imm = BigInt((to << 16) | from);
    });
  }

  /** address + bytes */
  offset(address: Inst, bytes: number): Inst {
    return bytes === 0 ? address : this.binary('add', address, this.const(64, bytes));
  }

  relo(value: bigint, width: Width, relo: CoreRelo): Inst {
    return this.make('relo', width, [], (inst) => {
      inst.imm = value;
      inst.relo = relo;
    });
  }

  /** Zero-extended to 32 bits, or 64 when `size` is 8. */
  load(address: Inst, off: number, size: AccessSize, volatile = false, relo: CoreRelo | null = null): Inst {
    return this.make('load', size === 8 ? 64 : 32, [address], (inst) => {
      Object.assign(inst, { off, size, volatile, relo });
    });
  }

  store(
    address: Inst,
    off: number,
    size: AccessSize,
    value: Inst,
    volatile = false,
    relo: CoreRelo | null = null,
  ): void {
    this.make('store', value.width, [address, value], (inst) => {
      Object.assign(inst, { off, size, volatile, relo });
    });
  }

  call(callee: Callee, args: Inst[], result: Width | null): Inst {
    return this.make('call', result ?? 64, args, (inst) => {
      inst.callee = callee;
      inst.noResult = result === null;
    });
  }

  /** Any other instruction. */
  other(op: Op, width: Width, args: Inst[], fill: (inst: Inst) => void): Inst {
    return this.make(op, width, args, fill);
  }

  life(slot: Slot, begins: boolean): void {
    this.make('life', 64, [], (inst) => {
      inst.slot = slot;
      inst.imm = begins ? 1n : 0n;
    });
  }

  private end(term: Block['term']): void {
    if (this.done) return;
    this.block.term = term;
    this.block.termLoc = this.loc;
    this.done = true;
  }

  jump(to: Block): void {
    this.end({ kind: 'jump', to });
  }

  branch(cond: Cond, a: Inst, b: Inst, yes: Block, no: Block): void {
    this.end({ kind: 'branch', cond, a, b, yes, no });
  }

  asmGoto(targets: readonly Block[], next: Block): void {
    this.end({ kind: 'asm_goto', targets, next });
  }

  return(value: Inst | null): void {
    this.end({ kind: 'return', value });
  }

  unreachable(): void {
    this.end({ kind: 'unreachable' });
  }

  /** Stack memory in scope from here. */
  temporary(name: string, size: number, align: number): Slot {
    return this.fn.slot(name, size, align);
  }
}
