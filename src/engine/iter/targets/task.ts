/**
 * `task`: every task, one at a time.
 *
 * Source: kernel/bpf/task_iter.c, Linux 6.12.
 */
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { nextTask, nextTaskCode, putTaskRef, taskWalk } from './task_common.ts';

/**
 * @kernel task_seq_start, task_seq_next, task_seq_show, task_seq_stop, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('task.start');
    const task = nextTask(session, false);
    if (task !== NULL && session.seq.index === 0) session.seq.index = 1;
    return task;
  },
  next(session, task) {
    session.line('task.next');
    session.seq.index++;
    session.priv.set('tid', session.priv.num('tid') + 1);
    putTaskRef(session, task);
    return nextTask(session, false);
  },
  show(session, task) {
    session.line('task.show');
    return runIterProg(session, (ctx) => ctx.set('task', task));
  },
  stop(session, task) {
    session.line('task.stop');
    if (task === NULL) runFinalProg(session);
    else putTaskRef(session, task);
  },
};

/** A task is known by its tid. */
const identify = (session: Session, task: Obj): { owner: bigint; key: number } => ({
  owner: NULL,
  key: session.kernel.view('task_struct', task).num('pid'),
});

export const taskTarget: IterReg = {
  target: 'task',
  ctxArgs: [{ offset: 8, type: 'trusted_or_null' }],
  ...taskWalk(ops, 'bpf_iter_seq_task_info'),
  identify,
  code: [
    pseudoCode(
      'iter/task',
      'task',
      `
  start | start: find the task at tid or after it, take a reference
  next  | next: tid = tid + 1; drop the reference; find the next task
  show  | show: run the program with { meta, task }
  stop  | stop: drop the reference; at the end run the program with task = NULL
`,
    ),
    nextTaskCode,
  ],
};
