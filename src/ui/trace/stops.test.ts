/** Lines that are come to: of a reader on its timeline, of kernel code among the lines of a trace. */
import { expect, test } from 'vitest';
import { placeAt, placeCount } from '../../protocol/reader.ts';
import type { ReaderTrace } from '../../protocol/reader.ts';
import { ownLineAt, ownLineRows, rowAfter } from './kernel_lines.ts';
import { nextStop } from './reader_places.ts';
import { sketch } from './sketch.ts';

/** Lines 5, 6 (two callbacks in it), 5 again, 7. */
const reader: ReaderTrace = {
  length: 4,
  files: ['reader.c', 'mine.h'],
  functions: ['main'],
  tid: Uint32Array.from([1, 1, 1, 1]),
  file: Uint16Array.from([0, 0, 0, 0]),
  line: Uint32Array.from([5, 6, 5, 7]),
  function: Uint16Array.from([0, 0, 0, 0]),
  depth: Uint16Array.from([0, 0, 0, 0]),
  calls: Uint32Array.from([0, 0, 2, 2]),
  output: Uint32Array.from([0, 0, 0, 0]),
  values: [],
  callSessions: Uint32Array.from([1, 1]),
  dropped: 0,
};

test('a reader stops where it comes to a line, every time, and at none that it does not come to', () => {
  expect(placeCount(reader)).toBe(6);
  expect(nextStop(reader, [5], -1)).toBe(0);
  expect(nextStop(reader, [5], 0)).toBe(4);
  expect(placeAt(reader, 4)).toEqual({ kind: 'line', step: 2 });
  expect(nextStop(reader, [5], 4)).toBe(Infinity);
  expect(nextStop(reader, [7, 6], 0)).toBe(1);
  expect(nextStop(reader, [7, 6], 1)).toBe(5);
  expect(nextStop(reader, [8], -1)).toBe(Infinity);
  const included = { ...reader, file: Uint16Array.from([0, 1, 0, 0]) };
  expect(nextStop(included, [6], -1)).toBe(Infinity);
});

test('rows of kernel code are its own lines, forth and back, all or some', () => {
  const trace = {
    ...sketch(64, 'start A/0\nshow A/0 +6\nnext A/3'),
    lines: {
      call: Uint32Array.from([0, 0, 0, 1, 2, 2]),
      line: Uint16Array.from([0, 1, 2, 0, 1, 2]),
      ids: ['read.show', 'my_start.12', 'my_start.13'],
    },
  };
  expect([...ownLineRows(trace, null, 0, 6)]).toEqual([1, 2, 4, 5]);
  expect([...ownLineRows(trace, [13], 0, 6)]).toEqual([2, 5]);
  expect([...ownLineRows(trace, null, 4, -1)]).toEqual([4, 2, 1]);
  expect([...ownLineRows(trace, null, rowAfter(trace, 0), rowAfter(trace, 1))]).toEqual([]);
  expect([0, 1, 2].map((row) => ownLineAt(trace, row))).toEqual([0, 12, 13]);
});
