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
import type { Btf } from '../btf/parse.ts';
import { Diagnostics } from './diagnostic.ts';
import { emitFunction } from './emit.ts';
import type { EmittedFunction } from './emit.ts';
import type { Inst } from './ir.ts';
import { selectInstructions } from './isel.ts';
import { ModuleLowering } from './lower.ts';
import { writeObject } from './object.ts';
import { optimise } from './opt_pipeline.ts';
import { PROFILES } from './profile.ts';
import type { ProfileName } from './profile.ts';
import { frontend } from './parse.ts';
import { allocateRegisters } from './regalloc.ts';

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
}

export interface CompileOutput {
  /** Bytes of an ELF64 relocatable, or null when there are errors. */
  readonly object: Uint8Array | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Why no instruction does this. Asked after optimising: what is folded or never runs is no mistake. */
function withoutInstruction({ op, callee }: Inst): string | null {
  if (callee?.kind === 'pointer')
    return 'a call through a function pointer that is not a constant: BPF has none';
  if (op === 'sdiv' || op === 'smod')
    return 'unsupported signed division: the BPF instruction set before v4 has none; convert to unsigned first';
  return null;
}

export function compile(input: CompileInput): CompileOutput {
  const profile = PROFILES[input.profile ?? 'bpf'];
  const { unit, diagnostics, sources } = frontend(input);
  if (diagnostics.some((d) => d.severity === 'error')) return { object: null, diagnostics };
  const late = new Diagnostics(sources);
  const module = new ModuleLowering(late, profile).run(unit);
  const all = (): readonly Diagnostic[] => [...diagnostics, ...late.all()];
  if (late.hasErrors) return { object: null, diagnostics: all() };

  const functions = optimise(module.functions, module.objects);
  for (const fn of profile.extended ? [] : functions)
    for (const { insts } of fn.blocks)
      for (const inst of insts) {
        const what = withoutInstruction(inst);
        if (what !== null) late.error({ start: inst.loc, end: inst.loc + 1 }, what);
      }
  if (late.hasErrors) return { object: null, diagnostics: all() };

  const emitted: EmittedFunction[] = functions.map((fn) => {
    const code = selectInstructions(fn);
    allocateRegisters(code);
    return emitFunction(code, profile.extended);
  });
  for (const fn of emitted) {
    if (fn.stack <= profile.maxStack) continue;
    const at = { start: fn.loc, end: fn.loc + fn.symbol.name.length };
    late.error(
      at,
      `'${fn.symbol.name}' needs ${fn.stack} bytes of stack; ${profile.programs} have ${profile.maxStack}`,
    );
  }
  if (late.hasErrors) return { object: null, diagnostics: all() };
  return { object: writeObject(module, emitted, sources), diagnostics: all() };
}
