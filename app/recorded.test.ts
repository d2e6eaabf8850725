/**
 * Every recorded case, with clang's object and with ours, in the recorded kernel's layout and in our own:
 * the same verdict, links, reads and text as on Linux, but for the deviations listed with their reasons.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { playCase } from './cli/case.ts';
import { DEVIATIONS } from './cli/recorded/deviations.ts';
import type { Deviation } from './cli/recorded/deviations.ts';
import { openCase } from './cli/recorded/truth.ts';
import { resources } from './resources.ts';

const CASES = join(import.meta.dirname, '..', 'recorded', 'linux-6.12', 'cases');
const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'linux.json')));
const ways = (['clang', 'ours'] as const).flatMap((object) =>
  (['recorded', 'own'] as const).map((layout) => ({ object, layout })),
);
const cases = names.flatMap((name) => ways.map((way) => ({ name, ...way })));

const met = new Set<Deviation>();

test.for(cases)('$name: $object object, $layout layout', ({ name, object, layout }) => {
  const btf = layout === 'own' ? resources.btf() : null;
  const { differences, deviations } = playCase(openCase(join(CASES, name)), { object, btf });
  for (const deviation of deviations) met.add(deviation);
  expect(differences).toEqual([]);
});

test('every listed deviation still appears', () => {
  expect(DEVIATIONS.filter((deviation) => !met.has(deviation))).toEqual([]);
});
