/** What programs start, hold and give back: work, timers, masks, keys, events, rings of user space, kernel pointers. */
import { expect, test } from 'vitest';
import { must } from '../src/shared/assert.ts';
import { fail } from '../src/shared/errno.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { AttachType } from '../src/engine/abi/uapi.ts';
import { UserRingbufMap } from '../src/engine/bpf/maps/user_ringbuf.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { findTaskByPidNs } from '../src/engine/kernel/objects/pid.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { compileSource, loadProgram } from '../src/engine/machine/program.ts';
import { read } from '../src/engine/sys/files.ts';
import { resources } from './resources.ts';

/** Loads a program `dump` on bpf_map and reads it as often as is asked. */
function machineWith(body: string) {
  const text = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
${body}`;
  const { object, diagnostics } = compileSource({ path: 'p.bpf.c', text }, Btf.parse(resources.btf()));
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const machine = bootMachine(resources, { world: { name: 'demo' } });
  const { loaded, messages, verdict } = loadProgram(machine, { path: 'p.bpf.c', object });
  if (!loaded) throw new Error(messages.join('\n') + (verdict?.log ?? ''));
  const { syscall, sys, kernel } = machine;
  const progFd = must(
    loaded.programs.find(({ program }) => program.spec.name === 'dump'),
    'dump',
  ).ret;
  const link = syscall.linkCreate({ progFd, attachType: AttachType.TRACE_ITER });
  return {
    kernel,
    sys,
    syscall,
    progFd,
    link,
    programs: loaded.programs.map(({ ret }) => ret),
    mapFd: (name: string) => loaded.mapFds[loaded.object.maps.findIndex((map) => map.name === name)] ?? -1,
    read(): string {
      const fd = syscall.iterCreate(link);
      let out = '';
      for (;;) {
        const run = read(sys, fd, 4096);
        let step = run.next();
        while (step.done !== true) step = run.next();
        if (step.value.ret <= 0) break;
        out += latin1Decode(step.value.bytes);
      }
      syscall.close(fd);
      return out;
    },
  };
}
/** A program that does this once, at the end of the walk. */
const atEnd = (statements: string): string => `
SEC("iter/bpf_map") int dump(struct bpf_iter__bpf_map *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	if (ctx->map) return 0;
	${statements}
	return 0;
}`;

const WQ = `
int bpf_wq_init(struct bpf_wq *wq, void *p__map, unsigned int flags) __ksym;
int bpf_wq_start(struct bpf_wq *wq, unsigned int flags) __ksym;
int bpf_wq_set_callback_impl(struct bpf_wq *wq, int (callback_fn)(void *map, int *key, void *value), unsigned int flags, void *aux) __ksym;
struct job { int runs; struct bpf_wq work; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, int); __type(value, struct job); } jobs SEC(".maps");
static int run(void *map, int *key, void *value) { struct job *job = value; job->runs += *key + 1; return 0; }
`;

test('work runs once between two callbacks, and its program lives as long as it may run', () => {
  const machine = machineWith(`${WQ}
SEC("iter/bpf_map") int dump(struct bpf_iter__bpf_map *ctx)
{
	int key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);
	if (!job) return 0;
	if (!ctx->map) { BPF_SEQ_PRINTF(ctx->meta->seq, "ran %d\\n", job->runs); return 0; }
	if (ctx->meta->seq_num) return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_start(&job->work, 0));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_init(&job->work, &jobs, 0));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_init(&job->work, &jobs, 0));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_set_callback_impl(&job->work, run, 0, 0));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_start(&job->work, 1));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_start(&job->work, 0));
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", bpf_wq_start(&job->work, 0));
	return 0;
}`);
  expect(machine.read()).toBe('-22 0 -16 0 -22 0 0 ran 2\n');
  const prog = machine.sys.fds.get('prog', machine.progFd);
  const refs = (): number => (typeof prog === 'number' ? prog : prog.aux.num('refcnt'));
  const held = refs();
  machine.syscall.close(machine.link);
  // No fd leads to the map any more: nothing of it runs again, though the program still holds it.
  machine.syscall.close(machine.mapFd('jobs'));
  expect(refs()).toBe(held - 2);
});

const MASKS = `
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *cpumask) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
void bpf_cpumask_setall(struct bpf_cpumask *cpumask) __ksym;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
bool bpf_cpumask_test_and_clear_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
bool bpf_cpumask_empty(const struct cpumask *cpumask) __ksym;
bool bpf_cpumask_full(const struct cpumask *cpumask) __ksym;
bool bpf_cpumask_subset(const struct cpumask *src1, const struct cpumask *src2) __ksym;
u32 bpf_cpumask_first(const struct cpumask *cpumask) __ksym;
u32 bpf_cpumask_weight(const struct cpumask *cpumask) __ksym;
u32 bpf_cpumask_any_distribute(const struct cpumask *cpumask) __ksym;
`;

test('a mask of processors has the processors there are', () => {
  const machine = machineWith(
    `${MASKS}${atEnd(`
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask) return 0;
	const struct cpumask *bits = (const struct cpumask *)mask;
	BPF_SEQ_PRINTF(seq, "%d %d ", bpf_cpumask_empty(bits), bpf_cpumask_first(bits));
	bpf_cpumask_set_cpu(99, mask);
	bpf_cpumask_set_cpu(0, mask);
	BPF_SEQ_PRINTF(seq, "%d %d %d ", bpf_cpumask_test_cpu(0, bits), bpf_cpumask_test_cpu(99, bits), bpf_cpumask_weight(bits));
	BPF_SEQ_PRINTF(seq, "%d %d ", bpf_cpumask_full(bits), bpf_cpumask_any_distribute(bits));
	BPF_SEQ_PRINTF(seq, "%d %d\\n", bpf_cpumask_test_and_clear_cpu(0, mask), bpf_cpumask_empty(bits));
	bpf_cpumask_release(mask);`)}`,
  );
  expect(machine.read()).toBe('1 1 1 0 1 1 0 1 1\n');
});

test('a value that goes away gives back the task and the mask that it held', () => {
  const machine = machineWith(`${MASKS}
struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
void bpf_task_release(struct task_struct *p) __ksym;
struct held { struct task_struct __kptr *task; struct bpf_cpumask __kptr *mask; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 2); __type(key, int); __type(value, struct held); } kept SEC(".maps");
${atEnd(`
	int key = 7;
	struct held *held = bpf_map_lookup_elem(&kept, &key);
	if (!held) return 0;
	struct task_struct *task = bpf_task_from_pid(1);
	if (!task) return 0;
	task = bpf_kptr_xchg(&held->task, task);
	if (task) bpf_task_release(task);
	struct bpf_cpumask *mask = bpf_cpumask_create();
	if (!mask) return 0;
	mask = bpf_kptr_xchg(&held->mask, mask);
	if (mask) bpf_cpumask_release(mask);`)}`);
  const { kernel, syscall } = machine;
  const kept = machine.mapFd('kept');
  const key = new Uint8Array(Int32Array.of(7).buffer);
  syscall.mapUpdate(kept, key, new Uint8Array(16), 0);
  const init = must(findTaskByPidNs(kernel, 1, kernel.object('init_pid_ns', 'pid_namespace')), 'task 1');
  const users = (): number => init.num(init.has('rcu_users') ? 'rcu_users' : 'usage');
  const before = users();
  machine.read();
  expect(users()).toBe(before + 1);
  machine.read();
  expect(users()).toBe(before + 1);
  expect([syscall.mapLookup(kept, key), syscall.mapDelete(kept, key)]).toEqual([new Uint8Array(16), 0]);
  expect(users()).toBe(before);
});

test('records of user space are drained as dynptrs', () => {
  const machine = machineWith(`
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
__u64 sum = 0;
static long take(struct bpf_dynptr *record, void *ctx)
{
	__u32 value = 0;
	bpf_dynptr_read(&value, sizeof(value), record, 0, 0);
	sum += value;
	return value == 100;
}
${atEnd(`
	long bad = bpf_user_ringbuf_drain(&ring, take, 0, 8);
	long taken = bpf_user_ringbuf_drain(&ring, take, 0, 0);
	BPF_SEQ_PRINTF(seq, "%ld %ld %llu\\n", bad, taken, sum);`)}`);
  const map = machine.sys.fds.get('map', machine.mapFd('ring'));
  if (!(map instanceof UserRingbufMap)) throw new Error('another kind of map');
  for (const value of [1, 100, 5]) map.submit(new Uint8Array(Uint32Array.of(value).buffer));
  expect([machine.read(), machine.read(), machine.read()]).toEqual([
    '-22 2 101\n',
    '-22 1 106\n',
    '-22 0 106\n',
  ]);
});

test('events count nothing, nobody recorded branches, and init gets no signal', () => {
  const machine = machineWith(`
struct bpf_key *bpf_lookup_system_key(u64 id) __ksym;
void bpf_key_put(struct bpf_key *key) __ksym;
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
${atEnd(`
	struct bpf_perf_event_value value = { .counter = 9 };
	__u64 branches[3] = {};
	BPF_SEQ_PRINTF(seq, "%ld %ld ", bpf_perf_event_read(&events, 0), bpf_perf_event_read(&events, 5));
	BPF_SEQ_PRINTF(seq, "%ld %llu ", bpf_perf_event_read_value(&events, BPF_F_CURRENT_CPU, &value, sizeof(value)), value.counter);
	BPF_SEQ_PRINTF(seq, "%ld ", bpf_get_branch_snapshot(branches, sizeof(branches), 0));
	BPF_SEQ_PRINTF(seq, "%ld %ld ", bpf_send_signal(65), bpf_send_signal_thread(10));
	struct bpf_key *key = bpf_lookup_system_key(2);
	BPF_SEQ_PRINTF(seq, "%d\\n", key != 0);
	if (key) bpf_key_put(key);`)}`);
  const { kernel } = machine;
  expect(machine.read()).toBe(`0 ${fail('E2BIG')} 0 0 ${fail('ENOENT')} ${fail('EINVAL')} 0 1\n`);
  const reader = kernel.view('task_struct', kernel.current);
  expect(kernel.mem.u64(reader.at('pending.signal'))).toBe(1n << 9n);
});

test("a signature is one that nobody's key is known for; what is none is told so", () => {
  const body = `
	struct bpf_dynptr data, signature;
	struct bpf_key *key = bpf_lookup_system_key(0);
	int err = 0;
	if (!key) return 0;
	bpf_dynptr_from_mem(buffer, 16, 0, &data);
	bpf_dynptr_from_mem(buffer + 16, 15, 0, &signature);
	err = bpf_verify_pkcs7_signature(&data, &signature, key);
	bpf_key_put(key);
	BPF_SEQ_PRINTF(seq, "%d\\n", err);`;
  const signature = '0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 7, 1, 0xa0, 0';
  const machine = machineWith(`
struct bpf_key *bpf_lookup_system_key(u64 id) __ksym;
void bpf_key_put(struct bpf_key *key) __ksym;
int bpf_verify_pkcs7_signature(struct bpf_dynptr *data, struct bpf_dynptr *sig, struct bpf_key *key) __ksym;
char buffer[32] = { [16] = ${signature} };
${atEnd(body).replace('iter/bpf_map', 'iter.s/task').replace('iter__bpf_map', 'iter__task').replace('ctx->map', 'ctx->task')}`);
  expect(machine.read()).toBe(`${fail('EINVAL')}\n`);
});
