/**
 * mmap(2) of an arena, as libbpf does it: user space sees the pages at the addresses that programs keep.
 *
 * Source: kernel/bpf/arena.c arena_get_unmapped_area, arena_map_mmap, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { ArenaMap } from '../bpf/maps/arena.ts';
import type { Sys } from './sys.ts';

/** Below where a process of 64 bits has its libraries; an arena begins at a multiple of 4 GiB. */
const FIRST: Addr = 0x7e00_0000_0000n;
const STEP = 1n << 32n;

/** Where no other arena is. */
function unmappedArea(sys: Sys): Addr {
  const taken = new Set(
    sys.objects.maps.all().flatMap((map) => (map instanceof ArenaMap ? [map.userStart / STEP] : [])),
  );
  let at = FIRST;
  while (taken.has(at / STEP)) at += STEP;
  return at;
}

/**
 * Maps the whole arena and copies bytes to its start.
 *
 * @returns 0, -EBADF, -EINVAL for what is no arena, -EBUSY, -EFAULT where the copy would be a SIGSEGV
 * @kernel arena_map_mmap, kernel/bpf/arena.c
 * @fidelity partial: the process gets no area for it, and other mappings are not looked at
 */
export function mmapArena(sys: Sys, fd: number, initial: Uint8Array): NegErrno {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') return map;
  if (!(map instanceof ArenaMap)) return fail('EINVAL');
  const { mapExtra = 0n } = map.spec;
  const start = mapExtra === 0n ? unmappedArea(sys) : mapExtra;
  return map.mapUser(start, map.size) || map.writeUser(start, initial);
}
