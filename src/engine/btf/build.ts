/**
 * Builds a BTF blob: types go in as the union of types.ts, bytes come out.
 *
 * An id is known as soon as a type is added, and never changes until `dedup`. A type that must be named before
 * it is complete (a struct that points to itself) is reserved first and defined later. Adding the same type
 * twice gives the first id, except for variables, which are themselves.
 *
 *     const self = builder.reserve();
 *     const next = builder.add({ kind: Kind.PTR, name: '', type: self });
 *     builder.define(self, { kind: Kind.STRUCT, name: 'node', size: 8, members: [...] });
 */
import { assert, must } from '../../shared/assert.ts';
import type { TypeId } from '../../shared/brand.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import type { Btf } from './parse.ts';
import { BTF_MAGIC, Kind } from './types.ts';
import type { BtfType } from './types.ts';

/** Members of a struct, values of an enum, variables of a section. */
export const MOST_PARTS = 0xffff;

const HEADER_BYTES = 24;

/** The type with every type it refers to replaced. */
export function mapRefs(type: BtfType, map: (id: TypeId) => TypeId): BtfType {
  switch (type.kind) {
    case Kind.ARRAY:
      return { ...type, type: map(type.type), indexType: map(type.indexType) };
    case Kind.STRUCT:
    case Kind.UNION:
      return { ...type, members: type.members.map((m) => ({ ...m, type: map(m.type) })) };
    case Kind.FUNC_PROTO:
      return { ...type, type: map(type.type), params: type.params.map((p) => ({ ...p, type: map(p.type) })) };
    case Kind.DATASEC:
      return { ...type, vars: type.vars.map((v) => ({ ...v, type: map(v.type) })) };
    default:
      return 'type' in type ? { ...type, type: map(type.type) } : type;
  }
}

/** A text that is the same for types that are. */
function keyOf(type: BtfType): string {
  switch (type.kind) {
    case Kind.PTR:
    case Kind.CONST:
    case Kind.VOLATILE:
    case Kind.RESTRICT:
    case Kind.TYPEDEF:
    case Kind.TYPE_TAG:
      return `${type.kind} ${type.type} ${type.name}`;
    case Kind.INT:
      return `${type.kind} ${type.size} ${type.encoding} ${type.bitOffset} ${type.bits} ${type.name}`;
    case Kind.FUNC:
      return `${type.kind} ${type.type} ${type.linkage} ${type.name}`;
    case Kind.ARRAY:
      return `${type.kind} ${type.type} ${type.indexType} ${type.nelems} ${type.name}`;
    case Kind.FUNC_PROTO: {
      let key = `${type.kind} ${type.type}`;
      // No name of C has a blank in it.
      for (const param of type.params) key += ` ${param.type} ${param.name}`;
      return key;
    }
    case Kind.ENUM:
    case Kind.ENUM64: {
      let key = `${type.kind} ${type.size} ${type.signed} ${type.name}`;
      for (const { name, value } of type.values) key += ` ${value} ${name}`;
      return key;
    }
    default:
      return JSON.stringify(type);
  }
}

/** Of a type that is one other type and no more: an exact number in place of a text, or null. */
const numberOf = (type: BtfType): number | null =>
  type.kind === Kind.PTR ||
  type.kind === Kind.CONST ||
  type.kind === Kind.VOLATILE ||
  type.kind === Kind.RESTRICT
    ? type.type * 32 + type.kind
    : null;

/** Variables differ even when they look alike. */
const isItself = (type: BtfType): boolean => type.kind === Kind.VAR || type.kind === Kind.DATASEC;

export class BtfBuilder {
  private readonly base: Btf | null;
  private readonly start: TypeId;
  private types: (BtfType | null)[] = [];
  private readonly known = new Map<string | number, TypeId>();
  private strings = '\0';
  private readonly stringAt = new Map<string, number>();
  private readonly stringBase: number;

  /** @param base the BTF whose ids and strings this one continues (split BTF) */
  constructor(base: Btf | null = null) {
    this.base = base;
    this.start = base ? base.end : 1;
    this.stringBase = base ? base.stringBytes : 0;
    if (base) this.strings = '';
    this.stringAt.set('', 0);
  }

  /** A builder that holds what a blob holds: ids and string offsets stay. */
  static from(btf: Btf): BtfBuilder {
    const builder = new BtfBuilder(btf.base);
    builder.strings = btf.ownStrings();
    for (const match of builder.strings.matchAll(/([^\0]+)\0/g))
      if (!builder.stringAt.has(match[1] ?? ''))
        builder.stringAt.set(match[1] ?? '', builder.stringBase + match.index);
    for (let id = btf.start; id < btf.end; id++) {
      const type = btf.type(id);
      builder.types.push(type);
      const key = numberOf(type) ?? keyOf(type);
      if (!isItself(type) && !builder.known.has(key)) builder.known.set(key, id);
    }
    return builder;
  }

  /** One more than the highest id. */
  get end(): TypeId {
    return this.start + this.types.length;
  }

  /** Adds a type, or finds the one that is the same. */
  add(type: BtfType): TypeId {
    if (type.kind === Kind.VOID) return 0;
    if (isItself(type)) return this.types.push(type) - 1 + this.start;
    const key = numberOf(type) ?? keyOf(type);
    let id = this.known.get(key);
    if (id === undefined) {
      id = this.types.push(type) - 1 + this.start;
      this.known.set(key, id);
    }
    return id;
  }

  /** An id whose type will be said with `define`. */
  reserve(): TypeId {
    return this.types.push(null) - 1 + this.start;
  }

  /** Says what a reserved id is, or changes what an id of this builder is. */
  define(id: TypeId, type: BtfType): void {
    assert(id >= this.start && id < this.end, "a BTF type that is not this builder's");
    const old = this.types[id - this.start];
    const key = old && (numberOf(old) ?? keyOf(old));
    if (key && this.known.get(key) === id) this.known.delete(key);
    this.types[id - this.start] = type;
  }

  /** What an id is; void for reserved ids and for 0. */
  type(id: TypeId): BtfType {
    const own = id >= this.start ? this.types[id - this.start] : this.base?.type(id);
    return own ?? { kind: Kind.VOID, name: '' };
  }

  /** The offset of a string in the string section; line_info and CO-RE access strings live there too. */
  string(text: string): number {
    let at = this.stringAt.get(text);
    if (at === undefined) {
      at = this.stringBase + this.strings.length;
      this.stringAt.set(text, at);
      this.strings += text + '\0';
    }
    return at;
  }

  /**
   * Merges types that cannot be told apart, also when they refer to each other in circles, and closes the
   * gaps in the numbering.
   *
   * Types start in classes by their own look and classes are split until all members of a class refer to
   * the same classes: what is still together then is the same type.
   *
   * @returns the new id of an old one
   */
  dedup(): (id: TypeId) => TypeId {
    const types = this.types.map((type, i) => must(type, `definition of BTF type [${this.start + i}]`));
    let classes = number(types.map((type, i) => (isItself(type) ? `#${i}` : keyOf(mapRefs(type, () => 0)))));
    for (;;) {
      const current = classes;
      const refOf = (id: TypeId): number =>
        id < this.start ? 0 - id : (current.of[id - this.start] ?? 0) + 1;
      const next = number(
        types.map((type, i) => {
          const refs: number[] = [current.of[i] ?? 0];
          mapRefs(type, (id) => (refs.push(refOf(id)), id));
          return refs.join();
        }),
      );
      if (next.count === classes.count) break;
      classes = next;
    }
    const newId = (id: TypeId): TypeId =>
      id < this.start ? id : this.start + must(classes.of[id - this.start], `BTF type [${id}]`);
    const kept = new Map<number, BtfType>();
    types.forEach((type, i) => {
      const place = classes.of[i] ?? 0;
      if (!kept.has(place)) kept.set(place, mapRefs(type, newId));
    });
    this.types = [...kept.values()];
    this.known.clear();
    this.types.forEach((type, i) => {
      if (type && !isItself(type)) this.known.set(numberOf(type) ?? keyOf(type), this.start + i);
    });
    return newId;
  }

  /** The blob. @throws EngineBug when a reserved id was never defined */
  encode(): Uint8Array {
    const words: number[] = [];
    for (const type of this.types) this.encodeType(must(type, 'definition of a BTF type'), words);
    const strings = latin1Encode(this.strings);
    const out = new Uint8Array(HEADER_BYTES + words.length * 4 + strings.length);
    const view = new DataView(out.buffer);
    view.setUint16(0, BTF_MAGIC, true);
    view.setUint8(2, 1);
    view.setUint32(4, HEADER_BYTES, true);
    view.setUint32(12, words.length * 4, true);
    view.setUint32(16, words.length * 4, true);
    view.setUint32(20, strings.length, true);
    for (let i = 0; i < words.length; i++) view.setUint32(HEADER_BYTES + i * 4, words[i]!, true);
    out.set(strings, HEADER_BYTES + words.length * 4);
    return out;
  }

  private encodeType(type: BtfType, out: number[]): void {
    const head = (sizeOrType: number, vlen = 0, flag = false): void => {
      assert(vlen <= MOST_PARTS, 'a BTF type has more parts than it can count');
      out.push(this.string(type.name), ((flag ? 1 : 0) << 31) | (type.kind << 24) | vlen, sizeOrType);
    };
    switch (type.kind) {
      case Kind.VOID:
        assert(false, 'void has no place in a BTF');
        break;
      case Kind.INT:
        head(type.size);
        out.push((type.encoding << 24) | (type.bitOffset << 16) | type.bits);
        break;
      case Kind.FLOAT:
        head(type.size);
        break;
      case Kind.ARRAY:
        head(0);
        out.push(type.type, type.indexType, type.nelems);
        break;
      case Kind.STRUCT:
      case Kind.UNION: {
        const fields = type.members.some((m) => m.bitSize > 0);
        head(type.size, type.members.length, fields);
        for (const m of type.members)
          out.push(this.string(m.name), m.type, fields ? (m.bitSize << 24) | m.bitOffset : m.bitOffset);
        break;
      }
      case Kind.ENUM:
        head(type.size, type.values.length, type.signed);
        for (const e of type.values) out.push(this.string(e.name), Number(BigInt.asUintN(32, e.value)));
        break;
      case Kind.ENUM64:
        head(type.size, type.values.length, type.signed);
        for (const e of type.values)
          out.push(
            this.string(e.name),
            Number(BigInt.asUintN(32, e.value)),
            Number(BigInt.asUintN(32, e.value >> 32n)),
          );
        break;
      case Kind.FWD:
        head(0, 0, type.union);
        break;
      case Kind.FUNC:
        head(type.type, type.linkage);
        break;
      case Kind.FUNC_PROTO:
        head(type.type, type.params.length);
        for (const p of type.params) out.push(this.string(p.name), p.type);
        break;
      case Kind.VAR:
        head(type.type);
        out.push(type.linkage);
        break;
      case Kind.DATASEC:
        head(type.size, type.vars.length);
        for (const v of type.vars) out.push(v.type, v.offset, v.size);
        break;
      case Kind.DECL_TAG:
        head(type.type);
        out.push(type.component);
        break;
      default:
        head(type.type);
    }
  }
}

/** Numbers equal keys alike, in order of first appearance from 0. */
function number(keys: readonly string[]): { of: number[]; count: number } {
  const numbers = new Map<string, number>();
  const of = keys.map((key) => {
    let n = numbers.get(key);
    if (n === undefined) numbers.set(key, (n = numbers.size));
    return n;
  });
  return { of, count: numbers.size };
}
