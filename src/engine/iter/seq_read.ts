/**
 * read(2) of an iterator file.
 *
 * The walk fills the seq buffer object by object until it holds what the reader asked for; then text goes
 * out. An object whose text does not fit is taken back and waits for the next read; the walk is stopped
 * between reads and only a position remains. When the walk is over, stop(NULL) lets the program run once
 * more without an object.
 *
 *     leftover? -> copy                    start -> show -> (next -> show)* -> stop -> copy
 *
 * Written as a generator that pauses after every callback, so that a run can be sliced and cancelled
 * between callbacks; what is read never depends on where it pauses.
 *
 * Source: bpf_seq_read, kernel/bpf/bpf_iter.c, Linux 6.12.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { CallKind } from '../../protocol/trace.ts';
import { NULL, isErr, ptrErr } from './bpf_iter.ts';
import type { Obj } from './bpf_iter.ts';
import type { Session } from './session.ts';

/** Eight pages, for the life of the session. */
export const SEQ_BUFFER_SIZE = 8 * 4096;
/** Objects visited in one read without text before the reader gets a chance to be interrupted. */
export const MAX_ITER_OBJECTS = 1_000_000;

/** Takes bytes to user space. @returns false when the user's memory faults */
export type CopyToUser = (data: Uint8Array) => boolean;

/** A pause inside a read, from which it can go on: an object is at hand, and so many have been shown. */
export interface Midway {
  readonly object: Obj;
  /** With 0, the object is the one that start has delivered; else it has been shown and kept. */
  readonly shown: number;
}

/**
 * One read(2).
 *
 * @param size bytes the caller has room for
 * @param maxObjects visited in one read before it gives up waiting for text
 * @param from goes on there, in memory that is as it was then
 * @yields after each callback
 * @returns bytes copied, 0 at the end of the walk, or -EAGAIN, -E2BIG, -EFAULT or an errno of the target
 * @throws ProgramAbort
 * @kernel bpf_seq_read, kernel/bpf/bpf_iter.c
 * @fidelity partial: ENOMEM and signals cannot happen; the reschedule point is the pause after a callback
 */
export function* bpfSeqRead(
  session: Session,
  size: Bytes,
  copyToUser: CopyToUser,
  maxObjects = MAX_ITER_OBJECTS,
  from: Midway | null = null,
): Generator<CallKind, number> {
  const firstCall = session.recorder?.call ?? 0;
  session.readSize = size;
  session.line('read.lock');
  const { seq } = session;
  seq.allocBuffer(SEQ_BUFFER_SIZE);
  let ret: number;
  if (!from && seq.count > 0) {
    session.line('read.leftover');
    ret = yield* copy(session, size, copyToUser);
  } else {
    if (!from) seq.from = 0;
    const err = yield* fill(session, size, maxObjects, from);
    ret = err !== 0 ? err : yield* copy(session, size, copyToUser);
  }
  session.recorder?.readDone({ size, ret, firstCall, lastCall: session.recorder.call - 1 });
  session.reads++;
  return ret;
}

/** Walks until the buffer holds `size` bytes or the walk ends. @returns 0, or the errno of this read */
function* fill(
  session: Session,
  size: Bytes,
  maxObjects: number,
  from: Midway | null,
): Generator<CallKind, NegErrno> {
  const { seq } = session;
  if (from && from.shown > 0) {
    const rest = yield* walkOn(session, from.object, size, maxObjects, from.shown);
    return 'err' in rest ? rest.err : yield* finish(session, rest.object);
  }
  if (!from) session.line('read.start');
  let object = from?.object ?? (yield* deliver(session, 'start', NULL));
  if (isErr(object)) {
    yield* stop(session, object);
    seq.count = 0;
    return ptrErr(object);
  }
  if (object === NULL) session.line('read.nothing');
  else {
    session.line('read.first');
    const err = yield* show(session, object, 0);
    if (err < 0) {
      session.line('read.first_bad');
      return yield* giveUp(session, object, err);
    }
    const rest = yield* walkOn(session, object, size, maxObjects, 1);
    if ('err' in rest) return rest.err;
    object = rest.object;
  }
  return yield* finish(session, object);
}

/** The loop of a read, `shown` objects into it. @returns the object that waits (NULL: none, or an error), or the errno of this read */
function* walkOn(
  session: Session,
  from: Obj,
  size: Bytes,
  maxObjects: number,
  shown: number,
): Generator<CallKind, { object: Obj } | { err: NegErrno }> {
  const { seq } = session;
  let object = from;
  for (let visited = shown; ; visited++) {
    const before = seq.count;
    session.line('read.next');
    object = yield* deliver(session, 'next', object);
    if (object === NULL || isErr(object)) {
      session.line('read.last');
      return { object };
    }
    session.line('read.number');
    if (seq.count >= size) {
      session.line('read.enough');
      return { object };
    }
    if (visited >= maxObjects) {
      session.line('read.visited');
      return before === 0 ? { err: yield* giveUp(session, object, fail('EAGAIN')) } : { object };
    }
    session.line('read.show');
    const err = yield* show(session, object, before);
    if (err < 0) {
      session.line('read.undo');
      if (before > 0) return { object };
      session.line('read.first_out');
      return { err: yield* giveUp(session, object, err) };
    }
  }
}

/** start or next, with its row. seq_num moves on with each object that next delivers. */
function* deliver(session: Session, kind: 'start' | 'next', after: Obj): Generator<CallKind, Obj> {
  const { ops } = session.info;
  const index = session.seq.index;
  const object = kind === 'start' ? ops.start(session) : ops.next(session, after);
  // A position of unix has more bits than a number; it cannot be compared here.
  if (kind === 'next' && session.seq.index === index && Number.isSafeInteger(index))
    throw new EngineBug(`next of ${session.reg.target} did not move the position`);
  const found = object !== NULL && !isErr(object);
  if (kind === 'next' && found) session.seqNum++;
  callDone(session, kind, isErr(object) ? NULL : object, isErr(object) ? ptrErr(object) : found ? 1 : 0);
  yield kind;
  return object;
}

/**
 * Shows an object and takes its text back when it cannot be kept.
 *
 * @param before bytes in the buffer that belong to earlier objects
 * @returns 0 kept or passed over, or the errno that a read ends with if nothing came before
 */
function* show(session: Session, object: Obj, before: Bytes): Generator<CallKind, NegErrno> {
  const { seq } = session;
  const seqNum = session.seqNum;
  const ret = session.info.ops.show(session, object);
  const written = seq.count - before;
  const overflowed = ret === 0 && seq.overflowed;
  if (written > 0 && !seq.overflowed) session.recorder?.wrote(before, written);
  if (ret > 0) {
    session.line('read.skipped');
    session.seqNum--;
  }
  if (ret !== 0 || overflowed) seq.count = before;
  callDone(session, 'show', object, overflowed ? fail('EOVERFLOW') : ret, identify(session, object), seqNum);
  yield 'show';
  return overflowed ? fail('E2BIG') : Math.min(ret, 0);
}

/** Ends a read that has nothing to return. */
function* giveUp(session: Session, object: Obj, err: NegErrno): Generator<CallKind, NegErrno> {
  yield* stop(session, object);
  session.seq.count = 0;
  return err;
}

/** Leaves the walk: with an object that waits, or with the program's last call. */
function* finish(session: Session, object: Obj): Generator<CallKind, NegErrno> {
  const { seq } = session;
  const before = seq.count;
  session.line('read.stop');
  if (isErr(object)) {
    yield* stop(session, NULL);
    return ptrErr(object);
  }
  yield* stop(session, object);
  if (object !== NULL) return 0;
  if (!seq.overflowed) {
    session.line('read.done');
    session.doneStop = true;
    return 0;
  }
  session.line('read.trailer');
  seq.count = before;
  return before === 0 ? fail('E2BIG') : 0;
}

function* stop(session: Session, object: Obj): Generator<CallKind, void> {
  const before = session.seq.count;
  const given = isErr(object) ? NULL : object;
  const who = identify(session, given);
  session.info.ops.stop(session, object);
  const written = session.seq.count - before;
  if (written > 0 && !session.seq.overflowed) session.recorder?.wrote(before, written);
  callDone(session, 'stop', given, session.ran.ret >= 0 ? 1 : 0, who);
  yield 'stop';
}

/** Gives the reader what waits in the buffer, at most `size` bytes. */
function* copy(session: Session, size: Bytes, copyToUser: CopyToUser): Generator<CallKind, number> {
  const { seq } = session;
  session.line('read.copy');
  const length = Math.min(seq.count, size);
  const ok = copyToUser(seq.bytes(seq.from, length));
  if (ok) {
    seq.count -= length;
    seq.from += length;
  }
  const ret = ok ? length : fail('EFAULT');
  callDone(session, 'copy', NULL, ret);
  yield 'copy';
  return ret;
}

interface Identity {
  readonly owner: Addr;
  readonly key: number;
}

/** What an object is to the page. An object that stop gives back must be asked before. */
const identify = (session: Session, object: Obj): Identity =>
  object === NULL || session.recorder === null
    ? { owner: NULL, key: 0 }
    : session.reg.identify(session, object);

function callDone(
  session: Session,
  kind: CallKind,
  object: Obj,
  result: number,
  who: Identity = identify(session, object),
  seqNum: number = session.seqNum,
): void {
  const { seq, ran } = session;
  session.recorder?.callDone({
    kind,
    read: session.reads,
    object,
    ...who,
    seqNum,
    count: seq.count,
    from: seq.from,
    result,
    progRet: ran.ret,
    insns: ran.insns,
  });
  session.ran = { ret: -1, insns: 0 };
}
