/** Statements that call helpers which touch memory, maps and the ring buffer. */
import { helperId } from '../../abi/helper_id.ts';
import { bounded, touch } from './bounded.ts';
import type { Builder } from './builder.ts';
import { NOTHING, SCALAR } from './builder.ts';
import { ARRAY_FD, ELEMENTS_FD, HASH_FD, RINGBUF_FD, VALUE_SIZE } from './parts.ts';
import type { Statement } from './parts.ts';

const id = (name: string): number => helperId(`bpf_${name}`) ?? 0;
export const call = (b: Builder, name: string): void => void b.emit(0x85, { imm: id(name) });

/** Some scalar in register `n`. */
export function argument(b: Builder, n: number): void {
  const have = b.holding('scalar').filter((reg) => reg > 5 || reg > n);
  if (have.length > 0) b.mov(n, b.random.pick(have));
  else b.movImm(n, b.random.edge32());
}
export function stackArgument(b: Builder, n: number, slot: number): void {
  b.mov(n, 10);
  b.addImm(n, slot);
}

/** Makes R1-R5 free for arguments and R0 for the result. */
export function calling(b: Builder): boolean {
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
      touch(b, 0, 0, VALUE_SIZE[fd] ?? 0, true);
      if (random.chance(50)) touch(b, 0, 0, VALUE_SIZE[fd] ?? 0, true);
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
    } else touch(b, 0, 0, size, true);
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
