/** What the documentation says of our fidelity is what the sources say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { TARGET_NAMES } from './engine/abi/releases.ts';
import { MAP_TYPE_NAMES } from './engine/abi/uapi.ts';
import { MAP_KINDS } from './engine/bpf/maps/index.ts';
import { TARGETS } from './engine/iter/targets/index.ts';

const root = join(import.meta.dirname, '..');
const gaps = readFileSync(join(root, 'docs', 'known_gaps.md'), 'utf8');
/** The names that follow a heading of the list, up to the end of the sentence. */

test('docs/fidelity.md is what the tags in the sources say', () => {
  const { stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'fidelity.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
});

test('every target is modelled, as docs/known_gaps.md says', () => {
  expect(TARGETS.map(({ target }) => target).sort()).toEqual([...TARGET_NAMES].sort());
  expect(gaps).toContain(`all ${TARGET_NAMES.length} are there`);
});

test('every map type can be created, as docs/known_gaps.md says', () => {
  const kinds = new Set<string>([...MAP_KINDS.values()].map(({ name }) => name));
  const types = MAP_TYPE_NAMES.map((name) => name.toLowerCase()).filter((name) => name !== 'unspec');
  expect(types.filter((name) => !kinds.has(name))).toEqual([]);
  expect(gaps).toContain(`**Map types**: all ${types.length} can be created`);
});
