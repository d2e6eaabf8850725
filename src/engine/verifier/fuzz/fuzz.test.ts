/** A slice of what scripts/fuzz_verifier.mjs runs: the verifier keeps its promises on random programs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { Campaign, MutantCampaign, emptyTally } from './campaign.ts';

const file = join(import.meta.dirname, '../../../../recorded/linux-6.12/kernel/vmlinux.btf.gz');
const btf = Btf.parse(new Uint8Array(gunzipSync(readFileSync(file))));

test('random programs that are accepted do what the verifier said of them', () => {
  const campaign = new Campaign(btf, 7);
  const tally = emptyTally();
  for (let n = 0; n < 120; n++) campaign.step(n, tally);
  expect(tally.failures).toEqual([]);
  // a verifier that refuses everything is no proof
  expect(tally.accepted).toBeGreaterThan(45);
  expect(tally.checked.all).toBeGreaterThan(35);
});

test('rounds of a loop that are made alike later than in the verdict are no evidence against it', () => {
  const tally = emptyTally();
  new Campaign(btf, 42).step(523374, tally);
  expect(tally.failures).toEqual([]);
  expect(tally.accepted).toBe(1);
});

/** Bytes of the recorded kernel and of an object that was loaded there. */
const bytesOf = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../../../../recorded/linux-6.12', path)));

test("changed forms of a compiler's program that are accepted do what the verifier said of them", () => {
  const types = new Uint8Array(gunzipSync(bytesOf('kernel/vmlinux.btf.gz')));
  const demo = join(import.meta.dirname, '../../../../app/worlds/demo.json');
  const resources = { btf: () => types, world: () => readFileSync(demo, 'utf8'), worldNames: [] };
  const nursery = { resources, boot: { world: { name: 'demo' }, btf: types } };
  const name = 'task_file_count';
  const specimen = { name, object: bytesOf(`cases/${name}/${name}.clang.o`) };
  const campaign = new MutantCampaign(nursery, [specimen], 3);
  const tally = emptyTally();
  for (let n = 0; n < 150; n++) campaign.step(n, tally);
  expect(tally.failures).toEqual([]);
  expect(tally.accepted).toBeGreaterThan(5);
  expect(tally.programs - tally.accepted).toBeGreaterThan(20);
});
