/**
 * The processor: what it runs, who waits for it, and how it spent its time.
 *
 *     runqueues { curr, idle, nr_running, cfs, rt }      pcpu_hot.current_task      kernel_cpustat.cpustat[]
 *
 * Source: kernel/sched/core.c, kernel/sched/sched.h, arch/x86/include/asm/current.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { percpuVariable } from '../percpu.ts';
import type { View } from '../view.ts';
import { spinLockInit } from './spin_lock.ts';

const runqueue = (kernel: Kernel): View | null => percpuVariable(kernel, 'runqueues', 'rq');

/** @kernel sched_init, kernel/sched/core.c @fidelity partial: no classes, clocks, load or groups */
export function initCpu(kernel: Kernel, idle: View): void {
  const rq = runqueue(kernel);
  if (rq) {
    for (const lock of ['__lock', 'lock']) spinLockInit(rq, lock);
    rq.set('idle', idle.addr);
    rq.trySet('online', 1);
    for (const zero of ['cpu', 'nr_running', 'cfs.nr_running', 'rt.rt_nr_running', 'nr_uninterruptible'])
      rq.trySet(zero, 0);
    if (rq.has('cfs.rq')) rq.set('cfs.rq', rq.addr);
  }
  kernel.onSwitch((task) => runs(kernel, task));
}

/** The scheduler has chosen a task. @kernel context_switch, __switch_to, kernel/sched/core.c @fidelity partial: nothing is saved or accounted */
function runs(kernel: Kernel, task: Addr): void {
  const rq = runqueue(kernel);
  const before = rq?.deref('curr');
  if (before && kernel.mem.isAllocated(before.addr)) before.trySet('on_cpu', 0);
  rq?.set('curr', task);
  percpuVariable(kernel, 'pcpu_hot', 'pcpu_hot')?.trySet('current_task', task);
  kernel.view('task_struct', task).trySet('on_cpu', 1);
}

/** One task more, or less, is runnable. @kernel add_nr_running, sub_nr_running, kernel/sched/sched.h @fidelity partial: no groups of tasks */
export function countRunning(kernel: Kernel, task: View, by: 1 | -1): void {
  const rq = runqueue(kernel);
  if (!rq) return;
  const realTime = task.has('rt_priority') && task.num('rt_priority') > 0;
  const counters = realTime
    ? ['nr_running', 'rt.rt_nr_running']
    : ['nr_running', 'cfs.nr_running', 'cfs.h_nr_running', 'cfs.h_nr_queued', 'cfs.h_nr_runnable'];
  for (const counter of counters) if (rq.has(counter)) rq.set(counter, rq.num(counter) + by);
}

/** What a processor counts, as /proc/stat lists it: nanoseconds, and switches. */
export interface CpuTimes {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
  readonly switches: number;
}

/** CPUTIME_* */
const CPUTIME = { user: 0, nice: 1, system: 2, softirq: 3, irq: 4, idle: 5, iowait: 6, steal: 7 } as const;

/** How the processor spent its time so far. @kernel account_user_time, account_idle_time, kernel/sched/cputime.c @fidelity partial: as a world tells, it does not go on */
export function setCpuTimes(kernel: Kernel, times: CpuTimes): void {
  const stat = percpuVariable(kernel, 'kernel_cpustat', 'kernel_cpustat');
  for (const [name, index] of Object.entries(CPUTIME))
    stat?.trySet(`cpustat[${index}]`, times[name as keyof typeof CPUTIME]);
  runqueue(kernel)?.trySet('nr_switches', times.switches);
}
