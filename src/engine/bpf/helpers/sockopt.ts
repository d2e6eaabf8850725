/**
 * bpf_setsockopt and bpf_getsockopt on the socket that a walk has locked.
 *
 * Those of TCP are in sockopt_tcp.ts.
 *
 * Source: sk_setsockopt, sk_getsockopt, net/core/sock.c; sol_tcp_sockopt, net/core/filter.c, Linux 6.12.
 */
import { latin1Encode } from '../../../shared/utf8.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { congestionOps } from '../../kernel/objects/inet_sock.ts';
import { IPPROTO, isFullSock, sockAt, sockCommon } from '../../kernel/objects/sock.ts';
import type { View } from '../../kernel/view.ts';
import type { Call } from '../../vm/helper.ts';
import { TCP_OPTIONS } from './sockopt_tcp.ts';

const SOL_SOCKET = 1;
const TCP_CONGESTION = 13;
const TCP_CA_NAME_MAX = 16;
const INT = 4;
const INT_MAX = 0x7fff_ffff;
/** net.core.rmem_max and wmem_max */
const BUFFER_MAX = 212_992;
const SOCK_MIN_RCVBUF = 2304;
const SOCK_MIN_SNDBUF = 4608;
/** Bit of skc_flags: SOCK_KEEPOPEN. */
const KEEPOPEN = 1 << 3;

/** An option whose value is an int. `set` says no with an errno. */
export interface IntOption {
  get(sk: View): number;
  set(sk: View, value: number): NegErrno;
}

const field = (path: string, stored: (value: number) => number = (value) => value): IntOption => ({
  get: (sk) => (sk.has(path) ? sk.num(path) : 0),
  set: (sk, value) => {
    sk.trySet(path, stored(value));
    return 0;
  },
});
const bool = (value: number): number => (value === 0 ? 0 : 1);
const buffer = (least: number) => (value: number) =>
  Math.max(Math.min(value < 0 ? BUFFER_MAX : value, BUFFER_MAX) * 2, least);

const SOCKET_OPTIONS: ReadonlyMap<number, IntOption> = new Map([
  [2, field('__sk_common.skc_reuse', bool)],
  [7, field('sk_sndbuf', buffer(SOCK_MIN_SNDBUF))],
  [8, field('sk_rcvbuf', buffer(SOCK_MIN_RCVBUF))],
  [
    9,
    {
      get: (sk) => bool(sk.num('__sk_common.skc_flags') & KEEPOPEN),
      set: (sk, value) => {
        const flags = sk.big('__sk_common.skc_flags') & ~BigInt(KEEPOPEN);
        sk.set('__sk_common.skc_flags', flags | BigInt(value === 0 ? 0 : KEEPOPEN));
        return 0;
      },
    },
  ],
  [12, field('sk_priority')],
  [15, field('__sk_common.skc_reuseport', bool)],
  [18, field('sk_rcvlowat', (value) => (value < 0 ? INT_MAX : Math.max(value, 1)))],
  [36, field('sk_mark')],
  [
    47,
    {
      get: (sk) => Number(BigInt.asIntN(32, sk.big('sk_max_pacing_rate'))),
      set: (sk, value) => {
        sk.trySet('sk_max_pacing_rate', value === -1 ? -1 : value >>> 0);
        return 0;
      },
    },
  ],
  [
    74,
    {
      get: (sk) => (sk.has('sk_txrehash') ? sk.num('sk_txrehash') : 0),
      set: (sk, value) => {
        if (value < -1 || value > 1) return fail('EINVAL');
        sk.trySet('sk_txrehash', value === -1 ? 1 : value);
        return 0;
      },
    },
  ],
]);

interface Option {
  readonly sk: View;
  readonly level: number;
  readonly name: number;
  readonly size: number;
}

const optionOf = (call: Call): Option | null => {
  const addr = call.arg(1);
  if (!isFullSock(sockCommon(call.kernel, addr))) return null;
  return { sk: sockAt(call.kernel, addr), level: call.s32(2), name: call.s32(3), size: call.s32(5) };
};

const isCongestion = ({ sk, level, name, size }: Option): boolean =>
  level === IPPROTO.TCP && sk.num('sk_protocol') === IPPROTO.TCP && name === TCP_CONGESTION && size > 1;

function intOption({ sk, level, name, size }: Option): IntOption | null {
  if (size !== INT) return null;
  if (level === SOL_SOCKET) return SOCKET_OPTIONS.get(name) ?? null;
  const isTcp = level === IPPROTO.TCP && sk.num('sk_protocol') === IPPROTO.TCP;
  return isTcp ? (TCP_OPTIONS.get(name) ?? null) : null;
}

/**
 * @returns 0, or -EINVAL for an option that is not known or a socket that is none; -ENOENT for a congestion
 *   control that is not there
 * @kernel bpf_sk_setsockopt, net/core/filter.c
 * @fidelity partial: options of SOL_SOCKET but SO_BINDTODEVICE and SO_BINDTOIFINDEX; of TCP all but those that only BPF has and TCP_SAVED_SYN; none of IP and IPv6
 */
export function setsockopt(call: Call): NegErrno {
  const option = optionOf(call);
  if (!option) return fail('EINVAL');
  if (isCongestion(option)) return setCongestion(call, option);
  const found = intOption(option);
  return found ? found.set(own(call.kernel, option), call.mem.u32(call.arg(4)) | 0) : fail('EINVAL');
}

function setCongestion(call: Call, { sk, size }: Option): NegErrno {
  const ops = congestionOps(call.kernel, call.mem.text(call.arg(4), Math.min(size, TCP_CA_NAME_MAX)));
  if (!ops) return fail('ENOENT');
  connection(call.kernel, sk).set('icsk_ca_ops', ops.addr);
  return 0;
}

/**
 * What cannot be told reads as zeros.
 *
 * @returns 0 or -EINVAL
 * @kernel bpf_sk_getsockopt, net/core/filter.c
 * @fidelity partial: as bpf_setsockopt
 */
export function getsockopt(call: Call): NegErrno {
  const { kernel, mem } = call;
  const out = call.arg(4);
  const option = optionOf(call);
  const found = option && intOption(option);
  mem.fill(out, call.u32(5), 0);
  if (option && found) mem.setU32(out, found.get(own(kernel, option)) >>> 0);
  else if (option && isCongestion(option)) {
    const ops = connection(kernel, option.sk).deref('icsk_ca_ops');
    const name = ops?.str('name') ?? '';
    mem.setBytes(out, latin1Encode(name.slice(0, Math.min(option.size, TCP_CA_NAME_MAX) - 1)));
  } else return fail('EINVAL');
  return 0;
}

const connection = (kernel: Kernel, sk: View): View => kernel.view('inet_connection_sock', sk.addr);
/** The socket as the level sees it. */
const own = (kernel: Kernel, { sk, level }: Option): View =>
  level === SOL_SOCKET ? sk : kernel.view('tcp_sock', sk.addr);
