/**
 * Array map: all values in one block behind struct bpf_array, found by multiplication.
 *
 * Every element exists from the start and none can be deleted. Global data is an array of one element,
 * which programs address directly; then the block starts at a page, so that it can be mapped.
 *
 * Source: kernel/bpf/arraymap.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_F_INNER_MAP, MapType } from '../../abi/uapi.ts';
import { BPF_EXIST, BPF_F_LOCK, BPF_F_MMAPABLE, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { freeAsyncFields, freeFields } from '../prog_objects.ts';
import { NODE_AND_ACCESS, PCPU_MIN_UNIT_SIZE, flagsOk } from './create_flags.ts';

const roundUpPow2 = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

const PRESERVE_ELEMS = 1 << 11;
const KNOWN_FLAGS = NODE_AND_ACCESS | BPF_F_MMAPABLE | PRESERVE_ELEMS | BPF_F_INNER_MAP;

/**
 * @kernel array_map_alloc_check, kernel/bpf/arraymap.c
 * @fidelity full: maps.test.ts
 */
export function arrayAllocCheck({
  type,
  keySize,
  valueSize,
  maxEntries,
  flags,
  numaNode = -1,
}: MapSpec): NegErrno {
  const percpu = type === MapType.PERCPU_ARRAY;
  if (maxEntries === 0 || keySize !== 4 || valueSize === 0 || !flagsOk(flags, KNOWN_FLAGS))
    return fail('EINVAL');
  if (percpu && numaNode !== -1) return fail('EINVAL');
  if (type !== MapType.ARRAY && (flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)) !== 0) return fail('EINVAL');
  if (type !== MapType.PERF_EVENT_ARRAY && (flags & PRESERVE_ELEMS) !== 0) return fail('EINVAL');
  const most = percpu ? PCPU_MIN_UNIT_SIZE : 0x7fff_ffff;
  return alignUp(valueSize, percpu ? 8 : 1) > most ? fail('E2BIG') : 0;
}

/** What arrays of values and arrays of per-cpu values have in common: keys are indexes. */
export abstract class IndexedMap extends BpfMap {
  /** Address of the block of values or pointers. */
  readonly values: Addr;

  constructor(init: MapInit, elemSize: Bytes, slot: Bytes) {
    const { spec, kernel } = init;
    const at = kernel.types.struct('bpf_array').field('value').offset;
    super(init, 'bpf_array', slot * spec.maxEntries, (spec.flags & BPF_F_MMAPABLE) !== 0 ? at : null);
    this.values = this.container.at('value');
    // All that reach bpf(2) here may; the verifier then masks no index.
    this.view.trySet('bypass_spec_v1', 1);
    this.container.set('elem_size', elemSize);
    this.container.trySet('index_mask', roundUpPow2(spec.maxEntries) - 1);
  }

  /** The index at a key's address, or -1 when it is out of range. */
  protected index(key: Addr): number {
    const index = this.mem.u32(key);
    return index < this.spec.maxEntries ? index : -1;
  }

  /**
   * @kernel array_map_delete_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override delete(_key: Addr): NegErrno {
    return fail('EINVAL');
  }

  /**
   * @kernel array_map_get_next_key, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const index = key === 0n ? -1 : this.mem.u32(key);
    if (index >= this.spec.maxEntries) {
      this.mem.setU32(next, 0);
      return 0;
    }
    if (index === this.spec.maxEntries - 1) return fail('ENOENT');
    this.mem.setU32(next, index + 1);
    return 0;
  }

  /** Checks that all indexed kinds make before they store. @returns 0 or a negated errno */
  protected checkUpdate(key: Addr, flags: bigint): NegErrno {
    if ((flags & ~BPF_F_LOCK) > BPF_EXIST) return fail('EINVAL');
    if (this.index(key) < 0) return fail('E2BIG');
    if ((flags & BPF_NOEXIST) !== 0n) return fail('EEXIST');
    if ((flags & BPF_F_LOCK) !== 0n && !this.hasSpinLock) return fail('EINVAL');
    return 0;
  }

  /**
   * @kernel bpf_for_each_array_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override forEach(visit: (key: Addr, value: Addr) => boolean): number {
    const key = this.mem.alloc(8);
    let visited = 0;
    try {
      for (let i = 0; i < this.spec.maxEntries; i++) {
        this.mem.setU32(key, i);
        visited++;
        if (!visit(key, this.lookup(key))) break;
      }
    } finally {
      this.mem.release(key);
    }
    return visited;
  }
}

export class ArrayMap extends IndexedMap {
  constructor(init: MapInit) {
    const slot = alignUp(init.spec.valueSize, 8);
    super(init, slot, slot);
  }

  protected override freeContent(): void {
    for (let i = 0; this.special.length > 0 && i < this.spec.maxEntries; i++)
      freeFields(this.kernel, this.special, this.elem(i));
  }

  /** @kernel array_map_free_timers_wq, kernel/bpf/arraymap.c @fidelity full: app/async.test.ts */
  override releaseUser(): readonly Addr[] {
    for (let i = 0; this.special.length > 0 && i < this.spec.maxEntries; i++)
      freeAsyncFields(this.kernel, this.special, this.elem(i));
    return [];
  }

  /** Address of element `index`, which must be in range. */
  elem(index: number): Addr {
    return this.values + BigInt(index * this.slotSize);
  }

  /**
   * @kernel array_map_lookup_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override lookup(key: Addr): Addr {
    const index = this.index(key);
    return index < 0 ? 0n : this.elem(index);
  }

  /**
   * @kernel array_map_update_elem, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const error = this.checkUpdate(key, flags);
    if (error !== 0) return error;
    this.copyValue(this.elem(this.index(key)), value);
    return 0;
  }

  /**
   * @kernel array_map_direct_value_addr, kernel/bpf/arraymap.c
   * @fidelity full: maps.test.ts
   */
  override directValue(offset: Bytes): Addr {
    if (this.spec.maxEntries !== 1 || offset >= this.spec.valueSize) return 0n;
    return this.values + BigInt(offset);
  }
}
