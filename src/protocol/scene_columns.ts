/**
 * A picture as it crosses a port: typed arrays that are transferred and one string with all labels, so
 * that a hundred thousand nodes arrive without a hundred thousand objects being made.
 *
 *     node i:  kind[i]  addr[i]  ...  place[4i .. 4i+3] = x y w h
 *              label = text[end(2i-1) .. end(2i)], detail = text[end(2i) .. end(2i+1)]
 *
 * The id of a node is its place in the columns.
 */
import { SCENE_NODE_KINDS } from './scene.ts';
import type { Scene, SceneEdge, SceneNode } from './scene.ts';

export interface SceneColumns extends Pick<Scene, 'target' | 'width' | 'height' | 'columns' | 'changes'> {
  readonly length: number;
  /** Index in SCENE_NODE_KINDS. */
  readonly kind: Uint8Array;
  readonly addr: BigUint64Array;
  readonly owner: BigUint64Array;
  readonly key: Float64Array;
  readonly parent: Int32Array;
  /** x, y, w, h of each node, in units of the picture. */
  readonly place: Float32Array;
  /** Labels and details of all nodes, one after the other. */
  readonly text: string;
  /** Where each label and each detail ends in `text`. */
  readonly textEnd: Uint32Array;
  /** Indexes in `words`. */
  readonly reason: Uint16Array;
  readonly struct: Uint16Array;
  readonly edgeFrom: Int32Array;
  readonly edgeTo: Int32Array;
  readonly via: Uint16Array;
  /** Texts that many nodes or edges share. */
  readonly words: readonly string[];
}

/** Numbers texts in the order of their first use; '' is 0. */
class Words {
  readonly list: string[] = [''];
  private readonly numbers = new Map<string, number>([['', 0]]);

  number(word: string): number {
    let number = this.numbers.get(word);
    if (number === undefined) {
      number = this.list.length;
      this.list.push(word);
      this.numbers.set(word, number);
    }
    return number;
  }
}

const KIND_NUMBER = new Map(SCENE_NODE_KINDS.map((kind, i) => [kind, i]));

export function packScene(scene: Scene): SceneColumns {
  const { nodes, edges } = scene;
  const n = nodes.length;
  const words = new Words();
  const texts: string[] = [];
  const columns = {
    target: scene.target,
    width: scene.width,
    height: scene.height,
    columns: scene.columns,
    ...(scene.changes ? { changes: scene.changes } : {}),
    length: n,
    kind: new Uint8Array(n),
    addr: new BigUint64Array(n),
    owner: new BigUint64Array(n),
    key: new Float64Array(n),
    parent: new Int32Array(n),
    place: new Float32Array(4 * n),
    textEnd: new Uint32Array(2 * n),
    reason: new Uint16Array(n),
    struct: new Uint16Array(n),
    edgeFrom: new Int32Array(edges.length),
    edgeTo: new Int32Array(edges.length),
    via: new Uint16Array(edges.length),
  };
  let end = 0;
  nodes.forEach((node, i) => {
    columns.kind[i] = KIND_NUMBER.get(node.kind) ?? 0;
    columns.addr[i] = node.addr;
    columns.owner[i] = node.owner;
    columns.key[i] = node.key;
    columns.parent[i] = node.parent;
    columns.place.set([node.x, node.y, node.w, node.h], 4 * i);
    texts.push(node.label, node.detail);
    columns.textEnd[2 * i] = end += node.label.length;
    columns.textEnd[2 * i + 1] = end += node.detail.length;
    columns.reason[i] = words.number(node.reason);
    columns.struct[i] = words.number(node.struct);
  });
  edges.forEach((edge, i) => {
    columns.edgeFrom[i] = edge.from;
    columns.edgeTo[i] = edge.to;
    columns.via[i] = words.number(edge.via);
  });
  return { ...columns, text: texts.join(''), words: words.list };
}

export function nodeAt(columns: SceneColumns, i: number): SceneNode {
  const { text, textEnd, place, words } = columns;
  const label = textEnd[2 * i] ?? 0;
  return {
    id: i,
    kind: SCENE_NODE_KINDS[columns.kind[i] ?? 0] ?? 'object',
    addr: columns.addr[i] ?? 0n,
    owner: columns.owner[i] ?? 0n,
    key: columns.key[i] ?? 0,
    parent: columns.parent[i] ?? -1,
    label: text.slice(i === 0 ? 0 : textEnd[2 * i - 1], label),
    detail: text.slice(label, textEnd[2 * i + 1]),
    reason: words[columns.reason[i] ?? 0] ?? '',
    struct: words[columns.struct[i] ?? 0] ?? '',
    x: place[4 * i] ?? 0,
    y: place[4 * i + 1] ?? 0,
    w: place[4 * i + 2] ?? 0,
    h: place[4 * i + 3] ?? 0,
  };
}

export const edgeAt = (columns: SceneColumns, i: number): SceneEdge => ({
  from: columns.edgeFrom[i] ?? -1,
  to: columns.edgeTo[i] ?? -1,
  via: columns.words[columns.via[i] ?? 0] ?? '',
});

/** All of a picture at once. */
export const openScene = (columns: SceneColumns): Scene => ({
  target: columns.target,
  width: columns.width,
  height: columns.height,
  columns: columns.columns,
  ...(columns.changes ? { changes: columns.changes } : {}),
  nodes: Array.from({ length: columns.length }, (_, i) => nodeAt(columns, i)),
  edges: Array.from(columns.edgeFrom, (_, i) => edgeAt(columns, i)),
});
