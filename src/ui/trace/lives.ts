/** What a changing world makes of the nodes and arrows of a picture: there, gone, or still to come. */
import type { SceneChange, SceneChanges } from '../../protocol/scene.ts';

export type Life = 'there' | 'gone' | 'later';

const NOTHING: readonly SceneChange[] = [];

export class Lives {
  /** Whether anything changes at all; most pictures stand still. */
  readonly any: boolean;
  private readonly changes: SceneChanges;
  private readonly ofNode = new Map<number, SceneChange[]>();
  private readonly ofEdge = new Map<number, SceneChange[]>();

  constructor(changes: SceneChanges = { nodes: Infinity, edges: Infinity, rows: NOTHING }) {
    this.changes = changes;
    this.any = changes.rows.length > 0;
    for (const row of changes.rows) {
      const of = row.of === 'node' ? this.ofNode : this.ofEdge;
      const known = of.get(row.id);
      if (known) known.push(row);
      else of.set(row.id, [row]);
    }
  }

  /** Of a node after a call. */
  of(id: number, call: number): Life {
    return life(this.ofNode.get(id), id < this.changes.nodes, call);
  }

  ofArrow(edge: number, call: number): Life {
    return life(this.ofEdge.get(edge), edge < this.changes.edges, call);
  }

  /** Whether a node has come since the walk began. */
  hasCome(id: number): boolean {
    return id >= this.changes.nodes;
  }

  /** The last change of a node at or before a call, with what the node says since; undefined: none. */
  last(id: number, call: number): SceneChange | undefined {
    return this.ofNode.get(id)?.findLast((row) => row.call <= call);
  }

  /** Whether anything of the picture changes after one call and up to another, in either direction. */
  changesBetween(a: number, b: number): boolean {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    return this.changes.rows.some(({ call }) => call > from && call <= to);
  }

  /** Nodes that are not there in the end. */
  lost(): readonly number[] {
    return [...this.ofNode].filter(([, rows]) => rows.at(-1)?.there === false).map(([id]) => id);
  }
}

function life(rows: readonly SceneChange[] | undefined, atFirst: boolean, call: number): Life {
  const last = rows?.findLast((row) => row.call <= call);
  if (last) return last.there ? 'there' : 'gone';
  return atFirst ? 'there' : 'later';
}
