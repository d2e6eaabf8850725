/**
 * map_flags of BPF_MAP_CREATE: which of them a kind knows.
 *
 * Source: include/linux/bpf.h (BPF_F_ACCESS_MASK, bpf_map_flags_access_ok), Linux 6.12.
 */
import type { Bytes } from '../../../shared/brand.ts';
import {
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
} from '../../abi/uapi.ts';

/** Who may read and write: user space, programs. */
export const ACCESS_FLAGS = BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
export const NODE_AND_ACCESS = BPF_F_NUMA_NODE | ACCESS_FLAGS;
const NO_PROGRAM = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

/** Most that one allocation, and one allocation for each processor, may have. */
export const KMALLOC_MAX_SIZE: Bytes = 1 << 22;
export const PCPU_MIN_UNIT_SIZE: Bytes = 32 << 10;

/** True when `flags` has none but known ones, and programs may at least read or write. */
export const flagsOk = (flags: number, known: number): boolean =>
  (flags & ~known) === 0 && (flags & NO_PROGRAM) !== NO_PROGRAM;
