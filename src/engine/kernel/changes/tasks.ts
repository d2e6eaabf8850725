/** fork, thread, exec, exit, wait and a new name. Source: kernel/fork.c, fs/exec.c, kernel/exit.c. */
import { must } from '../../../shared/assert.ts';
import type { Kernel } from '../kernel.ts';
import { fput } from '../objects/file.ts';
import { copyFiles, isCloseOnExec, openFds, putFiles, removeFd } from '../objects/files.ts';
import { putMm } from '../objects/mm.ts';
import { initialNamespace } from '../objects/namespace.ts';
import { findPidNs, nextPid, nsOfPid, pidTask, PidType } from '../objects/pid.ts';
import { getRef } from '../objects/refs.ts';
import { flushHandlers } from '../objects/signal.ts';
import { idleTask, isGroupLeader, PF, setComm, threads } from '../objects/task.ts';
import { cloneTask } from '../objects/task_clone.ts';
import { exitTask, isReapable, reapTask } from '../objects/task_exit.ts';
import type { View } from '../view.ts';
import { buildMm, ordinaryMm } from '../world_mm.ts';
import type { WorldProcess } from '../world_schema.ts';
import { anyTask, livingTask, Refused, taskText } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';

const SIGKILL = 9;

function unusedNumber(kernel: Kernel, number: number | undefined, field: string): number[] {
  if (number === undefined) return [];
  if (findPidNs(kernel, number, initialNamespace(kernel, 'pid')))
    throw new Refused(field, `${number} is in use at that moment`);
  return [number];
}

export function fork({ kernel }: Changing, change: Change<'fork'>, tell: Tell): void {
  const parent = livingTask(kernel, change.pid);
  const shares = (what: (typeof change.shares)[number]): boolean => change.shares.includes(what);
  const child = cloneTask(kernel, parent, {
    pids: unusedNumber(kernel, change.child, 'child'),
    vm: shares('vm'),
    files: shares('files'),
    fs: shares('fs'),
  });
  if (change.comm !== undefined) setComm(child, change.comm);
  tell(`${taskText(parent)} forked ${taskText(child)}`);
}

export function thread({ kernel }: Changing, change: Change<'thread'>, tell: Tell): void {
  const creator = livingTask(kernel, change.pid);
  const made = cloneTask(kernel, creator, { thread: true, pids: unusedNumber(kernel, change.tid, 'tid') });
  if (change.comm !== undefined) setComm(made, change.comm);
  tell(`${taskText(creator)} started thread ${taskText(made)}`);
}

/** @kernel bprm_execve, begin_new_exec, fs/exec.c @fidelity partial: only a leader execs; credentials stay */
export function exec(
  changing: Changing,
  change: Change<'exec'>,
  tell: Tell,
  start: Pick<WorldProcess, 'argv' | 'env'> = { env: [] },
): void {
  const { kernel, files } = changing;
  const task = livingTask(kernel, change.pid);
  if (!isGroupLeader(task)) throw new Refused('pid', `task ${change.pid} does not lead its process`);
  const before = taskText(task);
  const others = [...threads(kernel, task)].filter((other) => other.addr !== task.addr);
  for (const other of others) refuseReader(kernel, other, 'pid');
  for (const other of others) if (other.num('exit_state') === 0) exitTask(kernel, other, SIGKILL);
  unshareFiles(kernel, task);
  const table = task.deref('files');
  if (table)
    for (const { fd } of openFds(kernel, table)) {
      const file = isCloseOnExec(table, fd) ? removeFd(kernel, table, fd) : null;
      if (file) fput(kernel, file);
    }
  const cred = must(task.deref('cred'), 'cred');
  const mm = getRef(
    buildMm(kernel, files, { exe: change.exe, ...start }, ordinaryMm(change.exe), { cred }),
    'mm_users',
  );
  const old = task.deref('mm');
  task.set('mm', mm.addr);
  task.set('active_mm', mm.addr);
  mm.set('owner', task.addr);
  if (old) putMm(kernel, old);
  task.set('flags', task.num('flags') & ~PF.FORKNOEXEC);
  const sighand = task.deref('sighand');
  if (sighand) flushHandlers(sighand);
  setComm(task, change.comm ?? change.exe.slice(change.exe.lastIndexOf('/') + 1));
  tell(`${before} executed ${change.exe}`);
}

/** @kernel unshare_files, kernel/fork.c @fidelity full: changes.test.ts */
function unshareFiles(kernel: Kernel, task: View): void {
  const shared = task.deref('files');
  if (!shared || shared.num('count') === 1) return;
  task.set('files', getRef(copyFiles(kernel, shared), 'count').addr);
  putFiles(kernel, shared);
}

function refuseReader(kernel: Kernel, task: View, field: string): void {
  if (task.addr === kernel.current)
    throw new Refused(field, `task ${task.num('pid')} is the reader: without it there is no walk`);
}

/** Tasks that end with the process: its own threads and, if it is the init of a container, all others in there. */
function victims(kernel: Kernel, leader: View): View[] {
  const own = [...threads(kernel, leader)].filter((task) => task.num('exit_state') === 0);
  const ns = nsOfPid(kernel, must(leader.deref('thread_pid'), 'thread_pid'));
  if (ns.ptr('child_reaper') !== leader.addr) return own;
  const inside: View[] = [];
  for (let at = nextPid(kernel, ns, 1); at; at = nextPid(kernel, ns, at.nr + 1)) {
    const task = pidTask(kernel, at.pid, PidType.PID);
    if (task && task.num('exit_state') === 0 && task.ptr('group_leader') !== leader.addr) inside.push(task);
  }
  // Threads before leaders, so that every leader can be taken away at once.
  return [
    ...inside.filter((task) => !isGroupLeader(task)),
    ...inside.filter((task) => isGroupLeader(task)),
    ...own,
  ];
}

/**
 * @kernel do_group_exit, kernel/exit.c; zap_pid_ns_processes, kernel/pid_namespace.c
 * @fidelity partial: nobody is signalled, so a zombie stays until `wait`
 */
export function exit({ kernel }: Changing, change: Change<'exit'>, tell: Tell): void {
  const leader = must(livingTask(kernel, change.pid).deref('group_leader'), 'group_leader');
  if (leader.num('tgid') === 1)
    throw new Refused('pid', 'process 1 is init: when it exits, the kernel panics');
  const text = taskText(leader);
  const gone = victims(kernel, leader);
  for (const task of gone) refuseReader(kernel, task, 'pid');
  const inside = gone.filter((task) => task.ptr('group_leader') !== leader.addr && isGroupLeader(task));
  for (const task of gone.filter((each) => each.addr !== leader.addr && !inside.includes(each)))
    exitTask(kernel, task, change.code << 8);
  for (const task of inside) {
    exitTask(kernel, task, SIGKILL);
    reapTask(kernel, task);
  }
  if (leader.num('exit_state') === 0) exitTask(kernel, leader, change.code << 8);
  tell(`${text} exited with ${change.code}${inside.length > 0 ? ', and all of its pid namespace' : ''}`);
}

/** @kernel do_exit, kernel/exit.c @fidelity full: changes.test.ts */
export function exitThread(changing: Changing, change: Change<'exit_thread'>, tell: Tell): void {
  const { kernel } = changing;
  const task = livingTask(kernel, change.pid);
  const living = [...threads(kernel, task)].filter((each) => each.num('exit_state') === 0);
  if (living.length === 1) return exit(changing, { ...change, do: 'exit' }, tell);
  refuseReader(kernel, task, 'pid');
  const text = taskText(task);
  exitTask(kernel, task, change.code << 8);
  tell(`thread ${text} exited`);
}

export function wait({ kernel }: Changing, change: Change<'wait'>, tell: Tell): void {
  const task = anyTask(kernel, change.pid);
  if (task.addr === idleTask(kernel).addr || !isReapable(task))
    throw new Refused('pid', `task ${change.pid} is no zombie whose threads are all gone`);
  const parent = must(task.deref('real_parent'), 'real_parent');
  const text = `${taskText(parent)} waited for ${taskText(task)}`;
  reapTask(kernel, task);
  tell(text);
}

export function comm({ kernel }: Changing, change: Change<'comm'>, tell: Tell): void {
  const task = anyTask(kernel, change.pid);
  const before = taskText(task);
  setComm(task, change.comm);
  tell(`${before} is now called ${task.str('comm')}`);
}
