/** Which warnings are given: by flags, by pragmas, and in which order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordedBtf } from '../vm/testing.ts';
import { frontend } from './parse.ts';

/** `line severity [flag]` of each message. */
const said = (text: string, ...warnings: string[]): string[] =>
  frontend({ path: 't.c', text, kernelBtf: recordedBtf(), warnings }).diagnostics.map(
    (d) => `${d.line} ${d.severity} [${d.flag ?? ''}]`,
  );

const UNUSED = 'int f(void) { int x; return 0; }';

test('a warning has the name that clang has for it, and all are on without a flag', () => {
  expect(said(UNUSED)).toEqual(['1 warning [-Wunused-variable]']);
  expect(said(UNUSED, '-Wall', '-Wextra')).toEqual(said(UNUSED));
});

test.for([
  ['-Wno-unused-variable'],
  ['-Wno-unused'],
  ['-Wno-all'],
  ['-w'],
  ['-w', '-Werror'],
  ['-Werror', '-Wno-unused'],
])('%j silences it', (flags) => {
  expect(said(UNUSED, ...flags)).toEqual([]);
});

test('a later flag goes before an earlier one', () => {
  expect(said(UNUSED, '-Wno-unused', '-Wunused-variable')).toHaveLength(1);
});

test.for([
  [['-Werror'], 'error [-Werror,-Wunused-variable]'],
  [['-Werror=unused'], 'error [-Werror,-Wunused-variable]'],
  [['-Werror', '-Wno-error'], 'warning [-Wunused-variable]'],
  [['-Werror', '-Wno-error=unused'], 'warning [-Wunused-variable]'],
] as const)('%j makes it an %s', ([flags, want]) => {
  expect(said(UNUSED, ...flags)).toEqual([`1 ${want}`]);
});

test('what is an error as it stands can be a warning, and can be silenced', () => {
  const text = 'int *p = 5;';
  expect(said(text)).toEqual(['1 error [-Wint-conversion]']);
  expect(said(text, '-Wno-error=int-conversion')).toEqual(['1 warning [-Wint-conversion]']);
  expect(said(text, '-Wno-int-conversion')).toEqual([]);
  expect(said(text, '-w')).toEqual(['1 error [-Wint-conversion]']);
});

test('a name that is none is said, with the one that was meant', () => {
  const { diagnostics } = frontend({
    path: 't.c',
    text: '#pragma GCC diagnostic ignored "-Wunused-variabel"\n#pragma GCC diagnostic ignored "-Wheart"\n',
    kernelBtf: recordedBtf(),
    warnings: ['-Wno-unsued', '-Wfrobnicate'],
  });
  expect(diagnostics.map((d) => `${d.line}: ${d.message}`)).toEqual([
    "0: unknown warning option '-Wno-unsued'; did you mean '-Wno-unused'?",
    "0: unknown warning option '-Wfrobnicate'",
    "1: unknown warning option '-Wunused-variabel'; did you mean '-Wunused-variable'?",
  ]);
});

test('a pragma holds for what stands behind it, though it is found out at the end', () => {
  const text = `#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
static int a(void) { return 0; }
#pragma GCC diagnostic pop
static int b(void) { return 0; }
int f(void) {
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wunused-variable"
  int x;
#pragma GCC diagnostic pop
  int y;
  return 0;
}
#pragma GCC diagnostic ignored "-Wmacro-redefined"
#define M 1
#define M 2
`;
  expect(said(text)).toEqual([
    '9 error [-Werror,-Wunused-variable]',
    '11 warning [-Wunused-variable]',
    '5 warning [-Wunused-function]',
  ]);
});

/** fixtures/warnings.c, and what clang 19 says of it with -Wall -Wsign-compare: `line option`. */
test('each line of a list of habits is warned of by the names that clang has for it', () => {
  const read = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
  const { diagnostics } = frontend({ path: 'w.c', text: read('warnings.c'), kernelBtf: recordedBtf() });
  const ours = diagnostics
    .filter(({ flag }) => !flag?.startsWith('-Wbpf-'))
    .map(({ line, flag }) => `${line} ${flag?.slice(2)}`);
  const clang = JSON.parse(read('warnings.clang.json')) as string[];
  expect([...new Set(ours)].sort()).toEqual(clang.sort());
});
