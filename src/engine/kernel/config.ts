/**
 * The configuration that a kernel was built with, as /proc/config.gz tells it: what `extern ... __kconfig`
 * of programs resolves to. A world may say otherwise, option by option.
 *
 * The default is what a Debian kernel for x86-64 has of the options that concern what is modelled. Options
 * that are not set are left out, as `# CONFIG_X is not set` is.
 */
import type { Release } from '../abi/releases.ts';

/** As after `=` in .config: y, m, a number, or text in double quotes. */
export type KernelConfig = Readonly<Record<string, string>>;

const YES = [
  '64BIT X86_64 X86 MMU SMP MODULES MODULE_UNLOAD KALLSYMS KALLSYMS_ALL PRINTK MULTIUSER SYSCTL POSIX_TIMERS',
  'HZ_250 HIGH_RES_TIMERS NO_HZ_COMMON NO_HZ_FULL TICK_CPU_ACCOUNTING BSD_PROCESS_ACCT TASKSTATS TASK_XACCT',
  'PREEMPT_VOLUNTARY PREEMPT_DYNAMIC PREEMPT_RCU TREE_RCU RCU_EXPERT AUDIT AUDITSYSCALL SECCOMP SECCOMP_FILTER',
  'CGROUPS CGROUP_SCHED CGROUP_PIDS CGROUP_FREEZER CGROUP_DEVICE CGROUP_CPUACCT CGROUP_PERF CGROUP_BPF CPUSETS',
  'MEMCG BLK_CGROUP FAIR_GROUP_SCHED CFS_BANDWIDTH SOCK_CGROUP_DATA NAMESPACES UTS_NS TIME_NS IPC_NS USER_NS',
  'PID_NS NET_NS SYSVIPC POSIX_MQUEUE FUTEX EPOLL SIGNALFD TIMERFD EVENTFD SHMEM AIO IO_URING MEMBARRIER',
  'BPF BPF_SYSCALL BPF_JIT BPF_JIT_DEFAULT_ON BPF_UNPRIV_DEFAULT_OFF BPF_LSM BPF_EVENTS HAVE_EBPF_JIT',
  'DEBUG_INFO DEBUG_INFO_BTF DEBUG_INFO_BTF_MODULES PERF_EVENTS TRACEPOINTS FTRACE FUNCTION_TRACER DYNAMIC_FTRACE',
  'KPROBES KPROBE_EVENTS UPROBES UPROBE_EVENTS STACKTRACE UNWINDER_ORC',
  'NET INET UNIX UNIX_SCM IPV6 IPV6_SUBTREES IPV6_MULTIPLE_TABLES NETFILTER NET_SCHED NET_CLS_ACT XFRM TCP_CONG_CUBIC',
  'XDP_SOCKETS NET_SOCK_MSG BPF_STREAM_PARSER CGROUP_NET_PRIO CGROUP_NET_CLASSID INET_DIAG_DESTROY SYN_COOKIES',
  'SWAP SLUB SLUB_DEBUG TRANSPARENT_HUGEPAGE HUGETLBFS HUGETLB_PAGE NUMA COMPACTION MIGRATION KSM VM_EVENT_COUNTERS',
  'PROC_FS PROC_KCORE PROC_SYSCTL PROC_PAGE_MONITOR PROC_CHILDREN SYSFS TMPFS KERNFS DMA_SHARED_BUFFER DEVTMPFS',
  'SECURITY SECURITYFS SECURITY_NETWORK SECURITY_SELINUX SECURITY_APPARMOR SECURITY_YAMA SECURITY_LANDLOCK',
  'RANDOMIZE_BASE RANDOMIZE_MEMORY X86_5LEVEL STACKPROTECTOR STACKPROTECTOR_STRONG VMAP_STACK STRICT_KERNEL_RWX',
]
  .join(' ')
  .split(' ');
const MODULES =
  'INET_DIAG INET_TCP_DIAG INET_UDP_DIAG UNIX_DIAG NETLINK_DIAG PACKET_DIAG TCP_CONG_BBR TUN VETH';
const VALUES: KernelConfig = {
  CONFIG_HZ: '250',
  CONFIG_NR_CPUS: '8192',
  CONFIG_NODES_SHIFT: '10',
  CONFIG_PGTABLE_LEVELS: '5',
  CONFIG_LOG_BUF_SHIFT: '17',
  CONFIG_DEFAULT_MMAP_MIN_ADDR: '65536',
  CONFIG_FRAME_WARN: '2048',
  CONFIG_PAGE_SHIFT: '12',
  CONFIG_RCU_CPU_STALL_TIMEOUT: '21',
  CONFIG_DEFAULT_HOSTNAME: '"(none)"',
  CONFIG_DEFAULT_TCP_CONG: '"cubic"',
  CONFIG_LSM: '"landlock,lockdown,yama,loadpin,safesetid,integrity,apparmor,selinux,smack,tomoyo,bpf"',
  CONFIG_CC_VERSION_TEXT: '"gcc-12 (Debian 12.2.0-14) 12.2.0"',
  CONFIG_BUILD_SALT: '""',
};
/**
 * Every option of a release, with what the world says otherwise.
 *
 * @returns the text of /proc/config.gz
 */
export function kernelConfig(release: Release, world: KernelConfig = {}): string {
  const options: Record<string, string> = {
    ...Object.fromEntries(YES.map((name) => [`CONFIG_${name}`, 'y'])),
    ...Object.fromEntries(MODULES.split(' ').map((name) => [`CONFIG_${name}`, 'm'])),
    ...VALUES,
    ...world,
  };
  const lines = Object.entries(options)
    .filter(([, value]) => value !== 'n')
    .map(([name, value]) => `${name}=${value}`);
  return `# Linux/x86 ${release.name} Kernel Configuration\n${lines.join('\n')}\n`;
}
