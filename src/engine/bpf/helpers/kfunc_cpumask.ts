/**
 * Masks of processors that programs make for themselves.
 *
 * Source: kernel/bpf/cpumask.c, include/linux/cpumask.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { ArgNumber, Call, Helper } from '../../vm/helper.ts';
import { acquireCpumask, releaseCpumask } from '../kernel_refs.ts';

/** Operations over the bits of a machine with so many processors. */
class Masks {
  private readonly cpus: number;
  private readonly all: bigint;
  /** Where the last search of any_distribute ended. */
  private previous = -1;

  constructor(cpus: number) {
    this.cpus = cpus;
    this.all = (1n << BigInt(cpus)) - 1n;
  }

  /** 64-bit words that hold the bits. */
  private get words(): number {
    return Math.ceil(this.cpus / 64);
  }
  /** The bits of the processors there are. */
  get({ mem }: Call, at: Addr): bigint {
    let bits = 0n;
    for (let i = 0; i < this.words; i++) bits |= mem.u64(at + BigInt(i * 8)) << BigInt(i * 64);
    return bits & this.all;
  }
  set({ mem }: Call, at: Addr, bits: bigint): void {
    for (let i = 0; i < this.words; i++)
      mem.setU64(at + BigInt(i * 8), BigInt.asUintN(64, bits >> BigInt(i * 64)));
  }
  /** Sets whole words, as the kernel does. */
  fill(call: Call, at: Addr): void {
    this.set(call, at, (1n << BigInt(this.words * 64)) - 1n);
  }
  isFull(bits: bigint): boolean {
    return bits === this.all;
  }
  isCpu(cpu: number): boolean {
    return cpu < this.cpus;
  }
  /** The first set bit from `from` on, or the number of processors. */
  first(bits: bigint, from = 0): number {
    for (let cpu = from; cpu < this.cpus; cpu++) if (((bits >> BigInt(cpu)) & 1n) !== 0n) return cpu;
    return this.cpus;
  }
  firstZero(bits: bigint): number {
    return this.first(~bits & this.all);
  }
  /** Each search goes on behind the last one's answer. @kernel cpumask_any_distribute, lib/cpumask.c */
  any(bits: bigint): number {
    const next = this.first(bits, this.previous + 1);
    const found = this.isCpu(next) ? next : this.first(bits);
    if (this.isCpu(found)) this.previous = found;
    return found;
  }
}

const weight = (bits: bigint): number => bits.toString(2).replaceAll('0', '').length;

/**
 * @param cpus processors of the machine
 * @kernel bpf_cpumask_*, kernel/bpf/cpumask.c
 * @fidelity full: app/async.test.ts
 */
export function cpumaskKfuncs(cpus: number): readonly (readonly [string, Helper])[] {
  const masks = new Masks(cpus);
  const bits = (call: Call, n: ArgNumber): bigint => masks.get(call, call.arg(n));
  const yes = (is: boolean): number => (is ? 1 : 0);
  /** Changes the bit of a processor, if there is one. @returns what it was */
  const change =
    (to: boolean | null): Helper =>
    (call) => {
      const cpu = call.u32(1);
      if (!masks.isCpu(cpu)) return 0;
      const at = call.arg(2);
      const bit = 1n << BigInt(cpu);
      const old = masks.get(call, at);
      if (to !== null) masks.set(call, at, to ? old | bit : old & ~bit);
      return yes((old & bit) !== 0n);
    };
  const without =
    (helper: Helper): Helper =>
    (call) => {
      helper(call);
      return 0;
    };
  const combine =
    (how: (a: bigint, b: bigint) => bigint): Helper =>
    (call) => {
      const result = how(bits(call, 2), bits(call, 3));
      masks.set(call, call.arg(1), result);
      return yes(result !== 0n);
    };
  return [
    ['bpf_cpumask_create', create],
    ['bpf_cpumask_release', without((c) => (releaseCpumask(c.kernel, c.arg(1)), 0))],
    ['bpf_cpumask_acquire', (c) => acquireCpumask(c.kernel, c.arg(1))],
    ['bpf_cpumask_first', (c) => masks.first(bits(c, 1))],
    ['bpf_cpumask_first_zero', (c) => masks.firstZero(bits(c, 1))],
    ['bpf_cpumask_first_and', (c) => masks.first(bits(c, 1) & bits(c, 2))],
    ['bpf_cpumask_set_cpu', without(change(true))],
    ['bpf_cpumask_clear_cpu', without(change(false))],
    ['bpf_cpumask_test_cpu', change(null)],
    ['bpf_cpumask_test_and_set_cpu', change(true)],
    ['bpf_cpumask_test_and_clear_cpu', change(false)],
    ['bpf_cpumask_setall', without((c) => (masks.fill(c, c.arg(1)), 0))],
    ['bpf_cpumask_clear', without((c) => (masks.set(c, c.arg(1), 0n), 0))],
    ['bpf_cpumask_and', combine((a, b) => a & b)],
    ['bpf_cpumask_or', without(combine((a, b) => a | b))],
    ['bpf_cpumask_xor', without(combine((a, b) => a ^ b))],
    ['bpf_cpumask_equal', (c) => yes(bits(c, 1) === bits(c, 2))],
    ['bpf_cpumask_intersects', (c) => yes((bits(c, 1) & bits(c, 2)) !== 0n)],
    ['bpf_cpumask_subset', (c) => yes((bits(c, 1) & ~bits(c, 2)) === 0n)],
    ['bpf_cpumask_empty', (c) => yes(bits(c, 1) === 0n)],
    ['bpf_cpumask_full', (c) => yes(masks.isFull(bits(c, 1)))],
    ['bpf_cpumask_copy', without((c) => (masks.set(c, c.arg(1), bits(c, 2)), 0))],
    ['bpf_cpumask_any_distribute', (c) => masks.any(bits(c, 1))],
    ['bpf_cpumask_any_and_distribute', (c) => masks.any(bits(c, 1) & bits(c, 2))],
    ['bpf_cpumask_weight', (c) => weight(bits(c, 1))],
  ];
}

function create({ kernel }: Call): Addr {
  const mask = kernel.alloc('bpf_cpumask');
  mask.set('usage', 1);
  return mask.addr;
}
