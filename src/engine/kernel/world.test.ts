import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import kernelBtf from 'virtual:kernel-btf';
import { latin1Decode } from '../../shared/utf8.ts';
import { Btf } from '../btf/parse.ts';
import { fdinfo } from '../vfs/procfs.ts';
import { pathText } from '../vfs/path.ts';
import { buildWorld } from './build_world.ts';
import { checkImage } from './check_image.ts';
import { importRecorded, importRun } from './import_recorded.ts';
import type { FdText } from './import_recorded.ts';
import type { Kernel } from './kernel.ts';
import { initialNamespace } from './objects/namespace.ts';
import { fileAtFd, openFds } from './objects/files.ts';
import { vmas } from './objects/mm.ts';
import { findTaskByPidNs, nextPid, pidTask, PidType } from './objects/pid.ts';
import { Symbols } from './symbols.ts';
import type { View } from './view.ts';
import { parseWorld, parseWorldText } from './world.ts';
import type { World } from './world.ts';

const root = join(import.meta.dirname, '../../..');
const recorded = join(root, 'recorded/linux-6.12');
const json = (path: string): never => JSON.parse(readFileSync(join(recorded, path), 'utf8')) as never;
const symbols = Symbols.parse(latin1Decode(gunzipSync(readFileSync(join(recorded, 'kernel/kallsyms.gz')))));
const BTFS = {
  'our own BTF': Btf.parse(kernelBtf),
  'the BTF of 6.12': Btf.parse(gunzipSync(readFileSync(join(recorded, 'kernel/vmlinux.btf.gz')))),
} as const;
type BtfName = keyof typeof BTFS;
const names = Object.keys(BTFS) as BtfName[];

const ours = (name: string): World =>
  parseWorldText(readFileSync(join(root, `app/worlds/${name}.json`), 'utf8'));
const build = (world: World, btf: BtfName): Kernel => buildWorld(world, { btf: BTFS[btf] });
const task = (kernel: Kernel, tid: number): View =>
  findTaskByPidNs(kernel, tid, initialNamespace(kernel, 'pid')) as View;
const fopsOf = (kernel: Kernel, tid: number): string[] =>
  [...openFds(kernel, task(kernel, tid).deref('files') as View)].map(
    ({ fd, file }) => `${fd} ${file.ptr('f_op').toString(16)}`,
  );

interface SnapshotText {
  readonly self: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly maps: string;
    readonly threads: readonly { readonly tid: number; readonly fds: readonly FdText[] }[];
  }[];
}
const GENERIC_FDINFO = /^pos:.*\nflags:.*\nmnt_id:.*\nino:.*\n/;

describe.each(names)('laid out by %s', (btf) => {
  test.each(['docs', 'demo', 'sockets'])('the bytes of world %s agree with each other', (name) => {
    expect(checkImage(build(ours(name), btf))).toEqual([]);
  });

  test.each(['progs1', 'progs2', 'bad', 'progs2.after'])('so do those of the recorded machine %s', (name) => {
    const kernel = buildWorld(importRecorded(json(`worlds/${name}.json`)), { btf: BTFS[btf], symbols });
    expect(checkImage(kernel)).toEqual([]);
  });

  test('process 1859 of the kernel document has the nine f_op it shows', () => {
    expect(fopsOf(build(ours('docs'), btf), 1859)).toEqual([
      '0 ffffffff82270aa0',
      '1 ffffffff82270aa0',
      '2 ffffffff82270aa0',
      '3 ffffffff82272980',
      '4 ffffffff8225e120',
      '5 ffffffff82255120',
      '6 ffffffff82254f00',
      '7 ffffffff82254d80',
      '8 ffffffff8225abe0',
    ]);
  });

  test('f_op follows the symbols of the world, wherever they are', () => {
    const world = ours('docs');
    const moved = {
      ...world,
      symbols: { ...world.symbols, btf_fops: '0xffffffff82999000', pipefifo_fops: '0xffffffff82abc000' },
    };
    const fops = fopsOf(build(moved, btf), 1859);
    expect(fops[0]).toBe('0 ffffffff82abc000');
    expect(fops[4]).toBe('4 ffffffff82999000');
  });

  test('a recorded machine shows the links, fdinfo and maps its /proc showed', () => {
    const snapshot: SnapshotText = json('worlds/progs1.json');
    const kernel = buildWorld(importRecorded(snapshot), { btf: BTFS[btf], symbols });
    const tids: number[] = [];
    for (const process of snapshot.processes)
      for (const { tid, fds } of process.threads) {
        tids.push(tid);
        const owner = task(kernel, tid);
        const files = owner.deref('files');
        expect(files ? [...openFds(kernel, files)].map(({ fd }) => fd) : []).toEqual(fds.map(({ fd }) => fd));
        for (const { fd, link, fdinfo: text } of fds) {
          const file = fileAtFd(kernel, files as View, fd) as View;
          expect(`${tid}/${fd} ${pathText(kernel, file.sub('f_path'))}`).toBe(`${tid}/${fd} ${link}`);
          expect(fdinfo(kernel, owner, fd)).toBe(GENERIC_FDINFO.exec(text)?.[0]);
        }
        const mm = owner.deref('mm');
        const shown = process.maps.split('\n').filter((line) => line !== '');
        const mapped = mm && shown.length > 0 ? [...vmas(kernel, mm)] : [];
        expect(mapped.map((vma) => `${hex8(vma, 'vm_start')}-${hex8(vma, 'vm_end')}`)).toEqual(
          shown.map((line) => line.split(' ')[0]),
        );
      }
    expect(walkPids(kernel)).toEqual(tids.sort((a, b) => a - b));
  });
});

const hex8 = (vma: View, field: string): string => vma.big(field).toString(16).padStart(8, '0');

function walkPids(kernel: Kernel): number[] {
  const ns = initialNamespace(kernel, 'pid');
  const tids: number[] = [];
  for (let at = nextPid(kernel, ns, 1); at; at = nextPid(kernel, ns, at.nr + 1))
    if (pidTask(kernel, at.pid, PidType.PID)) tids.push(at.nr);
  return tids;
}

/** Fields that /proc tells exactly. What it rounds, or what had changed when the program ran, is not here. */
const TOLD_BY_PROC =
  'tid tgid ppid rppid flags state exit_state prio static policy uid euid gid threads exitcode exitsig mm files fs fdcount max_fds leader'.split(
    ' ',
  );

test('tasks of a recorded machine hold what a program read there', () => {
  interface Run {
    readonly tasks_vs_world: { readonly added: never[]; readonly gone: never[] };
    readonly self: number;
    readonly self_fds: FdText[];
    readonly output: string;
  }
  const facts: { boot: string; runs: [Run] } = json('cases/task_fields/linux.json');
  const [run] = facts.runs;
  const world = importRun(json(`worlds/${facts.boot}.json`), {
    ...run.tasks_vs_world,
    self: run.self,
    selfFds: run.self_fds,
  });
  const kernel = buildWorld(world, { btf: BTFS['the BTF of 6.12'], symbols });
  const lines = run.output.trimEnd().split('\n');
  const told = (fields: ReadonlyMap<string, unknown>): string =>
    TOLD_BY_PROC.map((key) => `${key}=${String(fields.get(key))}`).join(' ');
  const want = lines.map(
    (line) => new Map(line.split(' ').map((pair) => pair.split('=') as [string, string])),
  );
  const got = want.map((fields) => {
    const values = Object.entries(fieldsOf(task(kernel, Number(fields.get('tid')))));
    return new Map(values.filter(([key]) => fields.has(key)));
  });
  expect(got.map(told)).toEqual(want.map(told));
});

function fieldsOf(task: View): Record<string, number | string> {
  const there = (field: string): number => (task.ptr(field) === 0n ? 0 : 1);
  const of = (struct: string, field: string): number => task.deref(struct)?.num(field) ?? -1;
  return {
    tid: task.num('pid'),
    tgid: task.num('tgid'),
    ppid: of('parent', 'tgid'),
    rppid: of('real_parent', 'tgid'),
    flags: task.num('flags').toString(16),
    state: task.num('__state'),
    exit_state: task.num('exit_state'),
    prio: task.num('prio'),
    static: task.num('static_prio'),
    policy: task.num('policy'),
    uid: of('cred', 'uid'),
    euid: of('cred', 'euid'),
    gid: of('cred', 'gid'),
    threads: of('signal', 'nr_threads'),
    exitcode: task.num('exit_code'),
    exitsig: task.num('exit_signal'),
    mm: there('mm'),
    files: there('files'),
    fs: there('fs'),
    fdcount: of('files', 'count'),
    max_fds: task.deref('files')?.deref('fdt')?.num('max_fds') ?? -1,
    leader: of('group_leader', 'pid'),
  };
}

describe('a malformed world is refused by JSON path', () => {
  const process = { pid: 7, comm: 'x' };
  test.each([
    ['[]', /^world\.processes: /],
    ['{"processes": [', /^world: not JSON/],
    ['{"processes": []}', /^world\.processes: /],
    [{ processes: [process], readers: 7 }, /^world\.readers: /],
    [{ processes: [process], reader: 8 }, /^world\.reader: there is no task 8/],
    [{ processes: [process, process], reader: 7 }, /^world\.processes\[1\]\.pid: 7 is already/],
    [
      { processes: [{ ...process, threads: [{ tid: 7, comm: 'y' }] }], reader: 7 },
      /threads\[0\]\.tid: 7 is already/,
    ],
    [
      { processes: [{ ...process, ppid: 9 }], reader: 7 },
      /^world\.processes\[0\]\.ppid: there is no process 9/,
    ],
    [{ processes: [{ ...process, ppid: 7 }], reader: 7 }, /^world\.processes\[0\]\.ppid: .*own ancestor/],
    [
      {
        processes: [
          { ...process, fds: { sharedWith: 8 } },
          { pid: 8, comm: 'x', ppid: 9 },
          { pid: 9, comm: 'x', ppid: 8 },
        ],
        reader: 7,
      },
      /^world\.processes\[1\]\.ppid: .*own ancestor/,
    ],
    [{ processes: [{ ...process, state: 'Q' }] }, /^world\.processes\[0\]\.state: /],
    [{ processes: [{ ...process, fds: [{ fd: -1, file: 'f' }] }] }, /^world\.processes\[0\]\.fds\[0\]\.fd: /],
    [
      { processes: [{ ...process, fds: [{ fd: 0, file: 'f' }] }], reader: 7 },
      /fds\[0\]\.file: there is no file named 'f'/,
    ],
    [
      { processes: [{ ...process, fds: { sharedWith: 9 } }], reader: 7 },
      /fds\.sharedWith: there is no other process 9/,
    ],
    [
      {
        processes: [
          {
            ...process,
            fds: [
              { fd: 3, file: { path: '/a' } },
              { fd: 3, file: { path: '/b' } },
            ],
          },
        ],
        reader: 7,
      },
      /^world\.processes\[0\]\.fds\[1\]\.fd: fd 3 is open twice/,
    ],
    [
      {
        processes: [{ ...process, mm: { vmas: [{ start: '0x2000', end: '0x1000', perms: 'r--p' }] } }],
        reader: 7,
      },
      /^world\.processes\[0\]\.mm\.vmas\[0\]\.end: not above start/,
    ],
    [{ processes: [{ ...process, ns: { net: 5 } }], reader: 7 }, /ns\.net: there is no net namespace 5/],
    [{ processes: [{ ...process, nspids: [8] }], reader: 7 }, /nspids\[0\]: the outermost number is not 7/],
    [
      {
        processes: [{ ...process, ns: { pid: 5 } }],
        namespaces: [{ kind: 'pid', inum: 5 }],
        reader: 7,
      },
      /^world\.processes\[0\]\.nspids: its pid namespace is 2 deep/,
    ],
    [
      {
        processes: [7, 9].map((pid) => ({ pid, comm: 'x', ns: { pid: 5 }, nspids: [pid, 1] })),
        namespaces: [{ kind: 'pid', inum: 5 }],
        reader: 7,
      },
      /^world\.processes\[1\]\.nspids: 1 is taken in its namespace/,
    ],
    [
      { processes: [{ ...process, state: 'Z', fds: [{ fd: 0, file: { path: '/a' } }] }], reader: 7 },
      /^world\.processes\[0\]\.fds: a zombie has no open files/,
    ],
    [
      { processes: [process], reader: 7, mounts: [{ id: 1, path: '/x', fstype: 'ext4', dev: '0:1' }] },
      /^world\.mounts\[0\]\.path/,
    ],
    [{ processes: [process], reader: 7, symbols: { f: 'ff' } }, /^world\.symbols\.f: /],
  ])('%j', (value, message) => {
    const read = (): World => (typeof value === 'string' ? parseWorldText(value) : parseWorld(value));
    expect(read).toThrow(message);
  });
});

test.each([
  [{ protocol: 'tcp', local: '127.0.0.1', state: 'LISTEN' }, /\[0\]\.local: expected an address with a port/],
  [{ protocol: 'udp', local: '[1::2::3]:5' }, /\[0\]\.local: expected an address with a port/],
  [{ protocol: 'tcp', local: '0.0.0.0:80', state: 'ESTABLISHED' }, /\[0\]\.remote: a connection has/],
  [{ protocol: 'udp', local: '0.0.0.0:80', remote: '[::1]:5' }, /\[0\]\.remote: both ends are of one family/],
  [
    { protocol: 'tcp', local: '1.2.3.4:80', remote: '1.2.3.5:9', state: 'NEW_SYN_RECV' },
    /\[0\]\.local: no socket listens there/,
  ],
  [{ protocol: 'unix', peer: 0 }, /\[0\]\.peer: sockets\[0\] is no other UNIX socket/],
  [{ protocol: 'netlink', family: 32 }, /\[0\]\.family: /],
  [{ protocol: 'unix', net: 5 }, /\[0\]\.net: there is no net namespace 5/],
])('a world with the socket %j is refused', (socket, message) => {
  const world = { processes: [{ pid: 7, comm: 'x' }], reader: 7, sockets: [socket] };
  expect(() => parseWorld(world)).toThrow(message);
});

test('the same world is the same machine, address for address', () => {
  const snapshot = (): Uint8Array => build(ours('demo'), 'our own BTF').mem.snapshot().bytes;
  expect(Buffer.compare(snapshot(), snapshot())).toBe(0);
});

test('shells that share a file table share it, a thread of its own table does not', () => {
  const kernel = build(ours('demo'), 'our own BTF');
  expect(task(kernel, 768).ptr('files')).toBe(task(kernel, 731).ptr('files'));
  expect(task(kernel, 532).ptr('files')).not.toBe(task(kernel, 530).ptr('files'));
  expect(task(kernel, 531).ptr('files')).toBe(task(kernel, 530).ptr('files'));
});
