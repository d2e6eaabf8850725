/**
 * Where members lie: the System V rules, with GNU's packed, aligned and #pragma pack, as clang applies them
 * for BPF. Kernel records do not come here: their offsets are in the BTF.
 */
import * as C from './ctype.ts';
import type { CType, Member, RecordLayout } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { Context, UserRecord } from './check_context.ts';
import type { Range } from './source.ts';
import { alignUp } from '../../shared/int64.ts';

/** A member as declared. */
export interface FieldSyntax {
  readonly name: string;
  readonly type: CType;
  /** Bits of a bit-field, or null. */
  readonly width: number | null;
  readonly range: Range;
  readonly packed: boolean;
  /** Bytes, or null. */
  readonly aligned: number | null;
  readonly declTags: readonly string[];
}

/** Reports fields that C does not allow; the rest are laid out. */
function acceptable(context: Context, record: UserRecord, field: FieldSyntax, last: boolean): boolean {
  const bare = C.unsugar(field.type);
  if (field.name === '' && field.width === null && (bare.kind !== 'record' || bare.name !== '')) {
    context.warning('missing-declarations', field.range, 'declaration does not declare anything');
    return false;
  }
  if (field.width !== null) {
    const integer = C.integerOf(field.type);
    if (!integer)
      context.error(
        field.range,
        `bit-field '${field.name}' has type '${typeText(field.type)}', not an integer`,
      );
    else if (field.width > integer.size * 8)
      context.error(
        field.range,
        `width of bit-field '${field.name}' (${field.width} bits) is more than its type has (${integer.size * 8} bits)`,
      );
    else if (field.width === 0 && field.name !== '')
      context.error(field.range, `bit-field '${field.name}' has no width`);
    else return true;
    return false;
  }
  if (bare.kind === 'function') {
    context.error(field.range, `field '${field.name}' is declared as a function`);
    return false;
  }
  if (bare.kind === 'float') return true;
  const flexible = bare.kind === 'array' && bare.length === null;
  if (flexible && (last || record.tag === 'union')) return true;
  if (C.sizeOf(field.type) !== null && bare.kind !== 'void') return true;
  context.error(
    field.range,
    flexible
      ? `flexible array member '${field.name}' is not at the end of the struct`
      : `field '${field.name}' has incomplete type '${typeText(field.type)}'`,
    context.incompleteNote(field.type),
  );
  return false;
}

export function layoutRecord(
  context: Context,
  record: UserRecord,
  fields: readonly FieldSyntax[],
  aligned: number | null,
): RecordLayout {
  const members: Member[] = [];
  const seen = new Set<string>();
  const isUnion = record.tag === 'union';
  /** End of what is laid out so far, in bits. */
  let end = 0;
  let size = 0;
  let align = 1;
  for (const [index, field] of fields.entries()) {
    if (!acceptable(context, record, field, index === fields.length - 1)) continue;
    if (field.name !== '' && seen.has(field.name)) {
      context.error(field.range, `duplicate member '${field.name}'`);
      continue;
    }
    seen.add(field.name);
    const packed = record.packed || field.packed;
    let own = packed ? 1 : C.alignOf(field.type);
    if (field.aligned !== null) own = Math.max(own, field.aligned);
    if (context.pack !== null) own = Math.min(own, context.pack);
    const at = isUnion ? 0 : end;
    let offset: number;
    let bits: number;
    if (field.width === null) {
      offset = alignUp(at, own * 8);
      bits = (C.sizeOf(field.type) ?? 0) * 8;
    } else {
      const unit = (C.sizeOf(field.type) ?? 4) * 8;
      bits = field.width;
      if (field.width === 0) offset = alignUp(at, unit);
      else if (field.aligned !== null) offset = alignUp(at, own * 8);
      else if (packed || context.pack !== null) offset = at;
      else offset = Math.floor(at / unit) === Math.floor((at + bits - 1) / unit) ? at : alignUp(at, unit);
    }
    end = offset + bits;
    size = Math.max(size, end);
    if (field.name !== '' || field.width === null) align = Math.max(align, own);
    if (field.name !== '' || field.width === null)
      members.push({
        name: field.name,
        type: field.type,
        bitOffset: offset,
        bitSize: field.width,
        declTags: field.declTags,
      });
  }
  align = Math.max(align, aligned ?? 1);
  return { members, size: alignUp(Math.ceil(size / 8), align), align };
}
