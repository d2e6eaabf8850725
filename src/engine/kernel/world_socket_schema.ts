/**
 * Sockets of a world. A socket that a file stands for has the number of the file's inode: `socket:[407]` is
 * `"ino": 407`. Those of the kernel, those that wait to be accepted and those in TIME_WAIT have no file.
 */
import * as v from 'valibot';
import { parseEndpoint } from './inet_address.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const u32 = v.pipe(count, v.maxValue(0xffff_ffff));
const endpoint = v.pipe(
  v.string(),
  v.check(
    (text) => parseEndpoint(text) !== null,
    'expected an address with a port: "127.0.0.1:80" or "[::1]:80"',
  ),
);
const anywhere = {
  ino: v.optional(count),
  uid: v.optional(u32, 0),
  /** Number of its network namespace; left out: the initial one. */
  net: v.optional(count),
  /** Place in its hash table, when it is known; else it follows from the hash. */
  bucket: v.optional(v.pipe(count, v.maxValue(65_535))),
};
const inet = {
  local: endpoint,
  remote: v.optional(endpoint),
  v6only: v.optional(v.boolean(), false),
  rxQueue: v.optional(v.pipe(count, v.maxValue(0x7fff_ffff)), 0),
  txQueue: v.optional(v.pipe(count, v.maxValue(0x7fff_ffff)), 0),
};

export const TCP_STATES = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const;

const tcp = v.strictObject({
  protocol: v.literal('tcp'),
  ...anywhere,
  ...inet,
  state: v.picklist(TCP_STATES),
  /** Of a listening socket: connections that may wait. */
  maxBacklog: v.optional(u32, 0),
  mss: v.optional(u32),
  cwnd: v.optional(u32),
  ssthresh: v.optional(u32),
  /** Jiffies of 4 ms. */
  rto: v.optional(u32),
  /** The timer that is armed, and in how many jiffies it fires; in TIME_WAIT and NEW_SYN_RECV one always is. */
  timer: v.optional(
    v.strictObject({ kind: v.picklist(['retransmit', 'probe', 'keepalive', 'timewait']), in: u32 }),
  ),
  retransmits: v.optional(v.pipe(count, v.maxValue(127))),
  probes: v.optional(v.pipe(count, v.maxValue(255))),
  /** Delayed acknowledgements: jiffies, how many are still sent at once, and whether data goes back and forth. */
  ato: v.optional(v.pipe(count, v.maxValue(255))),
  quick: v.optional(v.pipe(count, v.maxValue(255))),
  pingpong: v.optional(v.pipe(count, v.maxValue(255))),
});
const udp = v.strictObject({
  protocol: v.literal('udp'),
  ...anywhere,
  ...inet,
  /** Packets that found no room. */
  drops: v.optional(v.pipe(count, v.maxValue(0x7fff_ffff)), 0),
});
const unix = v.strictObject({
  protocol: v.literal('unix'),
  ...anywhere,
  type: v.optional(v.picklist(['stream', 'dgram', 'seqpacket']), 'stream'),
  state: v.optional(v.picklist(['unconnected', 'listening', 'connected']), 'unconnected'),
  /** A path, or `@` and an abstract name. A relative path names no file here. */
  name: v.optional(
    v.pipe(v.string(), v.regex(/^.{1,107}$/s, 'expected a path, or "@" and a name, of at most 107 bytes')),
  ),
  /** The name is that of the socket it was accepted by. */
  accepted: v.optional(v.boolean(), false),
  /** Index in `sockets` of the other end. */
  peer: v.optional(count),
  maxBacklog: v.optional(u32),
});
const netlink = v.strictObject({
  protocol: v.literal('netlink'),
  ...anywhere,
  /** NETLINK_ROUTE is 0, NETLINK_KOBJECT_UEVENT 15, NETLINK_GENERIC 16. */
  family: v.pipe(count, v.maxValue(31)),
  portid: v.optional(u32, 0),
  /** Bit i: member of multicast group i + 1. */
  groups: v.optional(u32, 0),
  kernel: v.optional(v.boolean(), false),
  bound: v.optional(v.boolean(), true),
});

export const socketSchema = v.variant('protocol', [tcp, udp, unix, netlink]);
export type WorldSocket = v.InferOutput<typeof socketSchema>;
export type WorldSocketInput = v.InferInput<typeof socketSchema>;
export type WorldSocketOf<P extends WorldSocket['protocol']> = Extract<WorldSocket, { protocol: P }>;
