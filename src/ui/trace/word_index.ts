/**
 * Lists of rows by a 64-bit word, or by a word and a number, without making a BigInt or a string for any
 * row: the columns are read as pairs of 32-bit halves, hashed into an open table, and the rows of equal
 * keys stand side by side in one array.
 */
const BYTES = 8;

/** The halves of each word of a column. */
const halves = (column: BigUint64Array): Uint32Array =>
  new Uint32Array(column.buffer, column.byteOffset, (column.byteLength / BYTES) * 2);

const mix = (low: number, high: number, extra: number): number => {
  let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  hash ^= Math.imul(extra | 0, 0xc2b2ae35) ^ Math.imul(extra / 2 ** 32, 0x27d4eb2f);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
};

const EMPTY = new Int32Array(0);

export class WordIndex {
  private readonly words: Uint32Array;
  private readonly keys: Float64Array | null;
  /** Group of a place in the table plus one; 0: free. */
  private readonly table: Int32Array;
  /** First row of each group, by which its key is known. */
  private readonly example: Int32Array;
  private readonly start: Int32Array;
  private readonly rows: Int32Array;
  readonly groups: number;

  /**
   * @param column words, by row
   * @param keys numbers that belong to the word, or null
   * @param wanted rows to take in, in ascending order
   */
  constructor(column: BigUint64Array, keys: Float64Array | null, wanted: Int32Array) {
    this.words = halves(column);
    this.keys = keys;
    const room = 2 ** Math.ceil(Math.log2(Math.max(4, wanted.length * 2)));
    this.table = new Int32Array(room);
    const group = new Int32Array(wanted.length);
    const example = new Int32Array(wanted.length);
    const size = new Int32Array(wanted.length + 1);
    let groups = 0;
    for (let i = 0; i < wanted.length; i++) {
      const row = wanted[i] ?? 0;
      const low = this.words[2 * row] ?? 0;
      const high = this.words[2 * row + 1] ?? 0;
      const key = keys?.[row] ?? 0;
      let place = mix(low, high, key) & (room - 1);
      let found = this.table[place] ?? 0;
      while (found !== 0 && !this.matches(example[found - 1] ?? 0, low, high, key)) {
        place = (place + 1) & (room - 1);
        found = this.table[place] ?? 0;
      }
      if (found === 0) {
        example[groups++] = row;
        this.table[place] = found = groups;
      }
      group[i] = found - 1;
      size[found - 1] = (size[found - 1] ?? 0) + 1;
    }
    this.example = example.slice(0, groups);
    this.start = new Int32Array(groups + 1);
    for (let g = 0; g < groups; g++) this.start[g + 1] = (this.start[g] ?? 0) + (size[g] ?? 0);
    const next = this.start.slice();
    this.rows = new Int32Array(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const g = group[i] ?? 0;
      const at = next[g] ?? 0;
      next[g] = at + 1;
      this.rows[at] = wanted[i] ?? 0;
    }
    this.groups = groups;
  }

  private matches(row: number, low: number, high: number, key: number): boolean {
    return (
      this.words[2 * row] === low &&
      this.words[2 * row + 1] === high &&
      (this.keys === null || this.keys[row] === key)
    );
  }

  /** Rows with this word, in ascending order; a view, not to be written to. */
  rowsOf(word: bigint, key = 0): Int32Array {
    const low = Number(word & 0xffff_ffffn);
    const high = Number(word >> 32n);
    const mask = this.table.length - 1;
    for (let place = mix(low, high, this.keys ? key : 0) & mask; ; place = (place + 1) & mask) {
      const found = this.table[place] ?? 0;
      if (found === 0) return EMPTY;
      if (this.matches(this.example[found - 1] ?? 0, low, high, key))
        return this.rows.subarray(this.start[found - 1], this.start[found]);
    }
  }

  /** The first row of every group. */
  get examples(): Int32Array {
    return this.example;
  }
}
