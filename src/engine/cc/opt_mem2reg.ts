/**
 * Slots become values. A slot whose address is used only to load and store, always in the same
 * non-overlapping pieces, is not memory at all: each piece is a variable, and variables in SSA form are
 * values joined by phis. Structs fall apart into their members this way.
 *
 * A slot whose address reaches a helper, a volatile access or another store stays in memory.
 *
 * Where values of variables are wanted for inspection, a mark stays in place of each store and phi.
 */
import { must } from '../../shared/assert.ts';
import { Inst, replaceValues, successors } from './ir.ts';
import type { AccessSize, Block, IrFunction, Slot, Width } from './ir.ts';
import { splitAccesses } from './opt_split.ts';
import { dominanceFrontier, dominators, walkDominated } from './ssa.ts';

/** One piece of a slot. */
interface Piece {
  readonly slot: Slot;
  readonly off: number;
  readonly size: AccessSize;
}

const widthOf = (size: number): Width => (size === 8 ? 64 : 32);

/** The pieces of every promotable slot, by `offset`; slots that must stay memory are absent. */
function findPieces(fn: IrFunction, mayGo: (slot: Slot) => boolean): Map<Slot, Map<number, Piece>> {
  const found = new Map<Slot, Map<number, Piece>>();
  const stay = new Set<Slot>();
  const keep = (arg: Inst): void => {
    if (arg.op === 'frame' && arg.slot) stay.add(arg.slot);
  };
  for (const block of fn.blocks) {
    for (const inst of block.insts) {
      const [address] = inst.args;
      const plain = (inst.op === 'load' || inst.op === 'store') && !inst.volatile && !inst.relo;
      if (plain && address?.op === 'frame' && address.slot && mayGo(address.slot)) {
        const off = address.off + inst.off;
        const pieces = found.get(address.slot) ?? new Map<number, Piece>();
        found.set(address.slot, pieces);
        const known = pieces.get(off);
        if (known && known.size !== inst.size) stay.add(address.slot);
        pieces.set(off, { slot: address.slot, off, size: inst.size });
        inst.args.slice(1).forEach(keep);
      } else inst.args.forEach(keep);
    }
    if (block.term.kind === 'branch') [block.term.a, block.term.b].forEach(keep);
    if (block.term.kind === 'return' && block.term.value) keep(block.term.value);
  }
  for (const [slot, pieces] of found) {
    const sorted = [...pieces.values()].sort((a, b) => a.off - b.off);
    if (sorted.some((piece, i) => i > 0 && sorted[i - 1]!.off + sorted[i - 1]!.size > piece.off))
      stay.add(slot);
    if (sorted.some((piece) => piece.off < 0 || piece.off + piece.size > slot.size)) stay.add(slot);
  }
  for (const slot of stay) found.delete(slot);
  return found;
}

/** What `piece` is from here on. */
function markOf(fn: IrFunction, { slot, off, size }: Piece, shown: Inst, block: Block): Inst {
  return Object.assign(fn.make('mark', 64, []), { slot, off, size, shown, block });
}

/** @param mayGo which slots need not stay memory. @returns whether anything was promoted */
export function mem2reg(fn: IrFunction, mayGo: (slot: Slot) => boolean = () => true): boolean {
  splitAccesses(fn, mayGo);
  const pieces = findPieces(fn, mayGo);
  if (pieces.size === 0) return false;
  const pieceOf = (inst: Inst): Piece | null => {
    const address = inst.args[0];
    if (inst.op !== 'load' && inst.op !== 'store') return null;
    if (address?.op !== 'frame' || !address.slot) return null;
    return pieces.get(address.slot)?.get(address.off + inst.off) ?? null;
  };
  const tree = dominators(fn);
  const defines = ({ insts }: Block): boolean => insts.some((inst) => inst.op === 'store' && pieceOf(inst));
  const frontier = dominanceFrontier(tree, defines);
  const phis = placePhis(fn, tree.order, frontier, pieceOf);

  const isMarked = ({ slot }: Piece): boolean => fn.marks && slot.variable !== null;
  const replaced = new Map<Inst, Inst>();
  const current = new Map<Piece, Inst>();
  const undefinedValue = (piece: Piece): Inst => fn.const(widthOf(piece.size), 0n);
  const visit = (block: Block): (() => void) => {
    const saved: [Piece, Inst | undefined][] = [];
    const set = (piece: Piece, value: Inst): void => {
      saved.push([piece, current.get(piece)]);
      current.set(piece, value);
    };
    for (const [piece, phi] of phis.get(block) ?? []) set(piece, phi);
    const left: Inst[] = [];
    for (const inst of block.insts) {
      const piece = pieceOf(inst);
      if (!piece) left.push(inst);
      else if (inst.op === 'load') replaced.set(inst, current.get(piece) ?? undefinedValue(piece));
      else {
        const value = must(inst.args[1], 'stored value');
        set(piece, value);
        if (isMarked(piece)) left.push(markOf(fn, piece, value, block));
      }
    }
    block.insts = left;
    for (const succ of successors(block))
      for (const [piece, phi] of phis.get(succ) ?? [])
        succ.preds.forEach((pred, i) => {
          if (pred === block) phi.args[i] = current.get(piece) ?? undefinedValue(piece);
        });
    return () => {
      for (const [piece, value] of saved.toReversed())
        if (value) current.set(piece, value);
        else current.delete(piece);
    };
  };
  narrowStores(fn, pieceOf);
  walkDominated(tree, fn.entry(), visit);
  for (const [block, made] of phis) {
    const marks = [...made].flatMap(([piece, phi]) =>
      isMarked(piece) ? [markOf(fn, piece, phi, block)] : [],
    );
    block.insts.unshift(...made.values());
    const body = block.insts.findIndex(({ op }) => op !== 'phi');
    block.insts.splice(body < 0 ? block.insts.length : body, 0, ...marks);
  }
  replaceValues(fn, replaced);
  fn.slots = fn.slots.filter((slot) => !pieces.has(slot));
  return true;
}

/** A one- or two-byte variable holds what memory would: the low bits of what is stored. */
function narrowStores(fn: IrFunction, pieceOf: (inst: Inst) => Piece | null): void {
  for (const block of fn.blocks) {
    const out: Inst[] = [];
    for (const inst of block.insts) {
      if (inst.op === 'store' && inst.size < 8 && pieceOf(inst)) {
        let value = must(inst.args[1], 'stored value');
        const put = (made: Inst): Inst => {
          made.block = block;
          made.loc = inst.loc;
          out.push(made);
          return made;
        };
        if (value.width === 64) value = put(fn.make('trunc', 32, [value]));
        if (inst.size < 4)
          value = put(fn.make('and', 32, [value, fn.const(32, inst.size === 1 ? 0xffn : 0xffffn)]));
        inst.args[1] = value;
      }
      out.push(inst);
    }
    block.insts = out;
  }
}

function placePhis(
  fn: IrFunction,
  order: readonly Block[],
  frontier: Map<Block, Set<Block>>,
  pieceOf: (inst: Inst) => Piece | null,
): Map<Block, Map<Piece, Inst>> {
  const stores = new Map<Piece, Set<Block>>();
  for (const block of order)
    for (const inst of block.insts) {
      const piece = inst.op === 'store' ? pieceOf(inst) : null;
      if (!piece) continue;
      const set = stores.get(piece) ?? new Set<Block>();
      stores.set(piece, set.add(block));
    }
  const phis = new Map<Block, Map<Piece, Inst>>();
  for (const [piece, blocks] of stores) {
    const work = [...blocks];
    for (let block = work.pop(); block; block = work.pop()) {
      for (const join of frontier.get(block) ?? []) {
        const here = phis.get(join) ?? new Map<Piece, Inst>();
        phis.set(join, here);
        if (here.has(piece)) continue;
        const width = widthOf(piece.size);
        const phi = fn.make(
          'phi',
          width,
          join.preds.map(() => fn.const(width, 0n)),
        );
        phi.block = join;
        here.set(piece, phi);
        if (!blocks.has(join)) work.push(join);
      }
    }
  }
  return phis;
}
