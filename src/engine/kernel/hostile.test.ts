/** Files that are no worlds, or worlds that cannot be: an error that says where, and nothing is loaded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import { importRecorded } from './import_recorded.ts';
import { parseWorld, parseWorldText, WorldError } from './world.ts';

const process = { pid: 7, comm: 'x' };
const world = (...processes: unknown[]): unknown => ({ processes, reader: 7 });
const withMore = (more: object): unknown => ({ processes: [process], reader: 7, ...more });
const withSocket = (socket: object): unknown => withMore({ sockets: [socket] });
const page = (n: number): string => `0x${(n * 4096).toString(16)}`;
const area = (start: number, end: number) => ({ start: page(start), end: page(end), perms: 'rw-p' });

test.each<[string, unknown, string]>([
  ['nothing', null, ': '],
  ['a number', 5, ': '],
  ['a list', [], '.processes'],
  ['no processes', { processes: [] }, '.processes'],
  ['two tasks with one pid', world(process, process), '.processes[1].pid: 7 is already the id'],
  [
    'a thread with the number of a process',
    world(process, { pid: 8, comm: 'y', threads: [{ tid: 7, comm: 't' }] }),
    '.processes[1].threads[0].tid: 7 is already the id',
  ],
  [
    'a cycle of parents',
    world({ ...process, ppid: 8 }, { pid: 8, comm: 'y', ppid: 7 }),
    '.processes[0].ppid: a process cannot be its own ancestor',
  ],
  [
    'a child of a zombie',
    world({ ...process, ppid: 8 }, { pid: 8, comm: 'z', state: 'Z' }),
    '.processes[0].ppid: process 8 is a zombie',
  ],
  [
    'an fd twice',
    world({ ...process, fds: [1, 1].map((fd) => ({ fd, file: { path: '/a' } })) }),
    '.processes[0].fds[1].fd: fd 1 is open twice',
  ],
  [
    'areas that overlap',
    world({ ...process, mm: { vmas: [area(1, 4), area(3, 5)] } }),
    '.processes[0].mm.vmas[1].start: overlaps',
  ],
  [
    'an area that ends before it starts',
    world({ ...process, mm: { vmas: [area(4, 4)] } }),
    '.vmas[0].end: not above',
  ],
  ['a pid beyond all', world({ ...process, pid: 4_194_305 }), '.processes[0].pid'],
  ['a pid that is no number', world({ ...process, pid: NaN }), '.processes[0].pid'],
  ['a key nobody knows', world({ ...process, evil: 1 }), '.processes[0].evil'],
  ['an fd beyond all', world({ ...process, fds: [{ fd: 2 ** 31, file: { path: '/a' } }] }), '.fds[0].fd'],
  ['a file that nobody named', world({ ...process, fds: [{ fd: 0, file: 'nobody' }] }), '.fds[0].file'],
  ['a name out of the prototype', world({ ...process, fds: [{ fd: 0, file: 'toString' }] }), '.fds[0].file'],
  [
    'memory of a zombie',
    world({ ...process, mm: { sharedWith: 8 } }, { pid: 8, comm: 'z', state: 'Z' }),
    '.processes[0].mm.sharedWith: process 8 is a zombie',
  ],
  ['a reader that is not there', { processes: [process], reader: 9 }, '.reader: there is no task 9'],
  [
    'a script with a word nobody knows',
    { processes: [process], reader: 7, script: [{ at: { call: 0 }, do: 'explode' }] },
    '.script[0].do',
  ],
  ['a number beyond all', world({ ...process, startTime: 1e300 }), '.processes[0].startTime'],
  ['a name of ten million bytes', world({ ...process, comm: 'y'.repeat(1e7) }), '.processes[0].comm'],
  ['a path of half a million steps', world({ ...process, cwd: '/a'.repeat(5e5) }), '.processes[0].cwd'],
  ['a stack that is no stack', world({ ...process, stack: Array(5000).fill('f') }), '.processes[0].stack'],
  ['a billion processes', { processes: 1e9, reader: 7 }, '.processes: Invalid type'],
  [
    'a file of negative size',
    world({ ...process, fds: [{ fd: 0, file: { path: '/a', size: -1 } }] }),
    '.fds[0].file.size',
  ],
  [
    'an area of the kernel',
    world({ ...process, mm: { vmas: [{ ...area(1, 2), end: '0xffff888000001000' }] } }),
    '.vmas[0].end: beyond what user space can have',
  ],
  [
    'an address of a hundred digits',
    world({ ...process, mm: { vmas: [{ ...area(1, 2), end: `0x1${'0'.repeat(100)}` }] } }),
    '.vmas[0].end: expected hex text',
  ],
  [
    'permissions nobody has',
    world({ ...process, mm: { vmas: [{ ...area(1, 2), perms: 'zzzz' }] } }),
    '.perms',
  ],
  [
    'two processes that share each other',
    world({ ...process, mm: { sharedWith: 8 } }, { pid: 8, comm: 'y', mm: { sharedWith: 7 } }),
    '.processes[0].mm.sharedWith: process 8 shares it itself',
  ],
  ['a user beyond 32 bits', world({ ...process, uid: 2 ** 40 }), '.processes[0].uid'],
  [
    'an address that is none',
    withSocket({ protocol: 'tcp', state: 'LISTEN', local: '999.1.1.1:80' }),
    '.local',
  ],
  ['a port that is none', withSocket({ protocol: 'tcp', state: 'LISTEN', local: '[::1]:70000' }), '.local'],
  ['a socket that is its own peer', withSocket({ protocol: 'unix', peer: 0 }), '.sockets[0].peer'],
  ['a peer that is not there', withSocket({ protocol: 'unix', peer: 99 }), '.sockets[0].peer'],
  ['a cgroup above the root', withMore({ cgroups: [{ path: '/../etc' }] }), '.cgroups[0].path'],
  [
    'two cgroups with one id',
    withMore({ cgroups: ['/a', '/b'].map((at) => ({ path: at, id: 3 })) }),
    '.cgroups[1].id: 3 is the id of another',
  ],
  ['a cgroup deeper than any path', world({ ...process, cgroup: '/x'.repeat(5000) }), '.processes[0].cgroup'],
  [
    'namespaces inside each other',
    withMore({
      namespaces: [
        { kind: 'pid', inum: 5, parent: 6 },
        { kind: 'pid', inum: 6, parent: 5 },
      ],
    }),
    '.namespaces[0].parent: namespace 5 is inside itself',
  ],
  [
    'a namespace twice',
    withMore({ namespaces: [5, 5].map((inum) => ({ kind: 'net', inum })) }),
    '.namespaces[1].inum: 5 is the number of another',
  ],
  ['no root', withMore({ mounts: [] }), '.mounts'],
  [
    'two mounts with one id',
    withMore({ mounts: ['/', '/a'].map((at) => ({ id: 1, path: at, fstype: 'ext4', dev: '8:1' })) }),
    '.mounts[1].id: 1 is the id of another',
  ],
  [
    'a device beyond all',
    withMore({ mounts: [{ id: 1, path: '/', fstype: 'ext4', dev: '99999:1' }] }),
    '.mounts[0].dev',
  ],
  ['a prefix of 200 bits', withMore({ routes: [{ dst: '::/200', dev: 'lo' }] }), '.routes[0].dst'],
  [
    'a next hop that leads two ways',
    withMore({ routes: ['lo', 'eth0'].map((dev, i) => ({ dst: `${i}::/16`, dev, nexthop: 3 })) }),
    '.routes[1].nexthop: .routes[0] says otherwise',
  ],
  [
    'a map of a petabyte',
    withMore({ maps: [{ name: 'm', type: 'array', keySize: 4, valueSize: 1e9, maxEntries: 1e9 }] }),
    '.maps[0].valueSize',
  ],
  [
    'a slab of nothing',
    withMore({ slabCaches: [{ name: 'a', objectSize: 0 }] }),
    '.slabCaches[0].objectSize',
  ],
  ['registers that are words', world({ ...process, registers: { ip: 'x', sp: '0x0' } }), '.registers.ip'],
  ['time that runs backwards', withMore({ clock: -5 }), '.clock'],
  ['a zombie that reads', world({ ...process, state: 'Z' }), '.reader: task 7 is a zombie'],
  ['a kernel thread that reads', world({ ...process, kthread: true }), '.reader: task 7 is a kernel thread'],
])('%s is refused by path', (_what, value, path) => {
  expect(() => parseWorld(value)).toThrow(WorldError);
  expect(() => parseWorld(value)).toThrow(path);
});

test.each([
  ['{"__proto__":{"a":1},"processes":[{"pid":7,"comm":"x"}],"reader":7}', 'world.__proto__'],
  ['{"processes":[{"pid":7,"comm":"x","__proto__":{"uid":1}}],"reader":7}', 'world.processes[0].__proto__'],
  [
    '{"processes":[{"pid":7,"comm":"x","fds":[{"fd":0,"file":"__proto__"}]}],"reader":7,"files":{"__proto__":{"path":"/a"}}}',
    "there is no file named '__proto__'",
  ],
  [`{"processes":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, '.processes[0].pid'],
  ['{"processes":[{"pid":NaN}]}', 'not JSON'],
  ['{"processes":[{"pid":1e999,"comm":"x"}],"reader":7}', '.processes[0].pid'],
])('%.60s is refused', (text, says) => {
  expect(() => parseWorldText(text)).toThrow(WorldError);
  expect(() => parseWorldText(text)).toThrow(says);
});

test.each(['', '{', '{"processes": [', '[1, 2', '\u0000', 'ELF'])(
  'the text %j is refused as no JSON',
  (text) => {
    expect(() => parseWorldText(text)).toThrow(/^world: not JSON/);
  },
);

const recorded = readFileSync(
  join(import.meta.dirname, '../../../recorded/linux-6.12/worlds/progs1.json'),
  'utf8',
);
/** The recorded machine with something done to it. */
const hurt = (change: (snapshot: Record<string, never>) => void): unknown => {
  const snapshot = JSON.parse(recorded) as Record<string, never>;
  change(snapshot);
  return snapshot;
};
interface Hurt {
  processes: {
    pid: number;
    maps: string;
    threads: { tid: number; stat: string; status: string; fds: unknown[] }[];
  }[];
  uname_release: string;
  mounts: string;
  self: number;
  monotonic_ns: number;
  net: Record<string, string>;
}
const FD = { fd: 0, link: '/a', ino: 1, dev: '1:1', mode: '100644', size: 1, nlink: 1, fdinfo: '' };
const firstOf = (s: Hurt) => must(s.processes[0], 'a process');
const threadOf = (s: Hurt) => must(firstOf(s).threads[0], 'a thread');
const of = (change: (snapshot: Hurt) => void): unknown => hurt((s) => change(s as unknown as Hurt));

test.each<[string, unknown, string]>([
  ['no threads', of((s) => s.processes[0]?.threads.splice(0)), '.processes[0].threads'],
  ['no processes', of((s) => s.processes.splice(0)), '.processes'],
  ['a release that is none', of((s) => (s.uname_release = 'minix')), '.uname_release'],
  ['one process twice', of((s) => s.processes.push(...s.processes.slice(0, 1))), 'is already the id'],
  [
    'areas that are none',
    of((s) => (firstOf(s).maps = '5000-4000 rw-p 0 0 0\n')),
    '.processes[0].maps: line 1',
  ],
  ['half a stat', of((s) => (threadOf(s).stat = '1 (x')), '.processes[0].threads[0].stat'],
  ['a stat of four numbers', of((s) => (threadOf(s).stat = '1 (x) S 1 1 1')), '.processes[0].ppid'],
  ['signals that are words', of((s) => (threadOf(s).status = 'SigBlk:\tzz\n')), '.threads[0].status: SigBlk'],
  ['a user that is a word', of((s) => (threadOf(s).status = 'Uid:\tx\n')), '.threads[0].status: Uid'],
  [
    'mounts that are words',
    of((s) => (s.mounts = 'a b c d\n')),
    '.mounts: line 1 is none of /proc/PID/mountinfo',
  ],
  ['sockets that are words', of((s) => (s.net['tcp'] = 'head\n 0: zz:zz\n')), '.net.tcp: line 2'],
  ['names that are words', of((s) => (s.net['unix'] = 'head\nzz\n')), '.net.unix: line 2'],
  ['a family there is none of', of((s) => (s.net['netlink'] = 'head\n0 99 x\n')), '.net.netlink: line 2'],
  ['routes that are words', of((s) => (s.net['ipv6_route'] = 'zz\n')), '.net.ipv6_route: line 1'],
  ['a reader that is gone', of((s) => (s.self = 99_999)), '.reader: there is no task 99999'],
  ['a descriptor below 0', of((s) => (threadOf(s).fds = [{ ...FD, fd: -1 }])), '.processes[0].fds[0].fd'],
  ['a file without a name', of((s) => (threadOf(s).fds = [{ ...FD, link: '' }])), '.path: Invalid length'],
  [
    'a thread twice',
    of((s) => firstOf(s).threads.push(threadOf(s))),
    '.processes[0].threads[0].tid: 1 is already',
  ],
  ['time before its start', of((s) => (s.monotonic_ns = -1)), '.clock'],
  ['mounts that are a number', of((s) => (s.mounts = 5 as never)), '.mounts'],
])('a snapshot with %s is refused by path', (_what, value, path) => {
  expect(() => importRecorded(value)).toThrow(WorldError);
  expect(() => importRecorded(value)).toThrow(path);
});
