/**
 * Which fields are simulated, and which only read 0 because nothing here knows them.
 *
 * Nobody keeps a list: a field is simulated when some code of this kernel has stored to it, in any object
 * of its struct, or has taken its address to keep a list, lock or table there. A 0 in it is then meant.
 *
 *     mount.mnt.mnt_sb      stored through mount: mount's own fields tell
 *     mount.mnt             its address taken: what vfsmount keeps tells, member by member
 */
import type { Types, StructType } from './types.ts';
import { structOf } from '../btf/layout.ts';

/** A range of bits counted from the start of a struct. */
interface Range {
  readonly bit: number;
  readonly bits: number;
}

const overlap = (a: Range, b: Range): boolean => a.bit < b.bit + b.bits && b.bit < a.bit + a.bits;

/** Part of a struct, seen from a member that begins at `bit`. */
const within = ({ bit, bits }: Range, start: number): Range => ({ bit: bit - start, bits });

const keepsFields = (type: StructType): boolean => !type.simulated().next().done;

/** True when some of these bits of a struct are kept by this kernel. */
export function isSimulated(types: Types, type: StructType, range: Range): boolean {
  const { btf } = types;
  for (const { type: id, bitOffset, bitSize, size } of type.simulated()) {
    if (!overlap(range, { bit: bitOffset, bits: bitSize || size * 8 || 1 })) continue;
    const inner = structOf(btf, id) ? types.byTypeId(id) : null;
    if (!inner || !keepsFields(inner) || isSimulated(types, inner, within(range, bitOffset))) return true;
  }
  for (const member of structOf(btf, type.id)?.members ?? []) {
    const inner = structOf(btf, member.type) ? types.byTypeId(member.type) : null;
    const bits = { bit: member.bitOffset, bits: (inner?.size ?? 0) * 8 };
    if (inner && overlap(range, bits) && isSimulated(types, inner, within(range, member.bitOffset)))
      return true;
  }
  return false;
}
