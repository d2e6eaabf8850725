/** Numbers that look random and depend on a seed alone: xorshift over 32 bits, as Marsaglia gave it. */
export class Random {
  private state: number;

  /** Seeds that differ by one give streams that have nothing in common. */
  constructor(seed: number) {
    let x = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    this.state = (x ^ (x >>> 16)) >>> 0 || 1;
  }

  /** 0 .. 2^32 - 1 */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }
  /** 0 .. n - 1 */
  below(n: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * n);
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
  /** One of a table's entries, as often as its weight says. */
  weighted<T>(table: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.below(table.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of table) if ((at -= weight) < 0) return value;
    return (table[0] as readonly [number, T])[1];
  }
}
