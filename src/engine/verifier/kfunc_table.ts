/**
 * Kernel functions that iterator programs may call, and the rules of each. Prototypes come from kernel BTF;
 * what BTF cannot say stands here.
 *
 * Source: the BTF_ID_FLAGS lists of kernel/bpf/{helpers,map_iter,cpumask}.c and fs/, Linux 6.12 and 7.0.
 */
import type { Release, ReleaseNumber } from '../abi/releases.ts';
import type { KfuncHook } from './prog_type.ts';

export type KfuncFlag =
  | 'ACQUIRE'
  | 'RELEASE'
  | 'RET_NULL'
  | 'TRUSTED_ARGS'
  | 'RCU'
  | 'RCU_PROTECTED'
  | 'SLEEPABLE'
  | 'ITER_NEW'
  | 'ITER_NEXT'
  | 'ITER_DESTROY';

interface Row {
  readonly where: Where;
  readonly since: ReleaseNumber;
  readonly flags: ReadonlySet<KfuncFlag>;
}

/** Where a row is registered. @kernel the register_btf_kfunc_id_set calls, with their filters */
type Where = 'common' | 'generic' | 'tracing' | 'cpumask' | 'lsm' | 'kprobe' | 'sock_iter';

/** name, flags joined by spaces, where, first release (600: in 6.12 already). */
const ROWS: readonly (readonly [string, string, Where?, ReleaseNumber?])[] = [
  ['bpf_iter_num_new', 'ITER_NEW'],
  ['bpf_iter_num_next', 'ITER_NEXT RET_NULL'],
  ['bpf_iter_num_destroy', 'ITER_DESTROY'],
  ['bpf_iter_task_vma_new', 'ITER_NEW RCU'],
  ['bpf_iter_task_vma_next', 'ITER_NEXT RET_NULL'],
  ['bpf_iter_task_vma_destroy', 'ITER_DESTROY'],
  ['bpf_iter_css_task_new', 'ITER_NEW TRUSTED_ARGS'],
  ['bpf_iter_css_task_next', 'ITER_NEXT RET_NULL'],
  ['bpf_iter_css_task_destroy', 'ITER_DESTROY'],
  ['bpf_iter_css_new', 'ITER_NEW TRUSTED_ARGS RCU_PROTECTED'],
  ['bpf_iter_css_next', 'ITER_NEXT RET_NULL RCU_PROTECTED'],
  ['bpf_iter_css_destroy', 'ITER_DESTROY'],
  ['bpf_iter_task_new', 'ITER_NEW TRUSTED_ARGS RCU_PROTECTED'],
  ['bpf_iter_task_next', 'ITER_NEXT RET_NULL RCU_PROTECTED'],
  ['bpf_iter_task_destroy', 'ITER_DESTROY'],
  ['bpf_iter_bits_new', 'ITER_NEW'],
  ['bpf_iter_bits_next', 'ITER_NEXT RET_NULL'],
  ['bpf_iter_bits_destroy', 'ITER_DESTROY'],
  ['bpf_iter_kmem_cache_new', 'ITER_NEW SLEEPABLE', 'common', 613],
  ['bpf_iter_kmem_cache_next', 'ITER_NEXT RET_NULL SLEEPABLE', 'common', 613],
  ['bpf_iter_kmem_cache_destroy', 'ITER_DESTROY SLEEPABLE', 'common', 613],
  ['bpf_iter_dmabuf_new', 'ITER_NEW SLEEPABLE', 'common', 616],
  ['bpf_iter_dmabuf_next', 'ITER_NEXT RET_NULL SLEEPABLE', 'common', 616],
  ['bpf_iter_dmabuf_destroy', 'ITER_DESTROY SLEEPABLE', 'common', 616],
  ['bpf_task_acquire', 'ACQUIRE RCU RET_NULL', 'generic'],
  ['bpf_task_release', 'RELEASE', 'generic'],
  ['bpf_task_from_pid', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_task_from_vpid', 'ACQUIRE RET_NULL', 'generic', 614],
  ['bpf_task_under_cgroup', 'RCU', 'generic'],
  ['bpf_task_get_cgroup1', 'ACQUIRE RCU RET_NULL', 'generic'],
  ['bpf_cgroup_acquire', 'ACQUIRE RCU RET_NULL', 'generic'],
  ['bpf_cgroup_release', 'RELEASE', 'generic'],
  ['bpf_cgroup_ancestor', 'ACQUIRE RCU RET_NULL', 'generic'],
  ['bpf_cgroup_from_id', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_obj_new_impl', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_percpu_obj_new_impl', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_obj_drop_impl', 'RELEASE', 'generic'],
  ['bpf_percpu_obj_drop_impl', 'RELEASE', 'generic'],
  ['bpf_refcount_acquire_impl', 'ACQUIRE RET_NULL RCU', 'generic'],
  ['bpf_list_push_front_impl', '', 'generic'],
  ['bpf_list_push_back_impl', '', 'generic'],
  ['bpf_list_pop_front', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_list_pop_back', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_rbtree_remove', 'ACQUIRE RET_NULL', 'generic'],
  ['bpf_rbtree_add_impl', '', 'generic'],
  ['bpf_rbtree_first', 'RET_NULL', 'generic'],
  ['bpf_throw', '', 'generic'],
  ['bpf_rcu_read_lock', ''],
  ['bpf_rcu_read_unlock', ''],
  ['bpf_preempt_disable', ''],
  ['bpf_preempt_enable', ''],
  ['bpf_local_irq_save', '', 'common', 614],
  ['bpf_local_irq_restore', '', 'common', 614],
  ['bpf_res_spin_lock', 'RET_NULL', 'common', 615],
  ['bpf_res_spin_unlock', '', 'common', 615],
  ['bpf_res_spin_lock_irqsave', 'RET_NULL', 'common', 615],
  ['bpf_res_spin_unlock_irqrestore', '', 'common', 615],
  ['bpf_wq_init', ''],
  ['bpf_wq_set_callback_impl', ''],
  ['bpf_wq_start', ''],
  ['bpf_arena_alloc_pages', 'TRUSTED_ARGS SLEEPABLE'],
  ['bpf_arena_free_pages', 'TRUSTED_ARGS SLEEPABLE'],
  ['bpf_copy_from_user_str', 'SLEEPABLE'],
  ['bpf_cast_to_kern_ctx', ''],
  ['bpf_rdonly_cast', ''],
  ['bpf_map_sum_elem_count', 'TRUSTED_ARGS'],
  ['bpf_get_kmem_cache', 'RET_NULL', 'tracing', 613],
  ['bpf_dynptr_adjust', ''],
  ['bpf_dynptr_is_null', ''],
  ['bpf_dynptr_is_rdonly', ''],
  ['bpf_dynptr_size', ''],
  ['bpf_dynptr_clone', ''],
  ['bpf_dynptr_slice', 'RET_NULL'],
  ['bpf_dynptr_slice_rdwr', 'RET_NULL'],
  ['cgroup_rstat_updated', '', 'tracing'],
  ['cgroup_rstat_flush', 'SLEEPABLE', 'tracing'],
  ['css_rstat_updated', '', 'tracing', 616],
  ['css_rstat_flush', 'SLEEPABLE', 'tracing', 616],
  ['bpf_strcmp', '', 'common', 617],
  ['bpf_strlen', '', 'common', 617],
  ['bpf_strnlen', '', 'common', 617],
  ['bpf_strchr', '', 'common', 617],
  ['bpf_strnchr', '', 'common', 617],
  ['bpf_strrchr', '', 'common', 617],
  ['bpf_strchrnul', '', 'common', 617],
  ['bpf_strspn', '', 'common', 617],
  ['bpf_strcspn', '', 'common', 617],
  ['bpf_strstr', '', 'common', 617],
  ['bpf_strnstr', '', 'common', 617],
  ['bpf_strcasecmp', '', 'common', 618],
  ['bpf_sock_destroy', 'TRUSTED_ARGS', 'sock_iter'],
  ['bpf_cpumask_create', 'ACQUIRE RET_NULL', 'cpumask'],
  ['bpf_cpumask_release', 'RELEASE', 'cpumask'],
  ['bpf_cpumask_acquire', 'ACQUIRE TRUSTED_ARGS', 'cpumask'],
  ['bpf_cpumask_first', 'RCU', 'cpumask'],
  ['bpf_cpumask_first_zero', 'RCU', 'cpumask'],
  ['bpf_cpumask_first_and', 'RCU', 'cpumask'],
  ['bpf_cpumask_set_cpu', 'RCU', 'cpumask'],
  ['bpf_cpumask_clear_cpu', 'RCU', 'cpumask'],
  ['bpf_cpumask_test_cpu', 'RCU', 'cpumask'],
  ['bpf_cpumask_test_and_set_cpu', 'RCU', 'cpumask'],
  ['bpf_cpumask_test_and_clear_cpu', 'RCU', 'cpumask'],
  ['bpf_cpumask_setall', 'RCU', 'cpumask'],
  ['bpf_cpumask_clear', 'RCU', 'cpumask'],
  ['bpf_cpumask_and', 'RCU', 'cpumask'],
  ['bpf_cpumask_or', 'RCU', 'cpumask'],
  ['bpf_cpumask_xor', 'RCU', 'cpumask'],
  ['bpf_cpumask_equal', 'RCU', 'cpumask'],
  ['bpf_cpumask_intersects', 'RCU', 'cpumask'],
  ['bpf_cpumask_subset', 'RCU', 'cpumask'],
  ['bpf_cpumask_empty', 'RCU', 'cpumask'],
  ['bpf_cpumask_full', 'RCU', 'cpumask'],
  ['bpf_cpumask_copy', 'RCU', 'cpumask'],
  ['bpf_cpumask_any_distribute', 'RCU', 'cpumask'],
  ['bpf_cpumask_any_and_distribute', 'RCU', 'cpumask'],
  ['bpf_cpumask_weight', 'RCU', 'cpumask'],
  ['bpf_get_task_exe_file', 'ACQUIRE TRUSTED_ARGS RET_NULL', 'lsm'],
  ['bpf_put_file', 'RELEASE', 'lsm'],
  ['bpf_path_d_path', 'TRUSTED_ARGS', 'lsm'],
  ['bpf_get_dentry_xattr', 'SLEEPABLE TRUSTED_ARGS', 'lsm'],
  ['bpf_get_file_xattr', 'SLEEPABLE TRUSTED_ARGS', 'lsm'],
  ['bpf_lookup_user_key', 'ACQUIRE RET_NULL SLEEPABLE', 'tracing'],
  ['bpf_lookup_system_key', 'ACQUIRE RET_NULL', 'tracing'],
  ['bpf_key_put', 'RELEASE', 'tracing'],
  ['bpf_verify_pkcs7_signature', 'SLEEPABLE', 'tracing'],
  ['bpf_session_is_return', '', 'kprobe'],
  ['bpf_session_cookie', '', 'kprobe'],
];

const DEFAULT_SINCE = 600;

const HOOKS: Readonly<Record<Where, readonly KfuncHook[] | 'all'>> = {
  common: 'all',
  generic: ['tracing', 'tc', 'xdp', 'syscall', 'cgroup'],
  tracing: ['tracing'],
  cpumask: ['tracing', 'syscall'],
  lsm: ['tracing'],
  kprobe: ['kprobe'],
  sock_iter: ['tracing'],
};

const TABLE: ReadonlyMap<string, Row> = new Map(
  ROWS.map(([name, flags, where = 'common', since = DEFAULT_SINCE]) => [
    name,
    { since, where, flags: new Set(flags.split(' ').filter((flag) => flag !== '') as KfuncFlag[]) },
  ]),
);

/** Rules of a kfunc in a release, or null: there is none of that name that programs may call. */
export function kfuncFlags(name: string, release: Release): ReadonlySet<KfuncFlag> | null {
  const row = TABLE.get(name);
  return row && row.since <= release.number ? row.flags : null;
}

/** Who asks for a kfunc. */
export interface KfuncCaller {
  readonly hook: KfuncHook;
  readonly isLsm: boolean;
  /** Name of the iterator's target, '' for other programs. */
  readonly target: string;
}

/** Is the kfunc there for programs of this type? @kernel btf_kfunc_id_set_contains, kernel/bpf/btf.c @fidelity full: rules.test.ts */
export function offersKfunc(name: string, { hook, isLsm, target }: KfuncCaller): boolean {
  const where = TABLE.get(name)?.where;
  if (where === undefined) return false;
  if (where === 'lsm' && !isLsm) return false;
  if (where === 'sock_iter' && target !== 'tcp' && target !== 'udp') return false;
  const hooks = HOOKS[where];
  return hooks === 'all' || hooks.includes(hook);
}

/** Every kfunc that a release offers to iterator programs (completion, documentation). */
export const kfuncNames = (release: Release): readonly string[] =>
  [...TABLE]
    .filter(([name, row]) => {
      const some = { hook: 'tracing', isLsm: false, target: 'tcp' } as const;
      return row.since <= release.number && offersKfunc(name, some);
    })
    .map(([name]) => name);
