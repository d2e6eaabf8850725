/**
 * signal_struct: what the threads of a process share beside memory and files, and what it spent so far.
 *
 *     signal { thread_head, nr_threads, live, rlim[], utime, stime, ... of threads that are gone }
 *
 * sighand_struct: what its threads do about each signal.
 *
 *     sighand.action[SIGNAL - 1].sa.sa_handler      0: the default, 1: nothing, else a function of the process
 *
 * Source: include/linux/sched/signal.h, kernel/fork.c, kernel/exit.c, include/asm-generic/resource.h.
 */
import type { Kernel } from '../kernel.ts';
import { listInit } from '../list.ts';
import type { View } from '../view.ts';
import { spinLockInit } from './spin_lock.ts';

/** Real-time signals among them. */
const SIGNALS = 64;
const SIG_DFL = 0n;
export const SIG_IGN = 1n;

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
const SPENT = ['utime', 'stime', 'gtime', 'nvcsw', 'nivcsw', 'min_flt', 'maj_flt'] as const;
/** The same of children that were waited for. */
const SPENT_BY_CHILDREN: readonly (readonly [own: string, children: string])[] = [
  ['utime', 'cutime'],
  ['stime', 'cstime'],
  ['gtime', 'cgtime'],
  ['nvcsw', 'cnvcsw'],
  ['nivcsw', 'cnivcsw'],
  ['min_flt', 'cmin_flt'],
  ['maj_flt', 'cmaj_flt'],
];

/**
 * A signal_struct of a process without threads yet.
 *
 * @param parent whose limits it inherits; null for the first task
 * @kernel copy_signal, kernel/fork.c
 * @fidelity partial: no timers
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
  for (const zero of ['flags', 'group_exit_code', 'shared_pending.signal', 'tty']) signal.trySet(zero, 0);
  if (parent?.has('oom_score_adj')) signal.set('oom_score_adj', parent.num('oom_score_adj'));
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

// -- what is done about signals --------------------------------------------------------------------------------

/** Signals of a set, by number. @param set bit i: signal i + 1 */
export function* signalsIn(set: bigint): Generator<number> {
  for (let signal = 1; signal <= SIGNALS; signal++)
    if (((set >> BigInt(signal - 1)) & 1n) !== 0n) yield signal;
}

const actionOf = (signal: number): string => `action[${signal - 1}].sa.sa_handler`;

/** What the process does when a signal comes. @param handler SIG_DFL, SIG_IGN or an address @kernel do_sigaction, kernel/signal.c @fidelity partial: no flags or masks */
export function setAction(sighand: View, signal: number, handler: bigint): void {
  sighand.trySet(actionOf(signal), handler);
}

/** A sighand_struct that nobody uses yet; what `from` does about signals it does too. @kernel copy_sighand, kernel/fork.c @fidelity full: app/kernel_fields.test.ts */
export function newSighand(kernel: Kernel, from: View | null): View {
  const sighand = kernel.alloc('sighand_struct');
  spinLockInit(sighand, 'siglock');
  if (!sighand.has('action[0]')) return sighand;
  const size = kernel.types.struct('k_sigaction').size * SIGNALS;
  if (from) kernel.mem.setBytes(sighand.at('action'), kernel.mem.bytes(from.at('action'), size));
  return sighand;
}

/** A new program knows no handlers; what was ignored stays ignored. @kernel flush_signal_handlers, kernel/signal.c @fidelity full: app/kernel_fields.test.ts */
export function flushHandlers(sighand: View): void {
  if (!sighand.has('action[0]')) return;
  for (let signal = 1; signal <= SIGNALS; signal++)
    if (sighand.big(actionOf(signal)) !== SIG_IGN) setAction(sighand, signal, SIG_DFL);
}
