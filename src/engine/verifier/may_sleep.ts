/** Which functions of a program may sleep: they call something that sleeps, or a function that may. */
import { must } from '../../shared/assert.ts';
import type { Insn } from '../abi/insn.ts';
import { subprogAt } from './cfg.ts';
import type { Env } from './env.ts';
import { helperProto } from './helper_proto.ts';
import { isHelperCall, isKfuncCall, isPseudoCall, isPseudoFunc } from './insn_kind.ts';
import { kfuncFlags } from './kfunc_table.ts';

function sleeps(env: Env, insn: Insn): boolean {
  if (isHelperCall(insn)) return helperProto(insn.imm)?.mightSleep ?? false;
  if (!isKfuncCall(insn)) return false;
  return kfuncFlags(env.kfuncName(insn.imm) ?? '', env.request.release)?.has('SLEEPABLE') ?? false;
}

/** @kernel mark_subprog_might_sleep, merge_callee_effects, kernel/bpf/verifier.c @fidelity full: cases_c.test.ts */
export function maySleep(env: Env, subprog: number): boolean {
  const reached = new Set([subprog]);
  for (const index of reached) {
    const { start, end } = must(env.subprogs[index], 'subprogram');
    for (let i = start; i < end; i++) {
      const insn = env.insn(i);
      if (sleeps(env, insn)) return true;
      if (isPseudoCall(insn) || isPseudoFunc(insn)) reached.add(subprogAt(env, i + insn.imm + 1));
    }
  }
  return false;
}
