import { describe, expect, test } from 'vitest';
import { fail } from '../../shared/errno.ts';
import { Symbols } from '../kernel/symbols.ts';
import { Kernel } from '../kernel/kernel.ts';
import { recordedBtf } from '../vm/testing.ts';
import { SeqFile } from '../vfs/seq_file.ts';
import { Bpf } from './bpf.ts';
import { bprintf } from './bprintf.ts';
import { printfMemory } from './helpers/access.ts';
import { bytesOf, callHelper, place, placeArgs, placeBytes, textAt } from './testing.ts';

const symbols = Symbols.parse(
  [
    'ffffffff81000000 T _stext',
    'ffffffff81234560 T do_sys_open',
    'ffffffff812345a0 T vfs_read',
    'ffffffff82000000 B _end',
    'ffffffffc0001000 t helper_fn\t[mod]',
    'ffffffffc0001040 t mod_end\t[mod]',
  ].join('\n'),
);
const kernel = new Kernel({ release: '6.12', btf: recordedBtf(), symbols });
const bpf = new Bpf(kernel);
const text = (fmt: string, ...args: (bigint | number)[]) =>
  bprintf(
    bytesOf(`${fmt}\0`),
    args.map((arg) => BigInt.asUintN(64, BigInt(arg))),
    printfMemory(kernel),
  );

const hello = place(bpf, 'hello');
const ip4 = placeBytes(bpf, Uint8Array.of(192, 168, 1, 20));
const long = place(bpf, 'x'.repeat(600));
const big = 0xfedcba9876543210n;

describe('conversions that are allowed', () => {
  const table: readonly [want: string, fmt: string, ...args: (bigint | number)[]][] = [
    ['-5 4294967291 fffffffb FFFFFFFB', '%d %u %x %X', -5, -5, -5, -5],
    ['1985229328', '%d', big],
    ['-5 18364758544493064720 fedcba9876543210', '%ld %llu %lX'.replace('X', 'x'), -5, big, big],
    ['[   42] [42   ] [00042] [+42] [ 42]', '[%5d] [%-5d] [%05d] [%+d] [% d]', 42, 42, 42, 42, 42],
    ['[-0042] [-42  ] [42]', '[%05d] [%-05d] [%+u]', -42, -42, 42],
    ['[     hello] [hello     ] [hello]', '[%10s] [%-10s] [%3s]', hello, hello, hello],
    ['[  A] [A  ] %', '[%3c] [%-3c] %%', 0x41, 0x41],
    ['[0000000000001234] [1234                ]', '[%px] [%-20px]', 0x1234, 0x1234],
    ['0000000000000000 ffffffffffffffff 0000000000000000', '%p %p %pK', 0, -1, 0],
    ['192.168.001.020 192.168.1.20', '%pi4 %pI4', ip4, ip4],
    ['do_sys_open', '%ps', 0xffffffff81234560n],
    ['do_sys_open+0x4/0x40', '%pS', 0xffffffff81234564n],
    ['do_sys_open+0x40/0x40', '%pB', 0xffffffff812345a0n],
    ['helper_fn+0x8/0x40 [mod]', '%pS', 0xffffffffc0001008n],
    ['0x1234 0xffffffff83000000', '%pS %ps', 0x1234, 0xffffffff83000000n],
    ['[]', '[%s]', 0],
    ['no more args needed', 'no more args needed', 1, 2],
    ['\u00c3\u00a9\t"', '\u00c3\u00a9\t"'],
  ];
  test.for(table)('%s', ([want, fmt, ...args]) => {
    expect(text(fmt, ...args)).toBe(want);
  });

  test('%p hides the address, but the same address looks the same', () => {
    const [a, b, c] = [text('%p', 0x1234), text('%pK', 0x1234), text('%p', 0x1235)];
    expect(a).toMatch(/^00000000[0-9a-f]{8}$/);
    expect(a).not.toContain('1234');
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });

  test('a string is cut to what is left of 512 bytes, then nothing fits', () => {
    expect(text('%s', long)).toBe('x'.repeat(511));
    expect(text('%s%d', long, 1)).toBe(fail('ENOSPC'));
    expect(text('%s%s', long, hello)).toBe(fail('ENOSPC'));
  });
});

test.for([
  '%#x',
  '%f',
  '%hd',
  '%o',
  '%ls',
  '%.3d',
  '%*d',
  '%pX',
  '%p4',
  '%',
  '%5',
  'bell \x07',
  '%sx',
  '%pksx',
  '%lc',
  '%n',
  '%lld %d %d',
])('"%s" with two arguments is refused with EINVAL', (fmt) => {
  expect(text(fmt, hello, 2)).toBe(fail('EINVAL'));
});

describe('helpers that print', () => {
  const fmt = bytesOf('n=%d\n\0');
  const seq = SeqFile.open(kernel, 0n);
  seq.allocBuffer(64);
  const seqPrintf = (data: bigint, length: number, size = fmt.length) =>
    callHelper(bpf, 126, seq.addr, placeBytes(bpf, fmt), size, data, length);

  test('bpf_seq_printf appends all or nothing', () => {
    const args = placeArgs(bpf, [7n]);
    expect(seqPrintf(args, 8)).toBe(0);
    expect(Buffer.from(seq.bytes(0, seq.count)).toString()).toBe('n=7\n');
    expect(seqPrintf(args, 7)).toBe(fail('EINVAL'));
    expect(seqPrintf(args, 104)).toBe(fail('EINVAL'));
    expect(seqPrintf(0n, 8)).toBe(fail('EINVAL'));
    expect(seqPrintf(args, 0)).toBe(fail('EINVAL'));
    expect(seqPrintf(args, 8, 4)).toBe(fail('EINVAL'));
    expect(seq.count).toBe(4);
    expect(callHelper(bpf, 127, seq.addr, long, 60)).toBe(fail('EOVERFLOW'));
    expect(seq.overflowed).toBe(true);
    expect(seqPrintf(args, 8)).toBe(fail('EOVERFLOW'));
  });

  test('bpf_snprintf returns the length that would be needed, with NUL', () => {
    const out = kernel.mem.alloc(16);
    const snprintf = (size: number) =>
      callHelper(bpf, 165, out, size, place(bpf, 'n=%d'), placeArgs(bpf, [12345n]), 8);
    expect(snprintf(16)).toBe(8);
    expect(textAt(bpf, out, 16)).toBe('n=12345');
    expect(snprintf(4)).toBe(8);
    expect(textAt(bpf, out, 16)).toBe('n=1');
    expect(callHelper(bpf, 165, 0, 0, place(bpf, 'n=%d'), placeArgs(bpf, [12345n]), 8)).toBe(8);
  });

  test('bpf_trace_printk writes to trace_pipe and takes at most three arguments', () => {
    const line = place(bpf, '%d %d %d\n');
    expect(callHelper(bpf, 6, line, 10, 1, 2, 3)).toBe(6);
    expect(bpf.tracePipe.at(-1)).toBe('1 2 3\n');
    expect(callHelper(bpf, 6, place(bpf, '%d %d %d %d'), 12, 1, 2, 3)).toBe(fail('EINVAL'));
  });
});

describe('numbers and strings from memory', () => {
  const out = kernel.mem.alloc(8);
  const strto = (helper: 105 | 106, digits: string, base: number) => {
    kernel.mem.setU64(out, 99n);
    const ret = callHelper(bpf, helper, place(bpf, digits), digits.length, base, out);
    return [ret, BigInt.asIntN(64, kernel.mem.u64(out))];
  };
  test.for([
    [105, ' -42 apples', 10, 4, -42n],
    [105, '0x1Fz', 0, 4, 0x1fn],
    [105, '017', 0, 3, 15n],
    [105, '0xzz', 16, fail('EINVAL'), 0n],
    [105, '+1', 10, fail('EINVAL'), 0n],
    [105, '-', 10, fail('EINVAL'), 0n],
    [105, '12', 7, fail('EINVAL'), 0n],
    [105, '9223372036854775808', 10, fail('ERANGE'), 0n],
    [105, '-9223372036854775808', 10, 20, -(1n << 63n)],
    [106, '18446744073709551615', 10, 20, -1n],
    [106, '18446744073709551616', 10, fail('ERANGE'), 0n],
    [106, '-1', 10, fail('EINVAL'), 0n],
  ] as const)('bpf_strtol/strtoul %s "%s" base %d', ([helper, digits, base, ret, value]) => {
    expect(strto(helper, digits, base)).toEqual([ret, value]);
  });

  test('bpf_strncmp looks at no more than its size and stops at NUL', () => {
    const compare = (a: string, size: number, b: string) =>
      Math.sign(callHelper(bpf, 182, place(bpf, a), size, place(bpf, b)));
    expect([
      compare('abc', 3, 'abd'),
      compare('abc', 2, 'abd'),
      compare('b', 9, 'a'),
      compare('a', 9, 'a'),
    ]).toEqual([-1, 0, 1, 0]);
  });

  test('bpf_probe_read_kernel zeroes its target when it fails', () => {
    const dst = placeBytes(bpf, bytesOf('garbage!'));
    const at = (helper: number, addr: bigint) => [callHelper(bpf, helper, dst, 8, addr), kernel.mem.u64(dst)];
    expect(at(113, 0x1234n)).toEqual([fail('ERANGE'), 0n]);
    kernel.mem.setU64(dst, 1n);
    expect(at(113, kernel.mem.direct(kernel.mem.used))).toEqual([fail('EFAULT'), 0n]);
    // Nothing at all is read of a forbidden address neither; the half below the direct map is the kernel's too.
    expect([callHelper(bpf, 113, dst, 0, 1n), callHelper(bpf, 113, dst, 0, hello)]).toEqual([
      fail('ERANGE'),
      0,
    ]);
    expect(
      [0x7fff_ffff_f000n, 0x8000_0000_0000n, 0xffff_8000_0000_0000n, 0xffff_ffff_ff60_0010n, -1n].map(
        (addr) => callHelper(bpf, 113, dst, 8, BigInt.asUintN(64, addr)),
      ),
    ).toEqual([fail('ERANGE'), fail('ERANGE'), fail('EFAULT'), fail('ERANGE'), fail('EFAULT')]);
    expect(callHelper(bpf, 115, dst, 4, hello)).toBe(4);
    expect(textAt(bpf, dst, 8)).toBe('hel');
    expect(callHelper(bpf, 115, dst, 8, hello)).toBe(6);
    expect(callHelper(bpf, 115, dst, 0, hello)).toBe(0);
  });
});
