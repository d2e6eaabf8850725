/**
 * The map commands of bpf(2).
 *
 * Keys and values come as the user's bytes. A null stands for a pointer that cannot be read.
 *
 * Source: kernel/bpf/syscall.c, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY, MapType } from '../abi/uapi.ts';
import { FdArrayMap } from '../bpf/maps/fd_array.ts';
import { HashOfMaps } from '../bpf/maps/hash_of_maps.ts';
import { Prog } from '../bpf/prog.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { BPF_F_LOCK } from '../bpf/map.ts';
import type { BpfMap } from '../bpf/map.ts';
import type { Sys } from './sys.ts';

/** BPF_MAP_CREATE */
export interface MapCreateAttr {
  readonly type: number;
  readonly keySize: Bytes;
  readonly valueSize: Bytes;
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra: bigint;
  readonly numaNode: number;
  readonly name: string;
  /** 0: no BTF. */
  readonly btfFd: number;
  readonly btfKeyTypeId: TypeId;
  readonly btfValueTypeId: TypeId;
  /** Maps of maps only, else 0. */
  readonly innerMapFd: number;
}

/** Letters, digits, `_` and `.`, with a NUL within 16 bytes. @kernel bpf_obj_name_cpy, kernel/bpf/syscall.c @fidelity full */
export const isObjectName = (name: string): boolean => /^[A-Za-z0-9_.]{0,15}$/.test(name);

const MAX_NODE = 0;
const MAP_OF_MAPS: ReadonlySet<number> = new Set([MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS]);
/** Kinds for which map_extra means something. */
const WITH_EXTRA: ReadonlySet<number> = new Set([MapType.BLOOM_FILTER, MapType.ARENA]);

/**
 * @returns an fd, or -EINVAL for a type, name, flags or sizes this kernel does not take, -E2BIG, -EBADF for
 *   an fd that is not open, -ENOTSUPP for BTF where the kind has no use for it
 * @kernel map_create, kernel/bpf/syscall.c
 * @fidelity partial: no capabilities, no tokens, no memory limits; module BTF is not accepted
 */
export function mapCreate(sys: Sys, attr: MapCreateAttr): number {
  const { objects, fds } = sys;
  if (!MAP_KINDS.has(attr.type) || !isObjectName(attr.name)) return fail('EINVAL');
  if (attr.btfFd === 0 ? attr.btfKeyTypeId !== 0 || attr.btfValueTypeId !== 0 : attr.btfValueTypeId === 0)
    return fail('EINVAL');
  if (attr.mapExtra !== 0n && !WITH_EXTRA.has(attr.type)) return fail('EINVAL');
  if ((attr.flags & BPF_F_RDONLY) !== 0 && (attr.flags & BPF_F_WRONLY) !== 0) return fail('EINVAL');
  const wantsNode = (attr.flags & BPF_F_NUMA_NODE) !== 0;
  if (wantsNode && attr.numaNode > MAX_NODE) return fail('EINVAL');
  let inner: BpfMap | undefined;
  if (MAP_OF_MAPS.has(attr.type)) {
    const found = fds.get('map', attr.innerMapFd);
    if (typeof found === 'number') return found;
    inner = found;
  }
  const base = {
    type: attr.type,
    name: attr.name,
    keySize: attr.keySize,
    valueSize: attr.valueSize,
    maxEntries: attr.maxEntries,
    flags: attr.flags,
    mapExtra: attr.mapExtra,
    numaNode: wantsNode ? attr.numaNode : -1,
    ...(inner ? { inner } : {}),
  };
  const btf = attr.btfFd === 0 ? null : fds.get('btf', attr.btfFd);
  if (typeof btf === 'number') return btf;
  const types = btf && {
    btf: { types: btf.types, addr: btf.addr, key: attr.btfKeyTypeId, value: attr.btfValueTypeId },
  };
  const map = objects.createMap({ ...base, ...types }, btf);
  if (typeof map === 'number') return map;
  const fd = fds.open('map', map.addr);
  if (fd < 0) objects.putMap(map, true);
  return fd;
}

/** An fd's map, if the fd lets the user do this with it. */
function mapFor(sys: Sys, fd: number, write: boolean): BpfMap | NegErrno {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') return map;
  const forbidden = write ? BPF_F_RDONLY : BPF_F_WRONLY;
  return (map.spec.flags & forbidden) !== 0 || (write && map.frozen) ? fail('EPERM') : map;
}

/** Bytes that a system call exchanges for one value. @kernel bpf_map_value_size, kernel/bpf/syscall.c @fidelity full */
export const userValueSize = (map: BpfMap): Bytes =>
  MAP_KINDS.get(map.spec.type)?.percpu === true
    ? map.slotSize * map.cpus
    : MAP_OF_MAPS.has(map.spec.type)
      ? 4
      : map.spec.valueSize;

/**
 * @returns the value, or -ENOENT, -EBADF, -EINVAL, -EPERM, -EFAULT
 * @kernel map_lookup_elem, kernel/bpf/syscall.c
 * @fidelity partial: BPF_F_LOCK is accepted only for values with a spin lock and does not spin
 */
export function mapLookup(sys: Sys, fd: number, key: Uint8Array | null, flags = 0n): Uint8Array | NegErrno {
  const map = mapFor(sys, fd, false);
  if (typeof map === 'number') return map;
  if ((flags & ~BPF_F_LOCK) !== 0n || ((flags & BPF_F_LOCK) !== 0n && !map.hasSpinLock))
    return fail('EINVAL');
  if (map.spec.keySize > 0 && (!key || key.length < map.spec.keySize)) return fail('EFAULT');
  return map.read(key?.subarray(0, map.spec.keySize) ?? new Uint8Array(0)) ?? fail('ENOENT');
}

// -- maps of objects ---------------------------------------------------------------------------------------

type ObjectMap = FdArrayMap | HashOfMaps;
const storesObjects = (map: BpfMap): map is ObjectMap =>
  map instanceof FdArrayMap || map instanceof HashOfMaps;

/** Stores a pointer under a key, with a reference, and drops the reference of what was there. */
function storePointer(
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
 * @fidelity partial: programs of a program array are not compared with those that are there
 */
function updateByFd(sys: Sys, map: ObjectMap, key: Uint8Array, value: Uint8Array, flags: bigint): NegErrno {
  const fd = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  if (map.spec.type === MapType.PROG_ARRAY) {
    const prog = sys.fds.get('prog', fd);
    return typeof prog === 'number' ? prog : storePointer(sys, map, key, prog, flags);
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

// -- elements ----------------------------------------------------------------------------------------------

/**
 * @returns 0, or -EPERM for a frozen or read-only map, or what the map says
 * @kernel map_update_elem, kernel/bpf/syscall.c
 * @fidelity full
 */
export function mapUpdate(
  sys: Sys,
  fd: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  flags: bigint,
): NegErrno {
  const map = mapFor(sys, fd, true);
  if (typeof map === 'number') return map;
  if ((flags & BPF_F_LOCK) !== 0n && !map.hasSpinLock) return fail('EINVAL');
  const size = userValueSize(map);
  if (!value || value.length < size) return fail('EFAULT');
  if (map.spec.keySize > 0 && (!key || key.length < map.spec.keySize)) return fail('EFAULT');
  return map.write(key?.subarray(0, map.spec.keySize) ?? new Uint8Array(0), value.subarray(0, size), flags);
}

/** @kernel map_delete_elem, kernel/bpf/syscall.c @fidelity full */
export function mapDelete(sys: Sys, fd: number, key: Uint8Array | null): NegErrno {
  const map = mapFor(sys, fd, true);
  if (typeof map === 'number') return map;
  if (!key || key.length < map.spec.keySize) return fail('EFAULT');
  if (map instanceof FdArrayMap) return storePointer(sys, map, key, null, 0n);
  return map.erase(key.subarray(0, map.spec.keySize));
}

/** @kernel map_get_next_key, kernel/bpf/syscall.c @fidelity full */
export function mapGetNextKey(sys: Sys, fd: number, key: Uint8Array | null): Uint8Array | NegErrno {
  const map = mapFor(sys, fd, false);
  if (typeof map === 'number') return map;
  if (key && key.length < map.spec.keySize) return fail('EFAULT');
  return map.nextKey(key && key.subarray(0, map.spec.keySize)) ?? fail('ENOENT');
}

/**
 * Forbids user space to change a map from now on.
 *
 * @returns 0, -EBUSY when it is frozen already, -EBADF, -EINVAL
 * @kernel map_freeze, kernel/bpf/syscall.c
 * @fidelity partial: no mapping of a map's memory is tracked
 */
export function mapFreeze(sys: Sys, fd: number): NegErrno {
  const map = mapFor(sys, fd, false);
  if (typeof map === 'number') return map;
  if (map.frozen) return fail('EBUSY');
  map.view.set('frozen', 1);
  return 0;
}
