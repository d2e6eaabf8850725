/**
 * Scalars that were bounded in one of the ways in which programs do it, and what is then reached with them:
 * mostly the very ends of what may be reached.
 */
import type { Builder, Range } from './builder.ts';
import { SCALAR } from './builder.ts';
import { SIZES } from './parts.ts';

function negate(b: Builder, reg: number, { lo, hi }: Range): Range {
  const zero = b.target(reg);
  b.movImm(zero, 0);
  b.emit(0x1f, { dst: zero, src: reg });
  b.mov(reg, zero);
  b.set(zero, SCALAR);
  return { lo: -hi, hi: -lo };
}

/** Changes a bounded scalar in ways that keep it bounded. */
function disturb(b: Builder, reg: number, range: Range): Range {
  const { random } = b;
  let { lo, hi } = range;
  const c = random.between(0, 9);
  switch (random.below(11)) {
    case 0:
      b.addImm(reg, c);
      return { lo: lo + c, hi: hi + c };
    case 1:
      b.emit(0x17, { dst: reg, imm: c });
      return { lo: lo - c, hi: hi - c };
    case 2:
      if (lo < 0 || hi > 40) return range;
      b.emit(random.chance(50) ? 0x27 : 0x24, { dst: reg, imm: c });
      return { lo: lo * c, hi: hi * c };
    case 3:
      if (lo < 0 || hi > 60) return range;
      b.emit(random.chance(50) ? 0x67 : 0x64, { dst: reg, imm: 1 });
      return { lo: lo * 2, hi: hi * 2 };
    case 4:
      if (lo < 0) return range;
      b.emit(random.pick([0x77, 0x74, 0xc7, 0xc4]), { dst: reg, imm: 1 });
      return { lo: lo >> 1, hi: hi >> 1 };
    case 5:
      return negate(b, reg, range);
    case 6: {
      // through the stack, as wide as it must be
      const slot = -8 * random.between(1, 6);
      const narrow = lo >= 0 && hi < 128;
      const [bits] = narrow ? random.pick(SIZES) : SIZES[3];
      b.emit(0x63 | bits, { dst: 10, src: reg, off: slot });
      b.emit((narrow && bits !== 0x18 && random.chance(30) ? 0x81 : 0x61) | bits, {
        dst: reg,
        src: 10,
        off: slot,
      });
      b.stored.add(slot);
      return range;
    }
    case 7:
      b.emit(0xbf, { dst: reg, src: reg, off: lo >= -128 && hi < 128 ? random.pick([8, 16, 32]) : 32 });
      return range;
    case 8: {
      // a copy that is compared teaches the original
      const copy = b.target(reg);
      b.mov(copy, reg);
      const d = random.chance(50) ? random.between(-4, 4) : 0;
      if (d !== 0) b.addImm(copy, d);
      const top = random.between(lo, hi);
      const jump = b.emit(0xd5, { dst: copy, imm: top + d, off: 2 });
      b.movImm(reg, top);
      b.movImm(copy, 0);
      b.land(jump);
      b.set(copy, SCALAR);
      hi = top;
      return { lo, hi };
    }
    case 9:
      if (lo < 0) return range;
      b.emit(0xbc, { dst: reg, src: reg });
      return range;
    default:
      return range;
  }
}

/** Gives a register a value within a range, in one of the ways programs do it. */
export function bounded(
  b: Builder,
  ...not: readonly number[]
): { readonly reg: number; readonly range: Range } {
  const { random } = b;
  const reg = b.own(...not);
  let range: Range = { lo: 0, hi: random.pick([1, 3, 7, 8, 15, 16, 30, 31]) };
  const { hi } = range;
  const otherwise = (jump: number): void => {
    b.movImm(reg, random.between(0, hi));
    b.land(jump);
  };
  switch (random.below(9)) {
    case 0:
      range = { lo: 0, hi: 2 ** Math.ceil(Math.log2(hi + 1)) - 1 };
      b.emit(random.chance(50) ? 0x57 : 0x54, { dst: reg, imm: range.hi });
      break;
    case 1:
      otherwise(b.emit(0xb5, { dst: reg, imm: hi }));
      break;
    case 2:
      if (random.chance(50)) b.emit(0xbc, { dst: reg, src: reg });
      b.emit(0xbc, { dst: reg, src: reg });
      otherwise(b.emit(0xb6, { dst: reg, imm: hi }));
      break;
    case 3: {
      const negative = b.emit(0xc5, { dst: reg, imm: 0, off: 1 });
      const jump = b.emit(0xd5, { dst: reg, imm: hi });
      b.land(negative);
      otherwise(jump);
      break;
    }
    case 4:
      b.emit(random.chance(50) ? 0x97 : 0x94, { dst: reg, imm: hi + 1 });
      b.emit(random.chance(50) ? 0x57 : 0x54, { dst: reg, imm: 31 });
      range = { lo: 0, hi: 31 };
      break;
    case 5: {
      const shift = random.chance(50) ? 59 : 60;
      b.emit(0x77, { dst: reg, imm: shift });
      range = { lo: 0, hi: 2 ** (64 - shift) - 1 };
      break;
    }
    case 6: {
      const shift = random.chance(50) ? 59 : 60;
      b.emit(0xc7, { dst: reg, imm: shift });
      range = { lo: -(2 ** (63 - shift)), hi: 2 ** (63 - shift) - 1 };
      break;
    }
    case 7: {
      const low = random.between(0, hi);
      const below = b.emit(0xa5, { dst: reg, imm: low, off: 1 });
      const jump = b.emit(0xb5, { dst: reg, imm: hi });
      b.land(below);
      b.movImm(reg, hi);
      b.land(jump);
      range = { lo: low, hi };
      break;
    }
    default: {
      const limit = b.target(reg, ...not);
      b.movImm(limit, hi);
      b.set(limit, SCALAR);
      const jump = random.chance(50)
        ? b.emit(0xbd, { dst: reg, src: limit })
        : b.emit(0x3d, { dst: limit, src: reg });
      b.mov(reg, limit);
      b.land(jump);
    }
  }
  for (let n = random.below(4); n > 0; n--) range = disturb(b, reg, range);
  b.set(reg, { is: 'scalar', ...range });
  return { reg, range };
}

/**
 * One load, store or atomic through `pointer`, where it may reach from `first` to before `end`.
 *
 * @param aligned the pointer is, as atomics want it
 */
export function touch(b: Builder, pointer: number, first: number, end: number, aligned = false): void {
  const { random } = b;
  const [bits, size] = random.pick(SIZES.filter(([, n]) => n <= end - first));
  const last = end - size;
  let off = random.chance(50) ? random.pick([first, last]) : random.between(first, Math.max(first, last));
  if (random.chance(7)) off += random.pick([-1, 1, 8, -8]);
  const form = random.below(10);
  if (form < 4) {
    const dst = b.target(pointer);
    b.emit((size < 8 && random.chance(25) ? 0x81 : 0x61) | bits, { dst, src: pointer, off });
    b.set(dst, SCALAR);
  } else if (form < 7) b.emit(0x63 | bits, { dst: pointer, off, src: b.scalar(pointer) });
  else if (form < 8 || size < 4 || !(aligned || random.chance(5)))
    b.emit(0x62 | bits, { dst: pointer, off, imm: random.edge32() });
  else {
    const imm = random.pick([0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1]);
    if (imm === 0xf1 && b.belief(0).is !== 'scalar') return;
    const src = b.own(pointer);
    b.emit(0xc3 | bits, { dst: pointer, src, off: aligned ? off - (off % size) : off, imm });
    b.set(src, SCALAR);
  }
}
