/** Natural loops: a head, the blocks from which control comes back to it, and where it is entered. */
import { reversePostOrder } from './ir.ts';
import type { Block, IrFunction } from './ir.ts';

export interface Loop {
  readonly head: Block;
  /** The only block outside that leads in. */
  readonly before: Block;
  readonly body: ReadonlySet<Block>;
}

function bodyOf(head: Block, latches: readonly Block[]): Set<Block> {
  const body = new Set([head]);
  const work = [...latches];
  for (let block = work.pop(); block; block = work.pop()) {
    if (body.has(block)) continue;
    body.add(block);
    work.push(...block.preds);
  }
  return body;
}

/** Loops that are entered over one edge, outer ones first. */
export function loopsOf(fn: IrFunction): Loop[] {
  const order = reversePostOrder(fn);
  const index = new Map(order.map((block, i) => [block, i]));
  return order.flatMap((head) => {
    const latches = head.preds.filter((pred) => (index.get(pred) ?? -1) >= index.get(head)!);
    const [before, ...more] = head.preds.filter((pred) => !latches.includes(pred));
    if (latches.length === 0 || !before || more.length > 0 || before.term.kind === 'asm_goto') return [];
    const body = bodyOf(head, latches);
    return body.has(before) ? [] : [{ head, before, body }];
  });
}
