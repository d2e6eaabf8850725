/**
 * Scopes, and jumps into them. A slot's life is marked from its declaration to where its scope is left, so that
 * others may have its bytes before and after. What is reached by a jump past the declaration (a `goto` forward,
 * a `case` behind it) is in scope as well and has passed no mark: such a slot has its bytes for itself.
 */
import type { FuncSymbol, VarSymbol } from './ast.ts';
import type { IrFunction, Slot } from './ir.ts';

export interface Scope {
  /** The statement that makes the scope; goto needs to know which ones a label is in. */
  readonly owner: object;
  readonly slots: Slot[];
  readonly cleanups: { readonly call: FuncSymbol; readonly variable: VarSymbol }[];
}

/** A goto with its label, or a switch with those of its cases. */
export interface Jump {
  /** The slots in scope where it starts. */
  readonly from: readonly Slot[];
  readonly to: readonly object[];
}

/** @param arrivals the slots in scope at each label */
export function passedSlots(
  jumps: readonly Jump[],
  arrivals: ReadonlyMap<object, readonly Slot[]>,
): ReadonlySet<Slot> {
  const passed = new Set<Slot>();
  for (const { from, to } of jumps) {
    const known = new Set(from);
    for (const label of to)
      for (const slot of arrivals.get(label) ?? []) if (!known.has(slot)) passed.add(slot);
  }
  return passed;
}

export function withoutLife(fn: IrFunction, slots: ReadonlySet<Slot>): void {
  if (slots.size === 0) return;
  for (const block of fn.blocks)
    block.insts = block.insts.filter(({ op, slot }) => op !== 'life' || slot === null || !slots.has(slot));
}
