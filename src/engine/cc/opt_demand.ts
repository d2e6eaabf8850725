/**
 * What nobody asks for need not be computed. Of every value it is found out how many of its low bits matter to
 * anybody: a byte that is stored matters in 8, what is masked by 7 in 3. Masks and extensions that only
 * change bits above are left out.
 */
import type { Inst, IrFunction } from './ir.ts';
import { ones, shiftOf } from './opt_bits.ts';

const bitLength = (inst: Inst): number => (inst.imm < 0n ? inst.width : inst.imm.toString(2).length);

/** How many low bits of its argument `i` an instruction looks at, when `wanted` of its own matter. */
function wantedOf(inst: Inst, i: number, wanted: number): number {
  const { width } = inst;
  switch (inst.op) {
    case 'or':
    case 'xor':
    case 'add':
    case 'sub':
    case 'mul':
    case 'phi':
      return wanted;
    case 'and': {
      const other = inst.args[1 - i]!;
      return other.op === 'const' ? Math.min(wanted, bitLength(other)) : wanted;
    }
    case 'shl': {
      const by = shiftOf(inst);
      if (i === 1) return width;
      return by === null ? wanted : Math.max(wanted - Number(by), 0);
    }
    case 'lshr':
    case 'ashr': {
      const by = shiftOf(inst);
      return i === 1 || by === null ? width : Math.min(width, wanted + Number(by));
    }
    case 'trunc':
    case 'zext':
      return Math.min(wanted, 32);
    case 'sext':
      return Math.min(wanted, inst.bits);
    case 'store':
      return i === 1 ? inst.size * 8 : 64;
    default:
      return 64;
  }
}

/** For each value, how many of its low bits matter; 0 for what only dead code uses. */
function demands(fn: IrFunction): Map<Inst, number> {
  const wanted = new Map<Inst, number>();
  const work: Inst[] = [];
  const want = (inst: Inst, bits: number): void => {
    const now = Math.min(bits, inst.width);
    if ((wanted.get(inst) ?? 0) >= now) return;
    wanted.set(inst, now);
    if (inst.args.length > 0) work.push(inst);
  };
  for (const { insts, term } of fn.blocks) {
    for (const inst of insts)
      if (ROOTS.has(inst.op)) inst.args.forEach((arg, i) => want(arg, wantedOf(inst, i, 64)));
    if (term.kind === 'branch') [term.a, term.b].forEach((arg) => want(arg, 64));
    if (term.kind === 'return' && term.value) want(term.value, 64);
  }
  for (let inst = work.pop(); inst; inst = work.pop()) {
    const own = wanted.get(inst)!;
    const { args } = inst;
    for (let i = 0; i < args.length; i++) want(args[i]!, wantedOf(inst, i, own));
  }
  return wanted;
}
/** Whose arguments matter whether or not its value does. */
const ROOTS: ReadonlySet<string> = new Set(['store', 'atomic', 'call', 'asm', 'tie', 'load', 'cmp']);

/** A value that has the same low `wanted` bits, made already, or null. */
function sameLow(inst: Inst, wanted: number): Inst | null {
  const [a, b] = inst.args as [Inst, Inst];
  switch (inst.op) {
    case 'and':
      if (b.op !== 'const') return null;
      return (BigInt.asUintN(inst.width, b.imm) & ones(wanted)) === ones(wanted) ? a : null;
    case 'add':
      return b.op === 'const' && (b.imm & ones(wanted)) === 0n ? a : null;
    case 'or':
    case 'xor':
      if (b.op === 'const') return (b.imm & ones(wanted)) === 0n ? a : null;
      if (a.op === 'shl' && Number(shiftOf(a) ?? 0n) >= wanted) return b;
      return b.op === 'shl' && Number(shiftOf(b) ?? 0n) >= wanted ? a : null;
    case 'sext':
      return wanted <= inst.bits && a.width === inst.width ? a : null;
    case 'zext':
      return wanted <= 32 && a.op === 'trunc' ? a.args[0]! : null;
    case 'lshr':
    case 'ashr': {
      const by = shiftOf(inst);
      if (by === null || a.op !== 'shl' || shiftOf(a) !== by) return null;
      return wanted + Number(by) <= inst.width ? a.args[0]! : null;
    }
    default:
      return null;
  }
}

/** @param replace is told what stands for what from now on */
export function dropUnwanted(fn: IrFunction, replace: (from: Inst, to: Inst) => void): void {
  const wanted = demands(fn);
  let changed = false;
  for (const { insts } of fn.blocks)
    for (const inst of insts) {
      const own = wanted.get(inst) ?? 0;
      if (own === 0 || own >= inst.width) continue;
      // Above the wanted bits operands may now differ: nothing is promised about overflow any more.
      inst.nsw = false;
      if (inst.op === 'sext' && own <= inst.bits && inst.width === 64 && inst.args[0]!.width === 32) {
        inst.op = 'zext';
        changed = true;
        continue;
      }
      const same = sameLow(inst, own);
      if (!same) continue;
      replace(inst, same);
      changed = true;
    }
  if (changed && fn.marks) forgetUnwanted(fn, wanted);
}

/** Of what is shown, more may have mattered than of what is computed. */
function forgetUnwanted(fn: IrFunction, wanted: ReadonlyMap<Inst, number>): void {
  for (const { insts } of fn.blocks)
    for (const inst of insts) {
      const { shown } = inst;
      if (shown && shown.args.length > 0 && (wanted.get(shown) ?? 0) < Math.min(inst.size * 8, shown.width))
        inst.shown = null;
    }
}
