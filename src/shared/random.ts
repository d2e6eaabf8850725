/** Pseudo-random choices that a seed and a number repeat: mulberry32. */

export class Random {
  private state: number;

  /** @param n which of the seed's sequences */
  constructor(seed: number, n: number) {
    this.state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(n + 1, 0x85eb_ca6b)) | 0;
    this.u32();
    this.u32();
  }

  u32(): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  /** 0 .. n - 1 */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }
  /** lo .. hi, both included. */
  between(lo: number, hi: number): number {
    return lo + this.below(hi - lo + 1);
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  /** @throws RangeError when there is nothing to pick from */
  pick<T>(from: readonly T[]): T {
    const value = from[this.below(from.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }
}
