/** Collects the nodes and edges of a picture. An object is drawn once, known by its address. */
import type { Scene, SceneEdge, SceneNode, SceneNodeKind } from '../../protocol/scene.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface NodeFacts {
  readonly kind: SceneNodeKind;
  readonly addr?: bigint;
  readonly key?: number;
  readonly label: string;
  readonly detail?: string;
  readonly parent?: number;
  readonly owner?: bigint;
  readonly reason?: string;
  readonly struct?: string;
}

export class SceneBuilder {
  private readonly nodes: SceneNode[] = [];
  private readonly edges: SceneEdge[] = [];

  /** @returns the id of the new node */
  node(facts: NodeFacts, place: Place): number {
    const id = this.nodes.length;
    this.nodes.push({
      addr: 0n,
      key: 0,
      detail: '',
      parent: -1,
      owner: 0n,
      reason: '',
      struct: '',
      ...facts,
      ...place,
      id,
    });
    return id;
  }

  /** Changes the size of a container once its content is known. */
  resize(id: number, size: Partial<Pick<Place, 'w' | 'h'>>): void {
    const node = this.nodes[id];
    if (node) this.nodes[id] = { ...node, ...size };
  }

  edge(from: number, to: number, via: string): void {
    this.edges.push({ from, to, via });
  }

  /** Middle of a node, for columns that follow their referrers. */
  middle(id: number): number {
    const node = this.nodes[id];
    return node ? node.y + node.h / 2 : 0;
  }

  finish(target: string, columns: Scene['columns']): Scene {
    const edge = (far: (node: SceneNode) => number): number =>
      this.nodes.reduce((most, node) => Math.max(most, far(node)), 0);
    return {
      target,
      columns,
      nodes: this.nodes,
      edges: this.edges,
      width: Math.ceil(edge((node) => node.x + node.w) + 12),
      height: Math.ceil(edge((node) => node.y + node.h) + 12),
    };
  }
}

/**
 * Places a column of boxes near the middles that they are wanted at, in the given order, without overlap.
 *
 * @param wanted middles in the order the boxes are to stand
 * @returns the top of each box
 */
export function spread(wanted: readonly number[], height: number, gap: number, top: number): number[] {
  const tops: number[] = [];
  let free = top;
  for (const middle of wanted) {
    const y = Math.max(free, middle - height / 2);
    tops.push(y);
    free = y + height + gap;
  }
  // A run that was pushed down moves up again as far as what lies above it leaves room.
  for (let i = tops.length - 1; i >= 0; i--) {
    const below = tops[i + 1];
    const limit = below === undefined ? Infinity : below - gap - height;
    const above = i === 0 ? top : (tops[i - 1] ?? top) + height + gap;
    tops[i] = Math.max(above, Math.min(tops[i] ?? top, limit));
  }
  return tops;
}
