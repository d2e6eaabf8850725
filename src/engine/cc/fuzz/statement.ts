/**
 * Random statements. Loops count a variable of their own that nothing else assigns; every line is one
 * statement or opens or closes one block, so a program can be made smaller line by line.
 */
import { expression, placeIn, target } from './expression.ts';
import type { Variable } from './expression.ts';
import type { Random } from './random.ts';
import {
  bytesOf,
  declare,
  initialiser,
  literal,
  randomScalar,
  S32,
  S64,
  SCALARS,
  U32,
  U64,
} from './shape.ts';
import type { Record, Scalar, Shape } from './shape.ts';

/** A function that generated code may call. */
export interface Callee {
  readonly name: string;
  readonly params: readonly Shape[];
}

/** Bytes of local variables in one function; a BPF frame has 512. */
const LOCAL_BYTES = 120;

export class Statements {
  readonly lines: string[] = [];
  private readonly random: Random;
  private readonly records: readonly Record[];
  private readonly callees: readonly Callee[];
  /** Prefix of names of this function's own. */
  private readonly unit: string;
  private scope: Variable[];
  private names = 0;
  private bytes = 0;
  private depth = 0;
  private loops = 0;
  private switches = 0;
  private budget: number;

  constructor(
    random: Random,
    options: {
      readonly unit: string;
      readonly scope: readonly Variable[];
      readonly records: readonly Record[];
      readonly callees: readonly Callee[];
      readonly budget: number;
    },
  ) {
    this.random = random;
    this.records = options.records;
    this.callees = options.callees;
    this.unit = options.unit;
    this.scope = [...options.scope];
    this.budget = options.budget;
  }

  /** Everything visible at the end. */
  get visible(): readonly Variable[] {
    return this.scope;
  }

  private value(depth = 3): string {
    return expression(this.random, this.scope, this.random.between(0, depth));
  }
  private line(text: string): void {
    this.lines.push(`${'  '.repeat(this.depth + 1)}${text}`);
  }
  private fresh(): string {
    return `v${this.names++}`;
  }

  declareLocals(count: number): void {
    for (let i = 0; i < count; i++) this.declareLocal();
  }
  private declareLocal(): void {
    const { random } = this;
    const shape = random.weighted<() => Shape>([
      [6, () => randomScalar(random)],
      [2, () => ({ kind: 'array', of: randomScalar(random), length: random.pick([2, 4, 8]) })],
      [2, () => (this.records.length > 0 ? random.pick(this.records) : U64)],
    ])();
    if (this.bytes + bytesOf(shape) > LOCAL_BYTES) return;
    this.bytes += bytesOf(shape);
    const name = this.fresh();
    const first = shape.kind === 'scalar' ? this.value(2) : initialiser(random, shape);
    this.line(`${declare(shape, name)} = ${first};`);
    this.scope.push({ name, shape });
    this.declarePointer(name, shape);
  }
  private declarePointer(to: string, shape: Shape): void {
    if (!this.random.chance(30)) return;
    const name = this.fresh();
    const others = this.scope.filter(
      (own) => own.shape === shape && own.fixed !== true && own.volatile !== true,
    );
    const other = this.random.pick(others);
    if (other && other.name !== to) {
      this.line(`${declare(shape, `*${name}`)} = (${this.value(1)}) ? &${to} : &${other.name};`);
      this.scope.push({
        name,
        shape: { kind: 'pointer', to: shape, length: 1 },
        mayPointTo: [to, other.name],
      });
      return;
    }
    const pointer: Shape =
      shape.kind === 'array'
        ? { kind: 'pointer', to: shape.of, length: shape.length }
        : { kind: 'pointer', to: shape, length: 1 };
    this.line(`${declare(pointer, name)} = ${shape.kind === 'array' ? to : `&${to}`};`);
    this.scope.push({ name, shape: pointer, mayPointTo: [to] });
  }

  block(count: number): void {
    const outside = this.scope;
    this.scope = [...outside];
    this.depth++;
    for (let i = 0; i < count; i++) this.statement();
    this.depth--;
    this.scope = outside;
  }

  statement(): void {
    if (this.budget-- <= 0) return this.assign();
    const deep = this.depth >= 3;
    this.random.weighted<() => void>([
      [8, () => this.assign()],
      [4, () => this.compound()],
      [2, () => this.step()],
      [2, () => this.copy()],
      [1, () => this.fill()],
      [1, () => this.atomic()],
      [2, () => this.call()],
      [2, () => this.mix()],
      [deep ? 0 : 4, () => this.branch()],
      [deep || this.loops >= 2 ? 0 : 3, () => this.loop()],
      [deep ? 0 : 2, () => this.choose()],
      [1, () => this.leave()],
      [deep ? 0 : 1, () => this.nested()],
      [1, () => this.fixString()],
      [2, () => this.alias()],
      [1, () => this.checked()],
      [this.writers.length > 0 ? 3 : 0, () => this.passOn()],
      [1, () => this.constantLoop()],
      [1, () => this.assembly()],
      [1, () => this.neighbours()],
    ])();
  }

  private assign(): void {
    const to = target(this.random, this.scope, 1);
    if (to) this.line(`${to.text} = ${this.value(4)};`);
  }
  private compound(): void {
    const to = target(this.random, this.scope, 1);
    if (!to || to.shape.kind !== 'scalar') return;
    if (to.shape.bits > 1 && this.random.chance(25))
      return this.line(
        `${to.text} ${this.random.pick(['<<=', '>>='])} ${this.random.below(Math.min(to.shape.bits, 31))};`,
      );
    this.line(`${to.text} ${this.random.pick(['+=', '-=', '*=', '&=', '|=', '^='])} ${this.value()};`);
  }
  private step(): void {
    const to = target(this.random, this.scope, 1);
    if (!to || to.shape.kind !== 'scalar' || to.shape.name === '_Bool') return;
    const op = this.random.pick(['++', '--']);
    this.line(this.random.chance(50) ? `${to.text}${op};` : `h ^= (u64)(${op}${to.text});`);
  }
  private mix(): void {
    this.line(`MIX(${this.value()});`);
  }
  private leave(): void {
    if (this.depth === 0) return;
    const ways = ['goto out;'];
    if (this.loops > 0) ways.push('continue;', 'continue;');
    if (this.loops > 0 || this.switches > 0) ways.push('break;', 'break;');
    this.line(`if (${this.value(2)}) ${this.random.pick(ways)}`);
  }
  private nested(): void {
    this.line('{');
    const outside = this.scope;
    this.scope = [...outside];
    this.depth++;
    this.declareLocal();
    for (let i = this.random.between(1, 3); i > 0; i--) this.statement();
    this.depth--;
    this.scope = outside;
    this.line('}');
  }

  private branch(): void {
    this.line(`if (${this.value()}) {`);
    this.block(this.random.between(1, 3));
    if (this.random.chance(50)) {
      this.line('} else {');
      this.block(this.random.between(1, 3));
    }
    this.line('}');
  }

  private loop(): void {
    const { random } = this;
    const name = this.fresh();
    const type = random.pick<Scalar>([S32, U32, S64, U64, ...SCALARS.filter(({ bits }) => bits > 1)]);
    const times = random.between(1, 9);
    const by = random.pick([1, 1, 1, 2, 3]);
    const [head, tail] = random.weighted<readonly [string, string]>([
      [4, [`for (${type.name} ${name} = 0; ${name} < ${times}; ${name} += ${by}) {`, '}']],
      [2, [`for (${type.name} ${name} = ${times}; ${name} > 0; ${name}--) {`, '}']],
      [1, [`for (${type.name} ${name} = 0; ${name} != ${times}; ${name}++) {`, '}']],
      [1, [`for (${type.name} ${name} = ${times}; ${name}--;) {`, '}']],
      [1, [`for (${type.name} ${name} = 0; ${name}++ < (${type.name})((u32)${this.value(1)} & 7);) {`, '}']],
      [1, [`for (${type.name} ${name} = 0, n = ((u32)${this.value(2)} & 7); ${name} < n; ${name}++) {`, '}']],
    ]);
    if (random.chance(15))
      this.line(`#pragma ${random.pick(['unroll', 'unroll 2', 'clang loop unroll(full)'])}`);
    this.line(head);
    const outside = this.scope;
    const switches = this.switches;
    this.scope = [...outside, { name, shape: type, fixed: true }];
    this.loops++;
    this.switches = 0;
    this.block(random.between(1, 4));
    this.loops--;
    this.switches = switches;
    this.scope = outside;
    this.line(tail);
  }

  private choose(): void {
    const { random } = this;
    const span = random.pick([4, 8, 16, 64]);
    this.line(
      `switch (${random.chance(60) ? `(${this.value()}) & ${span - 1}` : `(${randomScalar(random).name})${this.value()}`}) {`,
    );
    const used = new Set<number>();
    this.switches++;
    for (let i = random.between(1, 6); i > 0; i--) {
      const low = random.below(span);
      const high = random.chance(15) ? Math.min(low + 3, 255) : low;
      if ([...used].some((n) => n >= low && n <= high)) continue;
      for (let n = low; n <= high; n++) used.add(n);
      this.line(low === high ? `case ${low}:` : `case ${low} ... ${high}:`);
      this.block(random.between(0, 2));
      if (random.chance(65)) this.line('  break;');
    }
    if (random.chance(60)) {
      this.line('default:');
      this.block(random.between(0, 2));
    }
    this.line('  ;');
    this.switches--;
    this.line('}');
  }

  /** A record or array of its own type is copied, or set from a literal. */
  private copy(): void {
    const { random } = this;
    const records = this.scope.filter(({ shape, fixed }) => shape.kind === 'record' && fixed !== true);
    if (records.length === 0) return this.assign();
    const to = random.pick(records);
    if (to.shape.kind !== 'record') return;
    const same = records.filter(({ shape }) => shape === to.shape && shape.kind === 'record');
    const from = random.pick(same).name;
    const record = to.shape.name;
    this.line(
      random.weighted([
        [3, `${to.name} = ${from};`],
        [2, `${to.name} = (${record})${initialiser(random, to.shape)};`],
        [1, `__builtin_memmove(&${to.name}, &${from}, sizeof(${record}));`],
      ]),
    );
  }
  private fill(): void {
    const free = this.scope.filter(
      ({ shape, fixed, volatile }) =>
        fixed !== true &&
        volatile !== true &&
        shape.kind === 'array' &&
        shape.of.kind === 'scalar' &&
        shape.of.name !== '_Bool',
    );
    if (free.length === 0) return this.assign();
    const { name } = this.random.pick(free);
    this.line(`__builtin_memset(${name}, ${this.random.pick([0, 1, 255, 0x5a])}, sizeof(${name}));`);
  }
  /** Bytes of a text, copied by a loop as programs do. */
  private fixString(): void {
    const free = this.scope.filter(
      ({ shape, fixed }) =>
        fixed !== true && shape.kind === 'array' && shape.of.kind === 'scalar' && shape.of.bits === 8,
    );
    if (free.length === 0) return this.mix();
    const { name } = this.random.pick(free);
    this.line(`for (u32 i = 0; i < sizeof(${name}); i++) ${name}[i] ^= "kernel walk"[i];`);
  }
  /** What a pointer shows, before and after what it may point to is written. */
  private alias(): void {
    const { random } = this;
    const pointers = this.scope.filter(({ mayPointTo }) => mayPointTo);
    if (pointers.length === 0) return this.mix();
    const { name, shape, mayPointTo = [] } = random.pick(pointers);
    const seen = placeIn(random, { text: name, shape }, this.scope, 0);
    const behind = this.scope.find((own) => own.name === random.pick(mayPointTo));
    if (!behind) return this.mix();
    const written = placeIn(random, { text: behind.name, shape: behind.shape }, this.scope, 0);
    this.line(`MIX(${seen.text});`);
    this.line(`${written.text} = ${this.value(2)};`);
    this.line(`MIX(${seen.text});`);
  }
  private get writers(): readonly Variable[] {
    return this.scope.filter(({ writer }) => writer !== undefined);
  }
  /** A variable is read, and written where only its address is known. */
  private passOn(): void {
    const { name, writer } = this.random.pick(this.writers);
    if (this.random.chance(50)) this.line(`MIX(${name});`);
    this.line(`${writer}(&${name}, ${this.value(1)});`);
    this.line(`MIX(${name});`);
  }
  /** Elements of one array, beside each other or the same, written and read in turn. */
  private neighbours(): void {
    const { random } = this;
    const arrays = this.scope.filter(
      ({ shape, fixed, volatile }) =>
        fixed !== true &&
        volatile !== true &&
        shape.kind === 'array' &&
        shape.of.kind === 'scalar' &&
        shape.length >= 4,
    );
    if (arrays.length === 0) return this.assign();
    const { name, shape } = random.pick(arrays);
    if (shape.kind !== 'array') return;
    const half = shape.length / 2;
    const at = (index: string): string => `${name}[${index} + ${random.below(half)}]`;
    const [i, j] = [random.pick(['u32', 's32', 's64', 'u64']), random.pick(['i', 'i', 'j'])];
    const [first, second] = [at('i'), at(j)];
    this.line(
      `{ ${i} i = (${this.value(2)}) & ${half - 1}, j = (${this.value(1)}) & ${half - 1}; ${first} = ${this.value(1)}; ${second} = ${this.value(1)} + j; MIX(${first}); ${second} ^= 5; MIX(${at('i')}); MIX(${second}); }`,
    );
  }
  /** A loop that depends on nothing, on one of two ways to a place. */
  private constantLoop(): void {
    const { random } = this;
    const [start, factor] = [literal(random), random.pick([3, 5, 7, 0x9e37_79b1])];
    const body = random.pick([
      `t = (t ^ i) * ${factor}u + (t >> 3);`,
      `{ t = t * ${factor}u + i; if (t & ${random.pick([4, 64, 1024])}u) break; }`,
      `if (i & 1) t += ${factor}u; else t ^= t << 5;`,
    ]);
    const loop = `t = ${start}; for (u32 i = 0; i < ${random.between(1, 12)}; i++) ${body}`;
    const [head, tail] = random.pick([
      [`if (${this.value(2)}) { `, ' }'],
      [`if (${this.value(2)}) t ^= 7; else { `, ' }'],
      [`if (${this.value(1)} && ${this.value(1)}) { `, ' }'],
    ]);
    this.line(`{ u64 t = ${this.value(1)}; ${head}${loop}${tail} MIX(t); }`);
  }
  /**
   * What assembly does to a value, and where it goes from there. Where it jumps to, the value is not read:
   * clang 19, where it keeps it on the stack, stores it only where the assembly falls through.
   */
  private assembly(): void {
    const { random } = this;
    const [t, x] = [this.value(1), this.value(1)];
    const label = `${this.unit}_${this.fresh()}`;
    this.line(
      random.pick([
        `{ u64 t = ${t}; asm volatile("" : "+r"(t)); MIX(t); }`,
        `{ u32 t = ${t}; asm volatile("" : "+r"(t)); MIX(t); }`,
        `{ u64 t = ${t}; asm volatile("%0 ^= %1" : "+r"(t) : "r"((u64)${x})); MIX(t); }`,
        `{ u64 t = ${t}; asm volatile goto("%0 += 3; if %1 == 0 goto %l[${label}]" : "+&r"(t) : "r"((u64)${x}) : : ${label}); MIX(t); if (0) { ${label}: MIX(3); } }`,
      ]),
    );
  }
  /** Arithmetic that says whether it overflowed. */
  private checked(): void {
    const { random } = this;
    const type = random.pick(SCALARS.filter(({ bits }) => bits > 1));
    const op = random.pick(type.bits === 64 ? ['add', 'sub'] : ['add', 'sub', 'mul']);
    const [a, b] = [this.value(2), this.value(2)];
    this.line(
      `{ ${type.name} r; MIX(__builtin_${op}_overflow((${type.name})${a}, (${type.name})${b}, &r)); MIX(r); }`,
    );
  }
  private atomic(): void {
    const { random } = this;
    const words = this.scope.filter(
      ({ name, shape, fixed }) =>
        fixed !== true && name.startsWith('g') && shape.kind === 'scalar' && shape.bits >= 32,
    );
    const to = target(
      random,
      this.scope.filter(({ shape }) => shape.kind === 'scalar'),
      0,
    );
    if (words.length === 0 || !to) return this.assign();
    const word = random.pick(words);
    const op = random.pick([
      '__sync_fetch_and_add',
      '__sync_fetch_and_or',
      '__sync_fetch_and_and',
      '__sync_fetch_and_xor',
      '__sync_lock_test_and_set',
    ]);
    if (random.chance(25))
      return this.line(
        `${to.text} = __sync_val_compare_and_swap(&${word.name}, ${this.value(1)}, ${this.value(2)});`,
      );
    const call = `${op}(&${word.name}, ${this.value(2)});`;
    this.line(random.chance(60) || op.endsWith('set') ? `${to.text} = ${call}` : call);
  }
  private call(): void {
    const { random } = this;
    if (this.callees.length === 0) return this.mix();
    const { name, params } = random.pick(this.callees);
    const args = params.map((shape) => this.argument(shape));
    if (args.includes(null)) return this.mix();
    const to = target(random, this.scope, 0);
    this.line(`${to && random.chance(70) ? `${to.text} = ` : ''}${name}(${args.join(', ')});`);
  }
  private argument(shape: Shape): string | null {
    if (shape.kind !== 'pointer') return this.value(2);
    const fits = this.scope.filter(
      (own) => own.fixed !== true && own.volatile !== true && own.shape === shape.to,
    );
    return fits.length === 0 ? null : `&${this.random.pick(fits).name}`;
  }

  /** Ends a function: what is visible is mixed into the hash. */
  finish(): void {
    this.line(this.random.chance(10) ? `MIX(${literal(this.random)});` : ';');
    this.lines.push('out:');
    for (const variable of this.scope.filter(({ fixed }) => fixed !== true))
      this.mixAll(variable.name, variable.shape);
    this.line('return h;');
  }
  private mixAll(text: string, shape: Shape): void {
    switch (shape.kind) {
      case 'scalar':
        return this.line(`MIX(${text});`);
      case 'pointer':
        return;
      case 'array':
        for (let i = 0; i < shape.length; i++) this.mixAll(`${text}[${i}]`, shape.of);
        return;
      case 'record':
        for (const { name, shape: inner } of shape.members) this.mixAll(`${text}.${name}`, inner);
    }
  }
}
