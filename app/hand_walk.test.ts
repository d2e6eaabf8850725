/** A program that walks the kernel's structures by hand must find what the iterator finds. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { iterscope } from './cli/testing.ts';

const program = (name: string): string => join(import.meta.dirname, 'testdata', `${name}.bpf.c`);
const lines = (name: string, world: string): string[] => {
  const { status, stdout, stderr } = iterscope('run', program(name), '--world', world);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
};

const WORLDS = ['docs', 'demo'];
const cases = ['task', 'task_file', 'task_vma'].flatMap((target) =>
  WORLDS.map((world) => ({ target, world })),
);

test.for(cases)('$target in world $world', ({ target, world }) => {
  const byHand = lines(`hand_${target}`, world);
  const byIterator = lines(`iter_${target}`, world);
  expect(byIterator.length).toBeGreaterThan(15);
  // The list of processes is in the order they were made; the iterator goes by number.
  expect(byHand.toSorted()).toEqual(byIterator.toSorted());
});
