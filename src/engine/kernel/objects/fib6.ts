/**
 * IPv6 routes: in each routing table a tree by prefix, at its nodes lists of routes by metric.
 *
 *     net.ipv6.fib_table_hash[id & 255] -> fib6_table.tb6_root -> left / right (the bit behind fn_bit)
 *                                                    leaf -> fib6_info -> fib6_next -> ...
 *
 * A node with RTN_RTINFO has routes of its own; one without only parts two subtrees, and its leaf is borrowed.
 * The root of every table has one more route behind all others: "unreachable", the same in all tables.
 *
 * Source: net/ipv6/ip6_fib.c, net/ipv6/route.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistAddHead, hlistNodes, listAddTail, listInit } from '../list.ts';
import type { View } from '../view.ts';
import { netDevice } from './net_device.ts';
import { useNexthop } from './nexthop.ts';
import { getRef, putRef } from './refs.ts';
import { AF } from './sock.ts';

/** FIB6_TABLE_HASHSZ */
const TABLES = 256;
export const RT6_TABLE_MAIN = 254;
export const RT6_TABLE_LOCAL = 255;
export const RTN = { TL_ROOT: 1, ROOT: 2, RTINFO: 4 } as const;
export const RTF = {
  UP: 0x1,
  GATEWAY: 0x2,
  DYNAMIC: 0x10,
  REJECT: 0x200,
  ADDRCONF: 0x4_0000,
  NONEXTHOP: 0x20_0000,
} as const;
const ADDRESS_BITS = 128;
/** rtm_type */
const RTN_UNICAST = 1;
const RTN_UNREACHABLE = 7;
/** rtm_protocol */
export const RTPROT_KERNEL = 2;
const NO_ADDRESS = new Uint8Array(16);
const LAST_METRIC = 0xffff_ffff;
const LOOPBACK = 'lo';

export interface RouteSpec {
  readonly table: number;
  /** Network order, 16 bytes. */
  readonly prefix: Uint8Array;
  /** Bits of the prefix. */
  readonly length: number;
  readonly gateway: Uint8Array | null;
  readonly device: string;
  readonly metric: number;
  /** RTF_* */
  readonly flags: number;
  readonly protocol: number;
  /** The number of the next hop object that it goes by; null: gateway and device are its own. */
  readonly nexthop: number | null;
}

// -- tables ------------------------------------------------------------------------------------------------

const bucketAt = (net: View, bucket: number): Addr => net.ptr('ipv6.fib_table_hash') + BigInt(bucket * 8);

/** Gives a namespace its two tables and the route that ends each, once. @kernel fib6_net_init, net/ipv6/ip6_fib.c @fidelity partial: no rules, no garbage collection, no statistics */
export function initFib6(kernel: Kernel, net: View): void {
  if (net.ptr('ipv6.fib_table_hash') !== 0n) return;
  net.set('ipv6.fib_table_hash', kernel.allocBytes(TABLES * 8));
  listInit(kernel.mem, net.at('ipv6.fib6_walkers'));
  const none = newRoute(kernel, net, {
    prefix: NO_ADDRESS,
    length: 0,
    gateway: null,
    device: LOOPBACK,
    metric: LAST_METRIC,
    flags: RTF.REJECT | RTF.NONEXTHOP,
    protocol: RTPROT_KERNEL,
    nexthop: null,
  });
  none.trySet('fib6_type', RTN_UNREACHABLE);
  net.set('ipv6.fib6_null_entry', none.addr);
  net.set('ipv6.fib6_main_tbl', fib6Table(kernel, net, RT6_TABLE_MAIN).addr);
  net.set('ipv6.fib6_local_tbl', fib6Table(kernel, net, RT6_TABLE_LOCAL).addr);
}

/** The tables of a namespace, by bucket: the order of a walk. @kernel ipv6_route_seq_next_table, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
export function* fib6Tables(kernel: Kernel, net: View): Generator<View> {
  if (net.ptr('ipv6.fib_table_hash') === 0n) return;
  for (let bucket = 0; bucket < TABLES; bucket++)
    for (const node of hlistNodes(kernel.mem, bucketAt(net, bucket)))
      yield containerOf(kernel, node, 'fib6_table', 'tb6_hlist');
}

/** The table with this number; the first to ask makes it. @kernel fib6_new_table, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
export function fib6Table(kernel: Kernel, net: View, id: number): View {
  for (const table of fib6Tables(kernel, net)) if (table.num('tb6_id') === id) return table;
  const table = kernel.alloc('fib6_table');
  table.set('tb6_id', id);
  const root = table.sub('tb6_root');
  root.set('leaf', net.ptr('ipv6.fib6_null_entry'));
  root.set('fn_flags', RTN.ROOT | RTN.TL_ROOT | RTN.RTINFO);
  hlistAddHead(kernel.mem, table.at('tb6_hlist'), bucketAt(net, id % TABLES));
  return table;
}

// -- routes ------------------------------------------------------------------------------------------------

/** A route in no table, with one reference. @kernel ip6_route_info_create, net/ipv6/route.c @fidelity partial: no source prefixes, expiry, or metrics but the one */
function newRoute(kernel: Kernel, net: View, spec: Omit<RouteSpec, 'table'>): View {
  const { types, mem } = kernel;
  const head = types.struct('fib6_info').size;
  const rt = kernel.view('fib6_info', kernel.allocBytes(head + types.struct('fib6_nh').size));
  mem.setBytes(rt.at('fib6_dst.addr'), spec.prefix);
  rt.set('fib6_dst.plen', spec.length);
  rt.set('fib6_metric', spec.metric);
  rt.set('fib6_flags', spec.flags);
  rt.set('fib6_protocol', spec.protocol);
  rt.trySet('fib6_type', RTN_UNICAST);
  rt.set('fib6_ref', 1);
  rt.trySet('fib6_nsiblings', 0);
  rt.trySet('nh', 0n);
  // Routes by source are not made: this one is for packets from anywhere.
  if (rt.has('fib6_src')) mem.setBytes(rt.at('fib6_src.addr'), NO_ADDRESS);
  rt.trySet('fib6_src.plen', 0);
  if (rt.has('fib6_siblings')) listInit(mem, rt.at('fib6_siblings'));
  const fill = (hop: View): void => fillHop(kernel, net, hop, spec);
  if (spec.nexthop === null || !useNexthop(kernel, net, rt, spec.nexthop, fill)) fill(ownHop(kernel, rt));
  return rt;
}

function fillHop(
  kernel: Kernel,
  net: View,
  hop: View,
  { device, gateway }: Pick<RouteSpec, 'device' | 'gateway'>,
): void {
  const dev = netDevice(kernel, net, device);
  hop.set('nh_common.nhc_dev', dev.addr);
  hop.set('nh_common.nhc_oif', dev.num('ifindex'));
  hop.set('nh_common.nhc_family', AF.INET6);
  hop.trySet('nh_common.nhc_weight', 1);
  if (!gateway) return;
  hop.set('nh_common.nhc_gw_family', AF.INET6);
  kernel.mem.setBytes(hop.at('nh_common.nhc_gw'), gateway);
}

/** The next hop that stands behind a route which has one of its own. */
const ownHop = (kernel: Kernel, rt: View): View => kernel.view('fib6_nh', rt.at('fib6_nh[0]'));

/** The next hop of a route: its own, or the numbered one that it shares. */
export function nextHop(kernel: Kernel, rt: View): View {
  const shared = rt.has('nh') ? rt.ptr('nh') : 0n;
  return shared === 0n
    ? ownHop(kernel, rt)
    : kernel.view('nh_info', kernel.view('nexthop', shared).ptr('nh_info')).sub('fib6_nh');
}

/** Adds a route behind those of its prefix with no higher metric. @kernel fib6_add, fib6_add_rt2node, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
export function addRoute(kernel: Kernel, net: View, spec: RouteSpec): View {
  const rt = newRoute(kernel, net, spec);
  const table = fib6Table(kernel, net, spec.table);
  const node = nodeFor(kernel, table.sub('tb6_root'), spec.prefix, spec.length);
  let before: View | null = null;
  let after = node.deref('leaf');
  while (after && after.num('fib6_metric') <= spec.metric)
    [before, after] = [after, after.deref('fib6_next')];
  rt.set('fib6_table', table.addr);
  rt.set('fib6_node', node.addr);
  rt.set('fib6_next', after?.addr ?? 0n);
  if (before) before.set('fib6_next', rt.addr);
  else node.set('leaf', rt.addr);
  node.set('fn_flags', node.num('fn_flags') | RTN.RTINFO);
  joinSiblings(kernel, rt, node);
  markChanged(net, table);
  return rt;
}

/** Next hops that share the packets of one prefix: gateways that somebody named. @kernel rt6_qualify_for_ecmp, include/net/ip6_route.h @fidelity full: app/kernel_fields.test.ts */
const isShared = (kernel: Kernel, rt: View): boolean =>
  (rt.num('fib6_flags') & (RTF.ADDRCONF | RTF.DYNAMIC)) === 0 &&
  (!rt.has('nh') || rt.ptr('nh') === 0n) &&
  nextHop(kernel, rt).num('nh_common.nhc_gw_family') !== 0;

/** Routes of one prefix and metric by several gateways know each other. @kernel fib6_add_rt2node, net/ipv6/ip6_fib.c @fidelity full: app/kernel_fields.test.ts */
function joinSiblings(kernel: Kernel, rt: View, node: View): void {
  if (!rt.has('fib6_siblings') || !isShared(kernel, rt)) return;
  const others = [...routesOf(node)].filter(
    (other) =>
      other.addr !== rt.addr && other.num('fib6_metric') === rt.num('fib6_metric') && isShared(kernel, other),
  );
  const [first] = others;
  if (first) listAddTail(kernel.mem, rt.at('fib6_siblings'), first.at('fib6_siblings'));
  for (const each of [rt, ...others]) each.set('fib6_nsiblings', others.length);
}

/** Walkers that are under way see by the number that the tree is another. @kernel fib6_new_sernum, net/ipv6/ip6_fib.c @fidelity partial: only the root's number is kept */
function markChanged(net: View, table: View): void {
  const serial = net.num('ipv6.fib6_sernum') + 1;
  net.set('ipv6.fib6_sernum', serial);
  table.set('tb6_root.fn_sernum', serial);
}

/** The routes of a node, by metric. */
export function* routesOf(node: View): Generator<View> {
  if ((node.num('fn_flags') & RTN.RTINFO) === 0) return;
  for (let rt = node.deref('leaf'); rt; rt = rt.deref('fib6_next')) yield rt;
}

// -- the tree ------------------------------------------------------------------------------------------------

export const bitAt = (ip: Uint8Array, bit: number): boolean =>
  (((ip[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;

/** The first bit in which two addresses differ. @kernel __ipv6_addr_diff, include/net/ipv6.h @fidelity full: app/walks/targets.test.ts */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let bit = 0; bit < ADDRESS_BITS; bit++) if (bitAt(a, bit) !== bitAt(b, bit)) return bit;
  return ADDRESS_BITS;
}

const childSide = (ip: Uint8Array, bit: number): 'left' | 'right' => (bitAt(ip, bit) ? 'right' : 'left');

function newNode(kernel: Kernel, bit: number, parent: View): View {
  const node = kernel.alloc('fib6_node');
  node.set('fn_bit', bit);
  node.set('parent', parent.addr);
  return node;
}

/** A node that gets routes of its own needs the borrowed one no more. */
function giveLeafBack(node: View): void {
  const leaf = node.deref('leaf');
  if (leaf) putRef(leaf, 'fib6_ref');
  node.set('leaf', 0n);
}

/** The node of a prefix, made where it belongs. @kernel fib6_add_1, net/ipv6/ip6_fib.c @fidelity full: app/walks/targets.test.ts */
function nodeFor(kernel: Kernel, root: View, prefix: Uint8Array, length: number): View {
  const addressOf = (leaf: View): Uint8Array => kernel.mem.bytes(leaf.at('fib6_dst.addr'), 16);
  let parent = root;
  for (let node: View | null = root; node; node = node.deref(childSide(prefix, parent.num('fn_bit')))) {
    const leaf = node.deref('leaf');
    const own = leaf ? addressOf(leaf) : NO_ADDRESS;
    const bit = node.num('fn_bit');
    const common = firstDifference(prefix, own);
    if (length < bit || common < bit) return insertAbove(kernel, node, { prefix, length, own, common });
    if (length === bit) {
      if ((node.num('fn_flags') & RTN.RTINFO) === 0) giveLeafBack(node);
      return node;
    }
    parent = node;
  }
  const node = newNode(kernel, length, parent);
  parent.set(childSide(prefix, parent.num('fn_bit')), node.addr);
  return node;
}

/** Puts a node between this one and its parent; beside it, below a new one that parts the two, if neither prefix holds the other. */
function insertAbove(
  kernel: Kernel,
  node: View,
  at: { prefix: Uint8Array; length: number; own: Uint8Array; common: number },
): View {
  const parent = kernel.view('fib6_node', node.ptr('parent'));
  const side = parent.ptr('right') === node.addr ? 'right' : 'left';
  const hang = (upper: View, lower: View, where: 'left' | 'right'): void => {
    upper.set(where, lower.addr);
    lower.set('parent', upper.addr);
  };
  if (at.length <= at.common) {
    const above = newNode(kernel, at.length, parent);
    hang(parent, above, side);
    hang(above, node, childSide(at.own, at.length));
    return above;
  }
  const fork = newNode(kernel, at.common, parent);
  const leaf = node.deref('leaf');
  if (leaf) fork.set('leaf', getRef(leaf, 'fib6_ref').addr);
  const beside = newNode(kernel, at.length, fork);
  hang(parent, fork, side);
  hang(fork, beside, childSide(at.prefix, at.common));
  hang(fork, node, childSide(at.own, at.common));
  return beside;
}
