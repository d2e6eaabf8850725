/**
 * Widening: scalars that changed from one round of a loop to the next, and that nothing depends on, become
 * unknown, so that the rounds grow alike.
 *
 * Source: widen_imprecise_scalars, find_prev_entry, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import type { Env } from './env.ts';
import type { RegState } from './reg.ts';
import { SCALAR_VALUE } from './reg_type.ts';
import type { VerifierState } from './state.ts';
import { MAX_BPF_REG } from './state.ts';
import { IdMap, regsExact } from './states_equal.ts';

/** The state of the previous round at this instruction, when it is on the current path. */
export function findPrevEntry(env: Env, cur: VerifierState | null, insn: InsnIndex): VerifierState | null {
  if (!cur) return null;
  const bucket = ((insn ^ env.cur.callsite) >>> 0) % env.insns.length;
  for (const { state } of must(env.explored[bucket], 'state list')) {
    if (state.insnIdx !== insn || state.branches === 0 || state.curframe !== cur.curframe) continue;
    if (state.dfsDepth >= cur.dfsDepth) continue;
    if (state.frame.every((frame, i) => i > state.curframe || frame.callsite === cur.frame[i]?.callsite))
      return state;
  }
  return null;
}

function widen(old: RegState, cur: RegState, ids: IdMap): void {
  if (old.type !== SCALAR_VALUE || cur.type !== SCALAR_VALUE) return;
  if (old.precise || cur.precise || regsExact(old, cur, ids)) return;
  cur.setUnknown();
}

export function widenImprecise(env: Env, old: VerifierState, cur: VerifierState): void {
  if (env.request.pruning === 'unwidened') return;
  const ids = new IdMap();
  for (let f = old.curframe; f >= 0; f--) {
    const from = must(old.frame[f], 'frame');
    const to = must(cur.frame[f], 'frame');
    for (let i = 0; i < MAX_BPF_REG; i++) widen(from.reg(i), to.reg(i), ids);
    for (let spi = 0; spi < Math.min(from.slots, to.slots); spi++)
      if (from.isSpilled(spi) && to.isSpilled(spi)) widen(from.slot(spi), to.slot(spi), ids);
  }
}
