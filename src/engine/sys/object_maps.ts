/**
 * Maps whose elements are kernel objects: user space stores them by file descriptor, and the map holds a
 * reference on each.
 *
 * Source: kernel/bpf/arraymap.c, kernel/bpf/map_in_map.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import { FdArrayMap, ProgArrayMap } from '../bpf/maps/fd_array.ts';
import { HashOfMaps } from '../bpf/maps/hash_of_maps.ts';
import { Prog } from '../bpf/prog.ts';
import type { Sys } from './sys.ts';

export type ObjectMap = FdArrayMap | HashOfMaps;
/** True for maps whose elements are stored by file descriptor. */
export const storesObjects = (map: BpfMap): map is ObjectMap =>
  map instanceof FdArrayMap || map instanceof HashOfMaps;

/** Stores a pointer under a key, with a reference, and drops the reference of what was there. */
export function storePointer(
  sys: Sys,
  map: ObjectMap,
  key: Uint8Array,
  target: BpfMap | Prog | null,
  flags: bigint,
): NegErrno {
  const { mem } = sys.kernel;
  let old: bigint | NegErrno;
  if (map instanceof FdArrayMap) {
    old = map.exchange(new DataView(key.buffer, key.byteOffset).getUint32(0, true), target, flags);
  } else {
    const at = mem.alloc(map.spec.keySize);
    mem.setBytes(at, key.subarray(0, map.spec.keySize));
    old = target ? map.exchange(at, target, flags) : map.delete(at);
    mem.release(at);
  }
  if (typeof old === 'number') return old;
  if (target instanceof Prog) sys.objects.getProg(target);
  else if (target) sys.objects.getMap(target);
  if (old !== 0n) sys.objects.putElement(old);
  return 0;
}

/**
 * The value is an fd: of a program for program arrays, else of a map like the inner map.
 *
 * @kernel bpf_fd_array_map_update_elem, kernel/bpf/arraymap.c; bpf_map_fd_get_ptr, kernel/bpf/map_in_map.c
 * @fidelity partial: BTF of inner maps is not compared
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
  const inner = sys.fds.get('map', fd);
  if (typeof inner === 'number') return inner;
  const { inner: like } = map.spec;
  const fits =
    like?.spec.type === inner.spec.type &&
    like.spec.keySize === inner.spec.keySize &&
    like.spec.valueSize === inner.spec.valueSize &&
    like.spec.flags === inner.spec.flags;
  return fits ? storePointer(sys, map, key, inner, flags) : fail('EINVAL');
}
