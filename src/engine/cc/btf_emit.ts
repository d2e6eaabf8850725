/**
 * The object's .BTF: types of programs, maps and variables, and of everything CO-RE records name.
 *
 * A struct behind a pointer member is only named (FWD) unless something needs its layout: otherwise one
 * task_struct would bring half the kernel along. So records get their ids at once and are described, in
 * full or as FWD, when all users are known.
 */
import type { TypeId } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import { BtfBuilder } from '../btf/build.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../btf/types.ts';
import type { FuncSymbol, VarSymbol } from './ast.ts';
import type { CType, EnumType, FunctionType, IntType, RecordType, TypedefType } from './ctype.ts';

export const FuncLinkage = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;

export class BtfEmitter {
  private readonly builder = new BtfBuilder();
  private readonly records = new Map<RecordType, TypeId>();
  private readonly enums = new Map<EnumType, TypeId>();
  /** Ids of types seen before: described in full, or only named behind pointers. */
  private readonly wholeIds = new Map<CType, TypeId>();
  private readonly namedIds = new Map<CType, TypeId>();
  private readonly full = new Set<RecordType>();
  private readonly queue: RecordType[] = [];
  private readonly tags: (() => void)[] = [];
  /** What arrays are indexed with. */
  private indexType: TypeId | null = null;

  string = (text: string): number => this.builder.string(text);

  /** A type whose layout somebody needs: the root of a CO-RE record. */
  root(type: CType): TypeId {
    return this.type(type, true);
  }

  private record(type: RecordType, full: boolean): TypeId {
    let id = this.records.get(type);
    if (id === undefined) {
      id = this.builder.reserve();
      this.records.set(type, id);
    }
    if ((full || type.name === '') && !this.full.has(type)) {
      this.full.add(type);
      this.queue.push(type);
    }
    return id;
  }

  private enumeration(type: EnumType): TypeId {
    const known = this.enums.get(type);
    if (known !== undefined) return known;
    const values = type.body?.enumerators ?? [];
    const wide = (type.body?.underlying.size ?? 4) === 8;
    const id = this.builder.add({
      kind: wide ? Kind.ENUM64 : Kind.ENUM,
      name: type.name,
      size: type.body?.underlying.size ?? 4,
      signed: type.body?.underlying.signed ?? false,
      values: values.map(({ name, value }) => ({ name, value })),
    });
    this.enums.set(type, id);
    return id;
  }

  private int(type: IntType): TypeId {
    const encoding = type.rank === 0 ? INT_BOOL : type.signed ? INT_SIGNED : 0;
    const { name, size } = type;
    return this.builder.add({ kind: Kind.INT, name, size, encoding, bitOffset: 0, bits: size * 8 });
  }

  private array(of: TypeId, nelems: number): TypeId {
    this.indexType ??= this.builder.add({
      kind: Kind.INT,
      name: '__ARRAY_SIZE_TYPE__',
      size: 4,
      encoding: 0,
      bitOffset: 0,
      bits: 32,
    });
    return this.builder.add({ kind: Kind.ARRAY, name: '', type: of, indexType: this.indexType, nelems });
  }

  private prototype(type: FunctionType, full: boolean, names: readonly string[] | null): TypeId {
    const result = this.type(type.result, full);
    const params = type.params.map((param, i) => ({
      name: names ? (names[i] ?? param.name) : '',
      type: this.type(param.type, full),
    }));
    if (type.variadic) params.push({ name: '', type: 0 });
    return this.builder.add({ kind: Kind.FUNC_PROTO, name: '', type: result, params });
  }

  private typedef(type: TypedefType, full: boolean): TypeId {
    const id = this.builder.add({ kind: Kind.TYPEDEF, name: type.name, type: this.type(type.to, full) });
    this.declTags(id, type.declTags);
    return id;
  }

  /** @param full whether records reached through pointers are described too */
  type(type: CType, full: boolean): TypeId {
    const ids = full ? this.wholeIds : this.namedIds;
    let id = ids.get(type);
    if (id === undefined) ids.set(type, (id = this.addType(type, full)));
    return id;
  }

  private addType(type: CType, full: boolean): TypeId {
    const wrap = (
      kind: typeof Kind.PTR | typeof Kind.CONST | typeof Kind.VOLATILE | typeof Kind.RESTRICT,
      id: TypeId,
    ): TypeId => this.builder.add({ kind, name: '', type: id });
    switch (type.kind) {
      case 'void':
        return 0;
      case 'int':
        return this.int(type);
      case 'float':
        return this.builder.add({ kind: Kind.FLOAT, name: type.name, size: type.size });
      case 'pointer':
        return wrap(Kind.PTR, this.type(type.to, full));
      case 'array':
        return this.array(this.type(type.of, full), type.length ?? 0);
      case 'function':
        return this.prototype(type, false, null);
      case 'record':
        return this.record(type, full);
      case 'enum':
        return this.enumeration(type);
      case 'typedef':
        return this.typedef(type, full);
      case 'tagged':
        return this.builder.add({ kind: Kind.TYPE_TAG, name: type.tag, type: this.type(type.of, full) });
      case 'qualified': {
        let id = this.type(type.of, full);
        if (type.isRestrict) id = wrap(Kind.RESTRICT, id);
        if (type.isVolatile) id = wrap(Kind.VOLATILE, id);
        return type.isConst ? wrap(Kind.CONST, id) : id;
      }
    }
  }

  /** Of a member: structs by value are described, those behind pointers only named. */
  private member(type: CType, throughPointers: boolean): TypeId {
    const byValue = (at: CType): boolean =>
      at.kind === 'array' || at.kind === 'qualified' || at.kind === 'tagged'
        ? byValue(at.of)
        : at.kind === 'typedef'
          ? byValue(at.to)
          : at.kind === 'record';
    return this.type(type, throughPointers || byValue(type));
  }

  private describe(type: RecordType, throughPointers: boolean): void {
    const layout = type.layout;
    const id = must(this.records.get(type), 'record id');
    if (!layout)
      return this.builder.define(id, { kind: Kind.FWD, name: type.name, union: type.tag === 'union' });
    this.declTags(id, type.declTags);
    layout.members.forEach((member, i) => this.declTags(id, member.declTags, i));
    this.builder.define(id, {
      kind: type.tag === 'union' ? Kind.UNION : Kind.STRUCT,
      name: type.name,
      size: layout.size,
      members: layout.members.map((member) => ({
        name: member.name,
        type: this.member(member.type, throughPointers),
        bitOffset: member.bitOffset,
        bitSize: member.bitSize ?? 0,
      })),
    });
  }

  private readonly mapTypes = new Set<RecordType>();

  variable(symbol: VarSymbol, name: string, linkage: number, isMap: boolean): TypeId {
    const bare = (at: CType): CType => ('of' in at ? bare(at.of) : at.kind === 'typedef' ? bare(at.to) : at);
    const core = bare(symbol.type);
    if (isMap && core.kind === 'record') this.mapTypes.add(core);
    const id = this.builder.add({ kind: Kind.VAR, name, type: this.type(symbol.type, true), linkage });
    this.declTags(id, symbol.attributes.declTags);
    return id;
  }

  /** A FUNC with its prototype. */
  func(symbol: FuncSymbol, name: string, linkage: number): TypeId {
    const params = symbol.definition?.params ?? symbol.signature.params;
    const names = params.map((param) => param.name);
    const proto = this.prototype(symbol.signature, true, linkage === FuncLinkage.EXTERN ? null : names);
    const id = this.builder.add({ kind: Kind.FUNC, name, type: proto, linkage });
    this.declTags(id, symbol.attributes.declTags);
    symbol.definition?.params.forEach((param, i) => this.declTags(id, param.attributes.declTags, i));
    return id;
  }

  /** @param component index of the member or parameter, -1 for the whole */
  private declTags(type: TypeId, tags: readonly string[], component = -1): void {
    for (const name of tags)
      this.tags.push(() => this.builder.add({ kind: Kind.DECL_TAG, name, type, component }));
  }

  section(name: string, size: number, vars: readonly { type: TypeId; offset: number; size: number }[]): void {
    this.builder.add({ kind: Kind.DATASEC, name, size, vars });
  }

  /** Describes what is still only an id. Nothing may be added after. */
  encode(): Uint8Array {
    for (let type = this.queue.shift(); type; type = this.queue.shift())
      this.describe(type, this.mapTypes.has(type));
    for (const [type, id] of this.records)
      if (!this.full.has(type))
        this.builder.define(id, { kind: Kind.FWD, name: type.name, union: type.tag === 'union' });
    this.tags.forEach((add) => add());
    return this.builder.encode();
  }
}
