/**
 * UNIX sockets, in the table of their network namespace.
 *
 *     net.unx.table.buckets[0..255]      without a name: by address of the sock; by path: number of the inode
 *                          [256..511]    abstract names: checksum of the name
 *
 * A socket that was accepted carries the name of the one that listened, but stays where it was without one.
 *
 * Source: net/unix/af_unix.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes } from '../list.ts';
import type { View } from '../view.ts';
import { dget } from './dentry.ts';
import type { Path } from './dentry.ts';
import { occupiedBuckets } from './inet_hash.ts';
import type { SocketTable } from './inet_hash.ts';
import { dequeueUnix } from './accept_queue.ts';
import { AF, leaveTable, newSock, SOCK, sockCommon, sockHold, sockPut, TcpState } from './sock.ts';

const HASH_MOD = 255;
const BUCKETS = 512;
/** net.unix.max_dgram_qlen */
const MAX_DGRAM_QLEN = 10;
/** Bytes of sun_family, in front of the name. */
const NAME = 2;

/** Gives a namespace its table, once. @kernel unix_net_init, net/unix/af_unix.c @fidelity full: task.test.ts */
export function initUnixTable(kernel: Kernel, net: View): void {
  if (net.ptr('unx.table.buckets') !== 0n) return;
  net.set('unx.table.locks', kernel.allocBytes(BUCKETS * 4));
  net.set('unx.table.buckets', kernel.allocBytes(BUCKETS * 8));
  net.trySet('unx.sysctl_max_dgram_qlen', MAX_DGRAM_QLEN);
}

/** The sockets of a namespace. */
export function unixTable(kernel: Kernel, net: View): SocketTable {
  const base = net.ptr('unx.table.buckets');
  const at = (bucket: number): Addr => base + BigInt(bucket * 8);
  return {
    buckets: base === 0n ? 0 : BUCKETS,
    bucketAt: at,
    *sockets(bucket) {
      for (const node of hlistNodes(kernel.mem, at(bucket)))
        yield containerOf(kernel, node, 'sock_common', 'skc_node').addr;
    },
    occupied: () => (base === 0n ? [] : occupiedBuckets(kernel, base, BUCKETS, 8, 0)),
  };
}

/** @kernel unix_unbound_hash, net/unix/af_unix.c @fidelity full: cgroup.test.ts */
function unboundHash(sock: Addr, type: number): number {
  let hash = sock ^ (sock >> 16n);
  hash ^= hash >> 8n;
  return Number((hash ^ BigInt(type)) & BigInt(HASH_MOD));
}

/** @param address struct sockaddr_un with its length @kernel unix_abstract_hash, net/unix/af_unix.c @fidelity full: cgroup.test.ts */
function abstractHash(address: Uint8Array, type: number): number {
  let sum = 0;
  for (let i = 0; i < address.length; i += 2) sum += (address[i] ?? 0) | ((address[i + 1] ?? 0) << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const folded = ~sum & 0xffff;
  return HASH_MOD + 1 + ((folded ^ (folded >> 8) ^ type) & HASH_MOD);
}

export interface UnixSpec {
  readonly type: (typeof SOCK)['STREAM' | 'DGRAM' | 'SEQPACKET'];
  readonly state: number;
  readonly net: View;
  readonly uid: number;
  /** A path, `@` and an abstract name, or none. */
  readonly name: string | undefined;
  /** What the path names, if the socket was bound to it. */
  readonly path: Path | null;
  /** The name came from the listening socket. */
  readonly accepted: boolean;
  readonly maxBacklog: number | undefined;
  readonly bucket: number | undefined;
}

/** struct sockaddr_un as bytes: abstract names begin with a NUL, paths end with one. */
function sockaddr(name: string): Uint8Array {
  const text = name.startsWith('@') ? `\0${name.slice(1)}` : `${name}\0`;
  return Uint8Array.from([AF.UNIX, 0, ...latin1Encode(text)]);
}

function unixAddress(kernel: Kernel, bytes: Uint8Array): View {
  const { size } = kernel.types.struct('unix_address');
  const addr = kernel.view('unix_address', kernel.allocBytes(size + bytes.length));
  addr.set('refcnt', 1);
  addr.set('len', bytes.length);
  const name = kernel.view('sockaddr_un', addr.at('name[0]'));
  name.set('sun_family', AF.UNIX);
  kernel.mem.setBytes(name.at('sun_path'), bytes.subarray(NAME));
  return addr;
}

/** @kernel unix_create1, unix_bind, net/unix/af_unix.c @fidelity partial: no queues; a name is not shared with the listener's */
export function newUnixSock(kernel: Kernel, spec: UnixSpec): View {
  const { type, state, net, uid, name } = spec;
  const protocol = type === SOCK.STREAM ? 'unix_stream' : 'unix_dgram';
  const unix = newSock(kernel, { protocol, family: AF.UNIX, type, number: 0, state, net, uid });
  const bytes = name === undefined ? null : sockaddr(name);
  if (bytes) unix.set('addr', unixAddress(kernel, bytes).addr);
  if (spec.path) {
    unix.set('path.mnt', spec.path.mnt.at('mnt'));
    unix.set('path.dentry', dget(spec.path.dentry).addr);
  }
  unix.set('sk.sk_max_ack_backlog', spec.maxBacklog ?? MAX_DGRAM_QLEN);
  const named = bytes !== null && !spec.accepted;
  const ino = spec.path?.dentry.deref('d_inode')?.num('i_ino') ?? 0;
  const hash = !named
    ? unboundHash(unix.addr, type)
    : name?.startsWith('@') === true
      ? abstractHash(bytes, type)
      : ino & HASH_MOD;
  const bucket = (spec.bucket ?? hash) % BUCKETS;
  const common = sockCommon(kernel, unix.addr);
  common.set('skc_hash', bucket);
  hlistAddHead(kernel.mem, common.at('skc_node'), unixTable(kernel, net).bucketAt(bucket));
  sockHold(kernel, unix.addr);
  return unix;
}

/** The name of a socket as /proc/net/unix shows it; '' without one. */
export function unixName(kernel: Kernel, unix: View): string {
  const addr = unix.deref('addr');
  if (!addr) return '';
  const name = addr.addr + BigInt(addr.type.size + NAME);
  const bytes = kernel.mem.bytes(name, addr.num('len') - NAME);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return text.startsWith('\0') ? `@${text.slice(1)}` : text.replace(/\0$/, '');
}

/** Ties two ends together: each holds on to the other. @kernel unix_stream_connect, unix_socketpair, net/unix/af_unix.c @fidelity full: cgroup.test.ts */
export function pairUnix(kernel: Kernel, a: View, b: View): void {
  a.set('peer', b.addr);
  sockHold(kernel, b.addr);
  b.set('peer', a.addr);
  sockHold(kernel, a.addr);
}

/**
 * Takes a socket out of its table and away from its other end, which still holds on to it. Connections that
 * wait at it to be accepted end.
 *
 * @kernel unix_release_sock, net/unix/af_unix.c
 * @fidelity partial: the other end is not told that nobody writes any more
 */
export function releaseUnix(kernel: Kernel, unix: View): void {
  leaveTable(kernel, unix.addr);
  hlistDel(kernel.mem, sockCommon(kernel, unix.addr).at('skc_node'));
  sockCommon(kernel, unix.addr).set('skc_state', TcpState.CLOSE);
  const peer = unix.ptr('peer');
  unix.set('peer', 0n);
  if (peer !== 0n) sockPut(kernel, peer);
  for (let child = dequeueUnix(kernel, unix.addr); child !== 0n; child = dequeueUnix(kernel, unix.addr)) {
    releaseUnix(kernel, kernel.view('unix_sock', child));
    sockPut(kernel, child);
  }
  sockPut(kernel, unix.addr);
}
