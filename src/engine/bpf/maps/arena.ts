/**
 * Arenas: sparse memory that programs and user space share at the same addresses, page by page.
 *
 * The map can be made, mapped and looked at. Programs that use one are not verified yet, so none of its pages is
 * ever allocated.
 *
 * Source: kernel/bpf/arena.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_MMAPABLE } from '../../abi/uapi.ts';
import { PAGE_SIZE } from '../../kernel/address.ts';
import { BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const BPF_F_SEGV_ON_FAULT = 1 << 17;
const BPF_F_NO_USER_CONV = 1 << 18;
const KNOWN_FLAGS = BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT | BPF_F_NO_USER_CONV;
const MAX_PAGES = 2 ** 32 / PAGE_SIZE;

/**
 * @returns 0; -EINVAL for sizes, flags or an address inside a page, -E2BIG above 4 GiB, -ERANGE for a range that
 *   crosses a multiple of 4 GiB
 * @kernel arena_map_alloc, kernel/bpf/arena.c
 * @fidelity full: more_maps.test.ts
 */
export function arenaAllocCheck({ keySize, valueSize, maxEntries, flags, mapExtra = 0n }: MapSpec): NegErrno {
  if (keySize !== 0 || valueSize !== 0 || maxEntries === 0) return fail('EINVAL');
  if ((flags & BPF_F_MMAPABLE) === 0 || (flags & ~KNOWN_FLAGS) !== 0) return fail('EINVAL');
  if (mapExtra % BigInt(PAGE_SIZE) !== 0n) return fail('EINVAL');
  if (maxEntries > MAX_PAGES) return fail('E2BIG');
  const last = mapExtra + BigInt(maxEntries) * BigInt(PAGE_SIZE) - 1n;
  return mapExtra >> 32n === last >> 32n ? 0 : fail('ERANGE');
}

export class ArenaMap extends BpfMap {
  constructor(init: MapInit) {
    super(init, 'bpf_arena');
    const start = this.spec.mapExtra ?? 0n;
    const size = start === 0n ? 0n : BigInt(this.spec.maxEntries) * BigInt(PAGE_SIZE);
    this.container.set('user_vm_start', start);
    this.container.set('user_vm_end', start + size);
  }

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  /** @kernel arena_map_lookup_elem, kernel/bpf/arena.c @fidelity full: more_maps.test.ts */
  override copyOut(_key: Uint8Array): NegErrno {
    return fail('EINVAL');
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override delete(_key: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
}
