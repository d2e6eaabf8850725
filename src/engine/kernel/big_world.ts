/**
 * `big`: a world of any size, from a number alone.
 *
 * Objects come in households of fifty: one task, 24 open files and 25 memory areas. A million objects are
 * 20 000 tasks, 480 000 files and 500 000 areas. Households are children of earlier ones, eight to each.
 */
import { WorldError } from './world.ts';
import type { WorldInput } from './world.ts';

type Process = WorldInput['processes'][number];

const FILES = 24;
const AREAS = 25;
const HOUSEHOLD = 1 + FILES + AREAS;
const CHILDREN = 8;
const PAGE = 4096;
const FIRST_PAGE = 0x400;
export const DEFAULT_BIG = 10_000;
/** Measured: bytes of kernel memory for each object, and what the machine may have of it. */
const BYTES_PER_OBJECT = 500;
const MOST_BYTES = 1.5 * 2 ** 30;

const range = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

function household(n: number): Process {
  const pid = n + 1;
  return {
    pid,
    comm: n === 0 ? 'init' : `worker${n % 1000}`,
    ppid: n === 0 ? 0 : 1 + Math.floor((n - 1) / CHILDREN),
    exe: '/usr/bin/worker',
    uid: n % 5,
    fds: range(FILES, (fd) => ({
      fd,
      file:
        fd < 3
          ? { path: '/dev/null', flags: '0100002' }
          : { path: `/srv/data${n % 64}/file${fd}`, flags: '0100000' },
    })),
    mm: {
      vmas: range(AREAS, (i) => ({
        start: `0x${((FIRST_PAGE + 8 * i) * PAGE).toString(16)}`,
        end: `0x${((FIRST_PAGE + 8 * i + 1 + (i % 4)) * PAGE).toString(16)}`,
        perms: i === 0 ? 'r-xp' : 'rw-p',
        name: i < 3 ? '/usr/bin/worker' : '',
      })),
    },
  };
}

/** The number of objects that `big` or `big:20000` asks for; null for any other name. */
export function bigSize(name: string): number | null {
  const match = /^big(?::(\d{1,15}))?$/.exec(name);
  return match && Number(match[1] ?? DEFAULT_BIG);
}

/**
 * @param objects rounded down to whole households, at least one
 * @throws WorldError when it would not fit, before anything is made
 */
export function bigWorld(objects: number): WorldInput {
  const bytes = objects * BYTES_PER_OBJECT;
  if (bytes > MOST_BYTES)
    throw new WorldError(
      '',
      `${objects} objects need about ${(bytes / 2 ** 30).toFixed(1)} GiB, more than the ${MOST_BYTES / 2 ** 30} GiB a machine may have; the most is ${Math.floor(MOST_BYTES / BYTES_PER_OBJECT)}`,
    );
  return {
    name: `big:${objects}`,
    description: `${objects} objects made from the number alone.`,
    processes: range(Math.max(1, Math.floor(objects / HOUSEHOLD)), household),
    reader: 1,
  };
}
