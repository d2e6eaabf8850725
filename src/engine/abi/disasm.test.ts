/** The instruction texts of recorded verifier logs, and helper numbers against the kernel's own enum. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { disasmInsn } from './disasm.ts';
import { helperName } from './helper_id.ts';
import { decodeInsns } from './insn.ts';

const kernel = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel');

test('every helper number has the name that the kernel BTF gives it', () => {
  const btf = Btf.parse(gunzipSync(readFileSync(join(kernel, 'vmlinux.btf.gz'))));
  const type = btf.type(btf.find('bpf_func_id', Kind.ENUM));
  const values = type.kind === Kind.ENUM ? type.values : [];
  const named = values.filter((v) => v.value > 0n && v.name !== '__BPF_FUNC_MAX_ID');
  expect(named.length).toBeGreaterThan(200);
  for (const { name, value } of named)
    expect(helperName(Number(value))).toBe(name.replace('BPF_FUNC_', 'bpf_'));
});

test.for([
  ['07 01 00 00 ff ff ff ff', 'r1 += -1'],
  ['bc 21 00 00 00 00 00 00', 'w1 = w2'],
  ['bf 21 08 00 00 00 00 00', 'r1 = (s8)r2'],
  ['87 01 00 00 00 00 00 00', 'r1 = -r1'],
  ['3f 21 01 00 00 00 00 00', 'r1 s/= r2'],
  ['dc 01 00 00 10 00 00 00', 'r1 = be16 r1'],
  ['d7 01 00 00 40 00 00 00', 'r1 = bswap64 r1'],
  ['91 21 ff ff 00 00 00 00', 'r1 = *(s8 *)(r2 -1)'],
  ['62 0a fc ff 07 00 00 00', '*(u32 *)(r10 -4) = 7'],
  ['db 21 00 00 00 00 00 00', 'lock *(u64 *)(r1 +0) += r2'],
  ['db 21 00 00 01 00 00 00', 'r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)'],
  ['c3 21 00 00 e1 00 00 00', 'r2 = atomic_xchg((u32 *)(r1 +0), r2)'],
  ['db 21 00 00 f1 00 00 00', 'r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)'],
  ['06 00 00 00 f6 ff ff ff', 'gotol pc-10'],
  ['e5 00 02 00 00 00 00 00', 'may_goto pc+2'],
  ['66 01 fd ff ff ff ff ff', 'if w1 s> 0xffffffff goto pc-3'],
  ['45 01 01 00 04 00 00 00', 'if r1 & 0x4 goto pc+1'],
  ['85 00 00 00 7e 00 00 00', 'call bpf_seq_printf#126'],
  ['85 10 00 00 07 00 00 00', 'call pc+7'],
  ['85 00 00 00 0f 27 00 00', 'call unknown#9999'],
  ['95 00 00 00 00 00 00 00', 'exit'],
])('%s is %s', ([bytes, text]) => {
  const [insn] = decodeInsns(Uint8Array.from((bytes ?? '').split(' '), (x) => Number.parseInt(x, 16)));
  expect(insn && disasmInsn(insn)).toBe(text);
});
