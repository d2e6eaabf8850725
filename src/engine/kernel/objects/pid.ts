/**
 * struct pid: a number of a task, one per pid namespace it can be seen from.
 *
 *     ns->idr[nr] -> pid -> tasks[PIDTYPE_PID] -> task.pid_links[PIDTYPE_PID]      task->thread_pid -> pid
 *     pid->numbers[level] = { nr, ns }     level 0 is the initial namespace
 *
 * A number may outlive its task's other uses: as a process group or session id a pid stays in the table
 * with nothing under PIDTYPE_PID.
 *
 * Source: kernel/pid.c, include/linux/pid.h.
 */
import { EngineBug } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistUnhashed } from '../list.ts';
import type { View } from '../view.ts';
import { XArray } from '../xarray.ts';
import { putRef } from './refs.ts';

export const PidType = { PID: 0, TGID: 1, PGID: 2, SID: 3 } as const;
export type PidType = (typeof PidType)[keyof typeof PidType];

/** The smallest number that pid allocation returns to when it wraps; also pid_max's default. */
const RESERVED_PIDS = 300;
const PID_MAX = 4_194_304;

const table = (kernel: Kernel, ns: View): XArray => new XArray(kernel, ns.sub('idr.idr_rt'));

export interface PidEntry {
  readonly nr: number;
  readonly pid: View;
}

/**
 * A pid with the given numbers, outermost namespace first, entered in every namespace from `ns` outwards.
 *
 * @param numbers one per level; a missing one is allocated
 * @kernel alloc_pid, kernel/pid.c
 * @fidelity full: task.test.ts
 */
export function allocPid(kernel: Kernel, ns: View, numbers: readonly number[] = []): View {
  const level = ns.num('level');
  const type = kernel.types.struct('pid');
  const upid = kernel.types.struct('upid').size;
  const addr = kernel.allocBytes(Math.max(type.size, type.field('numbers').offset + (level + 1) * upid), 64);
  const pid = kernel.view('pid', addr);
  pid.set('count', 1);
  pid.set('level', level);
  for (let at: View | null = ns, i = level; at; at = at.deref('parent'), i--) {
    const nr = numbers[i] ?? nextFreeNumber(kernel, at);
    if (table(kernel, at).load(nr) !== 0n) throw new EngineBug(`pid ${nr} is taken`);
    pid.set(`numbers[${i}].nr`, nr);
    pid.set(`numbers[${i}].ns`, at.addr);
    table(kernel, at).store(nr, addr);
    at.set('idr.idr_next', nr + 1);
    at.set('pid_allocated', at.num('pid_allocated') + 1);
  }
  return pid;
}

function nextFreeNumber(kernel: Kernel, ns: View): number {
  const ids = table(kernel, ns);
  let nr = Math.max(1, ns.num('idr.idr_next'));
  for (let taken = ids.find(nr); taken?.index === nr; taken = ids.find(nr)) {
    nr++;
    if (nr >= PID_MAX) nr = RESERVED_PIDS;
  }
  return nr;
}

/** Takes a pid's numbers out of their namespaces. The struct goes with its last reference. @kernel free_pid, kernel/pid.c @fidelity full: task.test.ts */
export function freePid(kernel: Kernel, pid: View): void {
  for (let i = 0; i <= pid.num('level'); i++) {
    const ns = kernel.view('pid_namespace', pid.ptr(`numbers[${i}].ns`));
    table(kernel, ns).erase(pid.num(`numbers[${i}].nr`));
    ns.set('pid_allocated', ns.num('pid_allocated') - 1);
  }
  putPid(kernel, pid);
}

/** @kernel put_pid, kernel/pid.c @fidelity full: task.test.ts */
export function putPid(kernel: Kernel, pid: View): void {
  if (putRef(pid, 'count')) kernel.mem.release(pid.addr);
}

/** @kernel find_pid_ns, kernel/pid.c @fidelity full: task.test.ts */
export function findPidNs(kernel: Kernel, nr: number, ns: View): View | null {
  const addr = table(kernel, ns).load(nr);
  return addr === 0n ? null : kernel.view('pid', addr);
}

/** The entry with the smallest number >= `nr`, or null. @kernel find_ge_pid, kernel/pid.c @fidelity full: task.test.ts */
export function nextPid(kernel: Kernel, ns: View, nr: number): PidEntry | null {
  const found = table(kernel, ns).find(nr);
  return found && { nr: found.index, pid: kernel.view('pid', found.entry) };
}

/** The number of a pid as seen from `ns`; 0 when it cannot be seen there. @kernel pid_nr_ns, kernel/pid.c @fidelity full: task.test.ts */
export function pidNrNs(pid: View | null, ns: View): number {
  if (!pid) return 0;
  const level = ns.num('level');
  if (level > pid.num('level') || pid.ptr(`numbers[${level}].ns`) !== ns.addr) return 0;
  return pid.num(`numbers[${level}].nr`);
}

/** The namespace a pid was made in. @kernel ns_of_pid, include/linux/pid.h @fidelity full: task.test.ts */
export const nsOfPid = (kernel: Kernel, pid: View): View =>
  kernel.view('pid_namespace', pid.ptr(`numbers[${pid.num('level')}].ns`));

/** The first task that uses a pid in this way, or null. @kernel pid_task, kernel/pid.c @fidelity full: task.test.ts */
export function pidTask(kernel: Kernel, pid: View | null, type: PidType): View | null {
  const first = pid?.ptr(`tasks[${type}].first`) ?? 0n;
  return first === 0n ? null : containerOf(kernel, first, 'task_struct', `pid_links[${type}]`);
}

/** @kernel find_task_by_pid_ns, kernel/pid.c @fidelity full: task.test.ts */
export const findTaskByPidNs = (kernel: Kernel, nr: number, ns: View): View | null =>
  pidTask(kernel, findPidNs(kernel, nr, ns), PidType.PID);

/** The pid a task is known by in this way. @kernel task_pid_ptr, kernel/pid.c @fidelity full: task.test.ts */
export function taskPid(task: View, type: PidType): View | null {
  return type === PidType.PID
    ? task.deref('thread_pid')
    : (task.deref('signal')?.deref(`pids[${type}]`) ?? null);
}

/** @kernel __task_pid_nr_ns, kernel/pid.c @fidelity full: task_targets.test.ts */
export const taskPidNrNs = (task: View, ns: View, type: PidType = PidType.PID): number =>
  pidNrNs(taskPid(task, type), ns);

/** The namespace the task's own number was made in; null once it is gone. @kernel task_active_pid_ns, kernel/pid.c @fidelity full: task.test.ts */
export function taskActivePidNs(kernel: Kernel, task: View): View | null {
  const pid = task.deref('thread_pid');
  return pid && nsOfPid(kernel, pid);
}

/** Lists the task under the pid it already points to. @kernel attach_pid, kernel/pid.c @fidelity full: task.test.ts */
export function attachPid(kernel: Kernel, task: View, type: PidType): void {
  const pid = taskPid(task, type);
  if (pid) hlistAddHead(kernel.mem, task.at(`pid_links[${type}]`), pid.at(`tasks[${type}]`));
}

/** Undoes attachPid, and frees the number if that was its last use. @kernel detach_pid, kernel/pid.c @fidelity full: task.test.ts */
export function detachPid(kernel: Kernel, task: View, type: PidType): void {
  const pid = taskPid(task, type);
  if (!pid || hlistUnhashed(kernel.mem, task.at(`pid_links[${type}]`))) return;
  hlistDel(kernel.mem, task.at(`pid_links[${type}]`));
  if (type === PidType.PID) task.set('thread_pid', 0n);
  else task.deref('signal')?.set(`pids[${type}]`, 0n);
  if (Object.values(PidType).every((t) => pid.ptr(`tasks[${t}].first`) === 0n)) freePid(kernel, pid);
}
