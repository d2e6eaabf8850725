/**
 * What a loop computes anew in every round, always the same, is computed before it.
 *
 * The verifier has to go along: it learns from a comparison in the loop what a number may be, and would not know
 * it of a value that was made of the number before. So what a branch of the loop asks about stays, with
 * all that is made of it; and so do loads and what may be a pointer. A loop with calls has few registers
 * that live through them, and is left alone.
 */
import { loopsOf } from './loops.ts';
import type { Loop } from './loops.ts';
import type { Block, Inst, IrFunction, Op } from './ir.ts';

/** More values would not find registers. */
const MOST_MOVED = 4;

const MOVABLE: ReadonlySet<Op> = new Set<Op>([
  'add',
  'sub',
  'mul',
  'udiv',
  'umod',
  'and',
  'or',
  'xor',
  'shl',
  'lshr',
  'ashr',
  'zext',
  'trunc',
  'sext',
  'bswap',
]);
/** Sums of 64 bits may be pointers. */
const isMovable = ({ op, width }: Inst): boolean =>
  MOVABLE.has(op) && !(width === 64 && (op === 'add' || op === 'sub'));

/** Values that branches in the loop ask about, and what those are made of. */
function askedIn({ body }: Loop): Set<Inst> {
  const asked = new Set<Inst>();
  const ask = (inst: Inst): void => {
    if (asked.has(inst) || inst.op === 'const') return;
    asked.add(inst);
    if (inst.op !== 'phi') inst.args.forEach(ask);
  };
  for (const { term } of body) if (term.kind === 'branch') [term.a, term.b].forEach(ask);
  return asked;
}

const MOST_DEPTH = 6;
const isMadeOf = (inst: Inst, asked: ReadonlySet<Inst>, depth = 0): boolean =>
  asked.has(inst) ||
  depth > MOST_DEPTH ||
  (inst.op !== 'phi' && inst.args.some((arg) => isMadeOf(arg, asked, depth + 1)));

/** A block on the edge into the loop. */
function entrance(fn: IrFunction, { head, before }: Loop): Block {
  if (before.term.kind === 'jump') return before;
  const middle = fn.block();
  middle.term = { kind: 'jump', to: head };
  middle.termLoc = before.termLoc;
  middle.preds = [before];
  if (before.term.kind === 'branch')
    for (const side of ['yes', 'no'] as const) if (before.term[side] === head) before.term[side] = middle;
  head.preds[head.preds.indexOf(before)] = middle;
  return middle;
}

function moveOut(fn: IrFunction, loop: Loop): void {
  const { body } = loop;
  const insts = [...body].flatMap((block) => block.insts);
  if (insts.some(({ op }) => op === 'call' || op === 'asm')) return;
  const asked = askedIn(loop);
  const moved = new Set<Inst>();
  const isOutside = (arg: Inst): boolean => moved.has(arg) || arg.block === null || !body.has(arg.block);
  for (let changed = true; changed;) {
    changed = false;
    for (const inst of insts) {
      if (moved.size === MOST_MOVED || moved.has(inst) || !isMovable(inst)) continue;
      if (!inst.args.every(isOutside) || isMadeOf(inst, asked)) continue;
      moved.add(inst);
      changed = true;
    }
  }
  if (moved.size === 0) return;
  const to = entrance(fn, loop);
  for (const block of body) block.insts = block.insts.filter((inst) => !moved.has(inst));
  for (const inst of moved) inst.block = to;
  to.insts.push(...moved);
}

export function moveOutOfLoops(fn: IrFunction): void {
  // A loop that is moved out of by an inner one may then be able to give to an outer one.
  for (const { head } of loopsOf(fn).toReversed()) {
    const now = loopsOf(fn).find((loop) => loop.head === head);
    if (now) moveOut(fn, now);
  }
}
