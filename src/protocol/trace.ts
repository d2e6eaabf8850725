/**
 * The trace: what the iterator core did, in columns.
 *
 * Each session has a table with one row for every callback. The number of the row is the `call` of a
 * Moment, so a moment is found by indexing. Beside it stand smaller tables whose rows name the call
 * during which they happened: references and locks taken, objects passed over, lines of the kernel's
 * algorithm, bytes written by the program.
 *
 *     read(2) ─┬─ start, show, next, show, ... stop      rows of `calls`
 *              └─ copy                                   the last row of the read
 */

import type { HeldTable, LineTable, WriteTable } from './trace_tables.ts';

/** What the kernel called. `copy` is copy_to_user at the end of a read. */
export const CALL_KINDS = ['start', 'next', 'show', 'stop', 'copy'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** One callback, decoded. */
export interface CallRow {
  readonly kind: CallKind;
  /** Number of the read(2) in this session, from 0. */
  readonly read: number;
  /**
   * start, next: the object delivered, 0n for NULL. show: the object shown. stop: the object given back,
   * 0n at the end of the walk. copy: 0n.
   */
  readonly object: bigint;
  /** What the object belongs to (the task of a file or VMA), or 0n. */
  readonly owner: bigint;
  /** The object's key within its owner: fd, vm_start, pid, index. */
  readonly key: number;
  readonly seqNum: number;
  /** Bytes in the seq buffer after the call. */
  readonly count: number;
  /** Where they start, after the call. */
  readonly from: number;
  /**
   * start, next: 1 object, 0 NULL, negative errno. show: 0 kept, >0 skipped by the target, negative errno
   * (EAGAIN: the program returned 1; EOVERFLOW: the text did not fit and was taken back).
   * stop: 1 when the program was called a last time, with NULL. copy: bytes copied, or negative errno.
   */
  readonly result: number;
  /** Return value of the program, or -1 when this call did not run it. */
  readonly progRet: number;
  /** Instructions the program retired in this call. */
  readonly insns: number;
}

/** What a walk holds on to between two callbacks. */
export const HELD_KINDS = [
  'task usage',
  'file f_count',
  'mm mm_users',
  'mmap_lock',
  'rcu',
  'cgroup_mutex',
  'map refcnt',
  'prog refcnt',
  'link refcnt',
  'sock sk_refcnt',
  'bucket lock',
  'tb6_lock',
  'slab_mutex',
  'slab refcount',
  'dmabuf_list_mutex',
] as const;
export type HeldKind = (typeof HELD_KINDS)[number];
export interface HeldRow {
  readonly call: number;
  readonly kind: HeldKind;
  readonly object: bigint;
  readonly delta: 1 | -1;
}

/** Why the kernel passed an object over without calling the program. */
export const SKIP_REASONS = [
  'shares files with its leader',
  'no files',
  'no mm',
  'no task with this id',
  'socket unhashed',
  'cgroup dead',
  'not in this namespace',
  'empty',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];
export interface SkipRow {
  readonly call: number;
  readonly object: bigint;
  /** pid, fd or index of what was passed over. */
  readonly key: number;
  readonly reason: SkipReason;
}

/** A line of the kernel's algorithm, by id; the texts are in the engine's pseudo-code. */
export interface LineRow {
  readonly call: number;
  readonly line: string;
}

/** Bytes appended to the seq buffer by the program during a call. */
export interface WriteRow {
  readonly call: number;
  readonly at: number;
  readonly length: number;
}

/** A change of the world that its script made, before this call. */
export interface ChangeRow {
  readonly call: number;
  /** Who did what, in words. */
  readonly text: string;
}

/** One read(2). */
export interface ReadRow {
  /** Size the caller asked for. */
  readonly size: number;
  /** Bytes, 0 at the end, or a negative errno. */
  readonly ret: number;
  readonly firstCall: number;
  readonly lastCall: number;
}

/** A session's trace, as it crosses a port: typed arrays are transferred, small tables cloned. */
export interface SessionTrace {
  readonly session: number;
  readonly target: string;
  readonly length: number;
  readonly kind: Uint8Array;
  readonly read: Uint32Array;
  readonly object: BigUint64Array;
  readonly owner: BigUint64Array;
  readonly key: Float64Array;
  readonly seqNum: Float64Array;
  readonly count: Uint32Array;
  readonly from: Uint32Array;
  readonly result: Int32Array;
  readonly progRet: Int8Array;
  readonly insns: Float64Array;
  readonly held: HeldTable;
  readonly skips: readonly SkipRow[];
  readonly lines: LineTable;
  readonly writes: WriteTable;
  readonly reads: readonly ReadRow[];
  readonly changes: readonly ChangeRow[];
  /** Rows that were not kept because the recording reached its limit; 0: all are here. */
  readonly dropped: number;
}

/** Row `call` of a session, or null when there is none. */
export function callRow(trace: SessionTrace, call: number): CallRow | null {
  if (call < 0 || call >= trace.length) return null;
  return {
    kind: CALL_KINDS[trace.kind[call] ?? 0] ?? 'start',
    read: trace.read[call] ?? 0,
    object: trace.object[call] ?? 0n,
    owner: trace.owner[call] ?? 0n,
    key: trace.key[call] ?? 0,
    seqNum: trace.seqNum[call] ?? 0,
    count: trace.count[call] ?? 0,
    from: trace.from[call] ?? 0,
    result: trace.result[call] ?? 0,
    progRet: trace.progRet[call] ?? -1,
    insns: trace.insns[call] ?? 0,
  };
}
