/**
 * How a TCP connection ends when one of its files is closed for the last time.
 *
 *     who closes first:   ESTABLISHED -> an object in TIME_WAIT, substate FIN_WAIT2   the other end: CLOSE_WAIT
 *     then the other:     CLOSE_WAIT  -> gone                                         here: substate TIME_WAIT
 *     unread bytes:       gone, by a reset; the other end is CLOSE with ECONNRESET
 *
 * Packets on this machine need no time, so states between these are never seen. An end on another machine
 * acknowledges and never closes.
 *
 * Source: net/ipv4/tcp.c, net/ipv4/tcp_input.c, net/ipv4/tcp_minisocks.c, Linux 6.12.
 */
import { Errno } from '../../../shared/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Endpoint } from '../inet_address.ts';
import type { View } from '../view.ts';
import { allSockets, tcpEstablished, unhashTcp } from './inet_hash.ts';
import { abortTcp, newTimewaitSock, stopListening } from './inet_sock.ts';
import { AF, isFullSock, sockCommon, TcpState } from './sock.ts';

export interface Ends {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

/** Both addresses of a socket, as it is found by. */
export function endsOf(common: View): Ends {
  const { mem } = common;
  const family = common.num('skc_family') === AF.INET6 ? AF.INET6 : AF.INET;
  const ip = (v4: string, v6: string): Uint8Array =>
    family === AF.INET ? mem.bytes(common.at(v4), 4) : mem.bytes(common.at(v6), 16);
  return {
    local: { family, ip: ip('skc_rcv_saddr', 'skc_v6_rcv_saddr'), port: common.num('skc_num') },
    remote: { family, ip: ip('skc_daddr', 'skc_v6_daddr'), port: swapped(common.num('skc_dport')) },
  };
}

const sameEnd = (a: Endpoint, b: Endpoint): boolean =>
  a.port === b.port && a.family === b.family && a.ip.every((byte, i) => byte === b.ip[i]);

/** The connection between these ends, or null. @kernel __inet_lookup_established, net/ipv4/inet_hashtables.c @fidelity full: src/engine/kernel/sockets.test.ts */
export function findConnection(kernel: Kernel, net: bigint, { local, remote }: Ends): View | null {
  for (const addr of allSockets(tcpEstablished(kernel))) {
    const common = sockCommon(kernel, addr);
    if (common.ptr('skc_net.net') !== net) continue;
    const ends = endsOf(common);
    if (sameEnd(ends.local, local) && sameEnd(ends.remote, remote)) return common;
  }
  return null;
}

function otherEnd(kernel: Kernel, common: View): View | null {
  const { local, remote } = endsOf(common);
  return findConnection(kernel, common.ptr('skc_net.net'), { local: remote, remote: local });
}

/** Bytes that arrived and were never read. */
function unread(kernel: Kernel, common: View): boolean {
  const tcp = kernel.view('tcp_sock', common.addr);
  return tcp.num('rcv_nxt') !== tcp.num('copied_seq');
}

/** The socket gives its place to a smaller object. @kernel tcp_time_wait, net/ipv4/tcp_minisocks.c @fidelity partial: it is never taken away */
function leaveTimewait(kernel: Kernel, common: View): void {
  const net = kernel.view('net', common.ptr('skc_net.net'));
  const v6only = common.num('skc_ipv6only') === 1;
  const spec = { ...endsOf(common), state: TcpState.TIME_WAIT, net, uid: 0, v6only, rxQueue: 0, txQueue: 0 };
  unhashTcp(kernel, common);
  newTimewaitSock(kernel, { ...spec, bucket: undefined }).set('tw_sk.tw_substate', TcpState.FIN_WAIT2);
}

/** The other end has closed too. */
function finishTimewait(kernel: Kernel, other: View | null): void {
  if (other?.num('skc_state') !== TcpState.TIME_WAIT) return;
  kernel.view('tcp_timewait_sock', other.addr).set('tw_sk.tw_substate', TcpState.TIME_WAIT);
}

/**
 * Ends the connection of a socket, or its listening. It is in no table afterwards.
 *
 * @kernel tcp_close, net/ipv4/tcp.c
 * @fidelity partial: see above; SO_LINGER is not looked at
 */
export function closeTcp(kernel: Kernel, common: View): void {
  const state = common.num('skc_state');
  if (state === TcpState.LISTEN) stopListening(kernel, common);
  const other = state === TcpState.LISTEN || state === TcpState.CLOSE ? null : otherEnd(kernel, common);
  if (state === TcpState.ESTABLISHED && unread(kernel, common)) {
    if (other && isFullSock(other)) abortTcp(kernel, other, Errno.ECONNRESET);
  } else if (state === TcpState.ESTABLISHED) {
    if (other?.num('skc_state') === TcpState.ESTABLISHED) other.set('skc_state', TcpState.CLOSE_WAIT);
    return leaveTimewait(kernel, common);
  }
  unhashTcp(kernel, common);
  if (state === TcpState.CLOSE_WAIT) finishTimewait(kernel, other);
}
