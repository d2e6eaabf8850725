/**
 * Run statistics of programs: how often one ran and how long, counted while somebody holds an fd that
 * BPF_ENABLE_STATS gave out.
 *
 *     bpf_stats_enabled_key.key.enabled > 0        prog->stats (per cpu) { cnt, nsecs, misses }
 *
 * Time is simulated: it moves with the instructions of programs, so a run takes as many nanoseconds each time.
 *
 * Source: kernel/bpf/syscall.c, include/linux/filter.h (__bpf_prog_run), Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { Prog } from '../bpf/prog.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';
import { anonInodeFd } from '../vfs/anon_inode.ts';
import { onRelease } from '../vfs/file.ts';
import { O_RDONLY } from './fds.ts';
import type { BpfFds } from './fds.ts';
import { O_CLOEXEC } from '../kernel/objects/file.ts';

const BPF_STATS_RUN_TIME = 0;
const FOPS = 'bpf_stats_fops';

const KEY = 'bpf_stats_enabled_key';
const key = (kernel: Kernel): View => kernel.object(KEY, 'static_key_false');
/** Asked before every run of a program: what nobody has made is not made for that. */
const holders = (kernel: Kernel): number => (kernel.hasObject(KEY) ? key(kernel).num('key.enabled') : 0);
const adjust = (kernel: Kernel, by: 1 | -1): void => key(kernel).set('key.enabled', holders(kernel) + by);

/** From now on closing such an fd ends its hold. @kernel bpf_stats_release, kernel/bpf/syscall.c @fidelity full: prog_stats.test.ts */
export const watchStatsFds = (kernel: Kernel): void => onRelease(kernel, FOPS, () => adjust(kernel, -1));

/** BPF_ENABLE_STATS @returns an fd that keeps statistics on, or -EINVAL @kernel bpf_enable_stats, kernel/bpf/syscall.c @fidelity full: prog_stats.test.ts */
export function enableStats(kernel: Kernel, fds: BpfFds, type: number): number {
  if (type !== BPF_STATS_RUN_TIME) return fail('EINVAL');
  const fd = anonInodeFd(kernel, fds.task, {
    name: 'bpf-stats',
    fops: FOPS,
    privateData: 0n,
    flags: O_RDONLY | O_CLOEXEC,
  });
  if (fd >= 0) adjust(kernel, 1);
  return fd;
}

/** What one program's counters say. */
export interface RunStats {
  readonly cnt: bigint;
  readonly nsecs: bigint;
}
const counters = ({ view }: Prog): View | null => (view.has('stats') ? view.deref('stats') : null);

/** @kernel bpf_prog_get_stats, kernel/bpf/syscall.c @fidelity full: prog_stats.test.ts */
export function runStats(prog: Prog): RunStats {
  const stats = counters(prog);
  if (!stats) return { cnt: 0n, nsecs: 0n };
  return { cnt: stats.mem.u64(stats.at('cnt')), nsecs: stats.mem.u64(stats.at('nsecs')) };
}

/** Runs `body`, which runs the program, and counts it if statistics are on. @kernel __bpf_prog_run, include/linux/filter.h @fidelity partial: a run's time is that of its instructions */
export function counted<T>(kernel: Kernel, prog: Prog, body: () => T): T {
  const stats = holders(kernel) > 0 ? counters(prog) : null;
  if (!stats) return body();
  const start = kernel.now;
  const result = body();
  for (const [field, by] of [
    ['cnt', 1n],
    ['nsecs', kernel.now - start],
  ] as const)
    stats.mem.setU64(stats.at(field), stats.mem.u64(stats.at(field)) + by);
  return result;
}
