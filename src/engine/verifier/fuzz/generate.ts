/**
 * Random programs: a main program, up to two functions, a callback, each a list of random statements, and
 * now and then an instruction that was damaged afterwards.
 *
 *     Random(seed, n) -> statements -> Insn[], where functions start
 */
import type { Insn } from '../../abi/insn.ts';
import { Builder, NOTHING, SCALAR } from './builder.ts';
import * as calls from './calls.ts';
import * as edges from './edges.ts';
import * as flow from './flow.ts';
import * as memory from './memory.ts';
import type { Statement } from './parts.ts';
import type { Random } from './random.ts';
import * as rounds from './rounds.ts';

export const GENERATOR_VERSION = 7;

export interface Program {
  readonly insns: readonly Insn[];
  /** First instruction of each function; the main program is at 0. */
  readonly functions: readonly number[];
}

export interface Callable {
  /** BTF id of a kfunc. */
  readonly kfunc: (name: string) => number;
}

type Weighted = readonly (readonly [weight: number, statement: Statement])[];

function choose(random: Random, from: Weighted): Statement {
  let sum = 0;
  for (const [weight] of from) sum += weight;
  let at = random.below(sum);
  for (const [weight, chosen] of from) {
    at -= weight;
    if (at < 0) return chosen;
  }
  throw new RangeError('nothing to choose from');
}

function statements(
  callable: Callable,
  functions: number,
  callback: boolean,
): (b: Builder, n: number) => void {
  const inner = (b: Builder): void => write(b, b.random.between(1, 4), leaf);
  const leaf: Weighted = [
    [30, flow.arithmetic],
    [8, memory.spill],
    [8, memory.fill],
    [10, memory.valueAccess],
    [5, memory.stackAccess],
    [10, flow.condition((b) => write(b, b.random.between(1, 3), simple))],
  ];
  const simple: Weighted = [
    [30, flow.arithmetic],
    [6, memory.spill],
    [8, memory.fill],
    [6, memory.valueAccess],
  ];
  const all: Weighted = [
    ...leaf,
    [10, flow.condition(inner)],
    [3, flow.loop(inner)],
    [1, flow.mayGotoLoop(inner)],
    [4, memory.pointer],
    [5, memory.context],
    [4, calls.simpleCall],
    [5, calls.lookup],
    [3, calls.update],
    [4, calls.sizedCall],
    [3, calls.record],
    [2, rounds.iterate(inner, callable.kfunc)],
    [4, rounds.functionCall(functions)],
    [1, edges.edgeOfStack],
    [2, edges.overwrite],
    [2, edges.overwriteByHelper],
    [1, edges.fillToTheTop],
    [1, edges.leastOffset],
    [1, edges.halfReleased],
    ...(callback ? ([[4, rounds.callbackLoop]] as const) : []),
  ];
  const write = (b: Builder, n: number, from: Weighted): void => {
    for (let i = 0; i < n; i++) choose(b.random, from)(b);
  };
  return (b, n) => write(b, n, all);
}

/** Sets R0 to 0 or 1 and ends. */
function finish(b: Builder): void {
  if (b.random.chance(60) || b.holding('scalar').length === 0) b.movImm(0, b.random.below(2));
  else {
    b.mov(0, b.scalar());
    if (b.random.chance(96)) b.emit(b.random.chance(50) ? 0x57 : 0x54, { dst: 0, imm: 1 });
  }
  b.emit(0x95);
}

/** Damages a field of one instruction. */
function damage(insns: Insn[], random: Random): void {
  const at = random.below(insns.length);
  const insn = insns[at];
  if (!insn || insn.code === 0x18 || insn.code === 0) return;
  const change: readonly (() => Partial<Insn>)[] = [
    () => ({ dst: random.below(11) }),
    () =>
      (insn.code & 8) !== 0 || (insn.code & 7) === 1 ? { src: random.below(11) } : { dst: random.below(10) },
    () => ({ off: insn.off + random.pick([-8, -4, -1, 1, 2, 4, 8]) }),
    () => ({ imm: random.edge32() }),
    () => ({ code: insn.code ^ random.pick([0x03, 0x08, 0x10, 0x18, 0x20, 0x30, 0x40, 0x50, 0x80]) }),
  ];
  insns[at] = { ...insn, ...random.pick(change)() };
}

/** One random program. */
export function generate(random: Random, callable: Callable): Program {
  const functions = random.chance(30) ? random.between(1, 2) : 0;
  const callback = random.chance(12);
  const main = new Builder(random);
  main.mov(6, 1);
  main.set(6, { is: 'ctx' });
  // most are short: they are quickly judged, and most of what can go wrong takes few instructions
  statements(
    callable,
    functions,
    callback,
  )(main, random.chance(70) ? random.between(1, 5) : random.between(6, 14));
  finish(main);
  const parts = [main];
  for (let i = 0; i < functions + (callback ? 1 : 0); i++) {
    const part = new Builder(random);
    part.set(1, SCALAR);
    part.set(2, i < functions ? SCALAR : { is: 'stack' });
    part.set(3, i < functions ? { is: 'stack' } : NOTHING);
    statements(callable, i === 0 && functions > 1 ? 2 : 0, false)(part, random.between(1, 5));
    finish(part);
    parts.push(part);
  }
  return layOut(parts, random);
}

/** The functions that are called, one behind the other, and the calls' distances. */
function layOut(written: readonly Builder[], random: Random): Program {
  const [main] = written;
  if (!main) throw new RangeError('no main program');
  const parts: Builder[] = [main];
  for (let p = 0; p < parts.length; p++)
    for (const [, subprog] of parts[p]?.calls ?? []) {
      const callee = calleeOf(written, subprog);
      if (!parts.includes(callee)) parts.push(callee);
    }
  const functions: number[] = [];
  let start = 0;
  for (const part of parts) {
    functions.push(start);
    start += part.insns.length;
  }
  const insns = parts.flatMap((part, p) => {
    for (const [at, subprog] of part.calls) {
      const target = functions[parts.indexOf(calleeOf(written, subprog))] ?? 0;
      const insn = part.insns[at];
      if (insn) part.insns[at] = { ...insn, imm: target - (functions[p] ?? 0) - at - 1 };
    }
    return part.insns;
  });
  if (random.chance(25)) for (let n = random.between(1, 2); n > 0; n--) damage(insns, random);
  return { insns, functions };
}

/** The callback is the last one that was written. */
function calleeOf(written: readonly Builder[], subprog: number): Builder {
  const callee = written[subprog < 0 ? written.length - 1 : subprog + 1];
  if (!callee) throw new RangeError(`no function ${subprog}`);
  return callee;
}
