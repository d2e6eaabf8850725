/** What is said of a world made from a number is what would be counted in it. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { smallestBig } from '../kernel/big_world.ts';
import { bootKernel, readWorld } from './boot.ts';
import type { Resources } from './resources.ts';
import { summarize, summarizeBig } from './summary.ts';

const resources: Resources = { btf: () => kernelBtf, world: () => null, worldNames: [] };
const booted = (name: string) => {
  const world = readWorld({ name }, resources);
  return { world, kernel: bootKernel(world, resources, { world: { name } }) };
};

const small = booted(smallestBig('big:1000') ?? '');
const said = summarize('small', small.world, small.kernel);

test('a thousand objects are summed up from fifty', () => {
  const { world, kernel } = booted('big:1000');
  const counted = summarize('big:1000', world, kernel);
  expect(summarizeBig('big:1000', said, small.kernel)).toEqual(counted);
  expect(counted.tasks).toHaveLength(20);
});

test('of a world that does not fit, the reason is given', () => {
  const { error, tasks } = summarizeBig('big:9000000', said, small.kernel);
  expect(error).toMatch(/^big:9000000: world: 9000000 objects of \d+ bytes need/);
  expect(tasks).toEqual([]);
});
