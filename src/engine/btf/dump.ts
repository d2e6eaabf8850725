/**
 * Types as C: what `bpftool btf dump format c` would print. The text of a struct says its layout exactly:
 * where the ABI would not leave a gap that BTF has, an unnamed bit-field stands for it.
 *
 *     typeText     `char comm[16]`, `int (*fn)(struct seq_file *, void *)`
 *     defineType   one definition
 *     dumpTypes    definitions with everything they need before them, so that the text compiles
 *
 * Source: btf_dump.c of libbpf.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { resolve, sizeOf } from './layout.ts';
import type { Btf } from './parse.ts';
import { Kind } from './types.ts';
import type { BtfType, StructLike } from './types.ts';

const QUALIFIER: Readonly<Partial<Record<Kind, string>>> = {
  [Kind.CONST]: 'const',
  [Kind.VOLATILE]: 'volatile',
  [Kind.RESTRICT]: 'restrict',
};
const TAGGED: Readonly<Partial<Record<Kind, string>>> = {
  [Kind.STRUCT]: 'struct',
  [Kind.UNION]: 'union',
  [Kind.ENUM]: 'enum',
  [Kind.ENUM64]: 'enum',
};
/** What unnamed bit-fields are made of. */
const PADS: readonly { readonly name: string; readonly bits: number }[] = [
  { name: 'long', bits: 64 },
  { name: 'int', bits: 32 },
  { name: 'short', bits: 16 },
  { name: 'char', bits: 8 },
];
/** A size that an enum of C does not have by itself. */
const ENUM_MODE: Readonly<Record<number, string>> = { 1: 'byte', 2: 'HI' };

const isStruct = (type: BtfType): type is StructLike => type.kind === Kind.STRUCT || type.kind === Kind.UNION;
const tabs = (level: number): string => '\t'.repeat(level);

/** Alignment of a type; 1 for packed structs. */
export function alignOf(btf: Btf, id: TypeId): Bytes {
  const type = btf.type(resolve(btf, id));
  if (type.kind === Kind.ARRAY) return alignOf(btf, type.type);
  if (!isStruct(type)) return Math.min(8, Math.max(1, sizeOf(btf, id)));
  let align = 1;
  for (const m of type.members) {
    const own = alignOf(btf, m.type);
    if (m.bitSize === 0 && m.bitOffset % (own * 8) !== 0) return 1;
    align = Math.max(align, own);
  }
  return type.size % align === 0 ? align : 1;
}

/** True when some member or the size is not where the ABI would put it. */
function isPacked(btf: Btf, struct: StructLike): boolean {
  const aligns = struct.members.map((m) => alignOf(btf, m.type));
  return (
    struct.size % Math.max(1, ...aligns) !== 0 ||
    struct.members.some((m, i) => m.bitSize === 0 && m.bitOffset % ((aligns[i] ?? 1) * 8) !== 0)
  );
}

/** Names that may differ from BTF's where two types, or two enumerators, share one. */
type NameOf = (id: TypeId) => string;
type EnumeratorName = (name: string) => string;

class Writer {
  private readonly btf: Btf;
  private readonly nameOf: NameOf;
  private readonly enumerator: EnumeratorName;
  constructor(btf: Btf, nameOf: NameOf, enumerator: EnumeratorName = (name) => name) {
    this.btf = btf;
    this.nameOf = nameOf;
    this.enumerator = enumerator;
  }

  /** `type name`, with pointers, arrays and parameters around the name. */
  declare(id: TypeId, name: string, level = 0): string {
    const type = this.btf.type(id);
    const spaced = (base: string): string => (name === '' ? base : `${base} ${name}`);
    switch (type.kind) {
      case Kind.PTR: {
        const target = this.btf.type(type.type);
        // `* const p`, but `*p`.
        const star = /^(const|volatile|restrict)\b/.test(name) ? `* ${name}` : `*${name}`;
        const bound = target.kind === Kind.ARRAY || target.kind === Kind.FUNC_PROTO;
        return this.declare(type.type, bound ? `(${star})` : star, level);
      }
      case Kind.CONST:
      case Kind.VOLATILE:
      case Kind.RESTRICT: {
        const word = QUALIFIER[type.kind] ?? '';
        let under = this.btf.type(type.type);
        while (QUALIFIER[under.kind] !== undefined && 'type' in under) under = this.btf.type(under.type);
        // Compilers qualify an array as well as its elements; the second word would be one too many.
        if (under.kind === Kind.ARRAY) return this.declare(type.type, name, level);
        return under.kind === Kind.PTR
          ? this.declare(type.type, name === '' ? word : `${word} ${name}`, level)
          : `${word} ${this.declare(type.type, name, level)}`;
      }
      case Kind.TYPE_TAG:
        return this.declare(
          type.type,
          `__attribute__((btf_type_tag("${type.name}"))) ${name}`.trimEnd(),
          level,
        );
      case Kind.ARRAY:
        return this.declare(type.type, `${name}[${type.nelems}]`, level);
      case Kind.FUNC_PROTO: {
        const params = type.params.map((p, i) =>
          p.type === 0 && p.name === '' && i === type.params.length - 1
            ? '...'
            : this.declare(p.type, p.name, level),
        );
        return this.declare(type.type, `${name}(${params.join(', ') || 'void'})`, level);
      }
      case Kind.FUNC:
      case Kind.VAR:
        return this.declare(type.type, this.nameOf(id), level);
      case Kind.STRUCT:
      case Kind.UNION:
      case Kind.ENUM:
      case Kind.ENUM64:
        return spaced(type.name === '' ? this.body(id, level) : `${TAGGED[type.kind]} ${this.nameOf(id)}`);
      case Kind.FWD:
        return spaced(`${type.union ? 'union' : 'struct'} ${this.nameOf(id)}`);
      case Kind.VOID:
        return spaced('void');
      default:
        return spaced(this.nameOf(id));
    }
  }

  /** `struct name { ... }`, without the semicolon. */
  body(id: TypeId, level = 0): string {
    const type = this.btf.type(id);
    const name = this.nameOf(id);
    const head = `${TAGGED[type.kind] ?? ''}${name === '' ? '' : ` ${name}`}`;
    if (isStruct(type)) return `${head} ${this.members(type, level)}`;
    if (type.kind !== Kind.ENUM && type.kind !== Kind.ENUM64) return this.declare(id, '', level);
    if (type.values.length === 0) return head;
    const suffix = type.kind === Kind.ENUM ? '' : type.signed ? 'LL' : 'ULL';
    const values = type.values.map(
      (v) => `\n${tabs(level + 1)}${this.enumerator(v.name)} = ${v.value}${suffix},`,
    );
    const mode = ENUM_MODE[type.size];
    const attribute = mode === undefined ? '' : ` __attribute__((mode(${mode})))`;
    return `${head} {${values.join('')}\n${tabs(level)}}${attribute}`;
  }

  private members(struct: StructLike, level: number): string {
    const packed = isPacked(this.btf, struct);
    const lines: string[] = [];
    let at = 0;
    let afterBitfield = false;
    for (const m of struct.members) {
      const align = packed ? 1 : alignOf(this.btf, m.type);
      lines.push(...padding(at, m.bitOffset, align, afterBitfield && m.bitSize > 0));
      const bits = m.bitSize > 0 ? `: ${m.bitSize}` : '';
      lines.push(`${this.declare(m.type, m.name, level + 1)}${bits};`);
      at = m.bitOffset + (m.bitSize || sizeOf(this.btf, m.type) * 8);
      afterBitfield = m.bitSize > 0;
    }
    if (struct.kind === Kind.STRUCT) {
      const align = packed ? 1 : Math.max(1, ...struct.members.map((m) => alignOf(this.btf, m.type)));
      lines.push(...padding(at, struct.size * 8, align, false));
    }
    const text = lines.map((line) => `\n${tabs(level + 1)}${line}`).join('');
    return `{${text}${lines.length > 0 || struct.size > 0 ? `\n${tabs(level)}` : ''}}${packed ? ' __attribute__((packed))' : ''}`;
  }
}

/**
 * The unnamed bit-fields that move from one bit to the next member's, as few as the ABI allows.
 *
 * @param align of the next member, in bytes
 * @kernel btf_dump_emit_bit_padding, btf_dump.c
 */
function padding(from: number, to: number, align: Bytes, inBitfield: boolean): string[] {
  if (from >= to) return [];
  const out: string[] = [];
  let at = from;
  const pad = PADS.find((p) => alignUp(at, p.bits) <= to) ?? { name: 'char', bits: 8 };
  const aligned = alignUp(at, pad.bits);
  if (aligned > at && aligned <= to) {
    const needed =
      inBitfield ||
      (aligned === to && alignUp(at, align * 8) !== aligned) ||
      (aligned !== to && to - aligned <= aligned - at);
    if (needed) out.push(`${pad.name}: ${inBitfield ? aligned - at : 0};`);
    at = aligned;
  }
  while (at < to) {
    const bits = Math.min(to - at, pad.bits);
    const fits = bits === pad.bits ? pad : PADS.findLast((p) => p.bits >= bits);
    out.push(`${fits?.name ?? 'char'}: ${bits};`);
    at += bits;
  }
  return out;
}

/** A declaration of `name`, or the type alone: `struct task_struct *task`. */
export const typeText = (btf: Btf, id: TypeId, name = ''): string =>
  new Writer(btf, (type) => btf.nameOf(type)).declare(id, name);

/** The definition of a struct, union, enum or typedef, as one statement. */
export function defineType(btf: Btf, id: TypeId): string {
  return definition(new Writer(btf, (type) => btf.nameOf(type)), btf, id, btf.nameOf(id));
}

function definition(writer: Writer, btf: Btf, id: TypeId, name: string): string {
  const type = btf.type(id);
  if (type.kind === Kind.TYPEDEF) return `typedef ${writer.declare(type.type, name)};`;
  return `${TAGGED[type.kind] === undefined ? writer.declare(id, '') : writer.body(id)};`;
}

/** A typedef that every compiler has. */
const COMPILERS_OWN = '__builtin_va_list';

/** Names that C puts beside each other: tags, and everything else. */
const isTagged = (kind: Kind): boolean => TAGGED[kind] !== undefined || kind === Kind.FWD;

/** What some type is made of: a nameless enum among these is written where it is used, and nowhere else. */
function referenced(btf: Btf): ReadonlySet<TypeId> {
  const found = new Set<TypeId>();
  for (let id = 1; id < btf.end; id++) {
    const type = btf.type(id);
    if ('type' in type) found.add(type.type);
    if (isStruct(type)) for (const member of type.members) found.add(member.type);
    if (type.kind === Kind.FUNC_PROTO) for (const param of type.params) found.add(param.type);
  }
  return found;
}

/**
 * The definitions of some types and of everything they need, in an order that compiles. A type met only
 * behind a pointer is declared, not defined. A second type or enumerator with a name that is taken gets `___2`.
 */
export function dumpTypes(btf: Btf, ids: readonly TypeId[]): string {
  const names = new Map<TypeId, string>();
  const taken = new Map<string, number>();
  const unique = (space: 'tag' | 'name', own: string): string => {
    const key = `${space} ${own}`;
    const count = (taken.get(key) ?? 0) + 1;
    taken.set(key, count);
    return count === 1 ? own : `${own}___${count}`;
  };
  const nameOf = (id: TypeId): string => {
    const own = btf.nameOf(id);
    const kind = btf.kind(id);
    const full = kind === Kind.FWD || own === '';
    if (full || (!isTagged(kind) && kind !== Kind.TYPEDEF)) return own;
    let name = names.get(id);
    if (name === undefined) {
      name = unique(isTagged(kind) ? 'tag' : 'name', own);
      names.set(id, name);
    }
    return name;
  };
  const writer = new Writer(btf, nameOf, (name) => unique('name', name));
  const inside = referenced(btf);
  const out: string[] = [];
  const done = new Set<TypeId>();
  /** Typedefs of which everything that they hold by value is known. */
  const whole = new Set<TypeId>();
  const declared = new Set<string>();

  const emit = (id: TypeId): void => {
    if (done.has(id)) return;
    done.add(id);
    const type = btf.type(id);
    need(type, false);
    const nameless = btf.nameOf(id) === '' && (isStruct(type) || inside.has(id));
    if (isTagged(type.kind) && !nameless && type.kind !== Kind.FWD) define(id);
  };
  const define = (id: TypeId): void => {
    out.push(definition(writer, btf, id, nameOf(id)));
    declared.add(writer.declare(id, ''));
  };
  /** Where a struct points to itself by the name of a typedef, that comes before it. */
  const emitTypedef = (id: TypeId, behindPtr: boolean): void => {
    const type = btf.type(id);
    if (!behindPtr && !whole.has(id)) {
      whole.add(id);
      need(type, false);
    }
    if (done.has(id)) return;
    done.add(id);
    need(type, true);
    if (btf.nameOf(id) !== COMPILERS_OWN) define(id);
  };
  /** Makes what a type refers to known: wholly, or behind a pointer by name only. */
  const need = (type: BtfType, behindPtr: boolean): void => {
    const visit = (id: TypeId, ptr: boolean): void => {
      const kind = btf.kind(id);
      if (isTagged(kind) && btf.nameOf(id) !== '') {
        if (!ptr && kind !== Kind.FWD) emit(id);
        else if (kind === Kind.ENUM || kind === Kind.ENUM64) emit(id);
        else declare(id);
      } else if (kind === Kind.TYPEDEF) {
        emitTypedef(id, ptr);
      } else {
        need(btf.type(id), ptr);
      }
    };
    switch (type.kind) {
      case Kind.STRUCT:
      case Kind.UNION:
        for (const m of type.members) visit(m.type, false);
        break;
      case Kind.FUNC_PROTO:
        for (const p of type.params) visit(p.type, true);
        visit(type.type, true);
        break;
      case Kind.PTR:
        visit(type.type, true);
        break;
      default:
        if ('type' in type) visit(type.type, behindPtr && type.kind !== Kind.ARRAY);
    }
  };
  const declare = (id: TypeId): void => {
    const text = writer.declare(id, '');
    if (declared.has(text)) return;
    declared.add(text);
    out.push(`${text};`);
  };
  for (const id of ids)
    if (btf.kind(id) === Kind.TYPEDEF) emitTypedef(id, false);
    else emit(id);
  return out.map((text) => `${text}\n`).join('\n');
}
