/**
 * Descriptors that libbpf keeps are never 0, 1 or 2: a program that was started without its standard files would
 * else take an object of BPF for one of them, and 0 means "none" to bpf(2).
 *
 * Source: ensure_good_fd, tools/lib/bpf/libbpf_internal.h.
 */
import type { BpfSyscalls } from './syscalls.ts';

/** Behind stdin, stdout and stderr. */
const FIRST_GOOD = 3;

/** @param fd what a system call returned @returns the same object's fd above 2, or the negated errno */
export function goodFd(sys: Pick<BpfSyscalls, 'dupAbove' | 'close'>, fd: number): number {
  if (fd < 0 || fd >= FIRST_GOOD) return fd;
  const moved = sys.dupAbove(fd, FIRST_GOOD);
  sys.close(fd);
  return moved;
}
