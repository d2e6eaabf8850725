/** Where arrows run: from the right or lower side of a node into the left or upper side of another. */
import type { SceneNode } from '../../protocol/scene.ts';
import type { Picture } from '../trace/picture.ts';

export interface EdgePath {
  readonly d: string;
  /** Middle of the curve, where the cursor's pulse sits. */
  readonly mid: { readonly x: number; readonly y: number };
  /** Where it ends, and whether it comes from above; else from the left. */
  readonly end: { readonly x: number; readonly y: number; readonly down: boolean };
}

/** The head of an arrow, for a canvas: SVG has markers. */
export function arrowHead({ end: { x, y, down } }: EdgePath): Path2D {
  return new Path2D(down ? `M${x - 2.5} ${y - 4}h5l-2.5 5z` : `M${x - 4} ${y - 2.5}v5l5 -2.5z`);
}

/** Arrows enter a node spread over its height, at most so far apart. */
const ENTRY_PITCH = 6;
/** Arrows that climb or fall further leave and arrive as stubs: drawn in full, hundreds of them would be a wall. */
const LONG = 700;
const STUB = 20;
/** Room for the arrow head. */
const HEAD = 3;
/** A cell of a line of numbers is no wider. */
export const CELL_W = 84;
/** How high a hop to the next cell goes, and how far from a cell's middle it begins and ends. */
const HOP = { rise: 15, aside: 7 };

const isCell = ({ kind, w }: SceneNode): boolean => kind === 'item' && w <= CELL_W;

/** Over what lies between two cells of a line: no number there is in use. */
function hop(from: SceneNode, to: SceneNode): EdgePath {
  const x1 = from.x + from.w / 2 + HOP.aside;
  const x2 = to.x + to.w / 2 - HOP.aside;
  const y2 = to.y - HEAD;
  const top = to.y - HOP.rise;
  const bend = (x2 - x1) / 4;
  return {
    d: `M${x1} ${from.y}C${x1 + bend} ${top} ${x2 - bend} ${top} ${x2} ${y2}`,
    mid: { x: (x1 + x2) / 2, y: (from.y + 3 * top) / 4 },
    end: { x: x2, y: y2, down: true },
  };
}

function path(from: SceneNode, to: SceneNode, entry: number, whole: boolean): EdgePath {
  const y1 = from.y + from.h / 2;
  const y2 = to.y + to.h / 2 + entry;
  if (from.y === to.y && isCell(from) && isCell(to)) return hop(from, to);
  if (to.x >= from.x + from.w) {
    const x1 = from.x + from.w;
    const x2 = to.x - HEAD;
    const bend = (x2 - x1) / 2;
    const stubs = !whole && Math.abs(y2 - y1) > LONG;
    return {
      d: stubs
        ? `M${x1} ${y1}h${STUB}m-3 -2.5v5M${x2 - STUB} ${y2}h${STUB}`
        : `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
      mid: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 },
      end: { x: x2, y: y2, down: false },
    };
  }
  if (to.x > from.x) {
    // A child below and to the right: down from the parent's left part, then into the child's side.
    const x1 = from.x + Math.min(16, from.w / 4);
    const below = from.y + from.h;
    return {
      d: `M${x1} ${below}V${y2 - 6}Q${x1} ${y2} ${x1 + 6} ${y2}H${to.x - HEAD}`,
      mid: { x: x1, y: (below + y2) / 2 },
      end: { x: to.x - HEAD, y: y2, down: false },
    };
  }
  if (to.x === from.x && to.w === from.w) {
    const x = from.x + from.w / 2;
    return {
      d: `M${x} ${from.y + from.h}V${to.y - HEAD}`,
      mid: { x, y: (from.y + from.h + to.y) / 2 },
      end: { x, y: to.y - HEAD, down: true },
    };
  }
  // The next row of a folded line: down, back along a lane above the row, and in from above.
  const x1 = from.x + from.w / 2;
  const x2 = to.x + to.w / 2 - (isCell(to) ? HOP.aside : 0);
  const lane = to.y - (isCell(to) ? HOP.rise + 6 : 12);
  return {
    d: `M${x1} ${from.y + from.h}V${lane - 4}Q${x1} ${lane} ${x1 - 4} ${lane}H${x2 + 4}Q${x2} ${lane} ${x2} ${lane + 4}V${to.y - HEAD}`,
    mid: { x: (x1 + x2) / 2, y: lane },
    end: { x: x2, y: to.y - HEAD, down: true },
  };
}

/**
 * The curve of an edge, or null when one of its ends is not in the picture.
 *
 * @param whole also where it is so long that its ends would do
 */
export function edgePath(picture: Picture, edge: number, whole = false): EdgePath | null {
  const [from, to] = [picture.node(picture.from(edge)), picture.node(picture.to(edge))];
  if (!from || !to) return null;
  const into = picture.edgesTo(to.id);
  const pitch = Math.min(ENTRY_PITCH, (to.h - 8) / into.length);
  return path(from, to, (into.indexOf(edge) - (into.length - 1) / 2) * pitch, whole);
}
