/**
 * The objects in the order of the walk, as the table shows them: an equal of the picture. What is passed
 * over stands where the walk went by; what the parameters leave out comes last. Only the rows on show are
 * made.
 */
import type { SessionTrace } from '../../protocol/trace.ts';
import { isNullCall, kindAt, lastAtOrBefore, visitAt } from './fold.ts';
import type { Folded } from './fold.ts';
import { keyWord } from './names.ts';
import type { Names } from './names.ts';
import { offered, showsOf } from './object_state.ts';
import type { ObjectStateName } from './object_state.ts';
import type { Picture } from './picture.ts';

export interface ObjectRow {
  /** Call that shows it; for what is passed over, the call that went by. */
  readonly call: number;
  readonly owner: string;
  readonly key: string;
  readonly name: string;
  /** Why the program is not called for it; '' for a call. */
  readonly reason: string;
  readonly read: number;
  readonly seqNum: number;
  /** Bytes kept, or -1 when they were taken back. */
  readonly bytes: number;
  readonly insns: number;
  /** Node of the picture, or -1. */
  readonly node: number;
}

const NOTHING = { owner: '', read: 0, seqNum: 0, bytes: 0, insns: 0 };

export class ObjectRows {
  readonly length: number;
  private readonly f: Folded;
  private readonly picture: Picture | null;
  private readonly names: Names;
  /** What each visited or passed-over row is: a call, or below zero the complement of a place in `skips`. */
  private readonly order: Int32Array;
  private readonly outside: readonly number[];

  constructor(f: Folded, picture: Picture | null, names: Names) {
    this.f = f;
    this.picture = picture;
    this.names = names;
    this.order = merged(f);
    this.outside = picture ? [...outsideOf(f, picture), ...lostOf(f, picture)] : [];
    this.length = this.order.length + this.outside.length;
  }

  row(i: number): ObjectRow | undefined {
    const source = this.order[i];
    if (source === undefined) return this.left(this.outside[i - this.order.length] ?? -1);
    return source < 0 ? this.skipped(~source) : this.shown(source);
  }

  /** Row of a call that shows an object, or -1. */
  rowOf(call: number): number {
    const shown = lastAtOrBefore(this.f.objectStops, call);
    if (this.f.objectStops[shown] !== call) return -1;
    // Each object passed over at or before the call stands in front of it.
    return shown + lastSkip(this.f.trace, call) + 1;
  }

  /** State of a row's object after a call, without making the row. The cursor is not looked for. */
  stateAt(i: number, call: number): ObjectStateName {
    const source = this.order[i];
    if (source === undefined) return this.isLost(i) ? 'vanished' : 'out-of-range';
    if (source < 0) return 'skipped';
    if (source > call) return 'will-visit';
    const result = this.f.trace.result[source] ?? 0;
    return isNullCall(this.f.trace, source) || result === 0
      ? 'visited'
      : result > 0
        ? 'skipped'
        : 'rolled-back';
  }

  private isLost(i: number): boolean {
    const id = this.outside[i - this.order.length] ?? -1;
    return this.picture?.lives.of(id, Infinity) === 'gone';
  }

  private shown(call: number): ObjectRow {
    const { trace } = this.f;
    const object = trace.object[call] ?? 0n;
    const owner = trace.owner[call] ?? 0n;
    const key = trace.key[call] ?? 0;
    const end = isNullCall(trace, call);
    const visit = visitAt(trace, call);
    return {
      call,
      owner: end || owner === 0n || owner === object ? '' : this.names.object(owner, call),
      key: end ? 'NULL' : keyWord(trace.target, key),
      name: end ? 'end of the walk' : this.names.shown(owner, key, object, call),
      reason: '',
      read: visit.read,
      seqNum: trace.seqNum[call] ?? 0,
      bytes: visit.result < 0 ? -1 : visit.bytes,
      insns: trace.insns[call] ?? 0,
      node: (this.names.slot(owner, key) ?? this.names.node(object))?.id ?? -1,
    };
  }

  private skipped(i: number): ObjectRow | undefined {
    const skip = this.f.trace.skips[i];
    if (!skip) return undefined;
    const node = this.names.node(skip.object);
    return {
      ...NOTHING,
      call: skip.call,
      key: String(skip.key),
      name: node?.label ?? '',
      reason: skip.reason,
      read: this.f.trace.read[skip.call] ?? 0,
      node: node?.id ?? -1,
    };
  }

  private left(id: number): ObjectRow | undefined {
    const node = this.picture?.node(id);
    if (!node) return undefined;
    return {
      ...NOTHING,
      call: Infinity,
      key: node.kind === 'slot' ? keyWord(this.f.trace.target, node.key) : `${node.kind} ${node.key}`,
      name: node.label,
      reason: node.reason || 'gone before the walk came',
      node: id,
    };
  }
}

/** Place of the last object passed over at or before a call, or -1. */
function lastSkip({ skips }: SessionTrace, call: number): number {
  let low = 0;
  let high = skips.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((skips[middle]?.call ?? Infinity) <= call) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Calls and passed-over objects by call, what was passed over first. */
function merged({ trace, objectStops }: Folded): Int32Array {
  const order = new Int32Array(objectStops.length + trace.skips.length);
  let n = 0;
  let skip = 0;
  const skipUpTo = (call: number): void => {
    for (; skip < trace.skips.length && (trace.skips[skip]?.call ?? 0) <= call; skip++) order[n++] = ~skip;
  };
  for (const call of objectStops) {
    skipUpTo(call);
    order[n++] = call;
  }
  skipUpTo(Infinity);
  return order;
}

/** Nodes that the parameters leave out. */
function outsideOf(f: Folded, picture: Picture): readonly number[] {
  return picture
    .withReason((reason) => reason.startsWith('outside'))
    .filter((id) => {
      const node = picture.node(id);
      return node !== undefined && node.kind !== 'gap' && showsOf(f, node).length === 0;
    });
}

/** Objects that were gone before the walk came to them. */
function lostOf(f: Folded, picture: Picture): readonly number[] {
  const kinds = offered(f, picture);
  return picture.lives.lost().filter((id) => {
    const node = picture.node(id);
    return node !== undefined && kinds.has(node.kind) && node.reason === '' && showsOf(f, node).length === 0;
  });
}

/** Place of the row that a moment is about: the one shown by this call, or the one about to be. */
export function rowAt(rows: ObjectRows, f: Folded, call: number): number {
  const kind = kindAt(f.trace, call);
  const exact = rows.rowOf(call);
  if (exact >= 0 || kind === 'copy') return exact;
  return kind === 'stop' ? -1 : rows.rowOf(call + 1);
}
