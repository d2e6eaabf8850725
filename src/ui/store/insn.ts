/** The instruction of the moment on show: the one about to run, or the last one of the call. */
import type { InsnInfo } from '../../protocol/api.ts';
import type { StepInsn } from '../../protocol/peek.ts';
import type { PageState } from './store.ts';

export interface CurrentInsn {
  readonly pc: number;
  readonly step: StepInsn;
  readonly info: InsnInfo | null;
}

let last: { steps: unknown; insn: number | null; value: CurrentInsn | null } | null = null;

/** Null while the call ran no program or the engine has not answered yet. The same question gives the same object. */
export function currentInsn(state: PageState): CurrentInsn | null {
  const steps = state.machine?.steps ?? null;
  const { insn } = state.at;
  if (last && last.steps === steps && last.insn === insn) return last.value;
  const step = steps?.insns[insn ?? steps.insns.length - 1];
  const value = step ? { pc: step.pc, step, info: state.result?.program?.insns[step.pc] ?? null } : null;
  last = { steps, insn, value };
  return value;
}
