/** The rows of a struct in the inspector: which fields stand in it, under which name, and what they are called. */
import type { PeekField } from '../../protocol/peek.ts';
import { namesOf } from '../trace/names.ts';
import type { Picture } from '../trace/picture.ts';

/** Above so many rows, those that hold only zeros are folded away, and the rest is cut. */
export const MANY = 14;
const SHOWN = 18;

export interface StructRow {
  readonly field: PeekField;
  readonly name: string;
  readonly depth: number;
}

/** A row that only names a nested struct. */
export const isHeading = (field: PeekField): boolean => field.value === '';
export const isZero = (field: PeekField): boolean => field.bytes.every((byte) => byte === 0);

/** Last part of a nested field's path: its indent says the rest. */
const shortName = ({ path, depth }: PeekField): string =>
  depth > 0 ? path.slice(path.lastIndexOf('.')) : path;

/** One row for each field; a struct around a single number (`f_count.counter`) is that number. */
export function structRows(fields: readonly PeekField[]): readonly StructRow[] {
  const rows: StructRow[] = [];
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    if (!field) continue;
    const { depth } = field;
    const name = shortName(field);
    let end = i + 1;
    while ((fields[end]?.depth ?? -1) > depth) end++;
    const leaves = isHeading(field) ? fields.slice(i + 1, end).filter((inner) => !isHeading(inner)) : [];
    const [only] = leaves;
    rows.push({ field: only && leaves.length === 1 ? only : field, name, depth });
    if (leaves.length === 1) i = end - 1;
  }
  return rows;
}

/** Changed rows and those that are not zero, the first of them, with the structs that they are nested in. */
export function notableRows(
  rows: readonly StructRow[],
  changed: (field: PeekField) => boolean,
): readonly StructRow[] {
  const values = rows.filter(({ field }) => !isHeading(field) && (!isZero(field) || changed(field)));
  const kept = new Set([
    ...values.slice(0, SHOWN).map(({ field }) => field.path),
    ...values.filter(({ field }) => changed(field)).map(({ field }) => field.path),
  ]);
  for (const path of kept)
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1))
      kept.add(path.slice(0, dot));
  return rows.filter(({ field }) => kept.has(field.path));
}

/** Kinds that are told apart by their number. */
const NUMBERED: ReadonlySet<string> = new Set(['task', 'thread', 'mm']);

/** What the picture calls the object at an address at a call: `bash (901)`; '' when it is not drawn. */
export function labelAt(picture: Picture | null, addr: bigint, call: number): string {
  const node = picture?.nodeAt(namesOf(picture).node(addr)?.id ?? -1, call);
  if (!node) return '';
  if (NUMBERED.has(node.kind)) return `${node.label} (${node.key})`;
  return node.kind === 'inode' && node.detail ? `${node.label}, ${node.detail}` : node.label;
}
