import { expect, test } from 'vitest';
import { foldTrace } from './fold.ts';
import { namesOf } from './names.ts';
import { findCall, parseCondition } from './search.ts';
import { sketch } from './sketch.ts';

const trace = sketch(
  64,
  `start A/0
   show A/0 +6
   next A/3
   show A/3 +7
   next B/3
   show B/3 =-11
   stop B/3
   copy
   |`,
);
const of = { folded: foldTrace(trace), names: namesOf(null), output: 'bash 0cat  33\n' };

const find = (line: string, from = -1, by: 1 | -1 = 1): number => {
  const condition = parseCondition(line);
  if (!condition.ok) throw new Error(condition.problem);
  return findCall(of, condition.test, from, by);
};

test('a condition is found forwards and backwards, all its terms have to hold', () => {
  expect(find('kind show')).toBe(1);
  expect(find('kind show', 1)).toBe(3);
  expect(find('kind show fd 3', -1)).toBe(3);
  expect(find('kind=show fd=3', 3)).toBe(5);
  expect(find('kind show', trace.length, -1)).toBe(5);
  expect(find('kind show fd 9')).toBe(-1);
  expect(find('output "cat  33"')).toBe(3);
  expect(find('output 33')).toBe(3);
  expect(find('kind stop')).toBe(6);
  expect(find('"fd 3"')).toBe(2);
  const shown = parseCondition('kind show');
  expect(shown.ok && findCall(of, shown.test, 1, 1, 2)).toBe(-1);
  expect(shown.ok && findCall(of, shown.test, 1, 1, 3)).toBe(3);
});

test('a line that means nothing says why', () => {
  const problem = (line: string) => {
    const condition = parseCondition(line);
    return condition.ok ? 'none' : condition.problem;
  };
  expect(problem('')).toBe('');
  expect(problem('pid')).toBe('pid needs a number');
  expect(problem('fd three')).toBe('fd needs a number');
  expect(problem('kind jump')).toBe('kind is one of start, next, show, stop, copy');
  expect(problem('output')).toBe('output needs a text');
});
