/** Places of bytes as places of variables: each scalar, member and element, under the name C has for it. */
import type { VariableRange, VariableShape } from '../../protocol/variables.ts';
import type { VarSymbol } from './ast.ts';
import { integerOf, isBool, isPointer, sizeOf, unsugar } from './ctype.ts';
import type { CType, Member } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { EmittedFunction } from './emit.ts';
import type { PlacedPart } from './emit_places.ts';
import type { Sources } from './source.ts';

/** A variable may fall apart into no more than that. */
const MOST_LEAVES = 64;
/** Of each array. */
const MOST_ELEMENTS = 16;

interface Leaf {
  readonly name: string;
  readonly type: CType;
  readonly shape: VariableShape;
  readonly off: number;
  readonly size: number;
  readonly bits: VariableRange['bits'];
}

function shapeOf(type: CType): VariableShape | null {
  const plain = unsugar(type);
  if (isBool(type)) return 'bool';
  if (isPointer(type)) return 'pointer';
  const int = integerOf(type);
  if (int) return int.size > 8 ? null : int.signed ? 'signed' : 'unsigned';
  const isText = plain.kind === 'array' && integerOf(plain.of)?.size === 1;
  return isText ? 'text' : null;
}

/** A bit-field and the bytes that it is in; null: it has none of its own, or more than a register. */
function fieldLeaf({ name, type, bitOffset, bitSize }: Member, within: string, off: number): Leaf | null {
  const shape = shapeOf(type);
  const first = bitOffset % 8;
  const width = bitSize ?? 0;
  const size = Math.ceil((first + width) / 8);
  if (!shape || name === '' || width === 0 || size > 8) return null;
  const at = off + Math.floor(bitOffset / 8);
  return { name: `${within}.${name}`, type, shape, off: at, size, bits: { first, width } };
}

/** What a variable is made of. */
function leavesOf(type: CType, name: string, off = 0, found: Leaf[] = []): Leaf[] {
  if (found.length >= MOST_LEAVES) return found;
  const shape = shapeOf(type);
  const plain = unsugar(type);
  if (shape) found.push({ name, type, shape, off, size: sizeOf(type) ?? 0, bits: null });
  else if (plain.kind === 'record')
    for (const member of plain.layout?.members ?? []) {
      const field = member.bitSize === null ? null : fieldLeaf(member, name, off);
      if (field) found.push(field);
      if (member.bitSize !== null) continue;
      const inner = member.name === '' ? name : `${name}.${member.name}`;
      leavesOf(member.type, inner, off + member.bitOffset / 8, found);
    }
  else if (plain.kind === 'array')
    for (let i = 0; i < Math.min(plain.length ?? 0, MOST_ELEMENTS); i++)
      leavesOf(plain.of, `${name}[${i}]`, off + i * (sizeOf(plain.of) ?? 0), found);
  return found;
}

/** Where a leaf is when the bytes from `off` on are at `place`; null: not wholly within them. */
function within(part: PlacedPart, { off, size, bits }: Leaf): Pick<VariableRange, 'place' | 'bits'> | null {
  const { place } = part;
  const inside = off - part.off;
  if (inside < 0 || inside + size > part.size) return null;
  if (place.in === 'stack') return { place: { in: 'stack', offset: place.offset + inside }, bits };
  if (bits) return { place, bits: { ...bits, first: bits.first + inside * 8 } };
  return inside === 0 ? { place, bits } : null;
}

function describe(
  fn: EmittedFunction,
  part: PlacedPart,
  { name, type, range }: VarSymbol,
  sources: Sources,
): VariableRange[] {
  const { file, line, column } = sources.position(range.start);
  return leavesOf(type, name).flatMap((leaf) => {
    const found = within(part, leaf);
    if (!found) return [];
    return {
      function: fn.symbol.name,
      name: leaf.name,
      declared: { name, file, line, column },
      type: typeText(leaf.type),
      shape: leaf.shape,
      size: leaf.size,
      ...found,
      from: part.from,
      to: part.to,
    };
  });
}

/** What a location list of DWARF would say. */
export const variablesOf = (fn: EmittedFunction, sources: Sources): VariableRange[] =>
  fn.places.flatMap((part) => {
    const { variable } = part.variable;
    return variable && variable.name !== '' ? describe(fn, part, variable, sources) : [];
  });
