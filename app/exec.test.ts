/** `iterscope exec`: what a person who types it sees. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { iterscope } from './cli/testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'iterscope-exec-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const BPF = file(
  'first.bpf.c',
  `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (task && task->pid <= 2)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\\n", task->pid, task->comm);
	return 0;
}
`,
);
const READER = file(
  'reader.c',
  `#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "first.skel.h"
#include "size.h"
int main(int argc, char **argv)
{
	struct first *skel = first__open_and_load();
	char buf[SIZE];
	int n, fd;
	if (!skel || first__attach(skel))
		return 1;
	fd = bpf_iter_create(bpf_link__fd(skel->links.dump));
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	fprintf(stderr, "%d arguments\\n", argc - 1);
	first__destroy(skel);
	return argc > 2 ? *(int *)8 : argc;
}
`,
);
file('size.h', '#define SIZE 512\n');

test("stdout, stderr and status are the program's own", () => {
  expect(iterscope('exec', READER, BPF)).toEqual({
    stdout: '1 init\n2 kthreadd\n',
    stderr: '0 arguments\n',
    status: 1,
  });
  expect(iterscope('exec', READER, BPF, '--define', 'X=1', '--', '--help').status).toBe(2);
});

test('a crash is a signal, with the line it came to', () => {
  expect(iterscope('exec', READER, BPF, '--', 'a', 'b')).toEqual({
    stdout: '1 init\n2 kthreadd\n',
    stderr: `2 arguments\nSegmentation fault: ${READER}:18 in main\n`,
    status: 139,
  });
});

test('as JSON: output, status, crash, and what each read gave', () => {
  const { stdout, status } = iterscope('exec', READER, BPF, '--json', '--', 'a', 'b');
  expect(status).toBe(139);
  expect(JSON.parse(stdout)).toMatchObject({
    stage: 'done',
    stdout: '1 init\n2 kthreadd\n',
    stderr: '2 arguments\n',
    status: 139,
    signal: 11,
    location: { file: READER, line: 18, function: 'main' },
    sessions: [
      {
        target: 'task',
        reads: [
          { size: 512, ret: 18 },
          { size: 512, ret: 0 },
        ],
      },
    ],
  });
});

test('mistakes in either program are shown with their lines, and nothing is run', () => {
  const wrong = file('wrong.c', '#include <stdio.h>\nint main(void)\n{\n\tputs("x")\n\treturn 0;\n}\n');
  const said = iterscope('exec', wrong, BPF);
  expect(said).toMatchObject({ status: 1, stdout: '' });
  expect(said.stderr).toContain(`${wrong}:`);
  const bpf = file('wrong.bpf.c', 'int x = y;\n');
  expect(iterscope('exec', READER, bpf).stderr).toMatch(/^.*wrong\.bpf\.c:1:9: error: /);
  expect(iterscope('exec')).toMatchObject({ status: 2 });
  expect(iterscope('exec', join(folder, 'none.c')).stderr).toContain('no such file');
});

test("a program that the kernel refuses is told of by libbpf, in the reader's own stderr", () => {
  const refused = file(
    'refused.bpf.c',
    `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/task")
int dump(struct bpf_iter__task *ctx) { return ctx->task->pid; }
`,
  );
  const reader = file(
    'opens.c',
    `#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>
int main(void)
{
	int err = bpf_object__load(bpf_object__open("refused.bpf.o"));
	printf("%d %s\\n", err, strerror(errno));
	return 0;
}
`,
  );
  const { stdout, stderr, status } = iterscope('exec', reader, refused);
  expect({ stdout, status }).toEqual({ stdout: '-13 Permission denied\n', status: 0 });
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toBe("libbpf: prog 'dump': BPF program load failed: Permission denied");
  expect(lines[1]).toBe("libbpf: prog 'dump': -- BEGIN PROG LOAD LOG --");
  expect(stderr).toContain("R1 invalid mem access 'trusted_ptr_or_null_'");
  expect(lines.at(-2)).toBe("libbpf: prog 'dump': failed to load: -13");
  expect(lines.at(-1)).toBe("libbpf: failed to load object 'refused.bpf.o'");
});
