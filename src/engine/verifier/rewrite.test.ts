/** What the verifier makes of programs. What a real kernel made of some stands in app/shell_recorded.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { disasmWithOpcode } from '../abi/disasm.ts';
import { helperId } from '../abi/helper_id.ts';
import type { Insn } from '../abi/insn.ts';
import { Btf } from '../btf/parse.ts';
import { ARRAY_FD, ELEMENTS_FD, HASH_FD } from './fuzz/parts.ts';
import { Lab } from './fuzz/lab.ts';
import { verify } from './verify.ts';

const file = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const lab = new Lab(Btf.parse(new Uint8Array(gunzipSync(readFileSync(file)))));

type Fields = Partial<Insn>;
const insn = (code: number, fields: Fields = {}): Insn => ({
  code,
  dst: 0,
  src: 0,
  off: 0,
  imm: 0,
  ...fields,
});
const exit = [insn(0xb4), insn(0x95)];
const call = (name: string): Insn => insn(0x85, { imm: must(helperId(name) ?? null, name) });
const map = (dst: number, fd: number): readonly Insn[] => [insn(0x18, { dst, src: 1, imm: fd }), insn(0)];

function made(insns: readonly Insn[], functions: readonly number[] = [0]): string[] {
  const result = verify({ ...lab.request({ insns, functions }), logLevel: 1 });
  expect(result.log).toContain('processed');
  expect(result.errno).toBe(null);
  return must(result.xlated?.() ?? null, 'program').insns.map(
    ({ insn: it, second, index, symbol }) =>
      `${index}: ${symbol || disasmWithOpcode(it, second ? { next: second } : {})}`,
  );
}

test('a branch that is never taken goes with what it leads to', () => {
  const branch = [insn(0xb7, { dst: 1, imm: 1 }), insn(0x15, { dst: 1, imm: 1, off: 1 })];
  expect(made([...branch, insn(0xb7, { dst: 2 }), ...exit])).toEqual([
    '0: (b7) r1 = 1',
    '1: (b4) w0 = 0',
    '2: (95) exit',
  ]);
});

test('a jump over what is left stays, with its new distance', () => {
  const unknown = [call('bpf_ktime_get_ns'), insn(0x15, { off: 3, imm: 7 })];
  const dead = [insn(0xb7, { dst: 1 }), insn(0x15, { dst: 1, off: 1 }), insn(0xb7, { dst: 2 })];
  expect(made([...unknown, ...dead, ...exit]).slice(1)).toEqual([
    '1: (15) if r0 == 0x7 goto pc+1',
    '2: (b7) r1 = 0',
    '3: (b4) w0 = 0',
    '4: (95) exit',
  ]);
});

/** R2 points to a key of zero on the stack. */
const key = [
  insn(0x62, { dst: 10, off: -4 }),
  insn(0xbf, { dst: 2, src: 10 }),
  insn(0x07, { dst: 2, imm: -4 }),
];

test("an array's lookup is arithmetic, a hash's a call and an offset", () => {
  const lookup = (fd: number): string[] =>
    made([...key, ...map(1, fd), call('bpf_map_lookup_elem'), ...exit]).slice(4, -2);
  expect(lookup(ELEMENTS_FD)).toEqual([
    expect.stringMatching(/^5: \(07\) r1 \+= \d+$/),
    '6: (61) r0 = *(u32 *)(r2 +0)',
    '7: (35) if r0 >= 0x3 goto pc+3',
    '8: (27) r0 *= 24',
    '9: (0f) r0 += r1',
    '10: (05) goto pc+1',
    '11: (b7) r0 = 0',
  ]);
  expect(lookup(ARRAY_FD)[3]).toBe('8: (67) r0 <<= 6');
  expect(lookup(HASH_FD)).toEqual([
    '5: __htab_map_lookup_elem',
    '6: (15) if r0 == 0x0 goto pc+1',
    '7: (07) r0 += 56',
  ]);
});

test('a call that is made with two maps stays a call of the helper', () => {
  const either = [
    call('bpf_ktime_get_ns'),
    insn(0xbf, { dst: 7 }),
    ...key,
    ...map(1, HASH_FD),
    insn(0x15, { dst: 7, off: 2 }),
    ...map(1, ELEMENTS_FD),
    call('bpf_map_lookup_elem'),
  ];
  expect(made([...either, ...exit]).at(-3)).toBe('10: (85) call bpf_map_lookup_elem#1');
});

test('a division by a register is made only when it is not 0', () => {
  const numbers = [call('bpf_ktime_get_ns'), insn(0xbf, { dst: 1 }), insn(0x3f, { dst: 0, src: 1 })];
  expect(made([...numbers, ...exit]).slice(2, -2)).toEqual([
    '2: (55) if r1 != 0x0 goto pc+2',
    '3: (ac) w0 ^= w0',
    '4: (05) goto pc+1',
    '5: (3f) r0 /= r1',
  ]);
  const low = [call('bpf_ktime_get_ns'), insn(0xbf, { dst: 1 }), insn(0x9c, { dst: 0, src: 1 })];
  expect(made([...low, ...exit]).slice(2, -2)).toEqual([
    '2: (16) if w1 == 0x0 goto pc+2',
    '3: (9c) w0 %= w1',
    '4: (05) goto pc+1',
    '5: (bc) w0 = w0',
  ]);
});

test('bpf_loop with one callback becomes a loop', () => {
  const loop = [
    insn(0xb7, { dst: 1, imm: 3 }),
    insn(0x18, { dst: 2, src: 4, imm: 6 }),
    insn(0),
    insn(0xb7, { dst: 3 }),
    insn(0xb7, { dst: 4 }),
    call('bpf_loop'),
    ...exit,
  ];
  const lines = made([...loop, insn(0xb7), insn(0x95)], [0, 8]);
  expect(lines.slice(4, 10)).toEqual([
    '5: (b5) if r1 <= 0x800000 goto pc+2',
    '6: (b4) w0 = -7',
    '7: (05) goto pc+16',
    '8: (7b) *(u64 *)(r10 -24) = r6',
    '9: (7b) *(u64 *)(r10 -16) = r7',
    '10: (7b) *(u64 *)(r10 -8) = r8',
  ]);
  expect(lines[17 - 1]).toBe('17: (85) call pc+8');
  expect(lines.at(-2)).toBe('26: (b7) r0 = 0');
});

test('a signed division is made only when it is by neither 0 nor -1', () => {
  const numbers = [call('bpf_ktime_get_ns'), insn(0xbf, { dst: 1 })];
  const divided = (code: number): string[] =>
    made([...numbers, insn(code, { dst: 0, src: 1, off: 1 }), ...exit]).slice(2, -2);
  expect(divided(0x3f)).toEqual([
    '2: (bf) r11 = r1',
    '3: (07) r11 += 1',
    '4: (25) if r11 > 0x1 goto pc+4',
    '5: (15) if r11 == 0x0 goto pc+1',
    '6: (b7) r0 = 0',
    '7: (87) r0 = -r0',
    '8: (05) goto pc+1',
    '9: (3f) r0 s/= r1',
  ]);
  expect(divided(0x9c)).toEqual([
    '2: (bf) r11 = r1',
    '3: (04) w11 += 1',
    '4: (26) if w11 > 0x1 goto pc+3',
    '5: (16) if w11 == 0x1 goto pc+4',
    '6: (b4) w0 = 0',
    '7: (05) goto pc+1',
    '8: (9c) w0 s%= w1',
    '9: (05) goto pc+1',
    '10: (bc) w0 = w0',
  ]);
  expect(made([...numbers, insn(0x37, { off: 1, imm: -1 }), ...exit])[2]).toBe('2: (87) r0 = -r0');
});

test('may_goto counts down below the stack, and a jump to the first instruction passes by the start of the count', () => {
  const loop = [insn(0x7a, { dst: 10, off: -8 }), insn(0xe5, { off: 1 }), insn(0x05, { off: -3 }), ...exit];
  expect(made(loop)).toEqual([
    '0: (7a) *(u64 *)(r10 -16) = 8388608',
    '1: (7a) *(u64 *)(r10 -8) = 0',
    '2: (79) r11 = *(u64 *)(r10 -16)',
    '3: (15) if r11 == 0x0 goto pc+3',
    '4: (17) r11 -= 1',
    '5: (7b) *(u64 *)(r10 -16) = r11',
    '6: (05) goto pc-6',
    '7: (b4) w0 = 0',
    '8: (95) exit',
  ]);
});

test('registers saved around a call that is written out are not saved, and take no stack', () => {
  const saved = (reg: number, off: number): readonly [Insn, Insn] => [
    insn(0x7b, { dst: 10, src: reg, off }),
    insn(0x79, { dst: reg, src: 10, off }),
  ];
  const [spill1, fill1] = saved(1, -16);
  const [spill2, fill2] = saved(2, -24);
  const number = insn(0xb7, { dst: 2, imm: 2 });
  const cpu = [number, spill1, spill2, call('bpf_get_smp_processor_id'), fill2, fill1];
  const depth = (insns: readonly Insn[]): string | undefined =>
    /stack depth (\d+)/.exec(verify({ ...lab.request({ insns, functions: [0] }), logLevel: 4 }).log)?.[1];
  // no symbol says here where a processor's number is
  expect(made([...cpu, ...exit])).toEqual([
    '0: (b7) r2 = 2',
    '1: (85) call bpf_get_smp_processor_id#8',
    '2: (b4) w0 = 0',
    '3: (95) exit',
  ]);
  expect(depth([...cpu, ...exit])).toBe('8');
  // what something else reads has to be there
  const read = insn(0x79, { dst: 3, src: 10, off: -24 });
  expect(depth([...cpu, read, ...exit])).toBe('24');
  expect(made([...cpu, read, ...exit])[1]).toBe('1: (7b) *(u64 *)(r10 -16) = r1');
});
