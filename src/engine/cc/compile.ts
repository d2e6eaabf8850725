/**
 * The compiler in one screen: C in, a BPF object file out.
 *
 *     frontend        text -> tokens -> checked AST                                  parse, check
 *     lower           AST -> IR, objects with static storage                         lower_*
 *     optimise        SSA, folding, inlining                                         opt_*
 *     select, colour  IR -> BPF instructions -> registers, stack                     isel, regalloc, emit
 *     write           instructions, data, BTF, line info, CO-RE records -> ELF       object
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import type { Btf } from '../btf/parse.ts';
import { MOST_PARTS } from '../btf/build.ts';
import { CPUS, withoutInstruction } from './cpu.ts';
import type { Cpu, CpuName } from './cpu.ts';
import { Diagnostics } from './diagnostic.ts';
import { emitFunction } from './emit.ts';
import type { EmittedFunction } from './emit.ts';
import { termArgs } from './ir.ts';
import type { Inst, IrFunction } from './ir.ts';
import { selectInstructions } from './isel.ts';
import { ModuleLowering } from './lower.ts';
import type { Module } from './lower.ts';
import { writeObject } from './object.ts';
import { optimise } from './opt_pipeline.ts';
import { PROFILES } from './profile.ts';
import type { ProfileName } from './profile.ts';
import { frontend } from './parse.ts';
import { allocateRegisters } from './regalloc.ts';
import { variablesOf } from './variables.ts';
import { levelsFrom } from './warnings.ts';

export interface CompileInput {
  /** Shown in messages and line info. */
  readonly path: string;
  readonly text: string;
  /** Text of an included file, or null; asked before the bundled headers. */
  readonly files?: (path: string) => string | null;
  readonly defines?: Readonly<Record<string, string>>;
  readonly kernelBtf: Btf;
  /** Default: bpf. */
  readonly profile?: ProfileName;
  /** Version of the instruction set; default: v3. */
  readonly cpu?: CpuName;
  /** Default: true. Without, every variable stays in memory. */
  readonly optimise?: boolean;
  /** `-w` and `-W...`, as on clang's command line; absent: every warning there is. */
  readonly warnings?: readonly string[];
  /** Whether to say where variables are; the object is the same. Default: false. */
  readonly variables?: boolean;
}

export interface CompileOutput {
  /** Bytes of an ELF64 relocatable, or null when there are errors. */
  readonly object: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Where variables are, if that was asked for. */
  readonly variables: readonly VariableRange[];
}

/** Functions that must be refused, after optimising: what is folded or never runs is no mistake. */
function refuse(functions: readonly IrFunction[], cpu: Cpu, extended: boolean, late: Diagnostics): void {
  for (const fn of functions) {
    const used = new Set<Inst>();
    for (const { insts, term } of fn.blocks) {
      for (const { args } of insts) for (const arg of args) used.add(arg);
      for (const arg of termArgs(term)) used.add(arg);
    }
    for (const { insts } of fn.blocks)
      for (const inst of insts) {
        const what = withoutInstruction(inst, cpu, used.has(inst), extended);
        if (what !== null) late.error({ start: inst.loc, end: inst.loc + 1 }, what);
      }
  }
}

/** Reports sections that have more variables than BTF can count. */
function checkSections({ objects }: Module, late: Diagnostics): void {
  const counts = new Map<string, number>();
  for (const { section, variable } of objects.values()) {
    const count = (counts.get(section) ?? 0) + (variable ? 1 : 0);
    counts.set(section, count);
    if (variable && count === MOST_PARTS + 1)
      late.error(
        variable.range,
        `section '${section}' has more than ${MOST_PARTS} variables: BTF cannot list them`,
      );
  }
}

export function compile(input: CompileInput): CompileOutput {
  const profile = PROFILES[input.profile ?? 'bpf'];
  const cpu = CPUS[input.cpu ?? 'v3'];
  const full = input.optimise ?? true;
  const { unit, diagnostics, sources } = frontend(input);
  if (diagnostics.some((d) => d.severity === 'error')) return { object: null, diagnostics, variables: [] };
  const late = new Diagnostics(sources, levelsFrom(input.warnings ?? []).levels);
  const module = new ModuleLowering(late, profile).run(unit);
  const failed = (): CompileOutput => ({
    object: null,
    diagnostics: [...diagnostics, ...late.all()],
    variables: [],
  });
  checkSections(module, late);
  if (late.hasErrors) return failed();

  const places = input.variables ?? false;
  for (const fn of module.functions) fn.marks = places;
  const functions = optimise(module.functions, module.objects, { cpu, full });
  refuse(functions, cpu, profile.extended, late);
  if (late.hasErrors) return failed();

  const emitted: EmittedFunction[] = functions.map((fn) => {
    const code = selectInstructions(fn, cpu);
    allocateRegisters(code);
    return emitFunction(code, { extended: profile.extended, tidy: full, places });
  });
  for (const fn of emitted) {
    const { name } = fn.symbol;
    const at = { start: fn.loc, end: fn.loc + name.length };
    if (fn.stack > profile.maxStack)
      late.error(
        at,
        `'${name}' needs ${fn.stack} bytes of stack; ${profile.programs} have ${profile.maxStack}`,
      );
    if (fn.unassembled !== null)
      late.error(
        { start: fn.unassembled, end: fn.unassembled + 1 },
        'invalid BPF assembly for the registers that its operands are given',
      );
    if (fn.tooFar) late.error(at, `'${name}' is too large: a jump reaches over more than 32767 instructions`);
  }
  if (late.hasErrors) return failed();
  return {
    object: writeObject(module, emitted, sources),
    diagnostics: [...diagnostics, ...late.all()],
    variables: emitted.flatMap((fn) => variablesOf(fn, sources)),
  };
}
