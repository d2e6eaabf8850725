/**
 * `netlink`: every netlink socket of the reader's network namespace, protocol by protocol.
 *
 * The walk is under RCU from start to stop and takes no references. Between reads only a position is kept;
 * the next read walks there again from the beginning, so a socket that came or went before it shifts the rest.
 *
 * Source: net/netlink/af_netlink.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { NETLINK_PROTOCOLS, netlinkSocks, netlinkTable } from '../../kernel/objects/netlink_sock.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { behindHeader, finiSeqNet, initSeqNet, isSeqNet, SEQ_START_TOKEN } from './socket_common.ts';

/** The socket after `previous` in the table at hand, or the first of the next table that has one; `link` moves on. */
function nextSock(session: Session, previous: Obj): Obj {
  const { kernel, priv } = session;
  let after = previous;
  for (let link = priv.num('link'); link < NETLINK_PROTOCOLS; link++) {
    if (priv.num('link') !== link) {
      session.line('netlink.table');
      enter(session, link);
    }
    let passed = after === NULL;
    for (const sk of netlinkSocks(kernel, link)) {
      if (passed && isSeqNet(session, sk)) return sk;
      passed ||= sk === after;
    }
    after = NULL;
  }
  priv.set('link', NETLINK_PROTOCOLS);
  return NULL;
}

/** Makes a protocol's table the one that is walked. */
function enter({ kernel, priv }: Session, link: number): void {
  const table = netlinkTable(kernel, link);
  priv.set('link', link);
  priv.set('hti.ht', table.at('hash'));
  priv.set('hti.walker.tbl', table.ptr('hash.tbl'));
}

const atToken = (object: Obj): Obj => (object === SEQ_START_TOKEN ? NULL : object);

const store =
  (sk: Addr) =>
  (ctx: View): void => {
    behindHeader(ctx);
    ctx.set('sk', sk);
  };

/**
 * @kernel netlink_seq_start, netlink_seq_next, netlink_seq_show, netlink_seq_stop, net/netlink/af_netlink.c
 * @fidelity full
 */
const ops: SeqOps = {
  start(session) {
    session.line('netlink.start');
    session.held('rcu', NULL, 1);
    enter(session, 0);
    let object: Obj = SEQ_START_TOKEN;
    for (let left = session.seq.index; left > 0 && object !== NULL; left--)
      object = nextSock(session, atToken(object));
    return object;
  },
  next(session, object) {
    session.line('netlink.next');
    session.seq.index++;
    return nextSock(session, atToken(object));
  },
  show(session, sk) {
    if (sk === SEQ_START_TOKEN) {
      session.line('netlink.header');
      return 0;
    }
    session.line('netlink.show');
    return runIterProg(session, store(sk));
  },
  stop(session, sk) {
    session.line('netlink.stop');
    if (sk === NULL) runFinalProg(session, store(NULL));
    session.held('rcu', NULL, -1);
  },
};

/** A socket is known by its port id. */
const identify = (session: Session, sk: Obj): { owner: Addr; key: number } => ({
  owner: NULL,
  key: sk === SEQ_START_TOKEN ? 0 : session.kernel.view('netlink_sock', sk).num('portid'),
});

export const netlinkTarget: IterReg = {
  target: 'netlink',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: false,
  extraHelpers: [],
  seqInfo: () => ({ ops, privStruct: 'nl_seq_iter', initPriv: initSeqNet, finiPriv: finiSeqNet }),
  identify,
  code: [
    pseudoCode(
      'iter/netlink',
      'netlink',
      `
  start  | start: rcu_read_lock; at position 0 the header; else walk there from the beginning
  header | show(header): nothing, but it has used up seq_num 0
  next   | next: position + 1; the next socket of this protocol's table
  table  |   no more: the table of the next protocol, up to the last of 32
  show   | show: run the program with { meta (seq_num - 1), sk }
  stop   | stop: at the end run the program with sk = NULL; rcu_read_unlock
`,
    ),
  ],
};
