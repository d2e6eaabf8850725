/**
 * Red-black trees of nodes that the kernel embeds in its objects: built balanced from an order, walked by it.
 *
 *     rb_node { __rb_parent_color, rb_right, rb_left }        bit 0 of the first: black
 *
 * A tree that changes is built anew: they are small here, and hold what one file watches.
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
