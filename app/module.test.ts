/** A target of one's own: the worked examples, and every mistake that kernel C can make in one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Diagnostic } from '../src/protocol/diagnostics.ts';
import type { RunReport } from '../src/protocol/report.ts';
import { iterscope } from './cli/testing.ts';

const examples = join(import.meta.dirname, 'examples');
const targets = join(examples, 'targets');
const folder = mkdtempSync(join(tmpdir(), 'iterscope-module-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CHILDREN = readFileSync(join(targets, 'task_children.c'), 'utf8');
const VMAS = readFileSync(join(targets, 'my_task_vma.c'), 'utf8');

interface Ran {
  readonly status: number;
  readonly report: RunReport;
  /** What the same run says without --json. */
  readonly stderr: () => string;
  /** Number of the first line of the module that has this text. */
  readonly line: (text: string) => number;
  readonly said: (severity: Diagnostic['severity']) => Diagnostic[];
}

/** Runs an example program on a module. */
function run(program: string, text: string, ...options: readonly string[]): Ran {
  const path = join(folder, 'mine.c');
  writeFileSync(path, text);
  const argv = ['run', join(targets, `${program}.bpf.c`), '--module', path, '--world', 'demo', ...options];
  const { status, stdout } = iterscope(...argv, '--json');
  const report = JSON.parse(stdout) as RunReport;
  return {
    status,
    report,
    stderr: () => iterscope(...argv).stderr,
    line: (part) => text.split('\n').findIndex((line) => line.includes(part)) + 1,
    said: (severity) => report.diagnostics.filter((each) => each.severity === severity),
  };
}

/** The example with a mistake in it. */
function wrong(text: string, right: string, mistaken: string): string {
  expect(text).toContain(right);
  return text.replace(right, mistaken);
}
const children = (right: string, mistaken: string, ...options: readonly string[]): Ran =>
  run('task_children', wrong(CHILDREN, right, mistaken), '--pid', '1', ...options);

describe('the worked examples', () => {
  test('the children of a task, in the order they were made', () => {
    const { status, report } = run('task_children', CHILDREN, '--pid', '1');
    expect(report.output).toBe(
      'children of init (1)\n     412 httpd\n     530 collector\n     602 sshd\n     900 containerd-shim\n',
    );
    expect(report.module).toMatchObject({ targets: ['task_children'], leaks: [], locks: [], oops: null });
    expect(report.diagnostics).toEqual([]);
    expect(report.link_fdinfo).toContain('target_name:\ttask_children\nparent:\t1\n');
    expect(status).toBe(0);
  });

  test.for([
    [],
    ['--pid', '900'],
    ['--tid', '412'],
    ['--read-size', '64'],
    ['--world', 'threads'],
    ['--world', 'churn'],
    ['--sessions', '2'],
  ])('task_vma written again prints what task_vma prints: %j', (options) => {
    const built = iterscope('run', join(examples, 'task_vma.bpf.c'), ...options, '--json');
    const own = iterscope(
      'run',
      join(targets, 'my_task_vma.bpf.c'),
      '--module',
      join(targets, 'my_task_vma.c'),
      ...options,
      '--json',
    );
    const [want, got] = [built, own].map(({ stdout }) => JSON.parse(stdout) as RunReport);
    expect(got?.reads).toEqual(want?.reads);
    expect(got?.output.length).toBeGreaterThan(100);
    expect(got?.module).toMatchObject({ leaks: [], locks: [], oops: null });
    const fdinfo = (report: RunReport | undefined) =>
      report?.link_fdinfo?.replace('my_task_vma', 'task_vma').replace(/prog_(tag|id):.*\n/g, '');
    expect(fdinfo(got)).toBe(fdinfo(want));
    expect(got?.link?.['pid']).toBe(want?.link?.['pid']);
  });
});

test('files and cgroups of a task: what it looks up it gives back, or is told', () => {
  const code = `
static void look(struct task_struct *task)
{
	unsigned int fd = 0;
	struct file *file;
	struct cgroup *cgrp = task_dfl_cgroup(task);
	int files = 0;

	for (; (file = fget_task_next(task, &fd)); fd++) {
		files++;
		fput(file);
	}
	file = fget_task(task, 0);
	pr_info("%d files, %d, level %d of %llu, %d\\n", files, file != NULL, cgrp->level, cgroup_id(cgrp),
		cgroup_is_descendant(cgrp, cgroup_ancestor(cgrp, 0)));
	cgroup_get(cgroup_parent(cgrp));
}

static int children_init(`;
  const { report, stderr } = run(
    'task_children',
    wrong(CHILDREN, 'static int children_init(', code).replace(
      'return info->parent ? 0',
      'look(info->parent);\n\treturn info->parent ? 0',
    ),
    '--pid',
    '602',
  );
  expect(report.module?.log).toMatch(/^(\d+) files, 1, level [1-9] of \d+, 1\n$/);
  expect(report.module?.leaks.map(({ kind, giveBack }) => [kind, giveBack])).toEqual([
    ['file', 'fput'],
    ['cgroup', 'cgroup_put'],
  ]);
  expect(stderr()).toContain('a reference on struct file, taken here, is never given back: fput is missing');
});

describe('mistakes', () => {
  test('a forgotten put is a leaked reference, with the line that took it', () => {
    const { report, status, line, stderr } = children('\tput_task_struct(v);\n\t++*pos;', '\t++*pos;');
    const at = line('found = get_task_struct(child)');
    expect(report.module?.leaks.map(({ name, count, line: where }) => [name, count, where])).toEqual([
      ['httpd (412)', 1, at],
      ['collector (530)', 1, at],
      ['sshd (602)', 1, at],
      ['containerd-shim (900)', 1, at],
    ]);
    expect(stderr()).toContain(
      `mine.c:${at}:12: warning: leak: a reference on task_struct httpd (412), taken here, is never given back: put_task_struct is missing`,
    );
    expect(status).toBe(0);
  });

  test('a missing unlock is a lock held when the system call returns', () => {
    const { report, line } = run(
      'my_task_vma',
      wrong(VMAS, '\t\tmmap_read_unlock(walk->mm);\n\t\tmmput', '\t\tmmput'),
    );
    expect(report.module?.locks[0]).toMatchObject({
      kind: 'mmap_lock',
      giveBack: 'mmap_read_unlock',
      line: line('mmap_read_lock(walk->mm)'),
    });
    expect(report.diagnostics[0]?.message).toMatch(
      /^lock held when returning to user space: mmap_lock, for reading, of /,
    );
  });

  test('rcu_read_lock without its unlock, and a sleep inside it', () => {
    const held = children('\trcu_read_unlock();\n', '');
    expect(held.report.module?.locks[0]).toMatchObject({ kind: 'rcu', line: held.line('rcu_read_lock();') });
    const { said, line } = children('\trcu_read_lock();\n', '\trcu_read_lock();\n\tmight_sleep();\n');
    expect(said('warning')).toHaveLength(1);
    expect(said('warning')[0]).toMatchObject({
      line: line('might_sleep'),
      message: expect.stringMatching(
        /^sleeping function called from invalid context: rcu_read_lock is held since /,
      ),
    });
  });

  test('a pointer that leads nowhere is an oops at its line', () => {
    const { report, status, line, said } = children(
      'found = get_task_struct(child);',
      'found = get_task_struct(*(struct task_struct **)8);',
    );
    const at = line('found = get_task');
    expect(report.stage).toBe('read');
    expect(status).toBe(1);
    expect(report.module?.oops).toMatchObject({
      why: 'fault',
      message: 'BUG: kernel NULL pointer dereference, address: 0000000000000008',
      line: at,
    });
    expect(report.module?.oops?.trace[0]).toBe(`child_at ${join(folder, 'mine.c')}:${at}`);
    expect(report.module?.oops?.trace[1]).toMatch(/^children_start .*mine.c:\d+$/);
    expect(said('error')[0]).toMatchObject({ source: 'kernel', line: at });
  });

  test('a kernel function that is given a bad pointer faults where it was called', () => {
    const { report, line } = children('found = get_task_struct(child);', 'found = get_task_struct(NULL);');
    expect(report.module?.oops).toMatchObject({ why: 'fault', line: line('get_task_struct(NULL)') });
  });

  test('an endless loop ends by fuel, at the loop', () => {
    const { report, line } = children('\trcu_read_lock();\n', '\tfor (;;)\n\t\tpos++;\n');
    expect(report.module?.oops).toMatchObject({ why: 'fuel' });
    expect([line('for (;;)'), line('\t\tpos++;')]).toContain(report.module?.oops?.line);
  });

  test('recursion without an end overflows the stack', () => {
    const { report } = children(
      '\trcu_read_lock();\n',
      '\tif (pos >= 0)\n\t\treturn child_at(parent, pos + 1);\n\trcu_read_lock();\n',
    );
    expect(report.module?.oops).toMatchObject({ why: 'stack', message: 'BUG: kernel stack overflow' });
  });

  test('a lock taken twice waits for itself', () => {
    const { report, line } = children(
      '\trcu_read_lock();\n',
      '\tstatic struct mutex lock;\n\tmutex_lock(&lock);\n\n\tmutex_lock((&lock));\n',
    );
    expect(report.module?.oops).toMatchObject({ why: 'deadlock', line: line('mutex_lock((&lock))') });
    expect(report.module?.oops?.message).toContain(`mine.c:${line('mutex_lock(&lock)')}`);
  });

  test('a put too many is an underflow, an unlock too many an imbalance, a kfree too many a double free', () => {
    const put = children('\tput_task_struct(v);\n', '\tput_task_struct(v);\n\tput_task_struct((v));\n');
    expect(put.said('warning')[0]).toMatchObject({
      line: put.line('put_task_struct((v))'),
      message: expect.stringMatching(/^refcount_t: underflow; use-after-free: put_task_struct of 0x/),
    });
    const unlock = children('\trcu_read_unlock();\n', '\trcu_read_unlock();\n\trcu_read_unlock();\n');
    expect(unlock.said('warning')[0]?.message).toBe(
      'bad unlock balance: rcu_read_unlock, but rcu_read_lock is not held',
    );
    const free = children(
      '\trcu_read_lock();\n',
      '\tvoid *mem = kmalloc(64, GFP_KERNEL);\n\tkfree(mem);\n\tkfree((mem));\n\tmem = kzalloc(8, GFP_KERNEL);\n\trcu_read_lock();\n',
    );
    expect(free.said('warning')[0]).toMatchObject({ line: free.line('kfree((mem))') });
    expect(free.report.module?.leaks[0]).toMatchObject({
      kind: 'memory',
      name: '8 bytes',
      giveBack: 'kfree',
    });
  });

  test('next that does not move the position is said, as by bpf_seq_read, and the walk goes on', () => {
    const { report, said } = children(
      '\t++*pos;\n',
      '\t(void)*pos;\n',
      '--max-reads',
      '1',
      '--read-size',
      '64',
    );
    expect(said('warning')[0]?.message).toBe('buggy .next function: it did not update *pos');
    expect(report.output).toContain('httpd');
  });
});

describe('registering', () => {
  test('a callback that is missing is registered, and an oops when it is called', () => {
    const { report, said, stderr } = children('\t.show = children_show,\n', '');
    expect(said('warning')[0]?.message).toBe(
      "target 'task_children' has no seq_ops->show: bpf_iter_reg_target does not look; the first call of it is an oops",
    );
    expect(report.module?.oops).toMatchObject({ why: 'fault', line: 0 });
    expect(stderr()).toContain('seq_ops->show is NULL');
  });

  test('of two targets of one name the later is found', () => {
    const { report, said } = children(
      'return bpf_iter_reg_target(&children_reg);',
      'bpf_iter_reg_target(&children_reg);\n\treturn bpf_iter_reg_target(&children_reg);',
    );
    expect(said('warning')[0]?.message).toMatch(/^a target named 'task_children' is registered already/);
    expect(report.stage).toBe('done');
  });

  test('a context argument without its btf_id cannot be read', () => {
    const { report } = children('\tchildren_reg.ctx_arg_info[0].btf_id = task_struct_id[0];\n', '');
    expect(report.verdict).toMatchObject({ accepted: false, errno: 'EACCES' });
    expect(report.verdict?.log).toContain(
      'invalid btf_id for context argument offset 8\ninvalid bpf_context access off=8 size=8',
    );
  });

  test('an argument registered as OR_NULL must be checked by the program', () => {
    const program = readFileSync(join(targets, 'task_children.bpf.c'), 'utf8');
    const path = join(folder, 'unchecked.bpf.c');
    writeFileSync(path, wrong(program, '\tif (!parent || !child)\n\t\treturn 0;\n', ''));
    const { stdout } = iterscope('check', path, '--module', join(targets, 'task_children.c'), '--json');
    const { verdict } = JSON.parse(stdout) as RunReport;
    expect(verdict).toMatchObject({ accepted: false, errno: 'EACCES' });
    expect(verdict?.log).toContain('R1 pointer arithmetic on ptr_or_null_ prohibited, null-check it first');
  });

  test('without DEFINE_BPF_ITER_FUNC nothing stands for the target in BTF', () => {
    const { report } = children(/DEFINE_BPF_ITER_FUNC[^)]*\)\n/.exec(CHILDREN)?.[0] ?? 'DEFINE', '');
    expect(report.stage).toBe('load');
    expect(JSON.stringify(report.diagnostics)).toContain(
      "failed to find kernel BTF type ID of 'task_children'",
    );
  });

  test('what attach and init say is what bpf(2) returns', () => {
    expect(
      children('return 0;\n}\n\nstatic void children_show', 'return -EBUSY;\n}\n\nstatic void children_show')
        .report.attach,
    ).toEqual({ errno: 'EBUSY' });
    const gone = run('task_children', CHILDREN, '--pid', '99999');
    expect(gone.report.stage).toBe('create');
    expect(gone.said('error')[0]?.message).toBe('BPF_ITER_CREATE failed with ESRCH');
  });

  test.for([
    ['late_initcall(children_iter_init);', '', /there is no init: module_init/],
    [
      'return bpf_iter_reg_target(&children_reg);',
      'return -ENODEV;',
      /could not insert module mine.ko: init returned -19 \(ENODEV\)/,
    ],
    [
      'rcu_read_lock();',
      'extern void frobnicate(void);\n\tfrobnicate();',
      /undefined reference to 'frobnicate'/,
    ],
    ['rcu_read_lock();', 'rcu_read_lok();', /rcu_read_lok/],
  ] as const)('a module that cannot be loaded says why: %s -> %s', ([right, mistaken, message]) => {
    const { status, report, stderr } = children(right, mistaken);
    expect(report.diagnostics.some((each) => message.test(each.message))).toBe(true);
    expect(stderr()).toMatch(message);
    expect(status).toBe(1);
  });

  test.for([
    ['iter/task_children', true],
    ['iter/mine:task_children', true],
    ['iter/vmlinux:task_children', false],
    ['iter/other:task_children', false],
    ['iter/vmlinux:task', true],
  ] as const)('SEC("%s") names a target: %s', ([section, found]) => {
    const program = readFileSync(join(targets, 'task_children.bpf.c'), 'utf8');
    const path = join(folder, 'named.bpf.c');
    const body = `SEC("${section}")\nint named(void *ctx) { return 0; }\n`;
    writeFileSync(path, program.slice(0, program.indexOf('SEC("iter')) + body);
    writeFileSync(join(folder, 'mine.c'), CHILDREN);
    const said = iterscope('check', path, '--module', join(folder, 'mine.c'));
    const name = section.slice('iter/'.length);
    expect([
      said.status === 0,
      said.stderr.includes(`failed to find kernel BTF type ID of '${name}'`),
    ]).toEqual([found, !found]);
  });

  test('a target that is taken back is found no more, what it did at detach is done', () => {
    const gone = children(
      'return bpf_iter_reg_target(&children_reg);',
      'bpf_iter_reg_target(&children_reg);\n\tbpf_iter_unreg_target(&children_reg);\n\treturn 0;',
    );
    expect(gone.report.stage).toBe('load');
    expect(gone.report.verdict).toMatchObject({ accepted: false, errno: 'EINVAL' });
    const told = run(
      'task_children',
      wrong(
        CHILDREN,
        'static void children_show_fdinfo',
        'static void children_detach(struct bpf_iter_aux_info *aux)\n{\n\tpr_info("detached from %u\\n", aux->task.pid);\n}\n\nstatic void children_show_fdinfo',
      ).replace('\t.show_fdinfo', '\t.detach_target = children_detach,\n\t.show_fdinfo'),
      '--pid',
      '1',
    );
    expect(told.report.stage).toBe('done');
    expect(told.stderr()).toContain('detached from 1\n');
  });

  test('every command that boots a machine or compiles has the target', () => {
    const object = join(folder, 'kids.bpf.o');
    const module = ['--module', join(targets, 'task_children.c')];
    expect(iterscope('compile', join(targets, 'task_children.bpf.c'), ...module, '-o', object).stderr).toBe(
      '',
    );
    expect(iterscope('run', object, ...module, '--pid', '1').stdout).toContain('602 sshd');
    const listed = iterscope('shell', ...module, '-c', 'bpftool btf list').stdout;
    expect(listed).toMatch(/^1: name \[vmlinux\] .*\n2: name \[task_children\] /);
    const broken = iterscope('disasm', object, '--module', join(targets, 'task_children.bpf.c'));
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain("incomplete type 'struct bpf_iter__task_children'");
  });

  test('the log of the kernel is on stderr and in the report', () => {
    const { report, stderr } = children(
      'return bpf_iter_reg_target(',
      'pr_info("%s: %5d|%-5d|%05x|%#lx %.3s %c%%\\n", "mine", -3, 7, 255, 4096UL, "abcdef", 122);\n\treturn bpf_iter_reg_target(',
    );
    expect(report.module?.log).toBe('mine:    -3|7    |000ff|0x1000 abc z%\n');
    expect(stderr()).toContain('mine:    -3|7');
  });
});
