/** Tables of a recording that grow row by row: columns that double their room when they are full. */
import { HELD_KINDS } from './trace.ts';
import type { HeldKind, HeldRow, LineRow, WriteRow } from './trace.ts';
import type { HeldTable, LineTable, WriteTable } from './trace_tables.ts';

const ROOM = 256;

/** @returns `to`, which begins with what is in `from` */
export function wider<A extends { set(from: A): void }>(to: A, from: A): A {
  to.set(from);
  return to;
}

const HELD_NUMBER = new Map<HeldKind, number>(HELD_KINDS.map((kind, i) => [kind, i]));

export class HeldColumns {
  /** Columns with these rows. */
  static of(rows: readonly HeldRow[]): HeldColumns {
    const columns = new HeldColumns();
    for (const row of rows) columns.push(row);
    return columns;
  }

  private length = 0;
  private call = new Uint32Array(ROOM);
  private kind = new Uint8Array(ROOM);
  private object = new BigUint64Array(ROOM);
  private delta = new Int8Array(ROOM);

  push({ call, kind, object, delta }: HeldRow): void {
    if (this.length === this.call.length) {
      const room = 2 * this.length;
      this.call = wider(new Uint32Array(room), this.call);
      this.kind = wider(new Uint8Array(room), this.kind);
      this.object = wider(new BigUint64Array(room), this.object);
      this.delta = wider(new Int8Array(room), this.delta);
    }
    const i = this.length++;
    this.call[i] = call;
    this.kind[i] = HELD_NUMBER.get(kind) ?? 0;
    this.object[i] = object;
    this.delta[i] = delta;
  }

  /** A copy, which may be transferred. */
  table(): HeldTable {
    const { length } = this;
    return {
      call: this.call.slice(0, length),
      kind: this.kind.slice(0, length),
      object: this.object.slice(0, length),
      delta: this.delta.slice(0, length),
    };
  }
}

export class LineColumns {
  /** Columns with these rows. */
  static of(rows: readonly LineRow[]): LineColumns {
    const columns = new LineColumns();
    for (const row of rows) columns.push(row);
    return columns;
  }

  private length = 0;
  private call = new Uint32Array(ROOM);
  private line = new Uint16Array(ROOM);
  private readonly numbers = new Map<string, number>();

  push({ call, line }: LineRow): void {
    if (this.length === this.call.length) {
      this.call = wider(new Uint32Array(2 * this.length), this.call);
      this.line = wider(new Uint16Array(2 * this.length), this.line);
    }
    let number = this.numbers.get(line);
    if (number === undefined) this.numbers.set(line, (number = this.numbers.size));
    const i = this.length++;
    this.call[i] = call;
    this.line[i] = number;
  }

  table(): LineTable {
    const { length } = this;
    return {
      call: this.call.slice(0, length),
      line: this.line.slice(0, length),
      ids: [...this.numbers.keys()],
    };
  }
}

export class WriteColumns {
  /** Columns with these rows. */
  static of(rows: readonly WriteRow[]): WriteColumns {
    const columns = new WriteColumns();
    for (const row of rows) columns.push(row);
    return columns;
  }

  private length = 0;
  private call = new Uint32Array(ROOM);
  private at = new Uint32Array(ROOM);
  private bytes = new Uint32Array(ROOM);

  push({ call, at, length }: WriteRow): void {
    if (this.length === this.call.length) {
      const room = 2 * this.length;
      this.call = wider(new Uint32Array(room), this.call);
      this.at = wider(new Uint32Array(room), this.at);
      this.bytes = wider(new Uint32Array(room), this.bytes);
    }
    const i = this.length++;
    this.call[i] = call;
    this.at[i] = at;
    this.bytes[i] = length;
  }

  table(): WriteTable {
    const { length } = this;
    return {
      call: this.call.slice(0, length),
      at: this.at.slice(0, length),
      bytes: this.bytes.slice(0, length),
    };
  }
}
