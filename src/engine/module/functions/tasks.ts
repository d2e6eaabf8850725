/** Tasks, pids and pid namespaces. Source: include/linux/sched/task.h, kernel/pid.c. */
import type { Kernel } from '../../kernel/kernel.ts';
import {
  PidType,
  findPidNs,
  findTaskByPidNs,
  nextPid,
  pidNrNs,
  pidTask,
  putPid,
  taskActivePidNs,
  taskPidNrNs,
} from '../../kernel/objects/pid.ts';
import { getRef, putRef } from '../../kernel/objects/refs.ts';
import { getTask } from '../../kernel/objects/task.ts';
import { putTask } from '../../kernel/objects/task_exit.ts';
import type { View } from '../../kernel/view.ts';
import { functions } from '../call.ts';
import type { KernelCall } from '../call.ts';

export const taskName = (task: View): string => `${task.str('comm')} (${task.num('pid')})`;
const addrOf = (view: View | null): bigint => view?.addr ?? 0n;

/** A number becomes a type of pid: what the header names PIDTYPE_*. */
const pidType = (n: number): PidType => Object.values(PidType).find((type) => type === n) ?? PidType.PID;

function takeTask(call: KernelCall, task: View | null): bigint {
  if (!task) return 0n;
  call.take('task', getTask(task).addr, taskName(task));
  return task.addr;
}

const activeNs = (kernel: Kernel): View | null =>
  taskActivePidNs(kernel, kernel.view('task_struct', kernel.current));

export const TASK_FUNCTIONS = functions({
  'struct task_struct *get_current(void)': ({ kernel }) => kernel.current,
  'struct task_struct *get_task_struct(struct task_struct *task)': (call) =>
    takeTask(call, call.struct('task_struct', 1)),
  'void put_task_struct(struct task_struct *task)': (call) => {
    const task = call.struct('task_struct', 1);
    if (call.give('task', task.addr)) putTask(call.kernel, task);
  },
  'struct task_struct *get_pid_task(struct pid *pid, unsigned int type)': (call) =>
    takeTask(call, pidTask(call.kernel, call.structOrNull('pid', 1), pidType(call.int(2)))),
  'struct task_struct *pid_task(struct pid *pid, unsigned int type)': (call) =>
    addrOf(pidTask(call.kernel, call.structOrNull('pid', 1), pidType(call.int(2)))),
  'struct pid *get_pid(struct pid *pid)': (call) => {
    const pid = call.structOrNull('pid', 1);
    if (!pid) return 0n;
    getRef(pid, 'count');
    call.take('pid', pid.addr, '');
    return pid.addr;
  },
  'void put_pid(struct pid *pid)': (call) => {
    const pid = call.structOrNull('pid', 1);
    if (pid && call.give('pid', pid.addr)) putPid(call.kernel, pid);
  },
  'struct pid *find_pid_ns(int nr, struct pid_namespace *ns)': (call) =>
    addrOf(findPidNs(call.kernel, call.int(1), call.struct('pid_namespace', 2))),
  'struct pid *find_ge_pid(int nr, struct pid_namespace *ns)': (call) =>
    addrOf(nextPid(call.kernel, call.struct('pid_namespace', 2), call.int(1))?.pid ?? null),
  'struct pid *find_vpid(int nr)': (call) => {
    const ns = activeNs(call.kernel);
    return addrOf(ns && findPidNs(call.kernel, call.int(1), ns));
  },
  'struct task_struct *find_task_by_pid_ns(int nr, struct pid_namespace *ns)': (call) =>
    addrOf(findTaskByPidNs(call.kernel, call.int(1), call.struct('pid_namespace', 2))),
  'struct task_struct *find_task_by_vpid(int nr)': (call) => {
    const ns = activeNs(call.kernel);
    return addrOf(ns && findTaskByPidNs(call.kernel, call.int(1), ns));
  },
  'struct task_struct *find_get_task_by_vpid(int nr)': (call) => {
    const ns = activeNs(call.kernel);
    return takeTask(call, ns && findTaskByPidNs(call.kernel, call.int(1), ns));
  },
  'int pid_nr_ns(struct pid *pid, struct pid_namespace *ns)': (call) =>
    pidNrNs(call.structOrNull('pid', 1), call.struct('pid_namespace', 2)),
  'int task_pid_nr_ns(struct task_struct *task, struct pid_namespace *ns)': (call) => {
    const ns = call.structOrNull('pid_namespace', 2) ?? activeNs(call.kernel);
    return ns ? taskPidNrNs(call.struct('task_struct', 1), ns) : 0;
  },
  'int task_tgid_nr_ns(struct task_struct *task, struct pid_namespace *ns)': (call) => {
    const ns = call.structOrNull('pid_namespace', 2) ?? activeNs(call.kernel);
    return ns ? taskPidNrNs(call.struct('task_struct', 1), ns, PidType.TGID) : 0;
  },
  'struct pid_namespace *task_active_pid_ns(struct task_struct *task)': (call) =>
    addrOf(taskActivePidNs(call.kernel, call.struct('task_struct', 1))),
  'struct pid_namespace *get_pid_ns(struct pid_namespace *ns)': (call) => {
    const ns = call.struct('pid_namespace', 1);
    getRef(ns, 'ns.count');
    call.take('pid_ns', ns.addr, '');
    return ns.addr;
  },
  'void put_pid_ns(struct pid_namespace *ns)': (call) => {
    const ns = call.struct('pid_namespace', 1);
    if (call.give('pid_ns', ns.addr)) putRef(ns, 'ns.count');
  },
});
