/**
 * Which helpers a program type is offered. Linux asks one function per type, and these hand on to each other;
 * here that is groups of names, and a type names its groups (prog_type.ts).
 *
 * Source: bpf_base_func_proto, kernel/bpf/helpers.c; the *_func_proto of kernel/trace/bpf_trace.c,
 * kernel/bpf/bpf_lsm.c and net/core/filter.c, Linux 6.12.
 */
import { helperId } from '../abi/helper_id.ts';
import type { HelperGroup, ProgTypeRule } from './prog_type.ts';

const GROUPS: Readonly<Record<HelperGroup, string>> = {
  base: `map_lookup_elem map_update_elem map_delete_elem map_push_elem map_pop_elem map_peek_elem
    map_lookup_percpu_elem get_prandom_u32 get_smp_processor_id get_numa_node_id tail_call ktime_get_ns
    ktime_get_boot_ns ktime_get_tai_ns ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard
    ringbuf_query strncmp strtol strtoul get_current_pid_tgid get_ns_current_pid_tgid spin_lock spin_unlock
    jiffies64 per_cpu_ptr this_cpu_ptr timer_init timer_set_callback timer_start timer_cancel kptr_xchg
    for_each_map_elem loop user_ringbuf_drain ringbuf_reserve_dynptr ringbuf_submit_dynptr
    ringbuf_discard_dynptr dynptr_from_mem dynptr_read dynptr_write dynptr_data cgrp_storage_get
    cgrp_storage_delete get_current_cgroup_id get_current_ancestor_cgroup_id trace_printk get_current_task
    get_current_task_btf probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str
    snprintf_btf snprintf task_pt_regs trace_vprintk`,
  tracing: `get_current_uid_gid get_current_comm perf_event_read probe_write_user probe_read probe_read_str
    current_task_under_cgroup send_signal send_signal_thread perf_event_read_value get_task_stack
    copy_from_user copy_from_user_task task_storage_get task_storage_delete get_func_ip get_branch_snapshot
    find_vma`,
  events: 'perf_event_output get_stackid get_stack',
  cookie: 'get_attach_cookie',
  tracing_btf: `skb_output xdp_output skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock
    skc_to_tcp_request_sock skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock sk_storage_get
    sk_storage_delete sock_from_file get_socket_cookie xdp_get_buff_len seq_printf seq_write seq_printf_btf
    d_path setsockopt getsockopt get_func_arg get_func_ret get_func_arg_cnt get_attach_cookie`,
  lsm: `inode_storage_get inode_storage_delete sk_storage_get sk_storage_delete bprm_opts_set ima_inode_hash
    ima_file_hash get_attach_cookie d_path`,
  cgroup: 'get_local_storage get_netns_cookie get_retval set_retval sock_map_update sock_hash_update',
  syscall: 'sys_bpf btf_find_by_name_kind sys_close kallsyms_lookup_name',
  net: `perf_event_output get_socket_cookie get_socket_uid skb_load_bytes skb_load_bytes_relative
    skb_store_bytes skb_pull_data csum_diff csum_update csum_level l3_csum_replace l4_csum_replace
    clone_redirect get_cgroup_classid skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type
    skb_adjust_room skb_change_tail skb_change_head skb_get_tunnel_key skb_set_tunnel_key
    skb_get_tunnel_opt skb_set_tunnel_opt redirect redirect_neigh redirect_peer get_route_realm
    get_hash_recalc set_hash_invalid set_hash skb_under_cgroup fib_lookup check_mtu sk_fullsock
    sk_storage_get sk_storage_delete skb_get_xfrm_state skb_cgroup_classid skb_cgroup_id
    skb_ancestor_cgroup_id sk_lookup_tcp sk_lookup_udp sk_release tcp_sock get_listener_sock
    skc_lookup_tcp tcp_check_syncookie skb_ecn_set_ce tcp_gen_syncookie sk_assign skb_set_tstamp
    xdp_adjust_head xdp_adjust_meta xdp_adjust_tail xdp_get_buff_len xdp_load_bytes xdp_store_bytes
    redirect_map skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock
    skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock ktime_get_coarse_ns`,
};

/** Helpers that want an attachment through a trampoline, which iterators do not have. */
const TRAMPOLINE = ['get_func_arg', 'get_func_ret', 'get_func_arg_cnt', 'get_attach_cookie'];

const idsOf = (names: readonly string[]): ReadonlySet<number | undefined> =>
  new Set(names.map((name) => helperId(`bpf_${name}`)));

const IDS: ReadonlyMap<HelperGroup, ReadonlySet<number | undefined>> = new Map(
  (Object.keys(GROUPS) as HelperGroup[]).map((group) => [group, idsOf(GROUPS[group].trim().split(/\s+/))]),
);
const TRAMPOLINE_IDS = idsOf(TRAMPOLINE);

/** May programs of this type call the helper? @param trampoline attached to a function, not an iterator */
export const offersHelper = (type: ProgTypeRule, id: number, trampoline: boolean): boolean =>
  type.helpers.some((group) => IDS.get(group)?.has(id)) &&
  (trampoline || type.name !== 'TRACING' || !TRAMPOLINE_IDS.has(id));
