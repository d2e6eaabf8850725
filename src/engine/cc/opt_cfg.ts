/**
 * Simplifies the graph: branches whose outcome is known, blocks nobody reaches, blocks that only jump on,
 * chains that are one block, and joins that only ask where control came from.
 */
import { countUses, dropEdge, reversePostOrder, successors } from './ir.ts';
import type { Block, Inst, IrFunction } from './ir.ts';
import { foldCond, knownCompare } from './opt_simplify.ts';

const phisOf = (block: Block): Inst[] => {
  const end = block.insts.findIndex((inst) => inst.op !== 'phi');
  return end < 0 ? block.insts.slice() : block.insts.slice(0, end);
};

function foldBranches(fn: IrFunction): boolean {
  let any = false;
  for (const block of fn.blocks) {
    const { term } = block;
    if (term.kind !== 'branch') continue;
    const known = term.yes === term.no ? true : knownCompare(term);
    if (known === null) continue;
    dropEdge(block, known ? term.no : term.yes);
    block.term = { kind: 'jump', to: known ? term.yes : term.no };
    any = true;
  }
  return any;
}

export function removeUnreachable(fn: IrFunction): boolean {
  const reached = new Set(reversePostOrder(fn));
  if (reached.size === fn.blocks.length) return false;
  for (const block of fn.blocks)
    if (!reached.has(block)) for (const to of successors(block)) dropEdge(block, to);
  fn.blocks.splice(0, fn.blocks.length, ...fn.blocks.filter((block) => reached.has(block)));
  return true;
}

/** Points one edge elsewhere. The phi arguments at the new target are given by `value`. */
export function redirect(pred: Block, from: Block, to: Block, value: (phi: Inst) => Inst): void {
  const { term } = pred;
  if (term.kind === 'jump') term.to = to;
  else if (term.kind === 'branch') {
    if (term.yes === from) term.yes = to;
    else term.no = to;
  }
  dropEdge(pred, from);
  to.preds.push(pred);
  for (const phi of phisOf(to)) phi.args.push(value(phi));
}

/** Leaving out the end of a slot's life is harmless: the slot only shares its bytes less. */
const endsLife = (inst: Inst): boolean => inst.op === 'life' && inst.imm === 0n;

/** Nothing to execute. A mark that a way goes past is made good by those of the join where it ends. */
const doesNothing = (inst: Inst): boolean => endsLife(inst) || inst.op === 'mark';

const marksOf = (block: Block): Inst[] => block.insts.filter((inst) => inst.op === 'mark');

/** Makes good the marks of a block that a way from `pred` to `to` goes past; over it `phi` is `value`. */
function carryMarks(fn: IrFunction, block: Block, pred: Block, to: Block, phi: Inst, value: Inst): void {
  const alone = pred.term.kind === 'jump';
  const target = alone ? pred : to;
  const marks = marksOf(block).map(({ slot, off, size, shown }) => {
    const known = shown === phi ? value : shown?.op === 'const' ? shown : null;
    return Object.assign(fn.make('mark', 64, []), {
      slot,
      off,
      size,
      shown: alone ? known : null,
      block: target,
    });
  });
  target.insts.splice(alone ? target.insts.length : phisOf(to).length, 0, ...marks);
}

/** Skips blocks that hold nothing but a jump. */
function skipEmpty(fn: IrFunction): boolean {
  let any = false;
  for (const block of fn.blocks) {
    if (!block.insts.every(doesNothing) || block.term.kind !== 'jump' || block === fn.entry()) continue;
    const { to } = block.term;
    if (to === block) continue;
    const phis = phisOf(to);
    const at = to.preds.indexOf(block);
    if (to.preds.length === 1) {
      to.insts.splice(phis.length, 0, ...marksOf(block));
      block.insts = block.insts.filter(endsLife);
    }
    for (const pred of block.preds.slice()) {
      // An edge that is already there would need a second phi argument from the same block.
      if (to.preds.includes(pred) && phis.length > 0) continue;
      if (pred.term.kind === 'branch' && pred.term.yes === pred.term.no) continue;
      if (pred.term.kind === 'asm_goto') continue;
      redirect(pred, block, to, (phi) => phi.args[at]!);
      any = true;
    }
  }
  return any;
}

function mergeChains(fn: IrFunction): boolean {
  let any = false;
  const gone = new Set<Block>();
  for (const block of fn.blocks) {
    if (gone.has(block)) continue;
    for (;;) {
      if (block.term.kind !== 'jump') break;
      const next = block.term.to;
      if (next === block || next.preds.length !== 1 || next === fn.entry() || phisOf(next).length > 0) break;
      for (const inst of next.insts) inst.block = block;
      block.insts.push(...next.insts);
      block.term = next.term;
      block.termLoc = next.termLoc;
      for (const to of successors(block)) to.preds = to.preds.map((pred) => (pred === next ? block : pred));
      gone.add(next);
      any = true;
    }
  }
  if (gone.size > 0) fn.blocks.splice(0, fn.blocks.length, ...fn.blocks.filter((block) => !gone.has(block)));
  return any;
}

/**
 * `x = a ? 1 : 0; if (x)`: a block of one phi whose branch asks only for that phi. The edges that bring a
 * constant go straight to where the branch would lead.
 */
function threadPhis(fn: IrFunction): boolean {
  const uses = countUses(fn);
  let any = false;
  for (const block of fn.blocks) {
    const { term } = block;
    const [phi, ...rest] = block.insts;
    if (term.kind !== 'branch' || phi?.op !== 'phi' || !rest.every(doesNothing)) continue;
    if (term.a !== phi || term.b.op !== 'const' || uses.get(phi) !== 1) continue;
    for (const pred of block.preds.slice()) {
      const value = phi.args[block.preds.indexOf(pred)];
      if (value?.op !== 'const' || pred.term.kind === 'asm_goto') continue;
      if (pred.term.kind === 'branch' && pred.term.yes === pred.term.no) continue;
      const to = foldCond(term.cond, value.imm, term.b.imm, phi.width) ? term.yes : term.no;
      if (to === block || to.preds.includes(pred)) continue;
      const at = to.preds.indexOf(block);
      carryMarks(fn, block, pred, to, phi, value);
      redirect(pred, block, to, (target) => target.args[at]!);
      any = true;
    }
  }
  return any;
}

/** @returns whether anything changed */
export function simplifyGraph(fn: IrFunction): boolean {
  let any = false;
  for (let round = 0; round < 32; round++) {
    let changed = foldBranches(fn);
    changed = removeUnreachable(fn) || changed;
    changed = threadPhis(fn) || changed;
    changed = skipEmpty(fn) || changed;
    changed = removeUnreachable(fn) || changed;
    changed = mergeChains(fn) || changed;
    if (!changed) break;
    any = true;
  }
  return any;
}
