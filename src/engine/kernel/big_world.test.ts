/** `big:N`: what it takes is known before anything is made. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { Btf } from '../btf/parse.ts';
import { bigSize, bigWorld, householdBytes } from './big_world.ts';
import { buildWorld } from './build_world.ts';
import { Types } from './types.ts';
import { parseWorld } from './world.ts';

const btf = Btf.parse(kernelBtf);
const types = new Types(btf);
const sizeOf = (struct: string): number => types.struct(struct).size;
const HOUSEHOLD = 50;

test('a household takes as many bytes as the layout says, give or take a tenth', () => {
  const used = (objects: number): number =>
    buildWorld(parseWorld(bigWorld(objects, sizeOf)), { btf }).mem.used;
  // From here on no new names are made: all households use the same 64 directories.
  const measured = (used(10_000) - used(5_000)) / (5_000 / HOUSEHOLD);
  expect(householdBytes(sizeOf) / measured).toBeGreaterThan(0.9);
  expect(householdBytes(sizeOf) / measured).toBeLessThan(1.1);
});

test('a million objects are 20 thousand tasks, 480 thousand files and 500 thousand areas, and fit in 1.5 GiB', () => {
  const { processes } = bigWorld(1_000_000, sizeOf);
  expect(processes).toHaveLength(20_000);
  const count = (lengthOf: (process: (typeof processes)[number]) => number): number =>
    processes.reduce((sum, process) => sum + lengthOf(process), 0);
  expect(count(({ fds }) => (Array.isArray(fds) ? fds.length : 0))).toBe(480_000);
  expect(count(({ mm }) => (mm && 'vmas' in mm ? mm.vmas.length : 0))).toBe(500_000);
  expect(20_000 * householdBytes(sizeOf)).toBeLessThan(1.5 * 2 ** 30);
});

test('a size that does not fit is refused with numbers, by the layout it is for', () => {
  expect(() => bigWorld(10_000_000, sizeOf)).toThrow(
    /^world: 10000000 objects of \d+ bytes need \d+\.\d GiB, more than the 1\.5 GiB a machine may have; the most is \d+$/,
  );
  expect(() => bigWorld(1_000_000, (struct) => 8 * sizeOf(struct))).toThrow('more than the 1.5 GiB');
});

test.each([
  ['big', 10_000],
  ['big:7', 7],
  ['bigger', null],
  ['big:-1', null],
  ['big:1e9', null],
])('%s asks for %s', (name, size) => {
  expect(bigSize(name)).toBe(size);
});
