/**
 * What programs find when they follow a kernel's pointers by hand, family by family: each case is a C program
 * that runs once, on the task it is told, and what it prints.
 */
import { expect, test } from 'vitest';

import { checkImage } from '../src/engine/kernel/check_image.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import type { BootOptions } from '../src/engine/machine/boot.ts';
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
function printed(
  source: string,
  world: unknown = WORLD,
  pid: number | null = 9,
  more: Partial<BootOptions> = {},
): string {
  const named =
    typeof world === 'string' ? { name: world } : { name: 'world.json', text: JSON.stringify(world) };
  const machine = bootMachine(resources, { world: named, ...more });
  const { object, diagnostics } = compileSource({ path: 'show.bpf.c', text: source }, machine.kernel.btf);
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const play = playObject(machine, 'show.bpf.c', object, { attach: pid === null ? {} : { tid: pid } });
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

test('what a timer, a socket and its retransmissions wait for', () => {
  const world = {
    ...WORLD,
    sockets: [
      {
        protocol: 'tcp',
        local: '10.0.0.1:5000',
        remote: '10.0.0.2:80',
        state: 'ESTABLISHED',
        ino: 50,
        txQueue: 30,
        rxQueue: 12,
        timer: { kind: 'retransmit', in: 25 },
        retransmits: 3,
        quick: 5,
      },
      {
        protocol: 'tcp',
        local: '10.0.0.1:5001',
        remote: '10.0.0.2:80',
        state: 'TIME_WAIT',
        timer: { kind: 'timewait', in: 99 },
      },
      {
        protocol: 'tcp',
        local: '10.0.0.1:5002',
        remote: '10.0.0.2:80',
        state: 'ESTABLISHED',
        ino: 51,
        timer: { kind: 'keepalive', in: 500 },
      },
    ],
  };
  const source = `${HEAD}
SEC("iter/tcp") int show(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	if (!sk)
		return 0;
	struct tcp_timewait_sock *tw = bpf_skc_to_tcp_timewait_sock(sk);
	if (tw)
		P("goes in %lu, armed %d", tw->tw_sk.tw_timer.expires - bpf_jiffies64(), tw->tw_sk.tw_timer.entry.pprev != 0);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	if (!tp)
		return 0;
	struct inet_connection_sock *icsk = &tp->inet_conn;
	if (icsk->icsk_keepalive_timer.entry.pprev)
	{
		P("keeps alive in %lu, pending %d", icsk->icsk_keepalive_timer.expires - bpf_jiffies64(), icsk->icsk_pending);
		return 0;
	}
	P("pending %d in %lu, %d times; quick %d ato %d", icsk->icsk_pending, icsk->icsk_timeout - bpf_jiffies64(),
	  icsk->icsk_retransmits, icsk->icsk_ack.quick, icsk->icsk_ack.ato);
	P("%u of %u sent are known, %u to read", tp->snd_una, tp->write_seq, tp->rcv_nxt - tp->copied_seq);
	return 0;
}`;
  expect(printed(source, world, null)).toBe(
    [
      'pending 1 in 25, 3 times; quick 5 ato 10',
      '0 of 30 sent are known, 12 to read',
      'keeps alive in 500, pending 0',
      'goes in 99, armed 1',
      '',
    ].join('\n'),
  );
});

const WATCHER = {
  ...WORLD,
  processes: [
    { pid: 1, comm: 'init' },
    {
      pid: 9,
      comm: 'watcher',
      state: 'R',
      tty: 'pts/3',
      foreground: 9,
      fds: [
        { fd: 0, file: { path: '/dev/pts/3', flags: '02' } },
        { fd: 4, file: { path: 'anon_inode:[eventfd]', eventfd: { count: '0x7', id: 2 } } },
        { fd: 5, file: { path: 'anon_inode:[timerfd]', timerfd: { clock: 1, interval: 1000, value: 5000 } } },
        { fd: 6, file: { path: 'anon_inode:[signalfd]', signalfd: '0x200' } },
        {
          fd: 7,
          file: {
            path: 'anon_inode:[eventpoll]',
            epoll: [
              { fd: 5, events: 1, data: '0x55' },
              { fd: 4, events: 25, data: '0x44' },
              { fd: 0, events: 1 },
            ],
          },
        },
        { fd: 8, file: { path: 'anon_inode:inotify', inotify: [{ wd: 1, path: '/tmp', mask: 0x300 }] } },
        { fd: 9, file: { path: '/tmp/x', times: { modified: 1_700_000_000.5 } } },
      ],
    },
  ],
};
test('an eventfd counts, a timerfd is armed, epoll and inotify watch', () => {
  const body = `
	void *p4 = PRIVATE(4), *p5 = PRIVATE(5), *p6 = PRIVATE(6), *p7 = PRIVATE(7), *p8 = PRIVATE(8);
	P("count %llu id %d; every %lld, in %lld; not %lx", BPF_CORE_READ((struct eventfd_ctx *)p4, count),
	  BPF_CORE_READ((struct eventfd_ctx *)p4, id), BPF_CORE_READ((struct timerfd_ctx *)p5, tintv),
	  BPF_CORE_READ((struct timerfd_ctx *)p5, t.tmr.node.expires) - bpf_ktime_get_ns() > 4000,
	  BPF_CORE_READ((struct signalfd_ctx *)p6, sigmask.sig[0]));
	struct rb_node *left = BPF_CORE_READ((struct eventpoll *)p7, rbr.rb_leftmost);
	struct epitem *item = container_of(left, struct epitem, rbn);
	struct hlist_node *link = BPF_CORE_READ(item, ffd.file, f_ep, first);
	P("watches fd %d, %x, %llx; its file knows: %d", BPF_CORE_READ(item, ffd.fd), BPF_CORE_READ(item, event.events),
	  BPF_CORE_READ(item, event.data), link == &item->fllink);
	struct list_head *first = BPF_CORE_READ((struct fsnotify_group *)p8, marks_list.next);
	struct fsnotify_mark *mark = container_of(first, struct fsnotify_mark, g_list);
	struct inode *inode = BPF_CORE_READ(mark, connector, obj);
	P("mask %x on inode %lu, %x", BPF_CORE_READ(mark, mask), BPF_CORE_READ(inode, i_ino), BPF_CORE_READ(inode, i_fsnotify_mask));
	struct file *x = fileAt(task, 9);
	P("modified %lld.%u", BPF_CORE_READ(x, f_inode, i_mtime_sec), BPF_CORE_READ(x, f_inode, i_mtime_nsec));`;
  const behind = `
static struct file *fileAt(struct task_struct *task, int fd)
{
	struct file **table = BPF_CORE_READ(task, files, fdt, fd), *file = 0;
	bpf_probe_read_kernel(&file, sizeof(file), table + fd);
	return file;
}
#define PRIVATE(fd) BPF_CORE_READ(fileAt(task, fd), private_data)`;
  expect(printed(onTask(body, behind), WATCHER)).toBe(
    [
      'count 7 id 2; every 1000, in 1; not fffffffffffffdff',
      'watches fd 0, 1, 0; its file knows: 1',
      'mask 300 on inode 1, 300',
      'modified 1700000000.500000000',
      '',
    ].join('\n'),
  );
});

test('the controlling terminal of a session, and who is in its foreground; a fork has it too', () => {
  const body = `
	struct tty_struct *tty = task->signal->tty;
	if (!tty) {
		P("%s has none", task->comm);
		return 0;
	}
	P("%s, %s %d:%d, open %d, held %d, group %d", tty->name, tty->driver->name, tty->driver->major,
	  tty->driver->minor_start + tty->index, tty->count, tty->kref.refcount.refs.counter, tty->ctrl.pgrp->numbers[0].nr);`;
  expect(printed(onTask(body), WATCHER)).toBe('pts3, pts 136:3, open 1, held 2, group 9\n');
  const forked = { ...WATCHER, script: [{ at: { call: 0, when: 'before' }, do: 'fork', pid: 9, child: 20 }] };
  expect(printed(onTask(body), forked, 20)).toBe('pts3, pts 136:3, open 1, held 3, group 9\n');
  expect(printed(onTask(body), WATCHER, 1)).toBe('init has none\n');
});

test('routes of one prefix by several gateways know each other, others do not', () => {
  const world = {
    ...WORLD,
    routes: [
      { dst: '2001:db8::/32', via: 'fe80::1', dev: 'eth0', metric: 100 },
      { dst: '2001:db8::/32', via: 'fe80::2', dev: 'eth0', metric: 100 },
      { dst: '2001:db8::/32', via: 'fe80::3', dev: 'eth1', metric: 200 },
      { dst: '2001:db8:1::/48', dev: 'eth0' },
    ],
  };
  const source = `${HEAD}
SEC("iter/ipv6_route") int show(struct bpf_iter__ipv6_route *ctx)
{
	struct fib6_info *rt = ctx->rt;
	if (!rt || !rt->fib6_table || rt->fib6_table->tb6_id != 254 || rt->fib6_dst.plen == 0)
		return 0;
	struct fib6_info *next = container_of(rt->fib6_siblings.next, struct fib6_info, fib6_siblings);
	P("/%d metric %u by %d, shared with %u, next by %d", rt->fib6_dst.plen, rt->fib6_metric,
	  BPF_CORE_READ(rt, fib6_nh[0].nh_common.nhc_gw.ipv6.in6_u.u6_addr8[15]), rt->fib6_nsiblings,
	  BPF_CORE_READ(next, fib6_nh[0].nh_common.nhc_gw.ipv6.in6_u.u6_addr8[15]));
	return 0;
}`;
  expect(printed(source, world, null)).toBe(
    [
      // What is below a prefix comes before it.
      '/48 metric 256 by 0, shared with 0, next by 0',
      '/32 metric 100 by 1, shared with 1, next by 2',
      '/32 metric 100 by 2, shared with 1, next by 1',
      '/32 metric 200 by 3, shared with 0, next by 3',
      '',
    ].join('\n'),
  );
});

test('routes with a next hop object share it, and others have their own', () => {
  const world = {
    ...WORLD,
    routes: [
      { dst: '2001:db8::/32', via: 'fe80::9', dev: 'eth0', nexthop: 7 },
      { dst: '2001:db9::/32', via: 'fe80::9', dev: 'eth0', nexthop: 7 },
      { dst: '2001:dba::/32', via: 'fe80::3', dev: 'eth1' },
    ],
  };
  const source = `${HEAD}
SEC("iter/ipv6_route") int show(struct bpf_iter__ipv6_route *ctx)
{
	struct fib6_info *rt = ctx->rt;
	if (!rt || rt->fib6_dst.plen == 0 || !rt->fib6_table || rt->fib6_table->tb6_id != 254)
		return 0;
	struct nexthop *nh = rt->nh;
	struct fib6_nh *hop = nh ? &nh->nh_info->fib6_nh : &rt->fib6_nh[0];
	P("%u of %u by %d on %s", nh ? nh->id : 0, nh ? nh->refcnt.refs.counter : 0,
	  BPF_CORE_READ(hop, nh_common.nhc_gw.ipv6.in6_u.u6_addr8[15]), BPF_CORE_READ(hop, nh_common.nhc_dev, name));
	return 0;
}`;
  expect(printed(source, world, null)).toBe(
    '7 of 3 by 9 on eth0\n7 of 3 by 9 on eth0\n0 of 0 by 3 on eth1\n',
  );
});

test('a device has a queue, and the queue its discipline', () => {
  const source = `${HEAD}
SEC("iter/ipv6_route") int show(struct bpf_iter__ipv6_route *ctx)
{
	struct fib6_info *rt = ctx->rt;
	if (!rt || rt->fib6_dst.plen == 0)
		return 0;
	struct net_device *dev = BPF_CORE_READ(rt, fib6_nh[0].nh_common.nhc_dev);
	struct Qdisc *q = BPF_CORE_READ(dev, _tx, qdisc);
	char kind[16];
	BPF_CORE_READ_STR_INTO(&kind, q, ops, id);
	P("%s: %s of %u, %u waiting, %s", dev->name, kind, BPF_CORE_READ(q, limit), BPF_CORE_READ(q, q.qlen),
	  BPF_CORE_READ(q, dev_queue, dev) == dev ? "its own" : "another's");
	return 0;
}`;
  const routes = ['lo', 'eth0'].map((dev, i) => ({ dst: `2001:db8:${i}::/48`, dev }));
  expect(printed(source, { ...WORLD, routes }, null).split('\n')).toEqual([
    'lo: noqueue of 0, 0 waiting, its own',
    'eth0: fq_codel of 10240, 0 waiting, its own',
    '',
  ]);
});

test('the registers with which a task entered the kernel', () => {
  const registers = { ip: '0x401136', sp: '0x7ffc0000', call: 7, args: ['0x3', '0x1'] };
  const processes = WORLD.processes.map((process) =>
    process.pid === 9 ? { ...process, registers } : process,
  );
  const body = `
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	P("ip %lx sp %lx call %ld ax %ld di %lx", BPF_CORE_READ(regs, ip), BPF_CORE_READ(regs, sp),
	  BPF_CORE_READ(regs, orig_ax), BPF_CORE_READ(regs, ax), BPF_CORE_READ(regs, di));`;
  expect(printed(onTask(body), { ...WORLD, processes })).toBe('ip 401136 sp 7ffc0000 call 7 ax -38 di 3\n');
});

test('a program is found under its whole name, through the types that it was loaded with', () => {
  const source = `${HEAD}
SEC("iter/bpf_prog") int a_name_that_is_longer_than_sixteen(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct bpf_prog_aux *aux;
	struct btf_type **types, *type;
	if (!prog)
		return 0;
	aux = prog->aux;
	if (!aux->btf || !aux->func_info)
		return 0;
	types = aux->btf->types;
	bpf_probe_read_kernel(&type, sizeof(type), types + aux->func_info[0].type_id);
	unsigned int name = BPF_CORE_READ(type, name_off);
	if (name >= aux->btf->hdr.str_len)
		return 0;
	P("%s is %s on %s, %s", aux->name, aux->btf->strings + name, aux->attach_func_name,
	  aux->dst_prog ? "an extension" : "no extension");
	return 0;
}`;
  // Its reader has no standard files: nor do libbpf's descriptors take their place.
  expect(printed(source, WORLD, null)).toBe(
    'a_name_that_is_ is a_name_that_is_longer_than_sixteen on bpf_iter_bpf_prog, no extension\n',
  );
});

test("a program's functions are symbols before it, and programs of their own behind it", () => {
  const before = `
static __noinline int first_function(__u64 n)
{
	return n ? bpf_get_smp_processor_id() + n : 2;
}
static long a_callback_with_a_long_name(__u32 i, void *sum)
{
	*(int *)sum += first_function(i);
	return 0;
}
static __always_inline int work(void)
{
	int sum = 0;
	bpf_loop(2, a_callback_with_a_long_name, &sum, 0);
	return sum;
}`;
  const symbols = printed(
    `${HEAD}${before}
SEC("iter/ksym") int list_symbols_of_programs(struct bpf_iter__ksym *ctx)
{
	struct kallsym_iter *sym = ctx->ksym;
	if (sym && sym->module_name[0] == 'b' && sym->module_name[3] == 0)
		P("%s", sym->name);
	return work() < 0;
}`,
    WORLD,
    null,
  );
  expect(symbols.replaceAll(/_[0-9a-f]{16}_/g, '_TAG_')).toBe(
    'bpf_prog_TAG_a_callback_with_a_long_name\nbpf_prog_TAG_first_function\nbpf_prog_TAG_list_symbols_of_programs\n',
  );
  expect(new Set(symbols.match(/[0-9a-f]{16}/g)).size).toBe(3);
  const objects = printed(
    `${HEAD}${before}
SEC("iter/bpf_prog") int show(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog, *func;
	struct bpf_prog_aux *aux;
	if (!prog)
		return 0;
	aux = prog->aux;
	bpf_probe_read_kernel(&func, sizeof(func), aux->func + 1);
	struct bpf_prog_aux *own = BPF_CORE_READ(func, aux);
	char name[16] = {};
	bpf_probe_read_kernel(name, sizeof(name) - 1, own->name);
	P("%d functions; %s %d at its place %d", aux->func_cnt, name,
	  BPF_CORE_READ(own, func_idx), BPF_CORE_READ(own, ksym.start) == (long)BPF_CORE_READ(func, bpf_func));
	return work() < 0;
}`,
    WORLD,
    null,
  );
  expect(objects).toBe('3 functions; F 1 at its place 1\n');
});

test('memory has zones, and what may wake the machine is on a list', () => {
  const before = `
extern const void node_data __ksym __weak;
extern const void wakeup_sources __ksym __weak;
`;
  const body = `
	struct pglist_data *node;
	struct list_head *head = (struct list_head *)&wakeup_sources, *at;
	int i;
	bpf_probe_read_kernel(&node, sizeof(node), &node_data);
	for (i = 0; i < 3; i++)
		P("%s from %lu, %u held", BPF_CORE_READ(node, node_zones[i].name),
		  BPF_CORE_READ(node, node_zones[i].zone_start_pfn),
		  BPF_CORE_READ(node, node_zones[i].lock.rlock.raw_lock.val.counter));
	at = BPF_CORE_READ(head, next);
	for (i = 0; i < 8 && at != head; i++) {
		struct wakeup_source *source = container_of(at, struct wakeup_source, entry);
		P("%s woke %lu times", BPF_CORE_READ(source, name), BPF_CORE_READ(source, wakeup_count));
		at = BPF_CORE_READ(at, next);
	}`;
  const kallsyms = `ffffffff82de0640 d wakeup_sources\nffffffff83837a80 B node_data\n`;
  expect(printed(onTask(body, before), WORLD, 9, { kallsyms }).split('\n')).toEqual([
    'DMA from 1, 0 held',
    'DMA32 from 4096, 0 held',
    'Normal from 1048576, 0 held',
    'LNXPWRBN:00 woke 0 times',
    'rtc_cmos woke 0 times',
    'alarmtimer.0.auto woke 0 times',
    '',
  ]);
});

test('a walk of areas holds the address space for reading, as its reader', () => {
  const source = `${HEAD}
SEC("iter/task_vma") int show(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *reader = bpf_get_current_task_btf();
	if (!vma || ctx->meta->seq_num)
		return 0;
	unsigned long owner = vma->vm_mm->mmap_lock.owner.counter;
	P("%ld in, %s, %s", vma->vm_mm->mmap_lock.count.counter, owner & 1 ? "only reads" : "writes",
	  (owner & ~7UL) == (unsigned long)reader ? "by the reader" : "by another");
	return 0;
}`;
  expect(printed(source)).toBe('256 in, only reads, by the reader\n');
});
