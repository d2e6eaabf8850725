/**
 * Objects of a world that belong to no process, from /proc/net/ipv6_route and /proc/slabinfo.
 *
 * The list of routes does not tell tables. Each ends with a route of its own that refuses everything; the last
 * two are `main` and `local`, whose numbers are the highest, and any before them are numbered from 1 on.
 *
 * Source: net/ipv6/ip6_fib.c, mm/slab_common.c.
 */
import { addressText } from './inet_address.ts';
import { RT6_TABLE_LOCAL, RT6_TABLE_MAIN, RTF } from './objects/fib6.ts';
import type { WorldRouteInput, WorldSlabCacheInput } from './world_object_schema.ts';

const NONE = '0'.repeat(32);
const hex = (text: string | undefined): number => parseInt(text ?? '0', 16) || 0;
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));

/** 32 hex digits in network order as an address. */
const address = (digits: string): string =>
  addressText(Uint8Array.from({ length: 16 }, (_, i) => hex(digits.slice(2 * i, 2 * i + 2))));

/** The route behind all others of a table. */
const isLast = (row: readonly string[]): boolean =>
  row[0] === NONE && hex(row[1]) === 0 && hex(row[8]) === (RTF.REJECT | RTF.NONEXTHOP);

/** @param text of /proc/net/ipv6_route */
export function importRoutes(text: string): WorldRouteInput[] {
  const all = rows(text);
  const tables = all.filter(isLast).length;
  const numberOf = (table: number): number =>
    tables - table === 1 && tables > 1 ? RT6_TABLE_LOCAL : tables - table <= 2 ? RT6_TABLE_MAIN : table + 1;
  let table = 0;
  const routes: WorldRouteInput[] = [];
  for (const row of all) {
    const [dst = NONE, length, , , via = NONE, metric, refs, , flags, dev = 'lo'] = row;
    if (isLast(row)) {
      table++;
      continue;
    }
    routes.push({
      dst: `${address(dst)}/${hex(length)}`,
      dev,
      ...(via === NONE ? {} : { via: address(via) }),
      metric: hex(metric),
      refs: Math.max(1, hex(refs)),
      table: numberOf(table),
      flags: (hex(flags) & ~(via === NONE ? 0 : RTF.GATEWAY)) >>> 0,
    });
  }
  return routes;
}

/**
 * @param text of /proc/slabinfo, whose list is that of the kernel
 * @returns undefined when it lists nothing
 */
export function importSlabCaches(text: string): WorldSlabCacheInput[] | undefined {
  const caches = rows(text)
    .filter(([name, active]) => name !== undefined && name !== '#' && /^\d+$/.test(active ?? ''))
    .map(([name = '', , , size, perSlab, pages]) => ({
      name,
      objectSize: Number(size),
      size: Number(size),
      objectsPerSlab: Number(perSlab),
      pagesPerSlab: Number(pages) as 1 | 2 | 4 | 8 | 16 | 32,
      refcount: name === 'kmem_cache' || name === 'kmem_cache_node' ? -1 : 1,
    }));
  return caches.length === 0 ? undefined : caches;
}
