/**
 * Dominators. Block A dominates B when every way from the entry to B passes A.
 *
 * Computed by iteration over reverse post-order (Cooper, Harvey, Kennedy: a simple, fast dominance
 * algorithm). Unreachable blocks have no place in the result and must be removed first.
 */
import { must } from '../../shared/assert.ts';
import { reversePostOrder } from './ir.ts';
import type { Block, IrFunction } from './ir.ts';

export interface DomTree {
  /** Reverse post-order. */
  readonly order: readonly Block[];
  /** Immediate dominator; the entry has none. */
  readonly idom: ReadonlyMap<Block, Block>;
  readonly children: ReadonlyMap<Block, readonly Block[]>;
  dominates(a: Block, b: Block): boolean;
}

export function dominators(fn: IrFunction): DomTree {
  const order = reversePostOrder(fn);
  const number = new Map(order.map((block, i) => [block, i]));
  const idom: number[] = Array.from({ length: order.length }, () => -1);
  idom[0] = 0;
  // What was passed on the way up from a block's predecessors to where they meet: thousands may meet in one
  // place, behind a switch, and each part of their way is gone once.
  const passed = new Int32Array(order.length);
  let meeting = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      let best = -1;
      meeting++;
      for (const pred of order[i]!.preds) {
        let at = number.get(pred) ?? -1;
        if (at < 0 || idom[at]! < 0) continue;
        if (best < 0) passed[(best = at)] = meeting;
        while (passed[at] !== meeting)
          if (at > best) {
            passed[at] = meeting;
            at = idom[at]!;
          } else passed[(best = idom[best]!)] = meeting;
      }
      if (best !== idom[i]) {
        idom[i] = best;
        changed = true;
      }
    }
  }
  const parents = new Map<Block, Block>();
  const children = new Map<Block, Block[]>(order.map((block) => [block, []]));
  for (let i = 1; i < order.length; i++) {
    const parent = must(order[idom[i]!], 'dominator');
    parents.set(order[i]!, parent);
    must(children.get(parent), 'dominator').push(order[i]!);
  }
  return {
    order,
    idom: parents,
    children,
    dominates(a, b) {
      const target = number.get(a) ?? -1;
      let at = number.get(b) ?? -1;
      while (at > target) at = idom[at]!;
      return at === target;
    },
  };
}

/**
 * Visits every block after those that dominate it, and what one of them dominates before its next sibling.
 *
 * @param visit what it gives is called when all that the block dominates was visited
 */
export function walkDominated(
  { children }: DomTree,
  entry: Block,
  visit: (block: Block) => () => void,
): void {
  const stack = [{ block: entry, next: 0, leave: visit(entry) }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const child = children.get(top.block)?.[top.next++];
    if (child) stack.push({ block: child, next: 0, leave: visit(child) });
    else {
      top.leave();
      stack.pop();
    }
  }
}

/**
 * Blocks where the paths from a block's definitions meet those from others: where phis go.
 *
 * @param defines which blocks have definitions. Others have no frontier, and the way up passes them over: the
 *   tests of a long ladder would have one each as long as the ladder
 */
export function dominanceFrontier(
  { order, idom }: DomTree,
  defines: (block: Block) => boolean,
): Map<Block, Set<Block>> {
  const frontier = new Map<Block, Set<Block>>();
  const place = new Map<Block, number>();
  /** The block itself or the first above it that has a definition, or may be given one where paths meet. */
  const nearest = new Map<Block, Block | undefined>();
  const above = (block: Block): Block | undefined => nearest.get(idom.get(block) ?? block);
  for (const [i, block] of order.entries()) {
    const counts = block.preds.length > 1 || defines(block);
    place.set(block, i);
    nearest.set(block, counts ? block : i === 0 ? undefined : above(block));
    if (counts) frontier.set(block, new Set());
  }
  const depth = (block: Block | undefined): number => (block && place.get(block)) ?? -1;
  for (const block of order) {
    if (block.preds.length < 2) continue;
    const top = depth(idom.get(block));
    for (const pred of block.preds)
      for (let at = nearest.get(pred); at && depth(at) > top; at = at === order[0] ? undefined : above(at)) {
        const of = frontier.get(at);
        // Who has it already has told those above.
        if (!of || of.has(block)) break;
        of.add(block);
      }
  }
  return frontier;
}
