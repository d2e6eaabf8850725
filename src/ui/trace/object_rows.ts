/** The objects in the order of the walk, as the table shows them: an equal of the picture. */
import type { Scene } from '../../protocol/scene.ts';
import { isNullCall, kindAt } from './fold.ts';
import type { Folded } from './fold.ts';
import { keyWord } from './names.ts';
import type { Names } from './names.ts';
import { visitsOf } from './object_state.ts';

export interface ObjectRow {
  /** Call that shows it; for what is passed over, the call that went by. */
  readonly call: number;
  readonly owner: string;
  readonly key: string;
  readonly name: string;
  /** Why the program is not called for it; '' for a call. */
  readonly reason: string;
  readonly read: number;
  readonly seqNum: number;
  /** Bytes kept, or -1 when they were taken back. */
  readonly bytes: number;
  readonly insns: number;
  /** Node of the picture, or -1. */
  readonly node: number;
}

/** All visits, passed-over objects and the call with NULL, by call. */
export function objectRows(f: Folded, scene: Scene | null, names: Names): readonly ObjectRow[] {
  const { trace } = f;
  const rows: ObjectRow[] = f.objectStops.map((call) => {
    const object = trace.object[call] ?? 0n;
    const owner = trace.owner[call] ?? 0n;
    const key = trace.key[call] ?? 0;
    const end = isNullCall(trace, call);
    const before = call > 0 ? (trace.count[call - 1] ?? 0) : 0;
    return {
      call,
      owner: end || owner === 0n || owner === object ? '' : names.object(owner),
      key: end ? 'NULL' : keyWord(trace.target, key),
      name: end ? 'end of the walk' : names.shown(owner, key, object),
      reason: '',
      read: trace.read[call] ?? 0,
      seqNum: trace.seqNum[call] ?? 0,
      bytes: (trace.result[call] ?? 0) < 0 ? -1 : Math.max(0, (trace.count[call] ?? 0) - before),
      insns: trace.insns[call] ?? 0,
      node: (names.slot(owner, key) ?? names.node(object))?.id ?? -1,
    };
  });
  for (const skip of trace.skips)
    rows.push({
      call: skip.call,
      owner: '',
      key: String(skip.key),
      name: names.node(skip.object)?.label ?? '',
      reason: skip.reason,
      read: trace.read[skip.call] ?? 0,
      seqNum: 0,
      bytes: 0,
      insns: 0,
      node: names.node(skip.object)?.id ?? -1,
    });
  if (scene)
    for (const node of scene.nodes)
      if (node.kind !== 'gap' && node.reason.startsWith('outside') && visitsOf(f, node).length === 0)
        rows.push({
          call: Infinity,
          owner: '',
          key: node.kind === 'slot' ? keyWord(trace.target, node.key) : `${node.kind} ${node.key}`,
          name: node.label,
          reason: node.reason,
          read: 0,
          seqNum: 0,
          bytes: 0,
          insns: 0,
          node: node.id,
        });
  return rows.sort((a, b) => a.call - b.call || Number(a.reason === '') - Number(b.reason === ''));
}

/** Place of the row that a moment is about: the last one shown at or before it while the cursor is on it. */
export function rowAt(rows: readonly ObjectRow[], f: Folded, call: number): number {
  const kind = kindAt(f.trace, call);
  const exact = rows.findIndex((row) => row.call === call && row.reason === '');
  if (exact >= 0 || kind === 'copy') return exact;
  const next = kind === 'stop' ? -1 : call + 1;
  return rows.findIndex((row) => row.call === next && row.reason === '');
}
