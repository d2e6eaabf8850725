/** What the documentation says of our fidelity is what the sources say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { TARGET_NAMES } from './engine/abi/releases.ts';
import { MAP_KINDS } from './engine/bpf/maps/index.ts';
import { TARGETS } from './engine/iter/targets/index.ts';

const root = join(import.meta.dirname, '..');
const gaps = readFileSync(join(root, 'docs', 'known_gaps.md'), 'utf8');
/** The names that follow a heading of the list, up to the end of the sentence. */
const named = (heading: RegExp): string[] => (heading.exec(gaps)?.[1] ?? '').split(', ').sort();

test('docs/fidelity.md is what the tags in the sources say', () => {
  const { stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'fidelity.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
});

test('docs/known_gaps.md names every target that is not modelled', () => {
  const modelled = new Set(TARGETS.map(({ target }) => target));
  const missing = TARGET_NAMES.filter((name) => !modelled.has(name));
  expect(named(/\*\*Targets\*\* not modelled: ([^.]*)\./)).toEqual([...missing].sort());
});

test('docs/known_gaps.md names the map types that there are', () => {
  const kinds = [...MAP_KINDS.values()].map(({ name }) => name);
  expect(named(/\*\*Map types\*\* that can be created: ([^.]*)\./)).toEqual(kinds.sort());
});
