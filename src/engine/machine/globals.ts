/** Global variables of an object: set before load, read at any time, typed by the object's own BTF. */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { PerfEventArrayMap } from '../bpf/maps/perf_event_array.ts';
import { RingbufMap } from '../bpf/maps/ringbuf.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Json } from '../inspect/bpftool_json.ts';
import { rawJson, typedJson } from '../inspect/bpftool_json.ts';
import type { LoadedObject } from '../libbpf/load.ts';
import type { BpfMapSpec, BpfObject } from '../libbpf/object.ts';
import type { BpfSyscall } from '../sys/bpf.ts';

interface Variable {
  readonly name: string;
  readonly btf: Btf;
  readonly map: BpfMapSpec;
  readonly type: TypeId;
  readonly offset: Bytes;
  readonly size: Bytes;
}

const KEY_ZERO = new Uint8Array(4);

/** The object's types with the sizes and offsets of its sections filled in. */
const filledIn = (object: BpfObject): Btf | null =>
  object.btfForKernel ? Btf.parse(object.btfForKernel) : null;

/** Variables of .data, .bss, .rodata and the like, by the DATASEC of their map. */
function variables(object: BpfObject): Variable[] {
  const btf = filledIn(object);
  if (!btf) return [];
  return object.maps.flatMap((map) => {
    const section = map.initial ? btf.type(btf.find(map.section, Kind.DATASEC)) : null;
    if (section?.kind !== Kind.DATASEC) return [];
    return section.vars.flatMap(({ type, offset }) => {
      const variable = btf.type(type);
      if (variable.kind !== Kind.VAR) return [];
      return [
        { name: variable.name, btf, map, type: variable.type, offset, size: sizeOf(btf, variable.type) },
      ];
    });
  });
}

/**
 * Sets a variable before load.
 *
 * @param text a whole number (decimal, 0x, negative), true, false, a character or text for a char array
 * @returns what is wrong, '' when it was set
 */
export function setGlobal(object: BpfObject, name: string, text: string): string {
  const all = variables(object);
  const variable = all.find((v) => v.name === name);
  if (!variable) {
    const known = all.filter((v) => !v.name.includes('.')).map((v) => v.name);
    return `there is no global variable '${name}'; ${known.length === 0 ? 'the object has none' : `the object has ${known.join(', ')}`}`;
  }
  const bytes = encode(variable, text);
  if (!bytes)
    return `'${text}' is no value for '${name}', which has ${variable.size} byte${variable.size === 1 ? '' : 's'}`;
  variable.map.initial?.set(bytes, variable.offset);
  return '';
}

function encode({ btf, type, size }: Variable, text: string): Uint8Array | null {
  const resolved = btf.type(resolve(btf, type));
  const out = new Uint8Array(size);
  if (resolved.kind === Kind.ARRAY) {
    if (sizeOf(btf, resolved.type) !== 1 || text.length >= size) return null;
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    return out;
  }
  const scalar =
    resolved.kind === Kind.INT ||
    resolved.kind === Kind.ENUM ||
    resolved.kind === Kind.ENUM64 ||
    resolved.kind === Kind.PTR;
  if (!scalar) return null;
  const named = 'values' in resolved ? resolved.values.find((v) => v.name === text)?.value : undefined;
  const word = text === 'true' ? '1' : text === 'false' ? '0' : text;
  if (named === undefined && !/^-?(\d+|0x[0-9a-fA-F]+)$/.test(word)) return null;
  const value = named ?? (word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word));
  if (BigInt.asIntN(size * 8, value) !== value && BigInt.asUintN(size * 8, value) !== value) return null;
  for (let i = 0; i < size; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

/** Every variable with its value now. Names that the compiler made (`dump.___fmt`) are left out. */
export function readGlobals(loaded: LoadedObject, syscall: BpfSyscall): Record<string, Json> {
  const { object, mapFds } = loaded;
  const out: Record<string, Json> = {};
  for (const variable of variables(object)) {
    if (variable.name.includes('.')) continue;
    const value = syscall.mapLookup(mapFds[object.maps.indexOf(variable.map)] ?? -1, KEY_ZERO);
    if (typeof value === 'number') continue;
    out[variable.name] = typedJson(
      variable.btf,
      variable.type,
      value.subarray(variable.offset, variable.offset + variable.size),
    );
  }
  return out;
}

/** Every map of `.maps` with its elements, as [{ key, value }]. */
export function readMaps(loaded: LoadedObject, syscall: BpfSyscall): Record<string, Json> {
  const { object, mapFds } = loaded;
  const btf = filledIn(object);
  const out: Record<string, Json> = {};
  object.maps.forEach((map, i) => {
    if (map.origin !== 'maps') return;
    out[map.name] = elements(map, btf, mapFds[i] ?? -1, syscall);
  });
  return out;
}

/** Opens an event on every processor for each perf event array, as a reader with perf_buffer__new would. */
export function openPerfBuffers(loaded: LoadedObject, { sys }: BpfSyscall): void {
  for (const fd of loaded.mapFds) {
    const map = sys.fds.get('map', fd);
    if (!(map instanceof PerfEventArrayMap) || !map.closed) continue;
    for (let cpu = 0; cpu < map.cpus; cpu++) map.open(cpu);
  }
}

/** Records of ring buffers and perf buffers that were submitted and not yet read, as hex; reading consumes them. */
export function readRingbufs(loaded: LoadedObject, { sys }: BpfSyscall): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  loaded.object.maps.forEach((spec, i) => {
    const map = sys.fds.get('map', loaded.mapFds[i] ?? -1);
    if (map instanceof RingbufMap || map instanceof PerfEventArrayMap)
      out[spec.name] = map
        .consume()
        .map((record) => Array.from(record, (b) => b.toString(16).padStart(2, '0')).join(''));
  });
  return out;
}

/** Where in a per-cpu map's value each processor's part starts; null for other maps. */
function perCpuSlots({ sys }: BpfSyscall, fd: number): Bytes[] | null {
  const map = sys.fds.get('map', fd);
  if (typeof map === 'number' || MAP_KINDS.get(map.spec.type)?.percpu !== true) return null;
  return Array.from({ length: map.cpus }, (_, cpu) => cpu * map.slotSize);
}

const MAX_ELEMENTS = 100_000;

function elements(map: BpfMapSpec, btf: Btf | null, fd: number, syscall: BpfSyscall): Json {
  const json = (type: TypeId, bytes: Uint8Array): Json =>
    btf && type !== 0 ? typedJson(btf, type, bytes) : rawJson(bytes);
  const out: Json[] = [];
  let key: Uint8Array | null = null;
  while (out.length < MAX_ELEMENTS) {
    const next: Uint8Array | number = syscall.mapGetNextKey(fd, key);
    if (typeof next === 'number') break;
    key = next;
    const value = syscall.mapLookup(fd, key);
    if (typeof value === 'number') continue;
    const one = (at: Bytes): Json => json(map.def.btfValueTypeId, value.subarray(at, at + map.def.valueSize));
    const slots = perCpuSlots(syscall, fd);
    out.push({
      key: json(map.def.btfKeyTypeId, key),
      ...(slots ? { values: slots.map((at, cpu) => ({ cpu, value: one(at) })) } : { value: one(0) }),
    });
  }
  return out;
}
