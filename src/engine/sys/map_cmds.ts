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
import { hasMapType } from '../abi/releases.ts';
import { BPF_F_NUMA_NODE, MapType } from '../abi/uapi.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { BPF_F_LOCK } from '../bpf/map.ts';
import type { BpfMap } from '../bpf/map.ts';
import { LocalStorageMap } from '../bpf/maps/local_storage.ts';
import { RedirectMap } from '../bpf/maps/redirect.ts';
import { SocketMap } from '../bpf/maps/sock_map.ts';
import { SocketArray } from '../bpf/maps/socket_arrays.ts';
import { fileAccess } from './fds.ts';
import { checkInner } from './inner_maps.ts';
import { redirectDelete, redirectUpdate, socketArrayUpdate } from './redirect_maps.ts';
import { storageDelete, storageLookup, storageUpdate } from './storage_maps.ts';
import { lookupId, storePointer, storesObjects, updateByFd } from './object_maps.ts';
import { socketLookup, socketUpdate } from './sock_maps.ts';
import { OutOfMemory } from '../kernel/memory.ts';
import { MissingRole } from '../kernel/types.ts';
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
  /** struct_ops only: the value's type in the kernel's BTF. */
  readonly btfVmlinuxValueTypeId?: TypeId;
}

/** Letters, digits, `_` and `.`, with a NUL within 16 bytes. @kernel bpf_obj_name_cpy, kernel/bpf/syscall.c @fidelity full: trace_maps.test.ts */
export const isObjectName = (name: string): boolean => /^[A-Za-z0-9_.]{0,15}$/.test(name);

const MAX_NODE = 0;
const MAP_OF_MAPS: ReadonlySet<number> = new Set([MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS]);
/** Kinds for which map_extra means something. */
const WITH_EXTRA: ReadonlySet<number> = new Set([MapType.BLOOM_FILTER, MapType.ARENA]);

/**
 * @returns an fd, or -EINVAL for a type, name, flags or sizes this kernel does not take, -E2BIG, -EBADF for
 *   an fd that is not open, -EACCES for the kernel's BTF, what checkMapBtf says of the program's
 * @kernel map_create, kernel/bpf/syscall.c
 * @fidelity partial: no capabilities, no tokens, no memory limits; module BTF is not accepted
 */
export function mapCreate(sys: Sys, attr: MapCreateAttr): number {
  const { objects, fds } = sys;
  if (!MAP_KINDS.has(attr.type) || !hasMapType(sys.release, attr.type) || !isObjectName(attr.name))
    return fail('EINVAL');
  if (attr.btfFd === 0 ? attr.btfKeyTypeId !== 0 || attr.btfValueTypeId !== 0 : attr.btfValueTypeId === 0)
    return fail('EINVAL');
  const { btfVmlinuxValueTypeId: kernelValue = 0 } = attr;
  const typed = attr.btfKeyTypeId !== 0 || attr.btfValueTypeId !== 0;
  if (kernelValue !== 0 && (attr.type !== MapType.STRUCT_OPS || typed)) return fail('EINVAL');
  if (attr.mapExtra !== 0n && !WITH_EXTRA.has(attr.type)) return fail('EINVAL');
  const access = fileAccess(attr.flags);
  if (access < 0) return access;
  const wantsNode = (attr.flags & BPF_F_NUMA_NODE) !== 0;
  if (wantsNode && attr.numaNode > MAX_NODE) return fail('EINVAL');
  let inner: BpfMap | undefined;
  if (MAP_OF_MAPS.has(attr.type)) {
    const found = fds.get('map', attr.innerMapFd);
    if (typeof found === 'number') return found;
    inner = found;
    const error = checkInner(inner);
    if (error !== 0) return error;
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
    ...(kernelValue === 0 ? {} : { kernelValue }),
  };
  const btf = attr.btfFd === 0 ? null : fds.get('btf', attr.btfFd);
  if (typeof btf === 'number') return btf;
  if (btf && btf.name === 'vmlinux') return fail('EACCES');
  const types = btf && {
    btf: { types: btf.types, addr: btf.addr, key: attr.btfKeyTypeId, value: attr.btfValueTypeId },
  };
  const map = enough(() => objects.createMap({ ...base, ...types }, btf));
  if (typeof map === 'number') return map;
  const fd = fds.open('map', map.addr, { access });
  if (fd < 0) objects.putMap(map, true);
  return fd;
}

/** A map that needs more memory than there is cannot be made, nor one of a kind whose struct the kernel does not have. @returns what `make` returns, -ENOMEM, -EINVAL */
function enough<T>(make: () => T): T | NegErrno {
  try {
    return make();
  } catch (error) {
    if (error instanceof OutOfMemory) return fail('ENOMEM');
    if (error instanceof MissingRole) return fail('EINVAL');
    throw error;
  }
}

/** Bytes that a system call exchanges for one value. @kernel bpf_map_value_size, kernel/bpf/syscall.c @fidelity full: trace_maps.test.ts */
export const userValueSize = (map: BpfMap): Bytes =>
  MAP_KINDS.get(map.spec.type)?.percpu === true
    ? map.slotSize * map.cpus
    : MAP_OF_MAPS.has(map.spec.type)
      ? 4
      : map.spec.valueSize;

/** What user space gets for a key, as its kind of map hands it out; null for a key of no bytes. */
export function valueIn(sys: Sys, map: BpfMap, key: Uint8Array | null): Uint8Array | NegErrno {
  if (storesObjects(map)) return lookupId(sys, map, key ?? new Uint8Array(map.spec.keySize));
  if (map instanceof LocalStorageMap) return storageLookup(sys, map, key ?? new Uint8Array(4));
  if (map instanceof SocketMap) return socketLookup(map, key ?? new Uint8Array(0));
  return map.copyOut(key?.subarray(0, map.spec.keySize) ?? new Uint8Array(0));
}

/**
 * @returns the value, or -ENOENT, -EBADF, -EINVAL, -EPERM, -EFAULT
 * @kernel map_lookup_elem, kernel/bpf/syscall.c
 * @fidelity partial: BPF_F_LOCK is accepted only for values with a spin lock and does not spin
 */
export function mapLookup(sys: Sys, fd: number, key: Uint8Array | null, flags = 0n): Uint8Array | NegErrno {
  const map = sys.fds.mapFor(fd, { reads: true });
  if (typeof map === 'number') return map;
  if ((flags & ~BPF_F_LOCK) !== 0n || ((flags & BPF_F_LOCK) !== 0n && !map.hasSpinLock))
    return fail('EINVAL');
  if (map.spec.keySize > 0 && (!key || key.length < map.spec.keySize)) return fail('EFAULT');
  return valueIn(sys, map, key);
}

/**
 * @returns 0, or -EPERM for a frozen or read-only map, or what the map says
 * @kernel map_update_elem, kernel/bpf/syscall.c
 * @fidelity full: trace_maps.test.ts
 */
export function mapUpdate(
  sys: Sys,
  fd: number,
  key: Uint8Array | null,
  value: Uint8Array | null,
  flags: bigint,
): NegErrno {
  const map = sys.fds.mapFor(fd, { writes: true });
  if (typeof map === 'number') return map;
  if ((flags & BPF_F_LOCK) !== 0n && !map.hasSpinLock) return fail('EINVAL');
  const size = userValueSize(map);
  if (!value || value.length < size) return fail('EFAULT');
  if (map.spec.keySize > 0 && (!key || key.length < map.spec.keySize)) return fail('EFAULT');
  if (storesObjects(map)) return updateByFd(sys, map, key ?? new Uint8Array(0), value, flags);
  if (map instanceof LocalStorageMap)
    return storageUpdate(sys, map, key ?? new Uint8Array(4), value.subarray(0, size), flags);
  if (map instanceof SocketMap)
    return socketUpdate(sys, map, key ?? new Uint8Array(0), value.subarray(0, size), flags);
  if (map instanceof RedirectMap)
    return redirectUpdate(sys, map, key ?? new Uint8Array(4), value.subarray(0, size), flags);
  if (map instanceof SocketArray)
    return socketArrayUpdate(sys, map, key ?? new Uint8Array(4), value.subarray(0, size), flags);
  return map.write(key?.subarray(0, map.spec.keySize) ?? new Uint8Array(0), value.subarray(0, size), flags);
}

/** @kernel map_delete_elem, kernel/bpf/syscall.c @fidelity full: trace_maps.test.ts */
export function mapDelete(sys: Sys, fd: number, key: Uint8Array | null): NegErrno {
  const map = sys.fds.mapFor(fd, { writes: true });
  if (typeof map === 'number') return map;
  if (!key || key.length < map.spec.keySize) return fail('EFAULT');
  if (storesObjects(map)) return storePointer(sys, map, key, null, 0n);
  if (map instanceof LocalStorageMap) return storageDelete(sys, map, key);
  if (map instanceof RedirectMap) return redirectDelete(sys, map, key);
  return map.erase(key.subarray(0, map.spec.keySize));
}

/** @kernel map_get_next_key, kernel/bpf/syscall.c @fidelity full: trace_maps.test.ts */
export function mapGetNextKey(sys: Sys, fd: number, key: Uint8Array | null): Uint8Array | NegErrno {
  const map = sys.fds.mapFor(fd, { reads: true });
  if (typeof map === 'number') return map;
  if (key && key.length < map.spec.keySize) return fail('EFAULT');
  return map.keyAfter(key && key.subarray(0, map.spec.keySize));
}

/**
 * Forbids user space to change a map from now on.
 *
 * @returns 0, -EPERM for one that is frozen already or that the fd may only read, -ENOTSUPP for values with parts
 *   of the kernel's, -EBADF, -EINVAL
 * @kernel map_freeze, kernel/bpf/syscall.c
 * @fidelity partial: no mapping of a map's memory is tracked
 */
export function mapFreeze(sys: Sys, fd: number): NegErrno {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') return map;
  if (map.special.length > 0 || map.spec.type === MapType.STRUCT_OPS) return fail('ENOTSUPP');
  const writable = sys.fds.mapFor(fd, { writes: true });
  if (typeof writable === 'number') return writable;
  map.view.set('frozen', 1);
  return 0;
}
