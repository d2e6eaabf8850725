/**
 * `netlink`: every netlink socket of the reader's network namespace, protocol by protocol.
 *
 * The walk is under RCU from start to stop and takes no references. Between reads only a position is kept;
 * the next read walks there again from the beginning, so a socket that came or went before it shifts the rest.
 *
 * Source: net/netlink/af_netlink.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { NETLINK_PROTOCOLS, netlinkSockOf, netlinkTable } from '../../kernel/objects/netlink_sock.ts';
import { rhashWalkEnter, rhashWalkNext } from '../../kernel/rhashtable.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import {
  behindHeader,
  finiSeqNet,
  identifySock,
  initSeqNet,
  isSeqNet,
  SEQ_START_TOKEN,
} from './socket_common.ts';

/** The walk's next socket, in the table at hand or the next that has one; `link` moves on. @kernel __netlink_seq_next, net/netlink/af_netlink.c @fidelity full: app/walks/targets.test.ts */
function nextSock(session: Session): Obj {
  const { kernel, priv } = session;
  const walk = priv.sub('hti');
  for (;;) {
    for (let node = rhashWalkNext(kernel, walk); node !== 0n; node = rhashWalkNext(kernel, walk)) {
      const sk = netlinkSockOf(kernel, node).addr;
      if (isSeqNet(session, sk)) return sk;
    }
    const link = priv.num('link') + 1;
    priv.set('link', link);
    if (link >= NETLINK_PROTOCOLS) return NULL;
    session.line('netlink.table');
    enter(session, link);
  }
}

/** Makes a protocol's table the one that is walked, from its start. */
function enter({ kernel, priv }: Session, link: number): void {
  priv.set('link', link);
  rhashWalkEnter(priv.sub('hti'), netlinkTable(kernel, link).sub('hash'));
}

const store =
  (sk: Addr) =>
  (ctx: View): void => {
    behindHeader(ctx);
    ctx.set('sk', sk);
  };

/**
 * @kernel netlink_seq_start, netlink_seq_next, netlink_seq_show, netlink_seq_stop, net/netlink/af_netlink.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    session.line('netlink.start');
    session.held('rcu', NULL, 1);
    enter(session, 0);
    let object: Obj = SEQ_START_TOKEN;
    for (let left = session.seq.index; left > 0 && object !== NULL; left--) object = nextSock(session);
    return object;
  },
  next(session) {
    session.line('netlink.next');
    session.seq.index++;
    return nextSock(session);
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

export const netlinkTarget: IterReg = {
  target: 'netlink',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: false,
  extraHelpers: [],
  seqInfo: () => ({ ops, privStruct: 'nl_seq_iter', initPriv: initSeqNet, finiPriv: finiSeqNet }),
  identify: identifySock(({ kernel }, sk) => kernel.view('netlink_sock', sk).num('portid')),
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
