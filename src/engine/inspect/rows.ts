/**
 * The members of a struct as rows: those of anonymous structs as if they were its own, those of a named
 * one after it, one level deeper.
 */
import type { TypeId } from '../../shared/brand.ts';
import { structOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import type { BtfMember } from '../btf/types.ts';

const MAX_DEPTH = 4;

export interface Row {
  readonly member: BtfMember;
  /** `f_path.dentry`: from the outermost struct. */
  readonly path: string;
  /** First bit, counted from the start of the outermost struct. */
  readonly bit: number;
  readonly depth: number;
}

export function* rows(btf: Btf, struct: TypeId, prefix = '', from = 0, depth = 0): Generator<Row> {
  for (const member of structOf(btf, struct)?.members ?? []) {
    const bit = from + member.bitOffset;
    if (member.name === '') {
      yield* rows(btf, member.type, prefix, bit, depth);
      continue;
    }
    const path = prefix + member.name;
    yield { member, path, bit, depth };
    if (depth + 1 < MAX_DEPTH) yield* rows(btf, member.type, `${path}.`, bit, depth + 1);
  }
}
