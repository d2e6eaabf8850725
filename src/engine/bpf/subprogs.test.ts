/** Symbols of a program's functions: their names, whatever walks them. */
import { expect, test } from 'vitest';
import { BtfBuilder } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { emptyKernel } from '../vm/testing.ts';
import { addKsym, bpfKsyms, ksymName } from './subprogs.ts';

const TAG = '0123456789abcdef';

test('a symbol has the whole name of its function, where BTF tells it', () => {
  const builder = new BtfBuilder();
  const proto = builder.add({ kind: Kind.FUNC_PROTO, name: '', type: 0, params: [] });
  const typeId = builder.add({
    kind: Kind.FUNC,
    name: 'a_name_of_more_than_fifteen',
    type: proto,
    linkage: 0,
  });
  const known = {
    btf: Btf.parse(builder.encode()),
    funcInfo: [{ insnOff: 0, typeId }],
    name: 'a_name_of_more_',
  };
  expect(ksymName(TAG, 0, known)).toBe(`bpf_prog_${TAG}_a_name_of_more_than_fifteen`);
  expect(ksymName(TAG, 1, known)).toBe(`bpf_prog_${TAG}_a_name_of_more_`);
  expect(ksymName(TAG, 0, { btf: null, funcInfo: [], name: '' })).toBe(`bpf_prog_${TAG}`);
});

test('symbols are listed in the order in which they came', () => {
  const kernel = emptyKernel();
  for (const [i, name] of ['first', 'second'].entries())
    addKsym(kernel, kernel.alloc('bpf_prog_aux'), name, BigInt(4096 * (i + 1)), 8);
  expect(bpfKsyms(kernel).map(({ addr, name }) => `${addr} ${name}`)).toEqual(['4096 first', '8192 second']);
});
