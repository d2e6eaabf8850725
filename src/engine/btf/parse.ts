/**
 * Reads a BTF blob, lazily: opening a kernel's 5 MB indexes where each type starts and decodes nothing
 * else. A type is decoded when somebody asks for it, a name is looked up through an index made on the
 * first search for its kind.
 *
 * A split BTF (a module's) continues the ids and strings of its base.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import { BTF_MAGIC, Kind, kindDataBytes } from './types.ts';
import type { BtfType } from './types.ts';

/** The blob is not BTF, or is cut short. `message` says where. */
export class BtfFormatError extends Error {
  override readonly name = 'BtfFormatError';
}

const VOID: BtfType = { kind: Kind.VOID, name: '' };

export class Btf {
  readonly base: Btf | null;
  /** Of the module that these types belong to; '' for a kernel's. */
  readonly name: string;
  /** One more than the highest id; ids run from 0 (void). */
  readonly end: TypeId;
  /** The first id that is in this blob, not in its base. */
  readonly start: TypeId;
  /** The blob itself, as BPF_BTF_LOAD takes it. */
  readonly raw: Uint8Array;
  private readonly view: DataView;
  private readonly strStart: number;
  private readonly strEnd: number;
  private readonly baseStrLen: number;
  private readonly typeAt: Uint32Array;
  private readonly cache = new Map<TypeId, BtfType>();
  private readonly byName = new Map<number, Map<string, TypeId[]>>();

  private constructor(raw: Uint8Array, base: Btf | null, name: string) {
    this.raw = raw;
    this.base = base;
    this.name = name;
    this.view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const need = (at: number, size: number, what: string): void => {
      if (at + size > raw.length)
        throw new BtfFormatError(`BTF: ${what} at byte ${at} runs past the end (${raw.length} bytes)`);
    };
    need(0, 24, 'header');
    if (this.view.getUint16(0, true) !== BTF_MAGIC)
      throw new BtfFormatError('BTF: wrong magic, this is not a BTF blob');
    if (this.view.getUint8(2) !== 1)
      throw new BtfFormatError(`BTF: version ${this.view.getUint8(2)} is not 1`);
    const header = this.view.getUint32(4, true);
    const typeStart = header + this.view.getUint32(8, true);
    const typeLen = this.view.getUint32(12, true);
    this.strStart = header + this.view.getUint32(16, true);
    const strLen = this.view.getUint32(20, true);
    this.strEnd = this.strStart + strLen;
    need(typeStart, typeLen, 'type section');
    need(this.strStart, strLen, 'string section');
    if (strLen > 0 && raw[this.strEnd - 1] !== 0)
      throw new BtfFormatError('BTF: the string section does not end with NUL');
    this.start = base ? base.end : 1;
    this.baseStrLen = base ? base.baseStrLen + (base.strEnd - base.strStart) : 0;
    const starts: number[] = [];
    const typeEnd = typeStart + typeLen;
    for (let at = typeStart; at < typeEnd;) {
      need(at, 12, `type [${this.start + starts.length}]`);
      const info = this.view.getUint32(at + 4, true);
      const kind = (info >>> 24) & 0x1f;
      if (kind === 0 || kind > Kind.ENUM64)
        throw new BtfFormatError(
          `BTF: type [${this.start + starts.length}] at byte ${at} has unknown kind ${kind}`,
        );
      starts.push(at);
      at += 12 + kindDataBytes(kind, info & 0xffff);
      if (at > typeEnd)
        throw new BtfFormatError(`BTF: type [${this.start + starts.length - 1}] is cut short`);
    }
    this.typeAt = Uint32Array.from(starts);
    this.end = this.start + starts.length;
  }

  /** @throws BtfFormatError */
  static parse(raw: Uint8Array, base: Btf | null = null, name = ''): Btf {
    return new Btf(raw, base, name);
  }

  /** A copy in which these types of this blob have no name, so that nothing finds them. Ids stay. */
  without(ids: readonly TypeId[]): Btf {
    const raw = this.raw.slice();
    const view = new DataView(raw.buffer);
    for (const id of ids) view.setUint32(this.at(id), 0, true);
    return new Btf(raw, this.base, this.name);
  }

  /** Bytes of strings in this blob and its base: where a split BTF's own strings begin. */
  get stringBytes(): number {
    return this.baseStrLen + (this.strEnd - this.strStart);
  }

  /** This blob's string section, one char per byte. */
  ownStrings(): string {
    return latin1Decode(this.raw.subarray(this.strStart, this.strEnd));
  }

  /** The string at an offset in the string section; '' when there is none. */
  string(off: number): string {
    if (off < this.baseStrLen && this.base) return this.base.string(off);
    const at = this.strStart + off - this.baseStrLen;
    if (at >= this.strEnd) return '';
    let end = at;
    while (this.raw[end] !== 0) end++;
    return latin1Decode(this.raw.subarray(at, end));
  }

  /** Where a type of this blob begins in `raw`. */
  offsetOf(id: TypeId): Bytes {
    return this.at(id);
  }

  private at(id: TypeId): number {
    return this.typeAt[id - this.start] ?? 0;
  }

  /** The kind of a type; Kind.VOID for 0 and for ids out of range. */
  kind(id: TypeId): Kind {
    if (id < this.start) return this.base && id > 0 ? this.base.kind(id) : Kind.VOID;
    if (id >= this.end) return Kind.VOID;
    return ((this.view.getUint32(this.at(id) + 4, true) >>> 24) & 0x1f) as Kind;
  }

  /** The name of a type; '' when it has none. */
  nameOf(id: TypeId): string {
    if (id < this.start) return this.base && id > 0 ? this.base.nameOf(id) : '';
    if (id >= this.end) return '';
    return this.string(this.view.getUint32(this.at(id), true));
  }

  /** The decoded type; void for 0 and for ids out of range. */
  type(id: TypeId): BtfType {
    if (id < this.start) return this.base && id > 0 ? this.base.type(id) : VOID;
    if (id >= this.end) return VOID;
    let type = this.cache.get(id);
    if (!type) this.cache.set(id, (type = this.decode(id)));
    return type;
  }

  /** Every id with this kind and name, lowest first. */
  findAll(name: string, ...kinds: readonly Kind[]): TypeId[] {
    return kinds.flatMap((kind) => [
      ...(this.base?.findAll(name, kind) ?? []),
      ...(this.index(kind).get(name) ?? []),
    ]);
  }

  /** The first type with one of these kinds (tried in order) and this name, or 0. */
  find(name: string, ...kinds: readonly Kind[]): TypeId {
    for (const kind of kinds) {
      const id = this.base?.find(name, kind) || this.index(kind).get(name)?.[0];
      if (id) return id;
    }
    return 0;
  }

  /** Every name of a kind in this BTF and its base (completions, did-you-mean). */
  names(kind: Kind): string[] {
    return [...(this.base?.names(kind) ?? []), ...this.index(kind).keys()];
  }

  private index(kind: Kind): Map<string, TypeId[]> {
    let names = this.byName.get(kind);
    if (names) return names;
    names = new Map();
    for (let id = this.start; id < this.end; id++) {
      if (this.kind(id) !== kind) continue;
      const name = this.nameOf(id);
      if (name === '') continue;
      const ids = names.get(name);
      if (ids) ids.push(id);
      else names.set(name, [id]);
    }
    this.byName.set(kind, names);
    return names;
  }

  private decode(id: TypeId): BtfType {
    const v = this.view;
    const at = this.at(id);
    const name = this.string(v.getUint32(at, true));
    const info = v.getUint32(at + 4, true);
    const sizeOrType = v.getUint32(at + 8, true);
    const vlen = info & 0xffff;
    const flag = info >>> 31 === 1;
    const data = at + 12;
    const kind = ((info >>> 24) & 0x1f) as Kind;
    const records = <T>(size: number, read: (at: number) => T): T[] =>
      Array.from({ length: vlen }, (_, i) => read(data + i * size));
    switch (kind) {
      case Kind.INT: {
        const bits = v.getUint32(data, true);
        return {
          kind,
          name,
          size: sizeOrType,
          encoding: (bits >>> 24) & 0xf,
          bitOffset: (bits >>> 16) & 0xff,
          bits: bits & 0xff,
        };
      }
      case Kind.PTR:
      case Kind.TYPEDEF:
      case Kind.VOLATILE:
      case Kind.CONST:
      case Kind.RESTRICT:
      case Kind.TYPE_TAG:
        return { kind, name, type: sizeOrType };
      case Kind.ARRAY:
        return {
          kind,
          name: '',
          type: v.getUint32(data, true),
          indexType: v.getUint32(data + 4, true),
          nelems: v.getUint32(data + 8, true),
        };
      case Kind.STRUCT:
      case Kind.UNION:
        return {
          kind,
          name,
          size: sizeOrType,
          members: records(12, (m) => {
            const offset = v.getUint32(m + 8, true);
            return {
              name: this.string(v.getUint32(m, true)),
              type: v.getUint32(m + 4, true),
              bitOffset: flag ? offset & 0xffffff : offset,
              bitSize: flag ? offset >>> 24 : 0,
            };
          }),
        };
      case Kind.ENUM:
        return {
          kind,
          name,
          size: sizeOrType,
          signed: flag,
          values: records(8, (e) => ({
            name: this.string(v.getUint32(e, true)),
            value: BigInt(flag ? v.getInt32(e + 4, true) : v.getUint32(e + 4, true)),
          })),
        };
      case Kind.ENUM64:
        return {
          kind,
          name,
          size: sizeOrType,
          signed: flag,
          values: records(12, (e) => {
            const value = (BigInt(v.getUint32(e + 8, true)) << 32n) | BigInt(v.getUint32(e + 4, true));
            return {
              name: this.string(v.getUint32(e, true)),
              value: flag ? BigInt.asIntN(64, value) : value,
            };
          }),
        };
      case Kind.FWD:
        return { kind, name, union: flag };
      case Kind.FUNC:
        return { kind, name, type: sizeOrType, linkage: vlen };
      case Kind.FUNC_PROTO:
        return {
          kind,
          name: '',
          type: sizeOrType,
          params: records(8, (p) => ({
            name: this.string(v.getUint32(p, true)),
            type: v.getUint32(p + 4, true),
          })),
        };
      case Kind.VAR:
        return { kind, name, type: sizeOrType, linkage: v.getUint32(data, true) };
      case Kind.DATASEC:
        return {
          kind,
          name,
          size: sizeOrType,
          vars: records(12, (s) => ({
            type: v.getUint32(s, true),
            offset: v.getUint32(s + 4, true),
            size: v.getUint32(s + 8, true),
          })),
        };
      case Kind.FLOAT:
        return { kind, name, size: sizeOrType };
      case Kind.DECL_TAG:
        return { kind, name, type: sizeOrType, component: v.getInt32(data, true) };
      case Kind.VOID:
        return VOID;
    }
  }
}
