/**
 * Objects with static storage: which section they go to, and their bytes. Addresses of other objects inside
 * them stay open as relocations.
 */
import type { Bytes } from '../../shared/brand.ts';
import type { Expr, Initializer, VarSymbol } from './ast.ts';
import { evaluate } from './const_eval.ts';
import { alignOf, qualifiersOf, sizeOf } from './ctype.ts';
import type { CType } from './ctype.ts';
import type { IrSymbol } from './ir.ts';
import type { ModuleLowering } from './lower.ts';

export interface DataObject {
  readonly symbol: IrSymbol;
  readonly section: string;
  readonly size: number;
  readonly align: number;
  readonly bytes: Uint8Array;
  readonly relocs: readonly { readonly off: number; readonly symbol: IrSymbol; readonly addend: number }[];
  /** null: a string literal. */
  readonly variable: VarSymbol | null;
  /** Kept even when nothing refers to it. */
  readonly kept: boolean;
  /** Neither the program nor user space changes it: loads can be answered now. */
  readonly constant: boolean;
}

export const STRING_SECTION = '.rodata.str1.1';

/** A constant the linker may have to finish: symbol + number. */
interface Constant {
  readonly symbol: IrSymbol | null;
  readonly value: bigint;
}

/** Value of a constant expression, or null. */
export function constantOf(m: ModuleLowering, expr: Expr): Constant | null {
  const value = evaluate(expr);
  if (value === null) return null;
  if (value.kind === 'int') return { symbol: null, value: value.value };
  const { of, offset } = value;
  const symbol =
    of.kind === 'string' ? m.string(of.bytes) : of.kind === 'func' ? m.function(of) : m.variable(of);
  return { symbol, value: offset };
}

interface Image {
  readonly bytes: Uint8Array;
  readonly relocs: { off: number; symbol: IrSymbol; addend: number }[];
}

function putValue(
  m: ModuleLowering,
  image: Image,
  entry: { bitOffset: number; bitSize: number | null; type: CType; value: Expr },
): void {
  const off = Math.floor(entry.bitOffset / 8);
  const size = sizeOf(entry.type) ?? 0;
  const { value } = entry;
  if (value.kind === 'string') {
    image.bytes.fill(0, off, off + size);
    image.bytes.set(value.bytes.subarray(0, size), off);
    return;
  }
  if (value.kind === 'cast' && value.cast === 'load' && value.operand.kind === 'compound_literal') {
    const inner = value.operand.symbol;
    if (inner.init) return putInitializer(m, image, off, inner.type, inner.init);
  }
  const constant = constantOf(m, value);
  if (!constant) {
    m.diagnostics.error(value.range, 'initializer element is not a compile-time constant');
    return;
  }
  if (constant.symbol) {
    image.relocs.push({ off, symbol: constant.symbol, addend: Number(constant.value) });
    return;
  }
  if (entry.bitSize !== null) {
    for (let i = 0; i < entry.bitSize; i++) {
      const bit = entry.bitOffset + i;
      const mask = 1 << (bit % 8);
      const at = Math.floor(bit / 8);
      const set = ((constant.value >> BigInt(i)) & 1n) !== 0n;
      image.bytes[at] = set ? (image.bytes[at] ?? 0) | mask : (image.bytes[at] ?? 0) & ~mask;
    }
    return;
  }
  for (let i = 0; i < size; i++) image.bytes[off + i] = Number((constant.value >> BigInt(8 * i)) & 0xffn);
}

function putInitializer(m: ModuleLowering, image: Image, off: number, type: CType, init: Initializer): void {
  const entries =
    init.kind === 'value' ? [{ bitOffset: 0, bitSize: null, type, value: init.value }] : init.entries;
  for (const entry of entries) putValue(m, image, { ...entry, bitOffset: entry.bitOffset + off * 8 });
}

/** The highest end of what a flexible array member's initialiser names, or 0. */
const initEnd = (init: Initializer | null): number =>
  init?.kind === 'list'
    ? init.entries.reduce((end, e) => Math.max(end, Math.floor(e.bitOffset / 8) + (sizeOf(e.type) ?? 0)), 0)
    : 0;

/** Bytes of a variable, with what its initialiser puts into a flexible array. */
export const sizeOfVariable = ({ type, init }: VarSymbol): Bytes =>
  Math.max(sizeOf(type) ?? 0, initEnd(init));

export function lowerVariable(m: ModuleLowering, variable: VarSymbol, symbol: IrSymbol): DataObject {
  const size = sizeOfVariable(variable);
  const image: Image = { bytes: new Uint8Array(size), relocs: [] };
  if (variable.init) putInitializer(m, image, 0, variable.type, variable.init);
  const { isConst, isVolatile, addressSpace } = qualifiersOf(variable.type);
  const isKernels = addressSpace === 0;
  const zero = !variable.init || (image.relocs.length === 0 && image.bytes.every((byte) => byte === 0));
  const usual = isConst ? '.rodata' : zero ? '.bss' : '.data';
  const section = variable.attributes.section ?? (isKernels ? usual : `.addr_space.${addressSpace}`);
  return {
    symbol,
    section,
    size,
    align: Math.max(variable.attributes.aligned ?? 0, alignOf(variable.type)),
    bytes: image.bytes,
    relocs: image.relocs,
    variable,
    kept: variable.storage === 'global' || variable.attributes.used,
    constant: isKernels && isConst && !isVolatile && !variable.attributes.weak,
  };
}
