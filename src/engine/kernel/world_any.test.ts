/** Any world at all is either refused by path or becomes a machine whose bytes agree with each other. */
import kernelBtf from 'virtual:kernel-btf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { buildWorld } from './build_world.ts';
import { checkImage } from './check_image.ts';
import { parseWorld, WorldError } from './world.ts';
import type { World } from './world.ts';

const btf = Btf.parse(kernelBtf);

const id = fc.integer({ min: 1, max: 9 });
const path = fc.constantFrom(
  '/dev/null',
  '/tmp/a',
  '/tmp/a (deleted)',
  '/tmp/d/e',
  'pipe:[5]',
  'socket:[6]',
  'anon_inode:[eventfd]',
  '/memfd:x (deleted)',
  'net:[4026531840]',
  '/',
  'odd',
);
const flags = fc.constantFrom('0', '01', '0100002', '010200000', '02000000');
const file = fc.oneof(
  fc.constantFrom('shared', 'shared', 'shared', 'nobody'),
  fc.record({ path, flags }),
  fc.record({ path, flags, ino: id, dev: fc.constantFrom('0:2', '0:18', '7:7') }),
);
const fds = fc.uniqueArray(fc.record({ fd: fc.integer({ min: 0, max: 130 }), file }), {
  maxLength: 5,
  selector: ({ fd }) => fd,
});
const sharing = fc.record({ sharedWith: id });
const page = (n: number): string => `0x${(n * 4096).toString(16)}`;
const vmas = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('', '/tmp/a', '[stack]'),
    ),
  )
  .map((pieces) => {
    let at = 1;
    return pieces.map(([gap, pages, name]) => {
      const start = at + gap;
      at = start + pages;
      return { start: page(start), end: page(at), perms: 'rw-p', name };
    });
  });
const state = fc.constantFrom('R', 'S', 'S', 'S', 'I', 'Z');
const process = fc.record(
  {
    pid: id,
    comm: fc.string({ maxLength: 20 }),
    ppid: fc.constantFrom(0, 0, 0, 1, 2, 3),
    state,
    kthread: fc.boolean(),
    exe: fc.constant('/bin/x'),
    cwd: fc.constantFrom('/', '/home/a', '/tmp'),
    fds: fc.oneof({ weight: 6, arbitrary: fds }, { weight: 1, arbitrary: sharing }),
    mm: fc.oneof({ weight: 5, arbitrary: fc.record({ vmas }) }, { weight: 1, arbitrary: sharing }),
    threads: fc.array(
      fc.record(
        { tid: fc.integer({ min: 10, max: 4000 }), comm: fc.constant('t'), state, fds },
        { requiredKeys: ['tid', 'comm'] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['pid', 'comm'] },
);
const world = fc.record({
  processes: fc.uniqueArray(process, { minLength: 1, maxLength: 4, selector: (each) => each.pid }),
  files: fc.constant({ shared: { path: '/tmp/shared', flags: '02' } }),
});

const readerOf = (value: { processes: readonly { pid: number }[] }): number => value.processes[0]?.pid ?? 1;

test('any world is refused by path or builds a machine that agrees with itself', () => {
  let built = 0;
  fc.assert(
    fc.property(world, (value) => {
      let read: World;
      try {
        read = parseWorld({ ...value, reader: readerOf(value) });
      } catch (error) {
        if (error instanceof WorldError) return;
        throw error;
      }
      built++;
      expect(checkImage(buildWorld(read, { btf }))).toEqual([]);
    }),
    { numRuns: 600, seed: 6012 },
  );
  expect(built).toBeGreaterThan(30);
});
