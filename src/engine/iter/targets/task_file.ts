/**
 * `task_file`: every open file of every task. Threads that share their leader's file table are passed over.
 *
 * Source: kernel/bpf/task_iter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fput } from '../../kernel/objects/file.ts';
import { fgetTaskNext } from '../../kernel/objects/files.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { isTidMode, nextTask, nextTaskCode, putTaskRef, taskWalk } from './task_common.ts';

/** The next open file, with a reference on it and on its task (`priv.task`). */
function nextFile(session: Session): Addr {
  const { kernel, priv } = session;
  let savedTid = priv.num('tid');
  for (;;) {
    let task = priv.ptr('task');
    let fd = priv.num('fd');
    if (task === 0n) {
      task = nextTask(session, true);
      if (task === 0n) return 0n;
      priv.set('task', task);
      if (priv.num('tid') !== savedTid) fd = 0;
    }
    session.line('task_file.scan');
    const owner = kernel.view('task_struct', task);
    const found = fgetTaskNext(kernel, owner, fd);
    if (found) {
      session.held('file f_count', found.file.addr, 1);
      priv.set('fd', found.fd);
      return found.file.addr;
    }
    session.line('task_file.task_done');
    if (owner.ptr('files') === 0n) session.skip(task, priv.num('tid'), 'no files');
    putTaskRef(session, task);
    priv.set('task', 0n);
    if (isTidMode(session)) return 0n;
    priv.set('fd', 0);
    savedTid = priv.num('tid') + 1;
    priv.set('tid', savedTid);
  }
}

function putFile(session: Session, file: Addr): void {
  session.held('file f_count', file, -1);
  fput(session.kernel, session.kernel.view('file', file));
}

const store =
  (session: Session, file: Addr) =>
  (ctx: View): void => {
    ctx.set('task', session.priv.ptr('task'));
    ctx.set('fd', session.priv.num('fd'));
    ctx.set('file', file);
  };

/**
 * @kernel task_file_seq_get_next, task_file_seq_start, task_file_seq_next, task_file_seq_stop, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('task_file.start');
    session.priv.set('task', 0n);
    const file = nextFile(session);
    if (file !== NULL && session.seq.index === 0) session.seq.index = 1;
    return file;
  },
  next(session, file) {
    session.line('task_file.next');
    session.seq.index++;
    session.priv.set('fd', session.priv.num('fd') + 1);
    putFile(session, file);
    return nextFile(session);
  },
  show(session, file) {
    session.line('task_file.show');
    return runIterProg(session, store(session, file));
  },
  stop(session, file) {
    session.line('task_file.stop');
    if (file === NULL) {
      runFinalProg(session, store(session, NULL));
      return;
    }
    putFile(session, file);
    putTaskRef(session, session.priv.ptr('task'));
    session.priv.set('task', 0n);
  },
};

/** A file belongs to a task and is known by its fd there. */
const identify = (session: Session, _file: Obj): { owner: bigint; key: number } => ({
  owner: session.priv.ptr('task'),
  key: session.priv.num('fd'),
});

export const taskFileTarget: IterReg = {
  target: 'task_file',
  ctxArgs: [
    { offset: 8, type: 'btf_or_null' },
    { offset: 24, type: 'btf_or_null' },
  ],
  ...taskWalk(ops, 'bpf_iter_seq_task_file_info'),
  identify,
  code: [
    pseudoCode(
      'iter/task_file',
      'task_file',
      `
  start     | start: find the file at (tid, fd) or after it, take references on task and file
  next      | next: fd = fd + 1; drop the file; find the next file
  scan      |   the first open fd >= fd of this task
  task_done |   no more files: drop the task, fd = 0, tid = tid + 1, next task
  show      | show: run the program with { meta, task, fd, file }
  stop      | stop: drop file and task; at the end run the program with task = file = NULL
`,
    ),
    nextTaskCode,
  ],
};
