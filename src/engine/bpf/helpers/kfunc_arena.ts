/** Pages of arenas, as programs that may sleep take them and give them back. Source: kernel/bpf/arena.c, Linux 6.12. */
import type { Addr } from '../../../shared/brand.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { ArenaMap } from '../maps/arena.ts';

export const arenaKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_arena_alloc_pages', allocPages],
  ['bpf_arena_free_pages', freePages],
];

function arenaOf(call: Call): ArenaMap | null {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  return map instanceof ArenaMap ? map : null;
}

/** @kernel bpf_arena_alloc_pages, kernel/bpf/arena.c @fidelity full: arena_pages.test.ts */
function allocPages(call: Call): Addr {
  if (call.arg(5) !== 0n) return 0n;
  return arenaOf(call)?.allocPages(call.arg(2), call.u32(3)) ?? 0n;
}

/** @kernel bpf_arena_free_pages, kernel/bpf/arena.c @fidelity full: arena_pages.test.ts */
function freePages(call: Call): number {
  const [addr, count] = [call.arg(2), call.u32(3)];
  if (addr !== 0n && count !== 0) arenaOf(call)?.freePages(addr, count);
  return 0;
}
