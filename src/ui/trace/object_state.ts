/**
 * What an object of the picture is at a moment: not reached, held by the cursor, visited, passed over by a
 * rule of the kernel, outside the parameters, or taken back.
 *
 * States are never computed for a whole picture. `nowAt` says what the cursor touches, a handful of nodes;
 * `stateOf` then answers for one node at a time, for those in view.
 */
import type { SceneNode, SceneNodeKind } from '../../protocol/scene.ts';
import { isNullCall, kindAt, visitAt } from './fold.ts';
import type { Folded, Visit } from './fold.ts';
import type { Picture } from './picture.ts';

export type ObjectStateName =
  | 'will-visit'
  | 'current'
  /** What the current object points to. */
  | 'reached'
  | 'visited'
  | 'skipped'
  | 'out-of-range'
  | 'rolled-back'
  /** Gone; with visits, after the walk had been there. */
  | 'vanished'
  /** Not there yet: not drawn. */
  | 'unborn'
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
  /** It has come since the walk began. */
  readonly fresh: boolean;
  /** Call of the last change of what it says, or -1. */
  readonly since: number;
}

/** Slots repeat a file and are told apart by owner and fd; every other object is known by its address. */
const byKey = (kind: SceneNodeKind): boolean => kind === 'slot';
/** Frames and gaps: a process's frame has the address of its task, but is not what the walk offers. */
const isDrawnOnly = (kind: SceneNodeKind): boolean => kind === 'gap' || kind === 'group';
/** The picture's word for what the parameters leave out; every other reason is a rule of the kernel. */
const isOutside = (reason: string): boolean => reason.startsWith('outside');

const NONE = new Int32Array(0);

/** Rows of the show calls for a node, in order. */
export const showsOf = (f: Folded, { kind, owner, key, addr }: SceneNode): Int32Array =>
  byKey(kind)
    ? f.showsAt.rowsOf(owner, key)
    : addr === 0n || isDrawnOnly(kind)
      ? NONE
      : f.showsOf.rowsOf(addr);

export const visitsOf = (f: Folded, node: SceneNode): readonly Visit[] =>
  Array.from(showsOf(f, node), (call) => visitAt(f.trace, call));

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

/** Kinds that are offered even when this walk showed none of them. */
const ALWAYS_OFFERED: Readonly<Record<string, readonly SceneNodeKind[]>> = {
  task: ['task', 'thread'],
  task_file: ['slot', 'file'],
  task_vma: ['vma'],
};

const offeredKinds = new WeakMap<Folded, WeakMap<Picture, ReadonlySet<SceneNodeKind>>>();
/** Kinds of nodes that the walk can offer: something that is visited, will be, or says why not. */
export function offered(f: Folded, picture: Picture): ReadonlySet<SceneNodeKind> {
  let ofPicture = offeredKinds.get(f);
  if (!ofPicture) offeredKinds.set(f, (ofPicture = new WeakMap()));
  let kinds = ofPicture.get(picture);
  if (!kinds) {
    const found = new Set(ALWAYS_OFFERED[f.trace.target]);
    for (const row of f.showsOf.examples)
      for (const id of picture.at(f.trace.object[row] ?? 0n))
        if (!isDrawnOnly(picture.kind(id))) found.add(picture.kind(id));
    if (f.showsAt.examples.some((row) => picture.slot(f.trace.owner[row] ?? 0n, f.trace.key[row] ?? 0)))
      found.add('slot');
    if (found.has('task')) found.add('thread');
    ofPicture.set(picture, (kinds = found));
  }
  return kinds;
}

/** What the cursor touches at a moment. */
export interface Now {
  readonly call: number;
  /** Nodes of the object that is held, or the end cell. */
  readonly held: ReadonlySet<number>;
  /** What their arrows lead to: 'reached' unless it has a state of its own. */
  readonly reached: ReadonlySet<number>;
  /** Containers with the cursor inside. */
  readonly active: ReadonlySet<number>;
}

export function nowAt(f: Folded, picture: Picture, call: number): Now {
  const held = new Set<number>();
  const reached = new Set<number>();
  const active = new Set<number>();
  const cursor = cursorObject(f, call);
  if (cursor) {
    for (const id of picture.at(cursor.object)) if (!isDrawnOnly(picture.kind(id))) held.add(id);
    const slot = picture.slotAt(cursor.owner, cursor.key, call);
    if (slot) held.add(slot.id);
    if (cursor.owner !== 0n) for (const id of picture.at(cursor.owner)) if (!held.has(id)) active.add(id);
  } else if (isNullCall(f.trace, call)) {
    const end = picture.end;
    if (end >= 0) held.add(end);
  }
  for (const id of held) {
    for (let up = picture.node(id)?.parent ?? -1; up >= 0; up = picture.node(up)?.parent ?? -1)
      active.add(up);
    for (const edge of picture.edgesFrom(id)) reached.add(picture.to(edge));
  }
  return { call, held, reached, active };
}

export function stateOf(f: Folded, picture: Picture, node: SceneNode, now: Now): ObjectState {
  let kept = 0;
  let bytes = 0;
  let last: Visit | undefined;
  const { lives } = picture;
  for (const call of showsOf(f, node)) {
    if (call > now.call) break;
    // Another file that had the number before, or has it since.
    if (lives.any && node.kind === 'slot' && f.trace.object[call] !== node.addr) continue;
    last = visitAt(f.trace, call);
    if (last.result === 0) {
      kept++;
      bytes += last.bytes;
    }
  }
  const state = (name: ObjectStateName, reason = '', callback = ''): ObjectState => ({
    name,
    bytes,
    visits: kept,
    reason,
    callback,
    active: name !== 'current' && now.active.has(node.id),
    fresh: lives.hasCome(node.id),
    since: lives.any ? (lives.last(node.id, now.call)?.call ?? -1) : -1,
  });
  const life = lives.any ? lives.of(node.id, now.call) : 'there';
  // A folded run says what is not there: of it nothing is left.
  if (life === 'later' || (life === 'gone' && node.kind === 'gap')) return state('unborn');
  if (now.held.has(node.id)) return state('current', '', kindAt(f.trace, now.call));
  if (life === 'gone')
    return state('vanished', kept > 0 ? 'gone since its visit' : 'gone before the walk came to it');
  if (node.kind === 'end') return state(f.nullCall >= 0 && f.nullCall < now.call ? 'visited' : 'will-visit');
  if (last) {
    if (last.result === 0) return state('visited');
    if (last.result > 0 && kept === 0) return state('skipped', 'passed over by the target');
    return state(kept > 0 ? 'visited' : 'rolled-back', 'its output was taken back; it is shown again');
  }
  if (node.reason !== '') return state(isOutside(node.reason) ? 'out-of-range' : 'skipped', node.reason);
  if (isDrawnOnly(node.kind) || !offered(f, picture).has(node.kind))
    return state(now.reached.has(node.id) ? 'reached' : 'plain');
  return state(node.kind === 'file' && onlyOutside(picture, node.id) ? 'out-of-range' : 'will-visit');
}

/** Whether all that points to an object is left out by the parameters. */
function onlyOutside(picture: Picture, id: number): boolean {
  const edges = picture.edgesTo(id);
  return edges.length > 0 && edges.every((edge) => isOutside(picture.node(picture.from(edge))?.reason ?? ''));
}
