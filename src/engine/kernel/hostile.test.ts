/** Files that are no worlds, or worlds that cannot be: an error that says where, and nothing is loaded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importRecorded } from './import_recorded.ts';
import { parseWorld, parseWorldText, WorldError } from './world.ts';

const process = { pid: 7, comm: 'x' };
const world = (...processes: unknown[]): unknown => ({ processes, reader: 7 });
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
])('%s is refused by path', (_what, value, path) => {
  expect(() => parseWorld(value)).toThrow(WorldError);
  expect(() => parseWorld(value)).toThrow(path);
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
  processes: { pid: number; maps: string; threads: { tid: number; stat: string; fds: unknown[] }[] }[];
  uname_release: string;
  mounts: string;
}
const of = (change: (snapshot: Hurt) => void): unknown => hurt((s) => change(s as unknown as Hurt));

test.each<[string, unknown, string]>([
  ['no threads', of((s) => s.processes[0]?.threads.splice(0)), '.processes[0].threads'],
  ['no processes', of((s) => s.processes.splice(0)), '.processes'],
  ['a release that is none', of((s) => (s.uname_release = 'minix')), '.uname_release'],
  ['one process twice', of((s) => s.processes.push(...s.processes.slice(0, 1))), 'is already the id'],
  ['mounts that are a number', of((s) => (s.mounts = 5 as never)), '.mounts'],
])('a snapshot with %s is refused by path', (_what, value, path) => {
  expect(() => importRecorded(value)).toThrow(WorldError);
  expect(() => importRecorded(value)).toThrow(path);
});
