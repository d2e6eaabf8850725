/**
 * /proc/net: the sockets of the caller's network namespace as text.
 *
 * Source: net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c, net/ipv4/udp.c, net/ipv6/ip6_fib.c, net/unix/af_unix.c,
 * net/netlink/af_netlink.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { fib6Tables, nextHop, routesOf, RTF } from '../../kernel/objects/fib6.ts';
import { tcpEstablished, tcpListening, udpByAddress } from '../../kernel/objects/inet_hash.ts';
import type { SocketTable } from '../../kernel/objects/inet_hash.ts';
import { NETLINK_PROTOCOLS, netlinkSocks } from '../../kernel/objects/netlink_sock.ts';
import {
  AF,
  isFullSock,
  netOf,
  sockAt,
  sockCommon,
  socketInode,
  sockUid,
  TcpState,
} from '../../kernel/objects/sock.ts';
import { unixName, unixTable } from '../../kernel/objects/unix_sock.ts';
import type { View } from '../../kernel/view.ts';

const hex = (value: number | bigint, width: number): string =>
  value.toString(16).toUpperCase().padStart(width, '0');
const low = (value: number | bigint, width: number): string => value.toString(16).padStart(width, '0');

/** Sockets of a table that belong to a namespace and a family. */
function* socketsOf(kernel: Kernel, table: SocketTable, net: Addr, family: number): Generator<View> {
  for (let bucket = 0; bucket < table.buckets; bucket++)
    for (const addr of table.sockets(bucket)) {
      const common = sockCommon(kernel, addr);
      if (netOf(common) === net && common.num('skc_family') === family) yield common;
    }
}

const swap16 = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

function addressText(common: View, side: 'local' | 'remote'): string {
  const port = side === 'local' ? common.num('skc_num') : swap16(common.num('skc_dport'));
  if (common.num('skc_family') === AF.INET)
    return `${hex(common.num(side === 'local' ? 'skc_rcv_saddr' : 'skc_daddr') >>> 0, 8)}:${hex(port, 4)}`;
  const at = common.at(side === 'local' ? 'skc_v6_rcv_saddr' : 'skc_v6_daddr');
  const words = [0, 4, 8, 12].map((offset) => hex(common.mem.u32(at + BigInt(offset)), 8));
  return `${words.join('')}:${hex(port, 4)}`;
}

/** The part that TCP and UDP have in common, up to the inode and the references. */
function inetLine(kernel: Kernel, common: View, slot: string): string {
  const state = common.num('skc_state');
  const sk = isFullSock(common) ? sockAt(kernel, common.addr) : null;
  const inode = (sk && socketInode(kernel, sk)?.big('i_ino')) ?? 0n;
  const uid = sk ? sockUid(kernel, sk) : 0;
  const waiting = sk && state === TcpState.LISTEN ? sk.num('sk_ack_backlog') : 0;
  return (
    `${slot}: ${addressText(common, 'local')} ${addressText(common, 'remote')} ${hex(state, 2)} ` +
    `00000000:${hex(waiting, 8)} 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} ` +
    `${common.num('skc_refcnt')} ${low(0, 16)}`
  );
}

const V4_ADDRESSES = 'local_address rem_address  ';
const V6_ADDRESSES = 'local_address                         remote_address                       ';

/** @kernel tcp4_seq_show, tcp6_seq_show @fidelity partial: queues and timers are idle, addresses of sockets are hidden as zeros */
export function tcpText(kernel: Kernel, net: Addr, family: number): string {
  const v4 = family === AF.INET;
  const head = `  sl  ${v4 ? V4_ADDRESSES : V6_ADDRESSES} st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode`;
  const all = [
    ...socketsOf(kernel, tcpListening(kernel), net, family),
    ...socketsOf(kernel, tcpEstablished(kernel), net, family),
  ];
  const lines = all.map((common, i) => {
    const line = `${inetLine(kernel, common, String(i).padStart(4))} ${common.num('skc_state') === TcpState.LISTEN ? '100 0 0 10 0' : '20 0 0 10 -1'}`;
    return v4 ? line.padEnd(149) : line;
  });
  return [v4 ? head.padEnd(149) : head, ...lines].map((line) => `${line}\n`).join('');
}

/** @kernel udp4_seq_show, udp6_seq_show @fidelity partial: queues are empty, addresses of sockets are hidden as zeros */
export function udpText(kernel: Kernel, net: Addr, family: number): string {
  const v4 = family === AF.INET;
  const head = v4
    ? '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops'
    : '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';
  const lines = [...socketsOf(kernel, udpByAddress(kernel), net, family)].map((common) => {
    const slot = String(common.has('skc_hash') ? common.num('skc_hash') & 0x7ff : 0).padStart(5);
    const line = `${inetLine(kernel, common, slot)} 0`;
    return v4 ? line.padEnd(127) : line;
  });
  return [v4 ? head.padEnd(127) : head, ...lines].map((line) => `${line}\n`).join('');
}

const SO_ACCEPTCON = 0x10000;
/** SS_UNCONNECTED and SS_CONNECTED, as the St column shows a socket that has a file. */
const SS_UNCONNECTED = 1;
const SS_CONNECTED = 3;
const SS_CONNECTING = 2;

/** @kernel unix_seq_show, net/unix/af_unix.c @fidelity partial: addresses of sockets are hidden as zeros */
export function unixText(kernel: Kernel, net: Addr): string {
  const table = unixTable(kernel, kernel.view('net', net));
  let out = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
  for (let bucket = 0; bucket < table.buckets; bucket++)
    for (const addr of table.sockets(bucket)) {
      const sk = sockAt(kernel, addr);
      const common = sockCommon(kernel, addr);
      const state = common.num('skc_state');
      const inode = socketInode(kernel, sk)?.big('i_ino') ?? 0n;
      const shown =
        inode === 0n ? SS_CONNECTING : state === TcpState.ESTABLISHED ? SS_CONNECTED : SS_UNCONNECTED;
      const flags = state === TcpState.LISTEN ? SO_ACCEPTCON : 0;
      const name = unixName(kernel, kernel.view('unix_sock', addr));
      out +=
        `${low(0, 16)}: ${hex(common.num('skc_refcnt'), 8)} 00000000 ${hex(flags, 8)} ` +
        `${hex(sk.num('sk_type'), 4)} ${hex(shown, 2)} ${String(inode).padStart(5)}${name === '' ? '' : ` ${name}`}\n`;
    }
  return out;
}

/** @kernel netlink_native_seq_show, net/netlink/af_netlink.c @fidelity partial: addresses of sockets are hidden as zeros */
export function netlinkText(kernel: Kernel, net: Addr): string {
  let out = 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';
  for (let protocol = 0; protocol < NETLINK_PROTOCOLS; protocol++)
    for (const addr of netlinkSocks(kernel, protocol)) {
      const common = sockCommon(kernel, addr);
      if (netOf(common) !== net) continue;
      const nlk = kernel.view('netlink_sock', addr);
      const groups = nlk.ptr('groups') === 0n ? 0 : kernel.mem.u32(nlk.ptr('groups'));
      const column = (value: number | bigint, width: number): string => `${String(value).padEnd(width)} `;
      out +=
        `${low(0, 16)} ${column(protocol, 3)}${column(nlk.num('portid'), 10)}${low(groups, 8)} ` +
        `${column(0, 8)}${column(0, 8)}${column(0, 5)}${column(common.num('skc_refcnt'), 8)}${column(0, 8)}` +
        `${column(socketInode(kernel, sockAt(kernel, addr))?.big('i_ino') ?? 0n, 8).trimEnd()}\n`;
    }
  return out;
}

/** Nodes in the order of a walk: what lies below one comes before its own routes. */
function* fib6Nodes(node: View): Generator<View> {
  for (const side of ['left', 'right']) {
    const child = node.deref(side);
    if (child) yield* fib6Nodes(child);
  }
  yield node;
}

const address = (kernel: Kernel, at: Addr): string =>
  Array.from(kernel.mem.bytes(at, 16), (byte) => low(byte, 2)).join('');

/** @kernel ipv6_route_native_seq_show, net/ipv6/ip6_fib.c @fidelity partial: routes through next hop objects are not modelled */
export function ipv6RouteText(kernel: Kernel, net: Addr): string {
  let out = '';
  for (const table of fib6Tables(kernel, kernel.view('net', net)))
    for (const node of fib6Nodes(table.sub('tb6_root')))
      for (const rt of routesOf(node)) {
        const nh = nextHop(kernel, rt).sub('nh_common');
        const gateway = nh.num('nhc_gw_family') !== 0;
        const flags = rt.num('fib6_flags') | (gateway ? RTF.GATEWAY : 0);
        const dev = nh.deref('nhc_dev');
        const prefix = (field: string): string =>
          `${address(kernel, rt.at(`${field}.addr`))} ${low(rt.num(`${field}.plen`), 2)}`;
        out +=
          `${prefix('fib6_dst')} ${prefix('fib6_src')} ${gateway ? address(kernel, nh.at('nhc_gw')) : '0'.repeat(32)} ` +
          `${low(rt.num('fib6_metric') >>> 0, 8)} ${low(rt.num('fib6_ref.refs.counter'), 8)} ${low(0, 8)} ` +
          `${low(flags >>> 0, 8)} ${(dev?.str('name') ?? '').padStart(8)}\n`;
      }
  return out;
}
