/**
 * TCP and UDP sockets with their addresses, in their tables.
 *
 * IPv6 sockets have IPv4 addresses too: those mapped into theirs, else 127.0.0.6 for "some IPv6 address".
 *
 * Source: net/ipv4/tcp.c, net/ipv6/tcp_ipv6.c, net/ipv4/inet_timewait_sock.c, net/ipv4/udp.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { isAny, isV4Mapped } from '../inet_address.ts';
import type { Endpoint } from '../inet_address.ts';
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { dequeueTcp } from './accept_queue.ts';
import { hashEstablished, hashListening, hashUdp, unhashTcp } from './inet_hash.ts';
import { getRef } from './refs.ts';
import { clearTcpTimers, setTcpTimers } from './tcp_timers.ts';
import type { TcpTimers } from './tcp_timers.ts';
import { armTimer, jiffiesAt } from './timer.ts';
import {
  AF,
  initCommon,
  IPPROTO,
  newSock,
  SOCK,
  sockAt,
  sockCommon,
  sockHold,
  sockPut,
  TcpState,
} from './sock.ts';

/** TCP_MSS_DEFAULT: before the other end said anything. */
const DEFAULT_MSS = 536;
/** Half of the largest window that a peer on this machine offers: 64 KiB. */
const LOCAL_MSS = 32_768;
const TCP_INIT_CWND = 10;
const TCP_INFINITE_SSTHRESH = 0x7fff_ffff;
/** 200 ms, in jiffies of 4 ms. */
const TCP_RTO_MIN = 50;
/** Second number of net.ipv4.tcp_rmem and tcp_wmem. */
const TCP_RMEM = 131_072;
const TCP_WMEM = 16_384;
const LOOPBACK4_IPV6 = Uint8Array.of(127, 0, 0, 6);
const NO_ADDRESS = new Uint8Array(4);
/** What holds on to an object in TIME_WAIT, or to a half-open one, besides its owner: table, timer and port. */
const SMALL_SOCK_REFS = 3;

export interface InetSpec {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly state: number;
  readonly net: View;
  readonly uid: number;
  readonly v6only: boolean;
  /** Bytes that wait to be read; of a listening socket, connections that wait to be accepted. */
  readonly rxQueue: number;
  /** Bytes that are not yet sent or not acknowledged. */
  readonly txQueue: number;
  /** Instead of what the addresses hash to. */
  readonly bucket: number | undefined;
}

export interface TcpSpec extends InetSpec {
  /** It was accepted, not connected. */
  readonly passive: boolean;
  /** Connections that may wait; an accepted socket has this number from the one that listened. */
  readonly maxBacklog: number;
  readonly mss: number | undefined;
  readonly cwnd: number | undefined;
  readonly ssthresh: number | undefined;
  /** Jiffies. */
  readonly rto: number | undefined;
  readonly timers?: TcpTimers;
}

/** Congestion controls that are there, with the symbols of their operations. */
const CONGESTION = { cubic: 'cubictcp', reno: 'tcp_reno' } as const;
const DEFAULT_CONGESTION = 'cubic';
/** RCV_SHUTDOWN | SEND_SHUTDOWN */
const SHUTDOWN_MASK = 3;

/** @kernel tcp_ca_find, net/ipv4/tcp_cong.c @fidelity partial: cubic and reno, by name only */
export function congestionOps(kernel: Kernel, name: string): View | null {
  if (name !== 'cubic' && name !== 'reno') return null;
  const symbol = CONGESTION[name];
  const fresh = !kernel.hasObject(symbol);
  const ops = kernel.object(symbol, 'tcp_congestion_ops');
  if (fresh) ops.setStr('name', name);
  return ops;
}

const networkOrder = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

/** The IPv4 side of an address. */
const v4Of = (ip: Uint8Array): Uint8Array =>
  ip.length === 4 ? ip : isAny(ip) ? NO_ADDRESS : isV4Mapped(ip) ? ip.subarray(12) : LOOPBACK4_IPV6;

/** @param farV4 whether the IPv4 side of the other end is filled in where it is only made up */
function setAddresses(common: View, { local, remote, v6only }: InetSpec, farV4: boolean): void {
  const { mem } = common;
  mem.setBytes(common.at('skc_rcv_saddr'), v4Of(local.ip));
  mem.setBytes(
    common.at('skc_daddr'),
    farV4 || remote.ip.length === 4 || isV4Mapped(remote.ip) ? v4Of(remote.ip) : NO_ADDRESS,
  );
  common.set('skc_num', local.port);
  common.set('skc_dport', networkOrder(remote.port));
  if (local.family === AF.INET) return;
  mem.setBytes(common.at('skc_v6_rcv_saddr'), local.ip);
  mem.setBytes(common.at('skc_v6_daddr'), remote.ip);
  common.set('skc_ipv6only', v6only ? 1 : 0);
}

function setInet(kernel: Kernel, addr: Addr, struct: string, { local }: InetSpec): void {
  const inet = kernel.view('inet_sock', addr);
  const common = sockCommon(kernel, addr);
  kernel.mem.setBytes(inet.at('inet_saddr'), kernel.mem.bytes(common.at('skc_rcv_saddr'), 4));
  inet.set('inet_sport', networkOrder(local.port));
  if (local.family === AF.INET) return;
  const whole = kernel.view(struct, addr);
  if (!whole.has('inet6')) return;
  inet.set('pinet6', whole.at('inet6'));
  kernel.mem.setBytes(whole.at('inet6.saddr'), local.ip);
}

/**
 * @kernel tcp_init_sock, inet_csk_listen_start, net/ipv4; tcp_create_openreq_child, net/ipv4/tcp_minisocks.c
 * @fidelity partial: state and numbers as after the change of state, no queues
 */
export function newTcpSock(kernel: Kernel, spec: TcpSpec): View {
  const { local, remote, state, net, uid } = spec;
  const protocol = local.family === AF.INET ? 'tcp' : 'tcp6';
  const about = {
    protocol,
    family: local.family,
    type: SOCK.STREAM,
    number: IPPROTO.TCP,
    state,
    net,
    uid,
  } as const;
  const whole = newSock(kernel, about);
  const tcp = kernel.view('tcp_sock', whole.addr);
  const common = sockCommon(kernel, whole.addr);
  const listening = state === TcpState.LISTEN;
  setAddresses(common, spec, spec.passive);
  setInet(kernel, whole.addr, 'tcp6_sock', spec);
  const sk = 'inet_conn.icsk_inet.sk.';
  tcp.trySet(`${sk}sk_rcvbuf`, TCP_RMEM);
  tcp.trySet(`${sk}sk_sndbuf`, TCP_WMEM);
  tcp.set(`${sk}sk_ack_backlog`, listening ? spec.rxQueue : 0);
  tcp.set(`${sk}sk_max_ack_backlog`, spec.maxBacklog);
  tcp.set('inet_conn.icsk_rto', spec.rto ?? (listening ? 5 * TCP_RTO_MIN : TCP_RTO_MIN));
  for (const limit of ['icsk_rto_min', 'icsk_delack_max']) tcp.trySet(`inet_conn.${limit}`, TCP_RTO_MIN);
  setTcpTimers(kernel, tcp, spec.timers ?? {}, !listening && spec.rxQueue > 0);
  tcp.set('inet_conn.icsk_ca_ops', congestionOps(kernel, DEFAULT_CONGESTION)?.addr ?? 0n);
  tcp.set('mss_cache', spec.mss ?? (listening || state === TcpState.CLOSE ? DEFAULT_MSS : LOCAL_MSS));
  tcp.set('snd_cwnd', spec.cwnd ?? TCP_INIT_CWND);
  tcp.set('snd_ssthresh', spec.ssthresh ?? TCP_INFINITE_SSTHRESH);
  // Sequence numbers count from 0 in both directions.
  if (!listening) {
    tcp.set('copied_seq', 0);
    tcp.set('rcv_nxt', spec.rxQueue);
    tcp.trySet('rcv_wup', spec.rxQueue);
    tcp.set('snd_una', 0);
    tcp.set('write_seq', spec.txQueue);
    tcp.trySet('snd_nxt', spec.txQueue);
    tcp.trySet('bytes_received', spec.rxQueue);
    tcp.trySet('bytes_acked', 0);
  }
  if (listening) hashListening(kernel, common, net, local, spec.bucket);
  else if (state !== TcpState.CLOSE) hashEstablished(kernel, common, net, { local, remote }, spec.bucket);
  // Every connection that waits holds on to the socket it came in by.
  if (listening) getRef(common, 'skc_refcnt', spec.rxQueue);
  return whole;
}

/** 60 s */
const TIMEWAIT_LEN = 15_000;

/** @param left jiffies until it goes @kernel tcp_time_wait, net/ipv4/tcp_minisocks.c @fidelity partial: the timer does not fire */
export function newTimewaitSock(kernel: Kernel, spec: InetSpec, left = TIMEWAIT_LEN): View {
  const { local, remote, net } = spec;
  const timewait = kernel.alloc('tcp_timewait_sock');
  const common = sockCommon(kernel, timewait.addr);
  const protocol = local.family === AF.INET ? 'tcp' : 'tcp6';
  initCommon(kernel, common, { protocol, family: local.family, state: TcpState.TIME_WAIT, net });
  common.set('skc_refcnt', SMALL_SOCK_REFS);
  setAddresses(common, spec, true);
  timewait.set('tw_sk.tw_substate', TcpState.TIME_WAIT);
  timewait.set('tw_sk.tw_sport', networkOrder(local.port));
  armTimer(kernel, timewait.sub('tw_sk.tw_timer'), jiffiesAt(kernel.now) + BigInt(left));
  hashEstablished(kernel, common, net, { local, remote }, spec.bucket);
  return timewait;
}

/** 1 s: how long the third packet of a connection is waited for at first. */
const TCP_TIMEOUT_INIT = 250;

/**
 * A connection whose third packet has not come.
 *
 * @param timeouts how often its time has run out
 * @param left jiffies until it does again
 * @kernel inet_reqsk_alloc, net/ipv4/inet_connection_sock.c
 * @fidelity partial: the timer does not fire
 */
export function newRequestSock(
  kernel: Kernel,
  spec: InetSpec,
  listener: Addr,
  timeouts = 0,
  left = TCP_TIMEOUT_INIT,
): View {
  const { local, remote, net } = spec;
  const request = kernel.alloc('tcp_request_sock');
  const common = sockCommon(kernel, request.addr);
  const protocol = local.family === AF.INET ? 'tcp' : 'tcp6';
  initCommon(kernel, common, { protocol, family: local.family, state: TcpState.NEW_SYN_RECV, net });
  common.set('skc_refcnt', SMALL_SOCK_REFS);
  setAddresses(common, spec, true);
  common.set('skc_listener', listener);
  sockHold(kernel, listener);
  request.set('req.req.mss', DEFAULT_MSS);
  request.trySet('req.req.num_timeout', timeouts);
  request.trySet('req.req.num_retrans', timeouts);
  armTimer(kernel, request.sub('req.req.rsk_timer'), jiffiesAt(kernel.now) + BigInt(left));
  hashEstablished(kernel, common, net, { local, remote }, spec.bucket);
  return request;
}

/** A bound UDP socket, connected when it has another end. @kernel udp_init_sock, net/ipv4/udp.c @fidelity partial: no queues */
export function newUdpSock(kernel: Kernel, spec: InetSpec): View {
  const { local, state, net, uid } = spec;
  const protocol = local.family === AF.INET ? 'udp' : 'udp6';
  const about = {
    protocol,
    family: local.family,
    type: SOCK.DGRAM,
    number: IPPROTO.UDP,
    state,
    net,
    uid,
  } as const;
  const whole = newSock(kernel, about);
  const common = sockCommon(kernel, whole.addr);
  setAddresses(common, spec, false);
  setInet(kernel, whole.addr, 'udp6_sock', spec);
  const sk = kernel.view('sock', whole.addr);
  sk.set('sk_backlog.rmem_alloc', spec.rxQueue);
  sk.set('sk_wmem_alloc', 1 + spec.txQueue);
  kernel.view('udp_sock', whole.addr).trySet('forward_deficit', 0);
  if (local.port !== 0) hashUdp(kernel, common, net, local, spec.bucket);
  return whole;
}

/**
 * Connections that wait to be accepted end, and hold on to the socket no more.
 *
 * @kernel inet_csk_listen_stop, net/ipv4/inet_connection_sock.c
 * @fidelity partial: the other ends hear nothing of it
 */
export function stopListening(kernel: Kernel, common: View): void {
  for (let child = dequeueTcp(kernel, common.addr); child !== 0n; child = dequeueTcp(kernel, common.addr)) {
    unhashTcp(kernel, sockCommon(kernel, child));
    sockPut(kernel, child);
  }
  // A world may tell how many wait without telling who.
  const sk = sockAt(kernel, common.addr);
  for (let left = sk.num('sk_ack_backlog'); left > 0; left--) sockPut(kernel, common.addr);
  sk.set('sk_ack_backlog', 0);
}

/**
 * Ends a connection or stops listening: the socket stays with its file, in no table.
 *
 * @kernel tcp_abort, net/ipv4/tcp.c
 * @fidelity partial: the other end hears nothing of it
 */
export function abortTcp(kernel: Kernel, common: View, error: number): void {
  const sk = sockAt(kernel, common.addr);
  if (common.num('skc_state') === TcpState.LISTEN) stopListening(kernel, common);
  clearTcpTimers(kernel, common.addr);
  unhashTcp(kernel, common);
  common.set('skc_state', TcpState.CLOSE);
  sk.trySet('sk_err', error);
  sk.trySet('sk_shutdown', SHUTDOWN_MASK);
}

/**
 * Forgets the other end; a socket that was bound keeps its place.
 *
 * @kernel udp_abort, __udp_disconnect, net/ipv4/udp.c
 * @fidelity partial: every socket counts as bound by its user
 */
export function abortUdp(kernel: Kernel, common: View, error: number): void {
  sockAt(kernel, common.addr).trySet('sk_err', error);
  common.set('skc_state', TcpState.CLOSE);
  common.set('skc_dport', 0);
  common.mem.fill(common.at('skc_daddr'), 4, 0);
}
