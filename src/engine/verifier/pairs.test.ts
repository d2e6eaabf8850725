/**
 * Every kind of instruction meets every type of register: each pair has a rule, or is refused with a message.
 * None is accepted by accident, and none makes the verifier fail.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { PTR_MAYBE_NULL, PTR_UNTRUSTED, regTypeName } from './reg_type.ts';
import { asmRequest, mapInfo } from './testing/asm.ts';
import { verify } from './verify.ts';

const file = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const btf = Btf.parse(new Uint8Array(gunzipSync(readFileSync(file))));
const maps = { a: mapInfo('a', { valueSize: 64 }) };
const task = btf.find('task_struct', Kind.STRUCT);

/** One instruction per rule; R1 has the type, R2 and R3 are 8 and 0. */
const INSNS: Readonly<Record<string, string>> = {
  load: 'r4 = *(u64 *)(r1 +0)',
  'signed load': 'r4 = *(s8 *)(r1 +0)',
  store: '*(u64 *)(r1 +0) = r2',
  'store of a constant': '*(u64 *)(r1 +0) = 1',
  atomic: 'lock *(u64 *)(r1 +0) += r2',
  fetch: 'r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)',
  add: 'r1 += 8',
  'add 32': 'w1 += 8',
  subtract: 'r1 -= 8',
  multiply: 'r1 *= 8',
  and: 'r1 &= 8',
  shift: 'r1 <<= 8',
  negate: 'r1 = -r1',
  move: 'r4 = r1',
  'move 32': 'w4 = w1',
  'sign extension': 'r4 = (s32)r1',
  compare: 'if r1 == 0x0 goto pc+0',
  'compare 32': 'if w1 > 0x7 goto pc+0',
  'return it': 'r0 = r1\nexit',
  spill: '*(u64 *)(r10 -8) = r1',
  'spill 32': '*(u32 *)(r10 -8) = r1',
};
const MEMORY = ['load', 'signed load', 'store', 'store of a constant', 'atomic', 'fetch'];
const ARITHMETIC = ['add', 'add 32', 'subtract', 'multiply', 'and', 'shift', 'negate'];

/** What each type may do besides being moved, compared and spilled. */
const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
  '?': [],
  scalar: [...ARITHMETIC, 'spill 32', 'return it'],
  ctx: ['load', 'add', 'subtract', 'negate'],
  map_ptr: ['load', 'negate'],
  map_value: [...MEMORY, 'add', 'subtract', 'negate'],
  map_key: ['signed load', 'add', 'subtract', 'negate'],
  fp: ['add', 'negate'],
  pkt: ['negate'],
  pkt_meta: ['negate'],
  sock_common: ['negate'],
  ptr_: ['load', 'signed load', 'add', 'subtract', 'negate'],
  mem: [...MEMORY, 'add', 'subtract', 'negate'],
  buf: [...MEMORY, 'add', 'subtract', 'negate'],
  func: ['add', 'subtract', 'negate'],
  dynptr_ptr: ['add', 'subtract', 'negate'],
  arena: [...MEMORY, ...ARITHMETIC],
  sock: ['negate'],
  tcp_sock: ['negate'],
  xdp_sock: ['negate'],
};
const ALWAYS = ['move', 'move 32', 'sign extension', 'compare', 'compare 32', 'spill'];

/** R1 gets the type just before instruction 3. @returns null when accepted, else what was said */
function meet(type: number, source: string): string | null {
  const request = asmRequest(`r2 = 8\nr3 = 0\nr0 = 0\n${source}\nr0 = 0\nexit`, { btf, maps });
  const result = verify({
    ...request,
    insns: source.endsWith('exit') ? request.insns.slice(0, -2) : request.insns,
    observe: (insn, state) => {
      if (insn !== 3) return;
      const reg = state.cur.reg(1);
      reg.setPointer(type);
      reg.map = maps.a;
      reg.btf = btf;
      reg.btfId = task;
      reg.memSize = 64;
      reg.id = 7;
    },
  });
  return result.ok ? null : (result.reject?.message ?? '');
}

const types = Object.keys(ACCEPTED).map((_, base) => base);

test.for(types)('type %i', (base) => {
  const name = regTypeName(base);
  const outcomes = Object.entries(INSNS).map(([insn, source]) => ({ insn, said: meet(base, source) }));
  expect(outcomes.filter(({ said }) => said === '')).toEqual([]);
  const accepted = outcomes.flatMap(({ insn, said }) => (said === null ? [insn] : []));
  const want = [...(ACCEPTED[name] ?? []), ...(name === '?' ? [] : ALWAYS)];
  expect(accepted.toSorted()).toEqual(want.toSorted());
});

test.for(types.slice(2))('type %i that may be NULL is not walked through', (base) => {
  const said = [...MEMORY, 'add', 'subtract'].map((insn) => meet(base | PTR_MAYBE_NULL, INSNS[insn] ?? ''));
  expect(said.filter((message) => !/R1|^only read|not allowed/.test(message ?? ''))).toEqual([]);
});

test('an untrusted pointer is read, never written', () => {
  const untrusted = types[10] ?? 0;
  expect(meet(untrusted | PTR_UNTRUSTED, INSNS['load'] ?? '')).toBe(null);
  expect(meet(untrusted | PTR_UNTRUSTED, INSNS['store'] ?? '')).toBe('only read is supported');
});
