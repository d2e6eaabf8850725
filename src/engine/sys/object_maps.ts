/**
 * Maps whose elements are kernel objects: user space stores them by file descriptor, and the map holds a
 * reference on each.
 *
 * Source: kernel/bpf/arraymap.c, kernel/bpf/map_in_map.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import { BpfMap, mapsByAddr } from '../bpf/map.ts';
import { CgroupArrayMap, FdArrayMap, ProgArrayMap } from '../bpf/maps/fd_array.ts';
import { HashOfMaps } from '../bpf/maps/hash_of_maps.ts';
import { PerfEventArrayMap } from '../bpf/maps/perf_event_array.ts';
import { Prog, progsByAddr } from '../bpf/prog.ts';
import { putCgroup, tryGetCgroup } from '../kernel/objects/cgroup.ts';
import { cgroupOfDirectory } from '../vfs/cgroupfs.ts';
import { metaEqual } from './inner_maps.ts';
import type { Sys } from './sys.ts';

export type ObjectMap = FdArrayMap | HashOfMaps;
/** True for maps whose elements are stored by file descriptor. */
export const storesObjects = (map: BpfMap): map is ObjectMap =>
  map instanceof FdArrayMap || map instanceof HashOfMaps;

/** A cgroup whose reference was taken. */
interface CgroupRef {
  readonly addr: Addr;
  readonly id: number;
}

/** Stores a pointer under a key, with a reference, and drops the reference of what was there. */
export function storePointer(
  sys: Sys,
  map: ObjectMap,
  key: Uint8Array,
  target: BpfMap | Prog | CgroupRef | null,
  flags: bigint,
): NegErrno {
  const { mem } = sys.kernel;
  let old: bigint | NegErrno;
  if (map instanceof FdArrayMap) {
    old = map.exchange(new DataView(key.buffer, key.byteOffset).getUint32(0, true), target, flags);
  } else {
    const at = mem.alloc(map.spec.keySize);
    mem.setBytes(at, key.subarray(0, map.spec.keySize));
    old = target ? map.exchange(at, target, flags) : map.remove(at);
    mem.release(at);
  }
  if (typeof old === 'number') return old;
  if (target instanceof Prog) sys.objects.getProg(target);
  else if (target instanceof BpfMap) sys.objects.getMap(target);
  if (old === 0n) return target ? 0 : fail('ENOENT');
  if (map instanceof CgroupArrayMap) putCgroup(sys.kernel, sys.kernel.view('cgroup', old));
  else sys.objects.putElement(old);
  return 0;
}

/**
 * The value is an fd: of a program for program arrays, else of a map like the inner map.
 *
 * @kernel bpf_fd_array_map_update_elem, kernel/bpf/arraymap.c; bpf_map_fd_get_ptr, kernel/bpf/map_in_map.c
 * @fidelity full: inner_maps.test.ts
 */
export function updateByFd(
  sys: Sys,
  map: ObjectMap,
  key: Uint8Array,
  value: Uint8Array,
  flags: bigint,
): NegErrno {
  const fd = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  if (map.spec.type === MapType.PROG_ARRAY) {
    const prog = sys.fds.get('prog', fd);
    if (typeof prog === 'number') return prog;
    const { type, expectedAttachType: attachType } = prog.spec;
    const admitted = map instanceof ProgArrayMap && map.admits({ type, attachType });
    return admitted ? storePointer(sys, map, key, prog, flags) : fail('EINVAL');
  }
  if (map instanceof CgroupArrayMap) return storeCgroup(sys, map, key, fd, flags);
  // Perf events are opened by the reader of a run, not by perf_event_open(2).
  if (map instanceof PerfEventArrayMap) return fail('EBADF');
  const inner = sys.fds.get('map', fd);
  if (typeof inner === 'number') return inner;
  const { inner: like } = map.spec;
  return like && metaEqual(like, inner) ? storePointer(sys, map, key, inner, flags) : fail('EINVAL');
}

/** @kernel cgroup_fd_array_get_ptr, kernel/bpf/arraymap.c @fidelity full: trace_maps.test.ts */
function storeCgroup(sys: Sys, map: CgroupArrayMap, key: Uint8Array, fd: number, flags: bigint): NegErrno {
  const cgroup = cgroupOfDirectory(sys.kernel, sys.fds.task, fd);
  if (!cgroup || !tryGetCgroup(sys.kernel, cgroup)) return fail('EBADF');
  const stored = storePointer(sys, map, key, { addr: cgroup.addr, id: 0 }, flags);
  if (stored !== 0) putCgroup(sys.kernel, cgroup);
  return stored;
}

/**
 * What user space reads of such an element: the id of the map or program.
 *
 * @returns the id, -ENOENT for an empty slot, -ENOTSUPP for cgroups and perf events
 * @kernel bpf_fd_array_map_lookup_elem, kernel/bpf/arraymap.c
 * @fidelity full: trace_maps.test.ts
 */
export function lookupId(sys: Sys, map: ObjectMap, key: Uint8Array): Uint8Array | NegErrno {
  if (map instanceof CgroupArrayMap || map instanceof PerfEventArrayMap) return fail('ENOTSUPP');
  const { kernel } = sys;
  const { mem } = kernel;
  const at = mem.alloc(map.spec.keySize, 8);
  mem.setBytes(at, key.subarray(0, map.spec.keySize));
  const target = map instanceof FdArrayMap ? map.pointer(mem.u32(at)) : map.lookup(at);
  mem.release(at);
  if (target === 0n) return fail('ENOENT');
  const id =
    map.spec.type === MapType.PROG_ARRAY
      ? progsByAddr.at(kernel, target).id
      : mapsByAddr.at(kernel, target).id;
  return new Uint8Array(Uint32Array.of(id).buffer);
}
