/** Makes the objects of a world that belong to no process: IPv6 routes, slab caches, DMA buffers. */
import { must } from '../../shared/assert.ts';
import { parsePrefix } from './inet_address.ts';
import type { Prefix } from './inet_address.ts';
import type { Kernel } from './kernel.ts';
import { newDmaBuf } from './objects/dma_buf.ts';
import { addRoute, initFib6, RT6_TABLE_LOCAL } from './objects/fib6.ts';
import { ordinarySlabCaches } from './objects/slab_boot.ts';
import { newSlabCache } from './objects/slab_cache.ts';
import type { View } from './view.ts';
import type { World, WorldRoute } from './world_schema.ts';

/** Metrics that routes get whose maker names none. */
const METRIC = { local: 0, gateway: 1024, kernel: 256 } as const;

const prefixOf = (text: string): Prefix => must(parsePrefix(text), `prefix ${text}`);

function metricOf({ metric, table, via }: WorldRoute): number {
  if (metric !== undefined) return metric;
  if (table === RT6_TABLE_LOCAL) return METRIC.local;
  return via === undefined ? METRIC.kernel : METRIC.gateway;
}

/** @param netByInum the network namespace with this number */
export function buildRoutes(
  kernel: Kernel,
  world: World,
  initial: View,
  netByInum: (inum: number) => View | null,
): void {
  initFib6(kernel, initial);
  for (const { kind, inum } of world.namespaces)
    if (kind === 'net') initFib6(kernel, must(netByInum(inum), `network namespace ${inum}`));
  const routes = world.routes.map((route) => {
    const { dst, via, dev, table, flags, protocol, refs, net, nexthop } = route;
    const { ip, length } = prefixOf(dst);
    const rt = addRoute(
      kernel,
      net === undefined ? initial : must(netByInum(net), `network namespace ${net}`),
      {
        table,
        prefix: ip,
        length,
        gateway: via === undefined ? null : prefixOf(`${via}/128`).ip,
        device: dev,
        metric: metricOf(route),
        flags,
        protocol,
        nexthop: nexthop ?? null,
      },
    );
    return { rt, refs };
  });
  // Nodes of the tree borrow routes while it grows; what a world says is what it came to.
  for (const { rt, refs } of routes) if (refs !== undefined) rt.set('fib6_ref', refs);
}

/** The world's, which stand newest first, or those of an ordinary boot. */
export function buildSlabCaches(kernel: Kernel, world: World): void {
  const caches = world.slabCaches?.toReversed() ?? ordinarySlabCaches(kernel);
  for (const cache of caches) newSlabCache(kernel, cache);
}

/** Newest first, as the list that is walked. Each has one reference: its driver's. */
export function buildDmaBufs(kernel: Kernel, world: World, cred: View): void {
  for (const buf of world.dmaBufs.toReversed()) newDmaBuf(kernel, { ...buf, cred: cred.addr });
}
