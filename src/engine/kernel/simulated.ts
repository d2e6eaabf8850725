/**
 * Which fields are simulated, and which only read 0 because nothing here knows them.
 *
 * Nobody keeps a list: a field is simulated when some code of this kernel has stored to it, in any object
 * of its struct, or has taken its address to keep a list, lock or table there. A 0 in it is then meant.
 *
 *     mount.mnt.mnt_sb      stored through mount: mount's own fields tell
 *     mount.mnt             its address taken: what vfsmount keeps tells, member by member
 */
import type { TypeId } from '../../shared/brand.ts';
import { structOf } from '../btf/layout.ts';
import type { StructType, Types } from './types.ts';

/** A range of bits counted from the start of a struct. */
interface Range {
  readonly bit: number;
  readonly bits: number;
}

const overlap = (a: Range, b: Range): boolean => a.bit < b.bit + b.bits && b.bit < a.bit + a.bits;

/** Part of a struct, seen from a member that begins at `bit`. */
const within = ({ bit, bits }: Range, start: number): Range => ({ bit: bit - start, bits });

const keepsFields = (type: StructType): boolean => !type.simulated().next().done;

/**
 * What was stored to this struct through those that embed it: `mnt.mnt_root` of a mount is vfsmount's mnt_root.
 * A struct of which only the address is ever taken is kept as a whole: a list's node, an address of IPv6.
 */
function* embedded(types: Types, type: StructType): Generator<Range> {
  const isType = (id: TypeId): boolean => structOf(types.btf, id) !== null && types.byTypeId(id) === type;
  const whole = { bit: 0, bits: type.size * 8 };
  for (const outer of types.known()) {
    const stored = [...outer.simulated()];
    const inParts = (path: string): boolean => stored.some(([other]) => other.startsWith(`${path}.`));
    for (const [path, { type: id, bitOffset, bitSize, size }] of stored) {
      if (isType(id) && !keepsFields(type) && !inParts(path)) yield whole;
      for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
        const member = outer.tryField(path.slice(0, dot));
        if (member && isType(member.type))
          yield { bit: bitOffset - member.bitOffset, bits: bitSize || size * 8 || 1 };
      }
    }
  }
}

type Answer = (range: Range) => boolean;
interface Known {
  /** Fields that were simulated then: their number only grows. */
  readonly fields: number;
  readonly answers: Map<StructType, Answer>;
}
const answered = new WeakMap<Types, Known>();

/** Fields of all structs that something has stored to. */
function simulatedFields(types: Types): number {
  let fields = 0;
  for (const type of types.known()) for (const _ of type.simulated()) fields++;
  return fields;
}

/**
 * Whether bits of a struct are kept by this kernel: to be asked of any number of them at one moment. What was
 * answered stays true until a further field is stored to.
 */
export function simulatedIn(types: Types, type: StructType): Answer {
  const fields = simulatedFields(types);
  let known = answered.get(types);
  if (known?.fields !== fields) answered.set(types, (known = { fields, answers: new Map() }));
  let answer = known.answers.get(type);
  if (!answer) known.answers.set(type, (answer = answerFor(types, type)));
  return answer;
}

function answerFor(types: Types, type: StructType): Answer {
  const throughOthers = [...embedded(types, type)];
  const known = new Map<string, boolean>();
  return (range) => {
    const key = `${range.bit} ${range.bits}`;
    let kept = known.get(key);
    if (kept === undefined) {
      kept = throughOthers.some((other) => overlap(range, other)) || isSimulated(types, type, range);
      known.set(key, kept);
    }
    return kept;
  };
}

function isSimulated(types: Types, type: StructType, range: Range): boolean {
  const { btf } = types;
  const stored = [...type.simulated()];
  for (const [path, { type: id, bitOffset, bitSize, size }] of stored) {
    if (!overlap(range, { bit: bitOffset, bits: bitSize || size * 8 || 1 })) continue;
    const inner = structOf(btf, id) ? types.byTypeId(id) : null;
    const inParts = stored.some(([other]) => other.startsWith(`${path}.`));
    if (!inner || (!inParts && !keepsFields(inner))) return true;
    if (isSimulated(types, inner, within(range, bitOffset))) return true;
  }
  for (const member of structOf(btf, type.id)?.members ?? []) {
    const inner = structOf(btf, member.type) ? types.byTypeId(member.type) : null;
    const bits = { bit: member.bitOffset, bits: (inner?.size ?? 0) * 8 };
    if (inner && overlap(range, bits) && isSimulated(types, inner, within(range, member.bitOffset)))
      return true;
  }
  return false;
}
