/** Which slots share bytes of the stack. */
import { expect, test } from 'vitest';
import { CPUS } from './cpu.ts';
import { layOutFrame } from './emit_frame.ts';
import type { Slot } from './ir.ts';
import { minst } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';

const slot = (id: number, name: string): Slot => ({ id, name, size: 32, align: 8, variable: null });
const [a, b] = [slot(0, 'a'), slot(1, 'b')];
const begin = (of: Slot): MInst => minst('life', { slot: of, imm: 1n });
const end = (of: Slot): MInst => minst('life', { slot: of, imm: 0n });
const use = (of: Slot): MInst => minst('frame', { slot: of });

/** @returns bytes of the frame; `ways` are the blocks between an entry and an exit */
function frameOf(
  entry: readonly MInst[],
  ways: readonly (readonly MInst[])[],
  exit: readonly MInst[],
): number {
  const block = (id: number, insts: readonly MInst[], succs: MBlock[]): MBlock => ({
    id,
    insts: [...insts],
    succs,
    depth: 0,
  });
  const last = block(99, exit, []);
  const between = ways.map((insts, i) => block(i + 1, insts, [last]));
  const fn = { name: 'f', cpu: CPUS.v3, slots: [a, b], blocks: [block(0, entry, between), ...between, last] };
  return layOutFrame(fn as Partial<MFunction> as MFunction).size;
}

test('slots of scopes that follow each other share their bytes', () => {
  expect(frameOf([begin(a), use(a), end(a), begin(b), use(b), end(b)], [], [])).toBe(32);
  expect(frameOf([begin(a), use(a), begin(b), use(b), end(b), end(a)], [], [])).toBe(64);
});

test('slots on two ways to one place share their bytes, even where their ends are lost', () => {
  expect(
    frameOf(
      [],
      [
        [begin(a), use(a)],
        [begin(b), use(b)],
      ],
      [],
    ),
  ).toBe(32);
});

test('a slot that begins behind the join keeps clear of one that has not ended on a way there', () => {
  expect(frameOf([], [[begin(a), use(a)], []], [begin(b), use(b)])).toBe(64);
});

test('a slot without marks of its life has its bytes for itself', () => {
  expect(frameOf([begin(a), use(a), end(a)], [[use(b)]], [])).toBe(64);
});
