/**
 * Storage of programs that are attached to cgroups: one value for each cgroup, made when such a program is
 * attached. None can be attached here, so the map can be made and asked, and stays empty.
 *
 * Source: kernel/bpf/local_storage.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { listInit } from '../../kernel/list.ts';
import { BPF_EXIST, BPF_F_LOCK, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { NODE_AND_ACCESS, PCPU_MIN_UNIT_SIZE, flagsOk } from './create_flags.ts';
import { LOCAL_STORAGE_MAX_VALUE } from './local_storage.ts';

/** `struct bpf_cgroup_storage_key`, or the cgroup's id alone. */
const KEY_SIZES: readonly Bytes[] = [16, 8];

/** @kernel cgroup_storage_map_alloc, kernel/bpf/local_storage.c @fidelity full: more_maps.test.ts */
export const cgroupStorageAllocCheck =
  (percpu: boolean) =>
  ({ keySize, valueSize, flags, maxEntries }: MapSpec): NegErrno => {
    if (!KEY_SIZES.includes(keySize) || valueSize === 0) return fail('EINVAL');
    if (valueSize > (percpu ? PCPU_MIN_UNIT_SIZE : LOCAL_STORAGE_MAX_VALUE)) return fail('E2BIG');
    return !flagsOk(flags, NODE_AND_ACCESS) || maxEntries !== 0 ? fail('EINVAL') : 0;
  };

export class CgroupLocalStorageMap extends BpfMap {
  constructor(init: MapInit) {
    super(init, 'bpf_cgroup_storage_map');
    listInit(this.mem, this.container.at('list'));
  }

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  /** @kernel cgroup_storage_update_elem, kernel/bpf/local_storage.c @fidelity partial: no storage is ever made */
  override update(_key: Addr, _value: Addr, flags: bigint): NegErrno {
    if ((flags & ~(BPF_F_LOCK | BPF_EXIST)) !== 0n) return fail('EINVAL');
    return (flags & BPF_F_LOCK) !== 0n && !this.hasSpinLock ? fail('EINVAL') : fail('ENOENT');
  }
  /** @kernel cgroup_storage_delete_elem, kernel/bpf/local_storage.c @fidelity full: more_maps.test.ts */
  override delete(_key: Addr): NegErrno {
    return fail('EINVAL');
  }
  /** @kernel cgroup_storage_get_next_key, kernel/bpf/local_storage.c @fidelity partial: no storage is ever made */
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('ENOENT');
  }
}
