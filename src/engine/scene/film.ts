/**
 * One picture for a world that changes: it begins as the world was before the walk, and every change adds what
 * has come. Nothing that is drawn is moved to another place in its row or column: what is new is let in beside
 * its neighbours, and what is gone keeps its place. So the layout has room for all times, and does not move.
 *
 *     before            after fd 3 was opened       drawn
 *     0 1 2 255         0 1 2 3 255                 0 1 2 [3] 255     3 is there from that call on
 */
import type { Scene, SceneChange, SceneEdge, SceneNode, SceneNodeKind } from '../../protocol/scene.ts';

/** Inside of a container below its last node. */
const PAD = 8;
/** Between two things where the picture has no example. */
const GAP = 8;
const EDGE = 12;

interface Drawn {
  node: SceneNode;
  there: boolean;
  label: string;
  detail: string;
}

/** What a label alone does not say. */
const WORD: Readonly<Partial<Record<SceneNodeKind, string>>> = {
  slot: 'fd ',
  task: 'process ',
  thread: 'thread ',
};
const MOST_NAMED = 4;
const shortList = (words: readonly string[]): string =>
  words.length <= MOST_NAMED
    ? words.join(', ')
    : `${words.slice(0, MOST_NAMED).join(', ')} and ${words.length - MOST_NAMED} more`;

const bottom = ({ y, h }: SceneNode): number => y + h;
const right = ({ x, w }: SceneNode): number => x + w;
const besides = (a: SceneNode, b: SceneNode): boolean => a.y < bottom(b) && bottom(a) > b.y;
const stacked = (a: SceneNode, b: SceneNode): boolean => a.x < right(b) && right(a) > b.x;

/** What tells a node from all others of its picture, whenever it was drawn. */
function identities(scene: Scene): readonly string[] {
  const seen = new Map<string, number>();
  const names: string[] = [];
  for (const { kind, addr, owner, key, label, parent } of scene.nodes) {
    // Memory is given out again: what stands in another container is another object. Containers come first.
    const inside = names[parent] ?? '';
    const name = `${inside}/${kind} ${addr} ${owner} ${key}${addr === 0n && kind === 'group' ? ` ${label}` : ''}`;
    const n = seen.get(name) ?? 0;
    seen.set(name, n + 1);
    names.push(`${name} ${n}`);
  }
  return names;
}

export class SceneFilm {
  private readonly first: Scene;
  /** Empty until the first change: most worlds stand still. */
  private readonly drawn: Drawn[] = [];
  private readonly byName = new Map<string, number>();
  private readonly edges: { readonly edge: SceneEdge; there: boolean }[] = [];
  private readonly edgeAt = new Map<string, number>();
  private readonly changes: SceneChange[] = [];
  /** Nodes that this change has brought. */
  private fresh = new Set<number>();
  /** Those, and nodes that are there again. */
  private came = new Set<number>();

  /** @param first the world before the walk */
  constructor(first: Scene) {
    this.first = first;
  }

  private begin({ nodes, edges }: Scene): void {
    for (const node of nodes) this.drawn.push({ node, there: true, label: node.label, detail: node.detail });
    identities(this.first).forEach((name, id) => this.byName.set(name, id));
    for (const edge of edges) this.edgeAt.set(edgeName(edge), this.edges.push({ edge, there: true }) - 1);
  }

  /**
   * @param call from which on the world is as `now` has it
   * @returns what has come, gone or changed, in words; '' for nothing
   */
  take(call: number, now: Scene): string {
    const before = this.changes.length;
    if (this.drawn.length === 0) this.begin(this.first);
    this.fresh = new Set();
    this.came = new Set();
    const names = identities(now);
    const here = new Set(names);
    const lost = [...this.byName].filter(([name, id]) => this.drawn[id]?.there && !here.has(name));
    for (const [, id] of lost) this.say(call, id, false);
    /** Place in this picture of each node of `now`; -1: it is not drawn. */
    const ids: number[] = [];
    now.nodes.forEach((node, i) => {
      const name = names[i] ?? '';
      const known = this.byName.get(name);
      ids.push(known ?? this.letIn(node, name, now, ids));
      const id = ids[i] ?? -1;
      const drawn = this.drawn[id];
      if (drawn && !drawn.there) this.came.add(id);
      if (drawn && (!drawn.there || drawn.label !== node.label || drawn.detail !== node.detail))
        this.say(call, id, true, node);
    });
    this.takeEdges(call, now, ids);
    return this.words(before);
  }

  /** What changes of nodes say, from one on; those of what lies inside of another that came or went are left out. */
  private words(from: number): string {
    const said: Record<'new' | 'gone' | 'changed', string[]> = { new: [], gone: [], changed: [] };
    const moved = new Set(this.came);
    const rows = this.changes.slice(from).filter(({ of }) => of === 'node');
    for (const { id, there } of rows) if (!there) moved.add(id);
    for (const { id, there, label, detail } of rows) {
      const { kind = 'object', parent = -1 } = this.drawn[id]?.node ?? {};
      // A group comes and goes with what is in it, and a container with all it has.
      if (kind === 'gap' || kind === 'group' || (moved.has(parent) && !this.isGroup(parent))) continue;
      const name = `${WORD[kind] ?? ''}${label}${kind === 'item' ? ` ${detail}` : ''}`;
      said[!there ? 'gone' : this.came.has(id) ? 'new' : 'changed'].push(name);
    }
    return Object.entries(said)
      .flatMap(([how, labels]) => (labels.length === 0 ? [] : `${how}: ${shortList([...new Set(labels)])}`))
      .join('; ');
  }

  /** Nodes so far: what looking at one more change costs. */
  get length(): number {
    return Math.max(this.first.nodes.length, this.drawn.length);
  }

  finish(): Scene {
    if (this.changes.length === 0) return this.first;
    const nodes = this.drawn.map(({ node }) => node);
    const most = (far: (node: SceneNode) => number): number =>
      nodes.reduce((m, node) => Math.max(m, far(node)), 0);
    return {
      ...this.first,
      nodes,
      edges: this.edges.map(({ edge }) => edge),
      width: Math.ceil(most(right) + EDGE),
      height: Math.ceil(most(bottom) + EDGE),
      changes: { nodes: this.first.nodes.length, edges: this.first.edges.length, rows: this.changes },
    };
  }

  private say(call: number, id: number, there: boolean, as?: SceneNode): void {
    const drawn = this.drawn[id];
    if (!drawn) return;
    drawn.there = there;
    if (as) [drawn.label, drawn.detail] = [as.label, as.detail];
    const { label, detail } = drawn;
    this.changes.push({ call, of: 'node', id, there, label, detail });
  }

  private isGroup(id: number): boolean {
    return this.drawn[id]?.node.kind === 'group';
  }

  private takeEdges(call: number, now: Scene, ids: readonly number[]): void {
    const wanted = new Map<string, SceneEdge>();
    for (const { from, to, via } of now.edges) {
      const edge = { from: ids[from] ?? -1, to: ids[to] ?? -1, via };
      if (edge.from >= 0 && edge.to >= 0) wanted.set(edgeName(edge), edge);
    }
    const say = (id: number, there: boolean): void => {
      this.changes.push({ call, of: 'edge', id, there, label: '', detail: '' });
    };
    this.edges.forEach((known, i) => {
      const there = wanted.has(edgeName(known.edge));
      if (there !== known.there) say(i, there);
      known.there = there;
    });
    for (const [name, edge] of wanted) {
      if (this.edgeAt.has(name)) continue;
      const id = this.edges.push({ edge, there: true }) - 1;
      this.edgeAt.set(name, id);
      say(id, true);
    }
  }

  /** Draws a node that was never there, as gone: it is said to be there by the caller. @returns its id, or -1 */
  private letIn(node: SceneNode, name: string, now: Scene, ids: readonly number[]): number {
    const parent = node.parent < 0 ? -1 : (ids[node.parent] ?? -1);
    // Runs of what is not there are folded anew by every picture: the first one's stay.
    if (node.kind === 'gap' && (parent < 0 || this.isOld(parent))) return -1;
    const id = this.drawn.length;
    const place = this.placeOf(node, parent, now, ids);
    this.drawn.push({
      node: { ...node, ...place, id, parent },
      there: false,
      label: node.label,
      detail: node.detail,
    });
    this.byName.set(name, id);
    this.fresh.add(id);
    this.growAround(id);
    return id;
  }

  /** Whether a container was there before this change, so that its content has places already. */
  private isOld(id: number): boolean {
    return !this.fresh.has(id);
  }

  private placeOf(
    node: SceneNode,
    parent: number,
    now: Scene,
    ids: readonly number[],
  ): { readonly x: number; readonly y: number } {
    const box = this.drawn[parent]?.node;
    const source = now.nodes[node.parent];
    if (box && source && !this.isOld(parent))
      return { x: box.x + node.x - source.x, y: box.y + node.y - source.y };
    // Neighbours in the picture of now, which have a place in this one.
    const siblings = now.nodes.flatMap((other, i) => {
      const at = this.drawn[ids[i] ?? -1]?.node;
      return at && other.parent === node.parent && other.kind === node.kind ? [{ other, at }] : [];
    });
    const inRow = now.nodes.some(
      (other) =>
        other.id !== node.id &&
        other.kind === node.kind &&
        other.parent === node.parent &&
        besides(other, node),
    );
    const before = siblings.at(-1);
    if (inRow && before) {
      const apart = before.other.y === node.y ? node.x - right(before.other) : GAP;
      const x = right(before.at) + apart;
      this.pushRight({ ...node, x, y: before.at.y }, apart);
      return { x, y: before.at.y };
    }
    return { x: node.x, y: this.below(node, parent, siblings, box, source) };
  }

  /** Where a node goes in a column: below the one before it, past what is gone and had a smaller key. */
  private below(
    node: SceneNode,
    parent: number,
    siblings: readonly { readonly other: SceneNode; readonly at: SceneNode }[],
    box: SceneNode | undefined,
    source: SceneNode | undefined,
  ): number {
    const above = siblings.filter(({ other }) => stacked(other, node) && bottom(other) <= node.y + 1);
    const before = above.reduce<(typeof above)[number] | undefined>(
      (nearest, one) => (nearest && bottom(nearest.other) >= bottom(one.other) ? nearest : one),
      undefined,
    );
    const apart = before ? Math.min(node.y - bottom(before.other), GAP + PAD) : GAP;
    let y = before ? bottom(before.at) + apart : box && source ? box.y + node.y - source.y : node.y;
    for (const { node: gone, there } of this.drawn)
      if (
        !there &&
        gone.parent === parent &&
        gone.kind === node.kind &&
        gone.key < node.key &&
        stacked(gone, node)
      )
        y = Math.max(y, bottom(gone) + apart);
    const taken = this.drawn.some(
      ({ node: other }) =>
        !this.isAround(other.id, parent) && stacked(other, node) && other.y < y + node.h && bottom(other) > y,
    );
    if (taken) this.pushDown(y, node.h + apart, parent, true);
    return y;
  }

  /** Whether a node is a container or one of the containers around it. */
  private isAround(id: number, container: number): boolean {
    for (let up = container; up >= 0; up = this.drawn[up]?.node.parent ?? -1) if (up === id) return true;
    return false;
  }

  /**
   * Makes room at a height: what begins below it moves down, the containers around grow.
   *
   * @param content whether what is in the innermost container moves too
   */
  private pushDown(at: number, by: number, inside: number, content: boolean): void {
    for (const drawn of this.drawn) {
      const { node } = drawn;
      const around = this.isAround(node.id, inside);
      const within = inside >= 0 && this.isAround(inside, node.parent);
      if (node.y >= at - 0.5 && !around && (content || !within)) drawn.node = { ...node, y: node.y + by };
      else if (around) drawn.node = { ...node, h: node.h + by };
    }
  }

  private pushRight({ x, y, w, h, parent }: SceneNode, apart: number): void {
    const row = { y: y - 2, h: h + 24 } as SceneNode;
    for (const drawn of this.drawn) {
      const { node } = drawn;
      if (node.x >= x - 0.5 && besides(node, row) && node.parent === parent)
        drawn.node = { ...node, x: node.x + w + apart };
    }
  }

  /** Containers end below their last node, and what is below them makes room. */
  private growAround(id: number): void {
    for (let up = this.drawn[id]?.node.parent ?? -1; up >= 0; up = this.drawn[up]?.node.parent ?? -1) {
      const [box, inner] = [this.drawn[up], this.drawn[id]];
      if (!box || !inner) return;
      const over = bottom(inner.node) + PAD - bottom(box.node);
      const wide = right(inner.node) + PAD - right(box.node);
      const end = bottom(box.node);
      if (wide > 0) box.node = { ...box.node, w: box.node.w + wide };
      if (over <= 0) continue;
      this.pushDown(end, over, up, false);
    }
  }
}

const edgeName = ({ from, to, via }: SceneEdge): string => `${from} ${to} ${via}`;
