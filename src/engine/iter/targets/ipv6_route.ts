/**
 * `ipv6_route`: every IPv6 route of the reader's network namespace, table by table.
 *
 * In each table the tree is walked from its leaves to its root, left before right, so longer prefixes come
 * before those that contain them and the default route comes last. The walk is under RCU from start to stop and
 * keeps only a position between reads: the next read counts its way there from the beginning.
 *
 * Source: net/ipv6/ip6_fib.c, net/ipv6/route.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fib6Tables, RTN } from '../../kernel/objects/fib6.ts';
import { listAddHead, listDel, listInit } from '../../kernel/list.ts';
import type { View } from '../../kernel/view.ts';
import { NULL, runFinalProg, runIterProg } from '../bpf_iter.ts';
import type { IterReg, Obj, SeqOps } from '../bpf_iter.ts';
import { pseudoCode } from '../pseudo_code.ts';
import type { Session } from '../session.ts';
import { finiSeqNet, initSeqNet, netAddr } from './socket_common.ts';

/** enum fib6_walk_state: what of a node comes next. */
const FWS = { SUBTREE: 0, LEFT: 1, RIGHT: 2, CURRENT: 3, UP: 4 } as const;

const netOf = (session: Session): View => session.kernel.view('net', netAddr(session));

// -- walkers -------------------------------------------------------------------------------------------------

/** Puts the walker at the root of a table and makes it known. @kernel ipv6_route_seq_setup_walk, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
function setUpWalk(session: Session, table: View): void {
  const { kernel, priv } = session;
  session.line('ipv6_route.table');
  const root = table.at('tb6_root');
  priv.set('tbl', table.addr);
  for (const field of ['root', 'node']) priv.set(`w.${field}`, root);
  for (const field of ['leaf', 'state', 'skip', 'count', 'skip_in_node']) priv.set(`w.${field}`, 0);
  priv.set('w.args', priv.addr);
  priv.set('sernum', table.num('tb6_root.fn_sernum'));
  listInit(kernel.mem, priv.at('w.lh'));
  listAddHead(kernel.mem, priv.at('w.lh'), netOf(session).at('ipv6.fib6_walkers'));
}

/** The table behind the one at hand, or the first. */
function nextTable(session: Session): View | null {
  const current = session.priv.ptr('tbl');
  let passed = current === 0n;
  for (const table of fib6Tables(session.kernel, netOf(session))) {
    if (passed) return table;
    passed = table.addr === current;
  }
  return null;
}

/** A tree that changed since the last step is walked again from its root, past as many nodes as were met. @kernel ipv6_route_check_sernum, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
function checkSerial(session: Session, table: View): void {
  const { priv } = session;
  const serial = table.num('tb6_root.fn_sernum');
  if (priv.num('sernum') === serial) return;
  session.line('ipv6_route.changed');
  priv.set('sernum', serial);
  priv.set('w.state', FWS.SUBTREE);
  priv.set('w.node', priv.ptr('w.root'));
  priv.set('w.skip', priv.num('w.count'));
}

/** The children of a node in the order they are entered, by the state in which that happens. */
const CHILDREN = new Map<number, string>([
  [FWS.SUBTREE, 'subtree'],
  [FWS.LEFT, 'left'],
  [FWS.RIGHT, 'right'],
]);

/** Where to go on in the parent of a node that is done. */
function stateAbove(parent: View, node: Addr): number {
  for (const [state, field] of CHILDREN)
    if (parent.has(field) && parent.ptr(field) === node) return state + 1;
  return FWS.UP;
}

/** Goes down into a child, or on to what of this node comes next. */
function enterChild(priv: View, node: View, state: number): void {
  const field = CHILDREN.get(state) ?? '';
  const child = node.has(field) ? node.ptr(field) : NULL;
  priv.set('w.state', child === NULL ? state + 1 : FWS.SUBTREE);
  if (child !== NULL) priv.set('w.node', child);
  else if (state === FWS.RIGHT) priv.set('w.leaf', node.ptr('leaf'));
}

/**
 * Is a route of this node the next? Those that earlier reads have shown are counted off.
 *
 * @kernel ipv6_route_yield, net/ipv6/ip6_fib.c
 * @fidelity full: app/walks/targets.test.ts
 */
function yieldRoute({ kernel, priv }: Session): boolean {
  for (;;) {
    if (priv.num('skip') === 0) return priv.ptr('w.leaf') !== 0n;
    const leaf = kernel.view('fib6_info', priv.ptr('w.leaf'));
    priv.set('w.leaf', leaf.ptr('fib6_next'));
    priv.set('skip', priv.num('skip') - 1);
    if (priv.ptr('w.leaf') === 0n) return false;
  }
}

/**
 * Moves on to the next node with routes: both subtrees first, then the node itself, then up.
 *
 * @returns the route at `w.leaf`, or NULL when the table is done
 * @kernel fib6_walk_continue, net/ipv6/ip6_fib.c
 * @fidelity full: app/walks/targets.test.ts
 */
function walkOn(session: Session): Obj {
  const { priv } = session;
  for (let node = priv.deref('w.node'); node; node = priv.deref('w.node')) {
    const state = priv.num('w.state');
    if (state < FWS.CURRENT) enterChild(priv, node, state);
    else if (state === FWS.CURRENT) {
      const here = priv.ptr('w.leaf') !== 0n && (node.num('fn_flags') & RTN.RTINFO) !== 0;
      if (!here || priv.num('w.skip') > 0) {
        if (here) priv.set('w.skip', priv.num('w.skip') - 1);
        priv.set('w.state', FWS.UP);
      } else if (yieldRoute(session)) return priv.ptr('w.leaf');
      else priv.set('w.count', priv.num('w.count') + 1);
    } else {
      const up = node.addr === priv.ptr('w.root') ? null : node.deref('parent');
      if (!up) return NULL;
      priv.set('w.node', up.addr);
      priv.set('w.state', stateAbove(up, node.addr));
      if (priv.num('w.state') === FWS.CURRENT) priv.set('w.leaf', up.ptr('leaf'));
    }
  }
  return NULL;
}

/** The walker is in the list of its namespace. @kernel ipv6_route_iter_active, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
const isActive = (priv: View): boolean =>
  priv.ptr('w.node') !== 0n && !(priv.num('w.state') === FWS.UP && priv.ptr('w.node') === priv.ptr('w.root'));

/** The next route of this table or of a later one. */
function nextRoute(session: Session): Obj {
  const { kernel, priv } = session;
  for (let tbl = priv.deref('tbl'); tbl;) {
    checkSerial(session, tbl);
    session.line('ipv6_route.step');
    session.held('tb6_lock', tbl.addr, 1);
    const rt = walkOn(session);
    session.held('tb6_lock', tbl.addr, -1);
    if (rt !== NULL) return rt;
    listDel(kernel.mem, priv.at('w.lh'));
    tbl = nextTable(session);
    if (tbl) setUpWalk(session, tbl);
    else priv.set('tbl', 0n);
  }
  return NULL;
}

// -- the target ------------------------------------------------------------------------------------------------

/**
 * @kernel ipv6_route_seq_start, ipv6_route_seq_next, ipv6_route_seq_show, ipv6_route_seq_stop, net/ipv6/ip6_fib.c
 * @fidelity full: app/walks/targets.test.ts
 */
const ops: SeqOps = {
  start(session) {
    const { priv, seq } = session;
    session.line('ipv6_route.start');
    session.held('rcu', NULL, 1);
    priv.set('tbl', 0n);
    priv.set('skip', seq.index);
    const first = nextTable(session);
    if (!first) return NULL;
    setUpWalk(session, first);
    return nextRoute(session);
  },
  next(session, rt) {
    session.line('ipv6_route.next');
    session.seq.index++;
    const sibling = session.kernel.view('fib6_info', rt).ptr('fib6_next');
    return sibling === NULL ? nextRoute(session) : sibling;
  },
  show(session, rt) {
    session.line('ipv6_route.show');
    const ret = runIterProg(session, (ctx) => ctx.set('rt', rt));
    session.priv.set('w.leaf', 0n);
    return ret;
  },
  stop(session, rt) {
    const { kernel, priv } = session;
    session.line('ipv6_route.stop');
    if (rt === NULL) runFinalProg(session);
    if (isActive(priv)) listDel(kernel.mem, priv.at('w.lh'));
    session.held('rcu', NULL, -1);
  },
};

/** A route belongs to the table at hand and is known by the length of its prefix. */
const identify = ({ kernel, priv }: Session, rt: Obj): { owner: Addr; key: number } => ({
  owner: priv.ptr('tbl'),
  key: kernel.view('fib6_info', rt).num('fib6_dst.plen'),
});

export const ipv6RouteTarget: IterReg = {
  target: 'ipv6_route',
  ctxArgs: [{ offset: 8, type: 'btf_or_null' }],
  resched: false,
  extraHelpers: [],
  seqInfo: () => ({ ops, privStruct: 'ipv6_route_iter', initPriv: initSeqNet, finiPriv: finiSeqNet }),
  identify,
  code: [
    pseudoCode(
      'iter/ipv6_route',
      'ipv6_route',
      `
  start   | start: rcu_read_lock; from the first table on, pass over as many routes as were shown
  next    | next: position + 1; the next route of the same prefix, else step on
  table   |   a walker at the root of the next table
  changed |   the table changed: back to its root, past the nodes that were counted
  step    |   lock the table; left subtree, right subtree, the node itself, then up; unlock
  show    | show: run the program with { meta, rt }
  stop    | stop: at the end run the program with rt = NULL; take the walker out; rcu_read_unlock
`,
    ),
  ],
};
