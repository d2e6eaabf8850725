/** The course of a field over a run is what looking at every moment would have shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { createEngineApi } from '../src/engine/machine_api.ts';
import { resources } from './resources.ts';

const text = readFileSync(join(import.meta.dirname, 'examples/task_file.bpf.c'), 'utf8');
const context = { cancelled: () => false, progress: () => undefined, breathe: () => Promise.resolve() };

test('f_count of a file that many share rises while the walk holds it, and falls with it', async () => {
  const api = createEngineApi(resources);
  const scenario = {
    world: { name: 'demo' },
    source: { path: 'task_file.bpf.c', text },
    options: { readSize: 256 },
  };
  const [trace] = (await api.run({ scenario }, context)).sessions;
  const { session = 0, length = 0, read = [], object = [] } = trace ?? {};
  // The file that is walked most often: a terminal.
  const times = new Map<bigint, number>();
  for (const addr of object) times.set(addr, (times.get(addr) ?? 0) + 1);
  const [addr = 0n] = [...times].filter(([one]) => one !== 0n).sort((a, b) => b[1] - a[1])[0] ?? [];
  const path = 'f_count.counter';
  const course = await api.course({ session, struct: 'file', addr, path, from: 0 }, context);
  expect(course.length).toBeGreaterThan(10);
  const seen: string[] = [];
  for (let call = 0; call < length; call++) {
    const moment = { session, read: read[call] ?? 0, call };
    const peeked = await api.peek({ moment, struct: 'file', addr }, context);
    const value = peeked?.fields.find((field) => field.path === path)?.value ?? '';
    if (value !== seen.at(-1)?.split(' ')[1]) seen.push(`${call} ${value}`);
  }
  expect(course.map(({ call, field }) => `${call} ${field?.value}`)).toEqual(seen);
  // From the middle on: the same, beginning with the value that it has there.
  const from = course[4]?.call ?? 0;
  expect(await api.course({ session, struct: 'file', addr, path, from }, context)).toEqual(course.slice(4));
});
