/** What a program computes and leaves behind, seen through the command line: addresses, maps, output. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'iterscope-'));
const program = (name: string, body: string): string => {
  const path = join(dir, name);
  const top = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n';
  writeFileSync(path, `${top}${body}\n`);
  return path;
};

test('an address inside a kernel symbol keeps its distance from the symbol', () => {
  const path = program(
    'inside.bpf.c',
    `extern const void init_task __ksym;
SEC("iter/task") int dump(struct bpf_iter__task *ctx)
{
	if (!ctx->task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%ld %ps", (char *)&init_task + 3 - (long)&init_task, (char *)&init_task + 3);
	return 0;
}`,
  );
  expect(iterscope('run', path).stdout).toBe('3 init_task');
});

test('a per-cpu map is filled on each processor, iterated, and dumped as bpftool does', () => {
  const path = program(
    'percpu.bpf.c',
    `struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 4); __type(key, int); __type(value, int); } hits SEC(".maps");
SEC("iter/bpf_map_elem") int dump(struct bpf_iter__bpf_map_elem *ctx)
{
	int *key = ctx->key, *value = ctx->value;
	if (key && value)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d=%d\\n", *key, *value);
	return 0;
}`,
  );
  const { stdout } = iterscope('run', path, '--map', 'hits', '--fill', 'hits:2', '--json');
  const report = JSON.parse(stdout) as {
    output: string;
    maps: { hits: { key: number; values: object[] }[] };
  };
  expect(report.output.split('\n').sort()).toEqual(['', '0=1000', '1=2000']);
  const zero = report.maps.hits.find(({ key }) => key === 0);
  expect(zero?.values[0]).toEqual({ cpu: 0, value: 1000 });
});
