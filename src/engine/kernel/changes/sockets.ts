/**
 * listen, connect and accept: what a server and its clients do, each as one step with an fd at its end.
 * Closing a socket is closing its fd.
 *
 * Source: net/socket.c, net/ipv4/inet_connection_sock.c, net/unix/af_unix.c.
 */
import { must } from '../../../shared/assert.ts';
import type { Addr } from '../../../shared/brand.ts';
import { S_IF } from '../file_kinds.ts';
import { endpointText, isAny, listensFor, parseEndpoint } from '../inet_address.ts';
import type { Endpoint } from '../inet_address.ts';
import type { Kernel } from '../kernel.ts';
import {
  dequeueTcp,
  dequeueUnix,
  isBacklogFull,
  isReceiveQueueFull,
  queueTcp,
  queueUnix,
} from '../objects/accept_queue.ts';
import { fileOperations } from '../objects/file.ts';
import { fileAtFd } from '../objects/files.ts';
import { allSockets, tcpEstablished, tcpListening, udpByAddress } from '../objects/inet_hash.ts';
import { newTcpSock } from '../objects/inet_sock.ts';
import { internalMount } from '../objects/internal_mounts.ts';
import { AF, IPPROTO, isFullSock, newSocket, SOCK, sockAt, sockCommon, TcpState } from '../objects/sock.ts';
import { endsOf, findConnection } from '../objects/tcp_close.ts';
import { initUnixTable, newUnixSock, pairUnix, unixName, unixTable } from '../objects/unix_sock.ts';
import type { View } from '../view.ts';
import { livingTask, Refused, taskText } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';
import { filesOf, install, numberFor } from './fds.ts';

/** net.ipv4.ip_local_port_range */
const EPHEMERAL = { first: 32_768, last: 60_999 } as const;
const O_RDWR = '02';

const netOf = (task: View): View =>
  must(must(task.deref('nsproxy'), 'nsproxy').deref('net_ns'), 'net_ns of a living task');
const uidOf = (task: View): number => must(task.deref('cred'), 'cred').num('fsuid');

/** Gives a sock an inode and the task an fd for it. */
function giveFd({ kernel, files }: Changing, task: View, sock: Addr, fd: number): void {
  const sb = must(internalMount(kernel, 'sockfs').deref('mnt.mnt_sb'), 'sockfs');
  const facts = { mode: S_IF.SOCK | 0o777, uid: uidOf(task) };
  const alloc = newSocket(kernel, sockAt(kernel, sock), (inode) => files.places.inode(sb, facts, inode));
  const path = `socket:[${alloc.num('vfs_inode.i_ino')}]`;
  const owner = { cred: must(task.deref('cred'), 'cred') };
  install(kernel, task, fd, files.open({ path, flags: O_RDWR, pos: '0' }, owner), false);
}

// -- addresses -------------------------------------------------------------------------------------------------

const isUnixName = (text: string): boolean => text.startsWith('/') || text.startsWith('@');

function endpointOf(text: string, field: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (!endpoint)
    throw new Refused(field, 'expected "127.0.0.1:80", "[::1]:80", or a UNIX name: a path or "@name"');
  return endpoint;
}

const isLoopback = ({ ip }: Endpoint): boolean =>
  ip.length === 4 ? ip[0] === 127 : ip.every((byte, i) => byte === (i === 15 ? 1 : 0));

/** Every inet socket of a namespace, with its ends. */
function* inetSockets(kernel: Kernel, net: View): Generator<{ common: View; local: Endpoint }> {
  for (const table of [tcpListening(kernel), tcpEstablished(kernel), udpByAddress(kernel)])
    for (const addr of allSockets(table)) {
      const common = sockCommon(kernel, addr);
      if (common.ptr('skc_net.net') === net.addr) yield { common, local: endsOf(common).local };
    }
}

/** What listens there: for this very address before for any. @kernel __inet_lookup_listener, net/ipv4/inet_hashtables.c @fidelity partial: the families are strangers to each other */
function listenerAt(kernel: Kernel, net: View, to: Endpoint): View | null {
  let found: View | null = null;
  for (const { common, local } of inetSockets(kernel, net)) {
    if (common.num('skc_state') !== TcpState.LISTEN || !listensFor(local, to)) continue;
    if (!isAny(local.ip)) return common;
    found ??= common;
  }
  return found;
}

function freePort(taken: (port: number) => boolean, field: string): number {
  for (let port = EPHEMERAL.first; port <= EPHEMERAL.last; port++) if (!taken(port)) return port;
  throw new Refused(field, 'every ephemeral port is taken (EADDRNOTAVAIL)');
}

const unixSocketNamed = (kernel: Kernel, net: View, name: string, listening: boolean): View | null => {
  for (const addr of allSockets(unixTable(kernel, net))) {
    const unix = kernel.view('unix_sock', addr);
    const listens = sockCommon(kernel, addr).num('skc_state') === TcpState.LISTEN;
    // What was accepted carries the name too, but is not bound to it.
    const bound = sockCommon(kernel, addr).num('skc_state') !== TcpState.ESTABLISHED;
    if (unixName(kernel, unix) === name && (listening ? listens : bound)) return unix;
  }
  return null;
};

// -- listen ----------------------------------------------------------------------------------------------------

const INET_DEFAULTS = {
  v6only: false,
  rxQueue: 0,
  txQueue: 0,
  bucket: undefined,
  mss: undefined,
  cwnd: undefined,
  ssthresh: undefined,
  rto: undefined,
} as const;

function listenInet(kernel: Kernel, task: View, change: Change<'listen'>): { sock: Addr; name: string } {
  const net = netOf(task);
  const wanted = endpointOf(change.local, 'local');
  const bound = [...inetSockets(kernel, net)].filter(
    ({ common }) => common.num('skc_prot') !== 0 && common.num('skc_state') === TcpState.LISTEN,
  );
  const clash = (port: number): boolean =>
    bound.some(
      ({ local }) =>
        local.port === port &&
        (isAny(local.ip) || isAny(wanted.ip) || listensFor(local, { ...wanted, port })),
    );
  if (wanted.port !== 0 && clash(wanted.port))
    throw new Refused('local', `something listens at ${change.local} at that moment (EADDRINUSE)`);
  const local = { ...wanted, port: wanted.port === 0 ? freePort(clash, 'local') : wanted.port };
  const spec = {
    ...INET_DEFAULTS,
    local,
    remote: { family: local.family, ip: new Uint8Array(local.ip.length), port: 0 },
    state: TcpState.LISTEN,
    net,
    uid: uidOf(task),
    passive: false,
    maxBacklog: change.backlog,
  };
  return { sock: newTcpSock(kernel, spec).addr, name: endpointText(local) };
}

function unixSpec(task: View) {
  return {
    type: SOCK.STREAM,
    net: netOf(task),
    uid: uidOf(task),
    path: null,
    accepted: false,
    maxBacklog: undefined,
    bucket: undefined,
  };
}

function listenUnix({ kernel, files }: Changing, task: View, change: Change<'listen'>): Addr {
  const name = change.local;
  initUnixTable(kernel, netOf(task));
  if (unixSocketNamed(kernel, netOf(task), name, false))
    throw new Refused('local', `a socket is bound to ${name} at that moment (EADDRINUSE)`);
  const path = name.startsWith('/') ? files.places.find(name, { mode: S_IF.SOCK | 0o755 }) : null;
  const spec = { ...unixSpec(task), state: TcpState.LISTEN, name, path, maxBacklog: change.backlog };
  return newUnixSock(kernel, spec).addr;
}

/** socket(2), bind(2) and listen(2). */
export function listen(changing: Changing, change: Change<'listen'>, tell: Tell): void {
  const { kernel } = changing;
  const task = livingTask(kernel, change.pid);
  const fd = numberFor(kernel, task, change.fd);
  const { sock, name } = isUnixName(change.local)
    ? { sock: listenUnix(changing, task, change), name: change.local }
    : listenInet(kernel, task, change);
  giveFd(changing, task, sock, fd);
  tell(`${taskText(task)} listens at ${name} with fd ${fd}`);
}

// -- connect ---------------------------------------------------------------------------------------------------

/** The address a connection starts from, its port not yet chosen. */
function sourceFor(kernel: Kernel, net: View, to: Endpoint, change: Change<'connect'>): Endpoint {
  if (change.from !== undefined) {
    const from = endpointOf(change.from, 'from');
    if (from.family !== to.family) throw new Refused('from', 'both ends are of one family (EINVAL)');
    return from;
  }
  if (isLoopback(to)) return { ...to, port: 0 };
  for (const { local } of inetSockets(kernel, net))
    if (local.family === to.family && !isAny(local.ip) && !isLoopback(local)) return { ...local, port: 0 };
  throw new Refused('from', 'no socket tells an address of this machine; say which');
}

function isHere(kernel: Kernel, net: View, to: Endpoint): boolean {
  if (isLoopback(to) || isAny(to.ip)) return true;
  for (const { local } of inetSockets(kernel, net))
    if (local.family === to.family && local.ip.every((byte, i) => byte === to.ip[i])) return true;
  return false;
}

/** @returns the sock, and what became of the connection */
function connectInet(kernel: Kernel, task: View, change: Change<'connect'>): { sock: Addr; how: string } {
  const net = netOf(task);
  const to = endpointOf(change.to, 'to');
  const listener = listenerAt(kernel, net, to);
  if (!listener && isHere(kernel, net, to))
    throw new Refused('to', `nothing listens at ${change.to} at that moment (ECONNREFUSED)`);
  const source = sourceFor(kernel, net, to, change);
  const taken = (port: number): boolean =>
    findConnection(kernel, net.addr, { local: { ...source, port }, remote: to }) !== null;
  if (source.port !== 0 && taken(source.port))
    throw new Refused('from', `there is a connection between these ends (EADDRNOTAVAIL)`);
  const local = { ...source, port: source.port === 0 ? freePort(taken, 'from') : source.port };
  const full = listener !== null && isBacklogFull(kernel, listener.addr);
  const state = full ? TcpState.SYN_SENT : TcpState.ESTABLISHED;
  const own = { ...INET_DEFAULTS, net, uid: uidOf(task), maxBacklog: 0 };
  const { addr } = newTcpSock(kernel, { ...own, local, remote: to, state, passive: false });
  if (full) return { sock: addr, how: 'waits: the backlog there is full' };
  if (listener) {
    const listening = sockAt(kernel, listener.addr);
    const { addr: child } = newTcpSock(kernel, {
      ...own,
      uid: listening.has('sk_uid') ? listening.num('sk_uid') : 0,
      local: to,
      remote: local,
      state,
      passive: true,
      maxBacklog: listening.num('sk_max_ack_backlog'),
    });
    queueTcp(kernel, listener.addr, child);
  }
  return { sock: addr, how: `is connected from ${endpointText(local)}` };
}

/** @kernel unix_stream_connect, net/unix/af_unix.c @fidelity partial: a full queue is refused, as for a socket that does not wait */
function connectUnix(kernel: Kernel, task: View, change: Change<'connect'>): Addr {
  const net = netOf(task);
  initUnixTable(kernel, net);
  const listener = unixSocketNamed(kernel, net, change.to, true);
  if (!listener) throw new Refused('to', `nothing listens at ${change.to} at that moment (ECONNREFUSED)`);
  if (isReceiveQueueFull(kernel, listener.addr))
    throw new Refused('to', `no more connections may wait at ${change.to} at that moment (EAGAIN)`);
  const spec = { ...unixSpec(task), state: TcpState.ESTABLISHED };
  const own = newUnixSock(kernel, { ...spec, name: undefined });
  const child = newUnixSock(kernel, { ...spec, name: change.to, accepted: true });
  pairUnix(kernel, own, child);
  queueUnix(kernel, listener.addr, child.addr);
  return own.addr;
}

/** socket(2) and connect(2). An address that is none of this machine's is another one's, which answers. */
export function connect(changing: Changing, change: Change<'connect'>, tell: Tell): void {
  const { kernel } = changing;
  const task = livingTask(kernel, change.pid);
  const fd = numberFor(kernel, task, change.fd);
  const { sock, how } = isUnixName(change.to)
    ? { sock: connectUnix(kernel, task, change), how: 'is connected' }
    : connectInet(kernel, task, change);
  giveFd(changing, task, sock, fd);
  tell(`${taskText(task)} connects to ${change.to} with fd ${fd}, which ${how}`);
}

// -- accept ----------------------------------------------------------------------------------------------------

/** The listening sock behind an fd. @throws Refused */
function listenerBehind(kernel: Kernel, task: View, fd: number): View {
  const file = fileAtFd(kernel, filesOf(task), fd);
  if (!file)
    throw new Refused('fd', `fd ${fd} is not open in task ${task.num('pid')} at that moment (EBADF)`);
  const socket =
    file.ptr('f_op') === fileOperations(kernel, 'socket_file_ops') ? file.ptr('private_data') : 0n;
  const sk = socket === 0n ? 0n : kernel.view('socket', socket).ptr('sk');
  if (sk === 0n) throw new Refused('fd', `fd ${fd} is no socket (ENOTSOCK)`);
  const common = sockCommon(kernel, sk);
  const stream =
    common.num('skc_family') === AF.UNIX || sockAt(kernel, sk).num('sk_protocol') === IPPROTO.TCP;
  if (!isFullSock(common) || !stream || common.num('skc_state') !== TcpState.LISTEN)
    throw new Refused('fd', `fd ${fd} does not listen at that moment (EINVAL)`);
  return common;
}

/** accept(2): the connection that has waited longest. */
export function accept(changing: Changing, change: Change<'accept'>, tell: Tell): void {
  const { kernel } = changing;
  const task = livingTask(kernel, change.pid);
  const listener = listenerBehind(kernel, task, change.fd);
  const fd = numberFor(kernel, task, change.as, 'as');
  const unix = listener.num('skc_family') === AF.UNIX;
  const child = unix ? dequeueUnix(kernel, listener.addr) : dequeueTcp(kernel, listener.addr);
  if (child === 0n) throw new Refused('fd', `no connection waits at fd ${change.fd} at that moment (EAGAIN)`);
  giveFd(changing, task, child, fd);
  const whom = unix ? '' : ` from ${endpointText(endsOf(sockCommon(kernel, child)).remote)}`;
  tell(`${taskText(task)} accepted a connection${whom} as fd ${fd}`);
}
