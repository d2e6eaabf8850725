import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SCENE_NODE_KINDS } from '../../protocol/scene.ts';
import type { Scene, SceneNode } from '../../protocol/scene.ts';
import { openScene, packScene } from '../../protocol/scene_columns.ts';
import { foldTrace } from './fold.ts';
import { heldAt } from './held.ts';
import { Picture } from './picture.ts';
import { sketch } from './sketch.ts';
import { WordIndex } from './word_index.ts';

const word = fc.constantFrom(0n, 1n, 0xffff_8880_0000_1000n, 0xffff_8880_0000_2000n, (1n << 64n) - 1n);

test('rows of a word and a key are those that a plain search finds, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, fc.integer({ min: -2, max: 3 }))), (rows) => {
      const words = BigUint64Array.from(rows, ([value]) => value);
      const keys = Float64Array.from(rows, ([, key]) => key);
      const all = Int32Array.from(rows, (_, row) => row);
      const byWord = new WordIndex(words, null, all);
      const byBoth = new WordIndex(words, keys, all);
      for (const [value, key] of rows) {
        expect([...byWord.rowsOf(value)]).toEqual([...all].filter((row) => words[row] === value));
        expect([...byBoth.rowsOf(value, key)]).toEqual(
          [...all].filter((row) => words[row] === value && keys[row] === key),
        );
      }
      expect(byWord.rowsOf(7n)).toHaveLength(0);
    }),
  );
});

/** Places in eighths, which 32-bit floats hold exactly. */
const side = (most: number) => fc.integer({ min: 0, max: most * 8 }).map((n) => n / 8);
const sceneNode = fc.record({
  kind: fc.constantFrom(...SCENE_NODE_KINDS),
  addr: word,
  owner: word,
  struct: fc.constantFrom('', 'file', 'task_struct'),
  key: fc.integer(),
  label: fc.string(),
  detail: fc.string(),
  reason: fc.constantFrom('', 'outside pid 7', 'no files'),
  x: side(900),
  y: side(5000),
  w: side(700),
  h: side(900),
});
const scene = fc.array(sceneNode, { maxLength: 40 }).map((facts): Scene => {
  const nodes = facts.map((node, id): SceneNode => ({ ...node, id, parent: id % 3 === 0 ? -1 : id - 1 }));
  const edges = nodes.slice(1).map((node) => ({ from: node.id, to: node.id - 1, via: `fd[${node.key}]` }));
  return { target: 'task_file', width: 1600, height: 6000, columns: [], nodes, edges };
});

test('a picture comes out of its columns as it went in', () => {
  fc.assert(
    fc.property(scene, (drawn) => {
      expect(openScene(packScene(drawn))).toEqual(drawn);
    }),
  );
});

test('what is in view is what touches it, tall frames too', () => {
  fc.assert(
    fc.property(scene, side(900), side(5500), side(400), side(900), (drawn, x, y, w, h) => {
      const touching = drawn.nodes.filter(
        (node) => node.x <= x + w && node.x + node.w >= x && node.y <= y + h && node.y + node.h >= y,
      );
      expect(new Picture(packScene(drawn)).inView(x, y, w, h)).toEqual(touching.map(({ id }) => id));
    }),
  );
});

test('what is held in a long walk is the same from any checkpoint', () => {
  const pairs = 3000;
  const trace = sketch(1 << 20, `start A/0\n${'show A/0 +1\nnext A/1\n'.repeat(pairs)}`, {
    held: Array.from({ length: 2 * pairs }, (_, i) => ({
      call: i,
      kind: 'file f_count',
      object: BigInt(1 + (i >> 1)),
      delta: i % 2 === 0 ? 1 : -1,
    })),
  });
  expect(foldTrace(trace).objectStops).toHaveLength(pairs);
  for (const call of [0, 1, 1022, 1023, 1024, 2048, 5998])
    expect(heldAt(trace, call).map(({ object, n }) => [object, n])).toEqual(
      call % 2 === 0 ? [[BigInt(1 + call / 2), 1]] : [],
    );
});
