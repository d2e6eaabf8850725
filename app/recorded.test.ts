/**
 * Every recorded case, with clang's object and with ours, in the recorded kernel's layout and in our own:
 * the same verdict, links, reads and text as on Linux, but for the deviations listed with their reasons.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { playCase } from './cli/case.ts';
import { DEVIATIONS } from './cli/recorded/deviations.ts';
import { openCase } from './cli/recorded/truth.ts';
import { resources } from './resources.ts';

const CASES = join(import.meta.dirname, '..', 'recorded', 'linux-6.12', 'cases');
const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'linux.json')));
const ways = (['clang', 'ours'] as const).flatMap((object) =>
  (['recorded', 'own'] as const).map((layout) => ({ object, layout })),
);
const cases = names.flatMap((name) => ways.map((way) => ({ name, ...way })));

const met = new Set<number>();

test.for(cases)('$name: $object object, $layout layout', ({ name, object, layout }) => {
  const btf = layout === 'own' ? resources.btf() : null;
  const { differences } = playCase(openCase(join(CASES, name)), { object, btf });
  const unexplained = differences.filter((difference) => {
    const known = DEVIATIONS.findIndex(
      (deviation) =>
        deviation.name === name &&
        (deviation.object ?? object) === object &&
        (deviation.layout ?? layout) === layout &&
        deviation.difference.test(difference),
    );
    if (known >= 0) met.add(known);
    return known < 0;
  });
  expect(unexplained).toEqual([]);
});

test('every listed deviation still appears', () => {
  expect(DEVIATIONS.filter((_, i) => !met.has(i))).toEqual([]);
});
