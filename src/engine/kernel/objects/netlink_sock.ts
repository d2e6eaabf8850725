/**
 * Netlink sockets: one hash table for each of 32 protocols.
 *
 *     nl_table[protocol].hash -> netlink_sock.node -> ...
 *
 * Source: net/netlink/af_netlink.c, include/linux/rhashtable.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { keyHash } from '../jhash.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf } from '../list.ts';
import { rhashInit, rhashInsert, rhashNodes, rhashRemove } from '../rhashtable.ts';
import type { View } from '../view.ts';
import { AF, newSock, SOCK, sockHold, sockPut, TcpState } from './sock.ts';

/** MAX_LINKS: protocols there can be. */
export const NETLINK_PROTOCOLS = 32;
const BUCKETS = 64;
/** Multicast groups of protocols that have more than 32. */
const GROUPS: ReadonlyMap<number, number> = new Map([[0, 36]]);
const FEW_GROUPS = 32;
const KERNEL_SOCKET = 1;

/** One protocol's table; the first call makes all of them, empty. @kernel netlink_proto_init, net/netlink/af_netlink.c @fidelity partial: tables do not grow */
export function netlinkTable(kernel: Kernel, protocol: number): View {
  const fresh = !kernel.hasObject('nl_table');
  const tables = kernel.object('nl_table', 'hlist_head');
  const { size } = kernel.types.struct('netlink_table');
  if (fresh) {
    tables.set('first', kernel.allocBytes(size * NETLINK_PROTOCOLS));
    for (let i = 0; i < NETLINK_PROTOCOLS; i++) {
      const table = kernel.view('netlink_table', tables.ptr('first') + BigInt(i * size));
      rhashInit(kernel, table.sub('hash'), BUCKETS);
    }
  }
  return kernel.view('netlink_table', tables.ptr('first') + BigInt(protocol * size));
}

/** The sockets of one protocol, in the order of a walk over its hash table. */
export function* netlinkSocks(kernel: Kernel, protocol: number): Generator<Addr> {
  for (const node of rhashNodes(kernel, netlinkTable(kernel, protocol).sub('hash')))
    yield netlinkSockOf(kernel, node).addr;
}

/** The socket that stands in a table with this node. */
export const netlinkSockOf = (kernel: Kernel, node: Addr): View =>
  containerOf(kernel, node, 'netlink_sock', 'node');

export interface NetlinkSpec {
  readonly protocol: number;
  readonly portid: number;
  /** Bit i: member of multicast group i + 1. */
  readonly groups: number;
  /** One of the kernel's own. */
  readonly kernelSocket: boolean;
  readonly bound: boolean;
  readonly net: View;
  readonly uid: number;
  readonly bucket: number | undefined;
}

/** @kernel __netlink_create, netlink_bind, net/netlink/af_netlink.c @fidelity partial: a socket that is not bound has no place in the table */
export function newNetlinkSock(kernel: Kernel, spec: NetlinkSpec): View {
  const { protocol, portid, net, uid } = spec;
  const nlk = newSock(kernel, {
    protocol: 'netlink',
    family: AF.NETLINK,
    type: spec.kernelSocket ? SOCK.DGRAM : SOCK.RAW,
    number: protocol,
    state: TcpState.CLOSE,
    net,
    uid,
  });
  nlk.set('portid', portid);
  nlk.trySet('cb_running', 0);
  if (spec.kernelSocket) nlk.set('flags', KERNEL_SOCKET);
  else nlk.set('bound', spec.bound ? 1 : 0);
  if (spec.groups !== 0) {
    const ngroups = GROUPS.get(protocol) ?? FEW_GROUPS;
    nlk.set('ngroups', ngroups);
    nlk.set('groups', kernel.allocBytes(Math.ceil(ngroups / 64) * 8));
    kernel.mem.setU64(nlk.ptr('groups'), BigInt(spec.groups));
    nlk.set('subscriptions', bits(spec.groups));
  }
  if (spec.bound || spec.kernelSocket) insert(kernel, nlk, spec);
  return nlk;
}

const bits = (value: number): number => value.toString(2).replaceAll('0', '').length;

/** Counts as one reference. @kernel __netlink_insert, net/netlink/af_netlink.c @fidelity partial: seed of the hash is 0 */
function insert(kernel: Kernel, nlk: View, { protocol, portid, bucket, net }: NetlinkSpec): void {
  const table = netlinkTable(kernel, protocol);
  const key = new DataView(new ArrayBuffer(12));
  key.setBigUint64(0, net.addr, true);
  key.setUint32(8, portid, true);
  const hash = bucket ?? keyHash(new Uint8Array(key.buffer), 0);
  rhashInsert(kernel, table.sub('hash'), nlk.at('node'), hash);
  sockHold(kernel, nlk.addr);
}

/** Takes a socket out of its table, if it is there. @kernel netlink_remove, net/netlink/af_netlink.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function unhashNetlink(kernel: Kernel, nlk: View): void {
  const table = netlinkTable(kernel, nlk.num('sk.sk_protocol'));
  if (rhashRemove(kernel, table.sub('hash'), nlk.at('node'))) sockPut(kernel, nlk.addr);
}
