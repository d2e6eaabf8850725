/** Bad input: each gives a message that says where and what to do, the right exit status, no stack trace. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const TASK = join(import.meta.dirname, 'examples', 'task.bpf.c');
const program = (name: string, body: string): string =>
  file(
    name,
    `#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n${body}\n`,
  );
const docs = (change: (world: { processes: { pid: number; ppid?: number }[] }) => void): string => {
  const world = {
    processes: [
      { pid: 1, comm: 'init' },
      { pid: 7, comm: 'reader' },
    ],
    reader: 7,
  };
  change(world);
  return file(`world${Math.abs(JSON.stringify(world).length)}.json`, JSON.stringify(world));
};

const cases: { what: string; argv: () => string[]; status: number; says: RegExp }[] = [
  { what: 'no command', argv: () => [], status: 2, says: /no command; see iterscope --help/ },
  {
    what: 'an unknown command',
    argv: () => ['rum', TASK],
    status: 2,
    says: /unknown command 'rum', did you mean run\?/,
  },
  {
    what: 'an unknown flag',
    argv: () => ['run', TASK, '--piid', '1'],
    status: 2,
    says: /unknown option --piid, did you mean --pid\?/,
  },
  {
    what: 'a number that is none',
    argv: () => ['run', TASK, '--pid', 'x'],
    status: 2,
    says: /--pid takes a whole number/,
  },
  {
    what: 'a missing file',
    argv: () => ['run', 'nowhere.bpf.c'],
    status: 2,
    says: /cannot read nowhere\.bpf\.c: no such file/,
  },
  {
    what: 'a number below zero',
    argv: () => ['run', TASK, '--pid', '-1'],
    status: 2,
    says: /--pid needs a value; one that begins with - is written --pid=-/,
  },
  {
    what: 'a map that the object does not have',
    argv: () => ['run', join(import.meta.dirname, 'examples/bpf_map_elem.bpf.c'), '--map', 'nope'],
    status: 1,
    says: /there is no map 'nope' to iterate; the object has /,
  },
  {
    what: 'a file that is no text',
    argv: () => ['run', join(import.meta.dirname, '../docs/playground.png')],
    status: 2,
    says: /playground\.png is neither C text nor an object/,
  },
  {
    what: 'a kernel release that is not known',
    argv: () => ['run', TASK, '--kernel', '5.4'],
    status: 2,
    says: /'5\.4' is no kernel release that this simulator knows; it can be 6\.12 or 7\.0/,
  },
  {
    what: 'a run that a case does not have',
    argv: () => ['case', join(import.meta.dirname, '../recorded/linux-6.12/cases/seq_meta'), '--run', '9'],
    status: 2,
    says: /has 2 runs, counted from 0; there is no run 9/,
  },
  {
    what: 'a missing world',
    argv: () => ['run', TASK, '--world', 'nowhere'],
    status: 2,
    says: /no world 'nowhere'; the shipped ones are .*docs/,
  },
  {
    what: 'a world that is not JSON',
    argv: () => ['run', TASK, '--world', file('w.json', '{ "processes": [')],
    status: 2,
    says: /w\.json is not JSON/,
  },
  {
    what: 'two tasks with one pid',
    argv: () => ['run', TASK, '--world', docs((w) => w.processes.push({ pid: 1 }))],
    status: 2,
    says: /world\.processes\[2\]/,
  },
  {
    what: 'a parent cycle',
    argv: () => [
      'run',
      TASK,
      '--world',
      docs((w) => {
        w.processes.forEach((p) => (p.ppid = p.pid === 1 ? 7 : 1));
      }),
    ],
    status: 2,
    says: /world\.processes\[\d\]\.ppid: .*ancestor/,
  },
  {
    what: 'BTF that is none',
    argv: () => ['run', TASK, '--btf', file('b.btf', 'hello, this is no BTF at all')],
    status: 2,
    says: /--btf .*b\.btf: BTF: wrong magic/,
  },
  {
    what: 'BTF that is cut short',
    argv: () => ['run', TASK, '--btf', file('c.btf', new Uint8Array([0x9f, 0xeb, 1, 0]))],
    status: 2,
    says: /--btf .*c\.btf: BTF: header .* runs past the end/,
  },
  {
    what: 'kallsyms that is none',
    argv: () => ['run', TASK, '--kallsyms', file('k', 'ffffffff81000000 T _text\nnonsense\n')],
    status: 2,
    says: /--kallsyms .*k: kallsyms: line 2/,
  },
  {
    what: 'kallsyms without a symbol',
    argv: () => ['run', TASK, '--kallsyms', file('none', '\n')],
    status: 2,
    says: /--kallsyms .*none: kallsyms: there is no symbol in it/,
  },
  {
    what: 'an object that is none',
    argv: () => ['run', file('x.bpf.o', '\x7fELFrubbish')],
    status: 1,
    says: /not a valid eBPF object file/,
  },
  {
    what: 'an unknown global',
    argv: () => ['run', TASK, '--set', 'nope=1'],
    status: 1,
    says: /no global variable 'nope'/,
  },
  {
    what: 'an unknown program',
    argv: () => ['run', TASK, '--prog', 'nope'],
    status: 1,
    says: /no program 'nope'; the object has dump_task/,
  },
  {
    what: 'a C error',
    argv: () => [
      'run',
      program('c.bpf.c', 'SEC("iter/task") int p(struct bpf_iter__task *ctx) { return ctx->tsk != 0; }'),
    ],
    status: 1,
    says: /c\.bpf\.c:4:\d+: error: no member named 'tsk' in 'struct bpf_iter__task'/,
  },
  {
    what: 'a verifier rejection',
    argv: () => [
      'run',
      program('v.bpf.c', 'SEC("iter/task") int p(struct bpf_iter__task *ctx) { return ctx->task->pid; }'),
    ],
    status: 1,
    says: /v\.bpf\.c:4:\d+: error: R\d invalid mem access 'trusted_ptr_or_null_'/,
  },
  {
    what: 'an absent target',
    argv: () => ['run', program('t.bpf.c', 'SEC("iter/nothing") int p(void *ctx) { return 0; }')],
    status: 1,
    says: /failed to find kernel BTF type ID of 'nothing'/,
  },
  {
    what: 'contradicting parameters',
    argv: () => ['run', TASK, '--pid', '1', '--tid', '1'],
    status: 1,
    says: /attaching failed with EINVAL.*only one of/,
  },
  {
    what: 'a pidfd of a thread that leads no process',
    argv: () => ['run', TASK, '--pidfd', '413'],
    status: 1,
    says: /attaching failed with EINVAL/,
  },
  {
    what: 'a program that prints nothing',
    argv: () => [
      'run',
      program('n.bpf.c', 'SEC("iter/task") int p(struct bpf_iter__task *ctx) { return 0; }'),
    ],
    status: 0,
    says: /the program wrote nothing/,
  },
  {
    what: 'an absent pid',
    argv: () => ['run', join(import.meta.dirname, 'testdata', 'iter_task.bpf.c'), '--pid', '99999'],
    status: 0,
    says: /the program wrote nothing/,
  },
  {
    what: 'a reader that is not there',
    argv: () => ['run', TASK, '--reader', '99999'],
    status: 2,
    says: /no task 99999/,
  },
  { what: 'a case that is none', argv: () => ['case', dir], status: 2, says: /is no recorded case/ },
];

test.for(cases)('$what', ({ argv, status, says }) => {
  const said = iterscope(...argv());
  expect(said.stderr).toMatch(says);
  expect(said.status).toBe(status);
  expect(said.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
});

test('with --json, stdout is one object whatever happens to the program', () => {
  const bad = program('j.bpf.c', 'SEC("iter/task") int p(struct bpf_iter__task *ctx) { return nope; }');
  const { stdout, status } = iterscope('run', bad, '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ stage: 'compile', verdict: null, reads: [], output: '' });
});

test('disasm --json is one object with the diagnostics when the program does not compile', () => {
  const { status, stdout } = iterscope('disasm', file('half.bpf.c', 'int x = ;'), '--json');
  expect(status).toBe(1);
  const report = JSON.parse(stdout) as { stage: string; diagnostics: { line: number }[] };
  expect([report.stage, report.diagnostics[0]?.line]).toEqual(['compile', 1]);
});

test('an object without programs never reaches the kernel', () => {
  const { stdout } = iterscope('run', file('none.bpf.c', 'int x;'), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ stage: 'open', verdict: null });
});

test('the children of a cgroup are an order of kernel 7.0, not of 6.12', () => {
  const path = program(
    'cgroup.bpf.c',
    'SEC("iter/cgroup") int dump(struct bpf_iter__cgroup *ctx) { if (!ctx->cgroup) BPF_SEQ_PRINTF(ctx->meta->seq, "end"); return 0; }',
  );
  const run = (kernel: string) =>
    iterscope('run', path, '--order', 'children', '--cgroup', '/', '--kernel', kernel);
  expect(run('7.0')).toMatchObject({ status: 0, stdout: 'end' });
  expect(run('6.12')).toMatchObject({ status: 1, stderr: expect.stringMatching(/EINVAL/) as string });
});
