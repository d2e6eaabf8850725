/**
 * tcp, udp, unix, netlink: hash tables bucket by bucket. Only buckets with sockets are drawn; what stands in
 * one frame is what the walk takes references on at once. tcp has two tables, the listening one first.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import { SEQ_START_TOKEN, isSeqNet, netAddr } from '../iter/targets/socket_common.ts';
import type { Session } from '../iter/session.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { tcpEstablished, tcpListening, udpByAddress } from '../kernel/objects/inet_hash.ts';
import type { SocketTable } from '../kernel/objects/inet_hash.ts';
import { NETLINK_PROTOCOLS, netlinkSocks } from '../kernel/objects/netlink_sock.ts';
import { unixTable } from '../kernel/objects/unix_sock.ts';
import { SceneBuilder } from './builder.ts';
import { netlinkText, tcpText, udpText, unixText } from './socket_text.ts';
import type { SocketText } from './socket_text.ts';

const TOP = 34;
const HEAD = { w: 130, h: 28 };
const CELL = { w: 262, h: 38, gap: 14 };
const PAD = 6;
const PER_ROW = 2;
const LEFT = 12 + HEAD.w + 22;
const WIDTH = LEFT - 12 + 2 * PAD + PER_ROW * (CELL.w + CELL.gap) - CELL.gap;
/** Sockets of a table that are drawn; the rest is counted. */
const DRAWN = 500;

interface Table {
  readonly title: string;
  /** What one of its rows is called. */
  readonly row: string;
  readonly rows: number;
  sockets(row: number): readonly Addr[];
}
interface Picture {
  /** What a row means to the walk. */
  readonly rule: string;
  tables(session: Session): readonly Table[];
  text(kernel: Kernel, sk: Addr): SocketText;
}

const tableOf = (title: string, table: SocketTable): Table => ({
  title,
  row: 'bucket',
  rows: table.buckets,
  sockets: (bucket) => [...table.sockets(bucket)],
});

const BATCH = 'one row is one batch: a reference on each of its sockets at once';
const PICTURES: Readonly<Record<'tcp' | 'udp' | 'unix' | 'netlink', Picture>> = {
  tcp: {
    rule: BATCH,
    tables: ({ kernel }) => [
      tableOf('1 · listening, lhash2', tcpListening(kernel)),
      tableOf('2 · all others, ehash', tcpEstablished(kernel)),
    ],
    text: tcpText,
  },
  udp: {
    rule: BATCH,
    tables: ({ kernel }) => [tableOf('by local address and port, hash2', udpByAddress(kernel))],
    text: udpText,
  },
  unix: {
    rule: BATCH,
    tables: (session) => {
      const net = netAddr(session);
      if (net === 0n) return [];
      return [
        tableOf('sockets of the namespace', unixTable(session.kernel, session.kernel.view('net', net))),
      ];
    },
    text: unixText,
  },
  netlink: {
    rule: 'one row is one protocol; the walk takes no references and is under RCU until it stops',
    tables: ({ kernel }) => [
      {
        title: 'by protocol',
        row: 'protocol',
        rows: NETLINK_PROTOCOLS,
        sockets: (protocol) => [...netlinkSocks(kernel, protocol)],
      },
    ],
    text: netlinkText,
  },
};

/** The picture of a socket target. */
export const socketScene =
  (target: keyof typeof PICTURES) =>
  (session: Session): Scene => {
    const picture = PICTURES[target];
    const scene = new SceneBuilder();
    const start = scene.node(
      {
        kind: 'item',
        addr: SEQ_START_TOKEN,
        label: 'header',
        detail: 'takes seq_num 0; the program is not called',
      },
      { x: 12, y: TOP, w: WIDTH, h: CELL.h },
    );
    let y = TOP + CELL.h + 14;
    let before = start;
    for (const table of picture.tables(session))
      ({ y, before } = drawTable(scene, session, table, picture, y, before));
    scene.node(
      { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
      { x: 12, y, w: WIDTH, h: 28 },
    );
    return scene.finish(target, [{ label: picture.rule, x: 12, w: WIDTH }]);
  };

function drawTable(
  scene: SceneBuilder,
  session: Session,
  table: Table,
  picture: Picture,
  top: number,
  start: number,
): { y: number; before: number } {
  let before = start;
  let y = top;
  let drawn = 0;
  let total = 0;
  let empty = 0;
  scene.node(
    { kind: 'group', label: table.title, detail: `${table.rows} ${table.row}s` },
    { x: 12, y, w: WIDTH, h: HEAD.h },
  );
  y += HEAD.h + 10;
  for (let row = 0; row < table.rows; row++) {
    const socks = table.sockets(row);
    total += socks.length;
    if (socks.length === 0) empty++;
    if (socks.length === 0 || drawn >= DRAWN) continue;
    const lines = Math.ceil(socks.length / PER_ROW);
    const h = lines * (CELL.h + PAD) + PAD;
    scene.node(
      { kind: 'group', label: `${table.row} ${row}`, detail: String(socks.length), key: row },
      { x: 12, y: y + PAD, w: HEAD.w, h: CELL.h },
    );
    const frame = scene.node(
      { kind: 'group', label: '', key: row },
      { x: LEFT - PAD, y, w: WIDTH + 12 - LEFT + PAD, h },
    );
    socks.forEach((sk, i) => {
      const at = {
        x: LEFT + (i % PER_ROW) * (CELL.w + CELL.gap),
        y: y + PAD + Math.floor(i / PER_ROW) * (CELL.h + PAD),
      };
      const { key, owner } = session.reg.identify(session, sk);
      const reason = isSeqNet(session, sk) ? '' : "outside the reader's network namespace";
      const node = scene.node(
        { kind: 'item', addr: sk, key, owner, parent: frame, reason, ...picture.text(session.kernel, sk) },
        { ...at, w: CELL.w, h: CELL.h },
      );
      if (i % PER_ROW !== 0) scene.edge(before, node, 'next');
      before = node;
    });
    drawn += socks.length;
    y += h + 10;
  }
  const rest = total > drawn ? `${drawn} of ${total} sockets drawn · ` : '';
  const row = table.rows === empty ? 'all' : 'other';
  scene.node(
    { kind: 'gap', label: `${rest}${row} ${table.row}s`, detail: `${empty} are empty` },
    { x: 12, y, w: WIDTH, h: 20 },
  );
  return { y: y + 34, before };
}
