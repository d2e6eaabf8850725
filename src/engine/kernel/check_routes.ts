/**
 * Proves that routing tables agree with themselves: below a node only prefixes that its bits name, its routes by
 * metric, borrowed leaves counted; and that next hop objects know who goes by them.
 */
import type { Addr } from '../../shared/brand.ts';
import { checkList } from './check_lists.ts';
import type { Report } from './check_lists.ts';
import type { Kernel } from './kernel.ts';
import { containerOf, listNodes } from './list.ts';
import { bitAt, fib6Tables, firstDifference, routesOf, RTN } from './objects/fib6.ts';
import { nexthops } from './objects/nexthop.ts';
import type { View } from './view.ts';

/** What was met on the way: who borrows a route, and which routes go by a next hop. */
interface Met {
  readonly borrowed: Map<Addr, number>;
  readonly routes: View[];
}

/** @param nets every network namespace of the machine */
export function checkRoutes(kernel: Kernel, nets: readonly View[], check: Report): void {
  for (const net of nets) {
    const met: Met = { borrowed: new Map(), routes: [] };
    for (const table of fib6Tables(kernel, net)) checkNode(kernel, table, table.sub('tb6_root'), met, check);
    for (const rt of met.routes) {
      const held = 1 + (met.borrowed.get(rt.addr) ?? 0);
      check(
        rt.num('fib6_ref') >= held,
        () => `route: fib6_ref is ${rt.num('fib6_ref')}, but ${held} hold it`,
      );
      checkSiblings(kernel, rt, check);
    }
    checkNexthops(kernel, net, met.routes, check);
  }
}

const prefixOf = (kernel: Kernel, rt: View): Uint8Array => kernel.mem.bytes(rt.at('fib6_dst.addr'), 16);

/** @returns a prefix from below the node, null where none is */
function checkNode(kernel: Kernel, table: View, node: View, met: Met, check: Report): Uint8Array | null {
  const bit = node.num('fn_bit');
  const name = (): string => `table ${table.num('tb6_id')}, node at bit ${bit}`;
  const own = checkLeaf(kernel, table, node, met, check);
  const below = (['left', 'right'] as const).map((side) => {
    const child = node.deref(side);
    if (!child) return null;
    check(child.ptr('parent') === node.addr, () => `${name()}: its ${side} has another parent`);
    check(child.num('fn_bit') > bit, () => `${name()}: its ${side} is for no more bits`);
    const found = checkNode(kernel, table, child, met, check);
    check(
      found !== null && bitAt(found, bit) === (side === 'right'),
      () => `${name()}: its ${side} holds what belongs to the other side`,
    );
    return found;
  });
  const all = [own, ...below].filter((prefix) => prefix !== null);
  const [first] = all;
  for (const prefix of all)
    check(
      first !== undefined && firstDifference(first, prefix) >= bit,
      () => `${name()}: it holds prefixes that differ before that bit`,
    );
  return first ?? null;
}

/** A node's own routes, or the one that it borrows. @returns their prefix, null without own routes */
function checkLeaf(kernel: Kernel, table: View, node: View, met: Met, check: Report): Uint8Array | null {
  const bit = node.num('fn_bit');
  const name = (): string => `table ${table.num('tb6_id')}, node at bit ${bit}`;
  const leaf = node.deref('leaf');
  if ((node.num('fn_flags') & RTN.RTINFO) === 0) {
    check(leaf !== null, () => `${name()}: it has no leaf`);
    if (leaf) met.borrowed.set(leaf.addr, (met.borrowed.get(leaf.addr) ?? 0) + 1);
    check(node.ptr('left') !== 0n && node.ptr('right') !== 0n, () => `${name()}: it parts nothing`);
    return null;
  }
  let metric = 0;
  let prefix: Uint8Array | null = null;
  for (const rt of routesOf(node)) {
    // The end of every table, which is in none.
    if (rt.ptr('fib6_table') === 0n) continue;
    met.routes.push(rt);
    check(rt.ptr('fib6_table') === table.addr, () => `${name()}: a route of another table`);
    check(rt.ptr('fib6_node') === node.addr, () => `${name()}: a route of another node`);
    check(rt.num('fib6_dst.plen') === bit, () => `${name()}: a route for ${rt.num('fib6_dst.plen')} bits`);
    check(rt.num('fib6_metric') >= metric, () => `${name()}: routes are not by metric`);
    metric = rt.num('fib6_metric');
    prefix ??= prefixOf(kernel, rt);
    check(firstDifference(prefix, prefixOf(kernel, rt)) >= bit, () => `${name()}: routes of two prefixes`);
  }
  return prefix;
}

/** Of a route by a numbered next hop the same words are its place on that one's list. */
function checkSiblings(kernel: Kernel, rt: View, check: Report): void {
  if (!rt.has('fib6_siblings') || (rt.has('nh') && rt.ptr('nh') !== 0n)) return;
  checkList(kernel.mem, rt.at('fib6_siblings'), 'siblings of a route', check);
  const others = [...listNodes(kernel.mem, rt.at('fib6_siblings'))].length;
  check(
    rt.num('fib6_nsiblings') === others,
    () => `route: fib6_nsiblings is ${rt.num('fib6_nsiblings')}, there are ${others}`,
  );
}

/** They stand by number; each is held by its table and by the routes on its list, which are those that name it. */
function checkNexthops(kernel: Kernel, net: View, routes: readonly View[], check: Report): void {
  const users = new Map<Addr, number>();
  for (const rt of routes) {
    const nh = rt.has('nh') ? rt.ptr('nh') : 0n;
    if (nh !== 0n) users.set(nh, (users.get(nh) ?? 0) + 1);
  }
  let before = 0;
  for (const hop of nexthops(kernel, net)) {
    const id = hop.num('id');
    check(id > before, () => `next hop ${id}: out of order`);
    before = id;
    checkList(kernel.mem, hop.at('f6i_list'), `routes of next hop ${id}`, check);
    const listed = [...listNodes(kernel.mem, hop.at('f6i_list'))];
    for (const node of listed)
      check(
        containerOf(kernel, node, 'fib6_info', 'nh_list').ptr('nh') === hop.addr,
        () => `next hop ${id}: a route on its list goes by another`,
      );
    const using = users.get(hop.addr) ?? 0;
    check(
      listed.length === using,
      () => `next hop ${id}: ${listed.length} routes are listed, ${using} use it`,
    );
    check(hop.num('refcnt') === 1 + using, () => `next hop ${id}: refcnt is ${hop.num('refcnt')}`);
  }
}
