/**
 * Red-black trees of nodes that the kernel embeds in its objects: built balanced from an order, walked by it.
 *
 *     rb_node { __rb_parent_color, rb_right, rb_left }        bit 0 of the first: black
 *
 * Trees of the kernel's own objects are built anew when they change: they are small here, and hold what one file
 * watches. Those of programs change node by node, as rbInsert and rbErase keep them balanced.
 *
 *     a red node has black children; each way down passes equally many black nodes
 *
 * Source: lib/rbtree.c, include/linux/rbtree_types.h.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Memory } from './memory.ts';

const RIGHT = 8n;
const LEFT = 16n;
const BLACK = 1n;

/** @param root address of the rb_root @param nodes in the tree's order */
export function rbBuild(mem: Memory, root: Addr, nodes: readonly Addr[]): void {
  const height = Math.floor(Math.log2(Math.max(1, nodes.length)));
  const full = nodes.length === 2 ** (height + 1) - 1;
  const build = (from: number, to: number, parent: Addr, depth: number): Addr => {
    if (from >= to) return 0n;
    const middle = (from + to) >> 1;
    const node = nodes[middle] ?? 0n;
    mem.setU64(node, parent | (depth === height && !full ? 0n : BLACK));
    mem.setU64(node + LEFT, build(from, middle, node, depth + 1));
    mem.setU64(node + RIGHT, build(middle + 1, to, node, depth + 1));
    return node;
  };
  mem.setU64(root, build(0, nodes.length, 0n, 0));
}

/** Nodes in order. @param root address of the rb_root */
export function* rbNodes(mem: Memory, root: Addr): Generator<Addr> {
  const above: Addr[] = [];
  for (let node = mem.u64(root); node !== 0n || above.length > 0;) {
    for (; node !== 0n; node = mem.u64(node + LEFT)) above.push(node);
    const next = above.pop() ?? 0n;
    yield next;
    node = mem.u64(next + RIGHT);
  }
}

// -- node by node --------------------------------------------------------------------------------------------

type Side = typeof LEFT | typeof RIGHT;
const otherSide = (side: Side): Side => (side === LEFT ? RIGHT : LEFT);

export const rbParent = (mem: Memory, node: Addr): Addr => mem.u64(node) & ~BLACK;
const isRed = (mem: Memory, node: Addr): boolean => node !== 0n && (mem.u64(node) & BLACK) === 0n;
const setParent = (mem: Memory, node: Addr, parent: Addr): void =>
  mem.setU64(node, parent | (mem.u64(node) & BLACK));
const setColor = (mem: Memory, node: Addr, black: bigint): void =>
  mem.setU64(node, rbParent(mem, node) | black);
const child = (mem: Memory, node: Addr, side: Side): Addr => mem.u64(node + side);
/** Where the pointer to a node stands: in its parent or in the root. */
function linkOf(mem: Memory, root: Addr, node: Addr, parent: Addr): Addr {
  if (parent === 0n) return root;
  return parent + (child(mem, parent, LEFT) === node ? LEFT : RIGHT);
}

/** `node` goes down on this side, its child of the other side takes its place. @kernel __rb_rotate_set_parents, lib/rbtree.c @fidelity full: trees.test.ts */
function rotate(mem: Memory, root: Addr, node: Addr, side: Side): void {
  const other = otherSide(side);
  const up = child(mem, node, other);
  const inner = child(mem, up, side);
  const parent = rbParent(mem, node);
  mem.setU64(linkOf(mem, root, node, parent), up);
  setParent(mem, up, parent);
  mem.setU64(node + other, inner);
  if (inner !== 0n) setParent(mem, inner, node);
  mem.setU64(up + side, node);
  setParent(mem, node, up);
}

/**
 * Hangs a node in the place where it belongs and balances the tree.
 *
 * @param link where its pointer goes: the root, or a child of `parent` that is not there yet
 * @param parent 0 for the first node
 * @kernel rb_link_node, rb_insert_color, lib/rbtree.c
 * @fidelity full: trees.test.ts
 */
export function rbInsert(mem: Memory, root: Addr, added: Addr, parent: Addr, link: Addr): void {
  mem.setU64(added, parent);
  mem.setU64(added + LEFT, 0n);
  mem.setU64(added + RIGHT, 0n);
  mem.setU64(link, added);
  let node = added;
  for (let above = rbParent(mem, node); isRed(mem, above); above = rbParent(mem, node)) {
    const top = rbParent(mem, above);
    const side = child(mem, top, LEFT) === above ? LEFT : RIGHT;
    const uncle = child(mem, top, otherSide(side));
    if (isRed(mem, uncle)) {
      setColor(mem, uncle, BLACK);
      setColor(mem, above, BLACK);
      setColor(mem, top, 0n);
      node = top;
      continue;
    }
    if (child(mem, above, otherSide(side)) === node) {
      rotate(mem, root, above, side);
      node = above;
    }
    setColor(mem, rbParent(mem, node), BLACK);
    setColor(mem, top, 0n);
    rotate(mem, root, top, otherSide(side));
  }
  setColor(mem, mem.u64(root), BLACK);
}

/** The first node of a subtree. */
export function rbFirst(mem: Memory, node: Addr): Addr {
  let at = node;
  for (let left = child(mem, at, LEFT); left !== 0n; left = child(mem, at, LEFT)) at = left;
  return at;
}

/** The node after this one, or 0. @kernel rb_next, lib/rbtree.c @fidelity full: trees.test.ts */
export function rbNext(mem: Memory, node: Addr): Addr {
  const right = child(mem, node, RIGHT);
  if (right !== 0n) return rbFirst(mem, right);
  let at = node;
  let parent = rbParent(mem, at);
  for (; parent !== 0n && child(mem, parent, RIGHT) === at; parent = rbParent(mem, at)) at = parent;
  return parent;
}

/** Puts `by`, with its colour, where `node` hangs. */
function replace(mem: Memory, root: Addr, node: Addr, by: Addr): void {
  const parent = rbParent(mem, node);
  mem.setU64(linkOf(mem, root, node, parent), by);
  if (by !== 0n) setParent(mem, by, parent);
}

/**
 * Takes a node out and balances the tree. Its own words stay as they were.
 *
 * @kernel rb_erase, lib/rbtree.c
 * @fidelity full: trees.test.ts
 */
export function rbErase(mem: Memory, root: Addr, node: Addr): void {
  const [left, right] = [child(mem, node, LEFT), child(mem, node, RIGHT)];
  if (left === 0n || right === 0n) {
    const only = left === 0n ? right : left;
    const parent = rbParent(mem, node);
    const red = isRed(mem, node);
    replace(mem, root, node, only);
    if (!red) balance(mem, root, only, parent);
    return;
  }
  const next = rbFirst(mem, right);
  const red = isRed(mem, next);
  const below = child(mem, next, RIGHT);
  let parent = next;
  if (next !== right) {
    parent = rbParent(mem, next);
    replace(mem, root, next, below);
    mem.setU64(next + RIGHT, right);
    setParent(mem, right, next);
  }
  replace(mem, root, node, next);
  setColor(mem, next, mem.u64(node) & BLACK);
  mem.setU64(next + LEFT, left);
  setParent(mem, left, next);
  if (!red) balance(mem, root, below, parent);
}

/** Below `parent`, at `start`, a black node is missing. @kernel ____rb_erase_color, lib/rbtree.c @fidelity full: trees.test.ts */
function balance(mem: Memory, root: Addr, start: Addr, above: Addr): void {
  let [node, parent] = [start, above];
  while (parent !== 0n && !isRed(mem, node)) {
    const side = child(mem, parent, LEFT) === node ? LEFT : RIGHT;
    const other = otherSide(side);
    let sibling = child(mem, parent, other);
    if (isRed(mem, sibling)) {
      setColor(mem, sibling, BLACK);
      setColor(mem, parent, 0n);
      rotate(mem, root, parent, side);
      sibling = child(mem, parent, other);
    }
    if (!isRed(mem, child(mem, sibling, LEFT)) && !isRed(mem, child(mem, sibling, RIGHT))) {
      setColor(mem, sibling, 0n);
      [node, parent] = [parent, rbParent(mem, parent)];
      continue;
    }
    if (!isRed(mem, child(mem, sibling, other))) {
      setColor(mem, child(mem, sibling, side), BLACK);
      setColor(mem, sibling, 0n);
      rotate(mem, root, sibling, other);
      sibling = child(mem, parent, other);
    }
    setColor(mem, sibling, mem.u64(parent) & BLACK);
    setColor(mem, parent, BLACK);
    setColor(mem, child(mem, sibling, other), BLACK);
    rotate(mem, root, parent, side);
    return;
  }
  if (node !== 0n) setColor(mem, node, BLACK);
}
