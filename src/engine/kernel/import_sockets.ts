/**
 * Sockets of a world from the tables of /proc/net.
 *
 * The order of a table there is the order in the kernel's own: buckets are handed out so that it stays.
 * Two things it does not tell. How TCP sockets of the two families lie between each other: they are spread
 * evenly. And who is whose other end: an accepted UNIX socket is taken to belong to the last unnamed
 * one made before it, and what is then left over to its neighbour, as socketpair(2) makes them.
 *
 * Source: net/ipv4/tcp_ipv4.c, net/ipv4/udp.c, net/unix/af_unix.c, net/netlink/af_netlink.c.
 */
import { endpointText } from './inet_address.ts';
import { TCP_STATES } from './world_socket_schema.ts';
import type { WorldSocketInput } from './world_socket_schema.ts';

type NetTables = Readonly<Record<string, string>>;
type InputOf<P extends WorldSocketInput['protocol']> = Extract<WorldSocketInput, { protocol: P }>;

/** Buckets that places are spread over: what every table has at least. */
const SPREAD = 250;
const UNIX_ABSTRACT = 256;

/** The words of each line below the heading. */
const rows = (net: NetTables, table: string): string[][] =>
  (net[table] ?? '')
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));

const hex = (text: string | undefined): number => parseInt(text ?? '0', 16) || 0;
const inode = (word: string | undefined): { ino?: number } => (Number(word) > 0 ? { ino: Number(word) } : {});

/** `0100007F:1F90`: words in the machine's order, each of four bytes in network order. */
function endpoint(text: string): { text: string; bound: boolean } {
  const [words = '', port = '0'] = text.split(':');
  const bytes = Uint8Array.from({ length: words.length / 2 }, (_, i) =>
    parseInt(words.slice((i ^ 3) * 2, (i ^ 3) * 2 + 2), 16),
  );
  return { text: endpointText({ ip: bytes, port: hex(port) }), bound: hex(port) !== 0 };
}

/** What tables of TCP and UDP have in common. */
function inet(row: readonly string[]) {
  const remote = endpoint(row[2] ?? '');
  const [tx, rx] = (row[4] ?? '').split(':');
  return {
    local: endpoint(row[1] ?? '').text,
    ...(remote.bound ? { remote: remote.text } : {}),
    txQueue: hex(tx),
    rxQueue: hex(rx),
    uid: Number(row[7] ?? 0),
    ...inode(row[9]),
  };
}

/** Ticks of 10 ms; a jiffy is 4 ms. */
const jiffies = (ticks: number): number => Math.floor(ticks * 2.5);

/** By the first part of `tr:tm->when`. */
const TIMERS = [null, 'retransmit', 'keepalive', 'timewait', 'probe'] as const;

function timer(row: readonly string[]): Pick<InputOf<'tcp'>, 'timer'> {
  const [kind, when] = (row[5] ?? '').split(':');
  const armed = TIMERS[hex(kind)] ?? null;
  return armed === null ? {} : { timer: { kind: armed, in: jiffies(hex(when)) } };
}

function tcp(row: readonly string[]): InputOf<'tcp'> {
  const state = TCP_STATES[hex(row[3]) - 1] ?? 'CLOSE';
  const small = state === 'TIME_WAIT' || state === 'NEW_SYN_RECV' || state === 'SYN_RECV';
  const number = (column: number): number => Number(row[column] ?? 0);
  const listening = state === 'LISTEN';
  const about = {
    protocol: 'tcp',
    state: state === 'SYN_RECV' ? 'NEW_SYN_RECV' : state,
    ...inet(row),
  } as const;
  const waits = { ...timer(row), retransmits: Math.min(127, hex(row[6])) };
  if (small) return { ...about, ...waits };
  if (row[12] === undefined) return about;
  const ticks = number(12);
  const acks = number(14);
  const ssthresh = number(16);
  return {
    ...about,
    ...waits,
    probes: Math.min(255, number(8)),
    rto: jiffies(ticks),
    ato: Math.min(255, jiffies(number(13))),
    quick: (acks >> 1) & 0xff,
    pingpong: acks & 1,
    cwnd: number(15),
    ...(listening || ssthresh < 0 ? {} : { ssthresh }),
  };
}

/** Spreads a table's sockets evenly, keeping their order; `nth` family goes before the next where they tie. */
const place = (index: number, count: number, nth: number): number =>
  Math.floor(((index + (nth + 1) / 3) / count) * SPREAD);

function tcpSockets(net: NetTables): WorldSocketInput[] {
  return ['tcp', 'tcp6'].flatMap((table, nth) => {
    const all = rows(net, table).map(tcp);
    return [true, false].flatMap((listening) =>
      all
        .filter((socket) => (socket.state === 'LISTEN') === listening)
        .map((socket, i, part) => ({ ...socket, bucket: place(i, part.length, nth) })),
    );
  });
}

const udpSockets = (net: NetTables): WorldSocketInput[] =>
  ['udp', 'udp6'].flatMap((table) =>
    rows(net, table).map(
      (row) => ({ protocol: 'udp', ...inet(row), drops: Number(row[12] ?? 0) || 0 }) as const,
    ),
  );

const UNIX_TYPES = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' } as const;
const isUnixType = (type: number): type is keyof typeof UNIX_TYPES => type in UNIX_TYPES;
const SO_ACCEPTCON = 0x1_0000;

function unixSockets(net: NetTables, first: number): WorldSocketInput[] {
  const lines = (net['unix'] ?? '')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '');
  const listening = new Set<string>();
  const sockets = lines.map((line, i): InputOf<'unix'> => {
    const [, , , flags, type, state, ino, ...rest] = line.split(/\s+/);
    const name = rest.length > 0 ? line.slice(line.indexOf(` ${ino} `) + ` ${ino} `.length).trimStart() : '';
    const kind = hex(type);
    const listens = (hex(flags) & SO_ACCEPTCON) !== 0;
    if (listens) listening.add(name);
    const connected = hex(state) === 2 || hex(state) === 3;
    return {
      protocol: 'unix',
      type: isUnixType(kind) ? UNIX_TYPES[kind] : 'stream',
      state: listens ? 'listening' : connected ? 'connected' : 'unconnected',
      ...(name === '' ? {} : { name }),
      ...inode(ino),
      // Abstract names have a place of their own.
      ...(name.startsWith('@') ? {} : { bucket: Math.min(place(i, lines.length, 0), UNIX_ABSTRACT - 1) }),
    };
  });
  for (const socket of sockets)
    if (socket.state === 'connected' && socket.name !== undefined && listening.has(socket.name))
      socket.accepted = true;
  pair(sockets, first);
  return sockets;
}

/** @param first index of sockets[0] in the world */
function pair(sockets: InputOf<'unix'>[], first: number): void {
  const byInode = (a: InputOf<'unix'>, b: InputOf<'unix'>): number =>
    (b.ino ?? Infinity) - (a.ino ?? Infinity);
  const open = sockets.filter((socket) => socket.state === 'connected').sort(byInode);
  const tie = (a: InputOf<'unix'>, b: InputOf<'unix'>): void => {
    a.peer = first + sockets.indexOf(b);
    b.peer = first + sockets.indexOf(a);
  };
  const alone = (type: unknown) => (socket: InputOf<'unix'>) =>
    socket.peer === undefined && socket.type === type;
  for (const socket of open.filter((each) => each.accepted)) {
    const client = open.find(
      (each) => !each.accepted && alone(socket.type)(each) && (each.ino ?? 0) < (socket.ino ?? Infinity),
    );
    if (client) tie(socket, client);
  }
  for (const socket of open) {
    const other =
      socket.peer === undefined && open.find((each) => each !== socket && alone(socket.type)(each));
    if (other) tie(socket, other);
  }
}

/** A socket of the kernel itself has the protocol's port 0. */
function netlinkSockets(net: NetTables): WorldSocketInput[] {
  const all = rows(net, 'netlink');
  return all.map((row, i) => {
    const [, family, portid, groups] = row;
    return {
      protocol: 'netlink',
      family: Number(family),
      portid: Number(portid),
      groups: hex(groups),
      kernel: Number(portid) === 0,
      bucket: Math.floor((i / all.length) * 64),
      ...inode(row[9]),
    } as const;
  });
}

/** @param net texts of /proc/net by name; all of them of one network namespace */
export function importSockets(net: NetTables): WorldSocketInput[] {
  const inetSockets = [...tcpSockets(net), ...udpSockets(net)];
  const unix = unixSockets(net, inetSockets.length);
  return [...inetSockets, ...unix, ...netlinkSockets(net)];
}
