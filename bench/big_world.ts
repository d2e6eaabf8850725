/**
 * Worlds of any size, from a number alone.
 *
 * An object is a thread, an open file or a memory area. They come in households of twenty: one process with
 * four threads, eight files and eight areas. Households are children of earlier ones, in a tree eight wide.
 */
import type { WorldInput } from '../src/engine/kernel/world.ts';

type Process = WorldInput['processes'][number];

const THREADS = 4;
const FILES = 8;
const AREAS = 8;
export const HOUSEHOLD = THREADS + FILES + AREAS;
const CHILDREN = 8;
const PAGE = 4096;
const FIRST_PAGE = 0x400;

/** Addresses that the output shows; any will do. */
export const SYMBOLS: Readonly<Record<string, string>> = {
  ext4_file_operations: '0xffffffff8228a440',
  null_fops: '0xffffffff8238ab20',
  pipefifo_fops: '0xffffffff82270aa0',
  socket_file_ops: '0xffffffff823c9d20',
};

/** What stands behind file number i of household n. */
function fileOf(n: number, i: number) {
  if (i < 3) return { path: '/dev/null', flags: '0100002', fops: 'null_fops' };
  if (i === 3) return { path: `pipe:[${100_000 + n}]`, flags: '01', fops: 'pipefifo_fops' };
  if (i === 4) return { path: `socket:[${9_000_000 + n}]`, flags: '02', fops: 'socket_file_ops' };
  return { path: `/srv/data${n % 64}/file${i}`, flags: '0100000', fops: 'ext4_file_operations' };
}

function areaOf(n: number, i: number) {
  const start = (FIRST_PAGE + 16 * i + (n % 8)) * PAGE;
  return {
    start: `0x${start.toString(16)}`,
    end: `0x${(start + PAGE * (1 + (i % 4))).toString(16)}`,
    perms: i === 0 ? 'r-xp' : i % 3 === 1 ? 'r--p' : 'rw-p',
    name: i < 3 ? '/usr/bin/worker' : '',
  };
}

const range = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

function household(n: number): Process {
  const pid = 1 + n * THREADS;
  return {
    pid,
    comm: n === 0 ? 'init' : `worker${n % 1000}`,
    ppid: n === 0 ? 0 : 1 + Math.floor((n - 1) / CHILDREN) * THREADS,
    exe: '/usr/bin/worker',
    uid: n % 5,
    fds: range(FILES, (fd) => ({ fd, file: fileOf(n, fd) })),
    mm: { vmas: range(AREAS, (i) => areaOf(n, i)) },
    threads: range(THREADS - 1, (i) => ({ tid: pid + 1 + i, comm: `thread${i}` })),
  };
}

/** @param objects rounded down to whole households, at least one */
export const bigWorld = (objects: number): WorldInput => ({
  name: `big${objects}`,
  symbols: { ...SYMBOLS },
  processes: range(Math.max(1, Math.floor(objects / HOUSEHOLD)), household),
  reader: 1,
});
