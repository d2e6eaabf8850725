/**
 * Lists and trees of program-allocated objects: whoever adds an object gives up owning it and keeps, while
 * the lock is held, a reference that does not own.
 *
 * Source: ref_set_non_owning, ref_convert_owning_non_owning, invalidate_non_owning_refs,
 * kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Env } from './env.ts';
import { isKfuncCall } from './insn_kind.ts';
import { recordOf } from './record.ts';
import type { GraphRoot } from './record.ts';
import { releaseReference } from './refs.ts';
import type { RegState } from './reg.ts';
import { MEM_ALLOC, MEM_RCU, NON_OWN_REF, PTR_TO_BTF_ID, PTR_TO_MAP_VALUE } from './reg_type.ts';

/** The object that a list or tree holds, at its node. @kernel mark_reg_graph_node @fidelity full: cases_c.test.ts */
export function setGraphNode(reg: RegState, root: GraphRoot): void {
  reg.setPointer(PTR_TO_BTF_ID | MEM_ALLOC);
  reg.btf = root.btf;
  reg.btfId = root.id;
  reg.off = root.nodeOffset;
}

/** Objects with a reference count are freed after a grace period only. @kernel ref_set_non_owning @fidelity full: cases_c.test.ts */
export function setNonOwning(env: Env, reg: RegState): void {
  const record = reg.btf ? recordOf(reg.btf, env.request.kernelBtf, reg.btfId) : [];
  const counted = record.some((field) => field.kind === 'bpf_refcount');
  reg.type |= NON_OWN_REF | (counted ? MEM_RCU : 0);
}

/** The holders of a reference keep a pointer that does not own. @kernel ref_convert_owning_non_owning @fidelity full: cases_c.test.ts */
export function disown(env: Env, refObjId: number): void {
  env.state.forEachReg((reg) => {
    if (reg.refObjId !== refObjId) return;
    reg.refObjId = 0;
    setNonOwning(env, reg);
  });
  releaseReference(env, refObjId);
}

/** The lock is given up: what was only borrowed under it is gone. @kernel invalidate_non_owning_refs @fidelity full: rules.test.ts */
export function invalidateNonOwning(env: Env): void {
  env.state.forEachReg((reg) => {
    if (reg.type & NON_OWN_REF) reg.setUnknown();
  });
}

/** The lock held protects the allocation that a register points into. @returns why not, or null */
export function lockProblem(env: Env, reg: RegState): 'not held' | 'another' | null {
  const { locks } = env.state;
  if (locks.length === 0) return 'not held';
  const holder = reg.type === PTR_TO_MAP_VALUE ? reg.map : reg.btf;
  return locks.some((lock) => lock.holder === holder && lock.id === reg.id) ? null : 'another';
}

/** Are we in the comparison callback of bpf_rbtree_add? @kernel in_rbtree_lock_required_cb @fidelity full: rules.test.ts */
export function inRbtreeCallback(env: Env): boolean {
  const { state } = env;
  return state.frame
    .slice(1, state.curframe + 1)
    .some(
      (frame) =>
        frame.inCallback &&
        isKfuncCall(env.insn(frame.callsite)) &&
        env.kfuncName(env.insn(frame.callsite).imm) === 'bpf_rbtree_add_impl',
    );
}
