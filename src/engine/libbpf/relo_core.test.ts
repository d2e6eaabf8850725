import { expect, test } from 'vitest';
import type { Insn } from '../abi/insn.ts';
import { patchInsn } from './core_patch.ts';
import { CoreReloKind, formatSpec, parseSpec } from './core_spec.ts';
import { coreFailed, CoreRelocator } from './relo_core.ts';
import { cTypes } from './testing/c_types.ts';

interface Setup {
  /** C of the object. */
  readonly local: string;
  /** C of the kernel. */
  readonly kernel: string;
  readonly kind: keyof typeof CoreReloKind;
  /** Root type and path, as in the record. */
  readonly type: string;
  readonly path: string;
}

function relocate({ local, kernel, kind, type, path }: Setup) {
  const types = cTypes(local);
  // '' is the first type, which is anonymous.
  const typeId = type === '' ? 1 : types.id(type);
  const accessStrOff = types.builder.string(path);
  const messages: string[] = [];
  const relocator = new CoreRelocator(types.btf(), cTypes(kernel).btf(), (m) => messages.push(m));
  const relo = { insnOff: 0, typeId, accessStrOff, kind: CoreReloKind[kind] };
  const result = relocator.calculate('p', relo, 0);
  return { result, messages };
}

/** `old -> new`, `poison`, or the last message. */
function outcome(setup: Setup): string {
  const { result, messages } = relocate(setup);
  if (coreFailed(result)) return messages.at(-1) ?? `errno ${result.errno}`;
  return result.poison ? 'poison' : `${BigInt.asIntN(64, result.orig)} -> ${BigInt.asIntN(64, result.next)}`;
}

const LOCAL = `
  struct inner { int a; short b; };
  enum state { RUN, SLEEP = 4, MINUS = -3 };
  struct task { int pid; struct inner in; char comm[16]; struct task *parent; union { long x; short y; };
    unsigned int f : 3; int g : 5; enum state st; int gone; struct inner arr[4]; };
  struct task___old { unsigned int was; };
  typedef unsigned long size_t;
  struct nowhere { int z; };
  enum big { HUGE = 4294967296 };
  struct sub { int pid; };
  struct tail { int n; int last[]; };`;
const KERNEL = `
  struct inner { long pad; short b; int a; };
  enum state { NEW, RUN, MINUS = -7, SLEEP___v2 = 9 };
  struct task { long first; struct { union { short y; long x; }; struct task *parent; }; char comm[32];
    int pid; unsigned int was; struct inner in; int h : 9; unsigned int f : 4; int g : 6; enum state st; struct inner arr[2]; };
  typedef unsigned long size_t;
  enum big { HUGE = 8589934592 };
  struct sub { int more; int pid; };
  struct tail { long n; int last[]; };`;

test.for<[keyof typeof CoreReloKind, string, string, string]>([
  ['FIELD_BYTE_OFFSET', 'struct task', '0:0', '0 -> 56'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:1:0', '4 -> 76'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:1:1', '8 -> 72'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:2:5', '17 -> 29'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:4:0', '40 -> 8'],
  ['FIELD_BYTE_OFFSET', 'struct task', '2:0', '192 -> 296'],
  ['FIELD_BYTE_OFFSET', 'struct task___old', '0:0', '0 -> 60'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:8', 'poison'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:9:1:1', '72 -> 112'],
  ['FIELD_BYTE_OFFSET', 'struct task', '0:9:3:1', 'poison'],
  ['FIELD_BYTE_OFFSET', 'struct tail', '0:1:7', '32 -> 36'],
  ['FIELD_BYTE_SIZE', 'struct task', '0:2', '16 -> 32'],
  ['FIELD_BYTE_SIZE', 'struct nowhere', '0:0', 'poison'],
  ['FIELD_EXISTS', 'struct task', '0:0', '1 -> 1'],
  ['FIELD_EXISTS', 'struct task', '0:8', '1 -> 0'],
  ['FIELD_SIGNED', 'struct task', '0:5', '0 -> 0'],
  ['FIELD_SIGNED', 'struct task', '0:7', '1 -> 1'],
  // f: bits 0..2 of a unit at 48; in the kernel bits 9..12 of the unit at 80.
  ['FIELD_BYTE_OFFSET', 'struct task', '0:5', '48 -> 80'],
  ['FIELD_LSHIFT_U64', 'struct task', '0:5', '61 -> 51'],
  ['FIELD_RSHIFT_U64', 'struct task', '0:5', '61 -> 60'],
  ['TYPE_EXISTS', 'struct task', '0', '1 -> 1'],
  ['TYPE_EXISTS', 'size_t', '0', '1 -> 1'],
  ['TYPE_EXISTS', 'struct nowhere', '0', '1 -> 0'],
  ['TYPE_SIZE', 'struct inner', '0', '8 -> 16'],
  ['TYPE_SIZE', 'struct nowhere', '0', '4 -> 0'],
  ['TYPE_MATCHES', 'struct sub', '0', '1 -> 1'],
  ['TYPE_MATCHES', 'struct inner', '0', '1 -> 1'],
  ['TYPE_MATCHES', 'struct tail', '0', '1 -> 0'],
  ['ENUMVAL_EXISTS', 'enum state', '0', '1 -> 1'],
  ['ENUMVAL_VALUE', 'enum state', '0', '0 -> 1'],
  ['ENUMVAL_VALUE', 'enum state', '1', '4 -> 9'],
  ['ENUMVAL_VALUE', 'enum state', '2', '-3 -> -7'],
  ['ENUMVAL_VALUE', 'enum big', '0', '4294967296 -> 8589934592'],
])('%s of %s at %s: %s', ([kind, type, path, want]) => {
  expect(outcome({ local: LOCAL, kernel: KERNEL, kind, type, path })).toBe(want);
});

test('local_type_id keeps the id of the object, target_type_id gives that of the kernel, unchecked', () => {
  const setup = { local: LOCAL, kernel: `struct pad { int x; }; ${KERNEL}`, type: 'struct sub', path: '0' };
  const local = relocate({ ...setup, kind: 'TYPE_ID_LOCAL' }).result;
  expect(local).toMatchObject({ orig: BigInt(cTypes(LOCAL).id('struct sub')), validate: false });
  expect(relocate({ ...setup, kind: 'TYPE_ID_TARGET' }).result).toMatchObject({
    next: BigInt(cTypes(setup.kernel).id('struct sub')),
    validate: false,
  });
});

test.for<[string, Partial<Setup>, string]>([
  [
    'two structs of one name with the field elsewhere',
    { kernel: 'struct s { int a; }; struct s___2 { long x; int a; };' },
    "prog 'p': relo #0: field offset ambiguity: 64 != 0",
  ],
  [
    'two that agree on the offset and not on the size',
    { kernel: 'struct s { int a; }; struct s___2 { short a; };', kind: 'FIELD_BYTE_SIZE' },
    "prog 'p': relo #0: relocation decision ambiguity: success 2 != success 4",
  ],
  ['two that agree', { kernel: 'struct s { int a; }; struct s___2 { int a; int b; };' }, '0 -> 0'],
  ['only one has the field', { kernel: 'struct s { int b; }; struct s___2 { int b; int a; };' }, '0 -> 4'],
  ['a union of that name is not a candidate', { kernel: 'union s { int a; };' }, 'poison'],
  ['a pointer where an int was', { kernel: 'struct s { int *a; };' }, 'poison'],
  ['an int of another size and sign', { kernel: 'struct s { int x; unsigned long a; };' }, '0 -> 8'],
  [
    'a path past the last member',
    { path: '0:7' },
    "prog 'p': relo #0: parsing [1] struct s + 0:7 failed: -22",
  ],
  ['a path that is none', { path: '0:' }, "prog 'p': relo #0: parsing [1] struct s + 0: failed: -22"],
])('%s', ([, change, want]) => {
  const base: Setup = {
    local: 'struct s { int a; };',
    kernel: 'struct s { int a; };',
    kind: 'FIELD_BYTE_OFFSET',
    type: 'struct s',
    path: '0:0',
  };
  expect(outcome({ ...base, ...change })).toBe(want);
});

test('an anonymous root type is refused', () => {
  expect(
    outcome({ local: 'struct { int a; };', kernel: '', kind: 'FIELD_BYTE_OFFSET', type: '', path: '0:0' }),
  ).toBe("prog 'p': relo #0: <byte_off> (0) relocation doesn't support anonymous types");
});

/** One instruction after the field `a` of local `struct s` went to the kernel's. */
function patched(
  insns: Insn[],
  localField: string,
  kernelField: string,
): { insns: Insn[]; ret: number; said: string } {
  const { result, messages } = relocate({
    local: `struct s { long p; ${localField} a; };`,
    kernel: `struct s { long p; long q; ${kernelField} a; };`,
    kind: 'FIELD_BYTE_OFFSET',
    type: 'struct s',
    path: '0:1',
  });
  if (coreFailed(result)) throw new Error(messages.join());
  const ret = patchInsn(insns, { prog: 'p', relo: 0, insn: 0 }, result, (m) => messages.push(m));
  return { insns, ret, said: messages.join() };
}

const LDX = (size: number, off: number): Insn => ({ code: 0x61 | size, dst: 1, src: 2, off, imm: 0 });
const [W, H, B, DW] = [0x00, 0x08, 0x10, 0x18];
const POISON: Insn = { code: 0x85, dst: 0, src: 0, off: 0, imm: 195896080 };

test.for<[string, string, string, Insn, Insn | string]>([
  ['r1 = *(u32 *)(r2 + 8)', 'unsigned int', 'unsigned int', LDX(W, 8), LDX(W, 16)],
  [
    'unsigned int -> unsigned short narrows the load',
    'unsigned int',
    'unsigned short',
    LDX(W, 8),
    LDX(H, 16),
  ],
  [
    'unsigned char -> unsigned long widens the load',
    'unsigned char',
    'unsigned long',
    LDX(B, 8),
    LDX(DW, 16),
  ],
  ['signed sizes cannot change', 'int', 'long', LDX(W, 8), POISON],
  [
    'a load of another offset than the record says',
    'int',
    'int',
    LDX(W, 4),
    "-22 prog 'p': relo #0: unexpected insn #0 (LDX/ST/STX) value: got 4, exp 8 -> 16",
  ],
  [
    'a load that does not match its field',
    'unsigned int',
    'unsigned short',
    LDX(B, 8),
    "-22 prog 'p': relo #0: insn #0 (LDX/ST/STX) unexpected mem size: got 1, exp 4",
  ],
  [
    'r1 += 8',
    'int',
    'int',
    { code: 0x07, dst: 1, src: 0, off: 0, imm: 8 },
    { code: 0x07, dst: 1, src: 0, off: 0, imm: 16 },
  ],
  ['r1 += r2 has no value', 'int', 'int', { code: 0x0f, dst: 1, src: 2, off: 0, imm: 0 }, '-22 '],
  [
    'goto is nothing to patch',
    'int',
    'int',
    { code: 0x05, dst: 0, src: 0, off: 1, imm: 0 },
    "-22 prog 'p': relo #0: trying to relocate unrecognized insn #0, code:0x5, src:0x0, dst:0x0, off:0x1, imm:0x0",
  ],
])('%s', ([, localField, kernelField, before, after]) => {
  const { insns, ret, said } = patched([before], localField, kernelField);
  expect(ret === 0 ? insns : [`${ret} ${said}`]).toEqual([after]);
});

test('ld_imm64 takes all 64 bits, and is poisoned in both halves', () => {
  const ld: Insn[] = [
    { code: 0x18, dst: 1, src: 0, off: 0, imm: 8 },
    { code: 0, dst: 0, src: 0, off: 0, imm: 0 },
  ];
  expect(patched([...ld], 'int', 'int').insns.map((i) => i.imm)).toEqual([16, 0]);
  const { result } = relocate({
    local: LOCAL,
    kernel: KERNEL,
    kind: 'ENUMVAL_VALUE',
    type: 'enum big',
    path: '0',
  });
  if (coreFailed(result)) throw new Error('relocation failed');
  const big: Insn[] = [{ ...ld[0], imm: 0 } as Insn, { ...ld[1], imm: 1 } as Insn];
  patchInsn(big, { prog: 'p', relo: 0, insn: 0 }, result, () => undefined);
  expect(big.map((i) => i.imm)).toEqual([0, 2]);
  patchInsn(big, { prog: 'p', relo: 0, insn: 0 }, { ...result, poison: true }, () => undefined);
  expect(big).toEqual([POISON, POISON]);
});

test('a field beyond 32767 does not fit a load', () => {
  const { ret, said } = patched([LDX(W, 8)], 'int', 'char big[40000]; int');
  expect(ret).toBe(-34);
  expect(said).toBe("prog 'p': relo #0: insn #0 (LDX/ST/STX) value too big: 40016");
});

test.for<[keyof typeof CoreReloKind, string, string, string]>([
  ['FIELD_BYTE_OFFSET', 'struct task', '0:1:1', '<byte_off> [3] struct task.in.b (0:1:1 @ offset 8)'],
  [
    'FIELD_BYTE_OFFSET',
    'struct task',
    '2:9:3:0',
    '<byte_off> [3] struct task[2].arr[3].a (2:9:3:0 @ offset 276)',
  ],
  ['FIELD_SIGNED', 'struct task', '0:6', '<signed> [3] struct task.g (0:6 @ offset 48.3)'],
  ['TYPE_MATCHES', 'struct task', '0', '<type_matches> [3] struct task'],
  ['ENUMVAL_VALUE', 'enum state', '2', '<enumval_value> [3] enum state::MINUS = -3'],
])('%s of %s at %s is written %s', ([kind, type, path, want]) => {
  const types = cTypes(LOCAL);
  const typeId = types.id(type);
  const accessStrOff = types.builder.string(path);
  const spec = parseSpec(types.btf(), { insnOff: 0, typeId, accessStrOff, kind: CoreReloKind[kind] });
  expect(typeof spec === 'number' ? spec : formatSpec(spec)).toBe(want.replace('[3]', `[${typeId}]`));
});
