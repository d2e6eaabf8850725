/**
 * The kernel's types as C types, taken from its BTF when a name is first seen: what `#include "vmlinux.h"`
 * means here. Nothing is parsed and nothing is made for names that no program uses; records read their
 * members when their layout is asked for. Offsets and sizes are the BTF's own.
 *
 * One `KernelTypes` serves every compilation against its BTF, so a type keeps its identity.
 */
import type { TypeId } from '../../shared/brand.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfType } from '../btf/types.ts';
import type { Btf } from '../btf/parse.ts';
import * as C from './ctype.ts';
import type {
  CType,
  EnumBody,
  EnumType,
  FunctionType,
  IntType,
  Member,
  RecordLayout,
  RecordType,
} from './ctype.ts';

type BtfInt = Extract<BtfType, { kind: typeof Kind.INT }>;
type BtfEnum = Extract<BtfType, { values: readonly unknown[] }>;

const BY_NAME: Readonly<Record<string, IntType>> = {
  char: C.CHAR,
  'long long int': C.LLONG,
  'long long': C.LLONG,
  'long long unsigned int': C.ULLONG,
  'unsigned long long': C.ULLONG,
};
const SIGNED: Readonly<Record<number, IntType>> = {
  1: C.SCHAR,
  2: C.SHORT,
  4: C.INT,
  8: C.LONG,
  16: C.INT128,
};
const UNSIGNED: Readonly<Record<number, IntType>> = {
  1: C.UCHAR,
  2: C.USHORT,
  4: C.UINT,
  8: C.ULONG,
  16: C.UINT128,
};

function intType(type: BtfInt): IntType {
  if ((type.encoding & INT_BOOL) !== 0) return C.BOOL;
  const table = (type.encoding & INT_SIGNED) !== 0 ? SIGNED : UNSIGNED;
  return BY_NAME[type.name] ?? table[type.size] ?? C.INT;
}

/**
 * Alignment of a record whose offsets are given: its members' largest, or 1 when they only fit packed.
 */
function alignmentOf(members: readonly Member[], size: number): number {
  let align = 1;
  let packed = false;
  for (const member of members) {
    const own = C.alignOf(member.type);
    if (member.bitSize === null && member.bitOffset % (own * 8) !== 0) packed = true;
    align = Math.max(align, own);
  }
  return packed || size % align !== 0 ? 1 : align;
}

/** A struct or union of the kernel; its members are decoded on demand. */
class KernelRecord implements RecordType {
  readonly kind = 'record';
  readonly tag: 'struct' | 'union';
  readonly name: string;
  readonly btfId: TypeId;
  readonly preserveAccessIndex = true;
  readonly packed = false;
  readonly declTags: readonly string[] = [];
  private readonly read: () => RecordLayout | null;
  private known: RecordLayout | null = null;

  constructor(tag: 'struct' | 'union', name: string, btfId: TypeId, read: () => RecordLayout | null) {
    this.tag = tag;
    this.name = name;
    this.btfId = btfId;
    this.read = read;
  }

  get layout(): RecordLayout | null {
    this.known ??= this.read();
    return this.known;
  }
}

class KernelEnum implements EnumType {
  readonly kind = 'enum';
  readonly name: string;
  readonly btfId: TypeId;
  readonly declTags: readonly string[] = [];
  private readonly source: BtfEnum;
  private known: EnumBody | null = null;

  constructor(source: BtfEnum, btfId: TypeId) {
    this.name = source.name;
    this.btfId = btfId;
    this.source = source;
  }

  get body(): EnumBody {
    this.known ??= {
      enumerators: this.source.values,
      underlying: (this.source.signed ? SIGNED : UNSIGNED)[this.source.size] ?? C.UINT,
    };
    return this.known;
  }
}

export class KernelTypes {
  readonly btf: Btf;
  private readonly types = new Map<TypeId, CType>();
  private enumerators: Map<string, { readonly type: TypeId; readonly index: number }> | null = null;
  private kfuncs: Map<string, TypeId> | null = null;

  private constructor(btf: Btf) {
    this.btf = btf;
  }

  private static readonly made = new WeakMap<Btf, KernelTypes>();
  static of(btf: Btf): KernelTypes {
    let types = KernelTypes.made.get(btf);
    if (!types) KernelTypes.made.set(btf, (types = new KernelTypes(btf)));
    return types;
  }

  /** `struct name` or `union name`, or null when the kernel has none. */
  record(tag: 'struct' | 'union', name: string): RecordType | null {
    const id = this.btf.find(name, tag === 'struct' ? Kind.STRUCT : Kind.UNION);
    const type = id === 0 ? null : this.type(id);
    return type?.kind === 'record' ? type : null;
  }

  enum(name: string): EnumType | null {
    const id = this.btf.find(name, Kind.ENUM, Kind.ENUM64);
    const type = id === 0 ? null : this.type(id);
    return type?.kind === 'enum' ? type : null;
  }

  typedef(name: string): CType | null {
    const id = this.btf.find(name, Kind.TYPEDEF);
    return id === 0 ? null : this.type(id);
  }

  /** An enumerator of any enum of the kernel. */
  enumerator(name: string): { readonly type: EnumType; readonly value: bigint } | null {
    const found = this.enumeratorIndex().get(name);
    if (!found) return null;
    const type = this.type(found.type);
    const value = type.kind === 'enum' ? type.body?.enumerators[found.index] : undefined;
    return type.kind === 'enum' && value ? { type, value: value.value } : null;
  }

  /** The prototype of a function that the BTF tags as a kfunc, or null. */
  kfunc(name: string): FunctionType | null {
    const id = this.kfuncIndex().get(name);
    const func = id === undefined ? null : this.btf.type(id);
    const type = func?.kind === Kind.FUNC ? this.type(func.type) : null;
    return type?.kind === 'function' ? type : null;
  }

  kfuncNames(): Iterable<string> {
    return this.kfuncIndex().keys();
  }

  private kfuncIndex(): Map<string, TypeId> {
    if (this.kfuncs) return this.kfuncs;
    this.kfuncs = new Map();
    for (const id of this.btf.findAll('bpf_kfunc', Kind.DECL_TAG)) {
      const tag = this.btf.type(id);
      if (tag.kind === Kind.DECL_TAG) this.kfuncs.set(this.btf.nameOf(tag.type), tag.type);
    }
    return this.kfuncs;
  }

  /** The prototype of any function in the kernel's BTF, or null. */
  func(name: string): FunctionType | null {
    const id = this.btf.find(name, Kind.FUNC);
    const func = id === 0 ? null : this.btf.type(id);
    const type = func?.kind === Kind.FUNC ? this.type(func.type) : null;
    return type?.kind === 'function' ? type : null;
  }

  /** Names for did-you-mean: of structs, unions, enums, typedefs, functions or enumerators. */
  names(of: 'struct' | 'union' | 'enum' | 'typedef' | 'func' | 'enumerator'): Iterable<string> {
    switch (of) {
      case 'func':
        return this.btf.names(Kind.FUNC);
      case 'struct':
        return this.btf.names(Kind.STRUCT);
      case 'union':
        return this.btf.names(Kind.UNION);
      case 'enum':
        return this.btf.names(Kind.ENUM);
      case 'typedef':
        return this.btf.names(Kind.TYPEDEF);
      case 'enumerator':
        return this.enumeratorIndex().keys();
    }
  }

  private enumeratorIndex(): Map<string, { readonly type: TypeId; readonly index: number }> {
    if (this.enumerators) return this.enumerators;
    this.enumerators = new Map();
    for (let id = 1; id < this.btf.end; id++) {
      const kind = this.btf.kind(id);
      if (kind !== Kind.ENUM && kind !== Kind.ENUM64) continue;
      const type = this.btf.type(id);
      if (type.kind !== Kind.ENUM && type.kind !== Kind.ENUM64) continue;
      for (const [index, value] of type.values.entries())
        if (!this.enumerators.has(value.name)) this.enumerators.set(value.name, { type: id, index });
    }
    return this.enumerators;
  }

  /** The C type of a BTF type. */
  type(id: TypeId): CType {
    let type = this.types.get(id);
    if (!type) this.types.set(id, (type = this.convert(id)));
    return type;
  }

  private convert(id: TypeId): CType {
    const type = this.btf.type(id);
    switch (type.kind) {
      case Kind.INT:
        return intType(type);
      case Kind.PTR:
        return C.pointerTo(this.type(type.type));
      case Kind.ARRAY:
        return C.arrayOf(this.type(type.type), type.nelems);
      case Kind.STRUCT:
      case Kind.UNION:
        return new KernelRecord(type.kind === Kind.STRUCT ? 'struct' : 'union', type.name, id, () =>
          this.layout(type.members, type.size),
        );
      case Kind.FWD:
        return (
          this.record(type.union ? 'union' : 'struct', type.name) ??
          new KernelRecord(type.union ? 'union' : 'struct', type.name, id, () => null)
        );
      case Kind.ENUM:
      case Kind.ENUM64:
        return new KernelEnum(type, id);
      case Kind.TYPEDEF:
        return { kind: 'typedef', name: type.name, to: this.type(type.type), declTags: [] };
      case Kind.CONST:
        return C.qualify(this.type(type.type), { ...C.NO_QUALIFIERS, isConst: true });
      case Kind.VOLATILE:
        return C.qualify(this.type(type.type), { ...C.NO_QUALIFIERS, isVolatile: true });
      case Kind.RESTRICT:
        return C.qualify(this.type(type.type), { ...C.NO_QUALIFIERS, isRestrict: true });
      case Kind.TYPE_TAG:
        return { kind: 'tagged', tag: type.name, of: this.type(type.type) };
      case Kind.FUNC_PROTO: {
        const variadic = type.params.at(-1)?.type === 0;
        const params = variadic ? type.params.slice(0, -1) : type.params;
        return {
          kind: 'function',
          result: this.type(type.type),
          params: params.map((p) => ({ name: p.name, type: this.type(p.type) })),
          variadic,
          unprototyped: false,
        };
      }
      case Kind.FLOAT:
        return { kind: 'float', name: type.name, size: type.size === 4 ? 4 : type.size === 8 ? 8 : 16 };
      default:
        return C.VOID;
    }
  }

  private layout(
    members: readonly { name: string; type: TypeId; bitOffset: number; bitSize: number }[],
    size: number,
  ): RecordLayout {
    const converted = members.map((m): Member => ({
      name: m.name,
      type: this.type(m.type),
      bitOffset: m.bitOffset,
      bitSize: m.bitSize === 0 ? null : m.bitSize,
      declTags: [],
    }));
    return { members: converted, size, align: alignmentOf(converted, size) };
  }
}
