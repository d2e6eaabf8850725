import { expect, test } from 'vitest';
import { flickOf } from './flick.ts';

const way = (dx: number, dy: number, ms: number) =>
  flickOf({ x: 200, y: 300, at: 1000 }, { x: 200 + dx, y: 300 + dy, at: 1000 + ms });

test('a quick level way of the finger is a flick: to the left onwards, to the right back', () => {
  expect(way(-80, 10, 120)).toBe(1);
  expect(way(80, -10, 120)).toBe(-1);
});

test('a tap, a slow way and one that climbs are none', () => {
  expect([way(-20, 0, 60), way(-80, 10, 700), way(-80, 60, 120)]).toEqual([0, 0, 0]);
});
