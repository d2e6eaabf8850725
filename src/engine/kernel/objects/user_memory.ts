/**
 * Reading the user memory of a process: what is known to stand there, zeros elsewhere in readable mappings,
 * a fault where nothing is mapped.
 *
 * Source: mm/maccess.c, mm/memory.c (access_process_vm), lib/strncpy_from_user.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { PAGE_SIZE } from '../address.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { VM, findVma } from './mm.ts';
import { userBytes } from './user_bytes.ts';

/**
 * Bytes of an address space.
 *
 * @returns null when not all of them are in readable mappings
 * @kernel copy_from_user, access_process_vm, mm/memory.c
 * @fidelity partial: every page of a mapping is there; pages that nobody told read as zeros, files' too
 */
export function readUser(kernel: Kernel, mm: View | null, addr: Addr, size: Bytes): Uint8Array | null {
  const end = addr + BigInt(size);
  for (let at = addr; at < end;) {
    const vma = mm && findVma(kernel, mm, at);
    if (!vma || vma.big('vm_start') > at || (vma.num('vm_flags') & VM.READ) === 0) return null;
    at = vma.big('vm_end');
  }
  const out = new Uint8Array(size);
  for (const { start, length, bytes } of mm ? userBytes(kernel, mm).toReversed() : []) {
    const from = start > addr ? start : addr;
    const to = start + BigInt(length) < end ? start + BigInt(length) : end;
    if (from < to) out.set(kernel.mem.bytes(bytes + (from - start), Number(to - from)), Number(from - addr));
  }
  return out;
}

/**
 * The bytes of a string up to its NUL, at most `max` of them.
 *
 * @returns null when memory ends before the string does
 * @kernel strncpy_from_user, lib/strncpy_from_user.c
 * @fidelity partial: as readUser
 */
export function readUserString(kernel: Kernel, mm: View | null, addr: Addr, max: Bytes): Uint8Array | null {
  const out: number[] = [];
  while (out.length < max) {
    const at = addr + BigInt(out.length);
    const room = PAGE_SIZE - Number(at & BigInt(PAGE_SIZE - 1));
    const page = readUser(kernel, mm, at, Math.min(room, max - out.length));
    if (!page) return null;
    const end = page.indexOf(0);
    out.push(...(end < 0 ? page : page.subarray(0, end)));
    if (end >= 0) break;
  }
  return Uint8Array.from(out);
}
