/** What the pictures need to know of tasks, files and address spaces, read from the kernel's bytes. */
import type { Addr } from '../../shared/brand.ts';
import type { Session } from '../iter/session.ts';
import { BPF_TASK_ITER_TGID, BPF_TASK_ITER_TID } from '../iter/targets/task_common.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PidType, nextPid, pidNrNs, pidTask, taskActivePidNs } from '../kernel/objects/pid.ts';
import type { View } from '../kernel/view.ts';

export interface TaskFacts {
  readonly task: View;
  /** Numbers as the reader's pid namespace shows them. */
  readonly pid: number;
  readonly tgid: number;
  readonly comm: string;
  readonly leader: Addr;
  readonly parent: Addr;
  readonly files: Addr;
  readonly mm: Addr;
}

/** The attach parameters that decide which tasks a walk offers. */
export interface TaskFilter {
  readonly tid: number;
  readonly pid: number;
}

/** What a task target's link was told, as the session keeps it. */
export function filterOf({ priv }: Session): TaskFilter {
  const [type, nr] = [priv.num('common.type'), priv.num('common.pid')];
  return { tid: type === BPF_TASK_ITER_TID ? nr : 0, pid: type === BPF_TASK_ITER_TGID ? nr : 0 };
}

/** Every task of the current task's pid namespace, by number: the order of the walk. */
export function visibleTasks(kernel: Kernel): TaskFacts[] {
  const ns = taskActivePidNs(kernel, kernel.view('task_struct', kernel.current));
  const tasks: TaskFacts[] = [];
  if (!ns) return tasks;
  for (let entry = nextPid(kernel, ns, 1); entry; entry = nextPid(kernel, ns, entry.nr + 1)) {
    const task = pidTask(kernel, entry.pid, PidType.PID);
    if (!task) continue;
    const leader = task.deref('group_leader') ?? task;
    tasks.push({
      task,
      pid: entry.nr,
      tgid: pidNrNs(leader.deref('thread_pid'), ns),
      comm: task.str('comm'),
      leader: leader.addr,
      parent: task.ptr('real_parent'),
      files: task.ptr('files'),
      mm: task.ptr('mm'),
    });
  }
  return tasks;
}

/** Why the walk will not come to a task because of its parameters, or ''. */
export function outside(facts: TaskFacts, filter: TaskFilter): string {
  if (filter.tid !== 0 && facts.pid !== filter.tid) return `outside tid ${filter.tid}`;
  if (filter.pid !== 0 && facts.tgid !== filter.pid) return `outside pid ${filter.pid}`;
  return '';
}

/** The rule by which task_file and task_vma pass a thread over, or ''. A walk by tid knows no such rule. */
export function sharesWithLeader(
  facts: TaskFacts,
  byAddr: ReadonlyMap<Addr, TaskFacts>,
  filter: TaskFilter,
): string {
  if (facts.task.addr === facts.leader || filter.tid !== 0) return '';
  return byAddr.get(facts.leader)?.files === facts.files ? 'same files: skipped' : '';
}
