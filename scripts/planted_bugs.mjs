/**
 * Miscompiles planted on purpose, as replacements in the compiler's source: the fuzzer has to find each.
 *
 * [file of src/engine/cc, what stands there, what stands there instead]
 */
export const PLANTED = [
  ['opt_simplify.ts', 'add: (a, b) => a + b,', 'add: (a, b) => a + (b & ~(1n << 15n)),'],
  ['opt_simplify.ts', 'BigInt.asUintN(w, a) >> (b & BigInt(w - 1)),', 'a >> (b & BigInt(w - 1)),'],
  ['opt_simplify.ts', "return change('and', a.args[0]!, c);", "return change('and', a.args[0]!, c & ~1n);"],
  ['opt_simplify.ts', 'args(0) - shiftCount(inst));\n', 'args(0) - shiftCount(inst) - 1);\n'],
  ['opt_simplify.ts', 'return Math.max(args(0), args(1));', 'return args(1);'],
  ['opt_simplify.ts', 'signed ? !UNSIGNED.has(cond) : !SIGNED.has(cond)', 'true'],
  ['opt_simplify.ts', 'usedBits(arg) < inst.bits ||', 'usedBits(arg) <= inst.bits ||'],
  ['opt_simplify.ts', 'value.bits >= bits)', 'value.bits >= bits >> 1)'],
  ['opt_simplify.ts', 'usedBits(a) < b.imm.toString', 'usedBits(a) <= b.imm.toString'],
  ['opt_cfg.ts', 'phi.width) ? term.yes : term.no', 'phi.width) ? term.no : term.yes'],
  ['opt_gvn.ts', 'cmp.${inst.cond}${inst.width}', 'cmp.${inst.width}'],
  ['opt_gvn.ts', "if (y.op === 'frame') return x.op", "if (y.op === 'frame') return false && x.op"],
  ['opt_gvn.ts', 'memory.filter((known) => !mayAlias(known, place, escaped))', 'memory'],
  ['opt_mem2reg.ts', 'if (inst.size < 4)\n', 'if (inst.size < 2)\n'],
  ['opt_mem2reg.ts', '8 * (off - start)', '4 * (off - start)'],
  ['isel.ts', "case 'zext':\n        if (upperIsZero(first))", "case 'zext':\n        if (first)"],
  [
    'isel.ts',
    'this.alu(bpf.BPF_ARSH, inst.width, dst, shift);',
    'this.alu(bpf.BPF_RSH, inst.width, dst, shift);',
  ],
  [
    'isel.ts',
    "a.op === 'const' && a.imm === 0n) {\n      this.move(b, dst)",
    "a.op === 'const') {\n      this.move(b, dst)",
  ],
  [
    'emit_copies.ts',
    'for (const reg of writesOf(inst)) whole',
    'for (const reg of writesOf(inst)) if (reg < 6) whole',
  ],
  ['emit_merge.ts', 'a.imm === b.imm &&', ''],
  ['lower_place.ts', 'f.b.const(raw.width, ~mask)', 'f.b.const(raw.width, ~(mask << 1n))'],
  ['lower_place.ts', 'if (bits.size === value.width) return value;', 'return value;'],
  ['lower_expr.ts', 'if (contained) return low;', 'if (contained || b.signed) return low;'],
  ['lower_expr.ts', "return signed ? 'ashr' : 'lshr';", "return 'lshr';"],
  ['lower_function.ts', 'full && !tooMany ? count - 1 : 0', '0'],
  ['lower_overflow.ts', "f.b.compare('ult', made, a)", "f.b.compare('ult', a, made)"],
];
