/**
 * signal_struct: what the threads of a process share beside memory and files, and what it spent so far.
 *
 *     signal { thread_head, nr_threads, live, rlim[], utime, stime, ... of threads that are gone }
 *
 * Source: include/linux/sched/signal.h, kernel/fork.c, kernel/exit.c, include/asm-generic/resource.h.
 */
import type { Kernel } from '../kernel.ts';
import { listInit } from '../list.ts';
import type { View } from '../view.ts';

const INFINITY = 0xffff_ffff_ffff_ffffn;
/** Half of the threads that a machine with 4 GiB may have. */
const THREADS = 16_384n;
const MIB = 1n << 20n;
/** Soft and hard limits of the first task, by RLIMIT_*: CPU, FSIZE, DATA, STACK, CORE, RSS, NPROC, NOFILE, ... */
const LIMITS: readonly (readonly [soft: bigint, hard: bigint])[] = [
  [INFINITY, INFINITY],
  [INFINITY, INFINITY],
  [INFINITY, INFINITY],
  [8n * MIB, INFINITY],
  [0n, INFINITY],
  [INFINITY, INFINITY],
  [THREADS, THREADS],
  [1024n, 4096n],
  [8n * MIB, 8n * MIB],
  [INFINITY, INFINITY],
  [INFINITY, INFINITY],
  [THREADS, THREADS],
  [819_200n, 819_200n],
  [0n, 0n],
  [0n, 0n],
  [INFINITY, INFINITY],
];

/** Counters that a process keeps of threads that are gone; tasks have fields of the same names. */
const SPENT = ['utime', 'stime', 'nvcsw', 'nivcsw', 'min_flt', 'maj_flt'] as const;
/** The same of children that were waited for. */
const SPENT_BY_CHILDREN: readonly (readonly [own: string, children: string])[] = [
  ['utime', 'cutime'],
  ['stime', 'cstime'],
  ['min_flt', 'cmin_flt'],
  ['maj_flt', 'cmaj_flt'],
];

/**
 * A signal_struct of a process without threads yet.
 *
 * @param parent whose limits it inherits; null for the first task
 * @kernel copy_signal, kernel/fork.c
 * @fidelity partial: no timers, no terminal
 */
export function initSignal(kernel: Kernel, signal: View, parent: View | null): void {
  for (const head of ['thread_head', 'shared_pending.list'])
    if (signal.has(head)) listInit(kernel.mem, signal.at(head));
  LIMITS.forEach(([soft, hard], i) => {
    signal.trySet(`rlim[${i}].rlim_cur`, parent ? parent.big(`rlim[${i}].rlim_cur`) : soft);
    signal.trySet(`rlim[${i}].rlim_max`, parent ? parent.big(`rlim[${i}].rlim_max`) : hard);
  });
  for (const field of [...SPENT, ...SPENT_BY_CHILDREN.map(([, children]) => children)])
    signal.trySet(field, 0);
}

const addTo = (sum: View, field: string, more: bigint): void => {
  if (sum.has(field)) sum.set(field, sum.big(field) + more);
};

/** What a task spent stays with its process. @kernel __exit_signal, kernel/exit.c @fidelity partial: no I/O, no guest time */
export function keepSpent(task: View, signal: View): void {
  for (const field of SPENT) if (task.has(field)) addTo(signal, field, task.big(field));
}

/** What a process and its children spent becomes its parent's. @kernel wait_task_zombie, kernel/exit.c @fidelity partial: as keepSpent */
export function passSpent(signal: View, parent: View): void {
  for (const [own, children] of SPENT_BY_CHILDREN)
    if (signal.has(own)) addTo(parent, children, signal.big(own) + signal.big(children));
}
