/**
 * Where TCP and UDP sockets are found: hash tables by address and port.
 *
 *     tcp_hashinfo.lhash2[hash(local address, port)]     listening        hlist_nulls of skc_nulls_node
 *     tcp_hashinfo.ehash[hash(both ends)]                all the others   hlist_nulls of skc_nulls_node
 *     udp_table.hash[port + mix]                         all              hlist of skc_node
 *     udp_table.hash2[hash(local address, port)]         all              hlist of skc_portaddr_node
 *
 * Newcomers go to the front of their bucket. A kernel draws the seeds of its hashes at boot; here they are 0.
 *
 * Source: net/ipv4/inet_hashtables.c, net/ipv6/inet6_hashtables.c, net/ipv4/udp.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { isAny, isV4Mapped } from '../inet_address.ts';
import type { Endpoint } from '../inet_address.ts';
import { keyHash } from '../jhash.ts';
import type { Kernel } from '../kernel.ts';
import {
  containerOf,
  hlistAddHead,
  hlistDel,
  hlistNodes,
  hlistNullsAddHead,
  hlistNullsDel,
  hlistNullsNodes,
  nullsMarker,
} from '../list.ts';
import type { View } from '../view.ts';
import { leaveTable, sockHold, sockPut } from './sock.ts';

/** What a machine of 512 MiB has. */
const LISTEN_BUCKETS = 256;
const ESTABLISHED_BUCKETS = 4096;
const UDP_BUCKETS = 2048;
/** The end of listening bucket i is marked with this + i. */
const LISTENING_NULLS_BASE = 2 ** 29;

// -- hashes --------------------------------------------------------------------------------------------------

const hashMix = (net: View): number => (net.has('hash_mix') ? net.num('hash_mix') : 0);
const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const wordOf = (ip: Uint8Array, at: number): number =>
  new DataView(ip.buffer, ip.byteOffset).getUint32(at, true);
/** A port in network order, read as a number. */
const networkOrder = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

/** @kernel ipv4_portaddr_hash, include/net/ip.h; ipv6_portaddr_hash, include/net/ipv6.h @fidelity full: cgroup.test.ts */
function portaddrHash(net: View, { ip, port }: Endpoint): number {
  const mix = hashMix(net);
  const key = ip.length === 4 ? ip : isAny(ip) ? words(0) : isV4Mapped(ip) ? ip.subarray(12) : ip;
  return (keyHash(key, mix) ^ port) >>> 0;
}

/** @kernel inet_ehashfn, net/ipv4/inet_hashtables.c; inet6_ehashfn, net/ipv6/inet6_hashtables.c @fidelity partial: seeds are 0 */
function connectionHash(net: View, local: Endpoint, remote: Endpoint): number {
  const ports = ((local.port << 16) | networkOrder(remote.port)) >>> 0;
  const [near, far] =
    local.ip.length === 4
      ? [wordOf(local.ip, 0), wordOf(remote.ip, 0)]
      : [
          wordOf(local.ip, 12),
          keyHash(
            words(
              (wordOf(remote.ip, 0) ^ wordOf(remote.ip, 4)) >>> 0,
              wordOf(remote.ip, 8),
              wordOf(remote.ip, 12),
            ),
            0,
          ),
        ];
  return keyHash(words(near, far, ports), hashMix(net));
}

// -- tables --------------------------------------------------------------------------------------------------

/** The hash tables of TCP; the first call makes them, empty. @kernel tcp_init, net/ipv4/tcp.c @fidelity partial: no table of bound ports */
function tcpHashinfo(kernel: Kernel): View {
  const fresh = !kernel.hasObject('tcp_hashinfo');
  const info = kernel.object('tcp_hashinfo', 'inet_hashinfo');
  if (!fresh) return info;
  const table = (struct: string, field: string, count: number, base: number): Addr => {
    const { size } = kernel.types.struct(struct);
    const head = kernel.types.struct(struct).field(field).offset;
    const addr = kernel.allocBytes(size * count);
    for (let i = 0; i < count; i++) kernel.mem.setU64(addr + BigInt(i * size + head), nullsMarker(base + i));
    return addr;
  };
  info.set('lhash2', table('inet_listen_hashbucket', 'nulls_head', LISTEN_BUCKETS, LISTENING_NULLS_BASE));
  info.set('lhash2_mask', LISTEN_BUCKETS - 1);
  info.set('ehash', table('inet_ehash_bucket', 'chain', ESTABLISHED_BUCKETS, 0));
  info.set('ehash_mask', ESTABLISHED_BUCKETS - 1);
  return info;
}

/** The hash tables of UDP; the first call makes them, empty. @kernel udp_table_init, net/ipv4/udp.c @fidelity full: task.test.ts */
function udpTable(kernel: Kernel): View {
  const fresh = !kernel.hasObject('udp_table');
  const table = kernel.object('udp_table', 'udp_table');
  if (!fresh) return table;
  const bytes = kernel.types.struct('udp_hslot').size * UDP_BUCKETS;
  table.set('hash', kernel.allocBytes(bytes));
  table.set('hash2', kernel.allocBytes(bytes));
  table.set('mask', UDP_BUCKETS - 1);
  table.set('log', Math.log2(UDP_BUCKETS));
  return table;
}

/** Makes the tables of the namespace that every kernel starts with. */
export function initInetTables(kernel: Kernel, net: View): void {
  net.trySet('ipv4.tcp_death_row.hashinfo', tcpHashinfo(kernel).addr);
  net.trySet('ipv4.udp_table', udpTable(kernel).addr);
}

/** One table of a protocol, as a walk sees it. */
export interface SocketTable {
  readonly buckets: number;
  /** Address of a bucket, which is what its lock protects. */
  bucketAt(bucket: number): Addr;
  /** Its sockets of all namespaces, in list order. */
  sockets(bucket: number): Generator<Addr>;
  /** Buckets that are not empty, in order. */
  occupied(): readonly number[];
}

/** Every socket of a table, bucket by bucket. */
export function* allSockets(table: SocketTable): Generator<Addr> {
  for (const bucket of table.occupied()) yield* table.sockets(bucket);
}

/**
 * Buckets of a table whose list is not empty. An empty list begins with NULL, or with an odd number.
 *
 * @param size of a bucket
 * @param head where in it the list begins
 */
export function occupiedBuckets(
  { mem }: Kernel,
  base: Addr,
  count: number,
  size: Bytes,
  head: Bytes,
): number[] {
  const bytes = mem.bytes(base, count * size);
  const words = new DataView(bytes.buffer);
  const used: number[] = [];
  for (let bucket = 0, at = head; bucket < count; bucket++, at += size) {
    const low = words.getUint32(at, true);
    if ((low & 1) === 0 && (low !== 0 || words.getUint32(at + 4, true) !== 0)) used.push(bucket);
  }
  return used;
}

function nullsTable(kernel: Kernel, base: Addr, buckets: number, struct: string, head: string): SocketTable {
  const { size } = kernel.types.struct(struct);
  const at = (bucket: number): Addr => base + BigInt(bucket * size);
  const offset = BigInt(kernel.types.struct(struct).field(head).offset);
  return {
    buckets,
    bucketAt: at,
    *sockets(bucket) {
      for (const node of hlistNullsNodes(kernel.mem, at(bucket) + offset))
        yield containerOf(kernel, node, 'sock_common', 'skc_nulls_node').addr;
    },
    occupied: () => occupiedBuckets(kernel, base, buckets, size, Number(offset)),
  };
}

/** Listening TCP sockets. */
export function tcpListening(kernel: Kernel): SocketTable {
  const info = tcpHashinfo(kernel);
  const buckets = info.num('lhash2_mask') + 1;
  return nullsTable(kernel, info.ptr('lhash2'), buckets, 'inet_listen_hashbucket', 'nulls_head');
}

/** All other TCP sockets that have a connection. */
export function tcpEstablished(kernel: Kernel): SocketTable {
  const info = tcpHashinfo(kernel);
  return nullsTable(kernel, info.ptr('ehash'), info.num('ehash_mask') + 1, 'inet_ehash_bucket', 'chain');
}

/** UDP sockets by local address and port. */
export function udpByAddress(kernel: Kernel): SocketTable {
  const table = udpTable(kernel);
  const { size } = kernel.types.struct('udp_hslot');
  const at = (bucket: number): Addr => table.ptr('hash2') + BigInt(bucket * size);
  return {
    buckets: table.num('mask') + 1,
    bucketAt: at,
    *sockets(bucket) {
      for (const node of hlistNodes(kernel.mem, at(bucket)))
        yield containerOf(kernel, node, 'sock_common', 'skc_portaddr_node').addr;
    },
    occupied: () => occupiedBuckets(kernel, table.ptr('hash2'), table.num('mask') + 1, size, 0),
  };
}

// -- in and out ------------------------------------------------------------------------------------------------

/** @param bucket instead of the one its address hashes to @kernel __inet_hash, net/ipv4/inet_hashtables.c @fidelity partial: reuseport groups are not made */
export function hashListening(
  kernel: Kernel,
  common: View,
  net: View,
  local: Endpoint,
  bucket: number | undefined,
): void {
  const table = tcpHashinfo(kernel);
  const slot = (bucket ?? portaddrHash(net, local)) & (LISTEN_BUCKETS - 1);
  const type = kernel.types.struct('inet_listen_hashbucket');
  const head = table.ptr('lhash2') + BigInt(slot * type.size + type.field('nulls_head').offset);
  hlistNullsAddHead(kernel.mem, common.at('skc_nulls_node'), head);
}

/** @param bucket instead of the one its addresses hash to @kernel inet_ehash_insert, net/ipv4/inet_hashtables.c @fidelity full: cgroup.test.ts */
export function hashEstablished(
  kernel: Kernel,
  common: View,
  net: View,
  ends: { readonly local: Endpoint; readonly remote: Endpoint },
  bucket: number | undefined,
): void {
  const hash = connectionHash(net, ends.local, ends.remote);
  const slot = (bucket ?? hash) & (ESTABLISHED_BUCKETS - 1);
  common.set('skc_hash', ((hash & ~(ESTABLISHED_BUCKETS - 1)) | slot) >>> 0);
  const { size } = kernel.types.struct('inet_ehash_bucket');
  const head = tcpHashinfo(kernel).ptr('ehash') + BigInt(slot * size);
  hlistNullsAddHead(kernel.mem, common.at('skc_nulls_node'), head);
}

/** Tables of UDP count as one reference. @kernel udp_lib_get_port, net/ipv4/udp.c @fidelity partial: reuseport groups are not made */
export function hashUdp(
  kernel: Kernel,
  common: View,
  net: View,
  local: Endpoint,
  bucket: number | undefined,
): void {
  const table = udpTable(kernel);
  const hash = portaddrHash(net, local);
  const slot = (local.port + hashMix(net)) & (UDP_BUCKETS - 1);
  const slot2 = (bucket ?? hash) & (UDP_BUCKETS - 1);
  common.set('skc_u16hashes[0]', local.port);
  common.set('skc_u16hashes[1]', ((hash & ~(UDP_BUCKETS - 1)) | slot2) & 0xffff);
  const add = (list: 'hash' | 'hash2', at: number, node: Addr): void => {
    const { size } = kernel.types.struct('udp_hslot');
    const bucketView = kernel.view('udp_hslot', table.ptr(list) + BigInt(at * size));
    hlistAddHead(kernel.mem, node, bucketView.addr);
    bucketView.set('count', bucketView.num('count') + 1);
  };
  add('hash', slot, common.at('skc_node'));
  add('hash2', slot2, common.at('skc_portaddr_node'));
  sockHold(kernel, common.addr);
}

/** @kernel inet_unhash, net/ipv4/inet_hashtables.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function unhashTcp(kernel: Kernel, common: View): void {
  leaveTable(kernel, common.addr);
  hlistNullsDel(kernel.mem, common.at('skc_nulls_node'));
}

/** @kernel udp_lib_unhash, net/ipv4/udp.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function unhashUdp(kernel: Kernel, common: View): void {
  leaveTable(kernel, common.addr);
  const table = udpTable(kernel);
  const { size } = kernel.types.struct('udp_hslot');
  const net = kernel.view('net', common.ptr('skc_net.net'));
  const mask = UDP_BUCKETS - 1;
  const drop = (list: 'hash' | 'hash2', at: number, node: Addr): void => {
    const bucket = kernel.view('udp_hslot', table.ptr(list) + BigInt((at & mask) * size));
    hlistDel(kernel.mem, node);
    bucket.set('count', bucket.num('count') - 1);
  };
  drop('hash', common.num('skc_num') + hashMix(net), common.at('skc_node'));
  drop('hash2', common.num('skc_u16hashes[1]'), common.at('skc_portaddr_node'));
  sockPut(kernel, common.addr);
}
