/**
 * The picture of a target that has none of its own: its objects in a strip, found by the target's walk.
 *
 * The walk takes locks and references and moves the session's position, so it is done in a session that
 * nobody will read: that of a machine of its own, whose addresses are the same.
 */
import type { Scene } from '../../protocol/scene.ts';
import { NULL, isErr } from '../iter/bpf_iter.ts';
import type { Session } from '../iter/session.ts';
import { SceneBuilder } from './builder.ts';

const TOP = 34;
const CELL = { w: 168, h: 38, gap: 26 };
const ROW = CELL.h + 22;
const PER_ROW = 5;
/** Objects that are drawn; the rest is counted. */
const DRAWN = 1000;

/** Walks the session to its end. It must not be read afterwards. */
export function stripScene(session: Session): Scene {
  const { ops } = session.info;
  const scene = new SceneBuilder();
  let before = -1;
  let count = 0;
  let object = ops.start(session);
  for (; object !== NULL && !isErr(object); object = ops.next(session, object)) {
    const i = count++;
    if (i >= DRAWN) continue;
    // Targets of kernel code are told apart by when an object comes.
    session.seqNum = i;
    const { owner, key } = session.reg.identify(session, object);
    const node = scene.node(
      { kind: 'item', addr: object, owner, key, label: `${session.reg.target} ${key}`, detail: '' },
      {
        x: 12 + (i % PER_ROW) * (CELL.w + CELL.gap),
        y: TOP + Math.floor(i / PER_ROW) * ROW,
        w: CELL.w,
        h: CELL.h,
      },
    );
    if (before >= 0) scene.edge(before, node, 'next');
    before = node;
  }
  let y = TOP + Math.ceil(Math.min(count, DRAWN) / PER_ROW) * ROW;
  if (count > DRAWN) {
    scene.node(
      { kind: 'gap', label: `${DRAWN} of ${count} drawn`, detail: 'the walk visits them all' },
      { x: 12, y, w: 2 * CELL.w, h: 20 },
    );
    y += 28;
  }
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
    { x: 12, y, w: 2 * CELL.w, h: 28 },
  );
  return scene.finish(session.reg.target, [{ label: 'objects in the order of the walk', x: 12, w: 400 }]);
}
