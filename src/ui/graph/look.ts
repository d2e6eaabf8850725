/**
 * How a state looks, apart from its colour: the mark, the words and what stands at the right edge. Both
 * renderers draw from here, so that a node says the same on a canvas and in SVG.
 */
import type { ObjectState, ObjectStateName } from '../trace/object_state.ts';

/** A piece of a path: where it begins, from the middle of the mark, and how it goes on. */
type Stroke = readonly [x: number, y: number, rest: string];

/** Marks on a field of 12 units around their middle; shape and not colour tells the states apart. */
const MARKS: Readonly<Partial<Record<ObjectStateName, readonly Stroke[]>>> = {
  'will-visit': [[2.6, 0, 'a2.6 2.6 0 1 1 -5.2 0a2.6 2.6 0 1 1 5.2 0']],
  visited: [[-4, 0, 'l3 3 6-6.5']],
  current: [[-3, -4, 'l7 4-7 4z']],
  vanished: [
    [-3.2, -3.2, 'l6.4 6.4'],
    [3.2, -3.2, 'l-6.4 6.4'],
  ],
  'rolled-back': [
    [3.5, -2.5, 'a4 4 0 1 0 .6 3.8'],
    [4, -5, 'v3h-3'],
  ],
};

/**
 * Path of a state's mark around a point, ''. Its coordinates are the picture's own: a transform on each
 * mark would be a layer of its own for the browser to sort in every frame.
 */
export const markPath = (name: ObjectStateName, x: number, y: number): string =>
  (MARKS[name] ?? []).map(([dx, dy, rest]) => `M${x + dx} ${y + dy}${rest}`).join('');

const STATE_WORDS: Readonly<Record<ObjectStateName, string>> = {
  'will-visit': 'will be visited',
  current: 'current',
  reached: 'the current object points to it',
  visited: 'visited',
  skipped: 'skipped by the kernel',
  'out-of-range': 'out of range',
  'rolled-back': 'taken back, will be shown again',
  vanished: 'vanished',
  unborn: '',
  plain: '',
};

export const stateWord = (name: ObjectStateName): string => STATE_WORDS[name];

/** State of a node in words, for its name and its tooltip. */
export function stateText(state: ObjectState): string {
  const visits = state.visits > 1 ? `, visited ${state.visits} times` : '';
  const bytes = state.name === 'visited' ? `, ${state.bytes} B` : '';
  const fresh = state.fresh && state.name !== 'unborn' ? ', new since the walk began' : '';
  const reason = state.reason ? `: ${state.reason}` : '';
  return `${STATE_WORDS[state.name]}${visits}${bytes}${reason}${fresh}`;
}

/** What stands at the right edge: the callback, the bytes written, the reason. */
export function sideText(state: ObjectState): string {
  if (state.name === 'current') return state.callback;
  if (state.name === 'rolled-back') return 'again';
  if (state.name === 'vanished') return state.visits > 0 ? `${state.bytes} B` : 'gone';
  if (state.name !== 'visited') return '';
  return `${state.visits > 1 ? `✓${state.visits} ` : ''}${state.bytes} B`;
}

export const sameState = (a: ObjectState, b: ObjectState): boolean =>
  a.name === b.name &&
  a.bytes === b.bytes &&
  a.visits === b.visits &&
  a.reason === b.reason &&
  a.callback === b.callback &&
  a.active === b.active &&
  a.since === b.since;
