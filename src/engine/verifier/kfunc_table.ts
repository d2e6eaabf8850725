/**
 * Kernel functions that iterator programs may call, and the rules of each. Prototypes come from kernel BTF;
 * what BTF cannot say stands here.
 *
 * Source: the BTF_ID_FLAGS lists of kernel/bpf/{helpers,map_iter,cpumask}.c and fs/, Linux 6.12 and 7.0.
 */
import type { Release, ReleaseNumber } from '../abi/releases.ts';

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
  readonly since: ReleaseNumber;
  readonly flags: ReadonlySet<KfuncFlag>;
}

/** name, flags joined by spaces, first release (612: in 6.12 already). */
const ROWS: readonly (readonly [string, string, ReleaseNumber?])[] = [
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
  ['bpf_iter_kmem_cache_new', 'ITER_NEW SLEEPABLE', 613],
  ['bpf_iter_kmem_cache_next', 'ITER_NEXT RET_NULL SLEEPABLE', 613],
  ['bpf_iter_kmem_cache_destroy', 'ITER_DESTROY SLEEPABLE', 613],
  ['bpf_iter_dmabuf_new', 'ITER_NEW SLEEPABLE', 616],
  ['bpf_iter_dmabuf_next', 'ITER_NEXT RET_NULL SLEEPABLE', 616],
  ['bpf_iter_dmabuf_destroy', 'ITER_DESTROY SLEEPABLE', 616],
  ['bpf_task_acquire', 'ACQUIRE RCU RET_NULL'],
  ['bpf_task_release', 'RELEASE'],
  ['bpf_task_from_pid', 'ACQUIRE RET_NULL'],
  ['bpf_task_from_vpid', 'ACQUIRE RET_NULL', 614],
  ['bpf_task_under_cgroup', 'RCU'],
  ['bpf_task_get_cgroup1', 'ACQUIRE RCU RET_NULL'],
  ['bpf_cgroup_acquire', 'ACQUIRE RCU RET_NULL'],
  ['bpf_cgroup_release', 'RELEASE'],
  ['bpf_cgroup_ancestor', 'ACQUIRE RCU RET_NULL'],
  ['bpf_cgroup_from_id', 'ACQUIRE RET_NULL'],
  ['bpf_rcu_read_lock', ''],
  ['bpf_rcu_read_unlock', ''],
  ['bpf_preempt_disable', ''],
  ['bpf_preempt_enable', ''],
  ['bpf_cast_to_kern_ctx', ''],
  ['bpf_rdonly_cast', ''],
  ['bpf_map_sum_elem_count', 'TRUSTED_ARGS'],
  ['bpf_get_kmem_cache', 'RET_NULL', 613],
  ['bpf_dynptr_adjust', ''],
  ['bpf_dynptr_is_null', ''],
  ['bpf_dynptr_is_rdonly', ''],
  ['bpf_dynptr_size', ''],
  ['cgroup_rstat_updated', ''],
  ['cgroup_rstat_flush', 'SLEEPABLE'],
  ['css_rstat_updated', '', 616],
  ['css_rstat_flush', 'SLEEPABLE', 616],
  ['bpf_strcmp', '', 617],
  ['bpf_strlen', '', 617],
  ['bpf_strnlen', '', 617],
  ['bpf_strchr', '', 617],
  ['bpf_strnchr', '', 617],
  ['bpf_strrchr', '', 617],
  ['bpf_strchrnul', '', 617],
  ['bpf_strspn', '', 617],
  ['bpf_strcspn', '', 617],
  ['bpf_strstr', '', 617],
  ['bpf_strnstr', '', 617],
  ['bpf_strcasecmp', '', 618],
  ['bpf_sock_destroy', 'TRUSTED_ARGS'],
];

const DEFAULT_SINCE = 600;

const TABLE: ReadonlyMap<string, Row> = new Map(
  ROWS.map(([name, flags, since]) => [
    name,
    {
      since: since ?? DEFAULT_SINCE,
      flags: new Set(flags.split(' ').filter((flag) => flag !== '') as KfuncFlag[]),
    },
  ]),
);

/** Rules of a kfunc in a release, or null: an iterator program may not call it. */
export function kfuncFlags(name: string, release: Release): ReadonlySet<KfuncFlag> | null {
  const row = TABLE.get(name);
  return row && row.since <= release.number ? row.flags : null;
}

/** Every kfunc that a release offers to iterator programs (completion, documentation). */
export const kfuncNames = (release: Release): readonly string[] =>
  [...TABLE].filter(([, row]) => row.since <= release.number).map(([name]) => name);
