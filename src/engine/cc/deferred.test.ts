/** What a program can tell of declarations that are read late: nothing. */
import { expect, test } from 'vitest';
import { BtfBuilder } from '../btf/build.ts';
import { Btf } from '../btf/parse.ts';
import { compile } from './compile.ts';
import { frontend } from './parse.ts';

const kernelBtf = Btf.parse(new BtfBuilder().encode());
const HEADERS = '#include <linux/types.h>\n#include <bpf/bpf_helpers.h>\n';

const messages = (text: string): string[] =>
  frontend({ path: 't.c', text, kernelBtf }).diagnostics.map((d) => `${d.line}: ${d.message}`);

test('a helper is read when it is named, and where it stands in the header', () => {
  const text = `${HEADERS}int f(void) { return bpf_get_smp_processor_id(); }`;
  const { scope, sources, diagnostics } = frontend({ path: 't.c', text, kernelBtf });
  expect(diagnostics).toEqual([]);
  const named = scope.names.get('bpf_get_smp_processor_id');
  expect(scope.names.has('bpf_ktime_get_ns')).toBe(false);
  const range = named?.kind === 'object' ? named.symbol.range : { start: 0, end: 0 };
  expect(sources.text(range)).toBe('bpf_get_smp_processor_id');
  expect(sources.position(range.start).file).toBe('bpf/bpf_helper_defs.h');
});

test.for([
  [
    'a helper declared again with another type',
    'int bpf_ktime_get_ns;',
    "3: conflicting types for 'bpf_ktime_get_ns'",
  ],
  [
    'a helper used as a function',
    'int bpf_ktime_get_ns(void);',
    "3: redefinition of 'bpf_ktime_get_ns' as a different kind of symbol",
  ],
  ['a helper that is an enumerator', 'enum { bpf_ktime_get_ns };', "3: redefinition of 'bpf_ktime_get_ns'"],
  ['a misspelt helper', 'int f(void) { return bpf_ktime_get_nss(); }', "did you mean 'bpf_ktime_get_ns'?"],
] as const)('%s is a mistake', ([, text, message]) => {
  expect(messages(HEADERS + text).join('\n')).toContain(message);
});

test('a name that a header declares after the program did is a mistake', () => {
  expect(messages(`void bpf_ktime_get_ns(void);\n${HEADERS}`).join('\n')).toContain(
    "redefinition of 'bpf_ktime_get_ns' as a different kind of symbol",
  );
});

test('a helper first named in a block, where a local has the name of a type it uses', () => {
  const text = `${HEADERS}int f(int __u32) { return bpf_get_smp_processor_id() + __u32; }`;
  expect(messages(text)).toEqual([]);
});

test('a macro that stands before the header changes what the header declares', () => {
  const before = '#define bpf_ktime_get_ns my_clock\n';
  const clock = 'extern __u64 my_clock(void);\n';
  expect(messages(`${before}${HEADERS}${clock}`).join('\n')).toContain("redefinition of 'my_clock'");
  expect(messages(`${HEADERS}${before}${clock}`)).toEqual([]);
});

test('headers read a second time in one process give the same object', () => {
  const text = `${HEADERS}char L[] SEC("license") = "GPL"; SEC("iter/task") int f(void *ctx) { bpf_printk("%d", 1); return 0; }`;
  const first = compile({ path: 't.c', text, kernelBtf });
  expect(first.diagnostics).toEqual([]);
  expect(compile({ path: 't.c', text, kernelBtf }).object).toEqual(first.object);
});
