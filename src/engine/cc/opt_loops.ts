/**
 * What a loop computes anew in every round, always the same, is computed before it.
 *
 * The verifier has to go along: it learns from a comparison in the loop what a number may be, and would not know
 * it of a value that was made of the number before. So what a branch of the loop asks about stays, with
 * all that is made of it; and so do loads and what may be a pointer. A loop with calls has few registers
 * that live through them, and is left alone, but for the places of elements in a loop over an open-coded
 * iterator: whenever its next object is asked for, the verifier forgets what numbers may be that were
 * checked before the loop, but not how far a pointer was moved by them.
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

/** Everything that is the same in every round, at most `most` of it. */
function invariant(
  loop: Loop,
  insts: readonly Inst[],
  mayMove: (inst: Inst) => boolean,
  most: number,
): Set<Inst> {
  const asked = askedIn(loop);
  const found = new Set<Inst>();
  const isOutside = (arg: Inst): boolean => found.has(arg) || arg.block === null || !loop.body.has(arg.block);
  for (let changed = true; changed;) {
    changed = false;
    for (const inst of insts) {
      if (found.size === most || found.has(inst) || !mayMove(inst)) continue;
      if (!inst.args.every(isOutside) || isMadeOf(inst, asked)) continue;
      found.add(inst);
      changed = true;
    }
  }
  return found;
}

const isNext = ({ op, callee }: Inst): boolean =>
  op === 'call' && callee?.kind === 'symbol' && /^bpf_iter_\w+_next$/.test(callee.symbol.name);

/** The place of an element of an object that has a name. */
const isElement = ({ op, width, args }: Inst): boolean =>
  op === 'add' && width === 64 && args.some((arg) => arg.op === 'addr');

/** Places of elements that stay the same, and what they are computed of. */
function elements(loop: Loop, insts: readonly Inst[]): Set<Inst> {
  const same = invariant(loop, insts, (inst) => isMovable(inst) || isElement(inst), Infinity);
  const wanted = new Set<Inst>();
  const want = (inst: Inst): void => {
    if (!same.has(inst) || wanted.has(inst)) return;
    inst.args.forEach(want);
    wanted.add(inst);
  };
  [...same].filter(isElement).slice(0, MOST_MOVED).forEach(want);
  return wanted;
}

function moveOut(fn: IrFunction, loop: Loop): void {
  const { body } = loop;
  const insts = [...body].flatMap((block) => block.insts);
  const hasCalls = insts.some(({ op }) => op === 'call' || op === 'asm');
  if (hasCalls && !insts.some(isNext)) return;
  const moved = hasCalls ? elements(loop, insts) : invariant(loop, insts, isMovable, MOST_MOVED);
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
