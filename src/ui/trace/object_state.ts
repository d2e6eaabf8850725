/**
 * What each object of the picture is at a moment: not reached, held by the cursor, visited, passed over
 * by a rule of the kernel, outside the parameters, or taken back.
 */
import type { Scene, SceneNode } from '../../protocol/scene.ts';
import { isNullCall, kindAt, ownerKey } from './fold.ts';
import type { Folded, Visit } from './fold.ts';

export type ObjectStateName =
  | 'will-visit'
  | 'current'
  | 'visited'
  | 'skipped'
  | 'out-of-range'
  | 'rolled-back'
  | 'plain';

export interface ObjectState {
  readonly name: ObjectStateName;
  /** Bytes that all kept visits so far wrote. */
  readonly bytes: number;
  /** Kept visits so far. */
  readonly visits: number;
  /** Why it was passed over or taken back; ''. */
  readonly reason: string;
  /** The word of the callback that has it now: next, show. '' when it is not current. */
  readonly callback: string;
  /** A container with the cursor inside. */
  readonly active: boolean;
}

const NONE: readonly Visit[] = [];
/** Slots repeat a file and are told apart by owner and fd; every other object is known by its address. */
const byKey = (node: SceneNode): boolean => node.kind === 'slot';
/** Frames and gaps: a process's frame has the address of its task, but is not what the walk offers. */
const isDrawnOnly = (node: SceneNode): boolean => node.kind === 'gap' || node.kind === 'group';
/** The picture's word for what the parameters leave out; every other reason is a rule of the kernel. */
const isOutside = (reason: string): boolean => reason.startsWith('outside');

export const visitsOf = (f: Folded, node: SceneNode): readonly Visit[] =>
  (byKey(node)
    ? f.visitsByOwnerKey.get(ownerKey(node.owner, node.key))
    : node.addr === 0n || isDrawnOnly(node)
      ? undefined
      : f.visitsByObject.get(node.addr)) ?? NONE;

/** The object that the walk holds after a call: what start or next delivered, until stop. */
export function cursorObject(
  f: Folded,
  call: number,
): { readonly object: bigint; readonly owner: bigint; readonly key: number } | null {
  const kind = kindAt(f.trace, call);
  const object = f.trace.object[call] ?? 0n;
  if (kind === 'stop' || kind === 'copy' || object === 0n) return null;
  return { object, owner: f.trace.owner[call] ?? 0n, key: f.trace.key[call] ?? 0 };
}

/** Objects of a scene that the walk can offer: something that is visited, will be, or says why not. */
function offered(f: Folded, scene: Scene): (node: SceneNode) => boolean {
  const kinds = new Set(scene.nodes.filter((node) => visitsOf(f, node).length > 0).map((node) => node.kind));
  if (kinds.has('task')) kinds.add('thread');
  if (f.trace.target === 'task_file') kinds.add('slot');
  if (f.trace.target === 'task_vma') kinds.add('vma');
  if (f.trace.target === 'task') kinds.add('task').add('thread');
  return (node) => kinds.has(node.kind);
}

function stateOf(f: Folded, node: SceneNode, call: number, canBeOffered: boolean): ObjectState {
  const visits = visitsOf(f, node);
  let kept = 0;
  let bytes = 0;
  let last: Visit | undefined;
  for (const visit of visits) {
    if (visit.call > call) break;
    last = visit;
    if (visit.result === 0) {
      kept++;
      bytes += visit.bytes;
    }
  }
  const state = (name: ObjectStateName, reason = '', callback = ''): ObjectState => ({
    name,
    bytes,
    visits: kept,
    reason,
    callback,
    active: false,
  });
  const held = cursorObject(f, call);
  const isHeld =
    held !== null &&
    (byKey(node)
      ? node.owner === held.owner && node.key === held.key
      : node.addr !== 0n && !isDrawnOnly(node) && node.addr === held.object);
  if (isHeld) return state('current', '', kindAt(f.trace, call));
  if (node.kind === 'end') {
    if (isNullCall(f.trace, call)) return state('current', '', 'stop');
    return f.nullCall >= 0 && f.nullCall < call ? state('visited') : state('will-visit');
  }
  if (last) {
    if (last.result === 0) return state('visited');
    if (last.result > 0 && kept === 0) return state('skipped', 'passed over by the target');
    return state(kept > 0 ? 'visited' : 'rolled-back', 'its output was taken back; it is shown again');
  }
  if (node.reason !== '') return state(isOutside(node.reason) ? 'out-of-range' : 'skipped', node.reason);
  if (isDrawnOnly(node) || !canBeOffered) return state('plain');
  return state('will-visit');
}

/**
 * States of all nodes, by their place in `scene.nodes`. A file or inode that several slots reach is
 * current when its file is; containers know whether the cursor is inside.
 */
export function objectStates(f: Folded, scene: Scene, call: number): readonly ObjectState[] {
  const isOffered = offered(f, scene);
  const states = scene.nodes.map((node) => stateOf(f, node, call, isOffered(node)));
  const place = new Map(scene.nodes.map((node, i) => [node.id, i]));
  const change = (i: number, patch: Partial<ObjectState>): void => {
    const old = states[i];
    if (old) states[i] = { ...old, ...patch };
  };
  const owner = cursorObject(f, call)?.owner ?? 0n;
  scene.nodes.forEach((node, i) => {
    if (states[i]?.name !== 'current') {
      if (owner !== 0n && node.addr === owner) change(i, { active: true });
      return;
    }
    for (let up = place.get(node.parent); up !== undefined; up = place.get(scene.nodes[up]?.parent ?? -1))
      change(up, { active: true });
    for (const edge of scene.edges) {
      const to = place.get(edge.to);
      if (edge.from === node.id && to !== undefined && states[to]?.name === 'plain')
        change(to, { name: 'current', callback: '' });
    }
  });
  return states;
}
