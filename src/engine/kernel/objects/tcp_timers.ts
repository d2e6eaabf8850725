/**
 * What a TCP socket waits for: one timer for retransmission and probes, one to keep the connection alive, and
 * the acknowledgements it holds back.
 *
 *     icsk_pending says what icsk_retransmit_timer is armed for; icsk_keepalive_timer keeps alive
 *
 * Source: net/ipv4/tcp_timer.c, include/net/inet_connection_sock.h, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../kernel.ts';
import { armTimer, deleteTimer, jiffiesAt } from './timer.ts';
import type { View } from '../view.ts';

/** ICSK_TIME_*; the keepalive timer is another. */
const PENDING = { retransmit: 1, probe: 3, keepalive: 0 } as const;
export type TcpTimer = keyof typeof PENDING;

export interface TcpTimers {
  /** What is armed, and in how many jiffies it fires. */
  readonly timer?: { readonly kind: TcpTimer; readonly in: number } | undefined;
  readonly retransmits?: number | undefined;
  readonly probes?: number | undefined;
  /** Jiffies by which an acknowledgement may be late. */
  readonly ato?: number | undefined;
  /** Acknowledgements still to be sent at once. */
  readonly quick?: number | undefined;
  readonly pingpong?: number | undefined;
}

/** The timer that keeps a connection alive; some kernels have it in the struct sock. */
const keepaliveTimer = (kernel: Kernel, tcp: View): View =>
  tcp.has('inet_conn.icsk_keepalive_timer')
    ? tcp.sub('inet_conn.icsk_keepalive_timer')
    : kernel.view('sock', tcp.addr).sub('sk_timer');

/** 40 ms, in jiffies of 4 ms. */
const TCP_ATO_MIN = 10;

/**
 * @param received whether data came in: acknowledgements are held back only then
 * @kernel inet_csk_reset_xmit_timer, tcp_event_data_recv, net/ipv4
 * @fidelity partial: as a world tells; nothing fires
 */
export function setTcpTimers(kernel: Kernel, tcp: View, told: TcpTimers, received: boolean): void {
  const icsk = 'inet_conn.icsk_';
  tcp.trySet(`${icsk}retransmits`, told.retransmits ?? 0);
  tcp.trySet('total_retrans', told.retransmits ?? 0);
  tcp.trySet(`${icsk}probes_out`, told.probes ?? 0);
  tcp.trySet(`${icsk}ack.ato`, told.ato ?? (received ? TCP_ATO_MIN : 0));
  tcp.trySet(`${icsk}ack.quick`, told.quick ?? 0);
  tcp.trySet(`${icsk}ack.pingpong`, told.pingpong ?? 0);
  tcp.trySet(`${icsk}pending`, told.timer ? PENDING[told.timer.kind] : 0);
  tcp.trySet(`${icsk}accept_queue.fastopenq.max_qlen`, 0);
  tcp.trySet(`${icsk}accept_queue.fastopenq.qlen`, 0);
  for (const zero of ['retransmit_timer.expires', 'timeout']) tcp.trySet(`${icsk}${zero}`, 0);
  keepaliveTimer(kernel, tcp).set('expires', 0);
  if (!told.timer) return;
  const expires = jiffiesAt(kernel.now) + BigInt(told.timer.in);
  if (told.timer.kind === 'keepalive') {
    armTimer(kernel, keepaliveTimer(kernel, tcp), expires);
    return;
  }
  armTimer(kernel, tcp.sub('inet_conn.icsk_retransmit_timer'), expires);
  tcp.trySet(`${icsk}timeout`, expires);
}

/** Those that a world arms. */
export const tcpTimers = (kernel: Kernel, tcp: View): readonly View[] => [
  keepaliveTimer(kernel, tcp),
  tcp.sub('inet_conn.icsk_retransmit_timer'),
];

/** None of a socket's timers fires any more. @kernel tcp_clear_xmit_timers, include/net/tcp.h @fidelity full: app/kernel_fields.test.ts */
export function clearTcpTimers(kernel: Kernel, addr: Addr): void {
  const tcp = kernel.view('tcp_sock', addr);
  for (const timer of tcpTimers(kernel, tcp)) deleteTimer(kernel, timer);
  tcp.trySet('inet_conn.icsk_pending', 0);
}
