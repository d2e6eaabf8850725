/** Places of bytes as places of variables: each scalar, and each member of a struct, under the name C has for it. */
import type { VariableRange, VariableShape } from '../../protocol/variables.ts';
import type { VarSymbol } from './ast.ts';
import { integerOf, isBool, isPointer, sizeOf, unsugar } from './ctype.ts';
import type { CType } from './ctype.ts';
import { typeText } from './ctype_text.ts';
import type { EmittedFunction } from './emit.ts';
import type { Place, PlacedPart } from './emit_places.ts';
import type { Sources } from './source.ts';

/** A variable may fall apart into no more than that. */
const MOST_LEAVES = 64;

interface Leaf {
  readonly name: string;
  readonly type: CType;
  readonly shape: VariableShape;
  readonly off: number;
  readonly size: number;
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

/** What a variable is made of; bit-fields and elements of arrays are left out. */
function leavesOf(type: CType, name: string, off = 0, found: Leaf[] = []): Leaf[] {
  if (found.length >= MOST_LEAVES) return found;
  const shape = shapeOf(type);
  const plain = unsugar(type);
  if (shape) found.push({ name, type, shape, off, size: sizeOf(type) ?? 0 });
  else if (plain.kind === 'record')
    for (const member of plain.layout?.members ?? []) {
      if (member.bitSize !== null) continue;
      const inner = member.name === '' ? name : `${name}.${member.name}`;
      leavesOf(member.type, inner, off + member.bitOffset / 8, found);
    }
  return found;
}

/** Where a leaf is when the bytes from `off` on are at `place`; null: not wholly within them. */
function within(part: PlacedPart, leaf: Leaf): Place | null {
  const { place } = part;
  const inside = leaf.off - part.off;
  if (inside < 0 || inside + leaf.size > part.size) return null;
  if (place.in === 'stack') return { in: 'stack', offset: place.offset + inside };
  return inside === 0 ? place : null;
}

function describe(
  fn: EmittedFunction,
  part: PlacedPart,
  { name, type, range }: VarSymbol,
  sources: Sources,
): VariableRange[] {
  const { file, line, column } = sources.position(range.start);
  return leavesOf(type, name).flatMap((leaf) => {
    const place = within(part, leaf);
    if (!place) return [];
    return {
      function: fn.symbol.name,
      name: leaf.name,
      declared: { name, file, line, column },
      type: typeText(leaf.type),
      shape: leaf.shape,
      size: leaf.size,
      place,
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
