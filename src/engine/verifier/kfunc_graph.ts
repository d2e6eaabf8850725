/**
 * Arguments of the list and tree functions: the root must be protected by the lock that is held, the node
 * must be the one the root is declared to hold.
 *
 * Source: __process_kf_arg_ptr_to_graph_root, __process_kf_arg_ptr_to_graph_node, kernel/bpf/verifier.c,
 * Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { inRbtreeCallback, lockProblem } from './collections.ts';
import type { Env } from './env.ts';
import type { SpecialField, TypeRef } from './record.ts';
import { MEM_ALLOC, NON_OWN_REF, PTR_TO_BTF_ID } from './reg_type.ts';
import { fieldAtReg, recordOfReg } from './special_arg.ts';

function mustBeConst(env: Env, regno: number, what: string): void {
  if (!env.reg(regno).isConst)
    env.reject('EINVAL', `R${regno} doesn't have constant offset. ${what} has to be at the constant offset`);
}

/** A list head or the root of a tree. @kernel __process_kf_arg_ptr_to_graph_root @fidelity full: cases_c.test.ts */
export function checkGraphRoot(env: Env, regno: number, kind: 'bpf_list_head' | 'bpf_rb_root'): SpecialField {
  const reg = env.reg(regno);
  mustBeConst(env, regno, kind);
  const field = fieldAtReg(env, reg, kind);
  if (!field) return env.reject('EINVAL', `${kind} not found at offset=${reg.off + reg.constValue}`);
  const problem = lockProblem(env, reg);
  if (problem !== null) {
    if (problem === 'another') env.write('held lock and object are not in the same allocation\n');
    const lock = recordOfReg(env, reg).find((one) => one.kind === 'bpf_spin_lock');
    env.reject('EINVAL', `bpf_spin_lock at off=${lock?.offset ?? -22} must be held for ${kind}`);
  }
  return field;
}

/** The object of an argument is the program's to give away; what is removed from a tree is not. */
export function checkOwnedObject(env: Env, regno: number, index: number, func = ''): void {
  const reg = env.reg(regno);
  if (func === 'bpf_rbtree_remove') {
    if (!(reg.type & NON_OWN_REF) || reg.refObjId !== 0)
      env.reject('EINVAL', 'rbtree_remove node input must be non-owning ref');
    if (inRbtreeCallback(env)) env.reject('EINVAL', 'rbtree_remove not allowed in rbtree cb');
    return;
  }
  if (reg.type !== (PTR_TO_BTF_ID | MEM_ALLOC))
    env.reject('EINVAL', `arg#${index} expected pointer to allocated object`);
  if (reg.refObjId === 0) env.reject('EINVAL', 'allocated object must be referenced');
}

/** The node of an object. @kernel __process_kf_arg_ptr_to_graph_node @fidelity full: cases_c.test.ts */
export function checkGraphNode(
  env: Env,
  regno: number,
  kind: 'bpf_list_node' | 'bpf_rb_node',
  rootField: SpecialField | null,
): TypeRef {
  const reg = env.reg(regno);
  mustBeConst(env, regno, kind);
  const off = reg.off + reg.constValue;
  if (!fieldAtReg(env, reg, kind)) env.reject('EINVAL', `${kind} not found at offset=${off}`);
  const field = must(rootField, 'list or tree');
  const root = must(field.root, 'objects of a list or tree');
  const btf = must(reg.btf, 'types of an object');
  const want = root.btf.nameOf(root.id);
  if (btf !== root.btf || reg.btfId !== root.id)
    env.reject(
      'EINVAL',
      `operation on ${field.kind} expects arg#1 ${kind} at offset=${root.nodeOffset} in struct ${want}, but arg is at offset=${off} in struct ${btf.nameOf(reg.btfId)}`,
    );
  if (off !== root.nodeOffset)
    env.reject(
      'EINVAL',
      `arg#1 offset=${off}, but expected ${kind} at offset=${root.nodeOffset} in struct ${want}`,
    );
  return { btf, id: reg.btfId };
}
