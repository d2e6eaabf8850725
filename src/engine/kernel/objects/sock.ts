/**
 * sock: one end of a connection, whatever its protocol, and the socket and inode that make it a file.
 *
 *     file.private_data -> socket_alloc { socket, vfs_inode }
 *                                         socket.sk <-> sock.sk_socket
 *     tcp6_sock { tcp_sock { inet_connection_sock { inet_sock { sock { sock_common } } } } ipv6_pinfo }
 *
 * All protocols start with sock_common; what state it is in decides how much of a sock there is behind it:
 * sockets in TIME_WAIT and half-open ones are smaller objects of their own.
 *
 * Source: include/net/sock.h, net/core/sock.c, net/socket.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { containerOf, hlistUnhashed } from '../list.ts';
import type { View } from '../view.ts';
import { dput } from './dentry.ts';
import { getRef, putRef } from './refs.ts';
import { tcpTimers } from './tcp_timers.ts';
import { deleteTimer } from './timer.ts';

export const AF = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16 } as const;
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5 } as const;
export const IPPROTO = { TCP: 6, UDP: 17 } as const;
/** skc_state, whose names are those of TCP for every protocol. */
export const TcpState = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
  NEW_SYN_RECV: 12,
} as const;
/** socket.state */
const SocketState = { UNCONNECTED: 1, CONNECTED: 3 } as const;

interface Protocol {
  /** Symbol of its struct proto. */
  readonly symbol: string;
  /** proto.name, which is also the name of the socket's dentry. */
  readonly name: string;
  readonly struct: string;
}

export const PROTOCOLS = {
  tcp: { symbol: 'tcp_prot', name: 'TCP', struct: 'tcp_sock' },
  tcp6: { symbol: 'tcpv6_prot', name: 'TCPv6', struct: 'tcp6_sock' },
  udp: { symbol: 'udp_prot', name: 'UDP', struct: 'udp_sock' },
  udp6: { symbol: 'udpv6_prot', name: 'UDPv6', struct: 'udp6_sock' },
  unix_stream: { symbol: 'unix_stream_proto', name: 'UNIX-STREAM', struct: 'unix_sock' },
  unix_dgram: { symbol: 'unix_dgram_proto', name: 'UNIX', struct: 'unix_sock' },
  netlink: { symbol: 'netlink_proto', name: 'NETLINK', struct: 'netlink_sock' },
} as const satisfies Record<string, Protocol>;
export type ProtocolName = keyof typeof PROTOCOLS;

/** net.core.rmem_default and wmem_default. */
const DEFAULT_BUFFER = 212_992;

/** The struct proto of a protocol. */
export function protoOf(kernel: Kernel, name: ProtocolName): View {
  const { symbol, name: text, struct } = PROTOCOLS[name];
  const fresh = !kernel.hasObject(symbol);
  const proto = kernel.object(symbol, 'proto');
  if (fresh) {
    proto.setStr('name', text);
    proto.trySet('obj_size', kernel.types.struct(struct).size);
  }
  return proto;
}

export interface SockSpec {
  readonly protocol: ProtocolName;
  readonly family: number;
  readonly type: number;
  /** sk_protocol: IPPROTO_* or a netlink protocol. */
  readonly number: number;
  readonly state: number;
  readonly net: View;
  readonly uid: number;
}

/** What every object in a socket table begins with. @kernel sk_prot_alloc, net/core/sock.c @fidelity partial: no memory accounting */
export function initCommon(
  kernel: Kernel,
  common: View,
  spec: Omit<SockSpec, 'uid' | 'type' | 'number'>,
): void {
  common.set('skc_family', spec.family);
  common.set('skc_state', spec.state);
  common.set('skc_prot', protoOf(kernel, spec.protocol).addr);
  common.set('skc_net.net', spec.net.addr);
  common.set('skc_refcnt', 1);
}

/**
 * A sock that is in no table yet, with one reference.
 *
 * @returns the view of its own struct: tcp_sock, unix_sock, ...
 * @kernel sk_alloc, sock_init_data, net/core/sock.c
 * @fidelity partial: no queues, locks, filters or memory control
 */
export function newSock(kernel: Kernel, spec: SockSpec): View {
  const whole = kernel.alloc(PROTOCOLS[spec.protocol].struct);
  initCommon(kernel, sockCommon(kernel, whole.addr), spec);
  const sk = sockAt(kernel, whole.addr);
  sk.set('sk_type', spec.type);
  sk.set('sk_protocol', spec.number);
  sk.trySet('sk_uid', spec.uid);
  sk.trySet('sk_rcvbuf', DEFAULT_BUFFER);
  sk.trySet('sk_sndbuf', DEFAULT_BUFFER);
  sk.trySet('sk_rcvlowat', 1);
  sk.set('sk_wmem_alloc', 1);
  sk.trySet('sk_max_pacing_rate', -1);
  for (const zero of ['sk_drops', 'sk_timer.expires', 'sk_err', 'sk_mark', 'sk_priority']) sk.trySet(zero, 0);
  const queue = sk.at('sk_receive_queue');
  sk.set('sk_receive_queue.next', queue);
  sk.set('sk_receive_queue.prev', queue);
  return whole;
}

export const sockAt = (kernel: Kernel, addr: Addr): View => kernel.view('sock', addr);
export const sockCommon = (kernel: Kernel, addr: Addr): View => kernel.view('sock_common', addr);

/** Neither half-open nor in TIME_WAIT: a whole struct sock. @kernel sk_fullsock, include/net/sock.h @fidelity full: src/engine/kernel/sockets.test.ts */
export const isFullSock = (common: View): boolean =>
  common.num('skc_state') !== TcpState.TIME_WAIT && common.num('skc_state') !== TcpState.NEW_SYN_RECV;

/** Who is told when a socket leaves its table: code of ours, not state. */
const unhashed = new WeakMap<Kernel, (sk: Addr) => void>();

/** Registers who is told, once for each kernel. */
export const onUnhash = (kernel: Kernel, tell: (sk: Addr) => void): void => {
  unhashed.set(kernel, tell);
};
/** The socket leaves its table now. */
export const leaveTable = (kernel: Kernel, sk: Addr): void => unhashed.get(kernel)?.(sk);

/** In no table. @kernel sk_unhashed, include/net/sock.h @fidelity full: src/engine/kernel/sockets.test.ts */
export const isUnhashed = (common: View): boolean => hlistUnhashed(common.mem, common.at('skc_node'));

export const netOf = (common: View): Addr => common.ptr('skc_net.net');

/** @kernel sock_hold, include/net/sock.h @fidelity full: cgroup.test.ts */
export const sockHold = (kernel: Kernel, addr: Addr): View => getRef(sockCommon(kernel, addr), 'skc_refcnt');

/** What only a protocol knows of goes with its socket. @kernel unix_sock_destructor, netlink_sock_destruct, net @fidelity full: src/engine/kernel/sockets.test.ts */
const DESTRUCTORS: Readonly<Record<number, (kernel: Kernel, sock: Addr) => void>> = {
  [AF.UNIX]: (kernel, sock) => {
    const unix = kernel.view('unix_sock', sock);
    const name = unix.deref('addr');
    const place = unix.deref('path.dentry');
    if (name && putRef(name, 'refcnt')) kernel.mem.release(name.addr);
    if (place) dput(kernel, place);
  },
  [AF.NETLINK]: (kernel, sock) => {
    const groups = kernel.view('netlink_sock', sock).ptr('groups');
    if (groups !== 0n) kernel.mem.release(groups);
  },
};

/** The timers of a socket: which there are depends on its protocol and state. */
function* timersOf(kernel: Kernel, common: View): Generator<View> {
  const { addr } = common;
  switch (common.num('skc_state')) {
    case TcpState.TIME_WAIT:
      return yield kernel.view('tcp_timewait_sock', addr).sub('tw_sk.tw_timer');
    case TcpState.NEW_SYN_RECV:
      return yield kernel.view('tcp_request_sock', addr).sub('req.req.rsk_timer');
  }
  yield sockAt(kernel, addr).sub('sk_timer');
  const { name } = PROTOCOLS.tcp;
  if (protocolName(kernel, common).startsWith(name)) yield* tcpTimers(kernel, kernel.view('tcp_sock', addr));
}

/** Drops a reference; the last one frees the object. @kernel sock_gen_put, net/ipv4/inet_hashtables.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function sockPut(kernel: Kernel, addr: Addr): void {
  const common = sockCommon(kernel, addr);
  if (!putRef(common, 'skc_refcnt')) return;
  DESTRUCTORS[common.num('skc_family')]?.(kernel, addr);
  if (isFullSock(common)) kernel.freeing('sock', sockAt(kernel, addr));
  for (const timer of timersOf(kernel, common)) deleteTimer(kernel, timer);
  kernel.mem.release(addr);
}

/**
 * Makes a sock a socket: something that a file can stand for.
 *
 * @param place makes the inode inside the new socket_alloc
 * @returns the socket_alloc
 * @kernel sock_alloc, sock_init_data_uid, net/socket.c, net/core/sock.c
 * @fidelity partial: no proto_ops
 */
export function newSocket(kernel: Kernel, sk: View, place: (inode: View) => View): View {
  const alloc = kernel.alloc('socket_alloc');
  place(alloc.sub('vfs_inode'));
  const socket = alloc.sub('socket');
  const connected = sk.num('__sk_common.skc_state') === TcpState.ESTABLISHED;
  socket.set('state', connected ? SocketState.CONNECTED : SocketState.UNCONNECTED);
  socket.set('type', sk.num('sk_type'));
  socket.set('sk', sk.addr);
  sk.set('sk_socket', socket.addr);
  return alloc;
}

/** The inode of a socket, or null. @kernel SOCK_INODE, include/net/sock.h @fidelity full: app/shell_proc.test.ts */
export function socketInode(kernel: Kernel, sk: View): View | null {
  const socket = sk.ptr('sk_socket');
  return socket === 0n ? null : containerOf(kernel, socket, 'socket_alloc', 'socket').sub('vfs_inode');
}

/** Owner's uid in the initial user namespace; 0 without an inode. @kernel sock_i_uid, net/core/sock.c @fidelity full: app/shell_recorded.test.ts */
export const sockUid = (kernel: Kernel, sk: View): number => socketInode(kernel, sk)?.num('i_uid') ?? 0;

/** Name that the dentry of a socket's file has: that of its protocol. */
export const socketName = (kernel: Kernel, socket: View): string => {
  const sk = socket.ptr('sk');
  return sk === 0n ? '' : protocolName(kernel, sockCommon(kernel, sk));
};

function protocolName(kernel: Kernel, common: View): string {
  const proto = common.ptr('skc_prot');
  return proto === 0n ? '' : kernel.view('proto', proto).str('name');
}

/** Numbers are drawn in order, from 1, by whoever asks first. @kernel __sock_gen_cookie, net/core/sock_diag.c @fidelity full: app/walks/socket_maps.test.ts */
export function sockCookie(kernel: Kernel, common: View): bigint {
  const known = common.big('skc_cookie');
  if (known !== 0n) return known;
  const last = kernel.pointer('sock_cookie_last');
  const next = kernel.mem.u64(last) + 1n;
  kernel.mem.setU64(last, next);
  common.set('skc_cookie', next);
  return next;
}
