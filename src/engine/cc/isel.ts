/**
 * Chooses BPF instructions for SSA values, on virtual registers.
 *
 * Constants become immediates where an instruction takes one and are made afresh where not: no register
 * lives long for them. Addresses of slots and globals are kept within a block until the next call. Phis
 * become copies at the ends of the predecessors; most of them vanish when registers are allocated.
 *
 * 32-bit values use the 32-bit instructions, which clear the upper half. That makes widening free for
 * whatever was computed so; parameters, results of calls and truncated values need a real instruction.
 */
import { CPUS, isLess } from './cpu.ts';
import type { Cpu } from './cpu.ts';
import { EngineBug, must } from '../../shared/assert.ts';
import * as bpf from '../abi/opcode.ts';
import { invertCond, successors, termArgs } from './ir.ts';
import type { BinaryOp, Block, Cond, Inst, IrFunction } from './ir.ts';
import { FIRST_VIRTUAL, NEAR_BYTES, NEAR_SLOT, NO_REG, R10, minst } from './isel_code.ts';
import type { Mark, MBlock, MFunction, MInst } from './isel_code.ts';
import { isBinary } from './opt_simplify.ts';

const ALU_OP: Readonly<Record<BinaryOp, number>> = {
  add: bpf.BPF_ADD,
  sub: bpf.BPF_SUB,
  mul: bpf.BPF_MUL,
  udiv: bpf.BPF_DIV,
  umod: bpf.BPF_MOD,
  sdiv: bpf.BPF_DIV,
  smod: bpf.BPF_MOD,
  and: bpf.BPF_AND,
  or: bpf.BPF_OR,
  xor: bpf.BPF_XOR,
  shl: bpf.BPF_LSH,
  lshr: bpf.BPF_RSH,
  ashr: bpf.BPF_ARSH,
};
const COMMUTATIVE: ReadonlySet<string> = new Set(['add', 'mul', 'and', 'or', 'xor']);
const JMP_OP: Readonly<Record<Cond, number>> = {
  eq: bpf.BPF_JEQ,
  ne: bpf.BPF_JNE,
  ugt: bpf.BPF_JGT,
  uge: bpf.BPF_JGE,
  ult: bpf.BPF_JLT,
  ule: bpf.BPF_JLE,
  sgt: bpf.BPF_JSGT,
  sge: bpf.BPF_JSGE,
  slt: bpf.BPF_JSLT,
  sle: bpf.BPF_JSLE,
  set: bpf.BPF_JSET,
};
const SIZE: Readonly<Record<number, number>> = { 1: bpf.BPF_B, 2: bpf.BPF_H, 4: bpf.BPF_W, 8: bpf.BPF_DW };

/** An address takes two instructions to make and one to copy. */
const HOIST_USES = 3;

const aluClass = (width: number): number => (width === 64 ? bpf.BPF_ALU64 : bpf.BPF_ALU);
const jmpClass = (width: number): number => (width === 64 ? bpf.BPF_JMP : bpf.BPF_JMP32);
const fitsS32 = (x: bigint): boolean => x >= -0x8000_0000n && x <= 0x7fff_ffffn;
const isImm = (inst: Inst): boolean => inst.op === 'const' && fitsS32(inst.imm);

/** True when bits 32-63 of the register of a 32-bit value are known to be zero. */
function upperIsZero(inst: Inst, seen: Set<Inst> = new Set()): boolean {
  if (seen.has(inst)) return true;
  seen.add(inst);
  if (inst.op === 'phi') return inst.args.every((arg) => upperIsZero(arg, seen));
  return !['param', 'call', 'trunc', 'asm', 'asm_out', 'tie'].includes(inst.op);
}

class Selector {
  private readonly fn: IrFunction;
  private readonly out: MFunction;
  private readonly blocks = new Map<Block, MBlock>();
  private readonly regs = new Map<Inst, number>();
  private readonly phiTemps = new Map<Inst, number>();
  private readonly uses = new Map<Inst, number>();
  private readonly shown = new Map<MInst, Inst>();
  /** Addresses of slots that many calls take: kept in a register all along, if one is free. */
  private readonly hoisted = new Map<Inst, number>();
  /** Addresses and constants that are in a register here. */
  private cached = new Map<Inst, number>();
  private at: MBlock;
  private loc = 0;
  private readonly isLarge: boolean;

  constructor(fn: IrFunction, cpu: Cpu) {
    this.fn = fn;
    this.isLarge = fn.slots.reduce((sum, slot) => sum + slot.size, 0) > NEAR_BYTES;
    this.out = {
      name: fn.name,
      symbol: fn.symbol,
      blocks: [],
      slots: fn.slots,
      nextReg: FIRST_VIRTUAL,
      loc: fn.loc,
      cpu,
    };
    for (const block of fn.blocks) {
      const made: MBlock = { id: block.id, insts: [], succs: [], depth: 0 };
      this.blocks.set(block, made);
      this.out.blocks.push(made);
    }
    this.at = must(this.out.blocks[0], 'entry');
    const count = (inst: Inst): void => {
      this.uses.set(inst, (this.uses.get(inst) ?? 0) + 1);
    };
    for (const block of fn.blocks) {
      for (const inst of block.insts) inst.args.forEach(count);
      termArgs(block.term).forEach(count);
    }
  }

  private fresh(): number {
    return this.out.nextReg++;
  }

  private push(inst: MInst): void {
    inst.loc = this.loc;
    this.at.insts.push(inst);
  }

  private copy(dst: number, src: number, width: number): void {
    this.push(minst('copy', { dst, src, code: aluClass(width) | bpf.BPF_MOV | bpf.BPF_X }));
  }

  /** Puts a constant or an address into a given register. */
  private materialize(inst: Inst, dst: number): void {
    switch (inst.op) {
      case 'const':
        if (inst.width === 64 && fitsS32(inst.imm))
          this.push(minst('alu', { code: bpf.BPF_ALU64 | bpf.BPF_MOV, dst, imm: inst.imm }));
        else if (inst.width === 32 || (this.out.cpu.narrow && inst.imm >= 0n && inst.imm <= 0xffff_ffffn))
          this.push(minst('alu', { code: bpf.BPF_ALU | bpf.BPF_MOV, dst, imm: BigInt.asIntN(32, inst.imm) }));
        else this.push(minst('imm64', { dst, imm: inst.imm }));
        return;
      case 'frame':
        this.push(minst('frame', { dst, slot: inst.slot, off: inst.off }));
        return;
      case 'addr':
        this.push(minst('imm64', { dst, symbol: inst.symbol, imm: BigInt(inst.off) }));
        return;
      default:
        throw new EngineBug(`${inst.op} is no constant`);
    }
  }

  /** The register that holds a value. */
  private reg(inst: Inst): number {
    if (inst.op === 'const' || inst.op === 'frame' || inst.op === 'addr') {
      let reg = this.cached.get(inst);
      if (reg === undefined) {
        reg = this.fresh();
        this.materialize(inst, reg);
        this.cached.set(inst, reg);
      }
      return reg;
    }
    let reg = this.regs.get(inst);
    if (reg === undefined) this.regs.set(inst, (reg = this.fresh()));
    return reg;
  }

  /** Puts a value into a register of the selector's choice, as an argument or a phi's operand. */
  private move(inst: Inst, dst: number): void {
    if (inst.op === 'const' || inst.op === 'frame' || inst.op === 'addr') this.materialize(inst, dst);
    else this.copy(dst, this.reg(inst), inst.width);
  }

  private alu(op: number, width: number, dst: number, right: Inst | bigint): void {
    const code = aluClass(width) | op;
    if (typeof right === 'bigint') this.push(minst('alu', { code, dst, imm: right }));
    else if (isImm(right)) this.push(minst('alu', { code, dst, imm: right.imm }));
    else this.push(minst('alu', { code: code | bpf.BPF_X, dst, src: this.reg(right) }));
  }

  private binary(inst: Inst, op: BinaryOp): void {
    let [a, b] = inst.args as [Inst, Inst];
    if (
      COMMUTATIVE.has(op) &&
      a.op !== 'phi' &&
      b.op !== 'const' &&
      this.uses.get(b) === 1 &&
      this.uses.get(a) !== 1
    )
      [a, b] = [b, a];
    const dst = this.reg(inst);
    if (op === 'sub' && a.op === 'const' && a.imm === 0n) {
      this.move(b, dst);
      this.push(minst('alu', { code: aluClass(inst.width) | bpf.BPF_NEG, dst }));
      return;
    }
    if (!isImm(b)) this.reg(b);
    this.move(a, dst);
    const signed = op === 'sdiv' || op === 'smod';
    this.alu(ALU_OP[op], inst.width, dst, b);
    if (signed) must(this.at.insts.at(-1), 'division').off = 1;
  }

  private compare(kind: 'branch' | 'setcc', cond: Cond, a: Inst, b: Inst): MInst {
    const code = jmpClass(a.width) | JMP_OP[cond];
    const left = this.reg(a);
    const fields = isImm(b) ? { code, imm: b.imm } : { code: code | bpf.BPF_X, src: this.reg(b) };
    return kind === 'branch' ? minst(kind, { ...fields, dst: left }) : minst(kind, { ...fields, left });
  }

  /** Base register, slot and offset of a memory access. */
  private address(inst: Inst): { base: number; slot: MInst['slot']; off: number } {
    const address = inst.args[0]!;
    // A CO-RE offset must stand alone in its instruction.
    if (address.op === 'frame' && !inst.relo && this.isNear(address))
      return { base: R10, slot: address.slot, off: address.off + inst.off };
    if (address.op === 'addr' && inst.off === 0 && address.off !== 0 && !inst.relo && address.off <= 32767) {
      const whole = this.fn.addr(must(address.symbol, 'symbol'), 0);
      if (this.cached.has(whole)) return { base: this.reg(whole), slot: null, off: address.off };
    }
    return { base: this.reg(address), slot: null, off: inst.off };
  }

  /** True when the slot will lie where the offset of a load or store reaches. */
  private isNear({ slot }: Inst): boolean {
    return !this.isLarge || (slot?.size ?? 0) <= NEAR_SLOT;
  }

  private call(inst: Inst): void {
    const callee = must(inst.callee, 'callee');
    const pointer = callee.kind === 'pointer' ? this.reg(must(inst.args[0], 'function')) : null;
    const args = pointer === null ? inst.args : inst.args.slice(1);
    const floats = (arg: Inst): boolean => arg.op === 'const' || arg.op === 'frame' || arg.op === 'addr';
    args.forEach((arg, i) => {
      if (!floats(arg)) this.copy(i + 1, this.reg(arg), arg.width);
    });
    args.forEach((arg, i) => {
      if (!floats(arg)) return;
      const known = this.hoisted.get(arg) ?? this.cached.get(arg);
      if (known !== undefined && arg.op === 'frame') this.copy(i + 1, known, 64);
      else this.materialize(arg, i + 1);
    });
    this.push(
      minst(pointer === null ? 'call' : 'callx', {
        ...(pointer === null ? {} : { src: pointer }),
        imm: callee.kind === 'helper' ? BigInt(callee.id) : 0n,
        symbol: callee.kind === 'symbol' ? callee.symbol : null,
        reads: args.map((_, i) => i + 1),
        writes: [0, 1, 2, 3, 4, 5],
      }),
    );
    if (!inst.noResult && (this.uses.get(inst) ?? 0) > 0) this.copy(this.reg(inst), 0, inst.width);
    this.cached = new Map();
  }

  private extend(inst: Inst): void {
    const [arg] = inst.args as [Inst];
    const dst = this.reg(inst);
    const shift = BigInt(inst.width - inst.bits);
    if (this.out.cpu.v4) {
      const code = aluClass(inst.width) | bpf.BPF_MOV | bpf.BPF_X;
      return this.push(minst('alu', { code, dst, src: this.reg(arg), off: inst.bits }));
    }
    this.move(arg, dst);
    this.alu(bpf.BPF_LSH, inst.width, dst, shift);
    this.alu(bpf.BPF_ARSH, inst.width, dst, shift);
  }

  private atomic(inst: Inst): void {
    const [, value, replacement] = inst.args as [Inst, Inst, Inst | undefined];
    const { base, slot, off } = this.address(inst);
    const code = bpf.BPF_STX | bpf.BPF_ATOMIC | must(SIZE[inst.size], 'size');
    const common = { code, dst: base, slot, off, atomic: inst.atomic };
    if (inst.atomic === 'cmpxchg') {
      const src = this.reg(must(replacement, 'replacement'));
      this.move(value, 0);
      this.push(minst('atomic', { ...common, src, fetch: true, reads: [0], writes: [0] }));
      this.copy(this.reg(inst), 0, inst.width);
      return;
    }
    if ((this.uses.get(inst) ?? 0) === 0 && inst.atomic !== 'xchg') {
      this.push(minst('atomic', { ...common, src: this.reg(value) }));
      return;
    }
    const dst = this.reg(inst);
    this.move(value, dst);
    this.push(minst('atomic', { ...common, src: dst, fetch: true, writes: [dst] }));
  }

  private asm(inst: Inst): void {
    const body = must(inst.asm, 'asm body');
    const after = inst.block?.insts.slice(inst.block.insts.indexOf(inst) + 1) ?? [];
    const results = new Map(
      [inst, ...after.filter(({ op, args }) => op === 'asm_out' && args[0] === inst)].map((made) => [
        made === inst ? 0 : Number(made.imm),
        made,
      ]),
    );
    // The results' own registers: behind asm goto there is no place for copies.
    const outs = body.outputs.map((_, i) => {
      const result = results.get(i);
      return result ? this.reg(result) : this.fresh();
    });
    const there = (reg: number, operand: number): number => body.chosen.get(operand) ?? reg;
    const inOuts = outs.map(there).filter((_, i) => body.outputs[i]);
    inOuts.forEach((out, i) => this.move(must(inst.args[i], 'asm operand'), out));
    const given = inst.args.slice(inOuts.length).map((arg) => this.reg(arg));
    const inputs = given.map((reg, i) => there(reg, outs.length + i));
    inputs.forEach((to, i) => {
      if (to !== given[i]) this.copy(to, given[i]!, 64);
    });
    const term = inst.block?.term;
    const isLast = after.every(({ op, args }) => op === 'asm_out' && args[0] === inst);
    const targets = term?.kind === 'asm_goto' && isLast ? term.targets : [];
    this.push(
      minst('asm', {
        asm: body,
        operands: [...outs.map(there), ...inputs],
        reads: [...inOuts, ...inputs],
        writes: [...outs.map(there), ...body.clobbers],
        targets: targets.map((to) => must(this.blocks.get(to), 'block')),
      }),
    );
    outs.forEach((out, i) => {
      if (body.chosen.has(i)) this.copy(out, there(out, i), results.get(i)?.width ?? 64);
    });
  }

  /** Big-endian to little: before v4 by saying "to big-endian", which is the same on little-endian machines. */
  private swapCode(): number {
    return (this.out.cpu.v4 ? bpf.BPF_ALU64 : bpf.BPF_ALU | bpf.BPF_TO_BE) | bpf.BPF_END;
  }

  private select(inst: Inst): void {
    this.loc = inst.loc;
    if (isBinary(inst.op)) return this.binary(inst, inst.op);
    const [first, second] = inst.args as [Inst, Inst];
    switch (inst.op) {
      case 'relo':
        if (fitsS32(inst.imm))
          this.push(
            minst('alu', {
              code: aluClass(inst.width) | bpf.BPF_MOV,
              dst: this.reg(inst),
              imm: inst.imm,
              relo: inst.relo,
            }),
          );
        else this.push(minst('imm64', { dst: this.reg(inst), imm: inst.imm, relo: inst.relo }));
        return;
      case 'cmp': {
        const made = this.compare('setcc', inst.cond, first, second);
        made.dst = this.reg(inst);
        return this.push(made);
      }
      case 'zext':
        if (upperIsZero(first)) return this.copy(this.reg(inst), this.reg(first), 64);
        return this.push(
          minst('alu', {
            code: bpf.BPF_ALU | bpf.BPF_MOV | bpf.BPF_X,
            dst: this.reg(inst),
            src: this.reg(first),
          }),
        );
      case 'trunc':
        return this.copy(this.reg(inst), this.reg(first), 32);
      case 'tie':
        return this.copy(this.reg(inst), this.reg(first), inst.width);
      case 'space': {
        const code = bpf.BPF_ALU64 | bpf.BPF_MOV | bpf.BPF_X;
        const src = this.reg(first);
        return this.push(minst('alu', { code, dst: this.reg(inst), src, off: 1, imm: inst.imm }));
      }
      case 'sext':
        return this.extend(inst);
      case 'bswap': {
        const dst = this.reg(inst);
        this.move(first, dst);
        return this.push(minst('end', { code: this.swapCode(), dst, imm: BigInt(inst.bits) }));
      }
      case 'load': {
        const { base, slot, off } = this.address(inst);
        const code = bpf.BPF_LDX | bpf.BPF_MEM | must(SIZE[inst.size], 'size');
        return this.push(minst('load', { code, dst: this.reg(inst), src: base, slot, off, relo: inst.relo }));
      }
      case 'store': {
        const direct = this.out.cpu.v4 && isImm(second) && !inst.relo;
        const src = direct ? NO_REG : this.reg(second);
        const { base, slot, off } = this.address(inst);
        if (direct) {
          const st = bpf.BPF_ST | bpf.BPF_MEM | must(SIZE[inst.size], 'size');
          return this.push(minst('store', { code: st, dst: base, slot, off, imm: second.imm }));
        }
        const code = bpf.BPF_STX | bpf.BPF_MEM | must(SIZE[inst.size], 'size');
        return this.push(minst('store', { code, dst: base, src, slot, off, relo: inst.relo }));
      }
      case 'atomic':
        return this.atomic(inst);
      case 'call':
        return this.call(inst);
      case 'asm':
        return this.asm(inst);
      case 'asm_out': // `asm` has chosen its register
        return;
      case 'life':
        return this.push(minst('life', { slot: inst.slot, imm: inst.imm }));
      case 'mark':
        return this.mark(inst);
      case 'phi':
        return this.copy(this.reg(inst), must(this.phiTemps.get(inst), 'phi'), inst.width);
      default:
        throw new EngineBug(`no instruction for ${inst.op}`);
    }
  }

  /** In which register the value is can be said when all are chosen: asking must not choose one. */
  private mark({ shown, slot, off, size, imm }: Inst): void {
    const where = imm === 1n ? 'memory' : shown?.op === 'const' ? 'number' : 'nothing';
    const mark: Mark = { variable: must(slot, 'variable'), off, size, in: where };
    const made = minst('mark', { mark, imm: shown?.imm ?? 0n });
    this.push(made);
    if (shown && where === 'nothing') this.shown.set(made, shown);
  }

  private finishMarks(): void {
    for (const [made, shown] of this.shown) {
      const reg = this.regs.get(shown);
      if (reg === undefined || !made.mark) continue;
      made.src = reg;
      made.mark = { ...made.mark, in: 'register' };
    }
  }

  private terminate(block: Block): void {
    const { term } = block;
    this.loc = block.termLoc;
    const edge = (to: Block): MBlock => must(this.blocks.get(to), 'block');
    for (const to of successors(block)) {
      const index = to.preds.indexOf(block);
      for (const phi of to.insts) {
        if (phi.op !== 'phi') break;
        this.move(phi.args[index]!, must(this.phiTemps.get(phi), 'phi'));
      }
    }
    switch (term.kind) {
      case 'jump':
        this.at.succs = [edge(term.to)];
        return this.push(minst('jump', { target: edge(term.to) }));
      case 'branch': {
        const made = this.compare('branch', term.cond, term.a, term.b);
        made.target = edge(term.yes);
        this.push(made);
        this.push(minst('jump', { target: edge(term.no) }));
        this.at.succs = [edge(term.yes), edge(term.no)];
        return;
      }
      case 'asm_goto':
        this.at.succs = [...term.targets, term.next].map(edge);
        return this.push(minst('jump', { target: edge(term.next) }));
      case 'return':
        if (term.value) this.move(term.value, 0);
        return this.push(minst('exit', { reads: term.value ? [0] : [] }));
      case 'unreachable':
    }
  }

  private hoistFrames(): void {
    const taken = new Map<Inst, number>();
    for (const block of this.fn.blocks)
      for (const inst of block.insts)
        for (const arg of inst.op === 'call' ? inst.args : [])
          if (arg.op === 'frame') taken.set(arg, (taken.get(arg) ?? 0) + 1);
    for (const [frame, count] of taken) {
      if (count < HOIST_USES) continue;
      const reg = this.fresh();
      this.materialize(frame, reg);
      this.hoisted.set(frame, reg);
    }
  }

  run(): MFunction {
    for (const block of this.fn.blocks)
      for (const inst of block.insts) if (inst.op === 'phi') this.phiTemps.set(inst, this.fresh());
    this.loc = this.fn.loc;
    this.fn.params.forEach((param, i) => {
      if ((this.uses.get(param) ?? 0) > 0) this.copy(this.reg(param), i + 1, param.width);
    });
    this.hoistFrames();
    for (const block of this.fn.blocks) {
      this.at = must(this.blocks.get(block), 'block');
      this.cached = new Map();
      for (const inst of block.insts) this.select(inst);
      this.terminate(block);
    }
    this.finishMarks();
    return this.out;
  }
}

/** Gives every edge from a branch to a join a block of its own, so that phi copies have a place. */
export function splitCriticalEdges(fn: IrFunction): void {
  for (const block of fn.blocks.slice()) {
    if (block.term.kind !== 'branch') continue;
    for (const side of ['yes', 'no'] as const) {
      const to = block.term[side];
      if (to.preds.length < 2 || to.insts[0]?.op !== 'phi') continue;
      const middle = fn.block();
      middle.term = { kind: 'jump', to };
      middle.termLoc = block.termLoc;
      middle.preds = [block];
      to.preds[to.preds.indexOf(block)] = middle;
      block.term[side] = middle;
    }
  }
}

export const selectInstructions = (fn: IrFunction, cpu: Cpu = CPUS.v3): MFunction => {
  splitCriticalEdges(fn);
  return new Selector(fn, cpu).run();
};

/** The negated jump of a `branch`, or null when there is none. */
export function invertJump(code: number, { lessJumps }: Cpu): number | null {
  const op = bpf.BPF_OP(code);
  for (const [cond, jump] of Object.entries(JMP_OP)) {
    if (jump !== op) continue;
    const inverse = invertCond(cond as Cond);
    return inverse && (lessJumps || !isLess(inverse)) ? (code & ~0xf0) | JMP_OP[inverse] : null;
  }
  return null;
}
