/** Values of variables at a moment, as the page writes them beside the lines. */
import { expect, test } from 'vitest';
import { createEngineApi } from '../src/engine/machine_api.ts';
import type { Scenario } from '../src/protocol/scenario.ts';
import { callRow } from '../src/protocol/trace.ts';
import type { VariableValue } from '../src/protocol/variables.ts';
import { must } from '../src/shared/assert.ts';
import { resources } from './resources.ts';

const text = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";
struct name {
	char text[16];
	bool first;
};

static __noinline int digits(unsigned int number)
{
	int count = 1;

	if (number > 9) {
		number /= 10;
		count++;
	}
	if (number > 9)
		count++;
	return count;
}

SEC("iter/task")
int show(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct name name = {};
	int pid, width;

	if (!task)
		return 0;
	pid = task->pid;
	width = digits(pid);
	name.first = ctx->meta->seq_num == 0;
	bpf_probe_read_kernel_str(name.text, sizeof(name.text), task->comm);
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d %s\\n", pid, width, name.first, name.text);
	return 0;
}
`;
const context = { cancelled: () => false, progress: () => undefined, breathe: () => Promise.resolve() };
const line = (start: string): number => text.split('\n').findIndex((l) => l.trim().startsWith(start)) + 1;
const byName = (values: readonly VariableValue[]): Record<string, string> =>
  Object.fromEntries(values.map(({ name, value }) => [name, value]));

test.for([[true], [false]])(
  'optimised %s: pid, width and the name are what is printed',
  async ([optimise]) => {
    const scenario: Scenario = {
      world: { name: 'demo' },
      source: { path: 'show.bpf.c', text, optimise: optimise ?? true },
      options: {},
    };
    const api = createEngineApi(resources);
    const { report, sessions, program } = await api.run({ scenario }, context);
    const trace = must(sessions[0], 'session');
    const { session } = trace;
    const shows = Array.from({ length: trace.length }, (_, call) => call).filter(
      (call) => callRow(trace, call)?.kind === 'show',
    );
    const lines = report.output.split('\n');
    const chosen = lines.findIndex((printed) => /^\d{2} /.test(printed));
    const call = must(shows[chosen], 'call');
    const [pid, width, first, comm] = (lines[chosen] ?? '').split(' ');
    const moment = { session, read: 0, call };
    const { insns } = await api.steps({ moment }, context);
    const at = async (row: number) => byName(await api.values({ moment: { ...moment, insn: row } }, context));
    const lineOf = (row: number): number => program?.insns[insns[row]?.pc ?? -1]?.line ?? 0;

    const before = await at(insns.findIndex((_, row) => lineOf(row) === line('BPF_SEQ_PRINTF')));
    expect(before).toMatchObject({ pid, width, 'name.text': `"${comm}"` });
    expect(before['name.first']).toBe(first === '1' ? 'true' : 'false');
    expect(before['task']).toMatch(/^0xffff/);

    const dividing = insns.findIndex((_, row) => lineOf(row) === line('number /= 10'));
    expect(await at(dividing)).toMatchObject({ number: pid, count: '1' });
    expect((await api.values({ moment }, context)).length).toBe(0);
  },
);

test('beside a line stand the element that it means and the bit-fields', async () => {
  const counting = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";
struct flags { unsigned first : 1; int three : 3; };

SEC("iter/task")
int show(struct bpf_iter__task *ctx)
{
	int seen[4] = { 5, 6, 7, 8 };
	struct flags flags = { 1, -3 };
	int i = 2;

	seen[i] += 30;
	flags.three++;
	seen[3] -= 1;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", seen[2]);
	return 0;
}
`;
  const api = createEngineApi(resources);
  const source = { path: 'show.bpf.c', text: counting, optimise: false };
  const { sessions } = await api.run({ scenario: { world: { name: 'demo' }, source, options: {} } }, context);
  const trace = must(sessions[0], 'session');
  const call = Array.from({ length: trace.length }, (_, at) => at).find(
    (at) => callRow(trace, at)?.kind === 'show',
  );
  const moment = { session: trace.session, read: 0, call: must(call, 'a call') };
  const { insns } = await api.steps({ moment }, context);
  const { lines } = await api.variables({ moment: { ...moment, insn: insns.length - 1 } }, context);
  const beside = (start: string): Record<string, string> => {
    const at = counting.split('\n').findIndex((l) => l.trim().startsWith(start)) + 1;
    return byName(lines.find((found) => found.line === at)?.values ?? []);
  };
  expect(beside('seen[i]')).toEqual({ 'seen[2]': '37', i: '2' });
  expect(beside('seen[3]')).toEqual({ 'seen[3]': '7' });
  expect(beside('flags.three++')).toEqual({ 'flags.three': '-2' });
});
