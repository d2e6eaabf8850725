import fc from 'fast-check';
import { describe as group, expect, test } from 'vitest';
import type { Insn } from '../abi/insn.ts';
import { Code } from './code.ts';
import type { Linker } from './code.ts';
import type { Helper } from './helper.ts';
import { Processor } from './processor.ts';
import { runProg } from './run.ts';
import { alu, byteSwap, compare, describe } from './semantics.ts';
import type { AluOp, Condition } from './semantics.ts';
import { emptyKernel, insn, ldImm64 } from './testing.ts';

const kernel = emptyKernel();
const processor = new Processor(kernel);
const EXIT = insn(0x95);
const mov = (dst: number, imm: number): Insn => insn(0xb7, { dst, imm });
const nobody: Linker = { helper: () => null, kfunc: () => null };
const helpers = (table: Record<number, Helper>): Linker => ({ ...nobody, helper: (n) => table[n] ?? null });
const DATA = kernel.mem.alloc(64);

function run(insns: readonly Insn[], linker = nobody, fuel = 10_000) {
  return runProg(processor, new Code({ insns, linker, base: 0x1000n }), { ctx: DATA, fuel });
}
/** R0 after running `insns` with R1 = a and R2 = b. */
function r0(a: bigint, b: bigint, ...insns: readonly Insn[]): bigint {
  const result = run([...ldImm64(1, a), ...ldImm64(2, b), ...insns, EXIT]);
  return 'r0' in result ? result.r0 : -1n;
}
const move = insn(0xbf, { dst: 0, src: 1 });

group('examples of the instruction set text', () => {
  const table: readonly [string, bigint, bigint, number, number, bigint][] = [
    ['-13 s/ 3 = -4', -13n, 3n, 0x3f, 1, -4n],
    ['-13 s% 3 = -1', -13n, 3n, 0x9f, 1, -1n],
    ['13 s% -3 = 1', 13n, -3n, 0x9f, 1, 1n],
    ['32-bit 0xffffffff00000007 / 2 = 3', 0xffff_ffff_0000_0007n, 2n, 0x3c, 0, 3n],
    ['32-bit % 0 keeps the low half', 0xffff_ffff_0000_0007n, 0n, 0x9c, 0, 7n],
    ['64-bit % 0 keeps everything', 0xffff_ffff_0000_0007n, 0n, 0x9f, 0, 0xffff_ffff_0000_0007n],
    ['division by 0 is 0', 5n, 0n, 0x3f, 0, 0n],
    ['MIN s/ -1 is MIN', -(1n << 63n), -1n, 0x3f, 1, -(1n << 63n)],
    ['MIN s% -1 is 0', -(1n << 63n), -1n, 0x9f, 1, 0n],
    ['32-bit MIN s/ -1 is MIN', 1n << 31n, 0xffff_ffffn, 0x3c, 1, 1n << 31n],
  ];
  test.for(table)('%s', ([, a, b, code, off, want]) => {
    expect(r0(a, b, move, insn(code, { dst: 0, src: 2, off }))).toBe(BigInt.asUintN(64, want));
  });
});

const edge = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 1n << 32n, 1n << 63n, (1n << 64n) - 1n];
const u64s = fc.oneof(fc.constantFrom(...edge), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const immediates = fc.oneof(
  fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);

const alus: readonly [AluOp, code: number, off: number][] = [
  ['add', 0x0, 0],
  ['sub', 0x1, 0],
  ['mul', 0x2, 0],
  ['div', 0x3, 0],
  ['sdiv', 0x3, 1],
  ['or', 0x4, 0],
  ['and', 0x5, 0],
  ['lsh', 0x6, 0],
  ['rsh', 0x7, 0],
  ['mod', 0x9, 0],
  ['smod', 0x9, 1],
  ['xor', 0xa, 0],
  ['mov', 0xb, 0],
  ['arsh', 0xc, 0],
];
test.for(alus)(
  '%s computes what the bigint oracle says, 32 and 64 bits, register and immediate',
  ([name, code, off]) => {
    fc.assert(
      fc.property(u64s, u64s, immediates, (a, b, imm) => {
        for (const [cls, width] of [
          [4, 32],
          [7, 64],
        ] as const) {
          const byReg = insn((code << 4) | 8 | cls, { dst: 0, src: 2, off });
          expect(r0(a, b, move, byReg)).toBe(alu(name, width, a, b));
          const byImm = insn((code << 4) | cls, { dst: 0, imm, off });
          expect(r0(a, b, move, byImm)).toBe(alu(name, width, a, BigInt(imm)));
        }
      }),
      { seed: 612, numRuns: 200 },
    );
  },
);

const conditions: readonly [Condition, number][] = [
  ['eq', 0x1],
  ['gt', 0x2],
  ['ge', 0x3],
  ['set', 0x4],
  ['ne', 0x5],
  ['sgt', 0x6],
  ['sge', 0x7],
  ['lt', 0xa],
  ['le', 0xb],
  ['slt', 0xc],
  ['sle', 0xd],
];
test.for(conditions)('a jump if %s is taken when the oracle says so', ([when, code]) => {
  fc.assert(
    fc.property(u64s, u64s, immediates, (a, b, imm) => {
      for (const [cls, width] of [
        [6, 32],
        [5, 64],
      ] as const) {
        const body = (jump: Insn): Insn[] => [mov(0, 1), jump, mov(0, 0)];
        expect(r0(a, b, ...body(insn((code << 4) | 8 | cls, { dst: 1, src: 2, off: 1 })))).toBe(
          BigInt(compare(when, width, a, b)),
        );
        expect(r0(a, b, ...body(insn((code << 4) | cls, { dst: 1, imm, off: 1 })))).toBe(
          BigInt(compare(when, width, a, BigInt(imm))),
        );
      }
    }),
    { seed: 612, numRuns: 200 },
  );
});

test('sign-extending moves, byte order and negation', () => {
  const x = 0x1122_3344_8586_8788n;
  expect(r0(x, 0n, insn(0xbf, { dst: 0, src: 1, off: 8 }))).toBe(0xffff_ffff_ffff_ff88n);
  expect(r0(x, 0n, insn(0xbf, { dst: 0, src: 1, off: 32 }))).toBe(0xffff_ffff_8586_8788n);
  expect(r0(x, 0n, insn(0xbc, { dst: 0, src: 1, off: 16 }))).toBe(0xffff_8788n);
  expect(r0(x, 0n, move, insn(0xdc, { dst: 0, imm: 32 }))).toBe(0x8887_8685n);
  expect(r0(x, 0n, move, insn(0xd7, { dst: 0, imm: 64 }))).toBe(0x8887_8685_4433_2211n);
  expect(r0(x, 0n, move, insn(0xd4, { dst: 0, imm: 16 }))).toBe(0x8788n);
  expect(r0(1n, 0n, move, insn(0x87, { dst: 0 }))).toBe((1n << 64n) - 1n);
  expect(r0(1n, 0n, move, insn(0x84, { dst: 0 }))).toBe(0xffff_ffffn);
  expect(byteSwap(0x1234n, 16)).toBe(0x3412n);
});

group('memory', () => {
  test('loads of every size see the little-endian bytes that stores left', () => {
    kernel.mem.setU64(DATA, 0x8877_6655_4433_2281n);
    const load = (code: number, off = 0) => r0(DATA, 0n, insn(code, { dst: 0, src: 1, off }));
    expect([load(0x71), load(0x69), load(0x61), load(0x79)]).toEqual([
      0x81n,
      0x2281n,
      0x4433_2281n,
      0x8877_6655_4433_2281n,
    ]);
    expect([load(0x91), load(0x89, 6), load(0x81, 4)]).toEqual([
      0xffff_ffff_ffff_ff81n,
      0xffff_ffff_ffff_8877n,
      0xffff_ffff_8877_6655n,
    ]);
    run([...ldImm64(1, DATA), insn(0x7a, { dst: 1, off: 8, imm: -2 }), EXIT]);
    expect(kernel.mem.u64(DATA + 8n)).toBe((1n << 64n) - 2n);
  });

  test('a load that faults stops the program and names the address, but a BTF load gives 0', () => {
    const insns = [...ldImm64(1, 0x1234n), mov(0, 7), insn(0x79, { dst: 0, src: 1, off: 4 }), EXIT];
    expect(run(insns)).toMatchObject({ abort: 'fault', pc: 3, addr: 0x1238n });
    const probeMem = new Uint8Array([0, 0, 0, 1, 0]);
    const code = new Code({ insns, probeMem, linker: nobody, base: 0n });
    expect(runProg(processor, code, { ctx: 0n })).toMatchObject({ r0: 0n });
  });

  test('the bytes past the end of memory are not readable, by any wrapping', () => {
    for (const addr of [kernel.mem.direct(kernel.mem.used - 4), (1n << 64n) - 8n, kernel.mem.direct(0)])
      expect(run([...ldImm64(1, addr), insn(0x79, { dst: 0, src: 1 }), EXIT])).toMatchObject({
        abort: 'fault',
        addr,
      });
  });

  test('atomics return the old value when asked and cmpxchg compares with R0', () => {
    const word = (imm: number, r0Before: number, operand: number) => {
      kernel.mem.setU64(DATA, 10n);
      const insns = [
        ...ldImm64(1, DATA),
        mov(0, r0Before),
        mov(2, operand),
        insn(0xdb, { dst: 1, src: 2, imm }),
        insn(0xbf, { dst: 3, src: 0 }),
        insn(0xbf, { dst: 0, src: 2 }),
        insn(0x67, { dst: 0, imm: 32 }),
        insn(0x4f, { dst: 0, src: 3 }),
        EXIT,
      ];
      const result = run(insns);
      return [kernel.mem.u64(DATA), 'r0' in result ? result.r0 : -1n];
    };
    const both = (src: bigint, r0After: bigint) => (src << 32n) | r0After;
    expect(word(0x00, 1, 5)).toEqual([15n, both(5n, 1n)]);
    expect(word(0x01, 1, 5)).toEqual([15n, both(10n, 1n)]);
    expect(word(0xe1, 1, 5)).toEqual([5n, both(10n, 1n)]);
    expect(word(0xf1, 10, 5)).toEqual([5n, both(5n, 10n)]);
    expect(word(0xf1, 9, 5)).toEqual([10n, both(5n, 10n)]);
  });

  test('stores are recorded when somebody asks what a program changed', () => {
    kernel.mem.setU64(DATA, 1n);
    const changed = kernel.mem.recordStores(() => {
      run([...ldImm64(1, DATA), insn(0x62, { dst: 1, imm: 9 }), EXIT]);
    });
    expect(changed).toEqual([
      { addr: DATA, before: new Uint8Array([1, 0, 0, 0]), after: new Uint8Array([9, 0, 0, 0]) },
    ]);
  });
});

group('calls', () => {
  /** fib(n) by two calls of itself. */
  const fib = [
    mov(1, 5),
    insn(0x85, { src: 1, imm: 1 }),
    EXIT,
    insn(0x25, { dst: 1, imm: 1, off: 2 }),
    insn(0xbf, { dst: 0, src: 1 }),
    EXIT,
    insn(0xbf, { dst: 6, src: 1 }),
    insn(0x07, { dst: 1, imm: -1 }),
    insn(0x85, { src: 1, imm: -6 }),
    insn(0xbf, { dst: 7, src: 0 }),
    insn(0xbf, { dst: 1, src: 6 }),
    insn(0x07, { dst: 1, imm: -2 }),
    insn(0x85, { src: 1, imm: -10 }),
    insn(0x0f, { dst: 0, src: 7 }),
    EXIT,
  ];
  test('R6-R9 survive a call, every frame has its own stack', () => {
    expect(run(fib)).toMatchObject({ r0: 5n });
  });

  test('too deep a recursion is stopped', () => {
    expect(run([insn(0x85, { src: 1, imm: -1 }), EXIT])).toMatchObject({ abort: 'stack' });
  });

  test('a program that does not end runs out of fuel and says where', () => {
    expect(run([insn(0x05, { off: -1 })])).toMatchObject({ abort: 'fuel', pc: 0, retired: 10_000 });
  });

  test('may_goto leaves its loop when the budget is used up', () => {
    const insns = [
      mov(0, 0),
      insn(0xe5, { off: 2 }),
      insn(0x07, { dst: 0, imm: 1 }),
      insn(0x05, { off: -3 }),
      EXIT,
    ];
    expect(run(insns, nobody, 100_000_000)).toMatchObject({ r0: 8_388_608n });
  });

  test('a helper reads its arguments, returns a negated errno and may call back', () => {
    const linker = helpers({
      1: (call) => call.arg(1) + BigInt(call.u32(2)),
      2: () => -22,
      3: (call) => call.callback(call.arg(1), 20n, 22n) + call.arg(3),
    });
    expect(run([mov(1, -1), mov(2, 5), insn(0x85, { imm: 1 }), EXIT], linker)).toMatchObject({ r0: 4n });
    expect(run([insn(0x85, { imm: 2 }), EXIT], linker)).toMatchObject({ r0: (1n << 64n) - 22n });
    const insns = [
      ...ldImm64(1, 0x1000n + 5n * 8n),
      mov(3, 100),
      insn(0x85, { imm: 3 }),
      EXIT,
      insn(0xbf, { dst: 0, src: 1 }),
      insn(0x0f, { dst: 0, src: 2 }),
      EXIT,
    ];
    expect(run(insns, linker)).toMatchObject({ r0: 142n });
  });

  test('a helper may make memory grow under the registers', () => {
    const linker = helpers({
      1: (call) => {
        const addr = call.mem.alloc(call.u32(2));
        call.mem.setU64(addr, call.arg(1));
        return addr;
      },
    });
    const insns = [mov(1, 7), mov(2, 32 << 20), insn(0x85, { imm: 1 }), insn(0x79, { dst: 0, src: 0 }), EXIT];
    expect(run(insns, linker)).toMatchObject({ r0: 7n });
  });

  test('kernel time moves with the instructions', () => {
    const before = kernel.now;
    run([mov(0, 0), mov(0, 0), EXIT]);
    expect(kernel.now - before).toBe(3n);
  });
});

test('opcodes outside the table mean nothing', () => {
  const meant = (fields: Partial<Insn> & { code: number }) => describe(insn(fields.code, fields)) !== null;
  expect([0x97, 0xbf, 0xdb, 0x91].map((code) => meant({ code }))).toEqual([true, true, true, true]);
  expect(meant({ code: 0x3f, off: 2 })).toBe(false);
  expect(meant({ code: 0xb7, off: 8 })).toBe(false);
  expect(meant({ code: 0xd4, imm: 8 })).toBe(false);
  expect(meant({ code: 0xd3 })).toBe(false);
  expect(meant({ code: 0x20 })).toBe(false);
  expect(meant({ code: 0x85, src: 3 })).toBe(false);
});
