/**
 * Per-cpu variables of the kernel image: each processor has an area with a copy of all of them.
 *
 *     address of a variable  +  __per_cpu_offset[cpu]  =  that processor's copy
 *
 * The address is a small number: kallsyms tells it or, where a world lists no such symbol, the place that the
 * BTF gives the variable in `.data..percpu`. There is one processor, and one area.
 *
 * Source: mm/percpu.c, include/asm-generic/percpu.h, arch/x86/kernel/setup_percpu.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { Kind } from '../btf/types.ts';
import type { BtfSecVar } from '../btf/types.ts';
import type { Kernel } from './kernel.ts';
import type { View } from './view.ts';

const SECTION = '.data..percpu';
/** No per-cpu address is as high as this, and no other address of the kernel as low. */
const HIGHEST = 1n << 24n;
const CACHE_LINE = 64;

/** The variables that the BTF knows, with their places. */
function inBtf({ btf }: Kernel): readonly BtfSecVar[] {
  const section = btf.type(btf.find(SECTION, Kind.DATASEC));
  return section.kind === Kind.DATASEC ? section.vars : [];
}

/**
 * The address of a variable or function that a program names, or null when there is none of this name.
 *
 * @kernel kallsyms_lookup_name, kernel/kallsyms.c
 * @fidelity partial: per-cpu variables are found without a symbol too
 */
export function ksymAddress(kernel: Kernel, name: string): Addr | null {
  const listed = kernel.symbols.find(name);
  if (listed) return listed.addr;
  const id = kernel.btf.find(name, Kind.VAR);
  const found = id === 0 ? undefined : inBtf(kernel).find(({ type }) => type === id);
  return found ? BigInt(found.offset) : null;
}

/** Bytes of one processor's area. */
function areaSize(kernel: Kernel): Bytes {
  const end = kernel.symbols.find('__per_cpu_end')?.addr ?? 0n;
  return Math.max(CACHE_LINE, Number(end), ...inBtf(kernel).map(({ offset, size }) => offset + size));
}

/** What is added to per-cpu addresses; the first to ask makes the area. */
function areaBase(kernel: Kernel): Addr {
  const slot = kernel.pointer('__per_cpu_offset');
  const known = kernel.mem.u64(slot);
  if (known !== 0n) return known;
  const base = kernel.allocBytes(areaSize(kernel), CACHE_LINE);
  kernel.mem.setU64(slot, base);
  return base;
}

/**
 * A processor's copy of what a per-cpu address stands for; any other address stands for itself.
 *
 * @kernel per_cpu_ptr, include/linux/percpu-defs.h
 * @fidelity partial: one processor; memory allocated per cpu is addressed as it lies
 */
export const percpuPtr = (kernel: Kernel, addr: Addr): Addr =>
  addr < HIGHEST ? addr + areaBase(kernel) : addr;

/** The processor's copy of a variable; null when this kernel has none of this name, or does not know its struct. */
export function percpuVariable(kernel: Kernel, name: string, struct: string): View | null {
  const addr = kernel.types.has(struct) ? ksymAddress(kernel, name) : null;
  return addr === null || addr >= HIGHEST ? null : kernel.view(struct, percpuPtr(kernel, addr));
}
