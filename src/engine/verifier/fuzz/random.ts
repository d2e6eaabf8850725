/** Random numbers as programs have them: near where ranges change. */
import { Random as Choices } from '../../../shared/random.ts';

export class Random extends Choices {
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
