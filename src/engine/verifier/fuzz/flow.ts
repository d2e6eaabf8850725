/** Statements that compute and branch: arithmetic of every kind, comparisons, loops. */
import type { Builder } from './builder.ts';
import { NOTHING, SCALAR } from './builder.ts';
import type { Statement } from './parts.ts';

const ALU_OPS = [0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xc0] as const;
const CONDITIONS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0] as const;
const SHIFTS: ReadonlySet<number> = new Set([0x60, 0x70, 0xc0]);
const DIVISIONS: ReadonlySet<number> = new Set([0x30, 0x90]);

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
