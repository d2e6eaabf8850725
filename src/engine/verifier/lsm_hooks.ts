/**
 * LSM's hooks, by name: those that no program may stand in for, those whose programs may sleep, those whose
 * arguments are half built or half gone, and what each may return. Which hooks there are is in the kernel's BTF.
 *
 * Source: kernel/bpf/bpf_lsm.c, Linux 6.12.
 */
import type { RetvalRange } from './state.ts';

const PREFIX = 'bpf_lsm_';
const names = (words: string): ReadonlySet<string> =>
  new Set(words.split(/\s+/).map((word) => PREFIX + word));

/** Hooks that change what their caller hands over, or give back more than an errno. */
const DISABLED = names(
  `vm_enough_memory inode_need_killpriv inode_getsecurity inode_listsecurity inode_copy_up_xattr getselfattr
  getprocattr setprocattr key_getsecurity audit_rule_match xfrm_decode_session ismaclabel`,
);

const SLEEPABLE = names(
  `bpf bpf_map bpf_map_create bpf_map_free bpf_prog bpf_prog_load bpf_token_create bpf_token_free bpf_token_cmd
  bpf_token_capable bprm_check_security bprm_committed_creds bprm_committing_creds bprm_creds_for_exec
  bprm_creds_from_file capget capset cred_prepare file_ioctl file_lock file_open file_post_open file_receive
  inode_create inode_free_security inode_getattr inode_getxattr inode_mknod inode_need_killpriv
  inode_post_setxattr inode_readlink inode_rename inode_rmdir inode_setattr inode_setxattr inode_symlink
  inode_unlink kernel_module_request kernel_read_file kernfs_init_security path_unlink path_mkdir path_rmdir
  path_truncate path_symlink path_link path_rename path_chmod path_chown mmap_file netlink_send path_notify
  release_secctx sb_alloc_security sb_eat_lsm_opts sb_kern_mount sb_mount sb_remount sb_set_mnt_opts
  sb_show_options sb_statfs sb_umount settime socket_accept socket_bind socket_connect socket_create
  socket_getpeername socket_getpeersec_dgram socket_getsockname socket_getsockopt socket_listen
  socket_post_create socket_recvmsg socket_sendmsg socket_shutdown socket_socketpair syslog task_alloc
  current_getsecid_subj task_getsecid_obj task_prctl task_setscheduler userns_create`,
);

const UNTRUSTED = names(
  'bpf_map_free bpf_prog_free file_alloc_security file_free_security sk_alloc_security sk_free_security task_free',
);

/** Hooks that answer yes or no. */
const YES_OR_NO = names('xfrm_state_pol_flow_match audit_rule_known inode_xattr_skipcap');

const MAX_ERRNO = 4095;

export const isLsmHook = (name: string): boolean => name.startsWith(PREFIX);
export const isDisabledHook = (name: string): boolean => DISABLED.has(name);
export const isSleepableHook = (name: string): boolean => SLEEPABLE.has(name);
/** @kernel bpf_lsm_is_trusted, kernel/bpf/bpf_lsm.c @fidelity full: rules.test.ts */
export const isTrustedHook = (name: string): boolean => !UNTRUSTED.has(name);

/**
 * What a program on a hook that returns something may return.
 *
 * @kernel bpf_lsm_get_retval_range, kernel/bpf/bpf_lsm.c
 * @fidelity full: rules.test.ts
 */
export const hookRange = (name: string): RetvalRange =>
  YES_OR_NO.has(name) ? { min: 0, max: 1 } : { min: -MAX_ERRNO, max: 0 };
