/**
 * Reading memory whose address comes from a program: faults are results, not oopses.
 *
 * Source: mm/maccess.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import { PAGE_SIZE } from '../../kernel/address.ts';
import type { Memory } from '../../kernel/memory.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import { readUserString } from '../../kernel/objects/user_memory.ts';
import type { View } from '../../kernel/view.ts';
import type { PrintfMemory } from '../bprintf.ts';

/** A page of the kernel image's range that counts as user space. */
const VSYSCALL = 0xffff_ffff_ff60_0000n;

/**
 * The canonical addresses of the kernel's half: as many as user space has, with its guard page.
 *
 * @kernel copy_from_kernel_nofault_allowed, arch/x86/mm/maccess.c
 * @fidelity full: printf.test.ts
 */
const kernelRange = ({ map }: Memory, addr: Addr): boolean =>
  addr >= BigInt.asUintN(64, -(map.userEnd + BigInt(PAGE_SIZE))) &&
  addr - (addr % BigInt(PAGE_SIZE)) !== VSYSCALL;

/**
 * Bytes at a kernel address.
 *
 * @returns them, -ERANGE outside the kernel's range even of none, or -EFAULT where nothing is
 * @kernel copy_from_kernel_nofault, mm/maccess.c
 * @fidelity full: btf_show.test.ts
 */
export function readKernel(mem: Memory, addr: Addr, size: Bytes): Uint8Array | NegErrno {
  if (!kernelRange(mem, addr)) return fail('ERANGE');
  if (size === 0) return new Uint8Array(0);
  return mem.translate(addr, size) < 0 ? fail('EFAULT') : mem.bytes(addr, size);
}

/**
 * The bytes of a string up to its NUL, cut to `max` - 1.
 *
 * @kernel strncpy_from_kernel_nofault, mm/maccess.c
 * @fidelity full: printf.test.ts
 */
export function readKernelString(mem: Memory, addr: Addr, max: Bytes): Uint8Array | NegErrno {
  if (!kernelRange(mem, addr)) return fail('ERANGE');
  if (max <= PAGE_SIZE && mem.translate(addr, max) >= 0) {
    const bytes = mem.bytes(addr, Math.max(0, max - 1));
    const end = bytes.indexOf(0);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
  const out: number[] = [];
  while (out.length < max - 1) {
    const at = addr + BigInt(out.length);
    if (mem.translate(at, 1) < 0) return fail('EFAULT');
    const byte = mem.u8(at);
    if (byte === 0) break;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

/** The address space of the task that runs; null for a kernel thread, and before there are tasks. */
export const currentMm = (kernel: Kernel): View | null =>
  kernel.current === 0n ? null : taskAt(kernel, kernel.current).deref('mm');

/** How printf conversions reach memory: the kernel's, and that of the current task. */
export function printfMemory(kernel: Kernel): PrintfMemory {
  const { mem, symbols } = kernel;
  return {
    symbols,
    string: (addr, max, whose) => {
      const text =
        whose === 'user' || (whose === 'any' && mem.isUser(addr))
          ? readUserString(kernel, currentMm(kernel), addr, max - 1)
          : readKernelString(mem, addr, max);
      return text instanceof Uint8Array ? latin1Decode(text) : null;
    },
    bytes: (addr, size) => {
      const bytes = readKernel(mem, addr, size);
      return bytes instanceof Uint8Array ? bytes : null;
    },
  };
}

/** Stores text with its NUL into `size` bytes, cut to fit; nowhere for NULL or no bytes. */
export function storeText(mem: Memory, to: Addr, size: Bytes, text: string): void {
  if (to !== 0n && size > 0) mem.setBytes(to, latin1Encode(`${text.slice(0, size - 1)}\0`));
}
