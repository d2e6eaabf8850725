/**
 * files_struct: which struct file stands behind which fd. Tasks may share one.
 *
 *     task->files->fdt -> fd[]            fdt is files->fdtab with 64 slots until it must grow
 *                      -> open_fds, close_on_exec, full_fds_bits      bitmaps over the same numbers
 *
 * Invariant: no number below next_fd is free.
 *
 * Source: fs/file.c, include/linux/fdtable.h.
 */
import { EngineBug } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { fput, getFile } from './file.ts';
import { putRef } from './refs.ts';

/** Slots of the table inside files_struct: NR_OPEN_DEFAULT, one bitmap word. */
const INLINE_FDS = 64;
const WORD = 64;
/** Growth is by this many slots at least: 1 KiB of pointers. */
const GROW_BY = 128;
const BITMAPS = ['open_fds', 'close_on_exec', 'full_fds_bits'] as const;
type Bitmap = (typeof BITMAPS)[number];

export interface OpenFd {
  readonly fd: number;
  readonly file: View;
}

/** An empty table with one reference. @kernel dup_fd, fs/file.c @fidelity full: task.test.ts */
export function newFiles(kernel: Kernel, at?: View): View {
  const files = at ?? kernel.alloc('files_struct');
  const fdt = files.sub('fdtab');
  files.set('fdt', fdt.addr);
  fdt.set('max_fds', INLINE_FDS);
  fdt.set('fd', files.at('fd_array'));
  for (const map of BITMAPS) fdt.set(map, files.at(`${map}_init`));
  return files;
}

const fdtOf = (files: View): View => {
  const fdt = files.deref('fdt');
  if (!fdt) throw new EngineBug('files_struct without a table');
  return fdt;
};

const wordAt = (fdt: View, map: Bitmap, fd: number): Addr => fdt.ptr(map) + BigInt(Math.floor(fd / WORD) * 8);
const testBit = (fdt: View, map: Bitmap, bit: number): boolean =>
  ((fdt.mem.u64(wordAt(fdt, map, bit)) >> BigInt(bit % WORD)) & 1n) === 1n;
function setBit(fdt: View, map: Bitmap, bit: number, on: boolean): void {
  const at = wordAt(fdt, map, bit);
  const mask = 1n << BigInt(bit % WORD);
  const old = fdt.mem.u64(at);
  fdt.mem.setU64(at, on ? old | mask : old & ~mask);
}

/**
 * Makes room for `fd`.
 *
 * @kernel expand_fdtable, fs/file.c
 * @fidelity partial: the old table is freed at once, not after a grace period
 */
function expand(kernel: Kernel, files: View, fd: number): View {
  const old = fdtOf(files);
  const had = old.num('max_fds');
  if (fd < had) return old;
  const size = GROW_BY * 2 ** Math.ceil(Math.log2(Math.floor(fd / GROW_BY) + 1));
  const fdt = kernel.alloc('fdtable');
  fdt.set('max_fds', size);
  fdt.set('fd', kernel.allocBytes(size * 8));
  kernel.mem.setBytes(fdt.ptr('fd'), kernel.mem.bytes(old.ptr('fd'), had * 8));
  const words = Math.ceil(size / WORD);
  for (const map of BITMAPS) {
    const have = map === 'full_fds_bits' ? Math.ceil(had / WORD / WORD) : had / WORD;
    fdt.set(map, kernel.allocBytes((map === 'full_fds_bits' ? Math.ceil(words / WORD) : words) * 8));
    kernel.mem.setBytes(fdt.ptr(map), kernel.mem.bytes(old.ptr(map), have * 8));
  }
  files.set('fdt', fdt.addr);
  freeTable(kernel, files, old);
  return fdt;
}

function freeTable(kernel: Kernel, files: View, fdt: View): void {
  if (fdt.addr === files.at('fdtab')) return;
  for (const part of ['fd', ...BITMAPS]) kernel.mem.release(fdt.ptr(part));
  kernel.mem.release(fdt.addr);
}

/** The file behind an fd, or null. @kernel files_lookup_fd_raw, include/linux/fdtable.h @fidelity full: task.test.ts */
export function fileAtFd(kernel: Kernel, files: View, fd: number): View | null {
  const fdt = fdtOf(files);
  if (fd < 0 || fd >= fdt.num('max_fds')) return null;
  const file = kernel.mem.u64(fdt.ptr('fd') + BigInt(fd * 8));
  return file === 0n ? null : kernel.view('file', file);
}

/** The first open fd at `fd` or after it. @kernel fget_task_next, fs/file.c @fidelity full: task.test.ts */
export function nextFd(kernel: Kernel, files: View, fd: number): OpenFd | null {
  const fdt = fdtOf(files);
  const end = fdt.num('max_fds');
  const slots = fdt.ptr('fd');
  for (let at = fd; at < end; at++) {
    const file = kernel.mem.u64(slots + BigInt(at * 8));
    if (file !== 0n) return { fd: at, file: kernel.view('file', file) };
  }
  return null;
}

/** Every open fd, lowest first. */
export function* openFds(kernel: Kernel, files: View): Generator<OpenFd> {
  for (let at = nextFd(kernel, files, 0); at; at = nextFd(kernel, files, at.fd + 1)) yield at;
}

/** The lowest fd at `start` or above it that is not open. Reserves nothing. */
export function lowestFreeFd(files: View, start = 0): number {
  const fdt = fdtOf(files);
  let fd = Math.max(start, files.num('next_fd'));
  while (fd < fdt.num('max_fds') && testBit(fdt, 'open_fds', fd)) fd++;
  return fd;
}

/** Marks a number as taken; its slot stays empty until installFd. @kernel __set_open_fd, fs/file.c @fidelity full: task.test.ts */
export function reserveFd(kernel: Kernel, files: View, fd: number, cloexec: boolean): void {
  const fdt = expand(kernel, files, fd);
  setBit(fdt, 'open_fds', fd, true);
  setBit(fdt, 'close_on_exec', fd, cloexec);
  if (fdt.mem.u64(wordAt(fdt, 'open_fds', fd)) === 0xffff_ffff_ffff_ffffn)
    setBit(fdt, 'full_fds_bits', Math.floor(fd / WORD), true);
}

/** Makes next_fd say what it promises after numbers were taken out of order. */
export function settleNextFd(files: View): void {
  files.set('next_fd', 0);
  files.set('next_fd', lowestFreeFd(files));
}

/** Puts a file behind a reserved number; the caller's reference goes with it. @kernel fd_install, fs/file.c @fidelity full: task.test.ts */
export function installFd(kernel: Kernel, files: View, fd: number, file: View): void {
  if (fileAtFd(kernel, files, fd)) throw new EngineBug(`fd ${fd} is open`);
  kernel.mem.setU64(fdtOf(files).ptr('fd') + BigInt(fd * 8), file.addr);
}

/** Frees a number; returns the file that was behind it, still with its reference. @kernel file_close_fd_locked, fs/file.c @fidelity full: task.test.ts */
export function removeFd(kernel: Kernel, files: View, fd: number): View | null {
  const file = fileAtFd(kernel, files, fd);
  if (!file) return null;
  const fdt = fdtOf(files);
  kernel.mem.setU64(fdt.ptr('fd') + BigInt(fd * 8), 0n);
  setBit(fdt, 'open_fds', fd, false);
  setBit(fdt, 'close_on_exec', fd, false);
  setBit(fdt, 'full_fds_bits', Math.floor(fd / WORD), false);
  if (fd < files.num('next_fd')) files.set('next_fd', fd);
  return file;
}

export const isOpen = (files: View, fd: number): boolean => {
  const fdt = fdtOf(files);
  return fd < fdt.num('max_fds') && testBit(fdt, 'open_fds', fd);
};
export const isCloseOnExec = (files: View, fd: number): boolean => testBit(fdtOf(files), 'close_on_exec', fd);

/** A table of its own with the same files, as after fork. @kernel dup_fd, fs/file.c @fidelity full: task.test.ts */
export function copyFiles(kernel: Kernel, from: View): View {
  const files = newFiles(kernel);
  for (const { fd, file } of openFds(kernel, from)) {
    reserveFd(kernel, files, fd, isCloseOnExec(from, fd));
    installFd(kernel, files, fd, getFile(file));
  }
  return files;
}

/** Drops a reference; the last one closes everything. @kernel put_files_struct, fs/file.c @fidelity full: task.test.ts */
export function putFiles(kernel: Kernel, files: View): void {
  if (!putRef(files, 'count')) return;
  for (const { fd } of openFds(kernel, files)) {
    const file = removeFd(kernel, files, fd);
    if (file) fput(kernel, file);
  }
  freeTable(kernel, files, fdtOf(files));
  kernel.mem.release(files.addr);
}

/** The open-file table of a task, or null (zombies). @kernel get_files_struct, fs/file.c @fidelity full: task_targets.test.ts */
export const filesOf = (task: View): View | null => task.deref('files');

/** A task's file by fd, with a reference for the caller. @kernel fget_task, fs/file.c @fidelity full: app/module.test.ts */
export function fgetTask(kernel: Kernel, task: View, fd: number): View | null {
  const files = filesOf(task);
  const file = files && fileAtFd(kernel, files, fd);
  return file && getFile(file);
}

/** A task's first open fd at `fd` or after, its file with a reference for the caller. @kernel fget_task_next, fs/file.c @fidelity full: task_targets.test.ts */
export function fgetTaskNext(kernel: Kernel, task: View, fd: number): OpenFd | null {
  const files = filesOf(task);
  const found = files && nextFd(kernel, files, fd);
  if (found) getFile(found.file);
  return found;
}
