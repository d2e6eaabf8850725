/**
 * A random program while it is written: instructions, and what the writer believes each register holds.
 *
 * The belief only serves to write programs that have a chance; the verifier decides. A scalar may be known
 * to lie in a range, so that offsets can be chosen right at its ends.
 */
import type { Insn } from '../../abi/insn.ts';
import type { Random } from './random.ts';

export type Belief =
  | { readonly is: 'nothing' }
  | { readonly is: 'scalar'; readonly lo?: number; readonly hi?: number }
  | { readonly is: 'stack' | 'value' | 'ctx' | 'meta' | 'task' };

export const NOTHING: Belief = { is: 'nothing' };
export const SCALAR: Belief = { is: 'scalar' };

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

export class Builder {
  readonly random: Random;
  readonly insns: Insn[] = [];
  /** R0-R9 */
  regs: Belief[] = Array.from({ length: 10 }, () => NOTHING);
  /** Registers that a loop needs. */
  readonly reserved = new Set<number>();
  /** Slots of eight bytes that were stored to: the offset from R10. */
  stored = new Set<number>();
  loops = 0;
  /** Calls whose distance is filled in when everything is laid out: instruction -> subprogram. */
  readonly calls: (readonly [at: number, subprog: number])[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  emit(code: number, fields: Partial<Insn> = {}): number {
    this.insns.push({ code, dst: 0, src: 0, off: 0, imm: 0, ...fields });
    return this.insns.length - 1;
  }
  pair(dst: number, src: number, low: number, high: number): void {
    this.emit(0x18, { dst, src, imm: low });
    this.emit(0, { imm: high });
  }
  /** A jump over what is written between this call and `land`. */
  land(jump: number): void {
    const insn = this.insns[jump];
    if (insn) this.insns[jump] = { ...insn, off: this.insns.length - jump - 1 };
  }

  mov(dst: number, src: number): void {
    this.emit(0xbf, { dst, src });
  }
  movImm(dst: number, imm: number): void {
    this.emit(0xb7, { dst, imm });
  }
  addImm(dst: number, imm: number): void {
    this.emit(0x07, { dst, imm });
  }

  belief(reg: number): Belief {
    return this.regs[reg] ?? NOTHING;
  }
  set(reg: number, belief: Belief): void {
    this.regs[reg] = belief;
  }
  holding(is: Belief['is']): number[] {
    const out: number[] = [];
    for (let n = 0; n < this.regs.length; n++) if (this.regs[n]?.is === is) out.push(n);
    return out;
  }
  /** A register that may be overwritten. @param not registers that are in use */
  target(...not: readonly number[]): number {
    const free: number[] = [];
    for (let n = 0; n < this.regs.length; n++) {
      const { is } = this.belief(n);
      const keep = this.loops > 0 && is !== 'scalar' && is !== 'nothing';
      if (!this.reserved.has(n) && !keep && !not.includes(n)) free.push(n);
    }
    return free.length > 0 ? this.random.pick(free) : 0;
  }
  /** A register with some scalar in it. */
  scalar(...not: readonly number[]): number {
    const have = this.holding('scalar').filter((n) => !not.includes(n));
    if (have.length > 0 && !this.random.chance(8)) return this.random.pick(have);
    const reg = this.target(...not);
    if (this.random.chance(50)) this.movImm(reg, this.random.edge32());
    else {
      const value = this.random.edge64();
      this.pair(reg, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
    }
    this.set(reg, SCALAR);
    return reg;
  }
  /** A scalar that may be overwritten. */
  own(...not: readonly number[]): number {
    const have = this.holding('scalar').filter((n) => !not.includes(n) && !this.reserved.has(n));
    if (have.length > 0 && !this.random.chance(15)) return this.random.pick(have);
    const reg = this.target(...not);
    const from = this.holding('scalar').filter((n) => n !== reg);
    if (from.length > 0) this.mov(reg, this.random.pick(from));
    else this.movImm(reg, this.random.edge32());
    this.set(reg, SCALAR);
    return reg;
  }

  /** R0-R5 are gone after a call. */
  called(result: Belief): void {
    for (let n = 1; n <= 5; n++) this.set(n, NOTHING);
    this.set(0, result);
  }

  /** Runs `write` as code that may be skipped; afterwards holds what holds on both ways. */
  branch(write: () => void): void {
    const regs = this.regs.slice();
    const stored = new Set(this.stored);
    write();
    this.regs = this.regs.map((after, n) => join(after, regs[n] ?? NOTHING));
    this.stored = new Set([...this.stored].filter((off) => stored.has(off)));
  }
}

function join(a: Belief, b: Belief): Belief {
  if (a.is !== b.is) return NOTHING;
  if (a.is !== 'scalar' || b.is !== 'scalar') return a;
  if (a.lo === undefined || b.lo === undefined || a.hi === undefined || b.hi === undefined) return SCALAR;
  return { is: 'scalar', lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}
