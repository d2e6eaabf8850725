/**
 * Random C programs for trying the compiler against another one, or against itself.
 *
 * A program is a function `f<seed>(s64 a, s64 b)` with types, globals and callees of its own. It returns a hash
 * of everything it computed. Many stand in one file: that is cheaper for a compiler that must be started.
 */
import type { Variable } from './expression.ts';
import { Random } from './random.ts';
import {
  bytesOf,
  declare,
  defineRecord,
  initialiser,
  literal,
  PRELUDE,
  randomRecord,
  randomScalar,
  S64,
  U32,
  U64,
} from './shape.ts';
import type { Record, Shape } from './shape.ts';
import { Statements } from './statement.ts';
import type { Callee } from './statement.ts';

/** Changes when the same seeds give other programs. Of a mended statement the notes in fuzz.json tell. */
export const GENERATOR_VERSION = 6;

const MIX = '#define MIX(x) (h = (h ^ (u64)(x)) * 0x100000001b3ul)\n';

function randomShape(random: Random, records: readonly Record[]): Shape {
  return random.weighted<() => Shape>([
    [5, () => randomScalar(random)],
    [2, () => ({ kind: 'array', of: randomScalar(random), length: random.pick([2, 4, 8]) })],
    [2, () => (records.length > 0 ? random.pick(records) : U64)],
  ])();
}

export const programName = (seed: number): string => `f${seed}`;

/** One program, alone. Seeds are whole numbers from 0. */
export function generateProgram(seed: number): string {
  const random = new Random(seed);
  const lines: string[] = [];
  const records: Record[] = [];
  for (let i = random.below(3); i > 0; i--) {
    const record = randomRecord(random, `s${seed}_${records.length}`, records);
    records.push(record);
    lines.push(defineRecord(record));
  }
  const globals: Variable[] = [];
  for (let i = random.between(1, 4); i > 0; i--) {
    const shape = randomShape(random, records);
    const name = `g${seed}_${globals.length}`;
    const constant = random.chance(15);
    const words = constant
      ? random.pick(['static const ', 'const volatile '])
      : random.pick(['', '', 'static ', 'volatile ']);
    const first = constant || random.chance(60) ? ` = ${initialiser(random, shape)}` : '';
    lines.push(`${words}${declare(shape, name)}${first};`);
    const isVolatile = words.includes('volatile');
    globals.push({
      name,
      shape,
      fixed: constant || (isVolatile && shape.kind === 'record'),
      volatile: isVolatile,
    });
  }
  if (random.chance(20)) {
    const [name, writer] = [`w${seed}`, `put${seed}`];
    lines.push(
      `static u64 ${name} = ${literal(random)};`,
      `NOINLINE void ${writer}(u64 *to, u64 by) { *to = *to ${random.pick(['+', '^', '-'])} by; }`,
    );
    globals.push({ name, shape: U64, fixed: true, writer });
  }
  const callees: Callee[] = [];
  for (let i = random.below(3); i > 0; i--) {
    const callee = randomCallee(random, `c${seed}_${callees.length}`, records);
    lines.push(...functionText(random, callee, { globals, records, callees, budget: 6 }));
    callees.push(callee);
  }
  const params = [S64, S64];
  const main: Callee & { readonly words: string } = { name: programName(seed), params, words: '' };
  lines.push(...functionText(random, main, { globals, records, callees, budget: random.between(4, 18) }));
  return `${lines.join('\n')}\n`;
}

function randomCallee(random: Random, name: string, records: readonly Record[]): Callee & { words: string } {
  const small = records.filter((record) => bytesOf(record) < 60);
  const params = Array.from({ length: random.between(0, 4) }, (): Shape => {
    const to = small.length > 0 && random.chance(50) ? random.pick(small) : random.pick([U32, U64]);
    return random.chance(25) ? { kind: 'pointer', to, length: 1 } : randomScalar(random);
  });
  return { name, params, words: random.pick(['NOINLINE ', 'NOINLINE ', 'static ', 'INLINE ']) };
}

function functionText(
  random: Random,
  { name, params, words }: Callee & { readonly words: string },
  has: {
    readonly globals: readonly Variable[];
    readonly records: readonly Record[];
    readonly callees: readonly Callee[];
    readonly budget: number;
  },
): string[] {
  const names = name.startsWith('f') ? ['a', 'b'] : params.map((_, i) => `p${i}`);
  const own = params.map((shape, i): Variable => ({ name: names[i] ?? '', shape }));
  const statements = new Statements(random, { unit: name, scope: [...has.globals, ...own], ...has });
  statements.declareLocals(random.between(1, 5));
  for (let i = random.between(3, 8); i > 0; i--) statements.statement();
  statements.finish();
  const list = own.map(({ name: param, shape }) => declare(shape, param)).join(', ');
  return [
    `${words}u64 ${name}(${list || 'void'})`,
    '{',
    '  u64 h = 0xcbf29ce484222325ul;',
    ...statements.lines,
    '}',
  ];
}

/** A file with the programs of these seeds. */
export const generateFile = (seeds: readonly number[]): string =>
  PRELUDE + MIX + seeds.map(generateProgram).join('\n');
