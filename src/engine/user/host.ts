/** What user programs are given by whoever builds the machine. */
import type { Kernel } from '../kernel/kernel.ts';
import type { WorldFiles } from '../kernel/world_files.ts';
import type { KernelInfo } from '../libbpf/resolve_externs.ts';
import type { OpenFile } from '../shell/open_file.ts';
import type { BpfSyscall } from '../sys/bpf.ts';
import type { Sys } from '../sys/sys.ts';

export interface UserHost {
  readonly kernel: Kernel;
  readonly sys: Sys;
  readonly syscall: BpfSyscall;
  readonly files: WorldFiles;
  readonly kernelInfo: KernelInfo;
  /** Bytes of a file in the folder the program was started from, or null. */
  outside(path: string): Uint8Array | null;
  /** open(2) of what is no BPF object: a file, or a negated errno. */
  open(path: string, flags: number, mode: number): OpenFile | number;
  /** read(2) of an iterator, with what the world's script does meanwhile. Yields after each callback. */
  read(fd: number, size: number): Generator<unknown, { readonly ret: number; readonly bytes: Uint8Array }>;
  /** What the program writes: fd 1 and 2 as it was started. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
}
