/**
 * What the three task targets share: their parameters, and which task comes next.
 *
 *     nothing given   ALL    every task of the reader's pid namespace, by number
 *     tid             TID    that one task
 *     pid, pid_fd     TGID   every thread of that process, leader first
 *
 * Only numbers are kept between two reads, no task: one that has gone is replaced by the next number, and a
 * number used again is walked under its new owner.
 *
 * Source: kernel/bpf/task_iter.c, Linux 6.12.
 */
import { must } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  PidType,
  findPidNs,
  findTaskByPidNs,
  nextPid,
  pidNrNs,
  pidTask,
  taskActivePidNs,
  taskPidNrNs,
} from '../../kernel/objects/pid.ts';
import { getRef, putRef } from '../../kernel/objects/refs.ts';
import { getTask, nextThread } from '../../kernel/objects/task.ts';
import { putTask } from '../../kernel/objects/task_exit.ts';
import type { View } from '../../kernel/view.ts';
import { pidfdPid } from '../../vfs/pidfd.ts';
import type { AttachContext, IterReg, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';

/** enum bpf_iter_task_type */
export const BPF_TASK_ITER_ALL = 0;
export const BPF_TASK_ITER_TID = 1;
export const BPF_TASK_ITER_TGID = 2;

// -- parameters ------------------------------------------------------------------------------------------

/**
 * Reads `{ tid, pid, pid_fd }` and keeps one number.
 *
 * @returns 0, -EINVAL when more than one is given, -EBADF when pid_fd is no open pidfd
 * @kernel bpf_iter_attach_task, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function attachTask(ctx: AttachContext, aux: View): NegErrno {
  const { kernel, info } = ctx;
  const tid = info.getUint32(0, true);
  const pid = info.getUint32(4, true);
  const pidFd = info.getUint32(8, true);
  if ([tid, pid, pidFd].filter((n) => n !== 0).length > 1) return fail('EINVAL');
  let type = BPF_TASK_ITER_ALL;
  let nr = 0;
  if (tid !== 0) [type, nr] = [BPF_TASK_ITER_TID, tid];
  if (pid !== 0) [type, nr] = [BPF_TASK_ITER_TGID, pid];
  if (pidFd !== 0) {
    const pidStruct = pidfdPid(kernel, ctx.current, pidFd);
    if (pidStruct === null) return fail('EBADF');
    const ns = taskActivePidNs(kernel, ctx.current);
    [type, nr] = [BPF_TASK_ITER_TGID, ns ? pidNrNs(pidStruct, ns) : 0];
  }
  aux.set('task.type', type);
  aux.set('task.pid', nr);
  return 0;
}

const TYPE_NAMES = ['ALL', 'TID', 'PID'] as const;

/**
 * @kernel bpf_iter_task_show_fdinfo, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function showTaskFdinfo(_kernel: Kernel, aux: View): string {
  const type = aux.num('task.type');
  const nr = aux.num('task.pid');
  const head = `task_type:\t${TYPE_NAMES[type] ?? '<unknown>'}\n`;
  if (type === BPF_TASK_ITER_TID) return `${head}tid:\t${nr}\n`;
  return type === BPF_TASK_ITER_TGID ? `${head}pid:\t${nr}\n` : head;
}

/**
 * @kernel bpf_iter_fill_link_info, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function fillTaskLinkInfo(_kernel: Kernel, aux: View, info: DataView): void {
  const type = aux.num('task.type');
  if (type === BPF_TASK_ITER_TID) info.setUint32(32, aux.num('task.pid'), true);
  if (type === BPF_TASK_ITER_TGID) info.setUint32(36, aux.num('task.pid'), true);
}

// -- open and close --------------------------------------------------------------------------------------

/**
 * Takes the reader's pid namespace and copies mode and number.
 *
 * @kernel init_seq_pidns, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function initSeqPidns(session: Session, aux: View): 0 {
  const { kernel, priv } = session;
  const ns = must(taskActivePidNs(kernel, session.iter.env.current()), 'pid namespace of the reader');
  getRef(ns, 'ns.count');
  priv.set('common.ns', ns.addr);
  priv.set('common.type', aux.num('task.type'));
  priv.set('common.pid', aux.num('task.pid'));
  return 0;
}

/**
 * @kernel fini_seq_pidns, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function finiSeqPidns(session: Session): void {
  putRef(session.kernel.view('pid_namespace', session.priv.ptr('common.ns')), 'ns.count');
}

/** What every task target registers: the parameters, and a walk that sets out in the reader's pid namespace. */
export const taskWalk = (
  ops: SeqOps,
  privStruct: string,
): Omit<IterReg, 'target' | 'ctxArgs' | 'identify' | 'code'> => ({
  resched: true,
  extraHelpers: [],
  attach: attachTask,
  showFdinfo: showTaskFdinfo,
  fillLinkInfo: fillTaskLinkInfo,
  seqInfo: () => ({ ops, privStruct, initPriv: initSeqPidns, finiPriv: finiSeqPidns }),
});

// -- the next task ---------------------------------------------------------------------------------------

export const isTidMode = (session: Session): boolean => session.priv.num('common.type') === BPF_TASK_ITER_TID;

function getTaskRef(session: Session, task: View): Addr {
  getTask(task);
  session.held('task usage', task.addr, 1);
  return task.addr;
}
export function putTaskRef(session: Session, task: Addr): void {
  session.held('task usage', task, -1);
  putTask(session.kernel, session.kernel.view('task_struct', task));
}

/** The dup rule: a thread that has the same file table as its leader. Two absent tables are the same. */
function sharesFiles(session: Session, task: View): boolean {
  const leader = task.deref('group_leader');
  if (!leader || leader.addr === task.addr || leader.ptr('files') !== task.ptr('files')) return false;
  session.skip(task.addr, task.num('pid'), 'shares files with its leader');
  return true;
}

/**
 * The task at `priv.tid` or the first one after it, with a reference; `priv.tid` becomes its number.
 *
 * @param skipDups pass over threads that share their leader's file table
 * @returns 0n at the end
 * @kernel task_seq_get_next, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
export function nextTask(session: Session, skipDups: boolean): Addr {
  const { kernel, priv } = session;
  const ns = kernel.view('pid_namespace', priv.ptr('common.ns'));
  const type = priv.num('common.type');
  if (type === BPF_TASK_ITER_TID) return onlyTask(session, ns);
  if (type === BPF_TASK_ITER_TGID) return nextThreadOf(session, ns, skipDups);
  session.line('task.all');
  for (;;) {
    const entry = nextPid(kernel, ns, priv.num('tid'));
    if (!entry) return 0n;
    const task = pidTask(kernel, entry.pid, PidType.PID);
    if (task && !(skipDups && sharesFiles(session, task))) {
      priv.set('tid', entry.nr);
      return getTaskRef(session, task);
    }
    if (!task) session.skip(0n, entry.nr, 'no task with this id');
    priv.set('tid', entry.nr + 1);
  }
}

function onlyTask(session: Session, ns: View): Addr {
  const { kernel, priv } = session;
  session.line('task.tid');
  const tid = priv.num('tid');
  const want = priv.num('common.pid');
  if (tid !== 0 && tid !== want) return 0n;
  const pid = findPidNs(kernel, want, ns);
  if (!pid) return 0n;
  priv.set('tid', want);
  const task = pidTask(kernel, pid, PidType.PID);
  return task ? getTaskRef(session, task) : 0n;
}

/**
 * @kernel task_group_seq_get_next, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
function nextThreadOf(session: Session, ns: View, skipDups: boolean): Addr {
  const { kernel, priv } = session;
  const tid = priv.num('tid');
  const first = priv.num('common.pid');
  session.line('task.tgid');
  if (tid === 0) {
    const leader = pidTask(kernel, findPidNs(kernel, first, ns), PidType.TGID);
    if (!leader) return 0n;
    priv.set('tid', first);
    priv.set('common.pid_visiting', first);
    return getTaskRef(session, leader);
  }
  const visiting = priv.num('common.pid_visiting');
  let task = findTaskByPidNs(kernel, visiting, ns);
  if (task && tid === visiting) return getTaskRef(session, task);
  while (task) {
    task = nextThread(kernel, task);
    if (!task) break;
    const nr = taskPidNrNs(task, ns);
    if (nr === 0) {
      session.skip(task.addr, 0, 'not in this namespace');
      continue;
    }
    if (skipDups && sharesFiles(session, task)) continue;
    priv.set('tid', nr);
    priv.set('common.pid_visiting', nr);
    return getTaskRef(session, task);
  }
  return 0n;
}

export const nextTaskCode = pseudoCode(
  'the next task',
  'task',
  `
  all  | next task, ALL: the smallest pid >= tid that is a live task
  tid  | next task, TID: the task with the id asked for, once
  tgid | next task, PID: the leader first, then the thread after the last one
`,
);
