/**
 * The slab caches of an ordinary boot: those of the allocator itself, of kmalloc, and those that parts of the kernel
 * make for objects of their own. A machine has these whose world says nothing.
 *
 * Names, order and sizes are those of a running 6.18 on x86-64; where this kernel has the struct, its size is ours.
 *
 * Source: mm/slub.c, mm/slab_common.c; /proc/slabinfo.
 */
import type { Kernel } from '../kernel.ts';
import type { SlabCacheSpec } from './slab_cache.ts';

/** SLAB_* of include/linux/slab.h */
const FLAG = {
  hwalign: 1 << 13,
  dma: 1 << 14,
  reclaim: 1 << 17,
  panic: 1 << 18,
  rcu: 1 << 19,
  account: 1 << 26,
} as const;
const WORD = 8;
const LINE = 64;
/** A count that says: the allocator's own. */
const BOOT = -1;

/** Sizes of kmalloc in the order the caches are made: those between powers of two first. */
const KMALLOC = [96, 192, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
/** Each kind of kmalloc has caches of its own. */
const KMALLOC_KINDS: readonly (readonly [prefix: string, flags: number])[] = [
  ['kmalloc', 0],
  ['kmalloc-rcl', FLAG.reclaim],
  ['dma-kmalloc', FLAG.dma],
  ['kmalloc-cg', FLAG.account],
];

/** Caches for objects of one kind, as made: name, bytes of an object, objects of a slab, pages of a slab. */
const OF_OBJECTS = `
  kmalloc_buckets:112:36:1 vmap_area:72:56:1 mm_struct:1600:20:8 maple_node:256:16:1
  task_group:704:23:4 radix_tree_node:584:14:2 pool_workqueue:512:16:2 ftrace_event_field:56:73:1
  trace_event_file:96:42:1 perf_event:1352:12:4 numa_policy:288:14:1 shared_policy_node:48:85:1
  Acpi-State:80:51:1 pid:192:21:1 anon_vma:104:39:1 anon_vma_chain:64:64:1 task_struct:5952:5:8
  sighand_cache:2112:15:8 signal_cache:1152:14:4 files_cache:704:23:4 vm_area_struct:192:21:1
  nsproxy:72:56:1 uts_namespace:488:16:2 key_jar:256:16:1 lsm_file_cache:24:170:1
  lsm_inode_cache:32:128:1 net_namespace:4288:7:8 names_cache:4096:8:8 dentry:192:21:1
  inode_cache:624:13:2 filp:192:21:1 mnt_cache:384:21:2 kernfs_node_cache:136:30:1
  shmem_inode_cache:752:21:4 bdev_cache:1536:21:8 sigqueue:80:51:1 seq_file:120:34:1
  proc_inode_cache:696:23:4 pde_opener:40:102:1 proc_dir_entry:192:21:1 mem_cgroup:2240:14:8
  taskstats:560:14:2 task_delay_info:256:16:1 buffer_head:104:39:1 file_lock_cache:192:21:1
  file_lease_cache:160:25:1 debugfs_inode_cache:640:12:2 tracefs_inode_cache:656:12:2
  skbuff_head_cache:256:16:1 skbuff_small_head:576:14:2 sock_inode_cache:832:19:4
  dmaengine-unmap-2:64:64:1 iommu_iova_magazine:1024:16:4 uid_cache:128:32:1 user_namespace:672:12:2
  mm_slot:40:102:1 biovec-128:2048:16:8 biovec-max:4096:8:8 blkdev_ioc:88:46:1
  request_queue:984:16:4 dax_cache:768:21:4 eventpoll_epi:128:32:1 ep_head:16:256:1 dquot:256:16:1
  hugetlbfs_inode_cache:632:25:4 TCP:2368:13:8 request_sock_TCP:320:12:1 tw_sock_TCP:256:16:1
  UDP:1344:12:4 RAW:1152:14:4 PING:1024:16:4 ip_fib_alias:56:73:1 ip_fib_trie:48:85:1
  xfrm_state:832:19:4 xfrm_dst:320:12:1 ip4-frags:200:20:1 pid_namespace:344:23:2
  dnotify_struct:32:128:1 fanotify_perm_event:112:36:1 userfaultfd_ctx_cache:192:21:1
  kioctx:576:14:2 mb_cache_entry:56:73:1 extent_status:40:102:1 pending_reservation:32:128:1
  ext4_io_end:64:64:1 ext4_prealloc_space:112:36:1 ext4_allocation_context:168:24:1
  ext4_inode_cache:1128:14:4 jbd2_revoke_table_s:16:256:1 jbd2_journal_head:120:34:1
  jbd2_transaction_s:192:21:1 mqueue_inode_cache:960:17:4 io_kiocb:256:16:1 TCPv6:2496:13:8
  request_sock_TCPv6:320:12:1 tw_sock_TCPv6:256:16:1 UDPv6:1472:22:8 RAWv6:1344:12:4`;

/** Whose objects they are, where this kernel models them, and flags. */
const STRUCTS: ReadonlyMap<string, readonly [struct: string, flags: number]> = new Map([
  ['mm_struct', ['mm_struct', FLAG.hwalign | FLAG.account]],
  ['task_group', ['task_group', FLAG.account]],
  ['pid', ['pid', FLAG.hwalign | FLAG.account]],
  ['task_struct', ['task_struct', FLAG.hwalign | FLAG.account]],
  ['sighand_cache', ['sighand_struct', FLAG.hwalign | FLAG.account | FLAG.rcu]],
  ['signal_cache', ['signal_struct', FLAG.hwalign | FLAG.account]],
  ['files_cache', ['files_struct', FLAG.hwalign | FLAG.account]],
  ['vm_area_struct', ['vm_area_struct', FLAG.account | FLAG.rcu]],
  ['nsproxy', ['nsproxy', FLAG.account]],
  ['uts_namespace', ['uts_namespace', FLAG.account]],
  ['dentry', ['dentry', FLAG.reclaim | FLAG.account]],
  ['inode_cache', ['inode', FLAG.reclaim | FLAG.account]],
  ['filp', ['file', FLAG.hwalign | FLAG.account | FLAG.rcu]],
  ['mnt_cache', ['mount', FLAG.hwalign | FLAG.account]],
  ['kernfs_node_cache', ['kernfs_node', 0]],
  ['mem_cgroup', ['mem_cgroup', FLAG.hwalign | FLAG.account]],
  ['sock_inode_cache', ['socket_alloc', FLAG.hwalign | FLAG.reclaim | FLAG.account]],
  ['user_namespace', ['user_namespace', FLAG.account]],
  ['pid_namespace', ['pid_namespace', FLAG.account]],
  ['eventpoll_epi', ['epitem', FLAG.hwalign | FLAG.account]],
  ['TCP', ['tcp_sock', FLAG.hwalign | FLAG.account | FLAG.rcu]],
  ['UDP', ['udp_sock', FLAG.hwalign | FLAG.account | FLAG.rcu]],
]);

const sizeText = (size: number): string => (size < 1024 ? `${size}` : `${size / 1024}k`);

function ofObjects(kernel: Kernel, row: string): SlabCacheSpec {
  const [name = '', ...numbers] = row.split(':');
  const [size = 0, objectsPerSlab = 0, pagesPerSlab = 0] = numbers.map(Number);
  const [struct = '', more = 0] = STRUCTS.get(name) ?? [];
  const flags = FLAG.panic | more;
  const align = (flags & FLAG.hwalign) !== 0 ? LINE : WORD;
  return kernel.types.has(struct)
    ? { name, objectSize: kernel.types.struct(struct).size, align, flags }
    : { name, objectSize: size, align, flags, objectsPerSlab, pagesPerSlab };
}

/**
 * The caches of an ordinary boot, oldest first.
 *
 * @kernel kmem_cache_init, mm/slub.c; create_kmalloc_caches, mm/slab_common.c
 * @fidelity partial: those of one machine, whose drivers and filesystems differ from another's
 */
export function ordinarySlabCaches(kernel: Kernel): SlabCacheSpec[] {
  const own = (name: string, objectSize: number): SlabCacheSpec => ({
    name,
    objectSize,
    align: LINE,
    flags: FLAG.hwalign | FLAG.panic,
    refcount: BOOT,
  });
  return [
    own('kmem_cache', kernel.types.struct('kmem_cache').size),
    own('kmem_cache_node', LINE),
    ...KMALLOC_KINDS.flatMap(([prefix, flags]) =>
      KMALLOC.map((size) => ({
        name: `${prefix}-${sizeText(size)}`,
        objectSize: size,
        align: size & (size - 1) ? WORD : size,
        flags: FLAG.panic | flags,
      })),
    ),
    ...OF_OBJECTS.trim()
      .split(/\s+/)
      .map((row) => ofObjects(kernel, row)),
  ];
}
