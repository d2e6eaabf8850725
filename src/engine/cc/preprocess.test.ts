import { expect, test } from 'vitest';
import { Diagnostics } from './diagnostic.ts';
import { Preprocessor } from './preprocess.ts';
import { Sources } from './source.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'once.h': '#pragma once\nonce',
  'guarded.h': '#ifndef G\n#define G\nguarded\n#endif\n',
  'dir/a.h': '#include "b.h"\n',
  'dir/b.h': 'nearby',
};

/** The tokens a file becomes, joined as they stand, and what was said about it. */
function preprocess(text: string): { text: string; messages: string[] } {
  const sources = new Sources();
  const diagnostics = new Diagnostics(sources);
  const preprocessor = new Preprocessor(sources, diagnostics, (path) => HEADERS[path] ?? null);
  preprocessor.open('t.c', text);
  preprocessor.readTo(Infinity);
  const { tokens } = preprocessor.result;
  const spelt = tokens.map((t, i) => (i > 0 && (t.space || t.bol) ? ' ' : '') + t.text).join('');
  return { text: spelt.trim(), messages: diagnostics.all().map((d) => `${d.line}:${d.column} ${d.message}`) };
}

test.for([
  ['an object-like macro', '#define N 4\nint a[N];', 'int a[4];'],
  [
    'a comment and a line splice separate nothing but blanks',
    'a/* x\ny */b \\\n c // d \\\n e\nf',
    'a b c f',
  ],
  ['a splice inside an identifier', 'foo\\\nbar', 'foobar'],
  ['arguments are expanded before they are put in', '#define A 1\n#define f(x) x+x\nf(A)', '1+1'],
  ['a function-like macro without arguments is an identifier', '#define f(x) x\nf;', 'f;'],
  ['arguments may span lines and hold commas in parentheses', '#define f(a, b) b a\nf((1,2),\n3)', '3 (1,2)'],
  ['a macro is not expanded inside itself', '#define x x + 1\n#define y z\n#define z y\nx y', 'x + 1 y'],
  [
    '# makes a string of what was written',
    '#define S(x) #x\nS( a  "b\\n" \'"\' )',
    '"a \\"b\\\\n\\" \'\\"\'"',
  ],
  [
    '## pastes, and an empty side vanishes',
    '#define C(a, b) a##b\nC(x, 1) C(, y) C(z, ) C(+, +)',
    'x1 y z ++',
  ],
  ['## does not expand its operands', '#define A 1\n#define C(a, b) a##b\nC(A, A)', 'AA'],
  ['a pasted name is expanded', '#define AB 7\n#define C(a, b) a##b\nC(A, B)', '7'],
  ['__VA_ARGS__', '#define p(...) f(__VA_ARGS__)\np() p(1) p(1, 2)', 'f() f(1) f(1, 2)'],
  [
    'GNU args... with ## drops the comma',
    '#define p(x, args...) f(x, ##args)\np(1) p(1, 2, 3)',
    'f(1) f(1, 2, 3)',
  ],
  ['__VA_OPT__', '#define p(x, ...) f(x __VA_OPT__(,) __VA_ARGS__)\np(1) p(1, 2)', 'f(1) f(1, 2)'],
  [
    'counting arguments',
    '#define n(_, a, b, N, ...) N\n#define c(...) n(_, ##__VA_ARGS__, 2, 1, 0)\nc() c(x) c(x, y)',
    '0 1 2',
  ],
  [
    '#if counts in 64 bits',
    '#if -1 > 0u && (1 ? 2 : 1/0) == 2 && 0xffffffffff == 1099511627775\nyes\n#else\nno\n#endif',
    'yes',
  ],
  [
    '#elif and defined',
    '#define X\n#if !defined(X)\na\n#elif defined X && !defined Y\nb\n#else\nc\n#endif',
    'b',
  ],
  [
    'skipped groups may hold anything',
    '#if 0\n don\'t " #if 1\n#if 1\n#else\n#endif\n#else\nok\n#endif',
    'ok',
  ],
  [
    '__has_builtin, __has_attribute and __has_include',
    '#if __has_builtin(__builtin_memcpy) && __has_attribute(__weak__) && __has_include("once.h") && !__has_include(<x.h>)\nyes\n#endif',
    'yes',
  ],
  [
    '#pragma once and include guards',
    '#include "once.h"\n#include "once.h"\n#include <guarded.h>\n#include "guarded.h"',
    'once guarded',
  ],
  ['quotes look beside the including file first', '#include "dir/a.h"', 'nearby'],
  ['a computed #include', '#define H "once.h"\n#include H', 'once'],
  [
    '__LINE__, __FILE__ and __COUNTER__',
    '__LINE__ __COUNTER__\n__LINE__ __FILE__ __COUNTER__',
    '1 0 2 "t.c" 1',
  ],
  ['what clang says of BPF', '__BPF__ __clang_major__ __SIZEOF_LONG__ __BYTE_ORDER__', '1 19 8 1234'],
  ['_Pragma leaves no token behind', 'a _Pragma("GCC diagnostic push") b', 'a b'],
  ['digraphs', '<: :> <% %>', '[ ] { }'],
])('%s', ([, source, want]) => {
  expect(preprocess(source ?? '')).toEqual({ text: want, messages: [] });
});

test.for([
  ['#include "no.h"', "1:10 'no.h' file not found"],
  [
    '#include <bpf/bpf_helper.h>',
    "1:10 'bpf/bpf_helper.h' file not found; did you mean <bpf/bpf_helpers.h>?",
  ],
  [
    '#include <bpf/bpf_helpers.h>',
    '1:10 include "vmlinux.h" (or <linux/types.h>) before the headers of libbpf: they need its types',
  ],
  ['#if 1\nx', '1:2 unterminated #if'],
  ['#endif', '1:2 #endif without #if'],
  ['#if 1\n#else\n#else\n#endif', '3:2 #else after #else'],
  ['#if 1 +\n#endif', '1:7 expected an expression in #if'],
  ['#if 1 / 0\n#endif', '1:7 division by zero in #if'],
  ['#define f(a) a\nf(1, 2)', "2:1 too many arguments for macro 'f': it takes 1, given 2"],
  ['#define f(a) a\nf(1', "2:1 unterminated argument list of macro 'f'"],
  ['#define C(a, b) a##b\nC(+, x)', "2:1 pasting formed '+x', an invalid preprocessing token"],
  ['#define f(a) #b', "1:14 '#' is not followed by a macro parameter"],
  ['#define A 1\n#define A 2', "2:9 'A' macro redefined"],
  ['#inclde "x"', "1:1 invalid preprocessing directive '#inclde'; did you mean '#include'?"],
  ['#error not today', '1:2 not today'],
  ['/* never closed', '1:1 unterminated /* comment'],
  ['"open', `1:1 missing terminating '"' character`],
])('%j is reported as %j', ([source, want]) => {
  expect(preprocess(source ?? '').messages).toContain(want);
});

test('a macro bomb ends with a message instead of running on', () => {
  const doubling = Array.from({ length: 64 }, (_, i) => `#define a${i + 1} a${i} a${i}`);
  const { messages } = preprocess(['#define a0 x', ...doubling, 'a64'].join('\n'));
  expect(messages.join()).toContain('macros expand to too many tokens');
});
