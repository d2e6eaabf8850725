/**
 * Next hop objects: gateways that have a number, and that many routes share.
 *
 *     net.nexthop.rb_root -> nexthop by id -> nh_info.fib6_nh        fib6_info.nh -> nexthop.f6i_list
 *
 * Source: net/ipv4/nexthop.c, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { containerOf, listAddTail, listInit } from '../list.ts';
import { rbBuild, rbNodes } from '../rbtree.ts';
import type { View } from '../view.ts';
import { getRef } from './refs.ts';
import { AF } from './sock.ts';

const ROOT = 'nexthop.rb_root';
/** RTPROT_UNSPEC: made by somebody who does not say who. */
const UNKNOWN_MAKER = 0;

/** The next hops of a namespace, by number. */
export function* nexthops(kernel: Kernel, net: View): Generator<View> {
  if (!net.has(ROOT)) return;
  for (const node of rbNodes(kernel.mem, net.at(ROOT))) yield containerOf(kernel, node, 'nexthop', 'rb_node');
}

/**
 * The next hop with this number; the first to ask makes it.
 *
 * @param fill tells gateway and device of a new one
 * @returns null in a kernel without next hop objects
 * @kernel nexthop_add, insert_nexthop, net/ipv4/nexthop.c
 * @fidelity partial: no groups, no table by device; the tree is built anew for each
 */
function nexthopById(kernel: Kernel, net: View, id: number, fill: (hop: View) => void): View | null {
  if (!net.has(ROOT) || !kernel.types.has('nexthop')) return null;
  const known = [...nexthops(kernel, net)];
  const found = known.find((each) => each.num('id') === id);
  if (found) return found;
  const made = kernel.alloc('nexthop');
  const info = kernel.alloc('nh_info');
  made.set('id', id);
  made.set('net', net.addr);
  made.set('refcnt', 1);
  made.set('protocol', UNKNOWN_MAKER);
  made.set('nh_info', info.addr);
  for (const list of ['fi_list', 'f6i_list', 'fdb_list', 'grp_list']) listInit(kernel.mem, made.at(list));
  info.set('nh_parent', made.addr);
  info.set('family', AF.INET6);
  fill(info.sub('fib6_nh'));
  const inOrder = [...known, made].sort((a, b) => a.num('id') - b.num('id'));
  rbBuild(
    kernel.mem,
    net.at(ROOT),
    inOrder.map((each) => each.at('rb_node')),
  );
  net.trySet('nexthop.last_id_allocated', Math.max(id, net.num('nexthop.last_id_allocated')));
  return made;
}

/** Lets a route go by a numbered next hop. @returns false in a kernel without them @kernel nexthop_get, ip6_route_info_create, net/ipv6/route.c @fidelity full: app/kernel_fields.test.ts */
export function useNexthop(
  kernel: Kernel,
  net: View,
  rt: View,
  id: number,
  fill: (hop: View) => void,
): boolean {
  const nexthop = rt.has('nh') ? nexthopById(kernel, net, id, fill) : null;
  if (!nexthop) return false;
  rt.set('nh', getRef(nexthop, 'refcnt').addr);
  if (rt.has('nh_list')) listAddTail(kernel.mem, rt.at('nh_list'), nexthop.at('f6i_list'));
  return true;
}
