/** A socket in two lines, read from its bytes: where it is bound, and what it is connected to. */
import { endpointText } from '../kernel/inet_address.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { AF, SOCK, TcpState, sockAt, sockCommon, socketInode } from '../kernel/objects/sock.ts';
import { unixName } from '../kernel/objects/unix_sock.ts';
import type { Addr } from '../../shared/brand.ts';
import type { View } from '../kernel/view.ts';

export interface SocketText {
  readonly struct: string;
  readonly label: string;
  readonly detail: string;
}

const named = (names: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);

const bigEndian16 = (value: number): number => ((value & 0xff) << 8) | (value >> 8);

function local(common: View): string {
  const v6 = common.num('skc_family') === AF.INET6;
  const ip = common.mem.bytes(common.at(v6 ? 'skc_v6_rcv_saddr' : 'skc_rcv_saddr'), v6 ? 16 : 4);
  return endpointText({ ip, port: common.num('skc_num') });
}

/** The other end, or '' without one. */
function remote(common: View): string {
  const port = bigEndian16(common.num('skc_dport'));
  if (port === 0) return '';
  const v6 = common.num('skc_family') === AF.INET6;
  const ip = common.mem.bytes(common.at(v6 ? 'skc_v6_daddr' : 'skc_daddr'), v6 ? 16 : 4);
  return endpointText({ ip, port });
}

const connected = (state: string, far: string): string =>
  [state, far && `← ${far}`].filter(Boolean).join(' ');

export function tcpText(kernel: Kernel, sk: Addr): SocketText {
  const common = sockCommon(kernel, sk);
  const state = common.num('skc_state');
  const struct =
    state === TcpState.TIME_WAIT
      ? 'inet_timewait_sock'
      : state === TcpState.NEW_SYN_RECV
        ? 'request_sock'
        : 'tcp_sock';
  return { struct, label: local(common), detail: connected(named(TcpState, state), remote(common)) };
}

export function udpText(kernel: Kernel, sk: Addr): SocketText {
  const common = sockCommon(kernel, sk);
  return { struct: 'udp_sock', label: local(common), detail: connected('', remote(common)) || 'any sender' };
}

export function unixText(kernel: Kernel, sk: Addr): SocketText {
  const sock = sockAt(kernel, sk);
  const inode = socketInode(kernel, sock)?.num('i_ino') ?? 0;
  return {
    struct: 'unix_sock',
    label: unixName(kernel, kernel.view('unix_sock', sk)) || 'unnamed',
    detail: `${named(SOCK, sock.num('sk_type'))} ino ${inode}`,
  };
}

export function netlinkText(kernel: Kernel, sk: Addr): SocketText {
  const inode = socketInode(kernel, sockAt(kernel, sk))?.num('i_ino') ?? 0;
  const port = kernel.view('netlink_sock', sk).num('portid');
  return {
    struct: 'netlink_sock',
    label: port === 0 ? "the kernel's" : `port ${port}`,
    detail: inode === 0 ? '' : `ino ${inode}`,
  };
}
