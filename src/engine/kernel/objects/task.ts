/**
 * Tasks: threads, the processes they form, and how they are found.
 *
 *     init_task.tasks <-> leader.tasks <-> leader.tasks ...            one entry per process
 *     leader->signal.thread_head <-> thread.thread_node <-> ...        leader first, then by creation
 *     parent.children <-> child.sibling <-> ...                        leaders only
 *
 * A thread shares its leader's signal_struct; what else it shares is decided when it is made.
 *
 * Source: include/linux/sched.h, kernel/fork.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddTail, listInit, listNodes } from '../list.ts';
import type { View } from '../view.ts';
import { attachTask, rootCgroup, taskCgroup } from './cgroup.ts';
import { countRunning } from './cpu.ts';
import { getCred } from './cred.ts';
import { getNsproxy } from './namespace.ts';
import { attachPid, PidType } from './pid.ts';
import { getRef } from './refs.ts';
import { inheritTty } from './tty.ts';
import { initSignal, newSighand } from './signal.ts';

/** task_struct.flags */
export const PF = {
  IDLE: 0x2,
  EXITING: 0x4,
  POSTCOREDUMP: 0x8,
  WQ_WORKER: 0x20,
  FORKNOEXEC: 0x40,
  SUPERPRIV: 0x100,
  KTHREAD: 0x200000,
} as const;
/** task_struct.__state */
export const TaskState = {
  RUNNING: 0,
  INTERRUPTIBLE: 1,
  UNINTERRUPTIBLE: 2,
  STOPPED: 0x104,
  TRACED: 0x108,
  DEAD: 0x80,
  IDLE: 0x402,
} as const;
export const EXIT_ZOMBIE = 0x20;
export const SIGCHLD = 17;
const DEFAULT_PRIO = 120;
const RT_PRIO_BASE = 99;
const NO_LOGINUID = 0xffff_ffff;

/** What a new task is. References to shared objects are taken here. */
export interface TaskSpec {
  readonly comm: string;
  /** Its struct pid; null only for the idle task's own, which has it already. */
  readonly pid: View;
  /** Leader of the thread group to join; null: the task leads a new one. */
  readonly leader: View | null;
  readonly parent: View;
  /** Pids of the process group and session; null: the task's own. Ignored for threads. */
  readonly pgid?: View | null;
  readonly sid?: View | null;
  readonly cred: View;
  readonly nsproxy: View | null;
  readonly files: View | null;
  readonly fs: View | null;
  readonly mm: View | null;
  readonly flags: number;
  readonly state: number;
  /** Signal to the parent at the end; -1 for threads. */
  readonly exitSignal: number;
  /** Nanoseconds since boot. */
  readonly startTime: bigint;
  /** The task that is cloned, where one is. */
  readonly copyOf?: View;
  /** Where the task_struct goes, if not on the heap. */
  readonly at?: View;
}

function newSignal(kernel: Kernel, parent: View): View {
  const signal = kernel.alloc('signal_struct');
  initSignal(kernel, signal, parent.deref('signal'));
  return signal;
}

function initLists(kernel: Kernel, task: View): void {
  for (const head of [
    'tasks',
    'children',
    'sibling',
    'ptraced',
    'ptrace_entry',
    'thread_node',
    'thread_group',
    'cg_list',
    'pending.list',
  ])
    if (task.has(head)) listInit(kernel.mem, task.at(head));
}

/** Fields every task has, whoever it is. */
export function initTask(
  kernel: Kernel,
  task: View,
  spec: Omit<TaskSpec, 'pid' | 'leader' | 'pgid' | 'sid'>,
): void {
  initLists(kernel, task);
  task.set('usage', 1);
  task.trySet('rcu_users', 2);
  setComm(task, spec.comm);
  task.set('flags', spec.flags);
  task.set('__state', spec.state);
  task.set('exit_signal', spec.exitSignal);
  task.set('start_time', spec.startTime);
  task.set('start_boottime', spec.startTime);
  setPriority(kernel, task, 0, 0, 0);
  task.trySet('nr_cpus_allowed', 1);
  task.trySet('cpus_mask.bits[0]', 1);
  if (task.has('cpus_ptr')) task.set('cpus_ptr', task.at('cpus_mask'));
  setQueued(kernel, task, spec.state === TaskState.RUNNING);
  for (const zero of MEANT) task.trySet(zero, 0);
  for (const slack of ['timer_slack_ns', 'default_timer_slack_ns']) task.trySet(slack, TIMER_SLACK);
  task.trySet('loginuid', NO_LOGINUID);
  task.trySet('sessionid', NO_LOGINUID);
  task.set('cred', getCred(spec.cred, 2).addr);
  task.set('real_cred', spec.cred.addr);
  task.set('nsproxy', spec.nsproxy ? getNsproxy(spec.nsproxy).addr : 0n);
  task.set('files', spec.files ? getRef(spec.files, 'count').addr : 0n);
  task.set('fs', spec.fs ? getRef(spec.fs, 'users').addr : 0n);
  task.set('mm', spec.mm ? getRef(spec.mm, 'mm_users').addr : 0n);
  task.set('active_mm', spec.mm?.addr ?? kernel.object('init_mm', 'mm_struct').addr);
}

/** 0 in a task that is not traced, looks up no path and was never told to be special. */
const MEANT = [
  'ptrace',
  'personality',
  'pdeath_signal',
  'nameidata',
  'jobctl',
  'in_execve',
  'in_iowait',
  'pending.signal',
  'atomic_flags',
  'seccomp.mode',
];
/** Nanoseconds by which a timer may be late. */
const TIMER_SLACK = 50_000;

/** Whether the task waits for the CPU; it has it only while it is the reader. @kernel activate_task, kernel/sched/core.c @fidelity partial: counted, in no tree */
export function setQueued(kernel: Kernel, task: View, runnable: boolean): void {
  const was = task.has('on_rq') && task.num('on_rq') !== 0;
  if (was !== runnable && (task.num('flags') & PF.IDLE) === 0) countRunning(kernel, task, runnable ? 1 : -1);
  task.trySet('on_rq', runnable ? 1 : 0);
  task.trySet('se.on_rq', runnable ? 1 : 0);
  task.trySet('on_cpu', 0);
}

/** @param user, system, guest nanoseconds so far; those of a guest are among the user's @kernel account_user_time, kernel/sched/cputime.c @fidelity partial: the scheduler's own count is their sum */
export function setSpent(task: View, user: number, system: number, guest = 0): void {
  task.trySet('utime', user);
  task.trySet('stime', system);
  task.trySet('gtime', guest);
  task.trySet('se.sum_exec_runtime', user + system);
}

/**
 * A new task, in all lists and tables.
 *
 * @kernel copy_process, kernel/fork.c
 * @fidelity partial: no kernel stack, no scheduler or accounting state
 */
export function createTask(kernel: Kernel, spec: TaskSpec): View {
  const { mem } = kernel;
  const task = spec.at ?? kernel.alloc('task_struct');
  initTask(kernel, task, spec);
  const leader = spec.leader ?? task;
  const parent = spec.leader ? kernel.view('task_struct', spec.leader.ptr('real_parent')) : spec.parent;
  task.set('thread_pid', spec.pid.addr);
  task.set('pid', spec.pid.num('numbers[0].nr'));
  task.set('tgid', spec.leader ? spec.leader.num('tgid') : spec.pid.num('numbers[0].nr'));
  task.set('group_leader', leader.addr);
  task.set('real_parent', parent.addr);
  task.set('parent', parent.addr);
  const signal = spec.leader?.deref('signal') ?? newSignal(kernel, parent);
  const sighand = spec.leader?.deref('sighand') ?? newSighand(kernel, spec.copyOf?.deref('sighand') ?? null);
  task.set('signal', signal.addr);
  task.set('sighand', getRef(sighand, 'count').addr);
  for (const counter of ['sigcnt', 'live', 'nr_threads']) getRef(signal, counter);
  task.trySet('blocked', spec.copyOf?.has('blocked') ? spec.copyOf.big('blocked') : 0);
  if (!spec.leader) {
    const pids = [spec.pid, spec.pgid ?? spec.pid, spec.sid ?? spec.pid];
    pids.forEach((pid, i) => signal.set(`pids[${i + 1}]`, pid.addr));
    signal.set('leader', pids[2]?.addr === spec.pid.addr ? 1 : 0);
    const copied = spec.copyOf?.deref('signal');
    if (copied) inheritTty(signal, copied);
    listAddTail(mem, task.at('sibling'), parent.at('children'));
    listAddTail(mem, task.at('tasks'), idleTask(kernel).at('tasks'));
    for (const type of [PidType.TGID, PidType.PGID, PidType.SID]) attachPid(kernel, task, type);
  } else if (task.has('thread_group')) listAddTail(mem, task.at('thread_group'), leader.at('thread_group'));
  listAddTail(mem, task.at('thread_node'), signal.at('thread_head'));
  attachPid(kernel, task, PidType.PID);
  attachTask(kernel, task, taskCgroup(spec.leader ?? parent) ?? rootCgroup(kernel));
  return task;
}

/** The first 15 bytes of a name. @kernel __set_task_comm, fs/exec.c @fidelity full: task.test.ts */
export const setComm = (task: View, comm: string): void => task.setStr('comm', comm);

/**
 * @param policy SCHED_NORMAL 0, SCHED_FIFO 1, SCHED_RR 2
 * @param rtPriority 1..99 for the real-time policies
 * @kernel __setscheduler_params, kernel/sched/syscalls.c
 * @fidelity partial: no deadline policy
 */
export function setPriority(
  kernel: Kernel,
  task: View,
  nice: number,
  policy: number,
  rtPriority: number,
): void {
  const queued = task.has('on_rq') && task.num('on_rq') !== 0;
  setQueued(kernel, task, false);
  const normal = rtPriority > 0 ? RT_PRIO_BASE - rtPriority : DEFAULT_PRIO + nice;
  task.trySet('static_prio', DEFAULT_PRIO + nice);
  task.trySet('normal_prio', normal);
  task.trySet('prio', normal);
  task.trySet('policy', policy);
  task.trySet('rt_priority', rtPriority);
  setQueued(kernel, task, queued);
}

/** pid 0, the root of the task tree and the head of the list of processes. */
export const idleTask = (kernel: Kernel): View => kernel.object('init_task', 'task_struct');

export const isGroupLeader = (task: View): boolean => task.ptr('group_leader') === task.addr;

/** Processes in list order, the idle task not among them. @kernel for_each_process, include/linux/sched/signal.h @fidelity full: task.test.ts */
export function* processes(kernel: Kernel): Generator<View> {
  for (const node of listNodes(kernel.mem, idleTask(kernel).at('tasks')))
    yield containerOf(kernel, node, 'task_struct', 'tasks');
}

/** Threads of the task's process, from the leader on. @kernel for_each_thread, include/linux/sched/signal.h @fidelity full: task.test.ts */
export function* threads(kernel: Kernel, task: View): Generator<View> {
  const signal = task.deref('signal');
  if (!signal) return;
  for (const node of listNodes(kernel.mem, signal.at('thread_head')))
    yield containerOf(kernel, node, 'task_struct', 'thread_node');
}

/** Children in the order they were made. */
export function* children(kernel: Kernel, task: View): Generator<View> {
  for (const node of listNodes(kernel.mem, task.at('children')))
    yield containerOf(kernel, node, 'task_struct', 'sibling');
}

/** The thread after this one, or null after the last. @kernel __next_thread, include/linux/sched/signal.h @fidelity full: task.test.ts */
export function nextThread(kernel: Kernel, task: View): View | null {
  const head = task.deref('signal')?.at('thread_head') ?? 0n;
  const next = kernel.mem.u64(task.at('thread_node'));
  if (head === 0n || next === head || next === task.at('thread_node')) return null;
  return containerOf(kernel, next, 'task_struct', 'thread_node');
}

/** The process after this one, the idle task after the last. @kernel next_task, include/linux/sched/signal.h @fidelity full: src/engine/bpf/recorded.test.ts */
export const nextTask = (kernel: Kernel, task: View): View =>
  containerOf(kernel, kernel.mem.u64(task.at('tasks')), 'task_struct', 'tasks');

/** A task by address. */
export const taskAt = (kernel: Kernel, addr: Addr): View => kernel.view('task_struct', addr);

/** @kernel get_task_struct, include/linux/sched/task.h @fidelity full: task_targets.test.ts */
export const getTask = (task: View): View => getRef(task, 'usage');
