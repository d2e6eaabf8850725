import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import { callRow } from '../../../protocol/trace.ts';
import { Btf } from '../../btf/parse.ts';
import { boot, initialNamespaces } from '../../kernel/boot.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { newFile } from '../../kernel/objects/file.ts';
import { installFd, newFiles, removeFd, reserveFd } from '../../kernel/objects/files.ts';
import { newDentry, realMount } from '../../kernel/objects/dentry.ts';
import { newInode } from '../../kernel/objects/inode.ts';
import { mapVmas, newMm } from '../../kernel/objects/mm.ts';
import { newNamespace } from '../../kernel/objects/namespace.ts';
import { allocPid } from '../../kernel/objects/pid.ts';
import { PF, createTask, idleTask } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { Recorder } from '../../trace/recorder.ts';
import { BpfIter } from '../bpf_iter.ts';
import type { IterProg } from '../bpf_iter.ts';
import { IterLink, readIterInfo } from '../link.ts';
import { bpfSeqRead } from '../seq_read.ts';
import type { Session } from '../session.ts';
import { NO_OBJECTS } from '../testing.ts';
import { taskTarget } from './task.ts';
import { taskFileTarget } from './task_file.ts';
import { taskVmaTarget } from './task_vma.ts';
import { heldRows } from '../../../protocol/trace_tables.ts';

const btf = Btf.parse(
  gunzipSync(
    readFileSync(join(import.meta.dirname, '../../../../recorded/linux-6.12/kernel/vmlinux.btf.gz')),
  ),
);

const prog = (target: string): IterProg => ({
  id: 3,
  addr: 0xffff_8880_dead_0000n,
  tag: '0'.repeat(16),
  name: 'p',
  attachBtfId: btf.find(`bpf_iter_${target}`, 12),
  sleepable: false,
  maxRdonlyAccess: 0,
  maxRdwrAccess: 0,
});

/**
 * A machine: 1 init with fds 0 2; 10 with threads 11 (shares everything) and 12 (its own fd 5);
 * kthread 20; zombie 30; 40 in a nested pid namespace, where it is 1; 99 is a process group only.
 */
function machine() {
  const kernel = new Kernel({ release: '6.12', btf });
  boot(kernel, { inums: {}, root: { fstype: 'tmpfs', dev: 1, mountId: 1, device: 'none' } });
  const ns = initialNamespaces(kernel);
  const idle = idleTask(kernel);
  const fs = idle.deref('fs');
  if (!fs) throw new Error('no fs');
  const mnt = fs.ptr('root.mnt');
  const dir = kernel.view('dentry', fs.ptr('root.dentry'));
  const sb = kernel.view('super_block', realMount(kernel, mnt).ptr('mnt.mnt_sb'));
  const inode = newInode(kernel, sb, {
    ino: 7,
    mode: 0o100644,
    nlink: 1,
    size: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    fops: '',
  });
  const dentry = newDentry(kernel, { name: 'f', parent: dir, sb, inode });
  const openAt = (files: View, ...fds: number[]): View => {
    for (const fd of fds) {
      reserveFd(kernel, files, fd, false);
      const file = newFile(kernel, {
        mnt,
        dentry: dentry.addr,
        inode,
        fops: 'shmem_file_operations',
        flags: 2,
        mode: 3,
        pos: 0n,
        cred: 0n,
        privateData: 0n,
      });
      installFd(kernel, files, fd, file);
    }
    return files;
  };
  const area = (start: bigint) => ({
    start,
    end: start + 0x1000n,
    flags: 1,
    pgoff: 0n,
    file: null,
    ops: '',
    special: '',
  });
  const noLayout = Object.fromEntries(
    [
      'start_code',
      'end_code',
      'start_data',
      'end_data',
      'start_brk',
      'brk',
      'start_stack',
      'arg_start',
      'arg_end',
      'env_start',
      'env_end',
    ].map((f) => [f, 0n]),
  ) as unknown as Parameters<typeof newMm>[1];
  const mm = (...starts: bigint[]): View => {
    const made = newMm(kernel, noLayout, null);
    mapVmas(kernel, made, starts.map(area));
    return made;
  };
  const make = (numbers: number[], more: Partial<Parameters<typeof createTask>[1]>, pidNs = ns.pid): View =>
    createTask(kernel, {
      comm: `t${numbers[0]}`,
      pid: allocPid(kernel, pidNs, numbers),
      leader: null,
      parent: idle,
      cred: kernel.view('cred', idle.ptr('cred')),
      nsproxy: null,
      files: null,
      fs: null,
      mm: null,
      flags: 0,
      state: 1,
      exitSignal: 17,
      startTime: 0n,
      ...more,
    });
  const init = make([1], { files: openAt(newFiles(kernel), 0, 2), mm: mm(0x1000n, 0x5000n) });
  const shared = openAt(newFiles(kernel), 3, 70);
  const sharedMm = mm(0x2000n);
  const leader = make([10], { files: shared, mm: sharedMm });
  make([11], { files: shared, mm: sharedMm, leader });
  make([12], { files: openAt(newFiles(kernel), 5), mm: sharedMm, leader });
  make([20], { flags: PF.KTHREAD, files: newFiles(kernel) });
  make([30], { state: 0x20 });
  const inner = newNamespace(kernel, 'pid', 4026532000, ns.pid);
  make([40, 1], { files: openAt(newFiles(kernel), 1), mm: mm(0x9000n) }, inner);
  allocPid(kernel, ns.pid, [99]);
  kernel.current = init.addr;

  const describe_ = (session: Session, ctx: bigint): string => {
    const view = kernel.view(`bpf_iter__${session.reg.target}`, ctx);
    const task = view.deref('task');
    const seqNum = kernel.view('bpf_iter_meta', view.ptr('meta')).num('seq_num');
    const detail = view.has('fd')
      ? `${task ? '/' : 'fd'}${view.num('fd')}`
      : view.has('vma')
        ? `/${view.deref('vma')?.big('vm_start').toString(16) ?? ''}`
        : '';
    return `${seqNum}:${task ? task.num('pid') : 'end '}${detail}\n`;
  };
  const iter = new BpfIter({
    kernel,
    recorder: new Recorder(),
    current: () => kernel.view('task_struct', kernel.current),
    ...NO_OBJECTS,
    runProg: (_prog, ctx, session) => {
      session.seq.write(latin1Encode(describe_(session, ctx)));
      return { r0: 0n, retired: 1 };
    },
  });
  for (const reg of [taskTarget, taskFileTarget, taskVmaTarget]) iter.register(reg);
  return { kernel, iter, init, shared };
}

type Machine = ReturnType<typeof machine>;

function attach({ iter }: Machine, target: string, ...params: number[]): IterLink {
  const reg = iter.find(target);
  if (!reg) throw new Error(`no target ${target}`);
  const link = new IterLink(iter, reg, prog(target), 1);
  const info = readIterInfo({
    bytes: new Uint8Array(Uint32Array.from(params).buffer),
    length: params.length * 4,
  });
  if (typeof info === 'number') throw new Error(`iter_info: ${info}`);
  const err = link.attach(info, iter.env.current());
  if (err !== 0) throw new Error(`attach: ${err}`);
  return link;
}

function open(link: IterLink): { session: Session; read: (size?: number) => string | number } {
  const session = link.open(0n);
  if (typeof session === 'number') throw new Error(`open: ${session}`);
  return {
    session,
    read: (size = 65536) => {
      let text = '';
      const run = bpfSeqRead(session, size, (data) => {
        text = latin1Decode(data);
        return true;
      });
      for (;;) {
        const step = run.next();
        if (step.done === true) return step.value < 0 ? step.value : text;
      }
    },
  };
}

/** Everything an iterator shows, one word for each call of the program. */
const walk = (m: Machine, target: string, ...params: number[]): string[] => {
  const text = open(attach(m, target, ...(params.length > 0 ? params : [0]))).read();
  return String(text).trim().split('\n');
};

describe('which objects a task iterator shows', () => {
  test.for([
    ['task', [0, 0, 0], '0:1 1:10 2:11 3:12 4:20 5:30 6:40 6:end'],
    ['task', [11, 0, 0], '0:11 0:end'],
    ['task', [0, 10, 0], '0:10 1:11 2:12 2:end'],
    ['task', [0, 11, 0], '0:end'],
    ['task', [99, 0, 0], '0:end'],
    ['task', [4242, 0, 0], '0:end'],
    ['task_file', [0, 0, 0], '0:1/0 1:1/2 2:10/3 3:10/70 4:12/5 5:40/1 5:end fd0'],
    ['task_file', [11, 0, 0], '0:11/3 1:11/70 1:end fd71'],
    ['task_file', [0, 10, 0], '0:10/3 1:10/70 2:12/5 2:end fd0'],
    ['task_vma', [0, 0, 0], '0:1/1000 1:1/5000 2:10/2000 3:12/2000 4:40/9000 4:end /'],
    ['task_vma', [11, 0, 0], '0:11/2000 0:end /'],
    ['task_vma', [20, 0, 0], '0:end /'],
  ] as const)('%s with tid, pid, pid_fd %j', ([target, params, want]) => {
    expect(walk(machine(), target, ...params).join(' ')).toBe(want);
  });
});

test('numbers are those of the reader: from inside a pid namespace only its tasks are seen', () => {
  const m = machine();
  m.kernel.current = [...findTask(m, 40)][0]?.addr ?? 0n;
  expect(walk(m, 'task', 0, 1, 0)).toEqual(['0:40', '0:end']);
  expect(walk(m, 'task', 0, 0, 0)).toEqual(['0:40', '0:end']);
});

function findTask({ kernel }: Machine, pid: number): View[] {
  const out: View[] = [];
  const idle = idleTask(kernel);
  const offset = BigInt(kernel.types.struct('task_struct').field('tasks').offset);
  for (let node = idle.ptr('tasks.next'); node !== idle.at('tasks'); node = kernel.mem.u64(node)) {
    const task = kernel.view('task_struct', node - offset);
    if (task.num('pid') === pid) out.push(task);
  }
  return out;
}

test.for(['task', 'task_file', 'task_vma'])(
  '%s reads the same in pieces, and gives back all it took',
  (target) => {
    const whole = walk(machine(), target).join('\n');
    for (const size of [1, 6, 13]) {
      const m = machine();
      const usage = counts(m);
      const { session, read } = open(attach(m, target, 0));
      let text = '';
      for (let zeros = 0; zeros < 2;) {
        const got = read(size);
        if (got === '') zeros++;
        text += String(got);
        expect(counts(m)).toEqual({ ...usage, ns: usage.ns + 1 });
      }
      expect(text.trim()).toBe(whole);
      session.release();
      expect(counts(m)).toEqual(usage);
    }
  },
);

/** Every reference a walk may hold. */
function counts({ kernel, init, shared }: Machine) {
  const file = kernel.view('file', kernel.mem.u64((shared.deref('fdt')?.ptr('fd') ?? 0n) + 24n));
  const mm = init.deref('mm');
  return {
    task: init.num('usage'),
    file: file.num('f_count'),
    users: mm?.num('mm_users'),
    lock: mm?.num('mmap_lock.count'),
    ns: kernel.object('init_pid_ns', 'pid_namespace').num('ns.count'),
  };
}

test('a file that was closed between two reads is replaced by the next one', () => {
  const m = machine();
  const { read } = open(attach(m, 'task_file', 0, 10, 0));
  expect(read(1)).toBe('0');
  expect(read()).toBe(':10/3\n');
  removeFd(m.kernel, m.shared, 70);
  expect(read()).toBe('1:12/5\n1:end fd0\n');
});

test('task_vma of one thread, cut once, never comes to its end: the last area is found again by address', () => {
  const m = machine();
  const { read } = open(attach(m, 'task_vma', 1, 0, 0));
  expect(read(1)).toBe('0');
  expect(read()).toBe(':1/1000\n');
  expect(read()).toBe('1:1/5000\n1:end /\n');
  expect(read()).toBe('1:1/5000\n');
});

test('the trace says what is held while an object is shown, and what was passed over', () => {
  const m = machine();
  const { session, read } = open(attach(m, 'task_file', 0, 10, 0));
  read();
  const trace = session.recorder?.trace();
  if (!trace) throw new Error('no trace');
  const balance = new Map<bigint, number>();
  for (const { object, delta } of heldRows(trace.held))
    balance.set(object, (balance.get(object) ?? 0) + delta);
  expect([...balance.values()].every((n) => n === 0)).toBe(true);
  expect(trace.skips.map(({ key, reason }) => [key, reason])).toEqual([[11, 'shares files with its leader']]);
  expect(callRow(trace, 1)).toMatchObject({ kind: 'show', key: 3, owner: findTask(m, 10)[0]?.addr });
});

describe('the link', () => {
  test('parameters: only one of tid, pid and pid_fd', () => {
    const m = machine();
    expect(() => attach(m, 'task', 1, 1, 0)).toThrow('attach: -22');
    expect(() => attach(m, 'task', 0, 0, 77)).toThrow('attach: -9');
    expect(() => attach(m, 'task', 0, 0, 2)).toThrow('attach: -9');
  });

  test.for([
    { name: 'a length without a pointer', bytes: null, length: 4, want: -22 },
    { name: 'a pointer without a length', bytes: new Uint8Array(4), length: 0, want: -22 },
    { name: 'only its first field', bytes: new Uint8Array(4), length: 4, want: 0 },
    { name: 'more than this kernel knows, all zero', bytes: new Uint8Array(64), length: 64, want: 0 },
    { name: 'more than this kernel knows', bytes: new Uint8Array(64).fill(1), length: 64, want: -7 },
    { name: 'more than a page', bytes: new Uint8Array(8192), length: 8192, want: -7 },
    { name: 'a pointer to too little memory', bytes: new Uint8Array(4), length: 16, want: -14 },
  ])('iter_info of $name', ({ bytes, length, want }) => {
    const info = readIterInfo({ bytes, length });
    expect(typeof info === 'number' ? info : 0).toBe(want);
  });

  test.for([
    [[0], 'target_name:\ttask\ntask_type:\tALL\n'],
    [[11], 'target_name:\ttask\ntask_type:\tTID\ntid:\t11\n'],
    [[0, 10], 'target_name:\ttask\ntask_type:\tPID\npid:\t10\n'],
  ] as const)('fdinfo of %j', ([params, want]) => {
    expect(attach(machine(), 'task', ...params).showFdinfo()).toBe(want);
  });

  test('link info: a name that has no room is cut, and the call fails with ENOSPC', () => {
    const link = attach(machine(), 'task_file', 0, 10, 0);
    const info = (buffer: bigint, room: number) => {
      const view = new DataView(new ArrayBuffer(64));
      view.setBigUint64(16, buffer, true);
      view.setUint32(24, room, true);
      let name = '';
      const ret = link.fillLinkInfo(view, (text) => ((name = text), true));
      return { ret, name, length: view.getUint32(24, true), pid: view.getUint32(36, true) };
    };
    expect(info(0n, 0)).toEqual({ ret: 0, name: '', length: 10, pid: 10 });
    expect(info(0x1000n, 10)).toEqual({ ret: 0, name: 'task_file', length: 10, pid: 10 });
    expect(info(0x1000n, 5)).toMatchObject({ ret: -28, name: 'task' });
    expect(info(0x1000n, 0)).toMatchObject({ ret: -22 });
    expect(info(0n, 5)).toMatchObject({ ret: -22 });
  });

  test('another program takes over for sessions to come', () => {
    const m = machine();
    const link = attach(m, 'task', 0);
    const before = open(link).session;
    const second = { ...prog('task'), id: 4, addr: 0xffff_8880_beef_0000n };
    expect(link.replace(prog('task_file'), null)).toBe(-22);
    expect(link.replace(second, second)).toBe(-1);
    expect(link.replace(second, prog('task'))).toBe(0);
    expect([before.prog.id, open(link).session.prog.id]).toEqual([3, 4]);
  });
});
