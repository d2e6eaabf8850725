/**
 * Types of generated programs, what they are called in C, and random values for them.
 *
 * Array lengths are powers of two: an index is kept inside by a mask.
 */
import type { Random } from './random.ts';

export interface Scalar {
  readonly kind: 'scalar';
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
}
export interface Elements {
  readonly kind: 'array';
  readonly of: Shape;
  readonly length: number;
}
export interface Member {
  readonly name: string;
  readonly shape: Shape;
  /** Width of a bit-field. */
  readonly width?: number;
}
export interface Record {
  readonly kind: 'record';
  /** With its keyword, as it is written. */
  readonly name: string;
  readonly union: boolean;
  readonly packed: boolean;
  readonly members: readonly Member[];
}
/** Points to an element of an array of `length`. */
export interface Pointer {
  readonly kind: 'pointer';
  readonly to: Shape;
  readonly length: number;
}
export type Shape = Scalar | Elements | Record | Pointer;

const scalar = (name: string, bits: number, signed: boolean): Scalar => ({
  kind: 'scalar',
  name,
  bits,
  signed,
});
export const S32 = scalar('s32', 32, true);
export const U32 = scalar('u32', 32, false);
export const S64 = scalar('s64', 64, true);
export const U64 = scalar('u64', 64, false);
export const U8 = scalar('u8', 8, false);
export const BOOL = scalar('_Bool', 1, false);
export const SCALARS: readonly Scalar[] = [
  scalar('s8', 8, true),
  U8,
  scalar('s16', 16, true),
  scalar('u16', 16, false),
  S32,
  U32,
  S64,
  U64,
  BOOL,
];

/** How the names above are made; every generated file starts with this. */
export const PRELUDE = `typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long s64;
typedef unsigned long u64;
#define NOINLINE static __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))
`;

export const randomScalar = (random: Random): Scalar =>
  random.weighted([
    [3, random.pick(SCALARS)],
    [1, S32],
    [1, U64],
  ]);

/** Upper bound of a shape's bytes, padding included. */
export function bytesOf(shape: Shape): number {
  switch (shape.kind) {
    case 'scalar':
      return Math.max(1, shape.bits / 8);
    case 'pointer':
      return 8;
    case 'array':
      return shape.length * bytesOf(shape.of);
    case 'record':
      return shape.members.reduce((sum, { shape: inner }) => sum + bytesOf(inner) + 4, 4);
  }
}

/** `u32 x[4]` from a shape and a name. */
export function declare(shape: Shape, name: string): string {
  switch (shape.kind) {
    case 'scalar':
    case 'record':
      return `${shape.name} ${name}`;
    case 'pointer':
      return declare(shape.to, `*${name}`);
    case 'array':
      return declare(shape.of, `${name}[${shape.length}]`);
  }
}

function randomMember(random: Random, name: string, records: readonly Record[]): Member {
  if (random.chance(40)) {
    const shape = random.pick(SCALARS.filter(({ bits }) => bits > 1));
    return {
      name,
      shape,
      width: random.between(1, random.chance(70) ? Math.min(shape.bits, 12) : shape.bits),
    };
  }
  if (random.chance(20))
    return { name, shape: { kind: 'array', of: randomScalar(random), length: random.pick([1, 2, 4]) } };
  const nested = records.filter((record) => bytesOf(record) < 40);
  if (random.chance(20) && nested.length > 0) return { name, shape: random.pick(nested) };
  return { name, shape: randomScalar(random) };
}

/** A struct, or a union all of whose members are numbers as wide as each other. */
export function randomRecord(random: Random, tag: string, records: readonly Record[]): Record {
  if (random.chance(15)) {
    const members = SCALARS.filter(({ bits }) => bits === 32).map((shape, i) => ({ name: `m${i}`, shape }));
    const bytes: Elements = { kind: 'array', of: U8, length: 4 };
    const all = [...members, { name: 'bytes', shape: bytes }];
    return { kind: 'record', name: `union ${tag}`, union: true, packed: false, members: all };
  }
  const members = Array.from({ length: random.between(1, 5) }, (_, i) =>
    randomMember(random, `m${i}`, records),
  );
  return { kind: 'record', name: `struct ${tag}`, union: false, packed: random.chance(20), members };
}

export function defineRecord({ name, packed, members }: Record): string {
  const fields = members.map(({ name: field, shape, width }) =>
    width === undefined ? `${declare(shape, field)};` : `${declare(shape, field)} : ${width};`,
  );
  return `${name} { ${fields.join(' ')} }${packed ? ' __attribute__((packed))' : ''};`;
}

const EDGES = [0n, 1n, 2n, 3n, 7n, 8n, 10n, 63n, 100n, 127n, 128n, 255n, 256n, 0x7fffn, 0x8000n, 0xffffn];
const FAR_EDGES = [
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 32n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];

/** A constant of C whose type holds it. */
export function literal(random: Random): string {
  const value = random.weighted<() => bigint>([
    [6, () => random.pick(EDGES)],
    [2, () => random.pick(FAR_EDGES)],
    [1, () => BigInt(random.next())],
    [1, () => (BigInt(random.next()) << 32n) | BigInt(random.next())],
  ])();
  if (value >= 1n << 63n) return `0x${value.toString(16)}ul`;
  const suffix = random.pick(value < 1n << 31n ? ['', '', '', 'u', 'l', 'ul'] : ['l', 'ul']);
  return random.chance(20) ? `(-${value}${suffix})` : `${value}${suffix}`;
}

/** An initialiser of constants; sometimes only of some members, sometimes by name. */
export function initialiser(random: Random, shape: Shape): string {
  switch (shape.kind) {
    case 'scalar':
      return literal(random);
    case 'pointer':
      return '0';
    case 'array': {
      const length = random.chance(70) ? shape.length : random.below(shape.length);
      const items = Array.from({ length }, (_, i) =>
        random.chance(15) ? `[${i}] = ${initialiser(random, shape.of)}` : initialiser(random, shape.of),
      );
      return `{ ${items.join(', ')} }`;
    }
    case 'record': {
      const some = shape.union ? [random.pick(shape.members)] : shape.members.filter(() => random.chance(80));
      return `{ ${some.map((m) => `.${m.name} = ${initialiser(random, m.shape)}`).join(', ')} }`;
    }
  }
}
