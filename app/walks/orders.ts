/**
 * For tests of targets: in which order each ought to show its objects, said without looking at how it walks.
 *
 * What is printed of an object is what a program of walks/session.ts prints: mostly its address.
 */
import { mapsByAddr } from '../../src/engine/bpf/map.ts';
import { LocalStorageMap } from '../../src/engine/bpf/maps/local_storage.ts';
import type { Machine } from '../../src/engine/machine/boot.ts';
import type { Kernel } from '../../src/engine/kernel/kernel.ts';
import { containerOf, hlistNodes, listNodes } from '../../src/engine/kernel/list.ts';
import { cgroupByPath, cgroupChildren, cgroupParent } from '../../src/engine/kernel/objects/cgroup.ts';
import { openFds } from '../../src/engine/kernel/objects/files.ts';
import { tcpEstablished, tcpListening, udpByAddress } from '../../src/engine/kernel/objects/inet_hash.ts';
import type { SocketTable } from '../../src/engine/kernel/objects/inet_hash.ts';
import { vmas } from '../../src/engine/kernel/objects/mm.ts';
import { NETLINK_PROTOCOLS, netlinkSocks } from '../../src/engine/kernel/objects/netlink_sock.ts';
import { netOf, sockCommon } from '../../src/engine/kernel/objects/sock.ts';
import { processes, threads } from '../../src/engine/kernel/objects/task.ts';
import { unixTable } from '../../src/engine/kernel/objects/unix_sock.ts';
import type { View } from '../../src/engine/kernel/view.ts';
import { must } from '../../src/shared/assert.ts';
import type { WalkCase, WalkSession } from './session.ts';

type Order = (session: WalkSession, walk: WalkCase) => readonly bigint[];

const byNumber = (a: View, b: View): number => a.num('pid') - b.num('pid');
/** Every task that has a number, by number. */
const tasks = ({ kernel }: Machine): View[] =>
  [...processes(kernel)].flatMap((leader) => [...threads(kernel, leader)]).sort(byNumber);
/** Those that do not share the table of files of their leader. */
const withOwnFiles = (machine: Machine): View[] =>
  tasks(machine).filter((task) => {
    const leader = must(task.deref('group_leader'), 'group_leader');
    return leader.addr === task.addr || leader.ptr('files') !== task.ptr('files');
  });
/** Those that a walk with this parameter is about. */
const chosen = (all: readonly View[], { attach = {} }: WalkCase): View[] =>
  all.filter(
    (task) =>
      (attach.tid === undefined || task.num('pid') === attach.tid) &&
      (attach.pid === undefined || task.num('tgid') === attach.pid),
  );

const readerNet = ({ kernel }: Machine): bigint =>
  must(kernel.view('task_struct', kernel.current).deref('nsproxy'), 'nsproxy').ptr('net_ns');
const inTable =
  (...tables: ((machine: Machine) => SocketTable)[]): Order =>
  ({ machine }) =>
    tables
      .flatMap((make) => {
        const table = make(machine);
        return Array.from({ length: table.buckets }, (_, bucket) => [...table.sockets(bucket)]).flat();
      })
      .filter((sk) => netOf(sockCommon(machine.kernel, sk)) === readerNet(machine));

/** Children in the order they were made, and below each its own. */
function subtree(kernel: Kernel, cgroup: View, parentFirst: boolean): View[] {
  const below = [...cgroupChildren(kernel, cgroup)].flatMap((child) => subtree(kernel, child, parentFirst));
  return parentFirst ? [cgroup, ...below] : [...below, cgroup];
}

const bitsOf = (rt: View): string => {
  const bits = Array.from(rt.mem.bytes(rt.at('fib6_dst.addr'), 16), (byte) =>
    byte.toString(2).padStart(8, '0'),
  );
  return bits.join('').slice(0, rt.num('fib6_dst.plen'));
};
/** A prefix comes behind those it contains, and else by its bits; within one prefix, the lower metric first. */
function byPrefix(a: View, b: View): number {
  const [x, y] = [bitsOf(a), bitsOf(b)];
  if (x !== y && x.startsWith(y)) return -1;
  if (x !== y && y.startsWith(x)) return 1;
  return x < y ? -1 : x > y ? 1 : a.num('fib6_metric') - b.num('fib6_metric');
}
/** Every route below a node, in no order that matters. */
function* routes(node: View | null): Generator<View> {
  if (!node) return;
  yield* routes(node.deref('left'));
  yield* routes(node.deref('right'));
  if ((node.num('fn_flags') & 4) === 0) return;
  for (let rt = node.deref('leaf'); rt; rt = rt.deref('fib6_next')) yield rt;
}

/** Keys as BPF_MAP_GET_NEXT_KEY tells them. */
function keysOf(session: WalkSession, map: string): bigint[] {
  const { syscall } = session.machine;
  const keys: bigint[] = [];
  let key = syscall.mapGetNextKey(session.mapFd(map), null);
  for (; typeof key !== 'number'; key = syscall.mapGetNextKey(session.mapFd(map), key))
    keys.push(BigInt(new DataView(key.buffer, key.byteOffset).getUint32(0, true)));
  return keys;
}

const addresses = (views: Iterable<{ readonly addr: bigint }>): bigint[] =>
  [...views].map(({ addr }) => addr);
const byId = (objects: readonly { readonly id: number; readonly addr: bigint }[]): bigint[] =>
  addresses(objects.toSorted((a, b) => a.id - b.id));
const listed =
  (symbol: string, struct: string, node: string): Order =>
  ({ machine: { kernel } }) =>
    [...listNodes(kernel.mem, kernel.object(symbol, 'list_head').addr)].map(
      (at) => containerOf(kernel, at, struct, node).addr,
    );

export const ORDERS: Readonly<Record<string, Order>> = {
  task: ({ machine }, walk) => addresses(chosen(tasks(machine), walk)),
  task_file: ({ machine }, walk) =>
    chosen(walk.attach?.tid === undefined ? withOwnFiles(machine) : tasks(machine), walk).flatMap((task) => {
      const files = task.deref('files');
      return files ? [...openFds(machine.kernel, files)].map(({ file }) => file.addr) : [];
    }),
  task_vma: ({ machine }, walk) =>
    chosen(walk.attach?.tid === undefined ? withOwnFiles(machine) : tasks(machine), walk).flatMap((task) => {
      const mm = task.deref('mm');
      return mm
        ? addresses(vmas(machine.kernel, mm)).sort((a, b) => vmStart(machine, a) - vmStart(machine, b))
        : [];
    }),
  bpf_map: ({ machine }) => byId(machine.sys.objects.maps.all()),
  bpf_prog: ({ machine }) => byId(machine.sys.objects.progs.all()),
  bpf_link: ({ machine }) => byId(machine.sys.objects.links.all()),
  bpf_map_elem: (session, { attach }) => keysOf(session, attach?.map ?? ''),
  sockmap: (session, { attach }) => keysOf(session, attach?.map ?? ''),
  bpf_sk_storage_map(session) {
    const { kernel, sys } = session.machine;
    const map = sys.fds.get('map', session.mapFd('sk_bytes'));
    if (typeof map === 'number' || !(mapsByAddr.at(kernel, map.addr) instanceof LocalStorageMap)) return [];
    const buckets = map.container.ptr('buckets');
    const { size } = kernel.types.struct('bpf_local_storage_map_bucket');
    return Array.from({ length: 1 << map.container.num('bucket_log') }, (_, i) => [
      ...hlistNodes(kernel.mem, buckets + BigInt(i * size)),
    ])
      .flat()
      .map((node) => containerOf(kernel, node, 'bpf_local_storage_elem', 'map_node'))
      .map((elem) => must(elem.deref('local_storage'), 'local_storage').ptr('owner'));
  },
  cgroup({ machine: { kernel } }, { attach }) {
    const start = must(cgroupByPath(kernel, attach?.cgroup ?? '/'), 'cgroup');
    if (attach?.order === 'self') return [start.addr];
    if (attach?.order !== 'up') return addresses(subtree(kernel, start, attach?.order === 'pre'));
    const up: bigint[] = [];
    for (let at: View | null = start; at; at = cgroupParent(kernel, at)) up.push(at.addr);
    return up;
  },
  ksym: ({ machine: { kernel, sys } }) =>
    [...kernel.symbols.all, ...sys.objects.progSymbols].map(({ addr }) => addr),
  tcp: inTable(
    ({ kernel }) => tcpListening(kernel),
    ({ kernel }) => tcpEstablished(kernel),
  ),
  udp: inTable(({ kernel }) => udpByAddress(kernel)),
  unix: inTable((machine) => unixTable(machine.kernel, machine.kernel.view('net', readerNet(machine)))),
  netlink: ({ machine }) =>
    Array.from({ length: NETLINK_PROTOCOLS }, (_, protocol) => [...netlinkSocks(machine.kernel, protocol)])
      .flat()
      .filter((sk) => netOf(sockCommon(machine.kernel, sk)) === readerNet(machine)),
  ipv6_route({ machine }) {
    const { kernel } = machine;
    const net = kernel.view('net', readerNet(machine));
    const tables = Array.from({ length: 256 }, (_, bucket) => [
      ...hlistNodes(kernel.mem, net.ptr('ipv6.fib_table_hash') + BigInt(bucket * 8)),
    ]).flat();
    return tables.flatMap((node) =>
      addresses(
        [...routes(containerOf(kernel, node, 'fib6_table', 'tb6_hlist').sub('tb6_root'))].sort(byPrefix),
      ),
    );
  },
  kmem_cache: listed('slab_caches', 'kmem_cache', 'list'),
  dmabuf: listed('dmabuf_list', 'dma_buf', 'list_node'),
};

const vmStart = ({ kernel }: Machine, addr: bigint): number =>
  kernel.view('vm_area_struct', addr).num('vm_start');
