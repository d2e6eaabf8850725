/** What no recorded map holds: each type in bpftool's text for people and in that of `-j`. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { compile } from '../cc/compile.ts';
import { openObject } from '../libbpf/open.ts';
import { writeJson } from '../shell/bpftool/json.ts';
import { typedJson } from './bpftool_json.ts';
import { typedValue } from './btf_values.ts';

const text = `
typedef char letter;
struct v {
  void *pointer;
  __int128 wide;
  unsigned low : 3, high : 5;
  char word[4];
  letter letters[2];
  struct { int raw; } alone;
  union { int number; const char bytes[4]; };
  _Bool yes;
};
struct v v;
`;
const object = must(compile({ path: 'v.c', text, kernelBtf: Btf.parse(kernelBtf) }).object, 'an object');
const opened = openObject(object, { path: 'v.c' });
const btf = Btf.parse(must(opened.ok ? opened.object.btfForKernel : null, 'types'));
const bytes = new Uint8Array(64);
bytes.set([0x10, 0, 0, 0, 0, 0, 0, 0]);
bytes.set([0x05], 16);
bytes.set([0x01], 31);
bytes.set([0b1010_1011], 32);
bytes.set(new TextEncoder().encode('abc\0de'), 33);
bytes.set([7], 40);
bytes.set(new TextEncoder().encode('hi\0\0'), 44);
bytes.set([1], 48);
const id = btf.find('v', Kind.STRUCT);

test('numbers for -j: pointers as whole numbers, wide ones and bit-fields as text in hex', () => {
  expect(typedJson(btf, id, bytes)).toEqual({
    pointer: 16,
    wide: '0x1000000000000000000000000000005',
    low: '0x3',
    high: '0x15',
    word: 'abc',
    letters: [100, 101],
    alone: { raw: 7 },
    '': { number: 26984, bytes: 'hi' },
    yes: true,
  });
});

test('the text for people: pointers as text, wide numbers and bit-fields without quotes', () => {
  const plain = writeJson(typedValue(btf, id, bytes, true), false);
  expect(plain).toBe(
    '{"pointer":"0x10","wide":0x1000000000000000000000000000005,"low":0x3,"high":0x15,"word":"abc",' +
      '"letters":[100,101],"alone":{"raw":7},"":{"number":26984,"bytes":"hi"},"yes":true}',
  );
});
