/** Reader programs in C, compiled, linked and run in the demo world: what they print, and how they end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resources } from '../../../app/resources.ts';
import { userLibrary } from '../../../app/user_library.ts';
import { bootMachine } from '../machine/boot.ts';
import type { Machine } from '../machine/boot.ts';
import { objectPath, playExec } from '../machine/exec.ts';
import { drain } from '../machine/play.ts';
import { compileSource } from '../machine/program.ts';
import { checkImage } from '../kernel/check_image.ts';
import { processes, threads } from '../kernel/objects/task.ts';

const data = (name: string): string => readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8');
const boot = (): Machine => bootMachine(resources, { world: { name: 'demo' } });

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | undefined;
  /** `line function signal`, where it was ended. */
  readonly crash: string;
  readonly stopped: string;
  readonly errors: readonly string[];
}

function run(text: string, bpf: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Ran {
  const machine = boot();
  const objects = Object.entries(bpf).map(([path, source]) => {
    const { object, diagnostics } = compileSource({ path, text: source }, machine.kernel.btf);
    if (!object) throw new Error(diagnostics.map((d) => d.message).join('; '));
    return { path: objectPath(path), bytes: object };
  });
  const { stdout, stderr, end, diagnostics } = drain(
    playExec(machine, { path: 'reader.c', text, objects, args, library: userLibrary }),
  );
  const { crash = null } = end ?? {};
  return {
    stdout,
    stderr,
    status: end?.status,
    crash: crash ? `${crash.location?.line} ${crash.location?.function} ${crash.signal}` : '',
    stopped: end?.stopped ?? '',
    errors: diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
  };
}

const OPEN_FILES = { 'open_files.bpf.c': data('open_files.bpf.c') };
const body = (text: string): string => `
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
int main(int argc, char **argv)
{
${text}
	return 0;
}
`;

describe('the C library', () => {
  test('prints, converts, sorts and copies as glibc does', () => {
    const { stdout, status, stderr } = run(data('libc.c'));
    expect(stdout).toBe(data('libc.glibc.txt'));
    expect({ status, stderr }).toEqual({ status: 7, stderr: 'what: Device or resource busy\n' });
  });

  test('programs compute what clang and glibc make of them', () => {
    expect(run(data('programs.c'))).toMatchObject({
      stdout: data('programs.glibc.txt'),
      status: 0,
      stderr: '',
    });
  });

  test('main has its arguments and its environment; its result is the exit status', () => {
    const { stdout, status } = run(
      body('printf("%d %s %s %s\\n", argc, argv[1], argv[2], getenv("HOME")); return argc * 100;'),
      {},
      ['-v', 'two words'],
    );
    expect(stdout).toBe('3 -v two words /root\n');
    expect(status).toBe(300 & 0xff);
  });

  test('getopt takes letters, values and long names', () => {
    const c = `
      #include <getopt.h>
      #include <stdio.h>
      int main(int argc, char **argv) {
        static const struct option longs[] = { { "pid", required_argument, 0, 'p' }, { "all", 0, 0, 'a' }, {} };
        for (int c; (c = getopt_long(argc, argv, "ap:", longs, 0)) != -1;)
          printf("%c=%s ", c, optarg && c == 'p' ? optarg : "");
        printf("%s\\n", argv[optind]);
        return 0;
      }`;
    expect(run(c, {}, ['-a', '-p12', '--pid=13', '--pid', '14', 'rest']).stdout).toBe(
      'a= p=12 p=13 p=14 rest\n',
    );
  });

  test("a pipe between a process and its child; the child's status comes back", () => {
    const c = body(`
	int fds[2], status;
	pipe(fds);
	pid_t pid = fork();
	if (pid == 0) {
		dprintf(fds[1], "child of %d", getppid() == getpid() - 1);
		sleep(3600);
		exit(33);
	}
	close(fds[1]);
	char buf[64] = "";
	for (int n = 0, k; (k = read(fds[0], buf + n, sizeof(buf) - n)) > 0; n += k)
		;
	waitpid(pid, &status, 0);
	printf("%s, %d\\n", buf, WEXITSTATUS(status));`).replace(
      '#include <unistd.h>',
      '#include <unistd.h>\n#include <sys/wait.h>',
    );
    expect(run(c).stdout).toBe('child of 1, 33\n');
  });
});

describe('file descriptors', () => {
  test('dup2 and dup3 take the number that is asked for, and close what was there', () => {
    const c = body(`
	int fds[2];
	char c;
	pipe(fds);
	printf("%d ", dup2(fds[1], 20) == 20 && write(20, "x", 1) == 1 && read(fds[0], &c, 1) == 1 && c == 'x');
	printf("%d %d ", dup2(20, 20), dup3(20, 20, 0) == -1 && errno == EINVAL);
	printf("%d %d ", dup2(77, 21) == -1 && errno == EBADF, dup2(20, 5000) == -1 && errno == EBADF);
	close(fds[1]);
	dup3(0, 20, O_CLOEXEC);
	printf("%d\\n", (int)read(fds[0], &c, 1));`);
    expect(run(c)).toMatchObject({ stdout: '1 20 1 1 1 0\n', errors: [], status: 0 });
  });
});

describe('libbpf', () => {
  test("the document's reader: attached to its own process, read sixteen bytes at a time", () => {
    const { stdout, stderr, status } = run(data('open_files.c'), OPEN_FILES);
    const lines = stdout.split('\n');
    const fds = lines.slice(0, -2).map((line) => line.trim().split(/\s+/));
    expect(new Set(fds.map(([pid]) => pid)).size).toBe(1);
    // Standard streams, BTF, maps of bss and rodata, their BTF ... : numbers in a row, the iterator the last.
    expect(fds.map(([, , fd]) => Number(fd))).toEqual(fds.map((_, i) => i));
    expect(lines.at(-2)).toBe('18 reads');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  test('a skeleton: settings before load, globals shared with the program while it runs', () => {
    const c = `
      #include <stdio.h>
      #include <unistd.h>
      #include <bpf/bpf.h>
      #include "open_files.skel.h"
      static void show(struct open_files *skel) {
        char buf[256];
        int n, fd = bpf_iter_create(bpf_link__fd(skel->links.dump));
        while ((n = read(fd, buf, sizeof(buf))) > 0) write(1, buf, n);
        printf("seen %d\\n", skel->bss->seen);
        close(fd);
      }
      int main(void) {
        struct open_files *skel = open_files__open();
        skel->rodata->limit = 2;
        if (open_files__load(skel) || open_files__attach(skel)) return 1;
        skel->bss->target_pid = getpid();
        show(skel);
        skel->bss->seen = 1;
        skel->bss->target_pid = 1;
        show(skel);
        printf("%s %s\\n", bpf_map__name(skel->maps.bss), bpf_program__name(skel->progs.dump));
        open_files__destroy(skel);
        return 0;
      }`;
    const { stdout, status, errors, stderr } = run(c, OPEN_FILES);
    expect({ errors, stderr, status }).toEqual({ errors: [], stderr: '', status: 0 });
    expect(stdout.replace(/^ +(\d+) +\d+ +/gm, '$1 ')).toMatch(
      /^(\d+) 0\n\1 1\nseen 2\n1 0\nseen 2\nopen_fil.bss dump\n$/,
    );
  });

  test('what is read-only after load is: a store is a crash at its line', () => {
    const c = `
      #include "open_files.skel.h"
      int main(void) {
        struct open_files *skel = open_files__open_and_load();
        skel->rodata->limit = 5;
        return 0;
      }`;
    expect(run(c, OPEN_FILES)).toMatchObject({ status: 139, crash: '5 main 11' });
  });

  test('a syscall program is run on a struct of the caller, and changes it', () => {
    const bpf = `
      #include "vmlinux.h"
      #include <bpf/bpf_helpers.h>
      struct sum { long a, b, sum; };
      SEC("syscall") int add(struct sum *it) { it->sum = it->a + it->b; return 3; }
      char LICENSE[] SEC("license") = "GPL";`;
    const c = body(`
	struct { long a, b, sum; } it = { 20, 22 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &it, .ctx_size_in = sizeof(it));
	struct bpf_object *obj = bpf_object__open("add.bpf.o");
	if (bpf_object__load(obj))
		return 1;
	int fd = bpf_program__fd(bpf_object__next_program(obj, NULL));
	printf("%d ", bpf_prog_test_run_opts(fd, &opts));
	printf("%u %ld ", opts.retval, it.sum);
	opts.repeat = 1;
	printf("%d\\n", bpf_prog_test_run_opts(fd, &opts) == -EINVAL);`);
    expect(run(c, { 'add.bpf.c': bpf })).toMatchObject({ stdout: '0 3 42 1\n', errors: [], status: 0 });
  });

  test('maps by fd and by object: update, look up, walk the keys, delete', () => {
    const bpf = `
      #include "vmlinux.h"
      #include <bpf/bpf_helpers.h>
      struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, int); __type(value, long); } counts SEC(".maps");
      char LICENSE[] SEC("license") = "GPL";
      SEC("iter/task") int dump(struct bpf_iter__task *ctx) {
        int key = 1;
        long *value = bpf_map_lookup_elem(&counts, &key);
        if (value && ctx->task) *value += 1;
        return 0;
      }`;
    const c = body(`
	struct bpf_object *obj = bpf_object__open("counts.bpf.o");
	struct bpf_map *map = bpf_object__find_map_by_name(obj, "counts");
	printf("%d %u\\n", bpf_map__set_max_entries(map, 2), bpf_map__max_entries(map));
	if (bpf_object__load(obj))
		return 1;
	int fd = bpf_map__fd(map), key, next;
	long value = 40;
	for (key = 1; key <= 3; key++)
		printf("%d ", bpf_map_update_elem(fd, &key, &value, BPF_ANY));
	struct bpf_link *link = bpf_program__attach(bpf_object__next_program(obj, NULL));
	int iter = bpf_iter_create(bpf_link__fd(link));
	char c;
	read(iter, &c, 1);
	key = 1;
	bpf_map__lookup_elem(map, &key, sizeof(key), &value, sizeof(value), 0);
	printf("%d ", value > 50);
	int keys = 0;
	for (void *at = NULL; !bpf_map_get_next_key(fd, at, &next); at = &key, key = next)
		keys += next;
	key = 1;
	printf("%d %d %d %d\\n", keys, bpf_map_delete_elem(fd, &key), bpf_map_lookup_elem(fd, &key, &value),
	       bpf_map__lookup_elem(map, &key, 8, &value, sizeof(value), 0));`);
    const { stdout, stderr } = run(c, { 'counts.bpf.c': bpf });
    expect(stdout).toBe('0 2\n0 0 -7 1 3 0 -2 -22\n');
    expect(stderr).toBe("libbpf: map 'counts': unexpected key size 8 provided, expected 4\n");
  });

  test('records of a ring buffer come to the callback, in order', () => {
    const bpf = `
      #include "vmlinux.h"
      #include <bpf/bpf_helpers.h>
      struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
      char LICENSE[] SEC("license") = "GPL";
      SEC("iter/task") int dump(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;
        if (task && task->pid <= 3) bpf_ringbuf_output(&events, &task->pid, 4, 0);
        return 0;
      }`;
    const c = `
      #include <stdio.h>
      #include <unistd.h>
      #include <bpf/bpf.h>
      #include "ring.skel.h"
      static int sample(void *ctx, void *data, size_t size) { return printf("%s%d/%zu ", (char *)ctx, *(int *)data, size) < 0; }
      int main(void) {
        struct ring *skel = ring__open_and_load();
        struct ring_buffer *rb = ring_buffer__new(bpf_map__fd(skel->maps.events), sample, "pid ", NULL);
        ring__attach(skel);
        char c;
        read(bpf_iter_create(bpf_link__fd(skel->links.dump)), &c, 1);
        printf("%d\\n", ring_buffer__poll(rb, 100));
        printf("%d\\n", ring_buffer__poll(rb, 100));
        return 0;
      }`;
    expect(run(c, { 'ring.bpf.c': bpf }).stdout).toBe('pid 1/4 pid 2/4 pid 3/4 3\n0\n');
  });

  test('messages go where libbpf_set_print says', () => {
    const c = `
      #include <stdarg.h>
      #include <stdio.h>
      #include <bpf/libbpf.h>
      static int quiet(enum libbpf_print_level level, const char *format, va_list args) {
        char line[200];
        vsnprintf(line, sizeof(line), format, args);
        return printf("<%d %s>", level, line);
      }
      int main(void) { libbpf_set_print(quiet); return bpf_object__open("no.o") != NULL; }`;
    expect(run(c)).toMatchObject({
      stdout: '<0 libbpf: elf: failed to open no.o: No such file or directory\n>',
      stderr: '',
      status: 0,
    });
  });

  const wrong: readonly (readonly [title: string, c: string, stdout: string, stderr: string])[] = [
    [
      'a load that comes twice',
      `struct bpf_object *obj = bpf_object__open("open_files.bpf.o");
	printf("%d ", bpf_object__load(obj));
	printf("%d\\n", bpf_object__load(obj));`,
      '0 -22\n',
      "libbpf: object 'open_files': load can't be attempted twice\n",
    ],
    [
      'attaching before load',
      `struct bpf_object *obj = bpf_object__open("open_files.bpf.o");
	void *link = bpf_program__attach_iter(bpf_object__next_program(obj, NULL), NULL);
	printf("%p %d %ld\\n", link, errno, libbpf_get_error(link));`,
      '(nil) 22 -22\n',
      "libbpf: prog 'dump': can't attach before loaded\n",
    ],
    [
      'a second pin of a link, a pin outside bpffs, a name that is taken',
      `struct bpf_object *obj = bpf_object__open("open_files.bpf.o");
	bpf_object__load(obj);
	struct bpf_link *link = bpf_program__attach_iter(bpf_object__next_program(obj, NULL), NULL);
	printf("%d ", bpf_link__pin(link, "/tmp/link"));
	printf("%d ", bpf_link__pin(link, "/sys/fs/bpf/one"));
	printf("%d ", bpf_link__pin(link, "/sys/fs/bpf/two"));
	printf("%d ", bpf_obj_pin(bpf_link__fd(link), "/sys/fs/bpf/one"));
	printf("%d\\n", bpf_link__detach(link));`,
      '-22 0 -16 -17 -95\n',
      'libbpf: specified path /tmp/link is not on BPF FS\n',
    ],
    [
      'descriptors that are closed, twice closed, or no link',
      `char c;
	printf("%d ", bpf_iter_create(77));
	printf("%zd %d ", read(77, &c, 1), errno);
	int fd = dup(1);
	int first = close(fd);
	printf("%d %d %d ", first, close(fd), errno);
	printf("%d\\n", bpf_iter_create(1));`,
      '-9 -1 9 0 -1 9 -22\n',
      '',
    ],
  ];
  test.for(wrong)('wrong use: %s', ([, c, stdout, stderr]) => {
    expect(run(body(c), OPEN_FILES)).toMatchObject({ stdout, stderr, status: 0 });
  });
});

describe('processes and threads are tasks of the world', () => {
  test('threads, forked children and their ends appear in a walk', () => {
    const { stdout, stderr, status, crash } = run(data('threads.c'), {
      'threads.bpf.c': data('threads.bpf.c'),
    });
    const first = Number(/\d+/.exec(stdout.split('\n')[1] ?? '')?.[0]);
    const relative = stdout.replace(
      /^(\d+) (\d+) /gm,
      (_, a: string, b: string) => `${+a - first} ${+b - first} `,
    );
    expect(relative).toBe(`-- threads
0 0 reader
0 1 worker1
0 2 worker2
0 3 worker3
joined 10
joined 20
joined 30
total 30000
-- child
4 4 reader
from child 6; 1; 1 exited 33; shared 5
signal 11
-- after
0 0 reader
mapped
`);
    expect({ stderr, status, crash }).toEqual({ stderr: '', status: 139, crash: '58 main 11' });
  });

  test('after the end nothing of the program is left in the machine', () => {
    const machine = boot();
    const { kernel, sys } = machine;
    const tasks = (): number => [...processes(kernel)].flatMap((task) => [...threads(kernel, task)]).length;
    const before = { tasks: tasks(), current: kernel.current };
    const { object } = compileSource(
      { path: 'open_files.bpf.c', text: data('open_files.bpf.c') },
      kernel.btf,
    );
    drain(
      playExec(machine, {
        path: 'reader.c',
        text: body(`
	struct bpf_object *obj = bpf_object__open("open_files.bpf.o");
	bpf_object__load(obj);
	bpf_iter_create(bpf_link__fd(bpf_program__attach(bpf_object__next_program(obj, NULL))));
	fork();`),
        objects: [{ path: 'open_files.bpf.o', bytes: object ?? new Uint8Array(0) }],
        args: [],
        library: userLibrary,
      }),
    );
    expect({ tasks: tasks(), current: kernel.current }).toEqual(before);
    expect(sys.fds.openSessions).toEqual([]);
    expect(checkImage(kernel)).toEqual([]);
  });
});

describe('how a program can end', () => {
  const ends: readonly (readonly [
    title: string,
    c: string,
    status: number,
    crash: string,
    stderr: string,
  ])[] = [
    ['a null pointer', 'int *p = NULL;\n*p = 1;', 139, '13 main 11', ''],
    ['an object that was not opened', 'puts(bpf_program__name(NULL));', 139, '12 main 11', ''],
    [
      'memory freed twice',
      'char *p = malloc(8);\nfree(p);\nfree(p);',
      134,
      '14 main 6',
      'free(): double free detected in tcache 2\n',
    ],
    ['a call of no function', 'return ((int (*)(void))0x1234)();', 139, '12 main 11', ''],
    ['a string that is written', 'char *s = "text";\ns[0] = argc;', 139, '13 main 11', ''],
    ['abort', 'abort();', 134, '12 main 6', ''],
  ];
  test.for(ends)('%s', ([, c, status, crash, stderr]) => {
    expect(run(body(c))).toMatchObject({ status, crash, stderr });
  });

  test('recursion without end', () => {
    const c =
      'int f(int n)\n{\n\tvolatile char a[100];\n\ta[0] = n;\n\treturn f(n + 1) + a[0];\n}\nint main(void) { return f(0); }';
    expect(run(c)).toMatchObject({ status: 139, crash: expect.stringMatching(/^[1-5] f 11$/) });
  });

  test('a loop without end is stopped, and so is waiting for nothing', () => {
    expect(run('int main(void)\n{\n\tfor (;;)\n\t\t;\n}')).toMatchObject({
      status: 137,
      stopped: 'the program ran too long and was stopped',
      crash: expect.stringMatching(/ main 9$/),
    });
    expect(run(body('int fds[2];\npipe(fds);\nreturn read(fds[0], &argc, 1);'))).toMatchObject({
      status: 137,
      stopped: 'the program waits for something that never comes',
    });
  });

  test('whoever wants more than there is gets an error, not the machine', () => {
    const c = body(`
	long total = 0;
	while (mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		total += 16;
	printf("%d %s\\n", total > 100 && total <= 256, strerror(errno));
	void *much = malloc(64 << 20);
	printf("%p %d\\n", much, errno == ENOMEM);
	ssize_t written = write(1, &total, 0x7fffffff);
	printf("%zd %s\\n", written, strerror(errno));
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "big", 4, 1 << 20, 1 << 30, NULL);
	printf("%d %d\\n", map == -ENOMEM || map == -E2BIG, bpf_map_create(BPF_MAP_TYPE_HASH, "x", 4, 4, 0, NULL));`).replace(
      '#include <unistd.h>',
      '#include <unistd.h>\n#include <sys/mman.h>',
    );
    expect(run(c)).toMatchObject({
      stdout: '1 Cannot allocate memory\n(nil) 1\n-1 Bad address\n1 -22\n',
      status: 0,
    });
  });

  test('forks without end come to an end, and a pipe without a reader breaks', () => {
    const c = body(`
	int fds[2], status, forks = 0;
	pipe(fds);
	if (fork() == 0) {
		close(fds[0]);
		write(fds[1], "x", 1);
		exit(0);
	}
	close(fds[0]);
	wait(&status);
	printf("%d\\n", WTERMSIG(status));
	for (pid_t pid; (pid = fork()) >= 0; forks++)
		if (pid == 0)
			sleep(100000);
	printf("%d %d\\n", forks > 50, errno == EAGAIN || errno == ENOMEM);`).replace(
      '#include <unistd.h>',
      '#include <unistd.h>\n#include <sys/wait.h>',
    );
    expect(run(c)).toMatchObject({ stdout: '13\n1 1\n', status: 0 });
  });

  test('what does not compile or link is said, and not run', () => {
    const errors = (c: string): readonly string[] => run(c).errors;
    expect(errors('int helper(int);\nint main(void) { return helper(1); }')).toEqual([
      "reader.c:2: undefined reference to 'helper'",
    ]);
    expect(errors('int main(void) { double d = 1; return d; }')[0]).toBe(
      'floating point is not available in simulated user programs',
    );
    expect(errors('#include <stdio.h>\nint start(void) { return 0; }')).toContain(
      "undefined reference to 'main'",
    );
  });
});
