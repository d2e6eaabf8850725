/**
 * Objects in groups with headings, each group in rows: routes by table, places of a map, caches, buffers. The
 * order on the screen is that of the walk, from left to right and then down.
 */
import type { Scene, SceneNodeKind } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import { SceneBuilder } from './builder.ts';

const TOP = 34;
const HEAD_H = 28;
const CELL = { w: 252, h: 38, gap: 14 };
const ROW = CELL.h + 12;
const PER_ROW = 3;
const PAD = 8;
const WIDTH = PER_ROW * (CELL.w + CELL.gap) - CELL.gap + 2 * PAD;
/** Objects of a picture that are drawn; the rest is counted. */
const DRAWN = 500;

export interface Item {
  readonly addr: Addr;
  readonly owner: Addr;
  readonly key: number;
  readonly label: string;
  readonly detail: string;
  readonly struct: string;
  /** A place of a container rather than an object of its own. */
  readonly kind?: SceneNodeKind;
}
export interface Group {
  readonly label: string;
  readonly detail: string;
  readonly addr?: Addr;
  readonly struct?: string;
  readonly items: readonly Item[];
}

/**
 * @param rule what the walk holds and keeps, above the picture
 * @param end what happens behind the last object
 */
export function drawGroups(target: string, rule: string, groups: readonly Group[], end: string): Scene {
  const scene = new SceneBuilder();
  let y = TOP;
  let before = -1;
  let left = DRAWN;
  for (const { items, ...heading } of groups) {
    const shown = items.slice(0, left);
    left -= shown.length;
    const rows = Math.ceil(shown.length / PER_ROW);
    const box = scene.node(
      { kind: 'group', ...heading },
      { x: 12, y, w: WIDTH, h: HEAD_H + rows * ROW + (rows > 0 ? PAD : 0) },
    );
    shown.forEach((item, i) => {
      const node = scene.node(
        { kind: 'item', parent: box, ...item },
        {
          x: 12 + PAD + (i % PER_ROW) * (CELL.w + CELL.gap),
          y: y + HEAD_H + Math.floor(i / PER_ROW) * ROW,
          w: CELL.w,
          h: CELL.h,
        },
      );
      if (before >= 0 && i % PER_ROW !== 0) scene.edge(before, node, 'next');
      before = node;
    });
    y += HEAD_H + rows * ROW + PAD + 10;
    if (shown.length === items.length) continue;
    scene.node(
      { kind: 'gap', label: `${shown.length} of ${items.length} drawn`, detail: 'the walk visits them all' },
      { x: 12, y, w: WIDTH, h: 20 },
    );
    y += 30;
  }
  scene.node({ kind: 'end', label: 'end', detail: end }, { x: 12, y, w: WIDTH, h: 28 });
  return scene.finish(target, [{ label: rule, x: 12, w: WIDTH }]);
}
