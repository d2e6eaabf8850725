/**
 * What programs find when they follow a kernel's pointers by hand, family by family: each case is a C program
 * that runs once, on the task it is told, and what it prints.
 */
import { expect, test } from 'vitest';

import { checkImage } from '../src/engine/kernel/check_image.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { playObject } from '../src/engine/machine/play.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { resources } from './resources.ts';

const HEAD = `
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
#define P(fmt, args...) BPF_SEQ_PRINTF(ctx->meta->seq, fmt "\\n", args)
`;
const onTask = (body: string, before = ''): string => `${HEAD}${before}
SEC("iter/task") int show(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task)
		return 0;
${body}
	return 0;
}`;

const WORLD = {
  processes: [
    { pid: 1, comm: 'init' },
    { pid: 7, comm: 'loop', state: 'R' as const },
    { pid: 8, comm: 'fifo', state: 'R' as const, policy: 1, rtPriority: 50 },
    { pid: 9, comm: 'reader', state: 'R' as const },
  ],
  reader: 9,
};

/** What the program prints about one task of a world, which stays in order. */
function printed(source: string, world: unknown = WORLD, pid = 9): string {
  const named =
    typeof world === 'string' ? { name: world } : { name: 'world.json', text: JSON.stringify(world) };
  const machine = bootMachine(resources, { world: named });
  const { object, diagnostics } = compileSource({ path: 'show.bpf.c', text: source }, machine.kernel.btf);
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const play = playObject(machine, 'show.bpf.c', object, { attach: { tid: pid } });
  let step = play.next();
  while (!step.done) step = play.next();
  const { report } = step.value;
  expect([report.stage, report.verdict?.log ?? '']).toEqual(['done', '']);
  expect(checkImage(machine.kernel)).toEqual([]);
  return report.output;
}

test('the run queue knows who runs, and counts who could', () => {
  const body = `
	struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0), *own = bpf_this_cpu_ptr(&runqueues);
	if (!rq)
		return 0;
	struct pcpu_hot *hot = bpf_this_cpu_ptr(&pcpu_hot);
	P("%s %d %s %u fair, %u real-time", rq->curr->comm, rq->curr == hot->current_task, rq->idle->comm,
	  rq->cfs.nr_running, rq->rt.rt_nr_running);
	P("%u in all, %d, %d", own->nr_running, rq == own, bpf_per_cpu_ptr(&runqueues, 1) == 0);`;
  const externs = `extern const struct rq runqueues __ksym;\nextern const struct pcpu_hot pcpu_hot __ksym;`;
  expect(printed(onTask(body, externs))).toBe('reader 1 swapper/0 2 fair, 1 real-time\n3 in all, 1, 1\n');
});

test('signals that are blocked, ignored and handled; a fork copies them and exec forgets handlers', () => {
  const world = {
    ...WORLD,
    processes: [
      { pid: 1, comm: 'init' },
      {
        pid: 9,
        comm: 'sh',
        exe: '/bin/sh',
        state: 'R',
        umask: '077',
        blocked: '0x4000',
        pending: '0x4000',
        ignored: '0x1000',
        caught: '0x2',
        noNewPrivs: true,
        seccomp: 2,
        childUserTime: 3_000_000,
        tty: 'pts/3',
      },
    ],
    script: [
      { at: { call: 0, when: 'before' }, do: 'fork', pid: 9, child: 20 },
      { at: { call: 0, when: 'before' }, do: 'fork', pid: 9, child: 21 },
      { at: { call: 0, when: 'before' }, do: 'exec', pid: 21, exe: '/bin/ls' },
    ],
  };
  const body = `
	struct sighand_struct *hand = task->sighand;
	P("%d blocks %lx, %lx waits; 13 %lu, 2 %d, 15 %lu", task->pid, task->blocked.sig[0], task->pending.signal.sig[0],
	  (unsigned long)hand->action[12].sa.sa_handler,
	  (unsigned long)hand->action[1].sa.sa_handler == task->mm->start_code,
	  (unsigned long)hand->action[14].sa.sa_handler);
	P("umask %o, %lx, %d, children %lu", task->fs->umask, task->atomic_flags, task->seccomp.mode, task->signal->cutime);`.replace(
    '%o',
    '%d',
  );
  expect(printed(onTask(body), world)).toBe(
    '9 blocks 4000, 4000 waits; 13 1, 2 1, 15 0\numask 63, 1, 2, children 3000000\n',
  );
  expect(printed(onTask(body), world, 20)).toBe(
    '20 blocks 4000, 0 waits; 13 1, 2 1, 15 0\numask 63, 0, 0, children 0\n',
  );
  expect(printed(onTask(body), world, 21)).toContain('13 1, 2 0, 15 0');
});

test('controllers keep memory, pids and CPU time of a cgroup, and count for those above', () => {
  const body = `
	struct css_set *set = task->cgroups;
	struct cgroup_subsys_state *css = set->subsys[memory_cgrp_id], *pids = set->subsys[pids_cgrp_id];
	struct mem_cgroup *memcg = bpf_core_cast(css, struct mem_cgroup), *above = bpf_core_cast(css->parent, struct mem_cgroup);
	struct task_group *tg = bpf_core_cast(set->subsys[cpu_cgrp_id], struct task_group);
	struct pids_cgroup *own = bpf_core_cast(pids, struct pids_cgroup), *all = bpf_core_cast(pids->parent, struct pids_cgroup);
	P("%s in %s: %lld of %lu pages, %lld above, event %lld", css->ss->name, css->cgroup->kn->name,
	  memcg->memory.usage.counter, memcg->memory.max, above->memory.usage.counter, memcg->memory_events[1].counter);
	P("%lld of %lld tasks, %lld above; quota %llu, %d of %d throttled; perf is the root's: %d", own->counter.counter, own->limit.counter,
	  all->counter.counter, tg->cfs_bandwidth.quota, tg->cfs_bandwidth.nr_throttled, tg->cfs_bandwidth.nr_periods,
	  set->subsys[hugetlb_cgrp_id]->parent == 0);
	P("%llu ns of %llu", set->dfl_cgrp->bstat.cputime.utime, set->dfl_cgrp->bstat.cputime.sum_exec_runtime);`;
  expect(printed(onTask(body), 'containers', 510)).toBe(
    [
      'memory in docker-web.scope: 16384 of 131072 pages, 278747 above, event 3',
      "3 of 64 tasks, 7 above; quota 50000000, 31 of 1200 throttled; perf is the root's: 1",
      '38100000000 ns of 45210000000',
      '',
    ].join('\n'),
  );
});
