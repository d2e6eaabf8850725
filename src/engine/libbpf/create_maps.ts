/**
 * Creates the maps of an object, in its order: pinned ones are taken from bpffs if they are there, global
 * data is written and, if read-only, frozen, maps of maps get what the source puts in them.
 *
 * Source: libbpf.c bpf_object__create_maps.
 */
import { Errno } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { MapInfoData } from '../sys/obj_info.ts';
import { goodFd } from './good_fd.ts';
import { isArena, mmapArena } from './arena_data.ts';
import { BPF_OBJ_NAME_MAX } from './data_maps.ts';
import type { Messages } from './messages.ts';
import { fillSlots, u32 } from './map_slots.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec, BpfObject, MapDef, MapSlot } from './object.ts';
import type { BpfSyscalls } from './syscalls.ts';

const PERF_EVENT_ARRAY = 4;
const MAPS_OF_MAPS: readonly number[] = [12, 13];
/** Perf events, cgroups, stacks, maps of maps, devices, sockets, queue and stack: created without BTF. */
const WITHOUT_BTF: ReadonlySet<number> = new Set([4, 7, 8, 12, 13, 14, 15, 16, 17, 18, 22, 23, 25]);
/** The simulated machine has one CPU. */
const CPUS = 1;

/**
 * @param opened takes every fd that was opened
 * @returns an fd for each map, -1 for maps with autocreate off
 * @throws LibbpfError after saying what is wrong
 * @kernel bpf_object__create_maps, libbpf.c
 * @fidelity full: src/engine/sys/map_btf.test.ts
 */
export function createMaps(
  object: BpfObject,
  btfFd: number,
  sys: BpfSyscalls,
  log: Messages,
  opened: number[],
): number[] {
  const fds: number[] = [];
  for (const map of object.maps) {
    const fd = map.autocreate ? createOrReuse(map, btfFd, sys, log, opened) : -1;
    fds.push(fd);
  }
  for (const [i, map] of object.maps.entries())
    fillSlots(map, fds[i] ?? -1, (slot) => mapInSlot(object, fds, slot), sys, log);
  return fds;
}

const mapInSlot = (object: BpfObject, fds: readonly number[], slot: MapSlot) =>
  'map' in slot ? { what: `map '${object.maps[slot.map]?.name ?? ''}'`, fd: fds[slot.map] ?? -1 } : null;

function createOrReuse(
  map: BpfMapSpec,
  btfFd: number,
  sys: BpfSyscalls,
  log: Messages,
  opened: number[],
): number {
  const fail = (errno: NegErrno): never => {
    log.warn(`map '${map.name}': failed to create: ${log.text(errno)}${log.errorCode(errno)}`);
    throw new LibbpfError(errno);
  };
  if (map.pinPath !== null) {
    const pinned = goodFd(sys, sys.objGet(map.pinPath));
    if (pinned >= 0) {
      opened.push(pinned);
      if (!isLike(map.def, sys.mapInfo(pinned))) {
        log.warn(`couldn't reuse pinned map at '${map.pinPath}': parameter mismatch`);
        log.warn(`map '${map.name}': error reusing pinned map`);
        return fail(-Errno.EINVAL);
      }
      return pinned;
    }
  }
  let inner = 0;
  if (MAPS_OF_MAPS.includes(map.def.type) && map.inner) {
    inner = create(`${map.name}.inner`, map.inner, btfFd, 0, sys, log);
    if (inner < 0) return fail(inner);
  }
  const fd = create(map.name, map.def, btfFd, inner, sys, log);
  if (inner > 0) sys.close(inner);
  if (fd < 0) return fail(fd);
  opened.push(fd);
  if (isArena(map)) mmapArena(map, fd, sys, log);
  if (map.initial) populate(map, map.initial, fd, sys, log);
  if (map.pinPath !== null) {
    const pinned = sys.objPin(fd, map.pinPath);
    if (pinned < 0) {
      log.warn(`map '${map.name}': failed to auto-pin at '${map.pinPath}': ${log.number(pinned)}`);
      throw new LibbpfError(pinned);
    }
  }
  return fd;
}

/** @kernel map_is_reuse_compat, libbpf.c @fidelity partial: map_extra is not compared */
const isLike = (def: MapDef, info: MapInfoData | NegErrno): boolean =>
  typeof info !== 'number' &&
  info.type === def.type &&
  info.key_size === def.keySize &&
  info.value_size === def.valueSize &&
  info.max_entries === def.maxEntries &&
  info.map_flags === def.flags;

/** A kernel that does not like the types gets the map without. @returns an fd, or a negated errno */
function create(
  name: string,
  def: MapDef,
  btfFd: number,
  innerMapFd: number,
  sys: BpfSyscalls,
  log: Messages,
): number {
  const typed = btfFd > 0 && def.btfValueTypeId !== 0 && !WITHOUT_BTF.has(def.type);
  const attr = {
    type: def.type,
    keySize: def.keySize,
    valueSize: def.valueSize,
    maxEntries: def.type === PERF_EVENT_ARRAY && def.maxEntries === 0 ? CPUS : def.maxEntries,
    flags: def.flags,
    mapExtra: def.mapExtra,
    numaNode: def.numaNode,
    name: name.slice(0, BPF_OBJ_NAME_MAX),
    btfFd: 0,
    btfKeyTypeId: 0,
    btfValueTypeId: 0,
    innerMapFd,
  };
  if (!typed) return goodFd(sys, sys.mapCreate(attr));
  const { btfKeyTypeId, btfValueTypeId } = def;
  const fd = goodFd(sys, sys.mapCreate({ ...attr, btfFd, btfKeyTypeId, btfValueTypeId }));
  if (fd >= 0) return fd;
  log.warn(`Error in bpf_create_map_xattr(${name}):${log.spaced(fd)}. Retrying without BTF.`);
  return goodFd(sys, sys.mapCreate(attr));
}

/** Global data: the section's bytes; read-only data may not change any more. */
function populate(map: BpfMapSpec, initial: Uint8Array, fd: number, sys: BpfSyscalls, log: Messages): void {
  const updated = sys.mapUpdate(fd, u32(0), initial, 0);
  if (updated < 0) {
    log.warn(`Error setting initial map(${map.name}) contents: ${log.text(updated)}`);
    throw new LibbpfError(updated);
  }
  if (map.origin !== 'rodata' && map.origin !== 'kconfig') return;
  const frozen = sys.mapFreeze(fd);
  if (frozen < 0) {
    log.warn(`Error freezing map(${map.name}) as read-only: ${log.text(frozen)}`);
    throw new LibbpfError(frozen);
  }
}
