/**
 * Makes the sockets of a world: socks in their tables, and sockets and inodes that files can stand for.
 *
 * They are made before files are opened; a file `socket:[N]` then finds the inode with that number.
 */
import { must } from '../../shared/assert.ts';
import { S_IF } from './file_kinds.ts';
import { listensFor, parseEndpoint } from './inet_address.ts';
import type { Endpoint } from './inet_address.ts';
import type { Kernel } from './kernel.ts';
import { linkRequest } from './objects/accept_queue.ts';
import { initInetTables } from './objects/inet_hash.ts';
import { newRequestSock, newTcpSock, newTimewaitSock, newUdpSock } from './objects/inet_sock.ts';
import type { InetSpec } from './objects/inet_sock.ts';
import type { TcpTimers } from './objects/tcp_timers.ts';
import { internalMount } from './objects/internal_mounts.ts';
import { netlinkTable, newNetlinkSock } from './objects/netlink_sock.ts';
import { newSocket, SOCK, sockAt, TcpState } from './objects/sock.ts';
import { closeSockets } from './objects/socket_release.ts';
import { initUnixTable, newUnixSock, pairUnix } from './objects/unix_sock.ts';
import type { View } from './view.ts';
import type { Places } from './world_places.ts';
import type { World } from './world_schema.ts';
import type { WorldSocket, WorldSocketOf } from './world_socket_schema.ts';

const UNIX_TYPES = { stream: SOCK.STREAM, dgram: SOCK.DGRAM, seqpacket: SOCK.SEQPACKET } as const;
const UNIX_STATES = {
  unconnected: TcpState.CLOSE,
  listening: TcpState.LISTEN,
  connected: TcpState.ESTABLISHED,
} as const;

const endpointOf = (text: string): Endpoint => must(parseEndpoint(text), `address ${text}`);
const nowhere = ({ family, ip }: Endpoint): Endpoint => ({ family, ip: new Uint8Array(ip.length), port: 0 });

/** What the builder knows of places and namespaces. */
export interface SocketContext {
  readonly kernel: Kernel;
  readonly places: Places;
  /** The initial network namespace. */
  readonly net: View;
  netByInum(inum: number): View | null;
}

/** What a connection waits for; the timers of smaller objects are their own. */
function timersOf({ timer, ...counts }: WorldSocketOf<'tcp'>): TcpTimers {
  const kind = timer?.kind;
  return kind === undefined || kind === 'timewait'
    ? counts
    : { ...counts, timer: { kind, in: timer?.in ?? 0 } };
}

class SocketBuilder {
  private readonly ctx: SocketContext;
  private readonly sockets: readonly WorldSocket[];
  private readonly made = new Map<WorldSocket, View>();

  constructor(ctx: SocketContext, sockets: readonly WorldSocket[]) {
    this.ctx = ctx;
    this.sockets = sockets;
  }

  /** Those that listen come first: connections hold on to them. A newcomer goes to the front of its bucket, so the first of the list is made last. */
  build(): void {
    const backwards = this.sockets.toReversed();
    for (const first of [true, false])
      for (const socket of backwards)
        if (('state' in socket && socket.state === 'LISTEN') === first)
          this.made.set(socket, this.make(socket));
    this.sockets.forEach((socket) => this.pair(socket));
    for (const [socket, sk] of this.made)
      if (socket.protocol === 'tcp' && socket.state === 'LISTEN') this.queue(socket, sk);
  }

  /** Connections without an inode that came in by a listening socket wait there, as many as it says. */
  private queue(listening: WorldSocketOf<'tcp'>, listener: View): void {
    const waiting = this.sockets.filter(
      (socket) =>
        socket.protocol === 'tcp' &&
        socket.state === 'ESTABLISHED' &&
        socket.ino === undefined &&
        this.listenerFor(socket, endpointOf(socket.local)) === listener,
    );
    for (const socket of waiting.slice(0, listening.rxQueue))
      linkRequest(this.ctx.kernel, listener.addr, must(this.made.get(socket), 'a waiting connection').addr);
  }

  private netOf(socket: WorldSocket): View {
    return socket.net === undefined
      ? this.ctx.net
      : must(this.ctx.netByInum(socket.net), `network namespace ${socket.net}`);
  }

  private make(socket: WorldSocket): View {
    const { kernel } = this.ctx;
    const net = this.netOf(socket);
    const sk = this.sockOf(socket, net);
    const { ino, uid } = socket;
    if (ino === undefined) return sk;
    const sb = must(internalMount(kernel, 'sockfs').deref('mnt.mnt_sb'), 'sockfs');
    const facts = { mode: S_IF.SOCK | 0o777, ino, uid };
    newSocket(kernel, sockAt(kernel, sk.addr), (inode) => this.ctx.places.inode(sb, facts, inode));
    return sk;
  }

  private sockOf(socket: WorldSocket, net: View): View {
    switch (socket.protocol) {
      case 'tcp':
        return this.tcp(socket, net);
      case 'udp':
        return this.udp(socket, net);
      case 'unix':
        return this.unix(socket, net);
      case 'netlink':
        return newNetlinkSock(this.ctx.kernel, {
          protocol: socket.family,
          portid: socket.portid,
          groups: socket.groups,
          kernelSocket: socket.kernel,
          bound: socket.bound,
          net,
          uid: socket.uid,
          bucket: socket.bucket,
        });
    }
  }

  private udp(socket: WorldSocketOf<'udp'>, net: View): View {
    const state = socket.remote === undefined ? TcpState.CLOSE : TcpState.ESTABLISHED;
    const udp = newUdpSock(this.ctx.kernel, { ...this.inet(socket, net), state });
    sockAt(this.ctx.kernel, udp.addr).trySet('sk_drops', socket.drops);
    return udp;
  }

  private inet(socket: WorldSocketOf<'tcp' | 'udp'>, net: View): Omit<InetSpec, 'state'> {
    const local = endpointOf(socket.local);
    const { v6only, rxQueue, txQueue, uid, bucket } = socket;
    const remote = socket.remote === undefined ? nowhere(local) : endpointOf(socket.remote);
    return { local, remote, net, uid, v6only, rxQueue, txQueue, bucket };
  }

  private tcp(socket: WorldSocketOf<'tcp'>, net: View): View {
    const { kernel } = this.ctx;
    const state = TcpState[socket.state];
    const spec = { ...this.inet(socket, net), state };
    const listener = this.listenerFor(socket, spec.local);
    if (state === TcpState.TIME_WAIT) return newTimewaitSock(kernel, spec, socket.timer?.in);
    if (state === TcpState.NEW_SYN_RECV)
      return newRequestSock(
        kernel,
        spec,
        must(listener, `a socket that listens at ${socket.local}`).addr,
        socket.retransmits ?? 0,
        socket.timer?.in,
      );
    const { mss, cwnd, ssthresh, rto } = socket;
    const inherited = listener ? sockAt(kernel, listener.addr).num('sk_max_ack_backlog') : 0;
    const maxBacklog = state === TcpState.LISTEN ? socket.maxBacklog : inherited;
    const timers = timersOf(socket);
    return newTcpSock(kernel, {
      ...spec,
      passive: listener !== null,
      maxBacklog,
      mss,
      cwnd,
      ssthresh,
      rto,
      timers,
    });
  }

  /** The socket that a connection to this address came in by. */
  private listenerFor(socket: WorldSocket, local: Endpoint): View | null {
    for (const [other, sk] of this.made) {
      if (other.protocol !== 'tcp' || other.state !== 'LISTEN' || other.net !== socket.net) continue;
      if (listensFor(endpointOf(other.local), local)) return sk;
    }
    return null;
  }

  private unix(socket: WorldSocketOf<'unix'>, net: View): View {
    const { name, accepted, maxBacklog, uid, bucket } = socket;
    const path =
      name?.startsWith('/') === true ? this.ctx.places.find(name, { mode: S_IF.SOCK | 0o755 }) : null;
    initUnixTable(this.ctx.kernel, net);
    return newUnixSock(this.ctx.kernel, {
      type: UNIX_TYPES[socket.type],
      state: UNIX_STATES[socket.state],
      net,
      uid,
      name,
      path,
      accepted,
      maxBacklog,
      bucket,
    });
  }

  private pair(socket: WorldSocket): void {
    if (socket.protocol !== 'unix' || socket.peer === undefined) return;
    const other = must(this.sockets[socket.peer], 'the other end');
    const [a, b] = [must(this.made.get(socket), 'this end'), must(this.made.get(other), 'the other end')];
    if (a.ptr('peer') === 0n) pairUnix(this.ctx.kernel, a, b);
  }
}

export function buildSockets(ctx: SocketContext, world: World): void {
  initInetTables(ctx.kernel, ctx.net);
  initUnixTable(ctx.kernel, ctx.net);
  netlinkTable(ctx.kernel, 0);
  closeSockets(ctx.kernel);
  new SocketBuilder(ctx, world.sockets).build();
}
