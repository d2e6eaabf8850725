/**
 * struct file: one opening of a path, with its position and flags. Fds, mms and VMAs hold references.
 *
 * Source: fs/file_table.c, include/linux/fs.h.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { getCred, putCred } from './cred.ts';
import { dput } from './dentry.ts';
import { unwatchFile } from './epoll.ts';
import { getRef, putRef } from './refs.ts';

/** fmode_t bits that follow from the access mode. */
export const FMODE = { READ: 0x1, WRITE: 0x2, CAN_READ: 0x20000, CAN_WRITE: 0x40000 } as const;
const O_ACCMODE = 3;
export const O_CLOEXEC = 0o2000000;

export interface FileSpec {
  /** From vfs: which mount and which name. */
  readonly mnt: Addr;
  readonly dentry: Addr;
  readonly inode: View;
  /** Symbol of its file_operations. */
  readonly fops: string;
  /** f_flags: O_* as given to open, without O_CLOEXEC. */
  readonly flags: number;
  readonly mode: number;
  readonly pos: bigint;
  readonly cred: Addr;
  readonly privateData: Addr;
}

/** The file_operations object of a symbol. Its function pointers are not filled in. */
export const fileOperations = (kernel: Kernel, symbol: string): Addr =>
  kernel.object(symbol, 'file_operations').addr;

/**
 * A file with one reference, the caller's.
 *
 * @kernel alloc_file, fs/file_table.c
 * @fidelity partial: no readahead state, no locks, no owner
 */
export function newFile(kernel: Kernel, spec: FileSpec): View {
  const file = kernel.alloc('file');
  file.set('f_count', 1);
  file.set('f_op', fileOperations(kernel, spec.fops));
  file.set('f_path.mnt', spec.mnt);
  file.set('f_path.dentry', spec.dentry);
  file.set('f_inode', spec.inode.addr);
  file.trySet('f_mapping', spec.inode.has('i_mapping') ? spec.inode.ptr('i_mapping') : 0n);
  file.set('f_flags', spec.flags);
  file.set('f_mode', spec.mode);
  file.set('f_pos', spec.pos);
  file.trySet('f_cred', spec.cred);
  if (spec.cred !== 0n && file.has('f_cred')) getCred(kernel.view('cred', spec.cred));
  file.set('private_data', spec.privateData);
  file.trySet('f_ep', 0n);
  getRef(kernel.view('dentry', spec.dentry), 'd_lockref.count');
  return file;
}

export const getFile = (file: View): View => getRef(file, 'f_count');

/** What a file held is let go; called once, just before the file is freed. */
export type Release = (file: View) => void;

/** file_operations.release of what is code of ours, by the address of the file_operations. */
const releases = new WeakMap<Kernel, Map<Addr, Release>>();

/** Registers `release` for files with these file_operations: code, not state, once for each kernel. */
export function onRelease(kernel: Kernel, fops: string, release: Release): void {
  const table = releases.get(kernel) ?? new Map<Addr, Release>();
  releases.set(kernel, table.set(fileOperations(kernel, fops), release));
}

/**
 * Drops a reference; the last one releases and frees the file.
 *
 * @returns true when the file is gone
 * @kernel fput, fs/file_table.c
 * @fidelity partial: at once, not on the way back to user space
 */
export function fput(kernel: Kernel, file: View): boolean {
  if (file.num('f_count') === 1) {
    unwatchFile(kernel, file);
    releases.get(kernel)?.get(file.ptr('f_op'))?.(file);
  }
  if (!putRef(file, 'f_count')) return false;
  const dentry = file.deref('f_path.dentry');
  if (dentry) dput(kernel, dentry);
  const cred = file.has('f_cred') ? file.deref('f_cred') : null;
  if (cred) putCred(kernel, cred);
  kernel.mem.release(file.addr);
  return true;
}

export const canRead = (flags: number): boolean => (flags & O_ACCMODE) !== 1;
export const canWrite = (flags: number): boolean => (flags & O_ACCMODE) !== 0;
