/** A slice of what scripts/fuzz_worlds.mjs plays: the image holds after every change, and nothing is left behind. */
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { Btf } from '../../btf/parse.ts';
import { Campaign, emptyTally } from './campaign.ts';

test('random worlds and changes keep the image sound, and leave nothing behind when all is closed', () => {
  const campaign = new Campaign(Btf.parse(kernelBtf), 7);
  const tally = emptyTally();
  for (let n = 0; n < 40; n++) campaign.step(n, tally);
  expect(tally.failures).toEqual([]);
  // Worlds and changes that are all refused are no proof.
  expect(tally.worlds - tally.refusedWorlds).toBeGreaterThan(30);
  expect(tally.changes - tally.refusedChanges).toBeGreaterThan(300);
}, 180_000);
