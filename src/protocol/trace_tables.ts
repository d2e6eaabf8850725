/**
 * The tables of a trace that have a row for nearly every callback, in columns: a million objects cross a
 * port as a few typed arrays. Rows stand in the order of their calls; a row is made when it is asked for.
 */
import { HELD_KINDS } from './trace.ts';
import type { HeldRow, LineRow, WriteRow } from './trace.ts';

interface Table {
  readonly call: Uint32Array;
}
export interface HeldTable extends Table {
  /** Place in HELD_KINDS. */
  readonly kind: Uint8Array;
  readonly object: BigUint64Array;
  readonly delta: Int8Array;
}
export interface LineTable extends Table {
  /** Place in `ids`. */
  readonly line: Uint16Array;
  readonly ids: readonly string[];
}
export interface WriteTable extends Table {
  readonly at: Uint32Array;
  readonly bytes: Uint32Array;
}

/** Rows of a table that belong to earlier calls than this one. */
export function rowsBefore({ call: calls }: Table, call: number): number {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((calls[middle] ?? Infinity) < call) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const heldRow = ({ call, kind, object, delta }: HeldTable, i: number): HeldRow => ({
  call: call[i] ?? 0,
  kind: HELD_KINDS[kind[i] ?? 0] ?? HELD_KINDS[0],
  object: object[i] ?? 0n,
  delta: delta[i] === 1 ? 1 : -1,
});
export const lineRow = ({ call, line, ids }: LineTable, i: number): LineRow => ({
  call: call[i] ?? 0,
  line: ids[line[i] ?? 0] ?? '',
});
export const writeRow = ({ call, at, bytes }: WriteTable, i: number): WriteRow => ({
  call: call[i] ?? 0,
  at: at[i] ?? 0,
  length: bytes[i] ?? 0,
});

const rows = <T extends Table, R>(table: T, row: (table: T, i: number) => R): R[] =>
  Array.from(table.call, (_, i) => row(table, i));
/** All rows: for a table that is known to be short. */
export const heldRows = (table: HeldTable): HeldRow[] => rows(table, heldRow);
export const lineRows = (table: LineTable): LineRow[] => rows(table, lineRow);
export const writeRows = (table: WriteTable): WriteRow[] => rows(table, writeRow);
