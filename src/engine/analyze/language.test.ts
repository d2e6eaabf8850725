/** Questions of the editor. The cursor is `|` in the C text. */
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { recordedBtf } from '../vm/testing.ts';
import { analyze, createLanguageApi } from './language.ts';

const api = createLanguageApi(recordedBtf());
const HEADER = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n';

/** A file with a cursor; without an #include it gets the usual ones. */
function place(marked: string) {
  const whole = marked.includes('#include') ? marked : HEADER + marked;
  const at = whole.indexOf('|');
  const text = whole.slice(0, at) + whole.slice(at + 1);
  return { source: { path: 'x.bpf.c', text }, at };
}
/** In the body of an iterator over tasks. */
const body = (marked: string): string =>
  `SEC("iter/task") int f(struct bpf_iter__task *ctx) { struct task_struct *task = ctx->task; ${marked} return 0; }`;
const labels = (marked: string): string[] => api.completions(place(marked)).items.map(({ label }) => label);
const item = (marked: string, label: string) =>
  must(
    api.completions(place(marked)).items.find((one) => one.label === label),
    label,
  );
const textAt = ({ source: { text } }: ReturnType<typeof place>, s: { start: number; end: number } | null) =>
  s && text.slice(s.start, s.end);

test('members of a kernel struct come with type and offset', () => {
  const pid = item(body('int x = task->pi|d;'), 'pid');
  expect(pid.detail).toBe('pid_t pid');
  expect(pid.text).toMatch(/^offset \d+, 4 bytes$/);
});

test.for([
  ['behind an arrow with nothing after it', 'task->|'],
  ['in the middle of a line that goes on', 'if (task->|) return 1;'],
  ['in a macro whose parenthesis is open', 'BPF_SEQ_PRINTF(ctx->meta->seq, "%d", task->|'],
  ['in a loop in a statement expression', 'for (int i = 0; i < ({ int k = task->|'],
  ['through a chain', 'task->real_parent->|->pid;'],
  ['on the next line', 'task\n->|'],
])('members of task_struct %s', ([, marked = '']) => {
  expect(labels(body(marked))).toEqual(expect.arrayContaining(['pid', 'tgid', 'comm', 'mm', 'files']));
  expect(labels(body(marked))).not.toContain('ctx');
});

test('members of an unnamed struct inside are members, and so are designators', () => {
  const own = 'struct p { int a; union { int b; long c; }; };';
  expect(labels(`${own} int g(struct p *q) { return q->|; }`)).toEqual(['a', 'b', 'c']);
  expect(labels(`${own} struct p q = { .a = 1, .| };`)).toEqual(['a', 'b', 'c']);
});

test('context fields', () => {
  expect(labels(body('ctx->|'))).toEqual(['meta', 'task']);
});

test('locals in scope are offered, those of other blocks and later ones are not', () => {
  const found = labels(body('{ int inner_a; } int outer_b; { int inner_c; ou|; } int outer_d;'));
  expect(found).toContain('outer_b');
  expect(labels(body('{ int inner_a; } int outer_b; { int inner_c; in|; } int inner_d;'))).toEqual(
    expect.arrayContaining(['inner_c', 'int']),
  );
  expect(labels(body('{ int inner_a; } { int inner_c; in|; } int inner_d;'))).not.toEqual(
    expect.arrayContaining(['inner_a']),
  );
});

test('helpers are those of the program type', () => {
  expect(labels(body('bpf_seq_pr|'))).toContain('bpf_seq_printf');
  expect(labels(body('bpf_skb_load_by|'))).not.toContain('bpf_skb_load_bytes');
  expect(labels('SEC("xdp") int f(struct xdp_md *ctx) { bpf_seq_pr| }')).not.toContain('bpf_seq_printf');
});

test('a helper comes with its prototype and what it is for', () => {
  const found = item(body('bpf_ktime_get_n|'), 'bpf_ktime_get_ns');
  expect(found.detail).toBe('__u64 bpf_ktime_get_ns(void)');
  expect(found.text).toContain('Nanoseconds since boot');
});

test('kfuncs, macros, enumerators and types', () => {
  expect(item(body('bpf_iter_num_n|'), 'bpf_iter_num_new').kind).toBe('kfunc');
  expect(item(body('BPF_SEQ|'), 'BPF_SEQ_PRINTF').kind).toBe('macro');
  expect(item(body('BPF_MAP_TYPE_HA|'), 'BPF_MAP_TYPE_HASH').kind).toBe('enumerator');
  expect(labels(body('struct task_str|'))).toContain('task_struct');
  expect(labels(body('struct task_str|'))).not.toContain('task_work');
});

test('section names: every target of the kernel', () => {
  const found = api.completions(place('SEC("it|") int f(void *ctx) { return 0; }'));
  expect(found.items.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['iter/task', 'iter/task_file', 'iter.s/task_vma', 'tp_btf/', '.maps', 'license']),
  );
  expect(found.end - found.start).toBe(2);
});

test('headers behind #include, nothing in comments and strings', () => {
  expect(labels('#include <bpf/|>')).toContain('bpf/bpf_helpers.h');
  expect(labels(body('/* task->| */'))).toEqual([]);
  expect(labels(body('bpf_printk("task->|");'))).toEqual([]);
});

test.for([
  ['task->p|id;', 'pid_t pid;', /^Offset \d+ in struct task_struct, 4 bytes\.$/],
  ['bpf_ktime_get|_ns();', '__u64 bpf_ktime_get_ns(void);', /^Helper 5\. Nanoseconds/],
  ['int local = 1; lo|cal++;', 'int local;', /^$/],
  ['int s = BPF_MAP_TYPE|_HASH;', 'BPF_MAP_TYPE_HASH = 1', /^enum bpf_map_type$/],
  ['struct bpf_iter__ta|sk *c;', 'struct bpf_iter__task {', /BTF/],
  ['BPF_SEQ_PRI|NTF(ctx->meta->seq, "x");', '#define BPF_SEQ_PRINTF(seq, fmt, args...)', /^$/],
] as const)('hover: %s', ([marked, code, text]) => {
  const found = must(api.hover(place(body(marked))), 'hover');
  expect(found.code.slice(0, code.length)).toBe(code);
  expect(found.text).toMatch(text);
});

test('hover shows the layout behind a pointer', () => {
  const { code } = must(api.hover(place(body('(void)c|tx;'))), 'hover');
  expect(code).toContain('struct bpf_iter__task *ctx;');
  expect(code).toMatch(/\/\* +8 \*\/ .*task;/);
});

test('the signature and the argument that is being written', () => {
  const found = must(api.signature(place(body('bpf_probe_read_kernel(&x, (sizeof(x|'))), 'signature');
  expect(found.label).toBe('long bpf_probe_read_kernel(void *dst, __u32 size, const void *unsafe_ptr)');
  expect(found.active).toBe(1);
  const macro = must(api.signature(place(body('BPF_SEQ_PRINTF(seq, "%d %d", 1, 2, |'))), 'signature');
  expect(macro.params).toHaveLength(3);
  expect(macro.active).toBe(2);
  expect(api.signature(place(body('if (|')))).toBeNull();
});

test('a definition is found in the file, in a header, and in the kernel', () => {
  const own = place('static int twice(int x) { return x + x; } int g(void) { return tw|ice(2); }');
  const here = must(api.definition(own), 'definition');
  expect(here.kind).toBe('here');
  expect(here.start).toBe(own.source.text.indexOf('twice'));
  const kernel = must(api.definition(place(body('task->tg|id;'))), 'definition');
  expect(kernel).toMatchObject({ kind: 'shown', path: 'vmlinux.h' });
  expect(kernel.kind === 'shown' && kernel.text.slice(kernel.start, kernel.end)).toBe('tgid');
  expect(kernel.kind === 'shown' && kernel.text).toMatch(/^struct task_struct \{/);
  expect(api.definition(place(body('bpf_loo|p(1, 0, 0, 0);')))).toMatchObject({
    kind: 'shown',
    path: 'bpf/bpf_helper_defs.h',
  });
  expect(api.definition(place('#include <bpf/bpf_hel|pers.h>\n'))).toMatchObject({
    path: 'bpf/bpf_helpers.h',
  });
});

test('references are of the same thing, not of the same name', () => {
  const shadowed = place('int x; int g(int y) { x = y; { int x = 2; x++; y = x; } return |x; }');
  expect(api.references(shadowed).map((s) => textAt(shadowed, s))).toEqual(['x', 'x', 'x']);
  const member = place(
    'struct p { int a; }; struct q { int a; }; int g(struct p *x, struct q *y) { return x->|a + y->a; }',
  );
  expect(api.references(member)).toHaveLength(2);
});

test('rename touches uses through macros once, and refuses what it cannot see', () => {
  const local = place(body('int n = 0; BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d", n, n + 1); n|++;'));
  expect(api.rename(local)?.places).toHaveLength(4);
  expect(api.rename(place(body('task->pi|d;')))?.refused).toContain('not declared in this file');
  expect(
    api.rename(place(`#define TWICE (v + v)\nint v; int g(void) { return TWICE + v|; }`))?.refused,
  ).toContain('macro');
  const macro = place('#define LIMIT 3\nint g(void) { return LIM|IT; }');
  expect(api.rename(macro)?.places).toHaveLength(2);
});

test('the outline, names in colours, folds', () => {
  const { source } = place(
    '|#define N 2\nstruct key {\n\tint a;\n};\nstruct { __uint(type, BPF_MAP_TYPE_HASH); } m SEC(".maps");\n' +
      'static int help(int p)\n{\n\treturn p;\n}\nSEC("iter/task") int f(struct bpf_iter__task *ctx) { return help(N); }\n',
  );
  const symbols = api.symbols({ source }).map(({ kind, name }) => `${kind} ${name}`);
  expect(symbols).toEqual([
    'variable LICENSE',
    'macro N',
    'struct key',
    'map m',
    'function help',
    'function f',
  ]);
  const kinds = new Map(
    api.tokens({ source }).map(({ start, end, kind }) => [source.text.slice(start, end), kind]),
  );
  expect(Object.fromEntries(kinds)).toMatchObject({
    p: 'parameter',
    N: 'macro',
    m: 'map',
    help: 'function',
    BPF_MAP_TYPE_HASH: 'enumerator',
    a: 'member',
  });
  expect(api.folds({ source })).toEqual([
    { first: 5, last: 6, kind: 'region' },
    { first: 10, last: 11, kind: 'region' },
  ]);
});

test('a broken text can be asked about anywhere', () => {
  const text = HEADER + body('if (task->pid { bpf_printk("%d, task->; struct { int; }= ( [');
  for (let at = 0; at <= text.length; at += 3) {
    const source = { path: 'x.c', text: text.slice(0, at) };
    api.completions({ source, at });
    api.signature({ source, at });
    api.hover({ source: { path: 'x.c', text }, at });
    api.rename({ source: { path: 'x.c', text }, at });
  }
  expect(api.symbols({ source: { path: 'x.c', text } })).not.toEqual([]);
});

test.for([
  ['int n = task->pidd;', 'int n = task->pid;'],
  ['int n = task.pid;', 'int n = task->pid;'],
  ['int n = 1', 'int n = 1;'],
  ['task_struct *t;', 'struct task_struct *t;'],
  ['bpf_ktime_get_nss();', 'bpf_ktime_get_ns();'],
])('what is proposed for %s puts it right', ([wrong = '', right]) => {
  const source = place(`${body(`\n${wrong}\n`)}|`).source;
  const { diagnostics } = analyze(source, recordedBtf());
  const edit = must(diagnostics[0]?.fixes?.[0]?.edits[0], 'a fix');
  const lines = source.text.split('\n');
  const line = must(lines[edit.line - 1], 'the line');
  expect(line.slice(0, edit.column - 1) + edit.text + line.slice(edit.endColumn - 1)).toBe(right);
});

test('a mistake in the body of a macro is not repaired where the macro is used', () => {
  const { source } = place(`#define BAD(t) (t)->pidd\n${body('return BAD(task);')}|`);
  expect(analyze(source, recordedBtf()).diagnostics[0]).toMatchObject({ severity: 'error' });
  expect(analyze(source, recordedBtf()).diagnostics[0]?.fixes).toBeUndefined();
});
