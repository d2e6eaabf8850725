/**
 * Netlink sockets: one hash table for each of 32 protocols.
 *
 *     nl_table[protocol].hash.tbl -> bucket_table.buckets[i] -> node -> node -> odd number: the end
 *
 * A chain that is empty may also be NULL. The last node points to its bucket's address plus one.
 *
 * Source: net/netlink/af_netlink.c, include/linux/rhashtable.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { EngineBug } from '../../../shared/assert.ts';
import { keyHash } from '../jhash.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf } from '../list.ts';
import type { View } from '../view.ts';
import { AF, newSock, SOCK, sockHold, sockPut, TcpState } from './sock.ts';

/** MAX_LINKS: protocols there can be. */
export const NETLINK_PROTOCOLS = 32;
const BUCKETS = 64;
/** Multicast groups of protocols that have more than 32. */
const GROUPS: ReadonlyMap<number, number> = new Map([[0, 36]]);
const FEW_GROUPS = 32;
const KERNEL_SOCKET = 1;
/** More nodes than any chain has. */
const ENDLESS = 1 << 20;

/** One protocol's table; the first call makes all of them, empty. @kernel netlink_proto_init, net/netlink/af_netlink.c @fidelity partial: tables do not grow */
export function netlinkTable(kernel: Kernel, protocol: number): View {
  const fresh = !kernel.hasObject('nl_table');
  const tables = kernel.object('nl_table', 'hlist_head');
  const { size } = kernel.types.struct('netlink_table');
  if (fresh) {
    tables.set('first', kernel.allocBytes(size * NETLINK_PROTOCOLS));
    for (let i = 0; i < NETLINK_PROTOCOLS; i++) newTable(kernel, tables.ptr('first') + BigInt(i * size));
  }
  return kernel.view('netlink_table', tables.ptr('first') + BigInt(protocol * size));
}

function newTable(kernel: Kernel, at: Addr): void {
  const { size } = kernel.types.struct('bucket_table');
  const buckets = kernel.view('bucket_table', kernel.allocBytes(size + BUCKETS * 8));
  buckets.set('size', BUCKETS);
  kernel.view('netlink_table', at).set('hash.tbl', buckets.addr);
}

const bucketAt = (table: View, bucket: number): Addr => table.ptr('hash.tbl') + bucketsOffset(table, bucket);
const bucketsOffset = (table: View, bucket: number): bigint =>
  BigInt(table.types.struct('bucket_table').size + bucket * 8);

/** The sockets of one protocol, in the order of a walk over its hash table. @kernel rhashtable_walk_next, lib/rhashtable.c @fidelity partial: tables do not grow while they are walked */
export function* netlinkSocks(kernel: Kernel, protocol: number): Generator<Addr> {
  const table = netlinkTable(kernel, protocol);
  const buckets = table.deref('hash.tbl')?.num('size') ?? 0;
  for (let i = 0; i < buckets; i++) {
    let steps = 0;
    for (
      let node = kernel.mem.u64(bucketAt(table, i));
      node !== 0n && (node & 1n) === 0n;
      node = kernel.mem.u64(node)
    ) {
      if (++steps > ENDLESS) throw new EngineBug('a netlink chain does not end');
      yield containerOf(kernel, node, 'netlink_sock', 'node').addr;
    }
  }
}

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
  const slot = bucketAt(table, (bucket ?? keyHash(new Uint8Array(key.buffer), 0)) % BUCKETS);
  const first = kernel.mem.u64(slot);
  kernel.mem.setU64(nlk.at('node'), first === 0n ? slot | 1n : first);
  kernel.mem.setU64(slot, nlk.at('node'));
  table.set('hash.nelems', table.num('hash.nelems') + 1);
  sockHold(kernel, nlk.addr);
}

/** Takes a socket out of its table, if it is there. @kernel netlink_remove, net/netlink/af_netlink.c @fidelity full */
export function unhashNetlink(kernel: Kernel, nlk: View): void {
  const table = netlinkTable(kernel, nlk.num('sk.sk_protocol'));
  const buckets = table.deref('hash.tbl')?.num('size') ?? 0;
  const own = nlk.at('node');
  for (let i = 0; i < buckets; i++)
    for (let at = bucketAt(table, i), node = kernel.mem.u64(at); node !== 0n && (node & 1n) === 0n;) {
      const next = kernel.mem.u64(node);
      if (node === own) {
        kernel.mem.setU64(at, next);
        table.set('hash.nelems', table.num('hash.nelems') - 1);
        sockPut(kernel, nlk.addr);
        return;
      }
      at = node;
      node = next;
    }
}
