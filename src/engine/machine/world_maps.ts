/**
 * The BPF maps of a world: made before any program is loaded, and pinned in /sys/fs/bpf under their names.
 *
 * A program whose map says LIBBPF_PIN_BY_NAME gets the world's instead of a new one. They are made by the system
 * calls of the reader, whose fds are closed again; only sockets, which other processes have open, are put into
 * maps by address.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { errnoName } from '../../shared/errno.ts';
import { MapType } from '../abi/uapi.ts';
import { LocalStorageMap } from '../bpf/maps/local_storage.ts';
import { SocketMap } from '../bpf/maps/sock_map.ts';
import { BtfBuilder } from '../btf/build.ts';
import { Kind } from '../btf/types.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { containerOf } from '../kernel/list.ts';
import { internalMount } from '../kernel/objects/internal_mounts.ts';
import { findInode } from '../kernel/objects/inode.ts';
import { WorldError } from '../kernel/world.ts';
import type { World, WorldMap } from '../kernel/world.ts';
import type { BpfSyscall } from '../sys/bpf.ts';
import { encode } from './map_access.ts';

const TYPES: Readonly<Record<WorldMap['type'], number>> = {
  hash: MapType.HASH,
  array: MapType.ARRAY,
  sockmap: MapType.SOCKMAP,
  sockhash: MapType.SOCKHASH,
  sk_storage: MapType.SK_STORAGE,
};
const BPF_F_NO_PREALLOC = 1;
const U32 = 4;

/** Types of a key of four bytes and of a value that is only bytes: storage wants to know some. */
function plainBtf(valueSize: number): { blob: Uint8Array; key: number; value: number } {
  const builder = new BtfBuilder();
  const key = builder.add({ kind: Kind.INT, name: 'int', size: U32, encoding: 1, bitOffset: 0, bits: 32 });
  const byte = builder.add({ kind: Kind.INT, name: 'u8', size: 1, encoding: 0, bitOffset: 0, bits: 8 });
  const value = builder.add({ kind: Kind.ARRAY, name: '', type: byte, indexType: key, nelems: valueSize });
  return { blob: builder.encode(), key, value };
}

/** The sock whose file has an inode with this number, or 0. */
function sockByInode(kernel: Kernel, ino: number): Addr {
  const sb = internalMount(kernel, 'sockfs').deref('mnt.mnt_sb');
  const inode = sb && findInode(kernel, sb, ino);
  return inode ? containerOf(kernel, inode.addr, 'socket_alloc', 'vfs_inode').sub('socket').ptr('sk') : 0n;
}

/** Number 0 would mean that there is no BTF: a reader without open files gets the next one. */
function loadBtf(syscall: BpfSyscall, blob: Uint8Array): number {
  const fd = syscall.btfLoad(blob);
  if (fd !== 0) return fd;
  const next = syscall.btfLoad(blob);
  syscall.close(fd);
  return next;
}

function createMap(syscall: BpfSyscall, map: WorldMap): number {
  const storage = map.type === 'sk_storage';
  const types = storage ? plainBtf(map.valueSize) : null;
  const btfFd = types ? loadBtf(syscall, types.blob) : 0;
  const fd = syscall.mapCreate({
    type: TYPES[map.type],
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    flags: storage ? BPF_F_NO_PREALLOC : 0,
    mapExtra: 0n,
    numaNode: 0,
    name: map.name,
    btfFd,
    btfKeyTypeId: types?.key ?? 0,
    btfValueTypeId: types?.value ?? 0,
    innerMapFd: 0,
  });
  if (types) syscall.close(btfFd);
  return fd;
}

/** @returns 0, a negated errno, or what is wrong in words */
function putEntry(
  syscall: BpfSyscall,
  fd: number,
  spec: WorldMap,
  entry: WorldMap['entries'][number],
): number | string {
  const { sys } = syscall;
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number') throw new EngineBug(`map '${spec.name}' is not open`);
  const key = encode(entry.key, spec.keySize, 'key');
  const value = encode(entry.value, spec.valueSize, 'value');
  if (typeof key === 'string') return key;
  if (typeof value === 'string') return value;
  const ofSockets = map instanceof SocketMap || map instanceof LocalStorageMap;
  if (!ofSockets) return syscall.mapUpdate(fd, key, value, 0);
  if (entry.socket === undefined) return 'an element of such a map needs a socket';
  const sk = sockByInode(sys.kernel, entry.socket);
  return map instanceof SocketMap ? map.putFor(key, sk, 0n) : map.writeFor(sk, value);
}

/** @throws WorldError for a map that Linux would not make or fill */
export function makeWorldMaps(syscall: BpfSyscall, world: World): void {
  world.maps.forEach((map, i) => {
    const refuse = (path: string, errno: number): never => {
      throw new WorldError(`.maps[${i}]${path}`, `Linux refuses this with ${errnoName(errno)}`);
    };
    const fd = createMap(syscall, map);
    if (fd < 0) refuse('', fd);
    map.entries.forEach((entry, j) => {
      const result = putEntry(syscall, fd, map, entry);
      if (typeof result === 'string') throw new WorldError(`.maps[${i}].entries[${j}]`, result);
      if (result < 0) refuse(`.entries[${j}]`, result);
    });
    const pinned = syscall.objPin(fd, `/sys/fs/bpf/${map.name}`);
    if (pinned < 0) refuse('.name', pinned);
    syscall.close(fd);
  });
}
