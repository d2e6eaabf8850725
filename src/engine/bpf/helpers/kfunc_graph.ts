/** Objects of programs, and their lists and trees. Source: kernel/bpf/helpers.c, Linux 6.12. */
import { must } from '../../../shared/assert.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Addr } from '../../../shared/brand.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { progOf } from '../prog.ts';
import {
  acquireProgObject,
  addToTree,
  dropProgObject,
  firstOfTree,
  newProgObject,
  popList,
  pushList,
  removeFromTree,
} from '../prog_objects.ts';

/** @param cpus copies of a per-cpu object */
export const graphKfuncs = (cpus: number): readonly (readonly [string, Helper])[] => [
  ['bpf_obj_new_impl', (c) => create(c, 1)],
  ['bpf_percpu_obj_new_impl', (c) => create(c, cpus)],
  ['bpf_obj_drop_impl', drop],
  ['bpf_percpu_obj_drop_impl', drop],
  ['bpf_refcount_acquire_impl', (c) => acquireProgObject(c.kernel, c.arg(1))],
  ['bpf_list_push_front_impl', (c) => push(c, true)],
  ['bpf_list_push_back_impl', (c) => push(c, false)],
  ['bpf_list_pop_front', (c) => popList(c.mem, c.arg(1), true)],
  ['bpf_list_pop_back', (c) => popList(c.mem, c.arg(1), false)],
  ['bpf_rbtree_add_impl', add],
  ['bpf_rbtree_first', (c) => firstOfTree(c.mem, c.arg(1))],
  ['bpf_rbtree_remove', (c) => removeFromTree(c.mem, c.arg(1), c.arg(2))],
];

function create(call: Call, copies: number): Addr {
  const btf = must(progOf(call.code)?.spec.btf, 'BTF of a program that allocates');
  return newProgObject(call.kernel, btf, Number(call.arg(1)), copies);
}

function drop(call: Call): number {
  dropProgObject(call.kernel, call.arg(1));
  return 0;
}

/** @kernel bpf_list_push_front_impl, bpf_list_push_back_impl, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
function push(call: Call, front: boolean): NegErrno {
  if (pushList(call.mem, call.arg(1), call.arg(2), front)) return 0;
  dropProgObject(call.kernel, call.arg(2));
  return fail('EINVAL');
}

/** @kernel bpf_rbtree_add_impl, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
function add(call: Call): NegErrno {
  const [root, node, less] = [call.arg(1), call.arg(2), call.arg(3)];
  if (addToTree(call.mem, root, node, (a, b) => call.callback(less, a, b) !== 0n)) return 0;
  dropProgObject(call.kernel, node);
  return fail('EINVAL');
}
