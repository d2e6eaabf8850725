/**
 * The options of level TCP that a program may set and read, as fields of struct tcp_sock. A 0 in a field that has a
 * system-wide default stands for that default. Those from 1001 on only BPF has; they take times in microseconds,
 * and of them only the flags can be read.
 *
 * Source: do_tcp_setsockopt, do_tcp_getsockopt, net/ipv4/tcp.c; sol_tcp_sockopt, net/core/filter.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import { HZ } from '../../kernel/objects/timer.ts';
import type { View } from '../../kernel/view.ts';
import type { IntOption } from './sockopt.ts';

const ICSK = 'inet_conn';
const STATE = `${ICSK}.icsk_inet.sk.__sk_common.skc_state`;
const TCP_CLOSE = 7;
const TCP_LISTEN = 10;

const NAGLE_OFF = 1;
const NAGLE_PUSH = 4;
const MIN_MSS = 88;
const MAX_WINDOW = 32_767;
/** SOCK_MIN_RCVBUF / 2 */
const LEAST_CLAMP = 1152;

/** A field that takes values of a range; `unit` of them are one of the user's. */
function ranged(
  path: string,
  least: number,
  most: number,
  { unit = 1, byDefault = 0 }: { readonly unit?: number; readonly byDefault?: number } = {},
): IntOption {
  return {
    get: (tp) => Math.floor(tp.num(path) / unit) || byDefault,
    set: (tp, value) => {
      if (value < least || value > most) return fail('EINVAL');
      tp.set(path, value * unit);
      return 0;
    },
  };
}

const SIGNED_MAX = 0x7fff_ffff;

const noDelay: IntOption = {
  get: (tp) => tp.num('nonagle') & NAGLE_OFF,
  set: (tp, value) => {
    const before = tp.num('nonagle');
    tp.set('nonagle', value === 0 ? before & ~NAGLE_OFF : before | NAGLE_OFF | NAGLE_PUSH);
    return 0;
  },
};

const unconnected = (tp: View): boolean => [TCP_CLOSE, TCP_LISTEN].includes(tp.num(STATE));
const maxSegment: IntOption = {
  get: (tp) => (unconnected(tp) && tp.num('rx_opt.user_mss')) || tp.num('mss_cache'),
  set: (tp, value) => {
    if (value !== 0 && (value < MIN_MSS || value > MAX_WINDOW)) return fail('EINVAL');
    tp.set('rx_opt.user_mss', value);
    return 0;
  },
};

/** @kernel tcp_set_window_clamp, net/ipv4/tcp.c @fidelity partial: the threshold of the receive window stays */
const windowClamp: IntOption = {
  get: (tp) => tp.num('window_clamp'),
  set: (tp, value) => {
    if (value === 0 && tp.num(STATE) !== TCP_CLOSE) return fail('EINVAL');
    tp.set('window_clamp', value === 0 ? 0 : Math.max(LEAST_CLAMP, value));
    return 0;
  },
};

/** TCP_TIMEOUT_MIN, TCP_RTO_MIN and TCP_DELACK_MAX: jiffies. */
const LEAST_TIMEOUT = 2;
export const MOST_TIMEOUT = Number(HZ) / 5;
const MICROSECONDS = 1_000_000 / Number(HZ);
const ALL_SOCK_OPS_FLAGS = 0x7f;

/** A time that may only get shorter. @kernel bpf_sol_tcp_setsockopt, net/core/filter.c @fidelity full: app/sockets.test.ts */
const shorter = (path: string): IntOption => ({
  get: () => null,
  set: (tp, value) => {
    const jiffies = Math.ceil((value >>> 0) / MICROSECONDS);
    if (jiffies > MOST_TIMEOUT || jiffies < LEAST_TIMEOUT) return fail('EINVAL');
    tp.set(path, jiffies);
    return 0;
  },
});

/** The first window, as long as no data was sent but that which came with the connection. */
const initialWindow: IntOption = {
  get: () => null,
  set: (tp, value) => {
    if (value <= 0 || tp.num('data_segs_out') > tp.num('syn_data')) return fail('EINVAL');
    tp.set('snd_cwnd', value);
    return 0;
  },
};
const windowLimit: IntOption = {
  get: () => null,
  set: (tp, value) => {
    if (value <= 0) return fail('EINVAL');
    tp.set('snd_cwnd_clamp', value);
    tp.set('snd_ssthresh', value);
    return 0;
  },
};
const sockOpsFlags: IntOption = {
  get: (tp) => tp.num('bpf_sock_ops_cb_flags'),
  set: (tp, value) => {
    if ((value & ~ALL_SOCK_OPS_FLAGS) !== 0) return fail('EINVAL');
    tp.set('bpf_sock_ops_cb_flags', value);
    return 0;
  },
};

export const TCP_OPTIONS: ReadonlyMap<number, IntOption> = new Map([
  [1, noDelay],
  [2, maxSegment],
  [4, ranged('keepalive_time', 1, 32_767, { unit: Number(HZ), byDefault: 7200 })],
  [5, ranged('keepalive_intvl', 1, 32_767, { unit: Number(HZ), byDefault: 75 })],
  [6, ranged('keepalive_probes', 1, 127, { byDefault: 9 })],
  [7, ranged(`${ICSK}.icsk_syn_retries`, 1, 127, { byDefault: 6 })],
  [10, windowClamp],
  [16, ranged('thin_lto', 0, 1)],
  [18, ranged(`${ICSK}.icsk_user_timeout`, 0, SIGNED_MAX)],
  [25, ranged('notsent_lowat', -SIGNED_MAX - 1, SIGNED_MAX)],
  [27, ranged('save_syn', 0, 2)],
  [1001, initialWindow],
  [1002, windowLimit],
  [1003, shorter(`${ICSK}.icsk_delack_max`)],
  [1004, shorter(`${ICSK}.icsk_rto_min`)],
  [1008, sockOpsFlags],
]);
