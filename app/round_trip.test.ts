/** Recorded machines, written as worlds and read again: every iterator says the same of both. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { AttachParams } from '../src/protocol/scenario.ts';
import { importRecorded } from '../src/engine/kernel/import_recorded.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import type { Machine } from '../src/engine/machine/boot.ts';
import { playObject } from '../src/engine/machine/play.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { resources } from './resources.ts';

const WORLDS = join(import.meta.dirname, '../recorded/linux-6.12/worlds');
const snapshots = readdirSync(WORLDS).filter((name) => name.endsWith('.json'));
const EXAMPLES = join(import.meta.dirname, 'examples');
const ATTACH: Readonly<Record<string, AttachParams>> = {
  bpf_map_elem: { map: 'levels' },
  sockmap: { map: 'proxied' },
  bpf_sk_storage_map: { map: 'sk_bytes' },
  cgroup: { cgroup: '/', order: 'pre' },
};
/** Of 6.12; the other two came later. */
const TARGETS = readdirSync(EXAMPLES)
  .flatMap((name) => /^(\w+)\.bpf\.c$/.exec(name)?.[1] ?? [])
  .filter((target) => target !== 'kmem_cache' && target !== 'dmabuf');

const boot = (text: string): Machine =>
  bootMachine(resources, { world: { name: 'recorded.json', text }, release: '6.12' });
const objects = new Map<string, Uint8Array>();
function objectOf(target: string, { kernel }: Machine): Uint8Array {
  const path = join(EXAMPLES, `${target}.bpf.c`);
  const known =
    objects.get(target) ?? compileSource({ path, text: readFileSync(path, 'utf8') }, kernel.btf).object;
  if (!known) throw new Error(`${target} does not compile`);
  objects.set(target, known);
  return known;
}

/** What each target's example prints, one after the other on one machine. */
function printed(machine: Machine): Map<string, string> {
  const said = TARGETS.map((target): [string, string] => {
    const play = playObject(machine, target, objectOf(target, machine), { attach: ATTACH[target] ?? {} });
    let step = play.next();
    while (!step.done) step = play.next();
    const { report } = step.value;
    expect([target, report.stage]).toEqual([target, 'done']);
    return [target, report.output];
  });
  return new Map(said);
}

test.each(snapshots)('%s', (name) => {
  const text = readFileSync(join(WORLDS, name), 'utf8');
  const before = printed(boot(text));
  const after = printed(boot(JSON.stringify(importRecorded(JSON.parse(text)))));
  expect(TARGETS).toHaveLength(16);
  for (const target of TARGETS) expect(after.get(target), target).toBe(before.get(target));
  // Machines of which nothing is printed would be alike too.
  for (const target of ['task', 'task_file', 'task_vma', 'ksym', 'bpf_prog', 'cgroup'])
    expect((before.get(target) ?? '').split('\n').length, target).toBeGreaterThan(2);
});
