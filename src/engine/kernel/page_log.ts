/**
 * What stores have changed in memory between two marks, so that a run can be wound back and forth without
 * being played again.
 *
 *     mark 0 --delta-- mark 1 --delta-- mark 2 -- now
 *                                       pages as they were at the mark, copied before their first store
 *
 * A delta is the exclusive or of the words at its two marks: it leads forth and back alike, and two that
 * follow each other make one. What is stored and taken back between two marks is in none.
 */
import type { Bytes } from '../../shared/brand.ts';
import { PAGE_SIZE } from './address.ts';
import { MOST_BYTES } from './memory.ts';
import type { Memory } from './memory.ts';

const WORDS = PAGE_SIZE / 4;
const PAGE_BITS = Math.log2(PAGE_SIZE);

/** Words of linear memory that differ between two marks, in ascending order. */
export interface Delta {
  readonly at: Uint32Array;
  readonly xor: Int32Array;
}

export const deltaBytes = ({ at, xor }: Delta): Bytes => at.byteLength + xor.byteLength;

const wordsOf = (mem: Memory): Int32Array => new Int32Array(mem.buffer);

/** Leads memory from either of the delta's marks to the other one. */
export function applyDelta(mem: Memory, { at, xor }: Delta): void {
  const words = wordsOf(mem);
  for (let i = 0; i < at.length; i++) {
    const place = at[i] ?? 0;
    words[place] = (words[place] ?? 0) ^ (xor[i] ?? 0);
  }
}

/** One delta for two, the second of which begins where the first ends. */
export function joinDeltas(a: Delta, b: Delta): Delta {
  const at = new Uint32Array(a.at.length + b.at.length);
  const xor = new Int32Array(at.length);
  let n = 0;
  const push = (place: number, bits: number): void => {
    if (bits === 0) return;
    at[n] = place;
    xor[n++] = bits;
  };
  for (let i = 0, j = 0; i < a.at.length || j < b.at.length;) {
    const left = a.at[i] ?? Infinity;
    const right = b.at[j] ?? Infinity;
    const place = Math.min(left, right);
    push(place, (left === place ? (a.xor[i++] ?? 0) : 0) ^ (right === place ? (b.xor[j++] ?? 0) : 0));
  }
  return { at: at.slice(0, n), xor: xor.slice(0, n) };
}

export class PageLog {
  private readonly mem: Memory;
  private readonly dirty = new Uint8Array(MOST_BYTES / PAGE_SIZE);
  /** What stood at the last mark, by page. */
  private readonly kept = new Map<number, Int32Array>();
  private readonly spare: Int32Array[] = [];

  /** Watches from now on: this is the first mark. */
  constructor(mem: Memory) {
    this.mem = mem;
    mem.watchStores((at, size) => this.storing(at, size));
  }

  close(): void {
    this.mem.watchStores(null);
    this.kept.clear();
  }

  private storing(at: number, size: Bytes): void {
    const last = (at + size - 1) >>> PAGE_BITS;
    for (let page = at >>> PAGE_BITS; page <= last; page++) if (this.dirty[page] === 0) this.keep(page);
  }

  private keep(page: number): void {
    this.dirty[page] = 1;
    const copy = this.spare.pop() ?? new Int32Array(WORDS);
    copy.set(new Int32Array(this.mem.buffer, page * PAGE_SIZE, WORDS));
    this.kept.set(page, copy);
  }

  /** Sets a mark. @returns what differs from the one before */
  mark(): Delta {
    const words = wordsOf(this.mem);
    const at: number[] = [];
    const xor: number[] = [];
    for (const page of [...this.kept.keys()].sort((a, b) => a - b)) {
      const before = this.kept.get(page);
      const first = page * WORDS;
      for (let i = 0; i < WORDS; i++) {
        const bits = (words[first + i] ?? 0) ^ (before?.[i] ?? 0);
        if (bits === 0) continue;
        at.push(first + i);
        xor.push(bits);
      }
    }
    this.forget();
    return { at: Uint32Array.from(at), xor: Int32Array.from(xor) };
  }

  /** Brings back what stood at the last mark. */
  undo(): void {
    const words = wordsOf(this.mem);
    for (const [page, before] of this.kept) words.set(before, page * WORDS);
    this.forget();
  }

  /** Sets a mark of which nobody asks how it differs from the one before. */
  forget(): void {
    for (const [page, copy] of this.kept) {
      this.dirty[page] = 0;
      this.spare.push(copy);
    }
    this.kept.clear();
  }
}
