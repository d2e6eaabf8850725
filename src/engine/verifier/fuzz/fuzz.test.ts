/** A slice of what scripts/fuzz_verifier.mjs runs: the verifier keeps its promises on random programs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { Campaign, emptyTally } from './campaign.ts';

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
