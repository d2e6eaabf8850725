/**
 * Random expressions without undefined behaviour, given that signed arithmetic wraps: shifts stay below the
 * width, divisors are odd and unsigned, indices are masked, and nothing in an expression has a side effect.
 *
 * Every operation stands in parentheses, so a text can be made smaller without knowing C.
 */
import type { Random } from './random.ts';
import { literal, randomScalar, SCALARS } from './shape.ts';
import type { Scalar, Shape } from './shape.ts';

export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  /** May not be assigned: a loop's counter, a constant. */
  readonly fixed?: boolean;
  /** A pointer's possible targets. */
  readonly mayPointTo?: readonly string[];
  /** volatile: its address goes nowhere. */
  readonly volatile?: boolean;
  /** Nobody writes it but this function, which is given its address. */
  readonly writer?: string;
}
export interface Place {
  readonly text: string;
  readonly shape: Shape;
}

/** A random place somewhere inside `place`, down to a number. */
export function placeIn(random: Random, place: Place, scope: readonly Variable[], depth: number): Place {
  const { text, shape } = place;
  switch (shape.kind) {
    case 'scalar':
      return place;
    case 'pointer': {
      const at = random.chance(50) ? `(*${text})` : `${text}[${index(random, shape.length, scope, depth)}]`;
      return placeIn(random, { text: at, shape: shape.to }, scope, depth);
    }
    case 'array': {
      const at = `${text}[${index(random, shape.length, scope, depth)}]`;
      return placeIn(random, { text: at, shape: shape.of }, scope, depth);
    }
    case 'record': {
      const member = random.pick(shape.members);
      return placeIn(random, { text: `${text}.${member.name}`, shape: member.shape }, scope, depth);
    }
  }
}

function index(random: Random, length: number, scope: readonly Variable[], depth: number): string {
  if (depth <= 0 || random.chance(40)) return String(random.below(length));
  return `(${expression(random, scope, depth - 1)}) & ${length - 1}`;
}

/** A number that may be assigned to, or null. */
export function target(random: Random, scope: readonly Variable[], depth: number): Place | null {
  const free = scope.filter(({ fixed }) => fixed !== true);
  if (free.length === 0) return null;
  const { name, shape } = random.pick(free);
  return placeIn(random, { text: name, shape }, scope, depth);
}

type Make = (random: Random, operand: () => string, scope: readonly Variable[], depth: number) => string;

const read: Make = (random, _, scope, depth) => {
  if (scope.length === 0) return literal(random);
  const { name, shape } = random.pick(scope);
  return placeIn(random, { text: name, shape }, scope, depth - 1).text;
};
/** Two places in one array: how far apart they are, or which comes first. */
const apart: Make = (random, x, scope) => {
  const arrays = scope.filter(({ shape }) => shape.kind === 'array');
  const array = arrays.length > 0 ? random.pick(arrays) : null;
  if (array?.shape.kind !== 'array') return literal(random);
  const mask = array.shape.length - 1;
  const [a, b] = [x, x].map((at) => `&${array.name}[(${at()}) & ${mask}]`);
  return `(${a} ${random.pick(['-', '-', '<', '<=', '==', '!='])} ${b})`;
};
/** Numbers of any width and sign, widened and then compared by either sign. */
const widened: Make = (random, x) => {
  const [from, to] = [
    random.pick(['s32', 'u32', 'u32', 's16', 'u16', 's8', 'u8']),
    random.pick(['s64', 'u64']),
  ];
  const sign = random.chance(50) ? from : random.pick(['s32', 'u32']);
  const edge = random.chance(50) ? `(${from})(${x()} | 0x80000000u)` : `(${from})${x()}`;
  return `((${to})${edge} ${random.pick(['<', '<=', '>', '>='])} (${to})(${sign})${x()})`;
};
/** A number of which the shift loses its upper bits, against one that has none there. */
const cutOff: Make = (random, x) => {
  const by = random.between(36, 61);
  const low = random.below(1 << Math.min(63 - by, 3));
  const from = `(s64)(s32)(((u32)${x()} << ${64 - by}) | ${low}u)`;
  return `((${from} << ${by}) ${random.pick(['==', '!='])} (${low}l << ${by}))`;
};
/** A shifted number against a constant that may or may not have its low bits clear. */
const aligned: Make = (random, x) => {
  const by = random.below(32);
  const to = `(${random.below(8)}l << ${by})`;
  const low = random.chance(20) ? ' + 1' : '';
  const from = random.chance(50) ? `(s64)(s32)${x()}` : `(u64)(u8)${x()}`;
  return `((${from} << ${by}) ${random.pick(['==', '!='])} (${to}${low}))`;
};
const cast = (random: Random): Scalar => random.pick(SCALARS);
const unsigned = (random: Random): string => random.pick(['u32', 'u64', 'u64', 'u16', 'u8']);

const LEAVES: readonly (readonly [number, Make])[] = [
  [3, read],
  [1, (random) => literal(random)],
];
const OPERATIONS: readonly (readonly [number, Make])[] = [
  [4, read],
  [2, (random) => literal(random)],
  [8, (random, x) => `(${x()} ${random.pick(['+', '-', '*', '&', '|', '^'])} ${x()})`],
  [4, (random, x) => `(${x()} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${x()})`],
  [2, (random, x) => `(${x()} ${random.pick(['&&', '||'])} ${x()})`],
  [3, (random, x) => `((${cast(random).name})${x()})`],
  [2, (random, x) => `(${random.pick(['-', '~', '!'])}${x()})`],
  [2, (random, x) => `(${x()} ? ${x()} : ${x()})`],
  [3, (random, x) => `((${random.pick(['s64', 'u64'])})${x()} ${random.pick(['<<', '>>'])} (${x()} & 63))`],
  [3, (random, x) => `((${random.pick(['s32', 'u32'])})${x()} ${random.pick(['<<', '>>'])} (${x()} & 31))`],
  [
    3,
    (random, x) => {
      const wide = random.chance(50);
      const by = random.below(wide ? 64 : 32);
      return `((${random.pick(wide ? ['s64', 'u64'] : ['s32', 'u32'])})${x()} ${random.pick(['<<', '>>'])} ${by})`;
    },
  ],
  [
    2,
    (random, x) =>
      `((${unsigned(random)})${x()} ${random.pick(['/', '%'])} ((${unsigned(random)})${x()} | 1))`,
  ],
  [
    2,
    (random, x) =>
      `((${unsigned(random)})${x()} ${random.pick(['/', '%'])} ${random.pick([1, 2, 3, 7, 8, 10, 256, 1000])}u)`,
  ],
  [1, (random, x) => `__builtin_bswap${random.pick([16, 32, 64])}(${x()})`],
  [
    1,
    (random, x) =>
      random.pick([
        `__builtin_popcountl(${x()})`,
        `__builtin_ctzl(${x()} | 1l)`,
        `__builtin_clz((u32)${x()} | 1u)`,
      ]),
  ],
  [
    1,
    (random, x) =>
      `({ ${randomScalar(random).name} t = ${x()}; t ${random.pick(['+', '^', '-'])} ${literal(random)}; })`,
  ],
  [1, (random, x) => `(${x()} ?: ${x()})`],
  [1, apart],
  [1, aligned],
  [1, widened],
  [1, cutOff],
];

export function expression(random: Random, scope: readonly Variable[], depth: number): string {
  const make = random.weighted(depth <= 0 ? LEAVES : OPERATIONS);
  return make(random, () => expression(random, scope, depth - 1), scope, depth);
}
