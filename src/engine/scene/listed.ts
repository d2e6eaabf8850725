/**
 * ipv6_route, sockmap, bpf_sk_storage_map, kmem_cache, dmabuf: what stands in their groups. Everything is read
 * from the kernel's bytes, by the lists and trees that the walk will follow.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import { LocalStorageMap } from '../bpf/maps/local_storage.ts';
import { SockHash, SockMap } from '../bpf/maps/sock_map.ts';
import { netAddr } from '../iter/targets/socket_common.ts';
import { mapOf } from '../iter/targets/map_common.ts';
import type { Session } from '../iter/session.ts';
import { addressText } from '../kernel/inet_address.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { dmaBufs } from '../kernel/objects/dma_buf.ts';
import { fib6Tables, nextHop, routesOf, RT6_TABLE_LOCAL, RT6_TABLE_MAIN } from '../kernel/objects/fib6.ts';
import { allSlabCaches } from '../kernel/objects/slab_cache.ts';
import { AF, IPPROTO, sockAt } from '../kernel/objects/sock.ts';
import type { View } from '../kernel/view.ts';
import { drawGroups } from './groups.ts';
import type { Group, Item } from './groups.ts';
import { sizeText } from './size_text.ts';
import { tcpText, udpText, unixText } from './socket_text.ts';
import type { SocketText } from './socket_text.ts';

const LAST_CALL = 'the program is called with NULL';
const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

// -- routes --------------------------------------------------------------------------------------------------

const TABLE_NAMES = new Map([
  [RT6_TABLE_MAIN, 'main'],
  [RT6_TABLE_LOCAL, 'local'],
]);

/** A table's nodes with routes: both subtrees before the node itself. */
function* treeRoutes(node: View | null): Generator<View> {
  if (!node) return;
  yield* treeRoutes(node.deref('left'));
  yield* treeRoutes(node.deref('right'));
  yield* routesOf(node);
}

/** The last route of every table is one and the same object: a place in each. */
function routeItem(kernel: Kernel, table: View, rt: View): Item {
  const address = (at: Addr): string => addressText(kernel.mem.bytes(at, 16));
  const hop = nextHop(kernel, rt);
  const via = hop.num('nh_common.nhc_gw_family') === 0 ? '' : `via ${address(hop.at('nh_common.nhc_gw'))} `;
  const dev = hop.deref('nh_common.nhc_dev')?.str('name') ?? '';
  return {
    kind: rt.ptr('fib6_table') === 0n ? 'slot' : 'item',
    addr: rt.addr,
    owner: table.addr,
    key: rt.num('fib6_dst.plen'),
    label: `${address(rt.at('fib6_dst.addr'))}/${rt.num('fib6_dst.plen')}`,
    detail: `${via}dev ${dev} metric ${rt.num('fib6_metric')}`,
    struct: 'fib6_info',
  };
}

function routeGroups(session: Session): Group[] {
  const { kernel } = session;
  if (netAddr(session) === 0n) return [];
  return [...fib6Tables(kernel, kernel.view('net', netAddr(session)))].map((table) => {
    const id = table.num('tb6_id');
    const items = [...treeRoutes(table.sub('tb6_root'))].map((rt) => routeItem(kernel, table, rt));
    return {
      label: `table ${TABLE_NAMES.get(id) ?? id}`,
      detail: plural(items.length, 'route'),
      addr: table.addr,
      struct: 'fib6_table',
      items,
    };
  });
}

// -- maps of sockets -------------------------------------------------------------------------------------------

function socketText(kernel: Kernel, addr: Addr): SocketText {
  const sk = sockAt(kernel, addr);
  if (sk.num('__sk_common.skc_family') === AF.UNIX) return unixText(kernel, addr);
  return sk.num('sk_protocol') === IPPROTO.UDP ? udpText(kernel, addr) : tcpText(kernel, addr);
}

const keyText = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? String(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true))
    : Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Places of an array: the walk has one object, its own record; what it stands for is the index. */
function arrayItems({ kernel, priv }: Session, map: SockMap): Item[] {
  return Array.from({ length: map.spec.maxEntries }, (_, index) => {
    const sk = map.at(index);
    const text = sk === 0n ? { label: 'empty', detail: 'shown with sk = NULL' } : socketText(kernel, sk);
    return {
      kind: 'slot',
      addr: priv.addr,
      owner: map.addr,
      key: index,
      label: `${index}: ${text.label}`,
      detail: text.detail,
      struct: 'sock_map_seq_info',
    };
  });
}

/** @param count elements drawn before */
const hashItem = (kernel: Kernel, map: SockHash, elem: View, count: number): Item => {
  const { label, detail } = socketText(kernel, elem.ptr('sk'));
  return {
    addr: elem.addr,
    owner: map.addr,
    key: count,
    label: `${keyText(kernel.mem.bytes(elem.at('key'), map.spec.keySize))}: ${label}`,
    detail,
    struct: 'bpf_shtab_elem',
  };
};

/** Buckets that are not empty, with their elements numbered in the order of the walk. */
function buckets(
  count: number,
  elements: (bucket: number) => Iterable<View>,
  item: (elem: View, number: number) => Item,
): Group[] {
  let number = 0;
  return Array.from({ length: count }, (_, bucket) => {
    const items = [...elements(bucket)].map((elem) => item(elem, number++));
    return { label: `bucket ${bucket}`, detail: plural(items.length, 'element'), items };
  }).filter(({ items }) => items.length > 0);
}

function sockmapGroups(session: Session): Group[] {
  const { kernel } = session;
  const map = mapOf(kernel, session.priv);
  if (map instanceof SockMap)
    return [
      {
        label: map.spec.name,
        detail: plural(map.spec.maxEntries, 'place'),
        addr: map.addr,
        struct: 'bpf_map',
        items: arrayItems(session, map),
      },
    ];
  if (!(map instanceof SockHash)) return [];
  return buckets(
    map.buckets,
    (bucket) => map.elements(bucket),
    (elem, number) => hashItem(kernel, map, elem, number),
  );
}

function storageGroups({ kernel, priv }: Session): Group[] {
  const map = mapOf(kernel, priv);
  if (!(map instanceof LocalStorageMap)) return [];
  const item = (elem: View, number: number): Item => {
    const value = kernel.mem.bytes(map.dataOf(elem), Math.min(map.spec.valueSize, 8));
    const hex = Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    return {
      addr: elem.addr,
      owner: map.addr,
      key: number,
      label: socketText(kernel, map.ownerOf(elem)).label,
      detail: `value ${hex}`,
      struct: 'bpf_local_storage_elem',
    };
  };
  return buckets(map.bucketCount, (bucket) => map.bucketElements(bucket), item);
}

// -- lists -----------------------------------------------------------------------------------------------------

function cacheGroups(session: Session): Group[] {
  const { kernel, reg } = session;
  const items = [...allSlabCaches(kernel)].map((cache) => ({
    addr: cache.addr,
    ...reg.identify(session, cache.addr),
    label: kernel.mem.text(cache.ptr('name'), 64),
    detail: `${cache.num('object_size')} of ${cache.num('size')} B · refcount ${cache.num('refcount')}`,
    struct: 'kmem_cache',
  }));
  return [{ label: 'slab_caches', detail: plural(items.length, 'cache'), items }];
}

function bufferGroups(session: Session): Group[] {
  const { kernel, reg } = session;
  const items = [...dmaBufs(kernel)].map((buf) => {
    const name = buf.ptr('name');
    const exporter = kernel.mem.text(buf.ptr('exp_name'), 32);
    return {
      addr: buf.addr,
      ...reg.identify(session, buf.addr),
      label: name === 0n ? exporter : `${kernel.mem.text(name, 32)} · ${exporter}`,
      detail: `${sizeText(buf.big('size'))} · f_count ${buf.deref('file')?.num('f_count') ?? 0}`,
      struct: 'dma_buf',
    };
  });
  return [{ label: 'dmabuf_list', detail: plural(items.length, 'buffer'), items }];
}

// -- pictures ----------------------------------------------------------------------------------------------------

interface Picture {
  readonly rule: string;
  groups(session: Session): Group[];
  readonly end?: string;
}

const PICTURES: Readonly<
  Record<'ipv6_route' | 'sockmap' | 'bpf_sk_storage_map' | 'kmem_cache' | 'dmabuf', Picture>
> = {
  ipv6_route: {
    rule: 'longer prefixes before those that hold them; under RCU until the walk stops',
    groups: routeGroups,
  },
  sockmap: { rule: 'under RCU until the walk stops', groups: sockmapGroups },
  bpf_sk_storage_map: {
    rule: 'under RCU in each bucket; kept between reads: the bucket and how many to skip',
    groups: storageGroups,
  },
  kmem_cache: {
    rule: 'newest first; one reference at a time, slab_mutex only while it steps',
    groups: cacheGroups,
  },
  dmabuf: {
    rule: 'newest first; the buffer that waits keeps its reference between reads',
    groups: bufferGroups,
    end: 'the program is not called again',
  },
};

/** The picture of a target whose objects stand in lists, trees of prefixes or maps. */
export const listedScene =
  (target: keyof typeof PICTURES) =>
  (session: Session): Scene => {
    const picture = PICTURES[target];
    return drawGroups(target, picture.rule, picture.groups(session), picture.end ?? LAST_CALL);
  };
