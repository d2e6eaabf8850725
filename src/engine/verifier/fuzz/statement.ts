/**
 * What random programs are made of. A statement writes a few instructions that mostly make sense: arithmetic
 * of every kind, comparisons, spills and fills, offsets that were bounded in some way and are then used at
 * the very end of what they may reach, calls.
 */
import { helperId } from '../../abi/helper_id.ts';
import type { Builder, Range } from './builder.ts';
import { NOTHING, SCALAR } from './builder.ts';

/** Maps by file descriptor. */
export const ARRAY_FD = 1;
export const HASH_FD = 2;
export const RINGBUF_FD = 3;
export const ELEMENTS_FD = 4;
/** Bytes in a value of each. */
export const VALUE_SIZE: Readonly<Record<number, number>> = {
  [ARRAY_FD]: 64,
  [HASH_FD]: 16,
  [ELEMENTS_FD]: 24,
};

const SIZES = [
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
] as const;
const ALU_OPS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xc0] as const;
const CONDITIONS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0] as const;
const SHIFTS: ReadonlySet<number> = new Set([0x60, 0x70, 0xc0]);
const DIVISIONS: ReadonlySet<number> = new Set([0x30, 0x90]);

export type Statement = (b: Builder) => void;

/** One ALU instruction on scalars, of any kind. */
export const arithmetic: Statement = (b) => {
  const { random } = b;
  const wide = random.chance(50);
  const dst = b.own();
  b.set(dst, SCALAR);
  const form = random.below(10);
  if (form === 0) {
    b.emit(wide ? 0x87 : 0x84, { dst });
    return;
  }
  if (form === 1) {
    const swap = random.pick([0xd4, 0xdc, 0xd7] as const);
    b.emit(swap, { dst, imm: random.pick([16, 32, 64]) });
    return;
  }
  if (form === 2) {
    b.emit(wide ? 0xbf : 0xbc, {
      dst,
      src: b.scalar(),
      off: random.pick(wide ? [0, 8, 16, 32] : [0, 8, 16]),
    });
    return;
  }
  const op = random.pick(ALU_OPS);
  const off = DIVISIONS.has(op) && random.chance(50) ? 1 : 0;
  if (random.chance(45)) {
    b.emit((wide ? 0x0f : 0x0c) | op, { dst, src: b.scalar(), off });
    return;
  }
  let imm = random.edge32();
  if (SHIFTS.has(op)) imm = random.below(wide ? 64 : 32);
  else if (DIVISIONS.has(op)) imm ||= 7;
  b.emit((wide ? 0x07 : 0x04) | op, { dst, imm, off });
};

/** Emits a conditional jump of scalars. @returns where it stands */
function compare(b: Builder): number {
  const { random } = b;
  const op = random.pick(CONDITIONS) | (random.chance(50) ? 5 : 6);
  const dst = b.scalar();
  const src = random.chance(45) ? b.scalar() : -1;
  return src < 0 ? b.emit(op, { dst, imm: random.edge32() }) : b.emit(op | 8, { dst, src });
}

export const condition =
  (block: (b: Builder) => void): Statement =>
  (b) => {
    const jump = compare(b);
    b.branch(() => block(b));
    if (!b.random.chance(35)) return b.land(jump);
    const over = b.emit(0x05);
    b.land(jump);
    b.branch(() => block(b));
    b.land(over);
  };

/** A counter that goes to a limit. */
export const loop =
  (block: (b: Builder) => void): Statement =>
  (b) => {
    const { random } = b;
    if (b.loops > 1) return;
    const counter = b.target();
    b.movImm(counter, random.between(-2, 2));
    b.reserved.add(counter);
    b.regs = b.regs.map((belief, n) => {
      if (belief.is === 'scalar') return SCALAR;
      return n < 6 ? NOTHING : belief;
    });
    b.set(counter, SCALAR);
    b.loops++;
    const head = b.insns.length;
    const stored = new Set(b.stored);
    block(b);
    b.stored = stored;
    b.loops--;
    b.addImm(counter, random.between(1, 3));
    const back = head - b.insns.length - 1;
    const wide = random.chance(60) ? 5 : 6;
    b.emit(random.pick([0xa0, 0xb0, 0xc0, 0xd0]) | wide, {
      dst: counter,
      imm: random.between(3, 8),
      off: back,
    });
    b.reserved.delete(counter);
  };

/** may_goto out of a loop that nothing else ends. */
export const mayGotoLoop =
  (block: (b: Builder) => void): Statement =>
  (b) => {
    if (b.loops > 0) return;
    b.regs = b.regs.map((belief, n) => (belief.is === 'scalar' ? SCALAR : n < 6 ? NOTHING : belief));
    b.loops++;
    const stored = new Set(b.stored);
    const head = b.emit(0xe5);
    const limit = b.scalar();
    const out = b.emit(b.random.pick(CONDITIONS) | 5, { dst: limit, imm: b.random.edge32() });
    b.branch(() => block(b));
    b.emit(0x05, { off: head - b.insns.length - 1 });
    b.land(head);
    b.land(out);
    b.stored = stored;
    b.loops--;
  };

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
function bounded(b: Builder, ...not: readonly number[]): { readonly reg: number; readonly range: Range } {
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

/** One load, store or atomic through `pointer`, where it may reach from `first` to before `end`. */
function touch(b: Builder, pointer: number, first: number, end: number): void {
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
  else if (form < 8 || size < 4) b.emit(0x62 | bits, { dst: pointer, off, imm: random.edge32() });
  else {
    const imm = random.pick([0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1]);
    if (imm === 0xf1 && b.belief(0).is !== 'scalar') return;
    const src = b.own(pointer);
    b.emit(0xc3 | bits, { dst: pointer, src, off, imm });
    b.set(src, SCALAR);
  }
}

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

const id = (name: string): number => helperId(`bpf_${name}`) ?? 0;
const call = (b: Builder, name: string): void => void b.emit(0x85, { imm: id(name) });

/** Some scalar in register `n`. */
function argument(b: Builder, n: number): void {
  const have = b.holding('scalar').filter((reg) => reg > 5 || reg > n);
  if (have.length > 0) b.mov(n, b.random.pick(have));
  else b.movImm(n, b.random.edge32());
}
function stackArgument(b: Builder, n: number, slot: number): void {
  b.mov(n, 10);
  b.addImm(n, slot);
}

/** Makes R1-R5 free for arguments and R0 for the result. */
function calling(b: Builder): boolean {
  return b.loops === 0 && ![0, 1, 2, 3, 4, 5].some((n) => b.reserved.has(n));
}

export const simpleCall: Statement = (b) => {
  if (!calling(b)) return;
  const ctx = b.holding('ctx')[0];
  if (ctx !== undefined && ctx < 6) return;
  call(b, b.random.pick(['ktime_get_ns', 'get_prandom_u32', 'get_smp_processor_id', 'jiffies64']));
  b.called(SCALAR);
};

export const lookup: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const fd = random.pick([ARRAY_FD, HASH_FD, ELEMENTS_FD]);
  const key = -8 * random.between(1, 6) + (random.chance(50) ? 4 : 0);
  if (random.chance(70)) b.emit(0x62, { dst: 10, off: key, imm: random.between(0, 4) });
  else b.emit(0x63, { dst: 10, off: key, src: b.scalar() });
  stackArgument(b, 2, key);
  b.pair(1, 1, fd, 0);
  call(b, 'map_lookup_elem');
  b.called(NOTHING);
  const checked = random.chance(95);
  const jump = checked ? b.emit(random.chance(70) ? 0x15 : 0x1d, { dst: 0, imm: 0 }) : -1;
  const at = b.insns[jump];
  if (at?.code === 0x1d) b.insns[jump] = { ...at, code: 0x15 };
  b.branch(() => {
    if (random.chance(50)) {
      const { reg, range } = bounded(b, 0);
      b.emit(0x0f, { dst: 0, src: reg });
      const first = -range.lo;
      const end = (VALUE_SIZE[fd] ?? 0) - range.hi;
      if (first < end) touch(b, 0, first, end);
    } else {
      touch(b, 0, 0, VALUE_SIZE[fd] ?? 0);
      if (random.chance(50)) touch(b, 0, 0, VALUE_SIZE[fd] ?? 0);
    }
    b.set(0, NOTHING);
  });
  if (checked) b.land(jump);
  b.movImm(0, random.edge32());
  b.set(0, SCALAR);
};

export const update: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const fd = random.pick([HASH_FD, ELEMENTS_FD]);
  const key = -8 * random.between(1, 3);
  b.emit(0x62, { dst: 10, off: key, imm: random.between(0, 9) });
  if (random.chance(30)) {
    stackArgument(b, 2, key);
    b.pair(1, 1, fd, 0);
    call(b, 'map_delete_elem');
  } else {
    stackArgument(b, 3, random.pick([-24, -32, -40, -48, random.chance(10) ? -8 : -24]));
    stackArgument(b, 2, key);
    b.pair(1, 1, fd, 0);
    b.movImm(4, 0);
    call(b, 'map_update_elem');
  }
  b.called(SCALAR);
};

/** Memory of a size that was computed. */
export const sizedCall: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const { reg, range } = bounded(b, 0, 1, 2, 3, 4, 5);
  if (range.lo < 0) return;
  let bottom = -Math.max(range.hi, 1);
  if (random.chance(30)) bottom -= random.below(40);
  if (random.chance(5)) bottom++;
  b.mov(2, reg);
  const direct = random.chance(30);
  if (direct) {
    b.pair(1, 2, ARRAY_FD, 0);
    b.addImm(1, Math.max(0, (VALUE_SIZE[ARRAY_FD] ?? 0) - range.hi + (random.chance(5) ? 1 : 0)));
  } else stackArgument(b, 1, bottom);
  argument(b, 3);
  call(b, random.pick(['probe_read_kernel', 'probe_read_kernel_str', 'probe_read_kernel']));
  b.called(SCALAR);
  if (direct) return;
  for (let off = -8; off >= bottom; off -= 8) b.stored.add(off);
};

/** A record of the ring buffer: reserved, written, and almost always given back. */
export const record: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const size = random.pick([8, 16, 24, 40]);
  b.pair(1, 1, RINGBUF_FD, 0);
  b.movImm(2, size);
  b.movImm(3, 0);
  call(b, 'ringbuf_reserve');
  b.called(NOTHING);
  const jump = random.chance(96) ? b.emit(0x15, { dst: 0, imm: 0 }) : -1;
  b.branch(() => {
    if (random.chance(50)) {
      const { reg, range } = bounded(b, 0);
      const kept = b.target(0, reg);
      b.mov(kept, 0);
      b.emit(0x0f, { dst: kept, src: reg });
      b.set(kept, NOTHING);
      if (-range.lo < size - range.hi) touch(b, kept, -range.lo, size - range.hi);
    } else touch(b, 0, 0, size);
    b.mov(1, 0);
    b.movImm(2, 0);
    const skipped = random.chance(8) ? b.emit(0x55, { dst: 6, imm: random.edge32() }) : -1;
    if (random.chance(97)) call(b, random.pick(['ringbuf_submit', 'ringbuf_discard']));
    if (skipped >= 0) b.land(skipped);
    b.called(NOTHING);
  });
  if (jump >= 0) b.land(jump);
  for (let n = 1; n < 6; n++) b.set(n, NOTHING);
  b.movImm(0, random.edge32());
  b.set(0, SCALAR);
};

/** A numbers iterator on the stack. */
export const iterate =
  (block: (b: Builder) => void, kfunc: (name: string) => number): Statement =>
  (b) => {
    const { random } = b;
    if (!calling(b) || b.loops > 0) return;
    const slot = -8 * random.between(7, 9);
    const invoke = (name: string): void => {
      stackArgument(b, 1, slot);
      b.emit(0x85, { src: 2, imm: kfunc(`bpf_iter_num_${name}`) });
      b.called(NOTHING);
    };
    b.movImm(2, random.between(-1, 2));
    b.movImm(3, random.between(0, 5));
    stackArgument(b, 1, slot);
    b.emit(0x85, { src: 2, imm: kfunc('bpf_iter_num_new') });
    b.called(NOTHING);
    b.regs = b.regs.map((belief) => (belief.is === 'scalar' ? SCALAR : belief));
    const head = b.insns.length;
    const stored = new Set(b.stored);
    invoke('next');
    const out = b.emit(0x15, { dst: 0, imm: 0 });
    b.loops++;
    b.branch(() => {
      const value = b.target(0);
      b.emit(0x61, { dst: value, src: 0, off: 0 });
      b.set(value, SCALAR);
      b.set(0, NOTHING);
      block(b);
    });
    b.emit(0x05, { off: head - b.insns.length - 1 });
    b.land(out);
    b.loops--;
    b.stored = stored;
    for (let n = 0; n < 6; n++) b.set(n, NOTHING);
    if (random.chance(96)) invoke('destroy');
    b.movImm(0, random.edge32());
    b.set(0, SCALAR);
  };

/** A call of one of the program's own functions; R3 points into the caller's stack. */
export const functionCall =
  (count: number): Statement =>
  (b) => {
    const { random } = b;
    if (!calling(b) || count === 0) return;
    if (random.chance(50)) {
      const { reg } = bounded(b, 1, 2, 3);
      b.mov(2, reg);
    } else argument(b, 2);
    argument(b, 1);
    stackArgument(b, 3, -8 * random.between(2, 6));
    b.calls.push([b.emit(0x85, { src: 1 }), random.below(count)]);
    b.called(SCALAR);
  };

/** bpf_loop over the callback. */
export const callbackLoop: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  b.movImm(1, random.between(0, 5));
  stackArgument(b, 3, -8 * random.between(2, 6));
  b.movImm(4, 0);
  b.calls.push([b.emit(0x18, { dst: 2, src: 4 }), -1]);
  b.emit(0);
  call(b, 'loop');
  b.called(SCALAR);
};
