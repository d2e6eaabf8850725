/**
 * Proves that sockets agree with their tables, files and ends: each stands in the bucket that its own hash
 * names, leads to the file that leads to it, and has as many references as there are who hold it.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Report } from './check_lists.ts';
import type { Kernel } from './kernel.ts';
import { containerOf } from './list.ts';
import { waitingTcp, waitingUnix } from './objects/accept_queue.ts';
import { allSockets, tcpEstablished, tcpListening, udpByAddress } from './objects/inet_hash.ts';
import type { SocketTable } from './objects/inet_hash.ts';
import { NETLINK_PROTOCOLS, netlinkSocks, netlinkTable } from './objects/netlink_sock.ts';
import { isFullSock, isUnhashed, sockAt, sockCommon, TcpState } from './objects/sock.ts';
import { unixName, unixTable } from './objects/unix_sock.ts';
import type { View } from './view.ts';

/** References of an object in TIME_WAIT, or of a half-open one: table, timer, and port or owner. */
const SMALL_SOCK_REFS = 3;

/** A socket's table counts as a reference, or not: TCP's do not. */
interface TableRule {
  readonly name: string;
  readonly table: SocketTable;
  readonly counted: number;
  /** The bucket that a socket's own hash names; null when it keeps none. */
  readonly bucketOf: (common: View) => number | null;
}

/** Every UNIX socket that is in a table. */
export function* unixSockets(kernel: Kernel, nets: readonly View[]): Generator<View> {
  for (const net of nets) {
    for (const addr of allSockets(unixTable(kernel, net))) yield kernel.view('unix_sock', addr);
  }
}

/** @param nets every network namespace of the machine */
export function checkSockets(kernel: Kernel, nets: readonly View[], check: Report): void {
  const connections = tcpEstablished(kernel);
  const byAddress = udpByAddress(kernel);
  const rules: readonly TableRule[] = [
    { name: 'listening tcp', table: tcpListening(kernel), counted: 0, bucketOf: () => null },
    {
      name: 'tcp',
      table: connections,
      counted: 0,
      bucketOf: (common) => common.num('skc_hash') % connections.buckets,
    },
    {
      name: 'udp',
      table: byAddress,
      counted: 1,
      bucketOf: (common) => common.num('skc_u16hashes[1]') % byAddress.buckets,
    },
    ...nets.map((net) => ({
      name: 'unix',
      table: unixTable(kernel, net),
      counted: 1,
      bucketOf: (common: View) => common.num('skc_hash'),
    })),
  ];
  const halfOpen = halfOpenByListener(kernel, connections);
  for (const rule of rules)
    for (const bucket of rule.table.occupied())
      for (const addr of rule.table.sockets(bucket)) {
        const common = sockCommon(kernel, addr);
        const own = rule.bucketOf(common);
        check(
          own === null || own === bucket,
          () => `${rule.name} socket: in bucket ${bucket}, hash says ${own}`,
        );
        checkSock(kernel, addr, rule, halfOpen.get(addr) ?? 0, check);
      }
  checkNetlink(kernel, check);
}

function halfOpenByListener(kernel: Kernel, connections: SocketTable): ReadonlyMap<Addr, number> {
  const count = new Map<Addr, number>();
  for (const addr of allSockets(connections)) {
    const common = sockCommon(kernel, addr);
    if (common.num('skc_state') !== TcpState.NEW_SYN_RECV) continue;
    const listener = common.ptr('skc_listener');
    count.set(listener, (count.get(listener) ?? 0) + 1);
  }
  return count;
}

function checkSock(
  kernel: Kernel,
  addr: Addr,
  { name, counted }: TableRule,
  halfOpen: number,
  check: Report,
): void {
  const common = sockCommon(kernel, addr);
  const refs = common.num('skc_refcnt');
  if (!isFullSock(common)) {
    check(refs === SMALL_SOCK_REFS, () => `${name} socket: skc_refcnt is ${refs}, not ${SMALL_SOCK_REFS}`);
    return;
  }
  const sk = sockAt(kernel, addr);
  const waiting =
    common.num('skc_state') === TcpState.LISTEN && name !== 'unix' ? sk.num('sk_ack_backlog') : 0;
  if (waiting > 0 || common.num('skc_state') === TcpState.LISTEN) checkQueue(kernel, sk, name, check);
  const peers = name === 'unix' ? checkPeer(kernel, addr, check) : 0;
  const held = 1 + counted + waiting + halfOpen + peers;
  check(refs === held, () => `${name} socket: skc_refcnt is ${refs}, but ${held} hold it`);
  checkFile(kernel, sk, name, check);
}

/** Who waits at a listening socket has no file, and is not more than are counted. */
function checkQueue(kernel: Kernel, sk: View, name: string, check: Report): void {
  const unix = name === 'unix';
  const queue = [...(unix ? waitingUnix(kernel, sk.addr) : waitingTcp(kernel, sk.addr))];
  const counted = sk.num(unix ? 'sk_receive_queue.qlen' : 'sk_ack_backlog');
  check(
    unix ? queue.length === counted : queue.length <= counted,
    () => `${name} socket: ${queue.length} connections wait, ${counted} are counted`,
  );
  for (const child of queue)
    check(
      kernel.mem.isAllocated(child) && sockAt(kernel, child).ptr('sk_socket') === 0n,
      () => `${name} socket: what waits to be accepted is freed or has a file`,
    );
}

function checkFile(kernel: Kernel, sk: View, name: string, check: Report): void {
  const socket = sk.deref('sk_socket');
  if (!socket) return;
  check(socket.ptr('sk') === sk.addr, () => `${name} socket: socket.sk is another`);
  const file = socket.deref('file');
  check(
    file === null || file.ptr('private_data') === socket.addr,
    () => `${name} socket: its file is that of another socket`,
  );
  const inode = containerOf(kernel, socket.addr, 'socket_alloc', 'socket').sub('vfs_inode');
  check(
    file === null || file.ptr('f_inode') === inode.addr,
    () => `${name} socket ${inode.num('i_ino')}: its file has another inode`,
  );
}

/** @returns references from other ends */
function checkPeer(kernel: Kernel, addr: Addr, check: Report): number {
  const unix = kernel.view('unix_sock', addr);
  const peer = unix.ptr('peer');
  if (peer === 0n) return 0;
  // An end that was closed is in no table; nobody holds this one for it.
  if (isUnhashed(sockCommon(kernel, peer))) return 0;
  check(
    kernel.view('unix_sock', peer).ptr('peer') === addr,
    () => `unix socket '${unixName(kernel, unix)}': its peer has another peer`,
  );
  return 1;
}

function checkNetlink(kernel: Kernel, check: Report): void {
  for (let protocol = 0; protocol < NETLINK_PROTOCOLS; protocol++) {
    let count = 0;
    for (const addr of netlinkSocks(kernel, protocol)) {
      count++;
      const sk = sockAt(kernel, addr);
      check(sk.num('sk_protocol') === protocol, () => `netlink socket: in the table of protocol ${protocol}`);
      check(sk.num('__sk_common.skc_refcnt') === 2, () => 'netlink socket: skc_refcnt is not 2');
      checkFile(kernel, sk, 'netlink', check);
    }
    const nelems = netlinkTable(kernel, protocol).num('hash.nelems');
    check(nelems === count, () => `netlink table ${protocol}: nelems is ${nelems}, there are ${count}`);
  }
}
