/** Global variables and maps at a moment: as the program had left them by then, not as the run leaves them. */
import { beforeAll, expect, test } from 'vitest';
import { createEngineApi } from '../src/engine/machine_api.ts';
import type { RunResult } from '../src/protocol/api.ts';
import type { SeenMaps, SeenValue } from '../src/protocol/peek.ts';
import type { Scenario } from '../src/protocol/scenario.ts';
import { callRow } from '../src/protocol/trace.ts';
import { must } from '../src/shared/assert.ts';
import { resources } from './resources.ts';

const text = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
const volatile int limit = 3;
int seen;
char last[16];
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, int); __type(value, __u64); } by_pid SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, __u32); } calls_of_this_program SEC(".maps");
SEC("iter/task")
int count(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 *calls, key = 0;
	__u64 one = 1;
	int pid;

	if (!task)
		return 0;
	seen++;
	pid = task->pid;
	bpf_probe_read_kernel_str(last, sizeof(last), task->comm);
	if (seen <= limit)
		bpf_map_update_elem(&by_pid, &pid, &one, 0);
	else if (seen == limit + 1) {
		pid = 1;
		bpf_map_delete_elem(&by_pid, &pid);
	}
	calls = bpf_map_lookup_elem(&calls_of_this_program, &key);
	if (calls)
		(*calls)++;
	return 0;
}
`;
const context = { cancelled: () => false, progress: () => undefined, breathe: () => Promise.resolve() };
const api = createEngineApi(resources);
const scenario: Scenario = { world: { name: 'demo' }, source: { path: 'count.bpf.c', text }, options: {} };
let result: RunResult;
/** Callbacks in which the program was shown an object. */
let shows: readonly number[];

beforeAll(async () => {
  result = await api.run({ scenario }, context);
  const trace = must(result.sessions[0], 'a session');
  shows = Array.from({ length: trace.length }, (_, call) => call).filter(
    (call) => callRow(trace, call)?.kind === 'show',
  );
});

const QUESTION = { ctx: null, object: null, watched: [], maps: true, program: 'none' } as const;
/** What there is to see behind the nth object, beside the object before it. */
async function behind(nth: number, of = result): Promise<SeenMaps> {
  const session = must(of.sessions[0], 'a session').session;
  const at = (n: number) => ({ session, read: 0, call: must(shows[n], 'an object') });
  const question = { ...QUESTION, moment: at(nth), before: nth === 0 ? null : at(nth - 1) };
  return must((await api.look(question, context)).maps, 'maps');
}
const global = ({ globals }: SeenMaps, name: string) => globals.find(({ key }) => key === name);
const elements = ({ maps }: SeenMaps, name: string) => maps.find((map) => map.name === name)?.elements ?? [];
const changes = (values: readonly SeenValue[]) => values.filter(({ since }) => since !== 'same');

test('a global variable has the value that the program had given it by then, and the one before', async () => {
  for (const nth of [4, 1])
    expect(global(await behind(nth), 'seen')).toEqual({
      key: 'seen',
      value: String(nth + 1),
      since: 'changed',
      was: String(nth),
    });
  expect(global(await behind(0), 'last')).toMatchObject({ value: 'init', since: 'same' });
  expect(global(await behind(2), 'limit')).toMatchObject({ value: '3', since: 'same' });
  const end = await behind(shows.length - 1);
  expect(global(end, 'seen')?.value).toBe(String(result.report.globals['seen']));
});

test('elements come and go with their callbacks', async () => {
  expect(elements(await behind(0), 'by_pid')).toEqual([{ key: '1', value: '1', since: 'same', was: '' }]);
  expect(changes(elements(await behind(2), 'by_pid'))).toHaveLength(1);
  expect(changes(elements(await behind(2), 'by_pid'))[0]?.since).toBe('new');
  const after = elements(await behind(3), 'by_pid');
  expect(after.map(({ since }) => since)).toEqual(['same', 'same', 'gone']);
  expect(after[2]?.key).toBe('1');
  expect(elements(await behind(5), 'by_pid').map(({ since }) => since)).toEqual(['same', 'same']);
});

test('a per-cpu value is one for each processor, before an instruction as before the call', async () => {
  const name = 'calls_of_this_program';
  expect(elements(await behind(1), name)).toEqual([{ key: '0', value: '[2]', since: 'changed', was: '[1]' }]);
  const { session } = must(result.sessions[0], 'a session');
  const moment = { session, read: 0, call: must(shows[1], 'an object'), insn: 0 };
  const { maps } = await api.look({ ...QUESTION, moment, before: null }, context);
  expect(elements(must(maps, 'maps'), name)[0]?.value).toBe('[1]');
});

test('what the shell has read shows the maps of its program, by the names that the kernel keeps', async () => {
  const pin = await api.shell({ scenario, line: 'bpftool iter pin count.bpf.o /sys/fs/bpf/it' }, context);
  const cat = await api.shell({ scenario: pin.scenario, line: 'cat /sys/fs/bpf/it' }, context);
  const seen = await behind(2, { ...result, sessions: cat.sessions });
  expect(global(seen, 'seen')?.value).toBe('3');
  expect(seen.maps.map((map) => map.name)).toContain('calls_of_this_p');
});
