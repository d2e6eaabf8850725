/**
 * The picture of a target, opened: nodes are decoded when they are asked for, and everything that is asked
 * of all of them (by address, by owner and key, by height, along edges) is an index over typed columns.
 * A picture of a hundred thousand nodes opens in milliseconds.
 */
import { SCENE_NODE_KINDS } from '../../protocol/scene.ts';
import type { SceneEdge, SceneNode, SceneNodeKind } from '../../protocol/scene.ts';
import { edgeAt, nodeAt } from '../../protocol/scene_columns.ts';
import type { SceneColumns } from '../../protocol/scene_columns.ts';
import { Lives } from './lives.ts';
import { WordIndex } from './word_index.ts';

/** Rows of a table by one of its columns: the rows of value v are rows[start[v] .. start[v + 1]]. */
interface ByValue {
  readonly start: Int32Array;
  readonly rows: Int32Array;
}

/** @param values numbers from -1 on; rows with -1 are left out */
function byValue(values: Int32Array, length: number): ByValue {
  const start = new Int32Array(length + 1);
  for (const value of values) if (value >= 0) start[value + 1] = (start[value + 1] ?? 0) + 1;
  for (let v = 0; v < length; v++) start[v + 1] = (start[v + 1] ?? 0) + (start[v] ?? 0);
  const next = start.slice();
  const rows = new Int32Array(start[length] ?? 0);
  values.forEach((value, row) => {
    if (value < 0) return;
    const at = next[value] ?? 0;
    next[value] = at + 1;
    rows[at] = row;
  });
  return { start, rows };
}

const NONE = new Int32Array(0);

const ofValue = ({ start, rows }: ByValue, value: number): Int32Array =>
  rows.subarray(start[value] ?? 0, start[value + 1] ?? 0);

/** Height of a band; nodes in view are found by the bands that they touch. */
const BAND = 256;

/** Kinds whose label is a name; a cell of a number line stands for the same object by its number. */
const NAMING: ReadonlySet<SceneNodeKind> = new Set(['task', 'thread']);

export class Picture {
  readonly target: string;
  readonly width: number;
  readonly height: number;
  readonly heads: SceneColumns['columns'];
  readonly length: number;
  readonly lives: Lives;
  private readonly columns: SceneColumns;
  private readonly decoded: (SceneNode | undefined)[] = [];
  private readonly out: ByValue;
  private readonly into: ByValue;
  private readonly inside: ByValue;
  private readonly bands: ByValue;
  /** Nodes that would touch many bands, by their tops. */
  private readonly tall: readonly number[];
  private readonly tallest: number;
  private readonly addresses: WordIndex;
  private readonly slots: WordIndex;
  private readonly owners: WordIndex;

  constructor(columns: SceneColumns) {
    const { length } = columns;
    this.columns = columns;
    this.lives = new Lives(columns.changes);
    this.target = columns.target;
    this.width = columns.width;
    this.height = columns.height;
    this.heads = columns.columns;
    this.end = columns.kind.lastIndexOf(SCENE_NODE_KINDS.indexOf('end'));
    this.length = length;
    this.inside = byValue(columns.parent, length);
    this.out = byValue(columns.edgeFrom, length);
    this.into = byValue(columns.edgeTo, length);
    const count = Math.ceil(columns.height / BAND) + 1;
    const first = new Int32Array(length);
    const tall: number[] = [];
    for (let i = 0; i < length; i++) {
      if ((columns.place[4 * i + 3] ?? 0) > BAND) {
        tall.push(i);
        first[i] = -1;
      } else first[i] = Math.max(0, Math.min(count - 1, Math.floor((columns.place[4 * i + 1] ?? 0) / BAND)));
    }
    this.bands = byValue(first, count);
    this.tall = tall.sort((a, b) => (columns.place[4 * a + 1] ?? 0) - (columns.place[4 * b + 1] ?? 0));
    this.tallest = tall.reduce((most, i) => Math.max(most, columns.place[4 * i + 3] ?? 0), 0);
    const slot = SCENE_NODE_KINDS.indexOf('slot');
    const mm = SCENE_NODE_KINDS.indexOf('mm');
    const rows = (of: (i: number) => boolean): Int32Array => {
      const found = new Int32Array(length);
      let n = 0;
      for (let i = 0; i < length; i++) if (of(i)) found[n++] = i;
      return found.slice(0, n);
    };
    this.addresses = new WordIndex(
      columns.addr,
      null,
      rows((i) => columns.kind[i] !== slot),
    );
    this.slots = new WordIndex(
      columns.owner,
      columns.key,
      rows((i) => columns.kind[i] === slot),
    );
    this.owners = new WordIndex(
      columns.owner,
      null,
      rows((i) => columns.kind[i] === mm),
    );
  }

  /** The node with an id; undefined outside of the picture. */
  node(id: number): SceneNode | undefined {
    if (id < 0 || id >= this.length) return undefined;
    return (this.decoded[id] ??= nodeAt(this.columns, id));
  }

  /** The cell of the last call, or -1. */
  readonly end: number;

  kind(id: number): SceneNodeKind {
    return SCENE_NODE_KINDS[this.columns.kind[id] ?? 0] ?? 'object';
  }

  /** Ids of all nodes at an address, slots left out. */
  at(addr: bigint): Int32Array {
    return addr === 0n ? NONE : this.addresses.rowsOf(addr);
  }

  /** The node that names the object at an address: a task before the cell that stands for its number. */
  named(addr: bigint): SceneNode | undefined {
    if (addr === 0n) return undefined;
    const ids = this.addresses.rowsOf(addr);
    const naming = ids.findLast((id) => NAMING.has(this.kind(id)));
    // Where tasks are not drawn themselves, their address space stands for them.
    return this.node(naming ?? ids[0] ?? this.owners.rowsOf(addr)[0] ?? -1);
  }

  /** A node with what it says after a call. */
  nodeAt(id: number, call: number): SceneNode | undefined {
    const node = this.node(id);
    const said = this.lives.any ? this.lives.last(id, call) : undefined;
    return node && said ? { ...node, label: said.label, detail: said.detail } : node;
  }

  /** The slot that was there at a call, where several had the key one after the other. */
  slotAt(owner: bigint, key: number, call: number): SceneNode | undefined {
    const ids = this.slots.rowsOf(owner, key);
    return this.node(ids.findLast((id) => this.lives.of(id, call) === 'there') ?? ids.at(-1) ?? -1);
  }

  slot(owner: bigint, key: number): SceneNode | undefined {
    return this.node(this.slots.rowsOf(owner, key).at(-1) ?? -1);
  }

  /** Ids of the nodes with a reason not to be offered that `wanted` takes. */
  withReason(wanted: (reason: string) => boolean): readonly number[] {
    const { reason, words } = this.columns;
    const numbers = new Set(words.flatMap((word, i) => (word !== '' && wanted(word) ? [i] : [])));
    const found: number[] = [];
    if (numbers.size > 0) reason.forEach((number, id) => numbers.has(number) && found.push(id));
    return found;
  }

  edge(i: number): SceneEdge {
    return edgeAt(this.columns, i);
  }
  get edges(): number {
    return this.columns.edgeFrom.length;
  }
  /** Numbers of the edges that leave a node, or enter it. */
  edgesFrom(id: number): Int32Array {
    return ofValue(this.out, id);
  }
  edgesTo(id: number): Int32Array {
    return ofValue(this.into, id);
  }
  from(edge: number): number {
    return this.columns.edgeFrom[edge] ?? -1;
  }
  to(edge: number): number {
    return this.columns.edgeTo[edge] ?? -1;
  }

  children(id: number): Int32Array {
    return ofValue(this.inside, id);
  }
  isContainer(id: number): boolean {
    return (this.inside.start[id + 1] ?? 0) > (this.inside.start[id] ?? 0);
  }

  /** Ids of the nodes that touch a rectangle, containers before what is in them. */
  inView(x: number, y: number, w: number, h: number): readonly number[] {
    const { place } = this.columns;
    const touches = (i: number): boolean =>
      (place[4 * i] ?? 0) <= x + w &&
      (place[4 * i] ?? 0) + (place[4 * i + 2] ?? 0) >= x &&
      (place[4 * i + 1] ?? 0) <= y + h &&
      (place[4 * i + 1] ?? 0) + (place[4 * i + 3] ?? 0) >= y;
    const found = this.tallIn(y, y + h).filter(touches);
    const count = this.bands.start.length - 1;
    // A node of at most one band's height may begin in the band above.
    const first = Math.max(0, Math.floor(y / BAND) - 1);
    const last = Math.min(count - 1, Math.floor((y + h) / BAND));
    const from = this.bands.start[Math.min(first, count)] ?? 0;
    const to = this.bands.start[Math.max(first, last + 1)] ?? from;
    for (let k = from; k < to; k++) {
      const i = this.bands.rows[k] ?? 0;
      if (touches(i)) found.push(i);
    }
    return found.sort((a, b) => a - b);
  }

  /** Tall nodes between two heights. */
  private tallIn(top: number, bottom: number): number[] {
    const { place } = this.columns;
    const found: number[] = [];
    let low = 0;
    let high = this.tall.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((place[4 * (this.tall[middle] ?? 0) + 1] ?? 0) <= bottom) low = middle + 1;
      else high = middle;
    }
    for (let k = low - 1; k >= 0; k--) {
      const i = this.tall[k] ?? 0;
      if ((place[4 * i + 1] ?? 0) + this.tallest < top) break;
      found.push(i);
    }
    return found;
  }
}
