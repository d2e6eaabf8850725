/** The struct types of one kernel, found in its BTF once and then by name. */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { spellings } from '../btf/fields.ts';
import { findMember, isSigned, pointee, resolve, sizeOf, structOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';

/** The kernel's BTF lacks a type or field that the simulated kernel cannot do without. */
export class MissingRole extends Error {
  override readonly name = 'MissingRole';
}

export interface Field {
  readonly type: TypeId;
  readonly offset: Bytes;
  readonly size: Bytes;
  readonly signed: boolean;
  /** Bit-fields only (bitSize > 0): first bit from the start of the struct. */
  readonly bitOffset: number;
  readonly bitSize: number;
  /** Some object's field was stored to, or its address given to code that does: a 0 in it is meant. */
  simulated: boolean;
}

export class StructType {
  readonly btf: Btf;
  readonly id: TypeId;
  readonly name: string;
  readonly size: Bytes;
  private readonly fields = new Map<string, Field | null>();

  constructor(btf: Btf, id: TypeId) {
    this.btf = btf;
    this.id = id;
    this.name = btf.nameOf(id);
    this.size = sizeOf(btf, id);
  }

  /** The field for a role such as `f_count` or `se.sum_exec_runtime`, or null when this kernel has none. */
  tryField(path: string): Field | null {
    let field = this.fields.get(path);
    if (field === undefined) {
      field = null;
      for (const spelling of spellings(this.name, path)) {
        const found = findMember(this.btf, this.id, spelling);
        if (!found) continue;
        field = { ...found, signed: isSigned(this.btf, found.type), simulated: false };
        break;
      }
      this.fields.set(path, field);
    }
    return field;
  }

  /** @throws MissingRole */
  field(path: string): Field {
    const field = this.tryField(path);
    if (!field) throw new MissingRole(`struct ${this.name} has no field '${path}' in this kernel's BTF`);
    return field;
  }

  has(path: string): boolean {
    return this.tryField(path) !== null;
  }

  /** The fields that were stored to through this struct; those of a nested struct may be in its own type. */
  *simulated(): Generator<readonly [path: string, field: Field]> {
    for (const [path, field] of this.fields) if (field?.simulated) yield [path, field];
  }
}

export class Types {
  readonly btf: Btf;
  private readonly byName = new Map<string, StructType>();
  private readonly byId = new Map<TypeId, StructType>();
  private readonly byPointer = new Map<TypeId, StructType | null>();

  constructor(btf: Btf) {
    this.btf = btf;
  }

  /** The struct or union with this name. @throws MissingRole */
  struct(name: string): StructType {
    const known = this.byName.get(name);
    if (known) return known;
    const id = this.btf.find(name, Kind.STRUCT, Kind.UNION);
    if (id === 0) throw new MissingRole(`struct ${name} is not in this kernel's BTF`);
    const type = this.byTypeId(id);
    this.byName.set(name, type);
    return type;
  }

  /** Every struct that was asked for so far. */
  known(): ReadonlySet<StructType> {
    return new Set(this.byId.values());
  }

  has(name: string): boolean {
    return this.btf.find(name, Kind.STRUCT, Kind.UNION) !== 0;
  }

  /** The struct behind a type id, typedefs and qualifiers taken away. @throws MissingRole when it is none */
  byTypeId(id: TypeId): StructType {
    let type = this.byId.get(id);
    if (!type) {
      if (!structOf(this.btf, id)) throw new MissingRole(`type [${id}] is not a struct in this kernel's BTF`);
      const behind = resolve(this.btf, id);
      type = this.byId.get(behind) ?? new StructType(this.btf, behind);
      this.byId.set(behind, type);
      this.byId.set(id, type);
    }
    return type;
  }

  /** The struct that a pointer type points to, or null when it is none. */
  behindPointer(id: TypeId): StructType | null {
    let type = this.byPointer.get(id);
    if (type === undefined) {
      const target = pointee(this.btf, id);
      type = structOf(this.btf, target) ? this.byTypeId(target) : null;
      this.byPointer.set(id, type);
    }
    return type;
  }

  /** The value of an enumerator anywhere in the BTF, or `fallback`. */
  enumValue(enumName: string, enumerator: string, fallback: number): number {
    const type = this.btf.type(this.btf.find(enumName, Kind.ENUM, Kind.ENUM64));
    if (type.kind !== Kind.ENUM && type.kind !== Kind.ENUM64) return fallback;
    const found = type.values.find((value) => value.name === enumerator);
    return found ? Number(found.value) : fallback;
  }
}
