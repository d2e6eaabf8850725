import { expect, test } from 'vitest';
import type { Insn } from '../abi/insn.ts';
import { MapType } from '../abi/uapi.ts';
import { must } from '../../shared/assert.ts';
import { runProg } from '../vm/run.ts';
import { emptyKernel, insn, ldImm64 } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import { ProgArrayMap } from './maps/fd_array.ts';
import { MAP_KINDS } from './maps/index.ts';
import { Prog } from './prog.ts';

const kernel = emptyKernel();
const bpf = new Bpf(kernel);
const spec = { type: MapType.PROG_ARRAY, name: 'jumps', keySize: 4, valueSize: 4, maxEntries: 2, flags: 0 };
const made = must(MAP_KINDS.get(spec.type), 'prog arrays').make({ kernel, spec, id: 1, cpus: 1 });
const jumps = made instanceof ProgArrayMap ? made : null;
const ctx = kernel.mem.alloc(8);

function prog(insns: readonly Insn[]): Prog {
  return new Prog(
    kernel,
    1,
    {
      insns,
      name: 'p',
      runs: true,
      type: 26,
      expectedAttachType: 28,
      gplCompatible: true,
      sleepable: false,
      attachBtfId: 0,
      attachFuncName: '',
      map: () => made,
    },
    bpf,
  );
}
/** `(*ctx)++; bpf_tail_call(ctx, &jumps, index); return 5;` with ctx kept in R6. */
const jump = (index: number): Insn[] => [
  insn(0xbf, { dst: 6, src: 1 }),
  insn(0xb7, { dst: 0, imm: 1 }),
  insn(0xdb, { dst: 6, src: 0 }),
  ...ldImm64(2, 0n, 1),
  insn(0xb7, { dst: 3, imm: index }),
  insn(0x85, { imm: 12 }),
  insn(0xb7, { dst: 0, imm: 5 }),
  insn(0x95),
];
function run(code: Prog) {
  kernel.mem.setU64(ctx, 0n);
  const result = runProg(bpf.processor, code.code, { ctx });
  return [kernel.mem.u64(ctx), 'r0' in result ? result.r0 : result.abort];
}

test('a tail call goes on in the other program, which returns for both', () => {
  const caller = prog(jump(1));
  expect(run(caller)).toEqual([1n, 5n]);
  jumps?.exchange(1, prog([insn(0xb7, { dst: 0, imm: 7 }), insn(0x95)]), 0n);
  expect(run(caller)).toEqual([1n, 7n]);
  expect(run(prog(jump(2)))).toEqual([1n, 5n]);
});

test('33 tail calls may follow each other, the next one does nothing', () => {
  const itself = prog(jump(0));
  jumps?.exchange(0, itself, 0n);
  expect(run(itself)).toEqual([34n, 5n]);
});

test('an array of programs takes one kind of program, and lets go of them with its last user', () => {
  expect(jumps?.admits({ type: 26, attachType: 28 })).toBe(true);
  expect(jumps?.admits({ type: 1, attachType: 0 })).toBe(false);
  expect(jumps?.releaseUser()).toHaveLength(2);
  expect(jumps?.held()).toEqual([]);
});
