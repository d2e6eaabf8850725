/** What the shell is given by whoever builds the machine: the system calls, and a way out for what it cannot do itself. */
import type { KernelInfo } from '../libbpf/resolve_externs.ts';
import type { WorldFiles } from '../kernel/world_files.ts';
import type { BpfSyscall } from '../sys/bpf.ts';
import type { Sys } from '../sys/sys.ts';

/** The folder that the user works in, which the shell sees as its working directory. Nothing is written there. */
export interface OutsideFiles {
  /** @param path relative, without `.` and `..`; null when it cannot be read */
  read(path: string): Uint8Array | null;
  /** Bytes in a file; null when there is no such file. */
  size(path: string): number | null;
  /** Names in a directory ('' is the folder itself), those of directories with a slash behind; null: no such directory. */
  list(path: string): readonly string[] | null;
}

export const NO_OUTSIDE_FILES: OutsideFiles = {
  size: () => null,
  read: () => null,
  list: (path) => (path === '' ? [] : null),
};

/** A C program for the BPF target. */
export interface CompileRequest {
  readonly path: string;
  readonly text: string;
  readonly defines: Readonly<Record<string, string>>;
  /** `-w` and `-W...` */
  readonly warnings: readonly string[];
  readonly include: (name: string) => string | null;
}
export interface CompileAnswer {
  readonly object: Uint8Array | null;
  /** As clang prints them, with the source lines. */
  readonly messages: string;
}

export interface ShellHost {
  readonly sys: Sys;
  readonly syscall: BpfSyscall;
  readonly files: WorldFiles;
  readonly uname: {
    readonly nodename: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  };
  /** What libbpf asks of the kernel when it loads an object. */
  readonly kernelInfo: KernelInfo;
  readonly outside: OutsideFiles;
  /** read(2) of an iterator, with what the world's script does meanwhile. Yields after each callback. */
  read(fd: number, size: number): Generator<unknown, { readonly ret: number; readonly bytes: Uint8Array }>;
  compile(request: CompileRequest): CompileAnswer;
}

/** The kernel could not finish a system call: a program that came to no end, or an oops. The process is killed. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}
