/**
 * exit: a task gives back what it used and, if it led a process, waits as a zombie for its parent.
 *
 *     alive --exitTask--> zombie (no mm, files, fs; still in all lists) --reapTask--> gone
 *
 * A thread that is not the leader is gone at once. A leader whose threads live on is a zombie that nobody
 * can reap yet. Children go to the reaper of their pid namespace.
 *
 * Source: kernel/exit.c.
 */
import { EngineBug, must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import { listAddTail, listDel } from '../list.ts';
import type { View } from '../view.ts';
import { detachTask } from './cgroup.ts';
import { putCred } from './cred.ts';
import { putFiles } from './files.ts';
import { putFs } from './fs_struct.ts';
import { freeKernelStack } from './kernel_stack.ts';
import { putMm } from './mm.ts';
import { putNsproxy } from './namespace.ts';
import { detachPid, PidType, taskActivePidNs } from './pid.ts';
import { putRef } from './refs.ts';
import { keepSpent, passSpent } from './signal.ts';
import { exitTty } from './tty.ts';
import { children, EXIT_ZOMBIE, idleTask, isGroupLeader, PF, setQueued, TaskState, threads } from './task.ts';

const EXIT_DEAD = 0x10;

/** Takes a resource from the task and drops the reference it had. */
function drop(task: View, field: string, put: (object: View) => void): void {
  const object = task.deref(field);
  if (!object) return;
  task.set(field, 0n);
  put(object);
}

/** Who adopts the task's children: a living thread of its own, else its namespace's reaper. @kernel find_new_reaper, kernel/exit.c @fidelity partial: no subreapers */
function newReaper(kernel: Kernel, task: View): View {
  for (const thread of threads(kernel, task))
    if ((thread.num('flags') & PF.EXITING) === 0) return must(thread.deref('group_leader'), 'group_leader');
  const reaper = taskActivePidNs(kernel, task)?.deref('child_reaper');
  return reaper && reaper.addr !== task.ptr('group_leader') ? reaper : idleTask(kernel);
}

/** Children hang on the leader, and stay there while any thread of the process lives. */
function reparentChildren(kernel: Kernel, task: View): void {
  const leader = must(task.deref('group_leader'), 'group_leader');
  const reaper = newReaper(kernel, task);
  if (reaper.addr === leader.addr) return;
  const orphans = [...children(kernel, leader)];
  for (const child of orphans) {
    for (const thread of threads(kernel, child)) {
      thread.set('real_parent', reaper.addr);
      thread.set('parent', reaper.addr);
    }
    listDel(kernel.mem, child.at('sibling'));
    listAddTail(kernel.mem, child.at('sibling'), reaper.at('children'));
  }
}

/**
 * Ends a task.
 *
 * @param code exit_code: status << 8, or a signal number
 * @kernel do_exit, kernel/exit.c
 * @fidelity partial: no signal to the parent, no core dump, robust futexes or accounting
 */
export function exitTask(kernel: Kernel, task: View, code: number): void {
  if (task.addr === idleTask(kernel).addr) throw new EngineBug('the idle task cannot exit');
  task.set('flags', task.num('flags') | PF.EXITING);
  task.set('exit_code', code);
  const signal = must(task.deref('signal'), 'signal');
  if (putRef(signal, 'live')) exitTty(kernel, signal);
  drop(task, 'mm', (mm) => putMm(kernel, mm));
  drop(task, 'files', (files) => putFiles(kernel, files));
  drop(task, 'fs', (fs) => putFs(kernel, fs));
  drop(task, 'nsproxy', (proxy) => putNsproxy(kernel, proxy));
  task.set('active_mm', kernel.object('init_mm', 'mm_struct').addr);
  task.set('__state', TaskState.DEAD);
  setQueued(kernel, task, false);
  task.set('exit_state', EXIT_ZOMBIE);
  reparentChildren(kernel, task);
  freeKernelStack(kernel, task);
  if (!isGroupLeader(task)) releaseTask(kernel, task);
}

/** True when wait(2) could take the process: its leader is a zombie and no thread is left. @kernel delay_group_leader, include/linux/sched/signal.h @fidelity full: task.test.ts */
export const isReapable = (task: View): boolean =>
  isGroupLeader(task) &&
  task.num('exit_state') === EXIT_ZOMBIE &&
  task.deref('signal')?.num('nr_threads') === 1;

/** Removes a zombie. @throws EngineBug when it is none, or threads of it live @kernel wait_task_zombie, kernel/exit.c @fidelity full: task.test.ts */
export function reapTask(kernel: Kernel, task: View): void {
  if (!isReapable(task)) throw new EngineBug(`task ${task.num('pid')} cannot be reaped`);
  releaseTask(kernel, task);
}

/** Takes a task out of every list and table. @kernel release_task, kernel/exit.c @fidelity full: task.test.ts */
function releaseTask(kernel: Kernel, task: View): void {
  const { mem } = kernel;
  const signal = must(task.deref('signal'), 'signal');
  const leader = isGroupLeader(task);
  task.set('exit_state', EXIT_DEAD);
  detachTask(kernel, task);
  detachPid(kernel, task, PidType.PID);
  if (leader) {
    for (const type of [PidType.TGID, PidType.PGID, PidType.SID]) detachPid(kernel, task, type);
    listDel(mem, task.at('tasks'));
    listDel(mem, task.at('sibling'));
  }
  listDel(mem, task.at('thread_node'));
  signal.set('nr_threads', signal.num('nr_threads') - 1);
  keepSpent(task, signal);
  const parent = leader ? task.deref('real_parent')?.deref('signal') : null;
  if (parent) passSpent(signal, parent);
  drop(task, 'sighand', (sighand) => {
    if (putRef(sighand, 'count')) mem.release(sighand.addr);
  });
  putTask(kernel, task);
}

/** Drops a reference on the task_struct; the last one frees it and what only it held. @kernel put_task_struct, include/linux/sched/task.h @fidelity full: task.test.ts */
export function putTask(kernel: Kernel, task: View): void {
  if (!putRef(task, 'usage')) return;
  drop(task, 'real_cred', (cred) => putCred(kernel, cred));
  drop(task, 'cred', (cred) => putCred(kernel, cred));
  drop(task, 'signal', (signal) => {
    if (putRef(signal, 'sigcnt')) kernel.mem.release(signal.addr);
  });
  kernel.freeing('task_struct', task);
  kernel.mem.release(task.addr);
}
