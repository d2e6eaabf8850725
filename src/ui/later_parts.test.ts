/** Nothing of the page that is loaded later is forgotten when the page is at rest. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const ui = import.meta.dirname;
const importsOf = (file: string): string[] =>
  [...readFileSync(join(ui, file), 'utf8').matchAll(/\bimport\('(\.[^']+)'\)/g)].map(([, path = '']) =>
    relative(ui, join(ui, dirname(file), path)),
  );
/** Monaco's own parts are fetched when its first part is there, the embedded player is another page. */
const ELSEWHERE = /^(editor|embed)\//;

test('every part that is imported later is fetched when the page is at rest', () => {
  const files = readdirSync(ui, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('.test.') && file !== 'later_parts.ts',
  );
  const wanted = files.filter((file) => !ELSEWHERE.test(file)).flatMap(importsOf);
  const fetched = importsOf('later_parts.ts');
  expect(fetched.length).toBeGreaterThan(10);
  // The list itself.
  expect(wanted.filter((path) => !fetched.includes(path) && !ELSEWHERE.test(path))).toEqual([
    'later_parts.ts',
  ]);
  expect(fetched.filter((path) => !wanted.includes(path))).toEqual([]);
});
