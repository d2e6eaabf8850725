/** System calls about processes, threads and time. Source: kernel/fork.c, kernel/exit.c, kernel/sys.c. */
import { must } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import {
  findPidNs,
  findTaskByPidNs,
  PidType,
  taskActivePidNs,
  taskPidNrNs,
} from '../../kernel/objects/pid.ts';
import { setComm } from '../../kernel/objects/task.ts';
import { cloneTask } from '../../kernel/objects/task_clone.ts';
import type { View } from '../../kernel/view.ts';
import { wallClock } from '../../shell/clock.ts';
import { openPidfd } from '../../vfs/pidfd.ts';
import type { NativeCall, NativeTable } from '../native.ts';
import { syscalls } from '../native.ts';
import { Process, Thread } from '../process.ts';
import type { Waiting } from '../process.ts';
import { pidOf } from '../start.ts';
import { SIGABRT, ThreadEnded } from '../userland.ts';

const WNOHANG = 1;
const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const TASK_COMM_LEN = 16;
const NSEC_PER_SEC = 1_000_000_000n;
const CLOCK_REALTIME = 0;
const ECHILD = -10;

const ns = (call: NativeCall): View => must(taskActivePidNs(call.kernel, call.thread.task), 'pid namespace');

/** @kernel sys_fork, kernel/fork.c @fidelity partial: memory is copied at once */
function fork(call: NativeCall): number {
  const { userland, thread, kernel } = call;
  const { process } = thread;
  if (!userland.hasRoom(process.space.mapped)) return fail('ENOMEM');
  const slot = userland.takeSlot();
  if (slot === null) return fail('EAGAIN');
  const task = cloneTask(kernel, thread.task);
  const space = process.space.fork(must(task.deref('mm'), 'mm'));
  const pid = pidOf(kernel, task);
  const child = new Process({ leader: task, parent: process, space, program: process.program, pid });
  userland.cpu.copyRegisters(slot);
  // It goes on behind the call, which gives it 0.
  const { cpu } = userland;
  cpu.useRegisters(slot);
  cpu.setResult(0);
  cpu.useRegisters(thread.slot);
  userland.add(new Thread(child, { task, slot, pc: call.pc + 1, area: thread.area }));
  return pid;
}

/** (function, argument, top of the stack, block of the thread) @returns the thread's number */
function clone(call: NativeCall): number {
  const { userland, thread, kernel } = call;
  const { process } = thread;
  const slot = userland.takeSlot();
  if (slot === null) return fail('EAGAIN');
  const task = cloneTask(kernel, thread.task, { thread: true });
  const { cpu } = userland;
  cpu.useRegisters(slot);
  const pc = cpu.start(call.arg(3), call.arg(1), [call.arg(2)]);
  cpu.useRegisters(thread.slot);
  userland.add(new Thread(process, { task, slot, pc, area: call.arg(4) }));
  return pidOf(kernel, task);
}

function* join(call: NativeCall): Waiting {
  const tid = call.int(1);
  const other = call.process.threads.find((each) => each.area === call.arg(2));
  if (!other || tid <= 0) return fail('ESRCH');
  while (!other.done) yield 'blocked';
  return other.result;
}

/** @kernel kernel_wait4, kernel/exit.c @fidelity partial: no process groups, no stopped children */
function* wait4(call: NativeCall): Waiting {
  const { process, userland } = call;
  const pid = call.int(1);
  for (;;) {
    const mine = process.children.filter((each) => pid <= 0 || each.pid === pid);
    if (mine.length === 0) return ECHILD;
    const ended = mine.find((each) => each.ended);
    if (ended) {
      process.children.splice(process.children.indexOf(ended), 1);
      userland.reap(ended);
      const at = call.arg(2);
      if (at !== 0n) call.putU32(at, ended.status ?? 0);
      return ended.pid;
    }
    if ((call.int(3) & WNOHANG) !== 0) return 0;
    yield 'blocked';
  }
}

function* sleepUntil(call: NativeCall, until: bigint): Waiting {
  const { thread, kernel } = call;
  thread.wakeAt = until;
  while (kernel.now < until) yield 'blocked';
  return 0;
}

const timespec = (call: NativeCall, n: 1 | 2): bigint =>
  call.u64(call.arg(n)) * NSEC_PER_SEC + call.u64(call.arg(n) + 8n);

function clockGettime(call: NativeCall): number {
  const { now } = call.kernel;
  const real = call.int(1) === CLOCK_REALTIME;
  call.putU64(call.arg(2), real ? BigInt(wallClock(call.kernel)) : now / NSEC_PER_SEC);
  call.putU64(call.arg(2) + 8n, now % NSEC_PER_SEC);
  return 0;
}

/** @kernel sys_kill, kernel/signal.c @fidelity partial: the default action of what ends a process, for processes of this program */
function kill(call: NativeCall): number {
  const signal = call.int(2);
  const { kernel, userland } = call;
  const task = findTaskByPidNs(kernel, call.int(1), ns(call));
  if (!task) return fail('ESRCH');
  if (signal < 0 || signal > 64) return fail('EINVAL');
  if (signal === 0) return 0;
  const process = userland.processOf(must(task.deref('group_leader'), 'group_leader'));
  if (!process) return fail('EPERM');
  userland.kill(process, signal);
  return 0;
}

/** Sleeps while *addr is value, until somebody else changes it. */
function* futexWait(call: NativeCall): Waiting {
  const value = Number(BigInt.asUintN(32, call.arg(2)));
  if (call.u32(call.arg(1)) !== value) return fail('EAGAIN');
  while (call.u32(call.arg(1)) === value) yield 'blocked';
  return 0;
}

function* yieldTurn(): Waiting {
  yield 'pause';
  return 0;
}

function prctl(call: NativeCall): number {
  const { task } = call.thread;
  if (call.int(1) === PR_SET_NAME) setComm(task, call.text(call.arg(2)).slice(0, TASK_COMM_LEN - 1));
  else if (call.int(1) === PR_GET_NAME) call.putText(call.arg(2), TASK_COMM_LEN, task.str('comm'));
  else return fail('EINVAL');
  return 0;
}

function pidfdOpen(call: NativeCall): number {
  const pid = findPidNs(call.kernel, call.int(1), ns(call));
  if (call.int(2) !== 0 || call.int(1) <= 0) return fail('EINVAL');
  if (!pid) return fail('ESRCH');
  return openPidfd(call.kernel, call.thread.task, pid);
}

const id = (field: string) => (call: NativeCall) => call.thread.task.deref('cred')?.num(field) ?? 0;

export const TASK_CALLS: NativeTable = {
  ...syscalls({
    __sys_getpid: (call) => call.process.pid,
    __sys_gettid: (call) => pidOf(call.kernel, call.thread.task),
    __sys_getppid: (call) =>
      taskPidNrNs(must(call.process.leader.deref('real_parent'), 'real_parent'), ns(call), PidType.TGID),
    __sys_getuid: id('uid'),
    __sys_geteuid: id('euid'),
    __sys_getgid: id('gid'),
    __sys_getegid: id('egid'),
    __sys_clock_gettime: clockGettime,
    __sys_nanosleep: (call) => sleepUntil(call, call.kernel.now + timespec(call, 1)),
    __sys_kill: kill,
    __sys_prctl: prctl,
    __sys_pidfd_open: pidfdOpen,
    __sys_sched_yield: yieldTurn,
    __sys_fork: fork,
    __sys_clone: clone,
  }),
  __sys_wait4: wait4,
  __sys_futex_wait: futexWait,
  __join: join,
  __thread_area: ({ thread }) => thread.area,
  __sys_exit_group: (call) => {
    call.userland.endProcess(call.process, (call.int(1) & 0xff) << 8);
    throw new ThreadEnded();
  },
  __sys_exit: (call) => {
    call.userland.endThread(call.thread, call.arg(1));
    throw new ThreadEnded();
  },
  __sys_abort: (call) => {
    call.userland.kill(call.process, SIGABRT);
    throw new ThreadEnded();
  },
};
