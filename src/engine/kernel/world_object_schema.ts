/**
 * Parts of a world that no process has open: IPv6 routes, slab caches, DMA buffers, and BPF maps that are pinned.
 */
import * as v from 'valibot';
import { parsePrefix } from './inet_address.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const u8 = v.pipe(count, v.maxValue(255));
const u32 = v.pipe(count, v.maxValue(0xffff_ffff));
const name = v.pipe(v.string(), v.minLength(1));
const address = v.pipe(
  v.string(),
  v.check((text) => parsePrefix(`${text}/128`) !== null, 'expected an IPv6 address such as "fe80::1"'),
);

export const routeSchema = v.strictObject({
  dst: v.pipe(
    v.string(),
    v.check(
      (text) => parsePrefix(text) !== null,
      'expected an IPv6 prefix such as "2001:db8::/32" or "::/0"',
    ),
  ),
  via: v.optional(address),
  dev: v.pipe(v.string(), v.regex(/^[^/\s]{1,15}$/, 'expected the name of a network device')),
  /** Left out: 1024 with a gateway, 0 in the table `local`, else 256. */
  metric: v.optional(u32),
  /** 254 is main, 255 local. */
  table: v.optional(v.pipe(u32, v.minValue(1)), 254),
  /** RTF_*; left out: up. The gateway's bit is not among them. */
  flags: v.optional(u32, 1),
  /** RTPROT_*: 2 the kernel, 3 boot, 4 an administrator, 9 router advertisements. */
  protocol: v.optional(u8, 2),
  /** The number of a next hop object, which routes with the same gateway and device may share; left out: none. */
  nexthop: v.optional(v.pipe(u32, v.minValue(1))),
  /** References in all; left out: those of the table. */
  refs: v.optional(v.pipe(count, v.minValue(1), v.maxValue(0xffff))),
  /** Number of its network namespace; left out: the initial one. */
  net: v.optional(count),
});

export const slabCacheSchema = v.strictObject({
  name,
  /** Bytes of one object. */
  objectSize: v.pipe(count, v.minValue(1), v.maxValue(0x40_0000)),
  /** Bytes that one takes; left out: rounded up to `align`. */
  size: v.optional(v.pipe(count, v.minValue(1), v.maxValue(0x40_0000))),
  align: v.optional(v.pipe(count, v.minValue(1), v.maxValue(4096))),
  /** SLAB_* */
  flags: v.optional(u32),
  objectsPerSlab: v.optional(v.pipe(count, v.minValue(1), v.maxValue(0xffff))),
  pagesPerSlab: v.optional(v.picklist([1, 2, 4, 8, 16, 32])),
  /** -1: one of the allocator's own. */
  refcount: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(1_000_000))),
});

export const dmaBufSchema = v.strictObject({
  /** The driver or heap that made it. */
  exporter: name,
  size: v.pipe(count, v.minValue(1)),
  name: v.optional(v.pipe(v.string(), v.maxLength(31))),
  /** A file `/dmabuf:` with this inode stands for it. */
  ino: count,
});

/** Bytes: a whole number in the machine's order, or hex text. */
const bytes = v.union([
  count,
  v.pipe(v.string(), v.regex(/^(?:[0-9a-fA-F]{2})+$/, 'expected hex text of whole bytes')),
]);

export const MAP_TYPES = ['hash', 'array', 'sockmap', 'sockhash', 'sk_storage'] as const;
export const mapSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_]{1,15}$/, 'expected at most 15 letters, digits or "_"')),
  type: v.picklist(MAP_TYPES),
  keySize: v.optional(v.pipe(count, v.minValue(1), v.maxValue(512)), 4),
  valueSize: v.optional(v.pipe(count, v.minValue(1), v.maxValue(32_768)), 4),
  /** Of sk_storage always 0. */
  maxEntries: v.optional(v.pipe(u32, v.maxValue(1_000_000)), 0),
  entries: v.optional(
    v.array(
      v.strictObject({
        key: v.optional(bytes, 0),
        value: v.optional(bytes, 0),
        /** Inode number of the socket that is the value, or to which the value belongs. */
        socket: v.optional(count),
      }),
    ),
    [],
  ),
});

export type WorldRoute = v.InferOutput<typeof routeSchema>;
export type WorldRouteInput = v.InferInput<typeof routeSchema>;
export type WorldSlabCache = v.InferOutput<typeof slabCacheSchema>;
export type WorldSlabCacheInput = v.InferInput<typeof slabCacheSchema>;
export type WorldDmaBuf = v.InferOutput<typeof dmaBufSchema>;
export type WorldMap = v.InferOutput<typeof mapSchema>;
