/**
 * Physical memory: one node of 4 GiB, parted into zones by what devices can address.
 *
 *     node_data[0] -> pglist_data.node_zones[ DMA | DMA32 | Normal | ... ]        a hole below 4 GiB is the devices'
 *
 * Source: mm/mm_init.c, include/linux/mmzone.h, Linux 6.12.
 */
import type { Kernel } from '../kernel.ts';
import { spinLockInit } from './spin_lock.ts';

/** Pages: where a zone begins, how far it goes, how many of them are memory. */
interface ZoneSpec {
  readonly name: string;
  readonly start: number;
  readonly spanned: number;
  readonly present: number;
}

const MIB = 256;
const GIB = 1024 * MIB;
const ZONES: readonly ZoneSpec[] = [
  { name: 'DMA', start: 1, spanned: 16 * MIB - 1, present: 16 * MIB - 98 },
  { name: 'DMA32', start: 16 * MIB, spanned: 4 * GIB - 16 * MIB, present: 3 * GIB - 16 * MIB },
  { name: 'Normal', start: 4 * GIB, spanned: GIB, present: GIB },
  { name: 'Movable', start: 0, spanned: 0, present: 0 },
  { name: 'Device', start: 0, spanned: 0, present: 0 },
];
/** The highest zone that has memory, and one. */
const POPULATED = 3;

/** @kernel free_area_init_node, mm/mm_init.c @fidelity partial: sizes and locks; no free lists, watermarks or statistics */
export function initMemoryNode(kernel: Kernel): void {
  if (!kernel.types.has('pglist_data')) return;
  const node = kernel.alloc('pglist_data');
  kernel.mem.setU64(kernel.pointer('node_data'), node.addr);
  node.set('node_id', 0);
  node.set('nr_zones', POPULATED);
  node.set('node_start_pfn', 1);
  node.set('node_spanned_pages', 5 * GIB - 1);
  node.set(
    'node_present_pages',
    ZONES.reduce((sum, { present }) => sum + present, 0),
  );
  ZONES.forEach(({ name, start, spanned, present }, i) => {
    const zone = node.sub(`node_zones[${i}]`);
    zone.set('name', kernel.allocText(name));
    zone.set('zone_pgdat', node.addr);
    zone.set('zone_start_pfn', start);
    zone.set('spanned_pages', spanned);
    zone.set('present_pages', present);
    zone.set('managed_pages', present);
    zone.trySet('node', 0);
    spinLockInit(zone, 'lock');
  });
  node.at('node_zones');
}
