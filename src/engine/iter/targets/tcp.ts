/**
 * `tcp`: every TCP socket of the reader's network namespace, both families, all states.
 *
 * Listening sockets come first, then the table of connections, in which TIME_WAIT and half-open sockets are
 * too. Between reads the walk keeps the cookies of the sockets it has not shown yet: it goes on at the first
 * of them that is still in the bucket, so nothing is shown twice and only what left is missed.
 *
 *     lhash2[0..]: listening  ->  ehash[0..]: the others
 *
 * Source: net/ipv4/tcp_ipv4.c, Linux 6.12.117.
 */
import type { Addr } from '../../../shared/brand.ts';
import { tcpEstablished, tcpListening } from '../../kernel/objects/inet_hash.ts';
import type { SocketTable } from '../../kernel/objects/inet_hash.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import {
  behindHeader,
  connectionUid,
  currentSock,
  fillBatch,
  finiBatch,
  identifySock,
  initBatch,
  leaveCookies,
  localPort,
  putCurrent,
  SEQ_START_TOKEN,
  showSock,
} from './socket_common.ts';
import { resumeBucket } from './socket_resume.ts';

/** enum tcp_seq_states */
const LISTENING = 0;
const ESTABLISHED = 1;

/** The next bucket's sockets, or the rest of the one where the last read stopped. @kernel bpf_iter_tcp_resume, net/ipv4/tcp_ipv4.c @fidelity full: app/shell_recorded.test.ts */
function nextBatch(session: Session): Obj {
  const { kernel, priv } = session;
  session.line('tcp.batch');
  for (;;) {
    const listening = priv.num('state.state') === LISTENING;
    const table: SocketTable = listening ? tcpListening(kernel) : tcpEstablished(kernel);
    const found = resumeBucket(session, table, 'state.bucket');
    if (found) return fillBatch(session, found.bucket, found.socks);
    if (!listening) return NULL;
    session.line('tcp.others');
    priv.set('state.bucket', 0);
    priv.set('state.state', ESTABLISHED);
  }
}

const store =
  (sk: Addr, uid: number) =>
  (ctx: View): void => {
    behindHeader(ctx);
    ctx.set('sk_common', sk);
    ctx.set('uid', uid);
  };

/**
 * @kernel bpf_iter_tcp_seq_start, bpf_iter_tcp_seq_next, bpf_iter_tcp_seq_show, bpf_iter_tcp_seq_stop, net/ipv4/tcp_ipv4.c
 * @fidelity full: app/sockets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('tcp.start');
    return session.seq.index === 0 ? SEQ_START_TOKEN : nextBatch(session);
  },
  next(session) {
    session.line('tcp.next');
    if (putCurrent(session)) session.priv.set('state.num', session.priv.num('state.num') + 1);
    const sk = currentSock(session);
    const next = sk === NULL ? nextBatch(session) : sk;
    session.seq.index++;
    session.priv.set('state.last_pos', session.seq.index);
    return next;
  },
  show: showSock('tcp', localPort, (session, sk) =>
    runIterProg(session, store(sk, connectionUid(session, sk))),
  ),
  stop(session, sk) {
    session.line('tcp.stop');
    if (sk === NULL) runFinalProg(session, store(NULL, 0));
    leaveCookies(session);
  },
};

export const tcpTarget: IterReg = {
  target: 'tcp',
  ctxArgs: [{ offset: 8, type: 'trusted_or_null' }],
  resched: false,
  extraHelpers: ['bpf_setsockopt', 'bpf_getsockopt'],
  seqInfo: () => ({ ops, privStruct: 'bpf_tcp_iter_state', initPriv: initBatch, finiPriv: finiBatch }),
  identify: identifySock(localPort),
  code: [
    pseudoCode(
      'iter/tcp',
      'tcp',
      `
  start  | start: at position 0 the header; else the next batch
  header | show(header): nothing, but it has used up seq_num 0
  next   | next: position + 1; drop the socket shown; the next of the batch, or the next batch
  batch  |   lock the bucket, take a reference on each of its sockets that has not been shown, unlock
  others |   no more listening sockets: go on with the table of connections, from bucket 0
  show   | show: lock the socket, run the program with { meta (seq_num - 1), sk_common, uid }
  gone   |   it left its table meanwhile: pass it over
  stop   | stop: at the end run the program with sk_common = NULL; note the cookies of those not shown, drop them
`,
    ),
  ],
};
