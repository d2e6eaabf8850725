/**
 * The reference interpreter: one closure per instruction, made from its operation.
 *
 * A step works on the machine and returns the next pc. 64-bit values are pairs of 32-bit words; only
 * 64-bit division and atomics go through bigint, by the pure functions of semantics.ts.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import type { Insn } from '../abi/insn.ts';
import { Fault } from '../kernel/memory.ts';
import type { Linker } from './code.ts';
import type { Helper } from './helper.ts';
import { EXIT, TAIL_CALL } from './processor.ts';
import type { Processor } from './processor.ts';
import { ALU32, ALU64, TEST32, TEST64 } from './pairs.ts';
import { atomicResult, byteSwap, describe } from './semantics.ts';
import type { AluOp, Operation, Size } from './semantics.ts';

export type Step = (m: Processor) => number;

export interface StepSpec {
  readonly insn: Insn;
  /** The following slot: the second half of ld_imm64. */
  readonly next: Insn | undefined;
  readonly pc: InsnIndex;
  /** A load that faults gives 0. */
  readonly probe: boolean;
  readonly linker: Linker;
}

const w = (m: Processor, i: number): number => m.words[i] ?? 0;

function alu32(name: AluOp, { insn, pc }: StepSpec, reg: boolean): Step {
  const run = ALU32[name];
  const d = insn.dst * 2;
  const s = insn.src * 2;
  const { imm } = insn;
  const to = pc + 1;
  return (m) => {
    const at = m.base + d;
    m.words[at] = run(w(m, at), reg ? w(m, m.base + s) : imm);
    m.words[at + 1] = 0;
    return to;
  };
}

function alu64(name: AluOp, { insn, pc }: StepSpec, reg: boolean): Step {
  const run = ALU64[name];
  const d = insn.dst * 2;
  const s = insn.src * 2;
  const lo = insn.imm;
  const hi = insn.imm >> 31;
  const to = pc + 1;
  if (reg)
    return (m) => {
      const from = m.base + s;
      run(m.words, m.base + d, w(m, from), w(m, from + 1));
      return to;
    };
  return (m) => {
    run(m.words, m.base + d, lo, hi);
    return to;
  };
}

function jump(op: Extract<Operation, { kind: 'jump' }>, { insn, pc }: StepSpec): Step {
  const d = insn.dst * 2;
  const s = insn.src * 2;
  const reg = op.source === 'reg';
  const lo = insn.imm;
  const hi = insn.imm >> 31;
  const to = pc + 1;
  const taken = to + insn.off;
  if (op.width === 32) {
    const test = TEST32[op.when];
    return (m) => (test(w(m, m.base + d), reg ? w(m, m.base + s) : lo) ? taken : to);
  }
  const test = TEST64[op.when];
  if (reg)
    return (m) => {
      const a = m.base + d;
      const b = m.base + s;
      return test(w(m, a), w(m, a + 1), w(m, b), w(m, b + 1)) ? taken : to;
    };
  return (m) => {
    const a = m.base + d;
    return test(w(m, a), w(m, a + 1), lo, hi) ? taken : to;
  };
}

type Read = (bits: DataView, at: number) => number;
const READ: Readonly<Record<1 | 2 | 4, readonly [unsigned: Read, signed: Read]>> = {
  1: [(bits, at) => bits.getUint8(at), (bits, at) => bits.getInt8(at)],
  2: [(bits, at) => bits.getUint16(at, true), (bits, at) => bits.getInt16(at, true)],
  4: [(bits, at) => bits.getInt32(at, true), (bits, at) => bits.getInt32(at, true)],
};

function load(size: Size, signed: boolean, { insn, pc, probe }: StepSpec): Step {
  const d = insn.dst * 2;
  const { src, off } = insn;
  const to = pc + 1;
  const reader = size === 8 ? null : READ[size][signed ? 1 : 0];
  return (m) => {
    const at = m.at(src, off, size);
    const out = m.base + d;
    if (at < 0) {
      if (!probe) return faultAt(m, pc, src, off);
      m.words[out] = 0;
      m.words[out + 1] = 0;
      return to;
    }
    if (reader === null) {
      const low = m.bits.getInt32(at, true);
      m.words[out + 1] = m.bits.getInt32(at + 4, true);
      m.words[out] = low;
    } else {
      const value = reader(m.bits, at);
      m.words[out] = value;
      m.words[out + 1] = signed ? value >> 31 : 0;
    }
    return to;
  };
}

function faultAt(m: Processor, pc: InsnIndex, reg: number, off: number): never {
  m.pc = pc;
  throw new Fault(m.address(reg, off));
}

function store(size: Size, { insn, pc }: StepSpec, reg: boolean): Step {
  const { dst, off } = insn;
  const s = insn.src * 2;
  const lo = insn.imm;
  const hi = insn.imm >> 31;
  const to = pc + 1;
  return (m) => {
    const at = m.writable(dst, off, size);
    if (at < 0) return faultAt(m, pc, dst, off);
    const low = reg ? w(m, m.base + s) : lo;
    const high = reg ? w(m, m.base + s + 1) : hi;
    if (m.watched) m.mem.storing(at, size);
    if (size === 8) {
      m.bits.setInt32(at, low, true);
      m.bits.setInt32(at + 4, high, true);
    } else if (size === 4) m.bits.setInt32(at, low, true);
    else if (size === 2) m.bits.setInt16(at, low, true);
    else m.bits.setInt8(at, low);
    return to;
  };
}

function atomic(op: Extract<Operation, { kind: 'atomic' }>, { insn, pc }: StepSpec): Step {
  const { dst, src, off } = insn;
  return (m) => {
    const at = m.writable(dst, off, op.size);
    if (at < 0) return faultAt(m, pc, dst, off);
    const addr = m.mem.direct(at);
    const old = m.mem.load(addr, op.size);
    m.mem.store(addr, op.size, atomicResult(op.op, op.size, old, m.reg(src), m.reg(0)));
    if (op.op === 'cmpxchg') m.setReg(0, old);
    else if (op.fetch) m.setReg(src, old);
    return pc + 1;
  };
}

function end(op: Extract<Operation, { kind: 'end' }>, { insn, pc }: StepSpec): Step {
  const { dst } = insn;
  return (m) => {
    const value = m.reg(dst);
    m.setReg(dst, op.swap ? byteSwap(value, op.bits) : BigInt.asUintN(op.bits, value));
    return pc + 1;
  };
}

function movsx(op: Extract<Operation, { kind: 'movsx' }>, { insn, pc }: StepSpec): Step {
  const d = insn.dst * 2;
  const s = insn.src * 2;
  const drop = 32 - op.from;
  const wide = op.width === 64;
  return (m) => {
    const value = (w(m, m.base + s) << drop) >> drop;
    m.words[m.base + d] = value;
    m.words[m.base + d + 1] = wide ? value >> 31 : 0;
    return pc + 1;
  };
}

function neg(op: Extract<Operation, { kind: 'neg' }>, { insn, pc }: StepSpec): Step {
  const { dst } = insn;
  return (m) => {
    m.setReg(dst, BigInt.asUintN(op.width, -m.reg(dst)));
    return pc + 1;
  };
}

function call(target: 'helper' | 'subprog' | 'kfunc', { insn, pc, linker }: StepSpec): Step {
  const to = pc + 1;
  if (target === 'subprog') {
    const entry = to + insn.imm;
    const { off } = insn;
    return (m) => {
      m.pc = pc;
      m.push(to, off);
      return entry;
    };
  }
  const fn: Helper | null = target === 'helper' ? linker.helper(insn.imm) : linker.kfunc(insn.imm, insn.off);
  if (!fn) throw new EngineBug(`call of ${target} ${insn.imm}, which this kernel does not have`);
  return (m) => {
    m.pc = pc;
    const result = fn(m);
    m.syncIfGrown();
    m.setResult(result);
    if (m.onCall) m.onCall(pc, m.reg(0), m);
    return m.takeTailCall() ? TAIL_CALL : to;
  };
}

function callx({ insn, pc }: StepSpec): Step {
  const { dst, off } = insn;
  return (m) => {
    m.pc = pc;
    const entry = m.entryAt(m.reg(dst));
    m.push(pc + 1, off);
    return entry;
  };
}

function ldImm64({ insn, next, pc }: StepSpec): Step {
  if (!next) throw new EngineBug(`ld_imm64 at ${pc} has no second half`);
  const d = insn.dst * 2;
  const lo = insn.imm;
  const hi = next.imm;
  return (m) => {
    m.words[m.base + d] = lo;
    m.words[m.base + d + 1] = hi;
    return pc + 2;
  };
}

const inSecondHalf: Step = () => {
  throw new EngineBug('executed the second half of ld_imm64');
};

/** The step of one instruction. @throws EngineBug for what no verified program contains */
export function makeStep(spec: StepSpec): Step {
  const { insn, pc } = spec;
  if (insn.code === 0) return inSecondHalf;
  const op = describe(insn);
  if (!op)
    throw new EngineBug(`instruction ${pc} has opcode 0x${insn.code.toString(16)}, which means nothing`);
  const to = pc + 1;
  switch (op.kind) {
    case 'alu':
      return (op.width === 64 ? alu64 : alu32)(op.op, spec, op.source === 'reg');
    case 'neg':
      return neg(op, spec);
    case 'movsx':
      return movsx(op, spec);
    case 'end':
      return end(op, spec);
    case 'jump':
      return jump(op, spec);
    case 'goto': {
      const target = to + (op.far ? insn.imm : insn.off);
      return () => target;
    }
    case 'may_goto': {
      const out = to + insn.off;
      return (m) => (m.spendLoop() ? to : out);
    }
    case 'call':
      return call(op.target, spec);
    case 'callx':
      return callx(spec);
    case 'exit':
      return () => EXIT;
    case 'load':
      return load(op.size, op.signed, spec);
    case 'load_acquire':
      return load(op.size, false, spec);
    case 'store':
      return store(op.size, spec, op.source === 'reg');
    case 'store_release':
      return store(op.size, spec, true);
    case 'atomic':
      return atomic(op, spec);
    case 'ld_imm64':
      return ldImm64(spec);
  }
}
