/**
 * `unix`: every UNIX socket of the reader's network namespace, bucket by bucket.
 *
 * The position holds bucket and place in it: bucket << 54 | place. Once a first bucket has been taken, the
 * walk believes at every later start that its bucket is done. So a read that begins in the middle goes on
 * with the next bucket, and the sockets that waited when the last read ended are never shown: Linux does so.
 *
 * Source: net/unix/af_unix.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { sockAt, socketInode, sockUid } from '../../kernel/objects/sock.ts';
import { unixTable } from '../../kernel/objects/unix_sock.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import {
  behindHeader,
  currentSock,
  fillBatch,
  finiBatch,
  identifySock,
  initBatch,
  netAddr,
  putCurrent,
  putWaiting,
  SEQ_START_TOKEN,
  seqUid,
  showSock,
} from './socket_common.ts';

/** Bits of the position that count within a bucket. */
const BUCKET_SPACE = 54n;

const seqFile = ({ kernel, seq }: Session): View => kernel.view('seq_file', seq.addr);
/** Behind the last bucket the sign bit is set. */
const positionOf = (session: Session): bigint => BigInt.asUintN(64, seqFile(session).big('index'));
const setPosition = (session: Session, position: bigint): void => seqFile(session).set('index', position);
const startOf = (bucket: number): bigint => (BigInt(bucket) << BUCKET_SPACE) | 1n;

/** @kernel bpf_iter_unix_batch, unix_get_first, net/unix/af_unix.c @fidelity full: app/strip.test.ts */
function nextBatch(session: Session): Obj {
  const { kernel, priv } = session;
  session.line('unix.batch');
  const table = unixTable(kernel, kernel.view('net', netAddr(session)));
  let position = positionOf(session);
  if (priv.num('st_bucket_done') !== 0) position = startOf(Number(position >> BUCKET_SPACE) + 1);
  priv.set('cur_sk', 0);
  priv.set('end_sk', 0);
  for (let bucket = Number(position >> BUCKET_SPACE); bucket < table.buckets; bucket++) {
    const place = Number(position & ((1n << BUCKET_SPACE) - 1n));
    const socks = [...table.sockets(bucket)].slice(Math.max(place - 1, 0));
    if (socks.length > 0) {
      setPosition(session, position);
      priv.set('st_bucket_done', 1);
      return fillBatch(session, table.bucketAt(bucket), socks);
    }
    position = startOf(bucket + 1);
  }
  setPosition(session, position);
  return NULL;
}

const store =
  (sk: Addr, uid: number) =>
  (ctx: View): void => {
    behindHeader(ctx);
    ctx.set('unix_sk', sk);
    ctx.set('uid', uid);
  };

/** By which a UNIX socket is known. */
const inodeNumber = ({ kernel }: Session, sk: Addr): number =>
  socketInode(kernel, sockAt(kernel, sk))?.num('i_ino') ?? 0;

/**
 * @kernel bpf_iter_unix_seq_start, bpf_iter_unix_seq_next, bpf_iter_unix_seq_show, bpf_iter_unix_seq_stop, net/unix/af_unix.c
 * @fidelity full: app/sockets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('unix.start');
    return positionOf(session) === 0n ? SEQ_START_TOKEN : nextBatch(session);
  },
  next(session) {
    session.line('unix.next');
    putCurrent(session);
    setPosition(session, positionOf(session) + 1n);
    const sk = currentSock(session);
    return sk === NULL ? nextBatch(session) : sk;
  },
  show: showSock('unix', inodeNumber, (session, sk) => {
    const { kernel } = session;
    return runIterProg(session, store(sk, seqUid(session, sockUid(kernel, sockAt(kernel, sk)))));
  }),
  stop(session, sk) {
    session.line('unix.stop');
    if (sk === NULL) runFinalProg(session, store(NULL, 0));
    putWaiting(session);
  },
};

export const unixTarget: IterReg = {
  target: 'unix',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: false,
  extraHelpers: ['bpf_setsockopt', 'bpf_getsockopt'],
  seqInfo: () => ({ ops, privStruct: 'bpf_unix_iter_state', initPriv: initBatch, finiPriv: finiBatch }),
  identify: identifySock(inodeNumber),
  code: [
    pseudoCode(
      'iter/unix',
      'unix',
      `
  start  | start: at position 0 the header; else the next batch, past the bucket where the last read ended
  header | show(header): nothing, but it has used up seq_num 0
  next   | next: position + 1; drop the socket shown; the next of the batch, or the next batch
  batch  |   lock the next bucket that has sockets, take a reference on each, unlock
  show   | show: lock the socket, run the program with { meta (seq_num - 1), unix_sk, uid }
  gone   |   it left its table meanwhile: pass it over
  stop   | stop: at the end run the program with unix_sk = NULL; drop those not shown: they are lost
`,
    ),
  ],
};
