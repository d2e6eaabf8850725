/**
 * What draws the picture. Two renderers share this interface: SVG for what a person can overlook, crisp
 * and focusable, and Canvas 2D above that. React mounts the pane; no renderer goes through it.
 */
import type { Folded } from '../trace/fold.ts';
import type { Now } from '../trace/object_state.ts';
import type { Picture } from '../trace/picture.ts';

/** A picture and the recording whose states it shows. */
export interface Subject {
  readonly picture: Picture;
  readonly folded: Folded;
}

/** Where the picture lies under the pane: pixel = k * unit + offset. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly k: number;
  /** Of the pane, in CSS pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Moment {
  readonly now: Now;
  readonly selected: number | null;
  /** Nodes that stand out while the pointer is on one of them, or null. */
  readonly lit: ReadonlySet<number> | null;
  /** The one node that Tab reaches. */
  readonly tabStop: number;
  /** What the walk holds on an object: field and count by address. */
  readonly held: ReadonlyMap<bigint, { readonly field: string; readonly n: number }>;
}

export interface Renderer {
  setScene(subject: Subject): void;
  setCamera(view: View): void;
  setMoment(moment: Moment): void;
  /** Brings the screen up to date; called at most once in a frame. @returns whether the next frame has more to do */
  draw(): boolean;
  /** @returns the node under a pixel of the pane, or -1 */
  hitTest(x: number, y: number): number;
  dispose(): void;
}

/** The visible part of the picture, with a margin in units around it. */
export const visible = (view: View, margin: number) => ({
  x: -view.x / view.k - margin,
  y: -view.y / view.k - margin,
  w: view.width / view.k + 2 * margin,
  h: view.height / view.k + 2 * margin,
});

/** The topmost choosable node under a pixel: arithmetic on the layout, the picture is not asked. */
export function nodeUnder(picture: Picture, view: View, x: number, y: number, call: number): number {
  const at = { x: (x - view.x) / view.k, y: (y - view.y) / view.k };
  const ids = picture.inView(at.x, at.y, 0, 0);
  const choosable = (id: number): boolean =>
    picture.kind(id) !== 'gap' && picture.kind(id) !== 'group' && picture.lives.of(id, call) !== 'later';
  return ids.findLast((id) => choosable(id) && !picture.isContainer(id)) ?? ids.findLast(choosable) ?? -1;
}

/** `usage +1 held` in a frame, `+ 1 held` behind a count that the node shows already. */
export function heldText(picture: Picture, id: number, held: Moment['held']): string {
  const node = picture.node(id);
  const holding = node && held.get(node.addr);
  if (!holding || node.kind === 'slot' || node.kind === 'item' || node.h < 30) return '';
  const taken = `${holding.field} +${holding.n}`;
  if (picture.isContainer(id)) return node.kind === 'task' ? taken : `${taken} held`;
  return node.detail.startsWith(holding.field) ? `+ ${holding.n} held` : `${taken} held`;
}

/** An arrow looks like the visit that goes along it: out of a slot, or into the next cell of a line. */
export function edgeLook(
  picture: Picture,
  edge: number,
  call: number,
  nameOf: (id: number) => string,
): string {
  const [from, to] = [picture.from(edge), picture.to(edge)];
  if (picture.lives.any) {
    const ends = [nameOf(from), nameOf(to)];
    if (ends.includes('unborn') || picture.lives.ofArrow(edge, call) === 'later') return 'unborn';
    // The order of a walk leaves out what is gone; a pointer that led there is shown.
    if (ends.includes('vanished')) return picture.edge(edge).via === 'next' ? 'unborn' : 'vanished';
    if (picture.lives.ofArrow(edge, call) === 'gone') return 'unborn';
  }
  const kind = picture.kind(from);
  // The order of the walk and the trees that it goes through; what else leaves an object is a pointer in it.
  const isWay =
    picture.edge(edge).via === 'next' ||
    kind === 'group' ||
    (kind === 'item' && picture.kind(to) !== 'object');
  if (isWay) {
    const name = nameOf(to);
    return name === 'plain' ? '' : name === 'reached' ? 'current' : name;
  }
  const name = nameOf(from);
  return name === 'current' || kind === 'slot' || kind === 'item' ? name : '';
}
