/**
 * CO-RE: fits an instruction to the kernel at hand.
 *
 * A relocation record says which property of which type an instruction carries (the offset of a field, a
 * size, an enumerator's value, ...). The property is computed twice, in the object's types and in every
 * candidate of the kernel's, and the instruction's value is exchanged. Where the kernel has no such thing, the
 * instruction becomes a call that the verifier refuses if it can be reached.
 *
 *     record -> parseSpec -> candidates by name -> matchSpec, value -> all agree? -> patch
 *
 * Source: relo_core.c of libbpf.
 */
import type { InsnIndex, TypeId } from '../../shared/brand.ts';
import { Errno } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { u64 } from '../../shared/int64.ts';
import type { CoreRelo } from '../btf/ext.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_SIGNED, Kind } from '../btf/types.ts';
import {
  CoreReloKind,
  coreReloFamily,
  coreReloKindText,
  formatSpec,
  matchSpec,
  parseSpec,
} from './core_spec.ts';
import type { CoreSpec } from './core_spec.ts';
import { essentialName, isComposite, isEnum, KIND_TEXT, resolveSize } from './core_types.ts';

/** What to write into the instruction, and what must be there before. */
export interface CoreReloResult {
  readonly orig: bigint;
  readonly next: bigint;
  /** The kernel has no such thing. */
  readonly poison: boolean;
  /** The instruction must hold `orig`. */
  readonly validate: boolean;
  /** Sizes of the field for loads and stores; equal when nothing must change. */
  readonly origSize: number;
  readonly nextSize: number;
  /** A load or store cannot be fitted to the new size. */
  readonly failMemsz: boolean;
}

/** The relocation cannot be done: the errno, after its message was said. */
export interface CoreFailure {
  readonly errno: NegErrno;
}
export const coreFailed = (result: CoreReloResult | CoreFailure): result is CoreFailure => 'errno' in result;

interface Value {
  readonly value: bigint;
  readonly validate: boolean;
  readonly size: number;
  readonly type: TypeId;
}
const plain = (value: bigint | number): Value => ({ value: BigInt(value), validate: true, size: 0, type: 0 });

/** Why there is no value: the kernel has none (poison), or the record asks for what cannot be. */
type NoValue = 'poison' | { readonly errno: NegErrno; readonly message?: string };

/** The load that holds a bit-field: the declared type's size, doubled until it covers all bits. */
function bitfieldUnit(
  bit: number,
  bits: number,
  declared: number,
): { byteOff: number; byteSize: number } | null {
  for (let byteSize = Math.max(declared, 1); byteSize <= 8; byteSize *= 2) {
    const byteOff = Math.floor(Math.floor(bit / 8) / byteSize) * byteSize;
    if (bit + bits - byteOff * 8 <= byteSize * 8) return { byteOff, byteSize };
  }
  return null;
}

function fieldValue(spec: CoreSpec | null, relo: CoreRelo): Value | NoValue {
  if (relo.kind === CoreReloKind.FIELD_EXISTS) return plain(spec ? 1 : 0);
  if (!spec) return 'poison';
  const last = spec.accessors.at(-1);
  if (!last) return { errno: -Errno.EINVAL };
  const insn = relo.insnOff / 8;
  if (last.name === null) {
    const size = resolveSize({ btf: spec.btf, id: last.typeId });
    if (size === null) return { errno: -Errno.EINVAL };
    if (relo.kind === CoreReloKind.FIELD_BYTE_OFFSET)
      return { value: BigInt(spec.bitOffset / 8), validate: true, size, type: last.typeId };
    if (relo.kind === CoreReloKind.FIELD_BYTE_SIZE) return plain(size);
    return {
      errno: -Errno.EINVAL,
      message: `relo ${relo.kind} at insn #${insn} can't be applied to array access`,
    };
  }
  const struct = spec.btf.type(last.typeId);
  const member = isComposite(struct) ? struct.members[last.idx] : undefined;
  if (!member) return { errno: -Errno.EINVAL };
  const typeId = resolve(spec.btf, member.type);
  const type = spec.btf.type(typeId);
  const size = resolveSize({ btf: spec.btf, id: typeId });
  if (size === null) return { errno: -Errno.EINVAL };
  const bitfield = member.bitSize > 0;
  const bits = bitfield ? member.bitSize : size * 8;
  const unit = bitfield
    ? bitfieldUnit(spec.bitOffset, bits, size)
    : { byteOff: Math.floor(spec.bitOffset / 8), byteSize: size };
  if (!unit)
    return {
      errno: -Errno.E2BIG,
      message: `relo ${relo.kind} at insn #${insn} can't be satisfied for bitfield`,
    };
  // Compilers may choose another load for a bit-field: only what cannot differ is checked.
  const unsure = { ...plain(0), validate: !bitfield };
  switch (relo.kind) {
    case CoreReloKind.FIELD_BYTE_OFFSET:
      return {
        value: BigInt(unit.byteOff),
        validate: !bitfield,
        size: bitfield ? 0 : size,
        type: bitfield ? 0 : typeId,
      };
    case CoreReloKind.FIELD_BYTE_SIZE:
      return { ...unsure, value: BigInt(unit.byteSize) };
    case CoreReloKind.FIELD_SIGNED:
      return plain(
        (isEnum(type) && type.signed) || (type.kind === Kind.INT && (type.encoding & INT_SIGNED) !== 0)
          ? 1
          : 0,
      );
    case CoreReloKind.FIELD_LSHIFT_U64:
      return { ...unsure, value: u64(BigInt(64 - (spec.bitOffset + bits - unit.byteOff * 8))) };
    case CoreReloKind.FIELD_RSHIFT_U64:
      return plain(u64(BigInt(64 - bits)));
    default:
      return { errno: -Errno.EOPNOTSUPP };
  }
}

function typeValue(spec: CoreSpec | null, relo: CoreRelo): Value | NoValue {
  if (!spec) return plain(0);
  switch (relo.kind) {
    case CoreReloKind.TYPE_ID_TARGET:
      return { ...plain(spec.rootTypeId), validate: false };
    case CoreReloKind.TYPE_EXISTS:
    case CoreReloKind.TYPE_MATCHES:
      return plain(1);
    case CoreReloKind.TYPE_SIZE: {
      const size = resolveSize({ btf: spec.btf, id: spec.rootTypeId });
      return size === null ? { errno: -Errno.EINVAL } : plain(size);
    }
    default:
      return { errno: -Errno.EOPNOTSUPP };
  }
}

function enumValue(spec: CoreSpec | null, relo: CoreRelo): Value | NoValue {
  if (relo.kind === CoreReloKind.ENUMVAL_EXISTS) return plain(spec ? 1 : 0);
  if (!spec) return 'poison';
  const step = spec.accessors[0];
  const type = spec.btf.type(step?.typeId ?? 0);
  const value = isEnum(type) ? type.values[step?.idx ?? 0]?.value : undefined;
  if (value === undefined) return { errno: -Errno.EINVAL };
  // A 32-bit enumerator is a signed word, whatever its sign.
  return plain(u64(type.kind === Kind.ENUM ? BigInt.asIntN(32, value) : value));
}

const VALUE_OF = { field: fieldValue, type: typeValue, enumval: enumValue } as const;

const isNoValue = (value: Value | NoValue): value is NoValue => typeof value === 'string' || 'errno' in value;

/** Sizes may differ only where a load widens its value with zeros: pointers and unsigned integers. */
function sizeMayChange(local: CoreSpec, localType: TypeId, target: CoreSpec, targetType: TypeId): boolean {
  const a = local.btf.type(localType);
  const b = target.btf.type(targetType);
  if (a.kind === Kind.PTR && b.kind === Kind.PTR) return true;
  return a.kind === Kind.INT && b.kind === Kind.INT && a.encoding !== INT_SIGNED && b.encoding !== INT_SIGNED;
}

const POISONED = {
  orig: 0n,
  next: 0n,
  validate: true,
  origSize: 0,
  nextSize: 0,
  failMemsz: false,
  poison: true,
};

/**
 * The relocations of one object against one kernel. Candidates are found once per local type, and those
 * that did not fit an earlier relocation are not asked again.
 */
export class CoreRelocator {
  private readonly local: Btf;
  private readonly target: Btf;
  private readonly say: (message: string) => void;
  private readonly candidates = new Map<TypeId, TypeId[]>();

  /** @param say takes one message, without `libbpf: ` */
  constructor(local: Btf, target: Btf, say: (message: string) => void) {
    this.local = local;
    this.target = target;
    this.say = say;
  }

  /**
   * Computes what a relocation writes.
   *
   * @kernel bpf_core_calc_relo_insn, relo_core.c
   * @fidelity partial: types of modules are not searched, no module is modelled
   */
  calculate(prog: string, relo: CoreRelo, index: number): CoreReloResult | CoreFailure {
    const say = (text: string): void => this.say(`prog '${prog}': relo #${index}: ${text}`);
    const type = this.local.type(relo.typeId);
    const local = parseSpec(this.local, relo);
    if (typeof local === 'number') {
      const path = this.local.string(relo.accessStrOff);
      say(
        `parsing [${relo.typeId}] ${KIND_TEXT[type.kind]} ${type.name || '<anon>'} + ${path} failed: ${local}`,
      );
      return { errno: -Errno.EINVAL };
    }
    if (relo.kind === CoreReloKind.TYPE_ID_LOCAL) {
      const id = BigInt(relo.typeId);
      return { ...POISONED, poison: false, validate: false, orig: id, next: id };
    }
    if (type.name === '') {
      say(`<${coreReloKindText(relo.kind)}> (${relo.kind}) relocation doesn't support anonymous types`);
      return { errno: -Errno.EOPNOTSUPP };
    }
    const candidates = this.candidatesFor(relo.typeId);
    const fitting: TypeId[] = [];
    let agreed: { result: CoreReloResult; spec: CoreSpec } | null = null;
    for (const [i, id] of candidates.entries()) {
      const spec = matchSpec(local, this.target, id);
      if (typeof spec === 'number') {
        const empty = { ...local, btf: this.target, rootTypeId: id, accessors: [], raw: [], bitOffset: 0 };
        say(`error matching candidate #${i} ${formatSpec(empty)}: ${spec}`);
        return { errno: spec };
      }
      if (!spec) continue;
      const result = this.result(prog, relo, index, local, spec);
      if (coreFailed(result)) return result;
      if (agreed && agreed.spec.bitOffset !== spec.bitOffset) {
        say(`field offset ambiguity: ${spec.bitOffset} != ${agreed.spec.bitOffset}`);
        return { errno: -Errno.EINVAL };
      }
      if (agreed && (agreed.result.poison !== result.poison || agreed.result.next !== result.next)) {
        const text = (r: CoreReloResult): string => `${r.poison ? 'failure' : 'success'} ${r.next}`;
        say(`relocation decision ambiguity: ${text(result)} != ${text(agreed.result)}`);
        return { errno: -Errno.EINVAL };
      }
      agreed ??= { result, spec };
      fitting.push(id);
    }
    if (agreed) {
      this.candidates.set(relo.typeId, fitting);
      return agreed.result;
    }
    return this.result(prog, relo, index, local, null);
  }

  /** Types of the kernel with the same name, flavours aside, and the same kind; lowest id first. */
  private candidatesFor(id: TypeId): readonly TypeId[] {
    let found = this.candidates.get(id);
    if (!found) {
      const type = this.local.type(id);
      const name = essentialName(type.name);
      const kinds: readonly Kind[] = isEnum(type) ? [Kind.ENUM, Kind.ENUM64] : [type.kind];
      found = kinds
        .flatMap((kind) =>
          this.target
            .names(kind)
            .filter((other) => other.startsWith(name) && essentialName(other) === name)
            .flatMap((other) => this.target.findAll(other, kind)),
        )
        .toSorted((a, b) => a - b);
      this.candidates.set(id, found);
    }
    return found;
  }

  private result(
    prog: string,
    relo: CoreRelo,
    index: number,
    local: CoreSpec,
    target: CoreSpec | null,
  ): CoreReloResult | CoreFailure {
    const family = coreReloFamily(relo.kind) ?? 'type';
    const orig = VALUE_OF[family](local, relo);
    const next = isNoValue(orig) ? orig : VALUE_OF[family](target, relo);
    if (isNoValue(orig) || isNoValue(next)) {
      const why = isNoValue(orig) ? orig : next;
      if (why === 'poison' || !isNoValue(why)) return POISONED;
      if (why.message !== undefined) this.say(`prog '${prog}': ${why.message}`);
      if (why.errno === -Errno.EOPNOTSUPP)
        this.say(
          `prog '${prog}': relo #${index}: unrecognized CO-RE relocation ${coreReloKindText(relo.kind)} (${relo.kind}) at insn #${relo.insnOff / 8}`,
        );
      return { errno: why.errno };
    }
    const resized = orig.size !== next.size;
    return {
      orig: orig.value,
      next: next.value,
      poison: false,
      validate: orig.validate,
      origSize: orig.size,
      nextSize: next.size,
      failMemsz: resized && target !== null && !sizeMayChange(local, orig.type, target, next.type),
    };
  }
}

/** Where a relocation stands, for its messages. */
export interface CorePlace {
  readonly prog: string;
  /** Number of the relocation in its section. */
  readonly relo: number;
  /** In the program. */
  readonly insn: InsnIndex;
}
