/**
 * Maple tree: ranges of indexes to pointers, as bytes. An address space keeps its VMAs in one.
 *
 *     ma_root -> arange_64 node (10 slots, gaps) -> leaf_64 node (16 slots) -> entry or NULL
 *
 * Every node covers its range without holes: where nothing is mapped there is a slot with NULL. pivot[i]
 * is the last index of slot i. A pointer to a node carries its type in bits 3..6 and 4 in the low bits;
 * the root also carries 2. Nodes are 256 bytes and aligned to that.
 *
 * A change rebuilds the tree from its entries: the form is one the kernel accepts, though not always the
 * one its own rebalancing would have come to.
 *
 * Source: lib/maple_tree.c, include/linux/maple_tree.h.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { U64_MAX } from '../../shared/int64.ts';
import type { Kernel } from './kernel.ts';
import type { View } from './view.ts';

export interface MapleRange {
  readonly first: bigint;
  /** Inclusive. */
  readonly last: bigint;
  readonly entry: Addr;
}

interface NodeForm {
  readonly type: number;
  readonly struct: string;
  readonly member: string;
  readonly pivots: number;
}

const NODE_SIZE = 256n;
const NODE_BIT = 4n;
const ROOT_BIT = 2n;
const ROOT_PARENT = 1n;
const TYPE_SHIFT = 3n;
const PARENT_RANGE64 = 6n;
const LEAF: NodeForm = { type: 1, struct: 'maple_range_64', member: 'mr64', pivots: 15 };
const RANGE: NodeForm = { type: 2, struct: 'maple_range_64', member: 'mr64', pivots: 15 };
const ARANGE: NodeForm = { type: 3, struct: 'maple_arange_64', member: 'ma64', pivots: 9 };
const FORMS: readonly NodeForm[] = [LEAF, RANGE, ARANGE];
/** Slots used when building: one less than there are, so that the node's own metadata has its place. */
const LEAF_FILL = 15;
const INNER_FILL = 9;
const HEIGHT_SHIFT = 2;
const HEIGHT_MASK = 0x7c;

/** An entry, a hole or a node, with the range it covers. */
interface Piece extends MapleRange {
  /** Longest run of NULL inside. */
  readonly gap: bigint;
}

const isNode = (root: Addr): boolean => (root & 3n) === ROOT_BIT && root > 4096n;

function decode(kernel: Kernel, enode: Addr): { form: NodeForm; node: View } {
  const type = Number((enode >> TYPE_SHIFT) & 0xfn);
  const form = FORMS.find((f) => f.type === type);
  if (!form) throw new EngineBug(`maple node of type ${type}`);
  return { form, node: kernel.view(form.struct, enode - (enode % NODE_SIZE)) };
}

/** Slots of a node with the ranges they cover. */
function* slots(kernel: Kernel, enode: Addr, min: bigint, max: bigint): Generator<MapleRange> {
  const { form, node } = decode(kernel, enode);
  const pivotAt = node.at('pivot');
  const slotAt = node.at('slot');
  const end = dataEnd(node, form, max);
  let first = min;
  for (let i = 0; i <= end; i++) {
    const pivot = i < form.pivots ? node.mem.u64(pivotAt + BigInt(i * 8)) : 0n;
    const last = i < end && (pivot !== 0n || first === 0n) ? pivot : max;
    yield { first, last, entry: node.mem.u64(slotAt + BigInt(i * 8)) };
    if (last >= max) return;
    first = last + 1n;
  }
}

/** Index of the last slot in use. @kernel ma_data_end, lib/maple_tree.c @fidelity full: trees.test.ts */
function dataEnd(node: View, form: NodeForm, max: bigint): number {
  if (form.type === ARANGE.type) return node.num('meta.end');
  const last = node.big(`pivot[${form.pivots - 1}]`);
  if (last === 0n) return node.num('meta.end');
  return last === max ? form.pivots - 1 : form.pivots;
}

/** The first range with an entry whose last index is at or after `index`. @kernel mt_find, lib/maple_tree.c @fidelity full: trees.test.ts */
export function mapleFind(kernel: Kernel, tree: View, index: bigint): MapleRange | null {
  const root = tree.ptr('ma_root');
  if (!isNode(root)) return root !== 0n && index === 0n ? { first: 0n, last: 0n, entry: root } : null;
  return findIn(kernel, root & ~ROOT_BIT, 0n, U64_MAX, index);
}

function findIn(kernel: Kernel, enode: Addr, min: bigint, max: bigint, index: bigint): MapleRange | null {
  const leaf = decode(kernel, enode).form === LEAF;
  for (const slot of slots(kernel, enode, min, max)) {
    if (slot.last < index || slot.entry === 0n) continue;
    const found = leaf ? slot : findIn(kernel, slot.entry, slot.first, slot.last, index);
    if (found) return found;
  }
  return null;
}

/** Every entry in order. */
export function* mapleEntries(kernel: Kernel, tree: View): Generator<MapleRange> {
  for (let at = mapleFind(kernel, tree, 0n); at; at = mapleFind(kernel, tree, at.last + 1n)) {
    yield at;
    if (at.last === U64_MAX) return;
  }
}

function freeNodes(kernel: Kernel, enode: Addr, min: bigint, max: bigint): void {
  const { form, node } = decode(kernel, enode);
  if (form !== LEAF)
    for (const slot of slots(kernel, enode, min, max))
      if (slot.entry !== 0n) freeNodes(kernel, slot.entry, slot.first, slot.last);
  kernel.mem.release(node.addr);
}

/** Cuts `pieces` into runs of at most `size`, as even as they come. */
function runs(pieces: readonly Piece[], size: number): Piece[][] {
  const count = Math.ceil(pieces.length / size);
  const each = Math.ceil(pieces.length / count);
  return Array.from({ length: count }, (_, i) => pieces.slice(i * each, (i + 1) * each)).filter(
    (r) => r.length > 0,
  );
}

function writeNode(kernel: Kernel, form: NodeForm, pieces: readonly Piece[]): Piece {
  const addr = kernel.mem.alloc(Number(NODE_SIZE), Number(NODE_SIZE));
  const node = kernel.view(form.struct, addr);
  const last = pieces.at(-1)?.last ?? U64_MAX;
  const gaps = pieces.map((piece) => piece.gap);
  const widest = gaps.reduce((a, b) => (a > b ? a : b), 0n);
  pieces.forEach((piece, i) => {
    if (i < form.pivots && piece.last !== U64_MAX) node.set(`pivot[${i}]`, piece.last);
    node.set(`slot[${i}]`, piece.entry);
    if (form === ARANGE) {
      node.set(`gap[${i}]`, piece.gap);
      if (form === ARANGE && gaps[i] === widest) node.set('meta.gap', i);
    }
    if (form === LEAF) return;
    const child = kernel.view('maple_range_64', piece.entry - (piece.entry % NODE_SIZE));
    child.set('parent', addr | (BigInt(i) << TYPE_SHIFT) | PARENT_RANGE64);
  });
  node.set('meta.end', pieces.length - 1);
  const entry = addr | (BigInt(form.type) << TYPE_SHIFT) | NODE_BIT;
  return { first: pieces[0]?.first ?? 0n, last, entry, gap: widest };
}

/**
 * Replaces the whole content. `ranges` must be in order and must not overlap.
 *
 * @kernel mas_store, lib/maple_tree.c
 * @fidelity partial: the tree is valid but freshly built, not rebalanced step by step
 */
export function mapleBuild(kernel: Kernel, tree: View, ranges: readonly MapleRange[]): void {
  const old = tree.ptr('ma_root');
  if (isNode(old)) freeNodes(kernel, old & ~ROOT_BIT, 0n, U64_MAX);
  tree.set('ma_root', 0n);
  tree.set('ma_flags', tree.num('ma_flags') & ~HEIGHT_MASK);
  if (ranges.length === 0) return;
  let level = runs(withHoles(ranges), LEAF_FILL).map((run) => writeNode(kernel, LEAF, run));
  let height = 1;
  for (; level.length > 1; height++)
    level = runs(level, INNER_FILL).map((run) => writeNode(kernel, ARANGE, run));
  const top = level[0]?.entry ?? 0n;
  decode(kernel, top).node.set('parent', tree.addr | ROOT_PARENT);
  tree.set('ma_root', top | ROOT_BIT);
  tree.set('ma_flags', tree.num('ma_flags') | (height << HEIGHT_SHIFT));
}

function withHoles(ranges: readonly MapleRange[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0n;
  const hole = (last: bigint): void => {
    pieces.push({ first: at, last, entry: 0n, gap: last - at + 1n });
  };
  for (const range of ranges) {
    if (range.first < at) throw new EngineBug('maple ranges overlap or are out of order');
    if (range.first > at) hole(range.first - 1n);
    pieces.push({ ...range, gap: 0n });
    at = range.last + 1n;
  }
  if (at <= U64_MAX) hole(U64_MAX);
  return pieces;
}
