import { expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { emptyKernel } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import { callHelper, place, placeArgs, textAt } from './testing.ts';

const kernel = emptyKernel();
const bpf = new Bpf(kernel);
const it = kernel.mem.alloc(24);

function bits(...words: readonly bigint[]): number[] {
  const out: number[] = [];
  callHelper(bpf, 'bpf_iter_bits_new', it, placeArgs(bpf, words), words.length);
  for (;;) {
    const at = callHelper(bpf, 'bpf_iter_bits_next', it);
    if (at === 0) break;
    out.push(kernel.mem.u32(it + 12n));
  }
  callHelper(bpf, 'bpf_iter_bits_destroy', it);
  return out;
}

test('bpf_iter_bits yields the numbers of set bits over all words', () => {
  expect(bits(0b101n)).toEqual([0, 2]);
  expect(bits(1n << 63n, 0n, 3n)).toEqual([63, 128, 129]);
  expect(bits(0n)).toEqual([]);
  const make = (addr: bigint, words: number) => callHelper(bpf, 'bpf_iter_bits_new', it, addr, words);
  expect(make(0n, 1)).toBe(fail('EINVAL'));
  expect(make(it, 0)).toBe(fail('EINVAL'));
  expect(make(it, 512)).toBe(fail('E2BIG'));
  expect(make(0x10n, 1)).toBe(fail('EFAULT'));
  expect(callHelper(bpf, 'bpf_iter_bits_next', it)).toBe(0);
});

test('bpf_throw ends the program with its cookie', () => {
  expect(callHelper(bpf, 'bpf_throw', 7)).toBe(7);
});

test('the clock of a program moves with its own instructions', () => {
  const before = kernel.now;
  expect(BigInt(callHelper(bpf, 5))).toBe(before + 1n);
  expect(kernel.now).toBe(before + 2n);
});

test('bpf_get_prandom_u32 repeats with the seed', () => {
  const draw = (seed: number) => {
    const fresh = new Bpf(emptyKernel(), { seed });
    return [callHelper(fresh, 7), callHelper(fresh, 7)];
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test('a dynptr reads and writes inside its range only, and adjusting narrows it', () => {
  const dynptr = kernel.mem.alloc(16);
  const text = place(bpf, 'abcdefgh');
  const out = kernel.mem.alloc(8);
  const read = (offset: number, length: number) => callHelper(bpf, 201, out, length, dynptr, offset, 0);
  expect(callHelper(bpf, 197, text, 8, 0, dynptr)).toBe(0);
  expect([read(2, 3), textAt(bpf, out, 8)]).toEqual([0, 'cde']);
  expect([read(6, 3), read(9, 0)]).toEqual([fail('E2BIG'), fail('E2BIG')]);
  expect(callHelper(bpf, 'bpf_dynptr_adjust', dynptr, 2, 6)).toBe(0);
  expect(callHelper(bpf, 'bpf_dynptr_size', dynptr)).toBe(4);
  expect(callHelper(bpf, 202, dynptr, 0, place(bpf, 'XY'), 2, 0)).toBe(0);
  expect(textAt(bpf, text, 8)).toBe('abXYefgh');
  expect(callHelper(bpf, 'bpf_dynptr_adjust', dynptr, 0, 5)).toBe(fail('ERANGE'));
  expect(callHelper(bpf, 197, text, 8, 1, dynptr)).toBe(fail('EINVAL'));
  expect([callHelper(bpf, 'bpf_dynptr_is_null', dynptr), read(0, 1)]).toEqual([1, fail('EINVAL')]);
});

test('interrupts are off from the first save to the restore of what it saved', () => {
  const irqEnabled = (flags: bigint): boolean => (kernel.mem.u64(flags) & 0x200n) !== 0n;
  const [outer, inner, after] = [kernel.mem.alloc(8), kernel.mem.alloc(8), kernel.mem.alloc(8)];
  callHelper(bpf, 'bpf_local_irq_save', outer);
  callHelper(bpf, 'bpf_local_irq_save', inner);
  callHelper(bpf, 'bpf_local_irq_restore', inner);
  callHelper(bpf, 'bpf_local_irq_save', after);
  expect([outer, inner, after].map(irqEnabled)).toEqual([true, false, false]);
  callHelper(bpf, 'bpf_local_irq_restore', outer);
  callHelper(bpf, 'bpf_local_irq_save', after);
  expect(irqEnabled(after)).toBe(true);
  callHelper(bpf, 'bpf_local_irq_restore', after);
});

test('a resilient lock is refused while it is held, and interrupts stay as they were', () => {
  const [lock, flags, after] = [kernel.mem.alloc(8), kernel.mem.alloc(8), kernel.mem.alloc(8)];
  expect(callHelper(bpf, 'bpf_res_spin_lock', lock)).toBe(0);
  expect(callHelper(bpf, 'bpf_res_spin_lock', lock)).toBe(-35);
  expect(callHelper(bpf, 'bpf_res_spin_lock_irqsave', lock, flags)).toBe(-35);
  callHelper(bpf, 'bpf_local_irq_save', after);
  callHelper(bpf, 'bpf_local_irq_restore', after);
  expect(kernel.mem.u64(after) & 0x200n).toBe(0x200n);
  callHelper(bpf, 'bpf_res_spin_unlock', lock);
  expect(callHelper(bpf, 'bpf_res_spin_lock_irqsave', lock, flags)).toBe(0);
  callHelper(bpf, 'bpf_res_spin_unlock_irqrestore', lock, flags);
  expect(kernel.mem.u32(lock)).toBe(0);
});
