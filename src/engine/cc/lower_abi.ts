/**
 * Arguments under the wider agreement of profiles `user` and `kernel` (see profile.ts): a caller puts what
 * does not fit in registers into a block of its frame, a callee finds it behind r5.
 *
 *     f(a, b, c, d, e, g)      r1 = a  r2 = b  r3 = c  r4 = d  r5 -> [ e | g ]
 *     printf(fmt, x, y)        r1 = fmt                        r5 -> [ x | y ]
 */
import { EngineBug } from '../../shared/assert.ts';
import type { FunctionType } from './ctype.ts';
import type { Inst, IrFunction, Width } from './ir.ts';
import type { Lowering } from './lower_function.ts';
import { BLOCK_REGS, MAX_REGS, SLOT_BYTES } from './profile.ts';

/** How many of `count` arguments travel in registers; all of them when no block is needed. */
function inRegisters(count: number, fixed: number, variadic: boolean): number {
  if (variadic) return Math.min(fixed, BLOCK_REGS);
  return count > MAX_REGS ? BLOCK_REGS : count;
}

/** Widths of a function's parameters as they arrive: at most five, the last of them perhaps a block. */
export function arriving(widths: readonly Width[], { variadic }: FunctionType): Width[] {
  const regs = inRegisters(widths.length, widths.length, variadic);
  if (!variadic && regs === widths.length) return [...widths];
  const out = widths.slice(0, regs);
  while (out.length < BLOCK_REGS) out.push(64);
  return [...out, 64];
}

/** A parameter's value; `index` counts the hidden address of a record result. */
export function parameter(f: Lowering, index: number, count: number, width: Width, type: FunctionType): Inst {
  const { fn } = f;
  if (index < inRegisters(count, count, type.variadic)) return paramOf(fn, index);
  return f.b.load(paramOf(fn, BLOCK_REGS), (index - BLOCK_REGS) * SLOT_BYTES, width === 64 ? 8 : 4);
}

/** The address of the first argument behind the named ones, in a variadic function. */
export function variadicStart(f: Lowering, count: number): Inst {
  return f.b.offset(paramOf(f.fn, BLOCK_REGS), Math.max(0, count - BLOCK_REGS) * SLOT_BYTES);
}

function paramOf(fn: IrFunction, index: number): Inst {
  const param = fn.params[index];
  if (!param) throw new EngineBug(`${fn.name} has no register for parameter ${index}`);
  return param;
}

/**
 * What goes into r1-r5 for these arguments.
 *
 * @param fixed how many of them the prototype names, the hidden one included
 */
export function passing(f: Lowering, args: readonly Inst[], fixed: number, variadic: boolean): Inst[] {
  const regs = inRegisters(args.length, fixed, variadic);
  const rest = args.slice(regs);
  if (rest.length === 0 && !variadic) return [...args];
  const out = args.slice(0, regs);
  while (out.length < BLOCK_REGS) out.push(f.b.const(64, 0));
  if (rest.length === 0) return [...out, f.b.const(64, 0)];
  const slot = f.blockSlot(rest.length * SLOT_BYTES);
  rest.forEach((arg, i) => f.b.store(f.fn.frame(slot, 0), i * SLOT_BYTES, 8, f.b.zext(arg)));
  return [...out, f.fn.frame(slot, 0)];
}
