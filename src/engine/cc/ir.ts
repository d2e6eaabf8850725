/**
 * The compiler's middle: functions as graphs of blocks in SSA form.
 *
 * A value is the instruction that makes it. It is 32 or 64 bits wide, as BPF registers are: C's narrower
 * types exist only in loads and stores and in explicit extensions. Locals are slots (stack memory) when
 * lowering leaves them; mem2reg turns those whose address nobody keeps into values and phis.
 *
 * A phi has one argument per predecessor, in the order of `block.preds`.
 *
 *     AST --lower--> slots, loads, stores --opt_*--> values --isel--> machine code on virtual registers
 */
import { EngineBug } from '../../shared/assert.ts';
import type { VarSymbol } from './ast.ts';
import type { CType } from './ctype.ts';
import type { Loc } from './source.ts';

export type Width = 32 | 64;
export type AccessSize = 1 | 2 | 4 | 8;

/** A CO-RE relocation on the instruction that carries the value. */
export interface CoreRelo {
  /** As in BTF.ext: 0 byte offset, 1 size, 2 exists, ... 12 type matches. */
  readonly kind: number;
  readonly root: CType;
  /** '0:1:2' */
  readonly access: string;
}

/** Something with an address in the object: function, variable, or extern. */
export interface IrSymbol {
  readonly name: string;
  readonly kind: 'function' | 'data' | 'extern';
  /** Of a variable of the object: bytes. */
  readonly size?: number;
}

/** Stack memory of a function. */
export interface Slot {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** What the program calls it; null for what only the compiler needs. */
  readonly variable: VarSymbol | null;
}

/** Slots are aligned for the widest access that fits into them, so that they can be filled quickly. */
export const slotAlign = ({ size, align }: Slot): number =>
  Math.max(align, size >= 8 || size === 0 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1);

export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'udiv'
  | 'umod'
  | 'sdiv'
  | 'smod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'lshr'
  | 'ashr';
export type Cond = 'eq' | 'ne' | 'ugt' | 'uge' | 'ult' | 'ule' | 'sgt' | 'sge' | 'slt' | 'sle' | 'set';

export type Op =
  | BinaryOp
  | 'const' // imm
  | 'param' // imm: index
  | 'addr' // symbol + off
  | 'frame' // address of slot + off
  | 'relo' // imm, patched by CO-RE
  | 'cmp' // cond on two arguments: 0 or 1
  | 'zext' // 32 to 64
  | 'trunc' // 64 to 32
  | 'sext' // sign-extend the low `bits` to the width
  | 'space' // a pointer into one address space as one into another; imm: to << 16 | from
  | 'bswap' // swap the low `bits`, zero the rest
  | 'load' // args: address; off, size
  | 'store' // args: address, value; off, size
  | 'atomic' // args: address, value[, replacement]; off, size, atomic
  | 'call' // args; callee
  | 'life' // slot; imm 1: its scope begins, 0: ends
  | 'mark' // for whoever inspects: bytes off, size of the variable slot are `shown` from here on; imm 1: it is in memory
  | 'asm' // opaque text; see AsmBody
  | 'asm_out' // imm: number of the output of the asm statement that is its argument, right before it
  | 'tie' // asm volatile("" : "+r"(x)): the argument, but nothing is known of it
  | 'phi';

export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

export type Callee =
  | { readonly kind: 'helper'; readonly id: number }
  | { readonly kind: 'symbol'; readonly symbol: IrSymbol }
  /** Through the pointer that is the first argument. Without `callx` a constant is the number of a helper. */
  | { readonly kind: 'pointer'; readonly callx: boolean }
  /** Of texts: they must become constant objects. */
  | { readonly kind: 'text'; readonly name: 'strcmp' | 'strlen' }
  /** (to, from or byte, size): the size must become a constant. `aligns`: what the types of the pointers promise. */
  | {
      readonly kind: 'memory';
      readonly name: 'memcpy' | 'memset';
      readonly aligns: readonly [number, number];
    };

/** One value or effect. Fields below the first group belong to the operations named beside them in `Op`. */
export class Inst {
  readonly id: number;
  op: Op;
  /** Of the result; of the operands for store. */
  width: Width;
  args: Inst[];
  block: Block | null = null;
  loc: Loc = 0;

  imm = 0n;
  off = 0;
  /** Of memory accessed; a mark may be about more. */
  size: AccessSize = 8;
  bits = 0;
  cond: Cond = 'eq';
  volatile = false;
  relo: CoreRelo | null = null;
  symbol: IrSymbol | null = null;
  slot: Slot | null = null;
  callee: Callee | null = null;
  atomic: AtomicOp = 'add';
  /** add: the operands are signed and C says the sum does not overflow. */
  nsw = false;
  /** atomic: the old value is wanted. */
  fetch = false;
  /** call: the callee returns nothing that is used as a value. */
  noResult = false;
  asm: AsmBody | null = null;
  /** mark: the value, which nothing keeps alive for that; null: nothing is known. */
  shown: Inst | null = null;

  constructor(id: number, op: Op, width: Width, args: Inst[]) {
    this.id = id;
    this.op = op;
    this.width = width;
    this.args = args;
  }
}

/** A physical register, or the n-th operand of the asm statement. */
export type AsmReg = { readonly reg: number } | { readonly operand: number };
export interface AsmSymbol {
  readonly symbol: IrSymbol;
  readonly off: number;
}
/** One assembled instruction of an asm statement. Jumps inside the text are already offsets. */
export interface AsmLine {
  readonly code: number;
  readonly dst: AsmReg;
  readonly src: AsmReg;
  readonly off: number;
  readonly imm: bigint;
  /** Whose address or function the instruction names. */
  readonly symbol: AsmSymbol | null;
  /** Index of the label of asm goto that it jumps to. */
  readonly target: number | null;
}
/**
 * An asm statement. Its operands are the outputs and then the inputs; its arguments what the outputs with
 * `true` start as, and then the inputs. The instruction is the first output; an `asm_out` is another.
 */
export interface AsmBody {
  readonly lines: readonly AsmLine[];
  /** Why there are no lines; null: there are. Nothing is wrong with text that never runs. */
  readonly refused: string | null;
  /** The lines depend on which registers the operands get: what they are then, null when there are none. */
  readonly linesWith: ((registers: readonly number[]) => readonly AsmLine[] | null) | null;
  /** Physical registers the text overwrites. */
  readonly clobbers: readonly number[];
  /** For each output: whether it is an input, too ("+r"). */
  readonly outputs: readonly boolean[];
  /** Physical registers that operands have to be in, by the operand's number. */
  readonly chosen: ReadonlyMap<number, number>;
}

export type Terminator =
  | { readonly kind: 'jump'; to: Block }
  | { readonly kind: 'branch'; cond: Cond; a: Inst; b: Inst; yes: Block; no: Block }
  | { readonly kind: 'return'; value: Inst | null }
  /** asm goto: the asm statement that ends the block goes to one of `targets`, or on. */
  | { readonly kind: 'asm_goto'; readonly next: Block; readonly targets: readonly Block[] }
  | { readonly kind: 'unreachable' };

export class Block {
  readonly id: number;
  insts: Inst[] = [];
  term: Terminator = { kind: 'unreachable' };
  termLoc: Loc = 0;
  preds: Block[] = [];

  constructor(id: number) {
    this.id = id;
  }
}

/** How eagerly calls to a function are replaced by its body. */
export type InlineRule = 'always' | 'never' | 'maybe';

export class IrFunction {
  readonly name: string;
  readonly symbol: IrSymbol;
  readonly params: readonly Inst[];
  readonly blocks: Block[] = [];
  slots: Slot[] = [];
  inline: InlineRule = 'maybe';
  /** Not visible outside the object: dropped when nobody refers to it. */
  internal = false;
  loc: Loc = 0;
  /** Variables that become values leave marks. */
  marks = false;
  private nextInst = 0;
  private nextBlock = 0;
  private readonly floating = new Map<string, Inst>();
  private nextSlot = 0;

  constructor(name: string, symbol: IrSymbol, params: readonly Width[]) {
    this.name = name;
    this.symbol = symbol;
    this.params = params.map((width, i) => {
      const inst = this.make('param', width, []);
      inst.imm = BigInt(i);
      return inst;
    });
  }

  make(op: Op, width: Width, args: Inst[]): Inst {
    return new Inst(this.nextInst++, op, width, args);
  }

  block(): Block {
    const block = new Block(this.nextBlock++);
    this.blocks.push(block);
    return block;
  }

  private shared(key: string, op: Op, width: Width, fill: (inst: Inst) => void): Inst {
    let inst = this.floating.get(key);
    if (!inst) {
      inst = this.make(op, width, []);
      fill(inst);
      this.floating.set(key, inst);
    }
    return inst;
  }

  /** Constants and addresses are shared and belong to no block. The value is kept signed. */
  const(width: Width, value: bigint): Inst {
    const imm = BigInt.asIntN(width, value);
    return this.shared(`${width}:${imm}`, 'const', width, (inst) => {
      inst.imm = imm;
    });
  }

  frame(slot: Slot, off: number): Inst {
    return this.shared(`f${slot.id}:${off}`, 'frame', 64, (inst) => {
      inst.slot = slot;
      inst.off = off;
    });
  }

  addr(symbol: IrSymbol, off: number): Inst {
    return this.shared(`a${symbol.kind}:${symbol.name}:${off}`, 'addr', 64, (inst) => {
      inst.symbol = symbol;
      inst.off = off;
    });
  }

  entry(): Block {
    const block = this.blocks[0];
    if (!block) throw new EngineBug(`${this.name} has no block`);
    return block;
  }

  slot(name: string, size: number, align: number, variable: VarSymbol | null = null): Slot {
    const slot = { id: this.nextSlot++, name, size, align, variable };
    this.slots.push(slot);
    return slot;
  }

  /** A slot like this one that is no memory: a variable that is a value. */
  anotherSlot(like: Slot): Slot {
    return { ...like, id: this.nextSlot++ };
  }
}

export const successors = (block: Block): Block[] => {
  switch (block.term.kind) {
    case 'jump':
      return [block.term.to];
    case 'branch':
      return [block.term.yes, block.term.no];
    case 'asm_goto':
      return [...block.term.targets, block.term.next];
    default:
      return [];
  }
};

/** Values a terminator reads. */
export const termArgs = (term: Terminator): Inst[] =>
  term.kind === 'branch' ? [term.a, term.b] : term.kind === 'return' && term.value ? [term.value] : [];

/** How often each value is used. */
export function countUses(fn: IrFunction): Map<Inst, number> {
  const uses = new Map<Inst, number>();
  const count = (inst: Inst): void => {
    uses.set(inst, (uses.get(inst) ?? 0) + 1);
  };
  for (const { insts, term } of fn.blocks) {
    for (const inst of insts) inst.args.forEach(count);
    termArgs(term).forEach(count);
  }
  return uses;
}

const EFFECTS: ReadonlySet<Op> = new Set<Op>(['store', 'atomic', 'call', 'asm', 'tie', 'life', 'mark']);

/** True when the instruction must stay though nobody uses its value. */
export const hasEffect = (inst: Inst): boolean =>
  EFFECTS.has(inst.op) ? inst.op !== 'tie' || inst.volatile : inst.op === 'load' && inst.volatile;

const SWAPPED: Readonly<Record<Cond, Cond>> = {
  eq: 'eq',
  ne: 'ne',
  set: 'set',
  ugt: 'ult',
  ult: 'ugt',
  uge: 'ule',
  ule: 'uge',
  sgt: 'slt',
  slt: 'sgt',
  sge: 'sle',
  sle: 'sge',
};
/** The condition on (b, a) that equals `cond` on (a, b). */
export const swapCond = (cond: Cond): Cond => SWAPPED[cond];

const INVERTED: Readonly<Record<Cond, Cond | null>> = {
  eq: 'ne',
  ne: 'eq',
  ugt: 'ule',
  ule: 'ugt',
  uge: 'ult',
  ult: 'uge',
  sgt: 'sle',
  sle: 'sgt',
  sge: 'slt',
  slt: 'sge',
  set: null,
};
/** The negation; null for `set` (a & b), which BPF cannot invert. */
export const invertCond = (cond: Cond): Cond | null => INVERTED[cond];

/** Replaces values everywhere, following chains of replacements. */
export function replaceValues(fn: IrFunction, map: ReadonlyMap<Inst, Inst>): void {
  if (map.size === 0) return;
  const final = (inst: Inst): Inst => {
    let at = inst;
    for (let next = map.get(at); next && next !== at; next = map.get(at)) at = next;
    return at;
  };
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      for (let i = 0; i < inst.args.length; i++) inst.args[i] = final(inst.args[i]!);
      if (inst.shown) inst.shown = final(inst.shown);
    }
    const { term } = block;
    if (term.kind === 'branch') {
      term.a = final(term.a);
      term.b = final(term.b);
    } else if (term.kind === 'return' && term.value) {
      term.value = final(term.value);
    }
  }
}

/** Recomputes predecessors from scratch; only for graphs that have no phis yet. */
export function linkPreds(fn: IrFunction): void {
  for (const block of fn.blocks) block.preds = [];
  for (const block of fn.blocks) for (const to of successors(block)) to.preds.push(block);
}

/** Takes the edge from `pred` out of `block`, with the phi arguments that came over it. */
export function dropEdge(pred: Block, block: Block): void {
  const at = block.preds.indexOf(pred);
  if (at < 0) return;
  block.preds.splice(at, 1);
  for (const inst of block.insts) {
    if (inst.op !== 'phi') break;
    inst.args.splice(at, 1);
  }
}

/** Blocks in reverse post-order from the entry: a block comes after its dominators. */
export function reversePostOrder(fn: IrFunction): Block[] {
  const seen = new Set<Block>();
  const post: Block[] = [];
  const stack: { block: Block; next: number; succ: Block[] }[] = [];
  const push = (block: Block): void => {
    seen.add(block);
    stack.push({ block, next: 0, succ: successors(block) });
  };
  push(fn.entry());
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const succ = top.succ[top.next++];
    if (!succ) {
      post.push(top.block);
      stack.pop();
    } else if (!seen.has(succ)) push(succ);
  }
  return post.toReversed();
}
