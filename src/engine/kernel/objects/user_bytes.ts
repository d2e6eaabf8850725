/**
 * What stands in the user memory of a process: the bytes that a world tells (arguments, environment), and
 * those of a process that really runs.
 *
 *     mm -> [ { start, length, kernel address of the bytes } ... ]
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';

/** A stretch whose bytes are known. */
export interface KnownBytes {
  readonly start: Addr;
  readonly length: Bytes;
  /** Where they are in kernel memory. */
  readonly bytes: Addr;
  /** The bytes are this address space's own. */
  readonly owned: boolean;
}

const known = new WeakMap<Kernel, Map<Addr, KnownBytes[]>>();
function stretches(kernel: Kernel, mm: Addr): KnownBytes[] {
  let byMm = known.get(kernel);
  if (!byMm) known.set(kernel, (byMm = new Map()));
  let list = byMm.get(mm);
  if (!list) byMm.set(mm, (list = []));
  return list;
}

/** From now on these bytes stand at a user address; the addresses must be mapped to be read. */
export function setUserBytes(kernel: Kernel, mm: View, start: Addr, data: Uint8Array): void {
  if (data.length === 0) return;
  const bytes = kernel.allocBytes(data.length);
  kernel.mem.setBytes(bytes, data);
  stretches(kernel, mm.addr).unshift({ start, length: data.length, bytes, owned: true });
}

/** As setUserBytes, for bytes that are in memory already and may change there. */
export function showUserBytes(kernel: Kernel, mm: View, start: Addr, bytes: Addr, length: Bytes): void {
  stretches(kernel, mm.addr).unshift({ start, length, bytes, owned: false });
}

/** Nothing is known of an address space any more: it is freed, or its process has run another program. */
export function forgetUserBytes(kernel: Kernel, mm: View): void {
  for (const { bytes, owned } of stretches(kernel, mm.addr)) if (owned) kernel.mem.release(bytes);
  known.get(kernel)?.delete(mm.addr);
}

/** A copy of an address space has the same contents. */
export function copyUserBytes(kernel: Kernel, from: View, to: View): void {
  for (const { start, length, bytes } of stretches(kernel, from.addr).toReversed())
    setUserBytes(kernel, to, start, kernel.mem.bytes(bytes, length));
}

/** What is known of an address space, the newest first: it hides what is older. */
export const userBytes = (kernel: Kernel, mm: View): readonly KnownBytes[] => stretches(kernel, mm.addr);
