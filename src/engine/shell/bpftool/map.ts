/** bpftool map: maps, and what is in them. Source: tools/bpf/bpftool/map.c. */
import { must } from '../../../shared/assert.ts';
import { MAP_TYPE_NAMES } from '../../abi/uapi.ts';
import { MAP_KINDS } from '../../bpf/maps/index.ts';
import type { BpfMap } from '../../bpf/map.ts';
import { strerror } from '../../libbpf/messages.ts';
import { mapMemlock } from '../../sys/map_memlock.ts';
import { userValueSize } from '../../sys/map_cmds.ts';
import type { Run } from '../run.ts';
import { hexBytes, typedValue } from '../../inspect/btf_values.ts';
import { ids, parseHandle, parseHandles, pinnedPaths, pinObject, pinPath } from './handles.ts';
import { writeJson } from './json.ts';
import type { Json } from './json.ts';
import { ENOENT, isPrefix } from './tool.ts';
import type { Handler, Tool } from './tool.ts';

/** As libbpf spells a map's type; a number for one it does not know. */
const typeName = (type: number): string | null => MAP_TYPE_NAMES[type]?.toLowerCase() ?? null;

const mapOf = (tool: Tool, fd: number): BpfMap => {
  const map = tool.sys.fds.get('map', fd);
  return must(typeof map === 'number' ? null : map, `map behind fd ${fd}`);
};

// -- show ------------------------------------------------------------------------------------------------------

const btfIdOf = (tool: Tool, fd: number): number => {
  const info = tool.syscall.objInfo(fd);
  return typeof info !== 'number' && info.kind === 'map' ? info.btf_id : 0;
};

function plainMap(map: BpfMap, btfId: number, pins: readonly string[]): string {
  const { spec, id } = map;
  const name = typeName(spec.type);
  return (
    `${id}: ${name === null ? `type ${spec.type}` : name}  ${spec.name === '' ? '' : `name ${spec.name}  `}flags 0x${spec.flags.toString(16)}\n` +
    `\tkey ${spec.keySize}B  value ${spec.valueSize}B  max_entries ${spec.maxEntries}  memlock ${mapMemlock(map)}B` +
    (btfId === 0 ? '' : `\n\tbtf_id ${btfId}`) +
    (map.frozen ? `${btfId === 0 ? '\n\t' : '  '}frozen` : '') +
    pins.map((path) => `\n\tpinned ${path}`).join('') +
    '\n'
  );
}

const jsonMap = (map: BpfMap, btfId: number, pins: readonly string[] | null): Json => ({
  id: map.id,
  type: typeName(map.spec.type) ?? map.spec.type,
  ...(map.spec.name === '' ? {} : { name: map.spec.name }),
  flags: map.spec.flags,
  bytes_key: map.spec.keySize,
  bytes_value: map.spec.valueSize,
  max_entries: map.spec.maxEntries,
  bytes_memlock: mapMemlock(map),
  frozen: map.frozen ? 1 : 0,
  ...(btfId === 0 ? {} : { btf_id: btfId }),
  ...(pins ? { pinned: pins } : {}),
});

/** @kernel do_show, tools/bpf/bpftool/map.c @fidelity partial: owners of program arrays and the processes that hold maps are not shown */
function* show(tool: Tool): Run<number> {
  const pins = pinnedPaths(tool, 'map');
  const one = function* (fd: number): Run<Json> {
    const map = mapOf(tool, fd);
    const btfId = btfIdOf(tool, fd);
    tool.syscall.close(fd);
    if (!tool.options.json) yield* tool.print(plainMap(map, btfId, pins.get(map.id) ?? []));
    return jsonMap(map, btfId, pins.size > 0 ? (pins.get(map.id) ?? []) : null);
  };
  if (tool.left === 2) {
    const values: Json[] = [];
    for (const fd of yield* parseHandles(tool, 'map')) values.push(yield* one(fd));
    if (tool.options.json) tool.value(values.length === 1 ? (values[0] ?? null) : values);
    return 0;
  }
  if (tool.left > 0) return yield* tool.badWord();
  const all: Json[] = [];
  for (const id of ids(tool, 'map')) {
    const fd = tool.syscall.getFdById('map', id);
    if (fd < 0) return yield* tool.give(`can't get map by id (${id}): ${strerror(fd)}`);
    all.push(yield* one(fd));
  }
  if (tool.options.json) tool.value(all);
  return 0;
}

// -- elements --------------------------------------------------------------------------------------------------

/** 16 bytes on a line, a wider gap after the eighth. */
function hexText(bytes: Uint8Array): string {
  let out = '';
  bytes.forEach((byte, i) => {
    const gap = i === 0 ? '' : i % 16 === 0 ? '\n' : i % 8 === 0 ? '  ' : ' ';
    out += gap + byte.toString(16).padStart(2, '0');
  });
  return out;
}

/** Where each processor's part of a value starts; null for maps that are not per-cpu. */
function slots(map: BpfMap): number[] | null {
  if (MAP_KINDS.get(map.spec.type)?.percpu !== true) return null;
  return Array.from({ length: map.cpus }, (_, cpu) => cpu * map.slotSize);
}

function plainEntry(map: BpfMap, key: Uint8Array, value: Uint8Array): string {
  const { keySize, valueSize } = map.spec;
  const cpus = slots(map);
  if (cpus) {
    const parts = cpus.map(
      (at, cpu) =>
        `value (CPU ${String(cpu).padStart(2, '0')}):${valueSize > 16 ? '\n' : ' '}${hexText(value.subarray(at, at + valueSize))}\n`,
    );
    return `${keySize > 0 ? `key:\n${hexText(key)}\n` : ''}${parts.join('')}`;
  }
  const breaks = keySize > 16 || valueSize > 16;
  const oneLine = keySize + valueSize <= 24 && !breaks;
  const part = (name: string, bytes: Uint8Array): string => `${name}:${breaks ? '\n' : ' '}${hexText(bytes)}`;
  const parts = [
    ...(keySize > 0 ? [part('key', key)] : []),
    ...(valueSize > 0 ? [part('value', value)] : []),
  ];
  return `${parts.join(oneLine ? '  ' : '\n')}\n`;
}

/** Key and value by their types; null when the map says none. */
function typedEntry(map: BpfMap, key: Uint8Array, value: Uint8Array, plain: boolean): Json | null {
  const { btf, valueSize } = map.spec;
  if (!btf) return null;
  const cpus = slots(map);
  const one = (at: number): Json =>
    typedValue(btf.types, btf.value, value.subarray(at, at + valueSize), plain);
  return {
    // Sections of global data have a key, but no type for it.
    ...(btf.key === 0 ? {} : { key: typedValue(btf.types, btf.key, key, plain) }),
    ...(cpus ? { values: cpus.map((at, cpu) => ({ cpu, value: one(at) })) } : { value: one(0) }),
  };
}

function jsonEntry(map: BpfMap, key: Uint8Array, value: Uint8Array): Json {
  const cpus = slots(map);
  const { keySize, valueSize } = map.spec;
  const raw = {
    ...(keySize > 0 ? { key: hexBytes(key) } : {}),
    ...(cpus
      ? { values: cpus.map((at, cpu) => ({ cpu, value: hexBytes(value.subarray(at, at + valueSize)) })) }
      : { value: hexBytes(value) }),
  };
  const formatted = typedEntry(map, key, value, false);
  return formatted === null ? raw : { ...raw, formatted };
}

const MOST_ELEMENTS = 1_000_000;

/** @kernel do_dump, tools/bpf/bpftool/map.c @fidelity partial: program arrays show ids as they are */
function* dump(tool: Tool): Run<number> {
  if (tool.left !== 2) return yield* tool.usage();
  for (const fd of yield* parseHandles(tool, 'map')) {
    const map = mapOf(tool, fd);
    const typed: Json[] = [];
    const json: Json[] = [];
    const elements: (readonly [Uint8Array, Uint8Array | number])[] = [];
    for (
      let key = tool.syscall.mapGetNextKey(fd, null);
      typeof key !== 'number' && elements.length < MOST_ELEMENTS;
      key = tool.syscall.mapGetNextKey(fd, key)
    )
      elements.push([key, tool.syscall.mapLookup(fd, key)]);
    for (const [key, value] of elements) {
      if (typeof value === 'number') {
        const why = value === ENOENT ? '<no entry>' : strerror(value);
        if (tool.options.json) json.push({ key: hexBytes(key), value: { error: why } });
        else if (!map.spec.btf) yield* tool.print(`key: ${hexText(key)}\nvalue: ${why}\n`);
        else
          typed.push({
            key:
              map.spec.btf.key === 0
                ? hexBytes(key)
                : typedValue(map.spec.btf.types, map.spec.btf.key, key, true),
            value: why,
          });
        continue;
      }
      if (tool.options.json) json.push(jsonEntry(map, key, value));
      else if (map.spec.btf) typed.push(typedEntry(map, key, value, true) ?? null);
      else yield* tool.print(plainEntry(map, key, value));
    }
    if (tool.options.json) tool.value(json);
    else if (map.spec.btf) yield* tool.print(`${writeJson(typed, true)}\n`);
    else yield* tool.print(`Found ${elements.length} element${elements.length === 1 ? '' : 's'}\n`);
    tool.syscall.close(fd);
  }
  return 0;
}

/** What follows the map in update, lookup and their like. */
interface Element {
  key: Uint8Array | null;
  value: Uint8Array | null;
  flags: number;
}
const UPDATE_FLAGS: Readonly<Record<string, number>> = { any: 0, noexist: 1, exist: 2 };

/** `[hex] BYTES`: decimal or 0x numbers, or bare hex. */
function* parseBytes(tool: Tool, name: string, size: number): Run<Uint8Array> {
  const out = new Uint8Array(size);
  const hex = tool.left > 0 && isPrefix(tool.next, 'hex') && tool.next !== '';
  if (hex) tool.take();
  let i = 0;
  for (; i < size && tool.left > 0; i++) {
    const word = tool.take();
    const pattern = hex ? /^(0x)?[0-9a-fA-F]+$/ : /^(0x[0-9a-fA-F]+|\d+)$/;
    if (!pattern.test(word)) return yield* tool.give(`error parsing byte: ${word}`);
    out[i] = parseInt(word, hex || word.startsWith('0x') ? 16 : word.startsWith('0') ? 8 : 10);
  }
  if (i === size) return out;
  return yield* tool.give(`${name} expected ${size} bytes got ${i}`);
}

/** @param wanted which parts are to be given */
function* parseElement(tool: Tool, map: BpfMap, wanted: { key: boolean; value: boolean }): Run<Element> {
  const out: Element = { key: null, value: null, flags: 0 };
  const { keySize } = map.spec;
  let flagged = false;
  while (tool.left > 0) {
    if (tool.accept('key')) {
      if (!wanted.key || out.key) return yield* tool.give(out.key ? 'duplicate key' : 'unnecessary key');
      out.key = yield* parseBytes(tool, 'key', keySize);
    } else if (tool.accept('value')) {
      if (!wanted.value || out.value)
        return yield* tool.give(out.value ? 'duplicate value' : 'unnecessary value');
      out.value = yield* parseValue(tool, map);
    } else {
      const flag = Object.keys(UPDATE_FLAGS).find((name) => isPrefix(tool.next, name));
      if (flag === undefined) return yield* tool.give(`expected key or value, got: ${tool.next}`);
      if (flagged) return yield* tool.give(`flags specified multiple times: ${tool.next}`);
      tool.take();
      flagged = true;
      out.flags = UPDATE_FLAGS[flag] ?? 0;
    }
  }
  if (wanted.key && !out.key && keySize > 0) return yield* tool.give('did not find key');
  if (wanted.value && !out.value) return yield* tool.give('did not find value');
  return out;
}

/** Bytes; for maps that hold objects the handle of one; for per-cpu maps the same value for each processor. */
function* parseValue(tool: Tool, map: BpfMap): Run<Uint8Array> {
  const { type, valueSize } = map.spec;
  const holds = typeName(type);
  const object =
    holds === 'array_of_maps' || holds === 'hash_of_maps' ? 'map' : holds === 'prog_array' ? 'prog' : null;
  if (object) {
    const what = object === 'map' ? 'map in map' : 'map of progs';
    if (tool.left < 2) return yield* tool.give(`not enough value arguments for ${what}`);
    const fd = yield* parseHandle(tool, object);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, fd, true);
    return bytes;
  }
  const one = yield* parseBytes(tool, 'value', valueSize);
  const cpus = slots(map);
  if (!cpus) return one;
  const all = new Uint8Array(userValueSize(map));
  for (const at of cpus) all.set(one, at);
  return all;
}

function* update(tool: Tool): Run<number> {
  if (tool.left < 2) return yield* tool.usage();
  const fd = yield* parseHandle(tool, 'map');
  const map = mapOf(tool, fd);
  const element = yield* parseElement(tool, map, { key: true, value: true });
  const err = tool.syscall.mapUpdate(fd, element.key, element.value, element.flags);
  if (err < 0) return yield* tool.failed('update failed', err);
  if (tool.options.json) tool.value(null);
  return 0;
}

/** What lookup, peek and pop show of one element. */
function* showElement(tool: Tool, map: BpfMap, key: Uint8Array, value: Uint8Array): Run<void> {
  if (tool.options.json) return tool.value(jsonEntry(map, key, value));
  const typed = typedEntry(map, key, value, true);
  yield* tool.print(typed === null ? plainEntry(map, key, value) : `${writeJson(typed, true)}\n`);
}

function* lookup(tool: Tool): Run<number> {
  if (tool.left < 2) return yield* tool.usage();
  const fd = yield* parseHandle(tool, 'map');
  const map = mapOf(tool, fd);
  const { key } = yield* parseElement(tool, map, { key: true, value: false });
  const value = tool.syscall.mapLookup(fd, key);
  if (typeof value !== 'number') {
    yield* showElement(tool, map, key ?? new Uint8Array(0), value);
    return 0;
  }
  if (value !== ENOENT) return yield* tool.failed('lookup failed', value);
  if (tool.options.json) tool.value(null);
  else yield* tool.print(`key:\n${hexText(key ?? new Uint8Array(0))}\n\nNot found\n`);
  return -1;
}

function* getnext(tool: Tool): Run<number> {
  if (tool.left < 2) return yield* tool.usage();
  const fd = yield* parseHandle(tool, 'map');
  const map = mapOf(tool, fd);
  const key = tool.left > 0 ? (yield* parseElement(tool, map, { key: true, value: false })).key : null;
  const next = tool.syscall.mapGetNextKey(fd, key);
  if (typeof next === 'number') return yield* tool.failed("can't get next key", next);
  if (tool.options.json) tool.value({ key: key ? hexBytes(key) : null, next_key: hexBytes(next) });
  else {
    yield* tool.print(key ? `key:\n${hexText(key)}\n` : 'key: None\n');
    yield* tool.print(`next key:\n${hexText(next)}\n`);
  }
  return 0;
}

function* remove(tool: Tool): Run<number> {
  if (tool.left < 2) return yield* tool.usage();
  const fd = yield* parseHandle(tool, 'map');
  const map = mapOf(tool, fd);
  const { key } = yield* parseElement(tool, map, { key: true, value: false });
  const err = tool.syscall.mapDelete(fd, key);
  if (err < 0) return yield* tool.failed('delete failed', err);
  if (tool.options.json) tool.value(null);
  return 0;
}

/** @kernel do_create, tools/bpf/bpftool/map.c @fidelity partial: no devices */
function* create(tool: Tool): Run<number> {
  if (tool.left < 7) return yield* tool.usage();
  const path = tool.take();
  const numbers = new Map<string, number>();
  let type = '';
  let name = '';
  let inner = 0;
  while (tool.left > 0) {
    const word = ['type', 'name', 'key', 'value', 'entries', 'flags', 'inner_map'].find((each) =>
      isPrefix(tool.next, each),
    );
    if (word === undefined) return yield* tool.give(`unknown arg ${tool.next}`);
    tool.take();
    if (tool.left === 0) return yield* tool.usage();
    if (word === 'type') {
      if (type !== '') return yield* tool.give('map type already specified');
      type = tool.take();
    } else if (word === 'name') name = tool.take();
    else if (word === 'inner_map') inner = yield* parseHandle(tool, 'map');
    else if (numbers.has(word)) return yield* tool.give(`${SIZE_WORDS[word] ?? word} already specified`);
    else numbers.set(word, yield* tool.number(SIZE_WORDS[word] ?? word));
  }
  if (name === '') return yield* tool.give('map name not specified');
  const number = MAP_TYPE_NAMES.findIndex((each) => each?.toLowerCase() === type);
  if (number <= 0) return yield* tool.give(`unrecognized map type: ${type}`);
  const fd = tool.syscall.mapCreate({
    type: number,
    name: name.slice(0, 15),
    keySize: numbers.get('key') ?? 0,
    valueSize: numbers.get('value') ?? 0,
    maxEntries: numbers.get('entries') ?? 0,
    flags: numbers.get('flags') ?? 0,
    mapExtra: 0n,
    numaNode: 0,
    btfFd: 0,
    btfKeyTypeId: 0,
    btfValueTypeId: 0,
    innerMapFd: inner,
  });
  if (fd < 0) return yield* tool.failed('map create failed', fd);
  const err = tool.syscall.objPin(fd, yield* pinPath(tool, path));
  if (err < 0) return yield* tool.give(`can't pin the object (${path}): ${strerror(err)}`);
  if (tool.options.json) tool.value(null);
  return 0;
}
const SIZE_WORDS: Readonly<Record<string, string>> = {
  key: 'key size',
  value: 'value size',
  entries: 'max entries',
  flags: 'flags',
};

function* freeze(tool: Tool): Run<number> {
  if (tool.left !== 2) return (yield* tool.need(2), yield* tool.usage());
  const fd = yield* parseHandle(tool, 'map');
  const err = tool.syscall.mapFreeze(fd);
  if (err < 0) return yield* tool.failed('failed to freeze map', err);
  if (tool.options.json) tool.value(null);
  return 0;
}

const pin: Handler = (tool) => pinObject(tool, 'map');

/** peek, push, pop and their names for queues: elements without keys. */
const take = (pop: boolean): Handler =>
  function* (tool) {
    if (tool.left < 2) return yield* tool.usage();
    const fd = yield* parseHandle(tool, 'map');
    const map = mapOf(tool, fd);
    if (!['queue', 'stack'].includes(typeName(map.spec.type) ?? ''))
      return yield* notAQueue(tool, pop ? 'pop' : 'lookup');
    const value = popOrPeek(map, pop);
    if (typeof value !== 'number') {
      yield* showElement(tool, map, new Uint8Array(0), value);
      return 0;
    }
    if (value !== ENOENT) return yield* tool.failed(pop ? 'pop failed' : 'lookup failed', value);
    if (tool.options.json) tool.value(null);
    else yield* tool.print(pop ? 'Error: empty map\n' : '\n\nNot found\n');
    return pop ? 0 : -1;
  };

const notAQueue = (tool: Tool, what: string): Run<never> => tool.give(`${what} failed: ${strerror(-524)}`);

function popOrPeek(map: BpfMap, pop: boolean): Uint8Array | number {
  const { kernel } = map;
  const at = kernel.allocBytes(Math.max(8, map.spec.valueSize));
  const err = pop ? map.pop(at) : map.peek(at);
  const value = kernel.mem.bytes(at, map.spec.valueSize);
  kernel.mem.release(at);
  return err < 0 ? err : value;
}

const push: Handler = function* (tool) {
  if (tool.left < 2) return yield* tool.usage();
  const fd = yield* parseHandle(tool, 'map');
  const map = mapOf(tool, fd);
  const { value, flags } = yield* parseElement(tool, map, { key: false, value: true });
  const err = tool.syscall.mapUpdate(fd, null, value, flags);
  if (err < 0) return yield* tool.failed('update failed', err);
  if (tool.options.json) tool.value(null);
  return 0;
};

export const MAP: Readonly<Record<string, Handler>> = {
  show,
  list: show,
  create,
  dump,
  update,
  lookup,
  getnext,
  delete: remove,
  pin,
  peek: take(false),
  push,
  pop: take(true),
  enqueue: push,
  dequeue: take(true),
  freeze,
};
