/**
 * `udp`: every UDP socket of the reader's network namespace, both families.
 *
 * The walk goes through the table by local address and port. Until 6.15 it keeps between reads how many
 * sockets of the bucket it has shown: what is bound or closed there meanwhile shifts the rest, so a socket
 * is shown twice or missed. From 6.16 it keeps cookies, as tcp does.
 *
 * Source: net/ipv4/udp.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { parseRelease, UDP_ITER_COOKIES_SINCE } from '../../abi/releases.ts';
import { udpByAddress } from '../../kernel/objects/inet_hash.ts';
import { sockAt, sockUid } from '../../kernel/objects/sock.ts';
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
  leaveCookies,
  localPort,
  putCurrent,
  putWaiting,
  SEQ_START_TOKEN,
  seqSocks,
  seqUid,
  showSock,
} from './socket_common.ts';
import { resumeBucket } from './socket_resume.ts';

/** A walk that counts, rather than one that keeps cookies. */
const counts = ({ kernel, priv }: Session): boolean =>
  (parseRelease(kernel.release)?.number ?? 0) < UDP_ITER_COOKIES_SINCE && priv.has('st_bucket_done');

/** The next bucket that has sockets past those already shown. @kernel bpf_iter_udp_batch, net/ipv4/udp.c @fidelity full: app/sockets.test.ts */
function nextCounted(session: Session): Obj {
  const { kernel, priv } = session;
  const table = udpByAddress(kernel);
  const [resumed, shown] = [priv.num('state.bucket'), priv.num('offset')];
  let bucket = priv.num('st_bucket_done') === 0 ? resumed : resumed + 1;
  priv.set('cur_sk', 0);
  priv.set('end_sk', 0);
  priv.set('st_bucket_done', 0);
  for (; bucket < table.buckets; bucket++) {
    const all = seqSocks(session, table, bucket);
    if (all.length === 0) continue;
    const skip = bucket === resumed ? Math.min(shown, all.length) : 0;
    priv.set('offset', skip);
    if (skip === all.length) continue;
    priv.set('state.bucket', bucket);
    priv.set('st_bucket_done', 1);
    return fillBatch(session, table.bucketAt(bucket), all.slice(skip));
  }
  priv.set('state.bucket', bucket);
  return NULL;
}

function nextBatch(session: Session): Obj {
  session.line('udp.batch');
  if (counts(session)) return nextCounted(session);
  const found = resumeBucket(session, udpByAddress(session.kernel), 'state.bucket');
  return found ? fillBatch(session, found.bucket, found.socks) : NULL;
}

const store =
  (sk: Addr, uid: number, bucket: number) =>
  (ctx: View): void => {
    behindHeader(ctx);
    ctx.set('udp_sk', sk);
    ctx.set('uid', uid);
    ctx.set('bucket', bucket);
  };

/**
 * @kernel bpf_iter_udp_seq_start, bpf_iter_udp_seq_next, bpf_iter_udp_seq_show, bpf_iter_udp_seq_stop, net/ipv4/udp.c
 * @fidelity full: app/sockets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('udp.start');
    return session.seq.index === 0 ? SEQ_START_TOKEN : nextBatch(session);
  },
  next(session) {
    session.line('udp.next');
    const { priv } = session;
    if (putCurrent(session) && counts(session)) priv.set('offset', priv.num('offset') + 1);
    const sk = currentSock(session);
    const next = sk === NULL ? nextBatch(session) : sk;
    session.seq.index++;
    return next;
  },
  show: showSock('udp', localPort, (session, sk) => {
    const { kernel, priv } = session;
    const uid = seqUid(session, sockUid(kernel, sockAt(kernel, sk)));
    return runIterProg(session, store(sk, uid, priv.num('state.bucket')));
  }),
  stop(session, sk) {
    session.line('udp.stop');
    if (sk === NULL) runFinalProg(session, store(NULL, 0, 0));
    if (currentSock(session) === NULL) return;
    if (counts(session)) {
      putWaiting(session);
      session.priv.set('st_bucket_done', 0);
    } else leaveCookies(session);
  },
};

export const udpTarget: IterReg = {
  target: 'udp',
  ctxArgs: [{ offset: 8, type: 'trusted_or_null' }],
  resched: false,
  extraHelpers: [],
  seqInfo: () => ({ ops, privStruct: 'bpf_udp_iter_state', initPriv: initBatch, finiPriv: finiBatch }),
  identify: identifySock(localPort),
  code: [
    pseudoCode(
      'iter/udp',
      'udp',
      `
  start  | start: at position 0 the header; else the next batch
  header | show(header): nothing, but it has used up seq_num 0
  next   | next: position + 1; drop the socket shown; the next of the batch, or the next batch
  batch  |   lock the bucket, take a reference on each of its sockets past those shown, unlock
  show   | show: lock the socket, run the program with { meta (seq_num - 1), udp_sk, uid, bucket }
  gone   |   it left its table meanwhile: pass it over
  stop   | stop: at the end run the program with udp_sk = NULL; drop those not shown
`,
    ),
  ],
};
