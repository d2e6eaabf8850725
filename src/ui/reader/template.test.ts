/** The reader written for a scenario prints what the scenario's own run prints. */
import { expect, test } from 'vitest';
import { resources } from '../../../app/resources.ts';
import { userLibrary } from '../../../app/user_library.ts';
import { bootMachine } from '../../engine/machine/boot.ts';
import { objectPath, playExec } from '../../engine/machine/exec.ts';
import { drain, playObject } from '../../engine/machine/play.ts';
import { compileSource } from '../../engine/machine/program.ts';
import type { RunOptions } from '../../protocol/scenario.ts';
import { readerFor } from './template.ts';

const HEAD = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
`;
const TASK = `${HEAD}
SEC("iter/task")
int first(struct bpf_iter__task *ctx) { return 0; }
SEC("iter/task_file")
int files(struct bpf_iter__task_file *ctx)
{
	if (ctx->task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d ", ctx->fd);
	return 0;
}
`;
const CGROUP = `${HEAD}
SEC("iter/cgroup")
int walk(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;
	if (cgrp)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%llu ", cgrp->kn->id);
	return 0;
}
`;
const MAP = `${HEAD}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u64); } numbers SEC(".maps");
SEC("iter/bpf_map_elem")
int walk(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	if (key)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%u ", *key);
	return 0;
}
`;

const cases: readonly (readonly [title: string, text: string, options: RunOptions])[] = [
  ['one process, by name of the program', TASK, { prog: 'files', attach: { pid: 731 } }],
  ['one thread, short reads', TASK, { prog: 'files', attach: { tid: 412 }, readSize: 7 }],
  ['a process through a pidfd', TASK, { prog: 'files', attach: { pidfd: 412 } }],
  ['a cgroup by path, from its ancestors down', CGROUP, { attach: { cgroup: '/', order: 'pre' } }],
  ['a cgroup by id', CGROUP, { attach: { cgroupId: '1', order: 'post' } }],
  ['elements of a map', MAP, { attach: { map: 'numbers' } }],
];

test.for(cases)('%s', ([, text, options]) => {
  const path = 'walk.bpf.c';
  const world = { name: 'demo' };
  const machine = bootMachine(resources, { world });
  const { object, diagnostics } = compileSource({ path, text }, machine.kernel.btf);
  if (!object) throw new Error(diagnostics.map((d) => d.message).join('; '));
  const { report } = drain(playObject(machine, path, object, options));
  expect(report.output).not.toBe('');
  const reader = readerFor({ world, source: { path, text }, options });
  const ran = drain(
    playExec(bootMachine(resources, { world }), {
      path: 'reader.c',
      text: reader,
      objects: [{ path: objectPath(path), bytes: object }],
      args: [],
      library: userLibrary,
    }),
  );
  expect(ran.diagnostics).toEqual([]);
  expect({ stderr: ran.stderr, status: ran.end?.status, crash: ran.end?.crash }).toEqual({
    stderr: '',
    status: 0,
    crash: null,
  });
  expect(ran.stdout).toBe(report.output);
});
