/**
 * What a node is made of: rectangles, texts and marks, with the classes that the style sheet and the
 * canvas's table of looks know. Both renderers draw these lists, so a node looks the same in both.
 * Coordinates are the picture's own.
 */
import type { SceneNode } from '../../protocol/scene.ts';
import type { ObjectState } from '../trace/object_state.ts';
import { CELL_W } from './edge_path.ts';
import { fitText } from './fit_text.ts';
import { markPath, sideText } from './look.ts';

export interface RectShape {
  readonly tag: 'rect';
  readonly look: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly r: number;
}
export interface TextShape {
  readonly tag: 'text';
  readonly look: string;
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** In units of the picture; 0: that of the look. */
  readonly size: number;
}
export interface PathShape {
  readonly tag: 'path';
  readonly look: string;
  readonly d: string;
}
export type Shape = RectShape | TextShape | PathShape;

/** All that a node's shapes depend on. */
export interface NodeLook {
  readonly node: SceneNode;
  readonly state: ObjectState;
  readonly container: boolean;
  /** Names of references that the walk holds on this object. */
  readonly held: string;
}

const text = (
  look: string,
  x: number,
  y: number,
  words: string,
  anchor: TextShape['anchor'] = 'start',
  size = 0,
): TextShape => ({ tag: 'text', look, x, y, text: words, anchor, size });

const mark = (state: ObjectState, x: number, y: number): readonly Shape[] => {
  const d = markPath(state.name, x, y);
  return d ? [{ tag: 'path', look: 'mark', d }] : [];
};

const side = (state: ObjectState, x: number, y: number): readonly Shape[] => {
  const words = sideText(state);
  const none = state.name === 'visited' && state.bytes === 0;
  return words ? [text(none ? 'side mono none' : 'side mono', x, y, words, 'end')] : [];
};

/** Wider than this, a slot holds a name and not only a number. */
const NAMED_SLOT_W = 160;

/** As high as a box, it has a box's two lines. */
const TALL_SLOT_H = 30;

function slot(look: NodeLook): readonly Shape[] {
  const { node, state } = look;
  if (node.h >= TALL_SLOT_H) return box(look);
  const { x } = node;
  const right = x + node.w;
  const y = node.y + node.h / 2 + 4;
  if (node.w > NAMED_SLOT_W) {
    const label = fitText(node.label, node.w - 34 - node.detail.length * 5.5, 6.3);
    return [
      ...mark(state, x + 11, y - 4),
      text('key mono label', x + 22, y, label, 'start', 10.5),
      text('detail mono', right - 7, y, node.detail, 'end', 9),
    ];
  }
  return [
    text('key mono label', x + 34, y, node.label, 'end', 10.5),
    ...mark(state, x + 56, y - 4),
    ...side(state, right - 8, y),
  ];
}

/** Wider than a slot: a folded run of objects, with its names. */
const FOLDED_W = 200;

/** Higher than this, a gap is one of an axis, torn out of it. */
const TORN_H = 40;

/** Two torn edges over the height of what they divide, with the length of what is left out below them. */
function torn({ x, y, w, h, label }: SceneNode): readonly Shape[] {
  const bottom = y + h - 18;
  const edge = (at: number): string => {
    const points: string[] = [];
    for (let i = 0; y + 6 * i <= bottom; i++) points.push(`${at + (i % 2 === 0 ? -2.5 : 2.5)} ${y + 6 * i}`);
    return `M${points.join('L')}`;
  };
  const middle = x + w / 2;
  return [
    { tag: 'path', look: 'torn', d: `${edge(middle - 4)}${edge(middle + 4)}` },
    text('side mono', middle, y + h - 3, label, 'middle'),
  ];
}

function gap({ node }: NodeLook): readonly Shape[] {
  const { x } = node;
  if (node.h > TORN_H) return torn(node);
  const y = node.y + node.h / 2 + 3.5;
  if (!node.detail) return [text('side mono', x + node.w / 2, y, node.label, 'middle')];
  const key = /^\d+(–\d+)?$/.test(node.label) && node.w <= FOLDED_W;
  const label = key ? node.label : fitText(node.label, node.w - 30 - node.detail.length * 5.4, 6);
  return [
    text('side mono', x + (key ? 34 : 10), y, label, key ? 'end' : 'start'),
    text('side', x + node.w - 8, y, node.detail, 'end'),
  ];
}

/** Height of the heading of a group that has its objects inside. */
const HEADING_H = 28;

/** Name of a group at the left, how much it holds at the right. */
function group({ node, container }: NodeLook): readonly Shape[] {
  if (!node.label) return [];
  const y = node.y + (container ? HEADING_H : node.h) / 2 + 4;
  const label = fitText(node.label, node.w - 30 - node.detail.length * 6, 6.9);
  return [
    text('label mono', node.x + 10, y, label),
    text('detail mono', node.x + node.w - 10, y, node.detail, 'end'),
  ];
}

/** A block of an address space: permissions, name, size, and a foot in the colour of what may be done. */
function vma({ node, state }: NodeLook): readonly Shape[] {
  const { x, y } = node;
  const [perms = '', size = ''] = node.detail.split(/ (.*)/);
  const foot = perms.includes('x') ? 'exec' : perms.includes('w') ? 'write' : '';
  const feet: readonly RectShape[] = foot
    ? [{ tag: 'rect', look: `foot ${foot}`, x: x + 1, y: y + node.h - 4, w: node.w - 2, h: 3, r: 1.5 }]
    : [];
  return [
    ...perms
      .split('')
      .flatMap((letter, i) =>
        letter === '-' ? [] : [text(`perm mono ${letter}`, x + 7 + i * 8, y + 14, letter)],
      ),
    ...mark(state, x + node.w - 10, y + 11),
    text('label', x + 7, y + 27, fitText(node.label, node.w - 10, 6.1), 'start', 11),
    text('detail mono', x + 7, y + 40, size),
    ...feet,
  ];
}

/** Smaller ones have no room for a mark; the object's box beside them has it. */
const MARKED_CELL_W = 46;

/** Two lines where there is height for them, one where not; the mark and the bytes at the right. */
function box({ node, state, container, held }: NodeLook): readonly Shape[] {
  const round = node.kind === 'inode';
  const cell = node.kind === 'item' && node.w <= CELL_W;
  const tall = node.h >= 30 && !cell;
  const middle = round || cell;
  const right = node.x + node.w;
  const centre = node.y + node.h / 2;
  const markRoom = markPath(state.name, 0, 0) === '' ? 0 : 16;
  const column = container ? Math.min(node.w, 132) : node.w;
  const room = column - 20 - (container ? 0 : markRoom);
  const x = node.x + (middle ? node.w / 2 : container ? 11 : 9);
  const anchor = middle ? 'middle' : 'start';
  const top = container ? node.y + 20 : tall ? centre - 3 : centre + 4;
  const told = state.name === 'skipped' && !cell ? state.reason : node.detail;
  const holds = held !== '' && !container;
  const detail = holds ? `${told} ${held}`.trim() : told;
  const showSide = tall && !container && !cell && node.w > CELL_W;
  const sideRoom = showSide && node.kind !== 'file' ? sideText(state).length * 6.4 + 6 : 0;
  const label = fitText(node.label, middle && !round ? node.w : room, container ? 7.4 : 6.4);
  const shapes: Shape[] = [text(cell ? 'label mono key' : 'label', x, top, label, anchor)];
  if (tall && detail) {
    const columns = container ? column - 14 : node.w - 16 - sideRoom;
    const width = container ? 6.6 : 6;
    // A reason without room for what follows from it is whole without that: the hatch says it.
    const [reason = ''] = detail.split(': ');
    const short = told === state.reason && detail.length * width > columns ? reason : detail;
    const fitted = fitText(short, columns, width);
    const look = holds ? 'held mono' : 'detail mono';
    shapes.push(text(look, x, container ? node.y + 36 : centre + 11, fitted, anchor));
  }
  if (!tall && detail && !cell && node.w > 120) {
    // Half a detail says nothing: the label has the room.
    const fits = detail.length * 6 <= node.w - 24 - markRoom - node.label.length * 6.4;
    if (fits) shapes.push(text('detail mono', right - 8 - markRoom, top, detail, 'end'));
  }
  if (!container && !round && !(cell && node.w < MARKED_CELL_W))
    shapes.push(...mark(state, right - 11, tall || node.kind === 'item' ? node.y + 10 : centre));
  if (showSide) shapes.push(...side(state, right - 8, centre + 11));
  // A process has its threads below its name; an address space has room there.
  if (held !== '' && container && node.kind === 'task')
    shapes.push(text('held mono', node.x + 15 + detail.length * 6.6, node.y + 36, held));
  else if (held !== '' && container) shapes.push(text('held mono', node.x + 11, node.y + node.h - 10, held));
  return shapes;
}

const INSIDE: Readonly<Partial<Record<SceneNode['kind'], (look: NodeLook) => readonly Shape[]>>> = {
  slot,
  gap,
  group,
  vma,
};

/** Corner of a node's frame. */
export const radius = (node: SceneNode, container: boolean): number =>
  node.kind === 'inode' ? node.h / 2 : container ? 8 : node.h > 24 ? 7 : 4;

export function nodeShapes(look: NodeLook): readonly Shape[] {
  const { node, container } = look;
  const inside = (INSIDE[node.kind] ?? box)(look);
  // A gap without a detail is a word between two nodes.
  if (node.kind === 'gap' && !node.detail) return inside;
  const { x, y, w, h } = node;
  // What has come since the walk began has a plus on its corner.
  const plus: readonly Shape[] = look.state.fresh
    ? [{ tag: 'path', look: 'plus', d: `M${x - 4} ${y}h8M${x} ${y - 4}v8` }]
    : [];
  return [{ tag: 'rect', look: 'shape', x, y, w, h, r: radius(node, container) }, ...inside, ...plus];
}

/** Frames and gaps are seen, not chosen. */
export const isChoosable = ({ kind }: SceneNode): boolean => kind !== 'gap' && kind !== 'group';
