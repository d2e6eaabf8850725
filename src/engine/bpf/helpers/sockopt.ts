/**
 * bpf_setsockopt and bpf_getsockopt on the socket that a walk has locked.
 *
 * Those of TCP are in sockopt_tcp.ts, those of IP and IPv6 in sockopt_ip.ts.
 *
 * Source: sk_setsockopt, sk_getsockopt, net/core/sock.c; sol_tcp_sockopt, net/core/filter.c, Linux 6.12.
 */
import { latin1Encode } from '../../../shared/utf8.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { congestionOps } from '../../kernel/objects/inet_sock.ts';
import { deviceByName } from '../../kernel/objects/net_device.ts';
import { AF, IPPROTO, isFullSock, sockAt, sockCommon } from '../../kernel/objects/sock.ts';
import type { View } from '../../kernel/view.ts';
import type { Call } from '../../vm/helper.ts';
import { IP_OPTIONS, IPV6_OPTIONS } from './sockopt_ip.ts';
import { TCP_OPTIONS } from './sockopt_tcp.ts';

const IPPROTO_IP = 0;
const SOL_SOCKET = 1;
const IPPROTO_IPV6 = 41;
const TCP_CONGESTION = 13;
const TCP_CA_NAME_MAX = 16;
const SO_BINDTODEVICE = 25;
const IFNAMSIZ = 16;
const INT = 4;
const INT_MAX = 0x7fff_ffff;
/** net.core.rmem_max and wmem_max */
const BUFFER_MAX = 212_992;
const SOCK_MIN_RCVBUF = 2304;
const SOCK_MIN_SNDBUF = 4608;
/** Bit of skc_flags: SOCK_KEEPOPEN. */
const KEEPOPEN = 1 << 3;

/** An option whose value is an int. `set` says no with an errno, `get` with null. */
export interface IntOption {
  get(sk: View): number | null;
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

/** Sockets that share a port are those of the internet. */
const sharedPort: IntOption = {
  ...field('__sk_common.skc_reuseport', bool),
  set: (sk, value) => {
    const family = sk.num('__sk_common.skc_family');
    if (value !== 0 && family !== AF.INET && family !== AF.INET6) return fail('EOPNOTSUPP');
    sk.set('__sk_common.skc_reuseport', bool(value));
    return 0;
  },
};
/** @kernel sock_bindtoindex_locked, net/core/sock.c @fidelity partial: who may not is not asked */
const boundDevice: IntOption = {
  get: (sk) => sk.num('__sk_common.skc_bound_dev_if'),
  set: (sk, value) => {
    if (value < 0) return fail('EINVAL');
    sk.set('__sk_common.skc_bound_dev_if', value);
    return 0;
  },
};

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
  [15, sharedPort],
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
  [62, boundDevice],
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

/** The options of a level, for a socket that has that level; and the struct that they are fields of. */
interface Level {
  readonly options: ReadonlyMap<number, IntOption>;
  readonly struct: string;
  readonly has: (sk: View) => boolean;
}
const family = (wanted: number) => (sk: View) => sk.num('__sk_common.skc_family') === wanted;
const LEVELS: ReadonlyMap<number, Level> = new Map([
  [IPPROTO_IP, { options: IP_OPTIONS, struct: 'inet_sock', has: family(AF.INET) }],
  [SOL_SOCKET, { options: SOCKET_OPTIONS, struct: 'sock', has: () => true }],
  [
    IPPROTO.TCP,
    { options: TCP_OPTIONS, struct: 'tcp_sock', has: (sk) => sk.num('sk_protocol') === IPPROTO.TCP },
  ],
  [IPPROTO_IPV6, { options: IPV6_OPTIONS, struct: 'inet_sock', has: family(AF.INET6) }],
]);

/** An option that is an int, with the socket as its level sees it. */
function intOption(
  kernel: Kernel,
  { sk, level, name, size }: Option,
): { readonly how: IntOption; readonly sk: View } | null {
  const found = LEVELS.get(level);
  const how = size === INT && found?.has(sk) ? found.options.get(name) : undefined;
  return found && how ? { how, sk: kernel.view(found.struct, sk.addr) } : null;
}

/**
 * @returns 0, or -EINVAL for an option that is not known or a socket that is none; -ENOENT for a congestion
 *   control that is not there, -ENODEV for a device
 * @kernel bpf_sk_setsockopt, net/core/filter.c
 * @fidelity partial: capabilities are not looked at, routes not looked up again
 */
export function setsockopt(call: Call): NegErrno {
  const option = optionOf(call);
  if (!option) return fail('EINVAL');
  if (isCongestion(option)) return setCongestion(call, option);
  if (option.level === SOL_SOCKET && option.name === SO_BINDTODEVICE) return bindToDevice(call, option);
  const found = intOption(call.kernel, option);
  return found ? found.how.set(found.sk, call.mem.u32(call.arg(4)) | 0) : fail('EINVAL');
}

/** By name; the empty one lets go. @kernel sock_setbindtodevice, net/core/sock.c @fidelity partial: who may not is not asked */
function bindToDevice(call: Call, { sk, size }: Option): NegErrno {
  const { kernel, mem } = call;
  if (size < 0) return fail('EINVAL');
  const name = mem.text(call.arg(4), Math.min(size, IFNAMSIZ - 1));
  const net = kernel.view('net', sk.ptr('__sk_common.skc_net.net'));
  const device = name === '' ? null : deviceByName(kernel, net, name);
  if (name !== '' && !device) return fail('ENODEV');
  return boundDevice.set(sk, device?.num('ifindex') ?? 0);
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
 * @fidelity partial: of TCP all but TCP_SAVED_SYN, since no connection keeps its SYN
 */
export function getsockopt(call: Call): NegErrno {
  const { kernel, mem } = call;
  const out = call.arg(4);
  const option = optionOf(call);
  mem.fill(out, call.u32(5), 0);
  if (!option) return fail('EINVAL');
  if (isCongestion(option)) {
    const name = connection(kernel, option.sk).deref('icsk_ca_ops')?.str('name') ?? '';
    mem.setBytes(out, latin1Encode(name.slice(0, Math.min(option.size, TCP_CA_NAME_MAX) - 1)));
    return 0;
  }
  const found = intOption(kernel, option);
  const value = found?.how.get(found.sk) ?? null;
  if (value === null) return fail('EINVAL');
  mem.setU32(out, value >>> 0);
  return 0;
}

const connection = (kernel: Kernel, sk: View): View => kernel.view('inet_connection_sock', sk.addr);
