/**
 * Helpers about sockets: what kind one is, which file it belongs to, its cookie, and its end.
 *
 * Source: net/core/filter.c, Linux 6.12.
 */
import { Errno, fail } from '../../../shared/errno.ts';
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { abortTcp, abortUdp } from '../../kernel/objects/inet_sock.ts';
import {
  AF,
  IPPROTO,
  isFullSock,
  protoOf,
  SOCK,
  sockAt,
  sockCommon,
  sockCookie,
  TcpState,
} from '../../kernel/objects/sock.ts';
import type { ProtocolName } from '../../kernel/objects/sock.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { getsockopt, setsockopt } from './sockopt.ts';

export const socketHelpers = (): readonly (readonly [number, Helper])[] => [
  [46, socketCookie],
  [49, setsockopt],
  [57, getsockopt],
  [136, convert((kernel, common) => isInet(kernel, common, TCP) && common.num('skc_family') === AF.INET6)],
  [137, convert((kernel, common) => isInet(kernel, common, TCP))],
  [138, convert((kernel, common) => isSmallTcp(kernel, common, TcpState.TIME_WAIT))],
  [139, convert((kernel, common) => isSmallTcp(kernel, common, TcpState.NEW_SYN_RECV))],
  [140, convert((kernel, common) => isInet(kernel, common, UDP) && common.num('skc_family') === AF.INET6)],
  [162, sockFromFile],
  [178, convert((_, common) => isFullSock(common) && common.num('skc_family') === AF.UNIX)],
  [196, () => 0n],
];

export const socketKfuncs = (): readonly (readonly [string, Helper])[] => [['bpf_sock_destroy', sockDestroy]];

const TCP = { type: SOCK.STREAM, number: IPPROTO.TCP } as const;
const UDP = { type: SOCK.DGRAM, number: IPPROTO.UDP } as const;

function isInet(kernel: Kernel, common: View, { type, number }: typeof TCP | typeof UDP): boolean {
  if (!isFullSock(common)) return false;
  const family = common.num('skc_family');
  const sk = sockAt(kernel, common.addr);
  return (
    (family === AF.INET || family === AF.INET6) &&
    sk.num('sk_type') === type &&
    sk.num('sk_protocol') === number
  );
}

/** Objects that are less than a socket are told by their protocol and state. */
function isSmallTcp(kernel: Kernel, common: View, state: number): boolean {
  const names: readonly ProtocolName[] = ['tcp', 'tcp6'];
  const proto = common.ptr('skc_prot');
  return names.some((name) => protoOf(kernel, name).addr === proto) && common.num('skc_state') === state;
}

/**
 * The same address under another type, or NULL when the socket is not of that kind.
 *
 * @kernel bpf_skc_to_tcp6_sock, bpf_skc_to_tcp_sock, bpf_skc_to_tcp_timewait_sock, bpf_skc_to_tcp_request_sock, bpf_skc_to_udp6_sock, bpf_skc_to_unix_sock, net/core/filter.c
 * @fidelity full: kfunc_string.test.ts
 */
function convert(is: (kernel: Kernel, common: View) => boolean): Helper {
  return (call) => {
    const sk = call.arg(1);
    return sk !== 0n && is(call.kernel, sockCommon(call.kernel, sk)) ? sk : 0n;
  };
}

/** The socket that a file stands for, or NULL. @kernel sock_from_file, net/socket.c @fidelity full: app/sockets.test.ts */
function sockFromFile(call: Call): Addr {
  const file = call.kernel.view('file', call.arg(1));
  const sockets = call.kernel.object('socket_file_ops', 'file_operations').addr;
  return file.ptr('f_op') === sockets ? file.ptr('private_data') : 0n;
}

/** @kernel bpf_get_socket_ptr_cookie, net/core/filter.c @fidelity full: app/helper_calls.test.ts */
function socketCookie(call: Call): bigint {
  const sk = call.arg(1);
  return sk === 0n ? 0n : sockCookie(call.kernel, sockCommon(call.kernel, sk));
}

/**
 * Ends a TCP or UDP socket as if its connection had been aborted.
 *
 * @returns 0, or -EOPNOTSUPP for other protocols
 * @kernel bpf_sock_destroy, net/core/filter.c
 * @fidelity partial: objects in TIME_WAIT and half-open ones are left alone, with -EOPNOTSUPP
 */
function sockDestroy(call: Call): number {
  const { kernel } = call;
  const common = sockCommon(kernel, call.arg(1));
  if (isInet(kernel, common, TCP)) abortTcp(kernel, common, Errno.ECONNABORTED);
  else if (isInet(kernel, common, UDP)) abortUdp(kernel, common, Errno.ECONNABORTED);
  else return fail('EOPNOTSUPP');
  return 0;
}
