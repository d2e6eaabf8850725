/**
 * Connections that are made and wait for accept(2), oldest first.
 *
 *     TCP    listener.icsk_accept_queue.rskq_accept_head -> request_sock.dl_next -> ...    request_sock.sk: the connection
 *     UNIX   listener.sk_receive_queue <-> sk_buff <-> ...                                 sk_buff.sk: the connection
 *
 * The one reference of a connection that nobody accepted is the queue's. Each request of TCP holds on to the
 * socket that listens.
 *
 * Source: net/ipv4/inet_connection_sock.c, net/unix/af_unix.c, include/linux/skbuff.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { initCommon, sockAt, sockCommon, sockHold, sockPut, TcpState } from './sock.ts';

const ACCEPT_HEAD = 'icsk_accept_queue.rskq_accept_head';
const ACCEPT_TAIL = 'icsk_accept_queue.rskq_accept_tail';

const connectionSock = (kernel: Kernel, listener: Addr): View =>
  kernel.view('inet_connection_sock', listener);

/** No more connections may wait. @kernel sk_acceptq_is_full, include/net/sock.h @fidelity full: src/engine/kernel/changes/sockets.test.ts */
export const isBacklogFull = (kernel: Kernel, listener: Addr): boolean => {
  const sk = sockAt(kernel, listener);
  return sk.num('sk_ack_backlog') > sk.num('sk_max_ack_backlog');
};

/**
 * Puts a connection behind those that wait. Who counts it in sk_ack_backlog, with a reference on the
 * listener, is the caller: a world may tell how many wait, but not who.
 *
 * @kernel inet_csk_reqsk_queue_add, net/ipv4/inet_connection_sock.c
 * @fidelity partial: the request is made only now
 */
export function linkRequest(kernel: Kernel, listener: Addr, child: Addr): void {
  const request = kernel.alloc('tcp_request_sock');
  const common = sockCommon(kernel, request.addr);
  const of = sockCommon(kernel, child);
  const family = of.num('skc_family');
  const protocol = family === sockCommon(kernel, listener).num('skc_family') ? 'tcp' : 'tcp6';
  const net = kernel.view('net', of.ptr('skc_net.net'));
  initCommon(kernel, common, { protocol, family, state: TcpState.NEW_SYN_RECV, net });
  common.set('skc_listener', listener);
  request.set('req.req.sk', child);
  const queue = connectionSock(kernel, listener);
  const last = queue.ptr(ACCEPT_TAIL);
  if (last === 0n) queue.set(ACCEPT_HEAD, request.addr);
  else kernel.view('request_sock', last).set('dl_next', request.addr);
  queue.set(ACCEPT_TAIL, request.addr);
}

/** A connection that has just been made waits. @kernel sk_acceptq_added, include/net/sock.h @fidelity full: src/engine/kernel/changes/sockets.test.ts */
export function queueTcp(kernel: Kernel, listener: Addr, child: Addr): void {
  const sk = sockAt(kernel, listener);
  sk.set('sk_ack_backlog', sk.num('sk_ack_backlog') + 1);
  sockHold(kernel, listener);
  linkRequest(kernel, listener, child);
}

/** Connections in the queue, oldest first. */
export function* waitingTcp(kernel: Kernel, listener: Addr): Generator<Addr> {
  for (let at = connectionSock(kernel, listener).ptr(ACCEPT_HEAD); at !== 0n;) {
    const request = kernel.view('request_sock', at);
    yield request.ptr('sk');
    at = request.ptr('dl_next');
  }
}

/**
 * Takes the oldest connection out; its reference is the caller's.
 *
 * @returns 0 when none waits
 * @kernel reqsk_queue_remove, include/net/request_sock.h
 * @fidelity full: src/engine/kernel/sockets.test.ts
 */
export function dequeueTcp(kernel: Kernel, listener: Addr): Addr {
  const queue = connectionSock(kernel, listener);
  const first = queue.ptr(ACCEPT_HEAD);
  if (first === 0n) return 0n;
  const request = kernel.view('request_sock', first);
  const child = request.ptr('sk');
  queue.set(ACCEPT_HEAD, request.ptr('dl_next'));
  if (request.ptr('dl_next') === 0n) queue.set(ACCEPT_TAIL, 0n);
  kernel.mem.release(first);
  const sk = sockAt(kernel, listener);
  sk.set('sk_ack_backlog', sk.num('sk_ack_backlog') - 1);
  sockPut(kernel, listener);
  return child;
}

// -- UNIX ----------------------------------------------------------------------------------------------------

const receiveQueue = (kernel: Kernel, sock: Addr): View => sockAt(kernel, sock).sub('sk_receive_queue');

/** @kernel unix_recvq_full, net/unix/af_unix.c @fidelity full: src/engine/kernel/changes/sockets.test.ts */
export const isReceiveQueueFull = (kernel: Kernel, listener: Addr): boolean =>
  receiveQueue(kernel, listener).num('qlen') > sockAt(kernel, listener).num('sk_max_ack_backlog');

/** @kernel skb_queue_tail, net/core/skbuff.c @fidelity full: src/engine/kernel/changes/sockets.test.ts */
export function queueUnix(kernel: Kernel, listener: Addr, child: Addr): void {
  const queue = receiveQueue(kernel, listener);
  const skb = kernel.alloc('sk_buff');
  skb.set('sk', child);
  for (const zero of ['len', 'priority', 'tstamp']) skb.trySet(zero, 0);
  if (skb.has('cb')) skb.at('cb');
  const last = kernel.view('sk_buff', queue.ptr('prev'));
  skb.set('next', queue.addr);
  skb.set('prev', last.addr);
  last.set('next', skb.addr);
  queue.set('prev', skb.addr);
  queue.set('qlen', queue.num('qlen') + 1);
}

/** Connections in the queue, oldest first. */
export function* waitingUnix(kernel: Kernel, listener: Addr): Generator<Addr> {
  const queue = receiveQueue(kernel, listener);
  for (let at = queue.ptr('next'); at !== queue.addr && at !== 0n;) {
    const skb = kernel.view('sk_buff', at);
    yield skb.ptr('sk');
    at = skb.ptr('next');
  }
}

/** @returns the oldest connection, 0 when none waits @kernel skb_dequeue, net/core/skbuff.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function dequeueUnix(kernel: Kernel, listener: Addr): Addr {
  const queue = receiveQueue(kernel, listener);
  const first = queue.ptr('next');
  if (first === queue.addr || first === 0n) return 0n;
  const skb = kernel.view('sk_buff', first);
  const child = skb.ptr('sk');
  const next = skb.ptr('next');
  queue.set('next', next);
  kernel.view('sk_buff', next).set('prev', queue.addr);
  queue.set('qlen', queue.num('qlen') - 1);
  kernel.mem.release(first);
  return child;
}
