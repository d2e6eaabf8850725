/**
 * `task_vma`: every memory area of every task, in address order, with the address space locked for reading.
 *
 * Which threads are passed over is decided by their file tables, as for task_file, not by their address
 * spaces. Between reads the lock is dropped and only addresses are kept.
 *
 * Source: kernel/bpf/task_iter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { U64_MAX } from '../../../shared/int64.ts';
import { findVma, getMm, putMm } from '../../kernel/objects/mm.ts';
import { mmapLockIsContended, mmapReadLock, mmapReadUnlock } from '../../kernel/objects/mmap_lock.ts';
import { PF } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { isTidMode, nextTask, nextTaskCode, putTaskRef, taskWalk } from './task_common.ts';

/**
 * The task's address space with a reference, locked for reading; null for kernel threads and zombies.
 *
 * @kernel get_task_mm, kernel/fork.c; mmap_read_lock_killable, include/linux/mmap_lock.h
 * @fidelity partial: nobody writes when a walk wants the lock, so it is never waited for
 */
function lockTaskMm(session: Session, task: View): View | null {
  const mm = task.deref('mm');
  if (!mm || (task.num('flags') & PF.KTHREAD) !== 0) return null;
  session.held('mm mm_users', getMm(mm).addr, 1);
  session.held('mmap_lock', mmapReadLock(session.kernel, mm).addr, 1);
  return mm;
}
function unlockMm(session: Session, mm: View): void {
  session.held('mmap_lock', mm.addr, -1);
  mmapReadUnlock(session.kernel, mm);
  session.held('mm mm_users', mm.addr, -1);
  putMm(session.kernel, mm);
}

/** The area where a walk that was stopped goes on: not the one it ended with, unless that was never shown. */
function resumeAt(session: Session, mm: View): View | null {
  const { kernel, priv } = session;
  session.line('task_vma.resume');
  const end = priv.big('prev_vm_end');
  const vma = findVma(kernel, mm, BigInt.asUintN(64, end - 1n));
  if (!vma) return null;
  const seen = vma.big('vm_start') === priv.big('prev_vm_start') && vma.big('vm_end') === end;
  return seen ? findVma(kernel, mm, end) : vma;
}

/** A writer waits: lets it change the areas, then goes on by address. */
function letWriterIn(session: Session, mm: View, vma: View): View | null {
  session.line('task_vma.contended');
  session.priv.set('prev_vm_start', vma.big('vm_start'));
  session.priv.set('prev_vm_end', vma.big('vm_end'));
  session.held('mmap_lock', mm.addr, -1);
  mmapReadUnlock(session.kernel, mm);
  session.held('mmap_lock', mmapReadLock(session.kernel, mm).addr, 1);
  return resumeAt(session, mm);
}

/** The next area, with its address space locked and a reference on its task. */
function nextVma(session: Session): Addr {
  const { kernel, priv } = session;
  const savedTid = priv.num('tid');
  for (;;) {
    let task = priv.ptr('task');
    let mm = priv.deref('mm');
    let vma = priv.deref('vma');
    if (task !== 0n) {
      session.line('task_vma.following');
      if (mm && vma && mmapLockIsContended(kernel, mm)) vma = letWriterIn(session, mm, vma);
      else vma = mm && vma && findVma(kernel, mm, vma.big('vm_end'));
    } else {
      task = nextTask(session, true);
      if (task === 0n) {
        priv.set('tid', priv.num('tid') + 1);
        return finish(session, 0n);
      }
      mm = lockTaskMm(session, kernel.view('task_struct', task));
      if (!mm) {
        session.skip(task, priv.num('tid'), 'no mm');
        vma = null;
      } else vma = priv.num('tid') === savedTid ? resumeAt(session, mm) : findVma(kernel, mm, 0n);
    }
    if (mm && vma) {
      priv.set('task', task);
      priv.set('mm', mm.addr);
      priv.set('vma', vma.addr);
      return vma.addr;
    }
    session.line('task_vma.task_done');
    if (mm) unlockMm(session, mm);
    if (isTidMode(session)) return finish(session, task);
    putTaskRef(session, task);
    priv.set('task', 0n);
    priv.set('mm', 0n);
    priv.set('tid', priv.num('tid') + 1);
  }
}

function finish(session: Session, task: Addr): Addr {
  if (task !== 0n) putTaskRef(session, task);
  for (const field of ['task', 'mm', 'vma']) session.priv.set(field, 0n);
  return 0n;
}

const store =
  (session: Session, vma: Addr) =>
  (ctx: View): void => {
    ctx.set('task', session.priv.ptr('task'));
    ctx.set('vma', vma);
  };

/**
 * @kernel task_vma_seq_get_next, task_vma_seq_start, task_vma_seq_next, task_vma_seq_stop, kernel/bpf/task_iter.c
 * @fidelity full: task_targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('task_vma.start');
    const vma = nextVma(session);
    if (vma !== NULL && session.seq.index === 0) session.seq.index = 1;
    return vma;
  },
  next(session) {
    session.line('task_vma.next');
    session.seq.index++;
    return nextVma(session);
  },
  show(session, vma) {
    session.line('task_vma.show');
    return runIterProg(session, store(session, vma));
  },
  stop(session, vma) {
    const { kernel, priv } = session;
    session.line('task_vma.stop');
    if (vma === NULL) {
      runFinalProg(session, store(session, NULL));
      return;
    }
    priv.set('prev_vm_start', U64_MAX);
    priv.set('prev_vm_end', kernel.view('vm_area_struct', vma).big('vm_end'));
    const mm = priv.deref('mm');
    if (mm) unlockMm(session, mm);
    putTaskRef(session, priv.ptr('task'));
    priv.set('mm', 0n);
    priv.set('task', 0n);
  },
};

/** An area belongs to a task and is known by its start. */
const identify = (session: Session, vma: Obj): { owner: bigint; key: number } => ({
  owner: session.priv.ptr('task'),
  key: session.kernel.view('vm_area_struct', vma).num('vm_start'),
});

export const taskVmaTarget: IterReg = {
  target: 'task_vma',
  ctxArgs: [
    { offset: 8, type: 'btf_or_null' },
    { offset: 16, type: 'btf_or_null' },
  ],
  ...taskWalk(ops, 'bpf_iter_seq_task_vma_info'),
  identify,
  code: [
    pseudoCode(
      'iter/task_vma',
      'task_vma',
      `
  start     | start: find the next area, take task and mm, lock the mm for reading
  next      | next: find the next area
  following |   the first area that ends above this one's end
  contended |   a writer waits for mmap_lock: remember this area, unlock, lock again
  resume    |   where the last read stopped: by address, since the lock was dropped
  task_done |   no more areas: unlock, drop mm and task, tid = tid + 1, next task
  show      | show: run the program with { meta, task, vma }
  stop      | stop: remember the end of the area that waits, unlock, drop; at the end run the program with vma = NULL
`,
    ),
    nextTaskCode,
  ],
};
