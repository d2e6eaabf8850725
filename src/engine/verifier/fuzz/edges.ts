/**
 * Statements that go to the very edge of a rule, or a step over it. A sound verifier accepts or refuses each
 * for its own reason; one with a hole lets the step pass, and the run shows it.
 */
import { bounded } from './bounded.ts';
import type { Builder } from './builder.ts';
import { NOTHING, SCALAR } from './builder.ts';
import { argument, call, calling, stackArgument } from './calls.ts';
import { ARRAY_FD, RINGBUF_FD, SIZES, VALUE_SIZE } from './parts.ts';
import type { Statement } from './parts.ts';

/** The first and the last bytes of the stack. */
export const edgeOfStack: Statement = (b) => {
  const { random } = b;
  const [bits, size] = random.pick(SIZES);
  const over = random.chance(80) ? 0 : random.pick([size, 1, 8]);
  const off = random.chance(50) ? -512 - over : -size + over;
  b.emit(0x62 | bits, { dst: 10, off, imm: random.edge32() });
};

/** Known numbers in some slots from R10 - 8 down. */
function spillConstants(b: Builder, slots: number): void {
  const reg = b.target();
  for (let slot = 1; slot <= slots; slot++) {
    if (slot === 1 || b.random.chance(50)) b.movImm(reg, b.random.edge32());
    b.emit(0x7b, { dst: 10, off: -8 * slot, src: reg });
    b.stored.add(-8 * slot);
  }
  b.set(reg, SCALAR);
}

function fillOne(b: Builder, slots: number): void {
  const dst = b.target();
  b.emit(0x79, { dst, src: 10, off: -8 * b.random.between(1, slots) });
  b.set(dst, SCALAR);
}

/** Spilled numbers, a store that hits one of them, and one of them again. */
export const overwrite: Statement = (b) => {
  const { random } = b;
  if (b.loops > 0) return;
  const slots = random.pick([2, 4]);
  spillConstants(b, slots);
  const index = b.own();
  const at = b.target(index);
  b.emit(0x57, { dst: index, imm: slots - 1 });
  b.emit(0x67, { dst: index, imm: 3 });
  b.mov(at, 10);
  b.emit(0x0f, { dst: at, src: index });
  b.set(index, SCALAR);
  b.set(at, NOTHING);
  const [bits] = random.pick(SIZES);
  if (random.chance(30)) b.emit(0x62 | bits, { dst: at, off: -8 * slots, imm: random.edge32() });
  else b.emit(0x63 | bits, { dst: at, off: -8 * slots, src: b.scalar(at) });
  fillOne(b, slots);
};

/** Spilled numbers, a helper that fills some of them, and one of them again. */
export const overwriteByHelper: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const slots = random.pick([1, 2, 4]);
  spillConstants(b, slots);
  const { reg, range } = bounded(b, 0, 1, 2, 3, 4, 5);
  if (range.lo < 0 || range.hi > 8 * slots) return;
  b.mov(2, reg);
  stackArgument(b, 1, -8 * slots);
  argument(b, 3);
  call(b, 'probe_read_kernel');
  b.called(SCALAR);
  fillOne(b, slots);
};

/** A helper that fills up to the frame pointer, or a little further. */
export const fillToTheTop: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  spillConstants(b, 2);
  const size = b.own(0, 1, 2, 3, 4, 5);
  const most = random.pick([4, 8, 16]);
  b.emit(0x57, { dst: size, imm: most });
  b.set(size, SCALAR);
  b.mov(2, size);
  stackArgument(b, 1, -most + (random.chance(80) ? 0 : random.pick([1, 2, 4])));
  argument(b, 3);
  call(b, 'probe_read_kernel');
  b.called(SCALAR);
};

/** A map value at an offset that is below it, or just not. */
export const leastOffset: Statement = (b) => {
  const { random } = b;
  const index = b.own();
  const below = random.pick([1, 3, 7]);
  b.emit(0x57, { dst: index, imm: below });
  const at = b.target(index);
  b.pair(at, 2, ARRAY_FD, random.chance(70) ? below : 0);
  b.emit(random.chance(70) ? 0x1f : 0x0f, { dst: at, src: index });
  b.set(index, SCALAR);
  b.set(at, NOTHING);
  const last = random.chance(30) ? (VALUE_SIZE[ARRAY_FD] ?? 0) - 8 - below : 0;
  b.emit(0x72, { dst: at, off: last - (random.chance(15) ? 1 : 0), imm: random.edge32() });
};

/** A record that is given back on one of two ways, which then meet; almost always on both. */
export const halfReleased: Statement = (b) => {
  const { random } = b;
  if (!calling(b)) return;
  const kept = b.belief(7).is === 'scalar' ? 7 : -1;
  if (kept < 0) return;
  b.pair(1, 1, RINGBUF_FD, 0);
  b.movImm(2, 8);
  b.movImm(3, 0);
  call(b, 'ringbuf_reserve');
  b.called(NOTHING);
  const none = b.emit(0x15, { dst: 0, imm: 0 });
  const other = b.emit(0x55, { dst: kept, imm: random.edge32() });
  const giveBack = (): void => {
    b.mov(1, 0);
    b.movImm(2, 0);
    call(b, 'ringbuf_discard');
  };
  giveBack();
  const over = b.emit(0x05);
  b.land(other);
  if (random.chance(80)) giveBack();
  b.land(over);
  b.land(none);
  b.called(NOTHING);
  b.movImm(0, 0);
  b.set(0, SCALAR);
  for (let i = 0; i < 3; i++) {
    const jump = b.emit(0x55, { dst: kept, imm: random.edge32() });
    b.movImm(0, i);
    b.land(jump);
  }
};
