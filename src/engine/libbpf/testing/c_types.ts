/**
 * BTF from a few C declarations, for tests: structs, unions, enums, typedefs, pointers, arrays, bit-fields,
 * laid out as the x86-64 ABI does. Not a C parser: declarations come in order, one declarator each.
 */
import { alignUp } from '../../../shared/int64.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { Btf } from '../../btf/parse.ts';
import { INT_BOOL, INT_CHAR, INT_SIGNED, Kind } from '../../btf/types.ts';
import type { BtfMember } from '../../btf/types.ts';

const INTS: Readonly<Record<string, readonly [size: number, encoding: number]>> = {
  char: [1, INT_SIGNED | INT_CHAR],
  bool: [1, INT_BOOL],
  short: [2, INT_SIGNED],
  int: [4, INT_SIGNED],
  long: [8, INT_SIGNED],
  'unsigned char': [1, 0],
  'unsigned short': [2, 0],
  'unsigned int': [4, 0],
  'unsigned long': [8, 0],
};

interface Type {
  readonly id: number;
  readonly size: number;
  readonly align: number;
}
const VOID: Type = { id: 0, size: 0, align: 1 };

export class CTypes {
  readonly builder = new BtfBuilder();
  private readonly named = new Map<string, Type>();
  private tokens: string[] = [];

  /** Adds declarations such as `struct a { int x; };` */
  add(source: string): this {
    this.tokens = source.match(/\w+|[{}[\]();:,*=-]/g) ?? [];
    while (this.tokens.length > 0) this.declaration();
    return this;
  }

  /** Id of `struct a`, `enum e`, `int`, or a typedef. */
  id(name: string): number {
    const type = this.named.get(name);
    if (!type) throw new Error(`no type '${name}' declared`);
    return type.id;
  }

  btf(): Btf {
    return Btf.parse(this.builder.encode());
  }

  private take(expected?: string): string {
    const token = this.tokens.shift();
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(`expected '${expected ?? 'more'}', got '${token ?? 'the end'}'`);
    return token;
  }
  private accept(token: string): boolean {
    if (this.tokens[0] !== token) return false;
    this.tokens.shift();
    return true;
  }

  private declaration(): void {
    if (this.accept('typedef')) {
      const base = this.specifier();
      const { name, type } = this.declarator(base);
      const id = this.builder.add({ kind: Kind.TYPEDEF, name, type: type.id });
      this.named.set(name, { ...type, id });
    } else {
      this.specifier();
    }
    this.take(';');
  }

  private specifier(): Type {
    const word = this.take();
    if (word === 'const') {
      const type = this.specifier();
      return { ...type, id: this.builder.add({ kind: Kind.CONST, name: '', type: type.id }) };
    }
    if (word === 'struct' || word === 'union') return this.record(word);
    if (word === 'enum') return this.enumeration();
    if (word === 'void') return VOID;
    const name = word === 'unsigned' ? `unsigned ${this.take()}` : word;
    const int = INTS[name];
    if (int) {
      const [size, encoding] = int;
      const id = this.builder.add({ kind: Kind.INT, name, size, encoding, bitOffset: 0, bits: size * 8 });
      const type = { id, size, align: size };
      this.named.set(name, type);
      return type;
    }
    const type = this.named.get(name);
    if (!type) throw new Error(`unknown type '${name}'`);
    return type;
  }

  private record(word: 'struct' | 'union'): Type {
    const name = this.tokens[0] === '{' ? '' : this.take();
    const key = `${word} ${name}`;
    if (!this.accept('{')) {
      const known = this.named.get(key);
      if (known) return known;
      return { ...VOID, id: this.builder.add({ kind: Kind.FWD, name, union: word === 'union' }) };
    }
    const id = this.builder.reserve();
    if (name) this.named.set(key, { id, size: 0, align: 1 });
    const members: BtfMember[] = [];
    let bit = 0;
    let end = 0;
    let align = 1;
    while (!this.accept('}')) {
      const { name: member, type } = this.declarator(this.specifier());
      const bitSize = this.accept(':') ? Number(this.take()) : 0;
      this.take(';');
      const width = type.size * 8;
      if (word === 'union') bit = 0;
      // A bit-field stays in one unit of its type; anything else is aligned.
      else if (bitSize === 0 || Math.floor(bit / width) !== Math.floor((bit + bitSize - 1) / width))
        bit = alignUp(bit, type.align * 8);
      members.push({ name: member, type: type.id, bitOffset: bit, bitSize });
      bit += bitSize || width;
      end = Math.max(end, bit);
      align = Math.max(align, type.align);
    }
    const size = alignUp(Math.ceil(end / 8), align);
    const kind = word === 'struct' ? Kind.STRUCT : Kind.UNION;
    this.builder.define(id, { kind, name, size, members });
    const type = { id, size, align };
    if (name) this.named.set(key, type);
    return type;
  }

  private enumeration(): Type {
    const name = this.tokens[0] === '{' ? '' : this.take();
    const known = this.named.get(`enum ${name}`);
    if (!this.accept('{')) {
      if (!known) throw new Error(`unknown enum '${name}'`);
      return known;
    }
    const values: { name: string; value: bigint }[] = [];
    let next = 0n;
    while (!this.accept('}')) {
      const enumerator = this.take();
      if (this.accept('=')) next = this.accept('-') ? -BigInt(this.take()) : BigInt(this.take());
      values.push({ name: enumerator, value: next++ });
      this.accept(',');
    }
    const signed = values.some((v) => v.value < 0n);
    const wide = values.some((v) => v.value > 0xffff_ffffn);
    const size = wide ? 8 : 4;
    const id = this.builder.add({ kind: wide ? Kind.ENUM64 : Kind.ENUM, name, size, signed, values });
    const type = { id, size, align: size };
    if (name) this.named.set(`enum ${name}`, type);
    return type;
  }

  private declarator(base: Type): { name: string; type: Type } {
    let type = base;
    while (this.accept('*'))
      type = { id: this.builder.add({ kind: Kind.PTR, name: '', type: type.id }), size: 8, align: 8 };
    const name = this.tokens[0] === ';' ? '' : this.take();
    const lengths: number[] = [];
    while (this.accept('[')) {
      lengths.push(this.tokens[0] === ']' ? 0 : Number(this.take()));
      this.take(']');
    }
    for (const nelems of lengths.toReversed()) {
      const [size, encoding] = INTS['unsigned int'] ?? [4, 0];
      const indexType = this.builder.add({
        kind: Kind.INT,
        name: '__ARRAY_SIZE_TYPE__',
        size,
        encoding,
        bitOffset: 0,
        bits: 32,
      });
      const id = this.builder.add({ kind: Kind.ARRAY, name: '', type: type.id, indexType, nelems });
      type = { id, size: type.size * nelems, align: type.align };
    }
    return { name, type };
  }
}

/** The BTF of some declarations. */
export const cTypes = (source: string): CTypes => new CTypes().add(source);
