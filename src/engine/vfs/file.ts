/**
 * The end of a file: when its last reference goes, its file_operations get to release what it held.
 *
 * What is behind a file (a link, a program, a session) registers its release by the symbol of its
 * file_operations; vfs knows none of them.
 *
 * Source: fs/file_table.c, Linux 6.12.
 */
import type { Kernel } from '../kernel/kernel.ts';
import { fput } from '../kernel/objects/file.ts';
import type { View } from '../kernel/view.ts';

/** Called with the file just before it is freed. */
export type Release = (file: View) => void;

const registries = new WeakMap<Kernel, Map<bigint, Release>>();

/** Registers `release` for files with these file_operations. Code, not state: done once for each kernel. */
export function onRelease(kernel: Kernel, fops: string, release: Release): void {
  let table = registries.get(kernel);
  if (!table) registries.set(kernel, (table = new Map()));
  table.set(kernel.object(fops, 'file_operations').addr, release);
}

/** Drops a reference. @returns true when the file is gone @kernel __fput, fs/file_table.c @fidelity partial: at once, not at return to user space */
export function closeFile(kernel: Kernel, file: View): boolean {
  if (file.num('f_count') === 1) registries.get(kernel)?.get(file.ptr('f_op'))?.(file);
  return fput(kernel, file);
}
