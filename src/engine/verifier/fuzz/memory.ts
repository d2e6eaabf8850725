/** Statements that load and store: the stack, map values, the context and what it points to. */
import { bounded, touch } from './bounded.ts';
import { NOTHING, SCALAR } from './builder.ts';
import { ARRAY_FD, SIZES, VALUE_SIZE } from './parts.ts';
import type { Statement } from './parts.ts';

/** Stores and loads of the stack, of all sizes, at any place of a slot. */
export const spill: Statement = (b) => {
  const { random } = b;
  const slot = -8 * random.between(1, random.chance(98) ? 6 : 65);
  const [bits, size] = random.pick(SIZES);
  const off = slot + (random.chance(60) ? 0 : size * random.below(8 / size));
  if (random.chance(15)) b.emit(0x62 | bits, { dst: 10, off, imm: random.edge32() });
  else if (random.chance(12) && b.holding('stack').length + b.holding('value').length > 0)
    b.emit(0x7b, { dst: 10, off: slot, src: random.pick([...b.holding('stack'), ...b.holding('value')]) });
  else b.emit(0x63 | bits, { dst: 10, off, src: b.scalar() });
  b.stored.add(slot);
};
export const fill: Statement = (b) => {
  const { random } = b;
  const slots = [...b.stored];
  const slot =
    slots.length > 0 && random.chance(92)
      ? random.pick(slots)
      : -8 * random.between(1, random.chance(90) ? 8 : 65);
  const [bits, size] = random.pick(SIZES);
  const off = slot + (random.chance(70) ? 0 : size * random.below(8 / size));
  const dst = b.target();
  const signed = size < 8 && random.chance(25);
  b.emit((signed ? 0x81 : 0x61) | bits, { dst, src: 10, off });
  b.set(dst, SCALAR);
};

/** A map value at an offset that was computed. */
export const valueAccess: Statement = (b) => {
  const { random } = b;
  const { reg, range } = bounded(b);
  const pointer = b.target(reg);
  const have = b.holding('value').filter((n) => n !== pointer);
  if (have.length > 0 && random.chance(60)) b.mov(pointer, random.pick(have));
  else b.pair(pointer, 2, ARRAY_FD, 0);
  b.set(pointer, NOTHING);
  const size = VALUE_SIZE[ARRAY_FD] ?? 0;
  const before = random.chance(30) ? random.between(0, 8) : 0;
  if (before > 0) b.addImm(pointer, before);
  const minus = range.lo <= 0 && random.chance(25);
  b.emit(minus ? 0x1f : 0x0f, { dst: pointer, src: reg });
  const [lo, hi] = minus ? [-range.hi, -range.lo] : [range.lo, range.hi];
  const first = -(lo + before);
  const end = size - hi - before;
  if (first < end) touch(b, pointer, first, end);
};

/** The stack at an offset that was computed. */
export const stackAccess: Statement = (b) => {
  const { random } = b;
  const { reg, range } = bounded(b);
  const pointer = b.target(reg);
  const [bits, size] = random.pick(SIZES);
  const scale = Math.log2(size);
  b.mov(pointer, 10);
  if (scale > 0) b.emit(0x67, { dst: reg, imm: scale });
  b.set(reg, SCALAR);
  b.emit(0x0f, { dst: pointer, src: reg });
  b.set(pointer, NOTHING);
  const top = -(range.hi + 1) * size;
  const bottom = -512 - range.lo * size;
  if (top < bottom || bottom > 0) return;
  const near = Math.max(bottom, top - 48);
  let off = random.chance(8) ? bottom : random.pick([top, near]);
  if (random.chance(4)) off += random.pick([size, -size, 1]);
  if (random.chance(50)) {
    const dst = b.target(pointer);
    b.emit(0x61 | bits, { dst, src: pointer, off });
    b.set(dst, SCALAR);
  } else b.emit(0x63 | bits, { dst: pointer, off, src: b.scalar(pointer) });
};

/** A pointer into the stack or into a value, kept for later. */
export const pointer: Statement = (b) => {
  if (b.loops > 0) return;
  const dst = b.random.between(6, 9);
  if (b.belief(dst).is === 'ctx' || b.reserved.has(dst)) return;
  if (b.random.chance(50)) {
    b.mov(dst, 10);
    b.addImm(dst, -8 * b.random.between(1, 6));
    b.set(dst, { is: 'stack' });
  } else {
    b.pair(dst, 2, ARRAY_FD, 0);
    b.set(dst, { is: 'value' });
  }
};

/** Loads of the context and of what its pointers lead to. */
export const context: Statement = (b) => {
  const { random } = b;
  const ctx = b.holding('ctx')[0];
  if (ctx === undefined || b.loops > 0) return;
  const dst = b.target(ctx);
  const form = random.below(5);
  if (form === 0) {
    b.emit(0x61, { dst, src: ctx, off: 16 });
    b.set(dst, SCALAR);
    return;
  }
  if (form < 3) {
    b.emit(0x79, { dst, src: ctx, off: 0 });
    b.emit(0x79, { dst, src: dst, off: random.pick([8, 16]) });
    b.set(dst, SCALAR);
    return;
  }
  b.emit(0x79, { dst, src: ctx, off: 8 });
  const jump = random.chance(92) ? b.emit(0x55, { dst, imm: 0, off: 2 }) : -1;
  if (jump >= 0) {
    b.movImm(dst, 0);
    const over = b.emit(0x05);
    b.land(jump);
    b.emit(0x61, { dst, src: dst, off: random.pick([0, 4, 24, 28, 44]) });
    b.land(over);
  } else b.emit(0x61, { dst, src: dst, off: 44 });
  b.set(dst, SCALAR);
};
