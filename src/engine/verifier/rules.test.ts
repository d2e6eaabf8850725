/** Rules one by one: a few lines of assembly, and the message that Linux gives for them (null: accepted). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { AttachType, MapType, ProgType } from '../abi/uapi.ts';
import { BtfBuilder } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { asmRequest, mapInfo } from './testing/asm.ts';
import type { VerifyRequest } from './request.ts';
import { verify } from './verify.ts';

const file = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const btf = Btf.parse(new Uint8Array(gunzipSync(readFileSync(file))));
const maps = {
  a: mapInfo('a', { valueSize: 64 }),
  hash: mapInfo('hash', { type: MapType.HASH, valueAddress: null, maxEntries: 8 }),
  lock: mapInfo('lock', { valueSize: 16, fields: [{ kind: 'bpf_spin_lock', offset: 8, size: 4 }] }),
  rb: mapInfo('rb', {
    type: MapType.RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: 4096,
    valueAddress: null,
  }),
  socks: mapInfo('socks', { type: MapType.SOCKMAP, valueAddress: null }),
  queue: mapInfo('queue', { type: MapType.QUEUE, keySize: 0, valueSize: 8, valueAddress: null }),
};
const world = { btf, maps };

/** The last message before the statistics, or null when the program was accepted. */
function refusal(source: string, options: Parameters<typeof asmRequest>[2] = {}): string | null {
  const result = verify(asmRequest(source, world, options));
  return result.ok ? null : (result.log.trimEnd().split('\n').at(-2) ?? '');
}

const TASK = 'r6 = r1\nr1 = *(u64 *)(r1 +8)\nif r1 != 0x0 goto pc+2\nr0 = 0\nexit';
const LOOKUP = (map: string): string => `
  r1 = 0
  *(u64 *)(r10 -8) = r1
  r2 = r10
  r2 += -8
  r1 = map ${map}
  call bpf_map_lookup_elem
  if r0 != 0x0 goto pc+2
  r0 = 0
  exit`;

test.for<readonly [name: string, source: string, message: string | null]>([
  ['R0 was never set', 'exit', 'R0 !read_ok'],
  ['R10 is written', 'r10 = 0\nexit', 'frame pointer is read only'],
  ['a pointer is returned', 'r0 = r1\nexit', 'At program exit the register R0 is not a known value (ctx)'],
  [
    'an unknown value is returned',
    'call bpf_ktime_get_ns\nexit',
    'At program exit the register R0 has unknown scalar value should have been in [0, 1]',
  ],
  ['the context is written', '*(u64 *)(r1 +0) = 0\nr0 = 0\nexit', 'invalid bpf_context access off=0 size=8'],
  [
    'the context is moved',
    'r1 += 8\nr0 = *(u64 *)(r1 +0)\nr0 = 0\nexit',
    'dereference of modified ctx ptr R1 off=8 disallowed',
  ],
  ['half a context slot', 'r0 = *(u32 *)(r1 +8)\nr0 = 0\nexit', 'invalid bpf_context access off=8 size=4'],
  [
    'beyond the stack',
    'r1 = 0\n*(u64 *)(r10 -520) = r1\nr0 = 0\nexit',
    'invalid write to stack R10 off=-520 size=8',
  ],
  ['above the stack', 'r0 = *(u64 *)(r10 +0)\nexit', 'invalid read from stack R10 off=0 size=8'],
  [
    'half a spilled pointer',
    '*(u64 *)(r10 -8) = r1\nr0 = *(u32 *)(r10 -8)\nexit',
    'invalid size of register fill',
  ],
  ['pointers are added', 'r1 += r10\nr0 = 0\nexit', 'R1 pointer += pointer prohibited'],
  ['pointers are subtracted', 'r1 -= r10\nr0 = 0\nexit', null],
  ['a pointer is multiplied', 'r1 *= 2\nr0 = 0\nexit', 'R1 pointer arithmetic with *= operator prohibited'],
  ['bits of a pointer', 'r1 &= 7\nr0 = 0\nexit', 'R1 bitwise operator &= on pointer prohibited'],
  [
    'the frame pointer goes up',
    'r1 = r10\nr1 -= 8\nr0 = 0\nexit',
    'R1 subtraction from stack pointer prohibited',
  ],
  [
    'a wide jump of a pointer',
    'r1 += 0x20000000\nr0 = 0\nexit',
    'math between ctx pointer and 536870912 is not allowed',
  ],
  ['dead code', 'r0 = 0\nexit\nr0 = 1\nexit', 'unreachable insn 2'],
  ['it runs off its end', 'r0 = 0', 'last insn is not an exit or jmp'],
  ['it jumps into nowhere', 'goto pc+5\nexit', 'jump out of range from insn 0 to 6'],
  [
    'a loop that does nothing',
    'r0 = 0\nif r0 == 0x0 goto pc-1\nexit',
    'old state: R0_rw=P0 R1=ctx() R10=fp0',
  ],
  ['a loop to ten', 'r0 = 0\nr0 += 1\nif r0 < 0xa goto pc-2\nr0 = 0\nexit', null],
  ['may_goto', 'r0 = 0\nmay_goto pc+2\nr0 += 1\ngoto pc-3\nr0 = 0\nexit', null],
  [
    'a struct past its end',
    `${TASK}\nr0 = *(u64 *)(r1 +65528)\nr0 = 0\nexit`,
    'access beyond struct task_struct at off 65528 size 8',
  ],
  [
    'a struct at a variable offset',
    `${TASK}\nr7 = *(u32 *)(r1 +0)\nr1 += r7\nr0 = *(u64 *)(r1 +0)\nr0 = 0\nexit`,
    'R1 is ptr_task_struct invalid variable offset: off=0, var_off=(0x0; 0xffffffff)',
  ],
  [
    'a map value with an index that is masked',
    `${LOOKUP('a')}\nr7 = *(u64 *)(r0 +0)\nr7 &= 56\nr0 += r7\nr0 = *(u64 *)(r0 +0)\nr0 = 0\nexit`,
    null,
  ],
  [
    'a map value with an index that is masked too little',
    `${LOOKUP('a')}\nr7 = *(u64 *)(r0 +0)\nr7 &= 63\nr0 += r7\nr0 = *(u64 *)(r0 +0)\nr0 = 0\nexit`,
    'R0 max value is outside of the allowed memory range',
  ],
  [
    'an unsigned index that is compared',
    `${LOOKUP('a')}\nr7 = *(u64 *)(r0 +0)\nif r7 > 0x38 goto pc+2\nr0 += r7\nr0 = *(u64 *)(r0 +0)\nr0 = 0\nexit`,
    null,
  ],
  ['an atomic add', `${LOOKUP('a')}\nr1 = 1\nlock *(u64 *)(r0 +0) += r1\nr0 = 0\nexit`, null],
  [
    'an atomic add to a task',
    `${TASK}\nr2 = 1\nlock *(u64 *)(r1 +0) += r2\nr0 = 0\nexit`,
    'only read is supported',
  ],
  [
    'a lock is read',
    `${LOOKUP('lock')}\nr0 = *(u32 *)(r0 +8)\nr0 = 0\nexit`,
    'bpf_spin_lock cannot be accessed directly by load/store',
  ],
  [
    'a lock is taken and given back',
    `${LOOKUP('lock')}\nr6 = r0\nr1 = r0\nr1 += 8\ncall bpf_spin_lock\nr1 = r6\nr1 += 8\ncall bpf_spin_unlock\nr0 = 0\nexit`,
    null,
  ],
  [
    'a helper under a lock',
    `${LOOKUP('lock')}\nr1 = r0\nr1 += 8\ncall bpf_spin_lock\ncall bpf_ktime_get_ns\nr0 = 0\nexit`,
    'function calls are not allowed while holding a lock',
  ],
  [
    'a record is submitted',
    'r1 = map rb\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0x0 goto pc+4\n*(u64 *)(r0 +8) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nr0 = 0\nexit',
    null,
  ],
  [
    'a record is used after it was submitted',
    'r1 = map rb\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0x0 goto pc+5\nr6 = r0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nr0 = *(u64 *)(r6 +0)\nr0 = 0\nexit',
    "R6 invalid mem access 'scalar'",
  ],
  [
    'a record of a map that is no ring buffer',
    'r1 = map hash\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nr0 = 0\nexit',
    'cannot pass map_type 1 into func bpf_ringbuf_reserve#131',
  ],
  [
    'nested RCU sections',
    'call bpf_rcu_read_lock\ncall bpf_rcu_read_lock\nr0 = 0\nexit',
    'nested rcu read lock (kernel function bpf_rcu_read_lock)',
  ],
  [
    'an RCU section that was never opened',
    'call bpf_rcu_read_unlock\nr0 = 0\nexit',
    'unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)',
  ],
  [
    'NULL for a trusted argument',
    'r1 = 0\ncall bpf_task_acquire\nr0 = 0\nexit',
    'Possibly NULL pointer passed to trusted arg0',
  ],
  [
    'a walked pointer for a trusted argument',
    `${TASK}\nr1 = *(u64 *)(r1 +2304)\ncall bpf_task_acquire\nr0 = 0\nexit`,
    'R1 must be a rcu pointer',
  ],
  [
    'a kernel function that is not for iterators',
    'r1 = 0\ncall bpf_session_is_return\nr0 = 0\nexit',
    'calling kernel function bpf_session_is_return is not allowed',
  ],
  [
    'a helper that sleeps',
    'r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall bpf_copy_from_user\nr0 = 0\nexit',
    'helper call might sleep in a non-sleepable prog',
  ],
  [
    'a socket map takes sockets only',
    'r1 = 0\n*(u64 *)(r10 -8) = r1\nr2 = r10\nr2 += -8\nr3 = r2\nr4 = 0\nr1 = map socks\ncall bpf_map_update_elem\nr0 = 0\nexit',
    'R3 type=fp expected=sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_',
  ],
  ['recursion', 'call pc+1\nexit\ncall pc-1\nexit', 'the call stack of 9 frames is too deep'],
  [
    'too much stack in a chain of calls',
    'r1 = 0\n*(u64 *)(r10 -400) = r1\ncall pc+2\nr0 = 0\nexit\nr1 = 0\n*(u64 *)(r10 -400) = r1\nr0 = 0\nexit',
    'combined stack size of 2 calls is 800. Too large',
  ],
])('%s', ([, source, message]) => {
  expect(refusal(source)).toBe(message);
});

test('more branches wait than may: E2BIG', () => {
  const asked = 8193;
  const ask = (i: number): string => `r0 = *(u64 *)(r1 +0)\nif r0 == 0x0 goto pc+${2 * (asked - 1 - i)}`;
  const source = `${TASK}\n${Array.from({ length: asked }, (_, i) => ask(i)).join('\n')}\nr0 = 0\nexit`;
  const { errno, log } = verify(asmRequest(source, world));
  expect(errno).toBe('E2BIG');
  expect(log).toContain(`The sequence of ${asked} jumps is too complex.\n`);
});

test('a program without a licence may not look at kernel objects', () => {
  const source = 'r1 = *(u64 *)(r1 +0)\nr1 = *(u64 *)(r1 +0)\nr0 = 0\nexit';
  expect(refusal(source, { gplCompatible: false })).toBe(
    "Cannot access kernel 'struct bpf_iter_meta' from non-GPL compatible program",
  );
});

test('how far a map element is read and written is noted for the link', () => {
  const source = `
    r6 = *(u64 *)(r1 +16)
    r7 = *(u64 *)(r1 +24)
    if r6 == 0x0 goto pc+4
    if r7 == 0x0 goto pc+3
    r0 = *(u32 *)(r6 +4)
    r0 = 0
    *(u64 *)(r7 +16) = r0
    r0 = 0
    exit`;
  const result = verify(asmRequest(source, world, { attach: 'bpf_map_elem' }));
  expect([result.ok, result.maxRdonlyAccess, result.maxRdwrAccess]).toEqual([true, 8, 24]);
  expect(
    refusal('r6 = *(u64 *)(r1 +16)\nif r6 == 0x0 goto pc+1\n*(u8 *)(r6 +0) = 1\nr0 = 0\nexit', {
      attach: 'bpf_map_elem',
    }),
  ).toBe('R6 cannot write into rdonly_buf');
});

test('only loads through plain pointers may fault, and read 0 then', () => {
  const source = `${TASK}\nr2 = *(u64 *)(r1 +2304)\nr3 = *(u64 *)(r2 +1168)\nr0 = 0\nexit`;
  const { ok, probeMem } = verify(asmRequest(source, world));
  expect(ok).toBe(true);
  expect([...probeMem].flatMap((flag, i) => (flag ? [i] : []))).toEqual([6]);
});

/** BTF of a program with `int main(ctx)` and a function of the given linkage: what func_info points to. */
function funcInfo(insnOff: number, linkage: number): Pick<VerifyRequest, 'progBtf' | 'funcInfo'> {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: 1, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const proto = builder.add({ kind: 13, name: '', type: int, params: [{ name: 'x', type: int }] });
  const main = builder.add({ kind: 12, name: 'main', type: proto, linkage: 1 });
  const sub = builder.add({ kind: 12, name: 'sub', type: proto, linkage });
  return {
    progBtf: Btf.parse(builder.encode()),
    funcInfo: [
      { insnOff: 0, typeId: main },
      { insnOff, typeId: sub },
    ],
  };
}

test('a global function is verified by itself, for any argument', () => {
  const source = 'r1 = 7\ncall pc+2\nr0 = 0\nexit\nr0 = r1\nr0 *= 2\nexit';
  const { ok, log } = verify(asmRequest(source, world, { ...funcInfo(4, 1), logLevel: 2 }));
  expect(ok).toBe(true);
  expect(log).toContain("Func#1 ('sub') is global and assumed valid.\n");
  expect(log).toContain('Validating sub() func#1...\n4: R1=scalar() R10=fp0\n');
  expect(log).toContain("Func#1 ('sub') is safe for any args that match its prototype\n");
});

test('a caller of a global function passes what the prototype says', () => {
  const source = 'call pc+2\nr0 = 0\nexit\nr0 = r1\nexit';
  expect(refusal(source, funcInfo(3, 1))).toBe("Caller passes invalid args into func#1 ('sub')");
});

test('a static function that is called otherwise than its prototype says is noted, once', () => {
  const source = 'r6 = r1\ncall pc+4\nr1 = r6\ncall pc+2\nr0 = 0\nexit\nr0 = 0\nexit';
  const { ok, log } = verify(asmRequest(source, world, { ...funcInfo(6, 0), logLevel: 2 }));
  expect(ok).toBe(true);
  expect(log.split('call pc+').map((text) => text.split('caller:')[0])).toEqual([
    expect.anything(),
    '4\nR1 is not a scalar\n',
    '2\n',
  ]);
});

test('a program whose own function takes no struct is told so', () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: 1, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
  const pointer = builder.add({ kind: 2, name: '', type: 0 });
  const proto = builder.add({ kind: 13, name: '', type: int, params: [{ name: 'ctx', type: pointer }] });
  const main = builder.add({ kind: 12, name: 'main', type: proto, linkage: 1 });
  const progBtf = Btf.parse(builder.encode());
  const { log } = verify(
    asmRequest('r0 = 2\nexit', world, { progBtf, funcInfo: [{ insnOff: 0, typeId: main }], logLevel: 1 }),
  );
  expect(log).toContain(
    "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n0: R1=ctx() R10=fp0\n",
  );
});

test('a callback runs until nothing new is learnt', () => {
  const body = 'r1 = 100\nr2 = func +6\nr3 = 0\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\nr0 = 0\nexit';
  expect(refusal(body, funcInfo(8, 0))).toBe(null);
  expect(refusal(body, funcInfo(8, 1))).toBe('callback function not static');
});

test('an iterator loop converges, and an unfinished one is a leak', () => {
  const loop = (end: string): string => `
    r1 = r10
    r1 += -8
    r2 = 0
    r3 = 1000
    call bpf_iter_num_new
    r6 = 0
    r1 = r10
    r1 += -8
    call bpf_iter_num_next
    if r0 == 0x0 goto pc+2
    r6 += 1
    goto pc-6
    ${end}
    r0 = 0
    exit`;
  expect(refusal(loop('r1 = r10\nr1 += -8\ncall bpf_iter_num_destroy'))).toBe(null);
  expect(refusal(loop(''))).toBe('Unreleased reference id=1 alloc_insn=4');
});

test('later releases name the region that is still open at exit', () => {
  const release = { name: '7.0', number: 700 };
  const rcu = 'call bpf_rcu_read_lock\nr0 = 0\nexit';
  expect(refusal(rcu)).toBe('bpf_rcu_read_unlock is missing');
  expect(refusal(rcu, { release })).toBe(
    'BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region',
  );
  const { log } = verify(asmRequest('r0 = 0\nexit', world, { release, logLevel: 2 }));
  expect(log).toContain('0: (b7) r0 = 0                        ; R0=0\n');
});

test('a helper that another program type is offered and nobody modelled is refused by name', () => {
  const source = 'r2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall bpf_skb_load_bytes\nr0 = 0\nexit';
  const asFilter = { progType: ProgType.SOCKET_FILTER, attachType: 0 };
  expect(refusal(source, asFilter)).toBe(
    'not supported by this verifier: helper bpf_skb_load_bytes#26 of another program type',
  );
  expect(refusal(source)).toBe('program of this type cannot use helper bpf_skb_load_bytes#26');
});

test('what program types a kernel has and the verifier has no row for, it refuses to judge', () => {
  expect(refusal('r0 = 0\nexit', { progType: ProgType.SK_LOOKUP })).toBe(
    'not supported by this verifier: programs of type SK_LOOKUP',
  );
});

test.for<readonly [name: string, hook: string, source: string, message: string | null]>([
  ['an errno', 'file_mprotect', 'r0 = -4095\nexit', null],
  [
    'less than any errno',
    'file_mprotect',
    'r0 = -4096\nexit',
    'At program exit the register R0 has smin=-4096 smax=-4096 should have been in [-4095, 0]',
  ],
  [
    'a hook that says yes or no',
    'audit_rule_known',
    'r0 = 2\nexit',
    'At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]',
  ],
  ['what an earlier program answered', 'file_mprotect', 'r0 = *(u64 *)(r1 +24)\nexit', null],
  ['a disabled hook', 'ismaclabel', 'r0 = 0\nexit', 'points to disabled hook bpf_lsm_ismaclabel'],
  [
    'a hook whose task is half gone',
    'task_free',
    'r1 = *(u64 *)(r1 +0)\ncall bpf_task_acquire\nr0 = 0\nexit',
    'R1 must be a rcu pointer',
  ],
])('an LSM program: %s', ([, hook, source, message]) => {
  const attachBtfId = btf.find(`bpf_lsm_${hook}`, Kind.FUNC);
  const lsm = { progType: ProgType.LSM, attachType: AttachType.LSM_MAC, attachBtfId };
  const said = refusal(source, lsm);
  // ids are the kernel's
  expect(said?.replace(/^attach_btf_id \d+ /, '') ?? null).toBe(message);
});

test.for<readonly [name: string, source: string, message: string | null]>([
  ['has fields of its own', 'r1 = *(u32 *)(r0 +72)\nr0 = 0\nexit', 'Unreleased reference id=2 alloc_insn=6'],
  ['is not memory', 'r1 = *(u64 *)(r0 +0)\nr0 = 0\nexit', 'R0 invalid sock access off=0 size=8'],
  ['is not written', '*(u32 *)(r0 +0) = 0\nr0 = 0\nexit', 'R0 cannot write into sock'],
  ['is not moved', 'r0 += 4\nr0 = 0\nexit', 'R0 pointer arithmetic on sock prohibited'],
])('a socket that was looked up in a map %s', ([, source, message]) => {
  expect(refusal(`${LOOKUP('socks')}\n${source}`)).toBe(message);
});
