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
/** What a machine may have of kernel memory. */
const MOST_BYTES = 1.5 * 2 ** 30;
/** The structs that a household is made of. The program's own file comes to those that are open. */
const STRUCTS: readonly (readonly [struct: string, count: number])[] = [
  ['task_struct', 1],
  ['signal_struct', 1],
  ['sighand_struct', 1],
  ['pid', 1],
  ['files_struct', 1],
  ['fs_struct', 1],
  ['mm_struct', 1],
  ['file', FILES + 1],
  ['vm_area_struct', AREAS],
];
const CACHE_LINE = 64;
const MAPLE_NODE = 256;
/** Slots of a maple node that are filled: areas and the holes between them take one each. */
const MAPLE_FILL = 15;
const PAGE_TABLE = PAGE;

/** Bytes of kernel memory that a household takes by a layout. @param sizeOf a struct's size there */
export function householdBytes(sizeOf: (struct: string) => number): number {
  const structs = STRUCTS.map(
    ([struct, count]) => count * Math.ceil(sizeOf(struct) / CACHE_LINE) * CACHE_LINE,
  );
  const leaves = Math.ceil((2 * AREAS + 1) / MAPLE_FILL);
  return structs.reduce((sum, bytes) => sum + bytes, PAGE_TABLE + (leaves + 1) * MAPLE_NODE);
}

const range = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

const nameOf = (n: number): string => (n === 0 ? 'init' : `worker${n % 1000}`);
const parentOf = (n: number): number => (n === 0 ? 0 : 1 + Math.floor((n - 1) / CHILDREN));
const householdsOf = (objects: number): number => Math.max(1, Math.floor(objects / HOUSEHOLD));

/** What each household is, without building one. */
export const bigHouseholds = (objects: number) =>
  range(householdsOf(objects), (n) => ({
    pid: n + 1,
    ppid: parentOf(n),
    comm: nameOf(n),
    files: FILES,
    vmas: AREAS,
  }));

function household(n: number): Process {
  const pid = n + 1;
  return {
    pid,
    comm: nameOf(n),
    ppid: parentOf(n),
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

/** A world that differs from another one in its size alone, as small as it gets; null for any other name. */
export const smallestBig = (name: string): string | null =>
  bigSize(name) === null ? null : `big:${HOUSEHOLD}`;

/**
 * @param sizeOf size of a struct in the layout that the world is made for
 * @throws WorldError when a world of so many objects would not fit
 */
export function checkBigSize(objects: number, sizeOf: (struct: string) => number): void {
  const each = householdBytes(sizeOf) / HOUSEHOLD;
  const bytes = objects * each;
  if (bytes > MOST_BYTES)
    throw new WorldError(
      '',
      `${objects} objects of ${Math.round(each)} bytes need ${(bytes / 2 ** 30).toFixed(1)} GiB, more than the ${MOST_BYTES / 2 ** 30} GiB a machine may have; the most is ${Math.floor(MOST_BYTES / each)}`,
    );
}

/**
 * @param objects rounded down to whole households, at least one
 * @param sizeOf see `checkBigSize`
 * @throws WorldError when it would not fit, before anything is made
 */
export function bigWorld(objects: number, sizeOf: (struct: string) => number): WorldInput {
  checkBigSize(objects, sizeOf);
  return {
    name: `big:${objects}`,
    description: `${objects} objects made from the number alone.`,
    processes: range(householdsOf(objects), household),
    reader: 1,
  };
}
