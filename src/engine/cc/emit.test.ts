/**
 * Random programs, computed twice: by a direct interpreter of their meaning here, and by compiling them and
 * running the instructions. Optimiser, instruction selection and register allocation have to agree with it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Code } from '../vm/code.ts';
import type { Helper } from '../vm/helper.ts';
import { Processor } from '../vm/processor.ts';
import { runProg } from '../vm/run.ts';
import { emptyKernel, insn, ldImm64 } from '../vm/testing.ts';
import { emitFunction } from './emit.ts';
import { IrFunction, linkPreds } from './ir.ts';
import type { BinaryOp, Cond, Inst, Slot, Width } from './ir.ts';
import { selectInstructions } from './isel.ts';
import { Builder } from './lower_builder.ts';
import { foldCond } from './opt_simplify.ts';
import { optimise } from './opt_pipeline.ts';
import { allocateRegisters } from './regalloc.ts';

const VARS = 6;
type Value =
  | { readonly kind: 'const'; readonly value: bigint }
  | { readonly kind: 'var'; readonly index: number }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly width: Width;
      readonly a: Value;
      readonly b: Value;
    }
  | { readonly kind: 'sext'; readonly bits: number; readonly a: Value }
  | {
      readonly kind: 'cmp';
      readonly cond: Cond;
      readonly width: Width;
      readonly a: Value;
      readonly b: Value;
    };
type Statement =
  | { readonly kind: 'set'; readonly index: number; readonly value: Value }
  | { readonly kind: 'call'; readonly index: number; readonly args: readonly Value[] }
  | {
      readonly kind: 'if';
      readonly cond: Cond;
      readonly a: Value;
      readonly b: Value;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  | { readonly kind: 'loop'; readonly times: number; readonly body: readonly Statement[] };

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.record({ kind: fc.constant('var' as const), index: fc.nat(VARS - 1) }),
    fc.record({
      kind: fc.constant('const' as const),
      value: fc.oneof(
        fc.bigInt({ min: -3n, max: 70n }),
        fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      ),
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom<BinaryOp>(
        'add',
        'sub',
        'mul',
        'udiv',
        'umod',
        'and',
        'or',
        'xor',
        'shl',
        'lshr',
        'ashr',
      ),
      width: fc.constantFrom<Width>(32, 64),
      a: tie('value'),
      b: tie('value'),
    }),
    fc.record({ kind: fc.constant('sext' as const), bits: fc.constantFrom(8, 16, 32), a: tie('value') }),
    fc.record({
      kind: fc.constant('cmp' as const),
      cond: fc.constantFrom<Cond>('eq', 'ne', 'ugt', 'uge', 'ult', 'ule', 'sgt', 'sge', 'slt', 'sle'),
      width: fc.constantFrom<Width>(32, 64),
      a: tie('value'),
      b: tie('value'),
    }),
  ),
}));
const { body } = fc.letrec<{ body: Statement[]; statement: Statement }>((tie) => ({
  body: fc.array(tie('statement'), { maxLength: 5 }),
  statement: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ kind: fc.constant('set' as const), index: fc.nat(VARS - 1), value }),
    fc.record({
      kind: fc.constant('call' as const),
      index: fc.nat(VARS - 1),
      args: fc.array(value, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({
      kind: fc.constant('if' as const),
      cond: fc.constantFrom<Cond>('eq', 'ne', 'ugt', 'slt'),
      a: value,
      b: value,
      yes: tie('body'),
      no: tie('body'),
    }),
    fc.record({ kind: fc.constant('loop' as const), times: fc.nat(3), body: tie('body') }),
  ),
}));

const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);

// ------------------------------------------------------------------------------ meaning, computed directly

function evaluate(v: Value, vars: readonly bigint[]): bigint {
  switch (v.kind) {
    case 'const':
      return u64(v.value);
    case 'var':
      return vars[v.index] ?? 0n;
    case 'sext':
      return u64(BigInt.asIntN(v.bits, evaluate(v.a, vars)));
    case 'cmp': {
      const [a, b] = [evaluate(v.a, vars), evaluate(v.b, vars)].map((x) => BigInt.asIntN(v.width, x));
      return foldCond(v.cond, a ?? 0n, b ?? 0n, v.width) ? 1n : 0n;
    }
    case 'binary': {
      const a = BigInt.asUintN(v.width, evaluate(v.a, vars));
      const b = BigInt.asUintN(v.width, evaluate(v.b, vars));
      const shift = b & BigInt(v.width - 1);
      const results: Partial<Record<BinaryOp, () => bigint>> = {
        add: () => a + b,
        sub: () => a - b,
        mul: () => a * b,
        udiv: () => (b === 0n ? 0n : a / b),
        umod: () => (b === 0n ? a : a % b),
        and: () => a & b,
        or: () => a | b,
        xor: () => a ^ b,
        shl: () => a << shift,
        lshr: () => a >> shift,
        ashr: () => BigInt.asIntN(v.width, a) >> shift,
      };
      return BigInt.asUintN(v.width, results[v.op]?.() ?? 0n);
    }
  }
}
const helper = (args: readonly bigint[]): bigint =>
  args.reduce((sum, arg, i) => u64(sum * 31n + arg * BigInt(i + 1)), 7n);

function execute(statements: readonly Statement[], vars: bigint[]): void {
  for (const s of statements) {
    switch (s.kind) {
      case 'set':
        vars[s.index] = evaluate(s.value, vars);
        break;
      case 'call':
        vars[s.index] = helper([...s.args.map((arg) => evaluate(arg, vars)), 0n, 0n, 0n, 0n, 0n].slice(0, 5));
        break;
      case 'if': {
        const [a, b] = [s.a, s.b].map((x) => BigInt.asIntN(64, evaluate(x, vars)));
        execute(foldCond(s.cond, a ?? 0n, b ?? 0n, 64) ? s.yes : s.no, vars);
        break;
      }
      case 'loop':
        for (let i = 0; i < s.times; i++) execute(s.body, vars);
    }
  }
}

// ------------------------------------------------------------------------------------- the compiled way

class Lower {
  readonly fn = new IrFunction('f', { name: 'f', kind: 'function' }, [64, 64]);
  readonly b = new Builder(this.fn);
  private readonly vars: Slot[] = Array.from({ length: VARS }, (_, i) => this.fn.slot(`v${i}`, 8, 8));

  private get(index: number): Inst {
    return this.b.load(this.fn.frame(this.vars[index]!, 0), 0, 8);
  }
  private set(index: number, to: Inst): void {
    this.b.store(this.fn.frame(this.vars[index]!, 0), 0, 8, to);
  }
  private narrow(v: Value, width: Width): Inst {
    return width === 32 ? this.b.trunc(this.value(v)) : this.value(v);
  }
  private value(v: Value): Inst {
    switch (v.kind) {
      case 'const':
        return this.b.const(64, v.value);
      case 'var':
        return this.get(v.index);
      case 'sext':
        return v.bits === 32
          ? this.b.sext(this.b.trunc(this.value(v.a)), 32, 64)
          : this.b.sext(this.b.sext(this.b.trunc(this.value(v.a)), v.bits, 32), 32, 64);
      case 'cmp':
        return this.b.zext(this.b.compare(v.cond, this.narrow(v.a, v.width), this.narrow(v.b, v.width)));
      case 'binary':
        return this.b.zext(this.b.binary(v.op, this.narrow(v.a, v.width), this.narrow(v.b, v.width)));
    }
  }
  private statements(list: readonly Statement[]): void {
    for (const s of list) {
      switch (s.kind) {
        case 'set':
          this.set(s.index, this.value(s.value));
          break;
        case 'call': {
          const args = [...s.args.map((arg) => this.value(arg)), ...Array<Inst>(4).fill(this.b.const(64, 0))];
          this.set(s.index, this.b.call({ kind: 'helper', id: 1 }, args.slice(0, 5), 64));
          break;
        }
        case 'if': {
          const [yes, no, end] = [this.fn.block(), this.fn.block(), this.fn.block()];
          this.b.branch(s.cond, this.value(s.a), this.value(s.b), yes, no);
          this.b.at(yes);
          this.statements(s.yes);
          this.b.jump(end);
          this.b.at(no);
          this.statements(s.no);
          this.b.jump(end);
          this.b.at(end);
          break;
        }
        case 'loop': {
          const i = this.fn.slot('i', 8, 8);
          const at = this.fn.frame(i, 0);
          const [head, inside, end] = [this.fn.block(), this.fn.block(), this.fn.block()];
          this.b.store(at, 0, 8, this.b.const(64, 0));
          this.b.jump(head);
          this.b.at(head);
          this.b.branch('ult', this.b.load(at, 0, 8), this.b.const(64, s.times), inside, end);
          this.b.at(inside);
          this.statements(s.body);
          this.b.store(at, 0, 8, this.b.binary('add', this.b.load(at, 0, 8), this.b.const(64, 1)));
          this.b.jump(head);
          this.b.at(end);
        }
      }
    }
  }
  run(list: readonly Statement[]): IrFunction {
    this.vars.forEach((_, i) => this.set(i, this.fn.params[i] ?? this.b.const(64, i)));
    this.statements(list);
    let sum = this.get(0);
    for (let i = 1; i < VARS; i++)
      sum = this.b.binary('xor', this.b.binary('mul', sum, this.b.const(64, 3)), this.get(i));
    this.b.return(sum);
    linkPreds(this.fn);
    return this.fn;
  }
}

const kernel = emptyKernel();
const processor = new Processor(kernel);

test('what is compiled computes what the program says', () => {
  fc.assert(
    fc.property(body, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(100), (program, a, b) => {
      const vars = [a, BigInt(b), 2n, 3n, 4n, 5n];
      execute(program, vars);
      const want = vars.slice(1).reduce((sum, v) => u64(sum * 3n) ^ v, vars[0]!);

      const fn = new Lower().run(program);
      const [optimised] = optimise([fn], new Map());
      const code = selectInstructions(optimised!);
      allocateRegisters(code);
      const { insns } = emitFunction(code);
      const answer: Helper = (call) => helper(([1, 2, 3, 4, 5] as const).map((n) => call.arg(n)));
      const linker = { helper: () => answer, kfunc: () => null };
      const result = runProg(
        processor,
        new Code({
          insns: [...ldImm64(1, a), ...ldImm64(2, BigInt(b)), ...insns, insn(0x95)],
          linker,
          base: 0x1000n,
        }),
        { ctx: 0n, fuel: 100_000 },
      );
      expect(result).toMatchObject({ r0: want });
    }),
    { numRuns: 500 },
  );
});
