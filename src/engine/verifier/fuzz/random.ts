/** Pseudo-random choices that a seed and a number repeat: mulberry32. */

export class Random {
  private state: number;

  /** @param n which program of the seed */
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
  pick<T>(from: readonly T[]): T {
    const value = from[this.below(from.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }

  /** A 32-bit number near where ranges change: small, powers of two, ends of ranges. */
  edge32(): number {
    switch (this.below(6)) {
      case 0:
        return this.between(-2, 9);
      case 1:
        return ((1 << this.below(32)) + this.between(-1, 1)) | 0;
      case 2:
        return this.pick([-1, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff, 0xffff, 0xff, 0x8000, 0x80, -128]);
      case 3:
        return this.between(0, 255);
      case 4:
        return (-(1 << this.below(31)) + this.between(-1, 1)) | 0;
      default:
        return this.u32() | 0;
    }
  }
  edge64(): bigint {
    const low = BigInt(this.edge32() >>> 0);
    const high = this.chance(40) ? 0n : this.chance(40) ? 0xffff_ffffn : BigInt(this.edge32() >>> 0);
    return (high << 32n) | low;
  }
}
