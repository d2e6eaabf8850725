import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { fail } from '../../shared/errno.ts';
import { buildWorld } from '../kernel/build_world.ts';
import { importRecorded } from '../kernel/import_recorded.ts';
import { setUserRegisters, taskPtRegs } from '../kernel/objects/kernel_stack.ts';
import { vmas } from '../kernel/objects/mm.ts';
import { setUserBytes } from '../kernel/objects/user_bytes.ts';
import { cgroupByPath, cgroupName, descendantsPre } from '../kernel/objects/cgroup.ts';
import { findTaskByPidNs } from '../kernel/objects/pid.ts';
import { Symbols } from '../kernel/symbols.ts';
import { recordedBtf } from '../vm/testing.ts';
import { Bpf } from './bpf.ts';
import { callHelper, textAt } from './testing.ts';
import { symbolText } from './vsnprintf.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12');
const symbols = Symbols.parse(
  gunzipSync(readFileSync(join(recorded, 'kernel/kallsyms.gz'))).toString('latin1'),
);
interface Snapshot {
  cgroups: { threads: string; procs: string }[];
  processes: { pid: number; threads: { tid: number; comm: string; stack: string; stat: string }[] }[];
}
const snapshot = JSON.parse(readFileSync(join(recorded, 'worlds/progs1.json'), 'utf8')) as Snapshot;
const kernel = buildWorld(importRecorded(snapshot), { btf: recordedBtf(), symbols });
const bpf = new Bpf(kernel);
const initial = kernel.object('init_pid_ns', 'pid_namespace');
const task = (pid: number) => must(findTaskByPidNs(kernel, pid, initial), `task ${pid}`);
const buf = kernel.mem.alloc(256);
const stackOf = (pid: number, size = 256, flags = 0) =>
  callHelper(bpf, 141, task(pid).addr, buf, size, flags);
const trace = (bytes: number): string[] =>
  Array.from({ length: bytes / 8 }, (_, i) =>
    symbolText(symbols, kernel.mem.u64(buf + BigInt(i * 8)), 'S').replace(/\/.*/, ''),
  );

test('bpf_get_task_stack gives every sleeping task the frames of its /proc/PID/stack', () => {
  const reader = kernel.view('task_struct', kernel.current).num('pid');
  const sleeping = snapshot.processes
    .flatMap(({ threads }) => threads)
    .filter(({ tid, stack }) => tid !== reader && stack !== '');
  expect(sleeping.length).toBeGreaterThan(50);
  for (const { tid, stack } of sleeping) {
    const want = Array.from(stack.matchAll(/^\[<0>\] ([^/]+)/gm), ([, frame]) => frame);
    expect(trace(stackOf(tid))).toEqual(want);
  }
});

test('frames can be skipped, the buffer is cut, and bad flags are refused', () => {
  const whole = trace(stackOf(1));
  expect(trace(stackOf(1, 16))).toEqual(whole.slice(0, 2));
  expect(trace(stackOf(1, 256, 1))).toEqual(whole.slice(1));
  expect(stackOf(1, 256, 100)).toBe(fail('EFAULT'));
  expect(stackOf(1, 12)).toBe(fail('EINVAL'));
  expect(stackOf(1, 256, 1 << 9)).toBe(fail('EINVAL'));
  expect(stackOf(1, 256, 1 << 11)).toBe(fail('EINVAL'));
  expect(stackOf(1, 256, 1 << 8)).toBe(fail('EOPNOTSUPP'));
  expect(kernel.mem.u64(buf)).toBe(0n);
});

test('whose stack is gone has none, kernel threads have none in user space, and the memory is zeroed', () => {
  const was = task(1).num('exit_state');
  stackOf(1);
  task(1).set('exit_state', 16);
  expect([stackOf(1), kernel.mem.u64(buf)]).toEqual([fail('EFAULT'), 0n]);
  task(1).set('exit_state', was);
  stackOf(1);
  expect([stackOf(2, 256, 1 << 8), kernel.mem.u64(buf)]).toEqual([fail('EFAULT'), 0n]);
});

test('a reader whose registers nobody told has no user stack; its kernel stack leads from the program to read(2)', () => {
  const reader = kernel.view('task_struct', kernel.current);
  const stack = reader.ptr('stack');
  reader.set('stack', 0n);
  expect(callHelper(bpf, 141, reader.addr, buf, 64, 1 << 8)).toBe(fail('EFAULT'));
  expect(trace(callHelper(bpf, 141, reader.addr, buf, 256, 0)).slice(-4)).toEqual([
    'vfs_read+0xa9',
    'ksys_read+0x6f',
    'do_syscall_64+0x82',
    'entry_SYSCALL_64_after_hwframe+0x76',
  ]);
  reader.set('stack', stack);
});

test("the current task's user stack: where it entered the kernel, and what its frame pointers lead to", () => {
  const reader = kernel.view('task_struct', kernel.current);
  const mm = must(reader.deref('mm'), 'mm');
  const stack = must(
    [...vmas(kernel, mm)].find(
      (vma) => vma.ptr('vm_start') <= mm.ptr('start_stack') && mm.ptr('start_stack') < vma.ptr('vm_end'),
    ),
    'its stack',
  );
  const [inner, outer] = [stack.ptr('vm_start') + 64n, stack.ptr('vm_start') + 256n];
  const frame = (at: bigint, next: bigint, returns: bigint): void =>
    setUserBytes(kernel, mm, at, new Uint8Array(BigUint64Array.of(next, returns).buffer));
  frame(inner, outer, 0x40_1234n);
  frame(outer, 0n, 0x40_5678n);
  setUserRegisters(kernel, reader, { ip: 0x7f00_0000_1000n, sp: inner, call: 0, args: [] });
  const get = (size: number, flags: number): number => callHelper(bpf, 141, reader.addr, buf, size, flags);
  const words = (count: number): bigint[] =>
    Array.from({ length: count }, (_, i) => kernel.mem.u64(buf + BigInt(i * 8)));
  expect([get(64, 1 << 8), ...words(2)]).toEqual([8, 0x7f00_0000_1000n, 0n]);
  kernel.view('pt_regs', taskPtRegs(reader)).set('bp', inner);
  expect([get(64, 1 << 8), ...words(4)]).toEqual([24, 0x7f00_0000_1000n, 0x40_1234n, 0x40_5678n, 0n]);
  expect([get(16, 1 << 8), get(64, (1 << 8) | 1), get(64, (1 << 8) | 4)]).toEqual([16, 16, fail('EFAULT')]);
  expect([get(64, (1 << 8) | (1 << 11)), kernel.mem.u32(buf), kernel.mem.u64(buf + 24n)]).toEqual([
    64,
    2,
    0x7f00_0000_1000n,
  ]);
});

test('helpers about the current task speak of the reader', () => {
  const reader = kernel.view('task_struct', kernel.current);
  const both = BigInt(reader.num('tgid')) * (1n << 32n) + BigInt(reader.num('pid'));
  expect(BigInt(callHelper(bpf, 14))).toBe(both);
  expect(callHelper(bpf, 16, buf, 5)).toBe(0);
  expect(textAt(bpf, buf, 5)).toBe(reader.str('comm').slice(0, 4));
  expect(BigInt.asUintN(64, BigInt(callHelper(bpf, 35)))).toBe(reader.addr);
});

test('bpf_task_from_pid finds threads too, and what is acquired is given back', () => {
  const [process] = snapshot.processes.filter(({ threads }) => threads.length > 1);
  const tid = must(process?.threads[1], 'a second thread').tid;
  const before = task(tid).num('rcu_users');
  const found = callHelper(bpf, 'bpf_task_from_pid', tid);
  expect(BigInt.asUintN(64, BigInt(found))).toBe(task(tid).addr);
  expect(task(tid).num('rcu_users')).toBe(before + 1);
  callHelper(bpf, 'bpf_task_release', task(tid).addr);
  expect(task(tid).num('rcu_users')).toBe(before);
  expect(callHelper(bpf, 'bpf_task_from_pid', 999_999)).toBe(0);
});

test('bpf_task_from_vpid goes by the numbers that the reader sees', () => {
  const [inside] = snapshot.processes.flatMap(({ pid }) => {
    const view = findTaskByPidNs(kernel, pid, initial);
    const level = view?.deref('thread_pid')?.num('level') ?? 0;
    return view && level > 0 ? [view] : [];
  });
  const asSeen = must(inside, 'a process in a namespace of its own');
  const pid = must(asSeen.deref('thread_pid'), 'its pid');
  const own = kernel.view('upid', pid.at(`numbers[${pid.num('level')}]`)).num('nr');
  const found = (reader: bigint, nr: number): bigint => {
    const before = kernel.current;
    kernel.current = reader;
    const addr = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_task_from_vpid', nr)));
    kernel.current = before;
    if (addr !== 0n) callHelper(bpf, 'bpf_task_release', addr);
    return addr;
  };
  expect(found(asSeen.addr, own)).toBe(asSeen.addr);
  expect(found(task(1).addr, own)).not.toBe(asSeen.addr);
  expect(found(task(1).addr, asSeen.num('pid'))).toBe(asSeen.addr);
  expect(found(asSeen.addr, 999_999)).toBe(0n);
});

test('bpf_iter_task_vma walks upwards from an address and holds the lock until it is destroyed', () => {
  const it = kernel.mem.alloc(8);
  const mm = must(task(1).deref('mm'), 'mm');
  const starts: bigint[] = [];
  expect(callHelper(bpf, 'bpf_iter_task_vma_new', it, task(1).addr, 0)).toBe(0);
  expect(mm.num('mmap_lock.count')).not.toBe(0);
  for (;;) {
    const vma = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_iter_task_vma_next', it)));
    if (vma === 0n) break;
    starts.push(kernel.view('vm_area_struct', vma).big('vm_start'));
  }
  callHelper(bpf, 'bpf_iter_task_vma_destroy', it);
  expect(starts.length).toBe(mm.num('map_count'));
  expect(starts).toEqual(starts.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(mm.num('mmap_lock.count')).toBe(0);
  expect(callHelper(bpf, 'bpf_iter_task_vma_new', it, task(2).addr, 0)).toBe(fail('ENOENT'));
  expect(callHelper(bpf, 'bpf_iter_task_vma_next', it)).toBe(0);
});

test('bpf_get_current_ancestor_cgroup_id and bpf_task_under_cgroup read the tree', () => {
  const root = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_cgroup_from_id', 1)));
  expect(kernel.view('cgroup', root).num('level')).toBe(0);
  expect(callHelper(bpf, 'bpf_task_under_cgroup', task(1).addr, root)).toBe(1);
  const lab = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_cgroup_from_id', 28)));
  expect(callHelper(bpf, 'bpf_task_under_cgroup', task(1).addr, lab)).toBe(0);
  expect(callHelper(bpf, 123, 0)).toBe(1);
  expect(callHelper(bpf, 123, 5)).toBe(0);
});

test('bpf_iter_css walks the tree in each order, bpf_iter_css_task the tasks of one cgroup', () => {
  const it = kernel.mem.alloc(24);
  const lab = must(cgroupByPath(kernel, '/lab'), '/lab');
  const walk = (order: number): string[] => {
    const names: string[] = [];
    expect(callHelper(bpf, 'bpf_iter_css_new', it, lab.at('self'), order)).toBe(0);
    for (;;) {
      const css = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_iter_css_next', it)));
      if (css === 0n) return names;
      const cgroup = kernel.view('cgroup', kernel.view('cgroup_subsys_state', css).ptr('cgroup'));
      names.push(cgroupName(kernel, cgroup));
    }
  };
  expect(walk(2)).toEqual(Array.from(descendantsPre(kernel, lab), (cgroup) => cgroupName(kernel, cgroup)));
  expect(walk(3).at(-1)).toBe('lab');
  expect(walk(4)).toEqual(['lab', '']);
  expect(callHelper(bpf, 'bpf_iter_css_new', it, lab.at('self'), 1)).toBe(fail('EINVAL'));
  const pids = (flags: number): number[] => {
    const found: number[] = [];
    callHelper(bpf, 'bpf_iter_css_task_new', it, must(cgroupByPath(kernel, '/'), '/').at('self'), flags);
    for (;;) {
      const task = BigInt.asUintN(64, BigInt(callHelper(bpf, 'bpf_iter_css_task_next', it)));
      if (task === 0n) break;
      found.push(kernel.view('task_struct', task).num('pid'));
    }
    callHelper(bpf, 'bpf_iter_css_task_destroy', it);
    return found;
  };
  const listed = (file: 'threads' | 'procs'): number[] =>
    must(snapshot.cgroups[0], 'root')[file].trim().split('\n').map(Number);
  expect(pids(0)).toEqual(listed('threads'));
  expect(pids(1)).toEqual(listed('procs'));
});
