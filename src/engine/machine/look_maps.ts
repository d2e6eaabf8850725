/**
 * Maps and global variables at a moment. They are read out of the kernel's memory as bpf(2) would hand them
 * out, kept as bytes, and become text by their types only where they are shown.
 *
 *     then: key bytes -> value bytes        now: the same        what differs, and the first of the rest: text
 *
 * Those of a session are the maps of its program, and what was loaded with it. A data section is a map whose one
 * value has a DATASEC for its type: its variables are shown each for itself.
 */
import type { SeenMap, SeenMaps, SeenValue } from '../../protocol/peek.ts';
import type { TypeId } from '../../shared/brand.ts';
import { MAP_TYPE_NAMES } from '../abi/uapi.ts';
import type { BpfMap } from '../bpf/map.ts';
import { MAP_KINDS } from '../bpf/maps/index.ts';
import { progsByAddr } from '../bpf/prog.ts';
import { sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { typedJson } from '../inspect/bpftool_json.ts';
import type { Json } from '../inspect/bpftool_json.ts';
import type { LoadedObject } from '../libbpf/load.ts';
import { valueIn } from '../sys/map_cmds.ts';
import type { Machine } from './boot.ts';

/** Elements of one map that are looked at, and those that are listed. */
const COUNTED = 10_000;
const LISTED = 64;
/** Longer texts are cut: nobody reads them in a row of a list. */
const TEXT_MOST = 400;
/** Variables of more bytes are told by their size. */
const TYPED_MOST = 1 << 16;

interface Element {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A variable, or a map, at a moment. */
interface Held {
  readonly name: string;
  readonly map: BpfMap;
  /** By the bytes of its key; a variable is the element of its name. */
  readonly elements: ReadonlyMap<string, Element>;
  readonly more: boolean;
  /** Of a variable. */
  readonly type: { readonly btf: Btf; readonly id: TypeId } | null;
}

/** What there was at a moment, to be compared. */
export type MapsThen = ReadonlyMap<string, Held>;

const textOf = (json: Json): string => {
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  return text.length > TEXT_MOST ? `${text.slice(0, TEXT_MOST)}…` : text;
};

const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export class MapsView {
  private readonly loaded: LoadedObject | null;

  /** @param loaded what the run has loaded itself, whose maps have their full names; null: it was not the run */
  constructor(loaded: LoadedObject | null) {
    this.loaded = loaded;
  }

  at(machine: Machine, session: number): MapsThen {
    const found = new Map<string, Held>();
    for (const [map, name] of this.mapsOf(machine, session))
      for (const held of heldIn(machine, map, name)) found.set(`${map.addr} ${held.name}`, held);
    return found;
  }

  /** Maps with what they are called. */
  private mapsOf({ sys, kernel }: Machine, session: number): ReadonlyMap<BpfMap, string> {
    const found = new Map<BpfMap, string>();
    this.loaded?.object.maps.forEach(({ name }, i) => {
      const map = sys.fds.get('map', this.loaded?.mapFds[i] ?? -1);
      if (typeof map !== 'number') found.set(map, name);
    });
    const open = sys.fds.openSessions.find(({ id }) => id === session);
    if (open)
      for (const map of progsByAddr.at(kernel, open.prog.addr).maps)
        if (!found.has(map)) found.set(map, map.spec.name);
    return found;
  }

  compare(now: MapsThen, then: MapsThen | null): SeenMaps {
    const globals: SeenValue[] = [];
    const maps: SeenMap[] = [];
    for (const [id, held] of now) {
      const before = then?.get(id) ?? null;
      if (held.type) globals.push(...listed(held, before).map((seen) => ({ ...seen, key: held.name })));
      else
        maps.push({
          name: held.name,
          type: MAP_TYPE_NAMES[held.map.spec.type]?.toLowerCase() ?? '',
          length: held.elements.size,
          more: held.more,
          elements: listed(held, before),
        });
    }
    return { globals, maps };
  }
}

/** A map as it is, or the variables of a data section. */
function heldIn(machine: Machine, map: BpfMap, name: string): Held[] {
  const { spec } = map;
  const section = spec.btf && spec.btf.value !== 0 ? spec.btf.types.type(spec.btf.value) : null;
  if (section?.kind !== Kind.DATASEC) return [{ name, map, type: null, ...elementsOf(machine, map) }];
  const key = new Uint8Array(spec.keySize);
  const bytes = valueIn(machine.sys, map, key);
  const btf = spec.btf?.types;
  if (typeof bytes === 'number' || !btf) return [];
  return section.vars.flatMap(({ type, offset }) => {
    const variable = btf.type(type);
    // Names that the compiler made (`dump.___fmt`) are nobody's variables.
    if (variable.kind !== Kind.VAR || variable.name.includes('.')) return [];
    const value = bytes.subarray(offset, offset + sizeOf(btf, variable.type));
    return {
      name: variable.name,
      map,
      elements: new Map([['', { key, value }]]),
      more: false,
      type: { btf, id: variable.type },
    };
  });
}

function elementsOf({ sys }: Machine, map: BpfMap): Pick<Held, 'elements' | 'more'> {
  const elements = new Map<string, Element>();
  for (let key = map.nextKey(null); key; key = map.nextKey(key)) {
    if (elements.size === COUNTED) return { elements, more: true };
    const value = valueIn(sys, map, key);
    if (typeof value !== 'number') elements.set(key.join(), { key, value });
  }
  return { elements, more: false };
}

/** The first elements, and those that have changed, in the order of the map; what is gone comes last. */
function listed(now: Held, then: Held | null): SeenValue[] {
  const rows: SeenValue[] = [];
  let changes = 0;
  let first = 0;
  const take = (row: () => SeenValue, changed: boolean): void => {
    if (changed ? changes++ < LISTED : first++ < LISTED) rows.push(row());
  };
  for (const [id, element] of now.elements) {
    const before = then?.elements.get(id);
    const changed = before !== undefined && !same(before.value, element.value);
    const fresh = then !== null && !then.more && !before;
    take(
      () => ({
        key: keyText(now, element),
        value: valueText(now, element),
        since: changed ? 'changed' : fresh ? 'new' : 'same',
        was: changed && before ? valueText(now, before) : '',
      }),
      changed || fresh,
    );
  }
  if (then && !now.more)
    for (const [id, element] of then.elements)
      if (!now.elements.has(id))
        take(
          () => ({ key: keyText(now, element), value: valueText(now, element), since: 'gone', was: '' }),
          true,
        );
  return rows;
}

/** Bytes without a type are written as they are. */
const typed = (btf: Btf | undefined, id: TypeId | undefined, bytes: Uint8Array): Json =>
  btf && id !== undefined && id !== 0 ? typedJson(btf, id, bytes) : Array.from(bytes, hexByte).join(' ');

const keyText = ({ map: { spec } }: Held, { key }: Element): string =>
  textOf(typed(spec.btf?.types, spec.btf?.key, key));

function valueText({ map, type }: Held, { value }: Element): string {
  if (value.length > TYPED_MOST) return `${value.length} bytes`;
  if (type) return textOf(typed(type.btf, type.id, value));
  const { spec, cpus, slotSize } = map;
  const one = (at: number): Json =>
    typed(spec.btf?.types, spec.btf?.value, value.subarray(at, at + spec.valueSize));
  if (MAP_KINDS.get(spec.type)?.percpu !== true) return textOf(one(0));
  return textOf(Array.from({ length: cpus }, (_, cpu) => one(cpu * slotSize)));
}
