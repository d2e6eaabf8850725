/** Elements of the maps of a loaded object, by the map's name: filled before a run, changed during it. */
import { errnoName } from '../../shared/errno.ts';
import type { MapAccess, MapBytes } from '../kernel/changes/index.ts';
import type { BpfMap } from '../bpf/map.ts';
import type { LoadedObject } from '../libbpf/load.ts';
import { userValueSize } from '../sys/map_cmds.ts';
import type { Machine } from './boot.ts';

interface OpenMap {
  readonly fd: number;
  readonly map: BpfMap;
}

/** What to say when the object has no map of a name; null when it has one. @param verb what was to be done with it */
export const noSuchMap = ({ maps }: LoadedObject['object'], name: string, verb: string): string | null =>
  maps.some((map) => map.name === name)
    ? null
    : `there is no map '${name}' to ${verb}; the object has ${maps.map((map) => map.name).join(', ') || 'none'}`;

/** The map with a name, or what is wrong. */
function openMap(
  { sys }: Machine,
  { object, mapFds }: LoadedObject,
  name: string,
  verb: string,
): OpenMap | string {
  const missing = noSuchMap(object, name, verb);
  if (missing !== null) return missing;
  const fd = mapFds[object.maps.findIndex((map) => map.name === name)] ?? -1;
  const map = sys.fds.get('map', fd);
  return typeof map === 'number' ? `map '${name}' was not created` : { fd, map };
}

/** What a system call takes for a value: a per-cpu map wants it once for each processor, each in its slot. */
function forEachCpu(map: BpfMap, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(userValueSize(map));
  for (let at = 0; at < out.length; at += map.slotSize) out.set(value, at);
  return out;
}

/** A little-endian integer in so many bytes; more than eight are 0. */
function integer(value: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  for (let i = 0, rest = BigInt.asUintN(64, BigInt(value)); i < Math.min(size, 8); i++, rest >>= 8n)
    out[i] = Number(rest & 0xffn);
  return out;
}

/** Bytes of a key or value, or what is wrong. */
export function encode(given: MapBytes, size: number, what: string): Uint8Array | string {
  if (typeof given === 'number') return integer(given, size);
  const digits = given.replaceAll(' ', '');
  if (digits.length !== size * 2) return `the ${what} has ${digits.length / 2} bytes, the map wants ${size}`;
  return Uint8Array.from({ length: size }, (_, i) => parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

/** N elements with key i and value (i + 1) * 1000. @returns what is wrong, '' when the map is filled */
export function fillMap(machine: Machine, loaded: LoadedObject, name: string, count: number): string {
  const open = openMap(machine, loaded, name, 'fill');
  if (typeof open === 'string') return open;
  const { fd, map } = open;
  for (let i = 0; i < count; i++) {
    const value = forEachCpu(map, integer((i + 1) * 1000, map.spec.valueSize));
    const err = machine.syscall.mapUpdate(fd, integer(i, map.spec.keySize), value, 0);
    if (err < 0) return `filling map '${name}' stopped at element ${i}: ${errnoName(err)}`;
  }
  return '';
}

/** What scripts may do to the object's maps. */
export const mapAccess = (machine: Machine, loaded: LoadedObject): MapAccess => ({
  update(name, key, value) {
    const open = openMap(machine, loaded, name, 'update');
    if (typeof open === 'string') return open;
    const { fd, map } = open;
    const keyBytes = encode(key, map.spec.keySize, 'key');
    const valueBytes = encode(value, map.spec.valueSize, 'value');
    if (typeof keyBytes === 'string') return keyBytes;
    if (typeof valueBytes === 'string') return valueBytes;
    const err = machine.syscall.mapUpdate(fd, keyBytes, forEachCpu(map, valueBytes), 0);
    return err < 0 ? `updating an element of map '${name}' fails with ${errnoName(err)}` : '';
  },
  delete(name, key) {
    const open = openMap(machine, loaded, name, 'delete from');
    if (typeof open === 'string') return open;
    const { fd, map } = open;
    const keyBytes = encode(key, map.spec.keySize, 'key');
    if (typeof keyBytes === 'string') return keyBytes;
    const err = machine.syscall.mapDelete(fd, keyBytes);
    return err < 0 ? `deleting an element of map '${name}' fails with ${errnoName(err)}` : '';
  },
});
