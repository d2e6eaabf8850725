/**
 * What a name stands for, and what a filesystem answers about names.
 *
 * Paths inside a filesystem are relative to its root: '' is the root, `a/b` a name below it.
 */
import type { NegErrno } from '../../../shared/errno.ts';
import { fail } from '../../../shared/errno.ts';
import type { OpenFile } from '../open_file.ts';

export const S_IFMT = 0o170000;
export const S_IFDIR = 0o40000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o20000;

export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_CLOEXEC = 0o2000000;

export interface Node {
  /** Type and permission bits. */
  readonly mode: number;
  readonly ino: bigint;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly rdev?: number;
  /** Of a symbolic link: where it leads, and what `readlink` shows where that differs. */
  readonly target?: string;
  /** open(2); absent: it cannot be opened for reading or writing. */
  readonly open?: (flags: number) => OpenFile | NegErrno;
}

export interface FileSystem {
  /** Word after the device in /proc/mounts. */
  readonly type: string;
  node(path: string): Node | null;
  /** Names in a directory, unsorted; only asked of directories. */
  names(path: string): readonly string[];
  /** A new empty file. @returns 0 or a negated errno */
  create(path: string, mode: number): NegErrno;
  mkdir(path: string, mode: number): NegErrno;
  rmdir(path: string): NegErrno;
  unlink(path: string): NegErrno;
}

export const isDirectory = (node: Node): boolean => (node.mode & S_IFMT) === S_IFDIR;
export const isLink = (node: Node): boolean => (node.mode & S_IFMT) === S_IFLNK;

/** A filesystem whose names come and go with the kernel's objects. */
export abstract class FixedFileSystem implements FileSystem {
  abstract readonly type: string;
  abstract node(path: string): Node | null;
  abstract names(path: string): readonly string[];
  create(_path: string, _mode: number): NegErrno {
    return fail('EACCES');
  }
  mkdir(_path: string, _mode: number): NegErrno {
    return fail('EPERM');
  }
  rmdir(_path: string): NegErrno {
    return fail('EPERM');
  }
  unlink(_path: string): NegErrno {
    return fail('EPERM');
  }
}
