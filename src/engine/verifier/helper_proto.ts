/**
 * Prototypes of helpers. One that is offered (helper_offer.ts) and has no row is refused, and the log says so.
 *
 * One row: name, result, arguments, rules. Arguments:
 *
 *     any           a scalar or any pointer            map        a map
 *     key           memory of key_size                 value      memory of value_size; `uvalue` is written
 *     mem           memory read, `wmem` written whole, its length is the next argument
 *     size size0    length in bytes, size0 may be 0    alloc      length, a known constant
 *     btf:S         pointer to struct S                sock       pointer to sock_common or what begins with it
 *     func          callback                           stack      pointer into the stack
 *     str           constant string                    long       8 bytes written, aligned
 *     lock          struct bpf_spin_lock               percpu     pointer to a per-CPU variable
 *     ringbuf       record to give back                dynptr     initialised; `newdyn`, `ringdyn`: see dynptr.ts
 *     ctx           the program's context              timer      struct bpf_timer
 *     kptr          kernel pointer field, `kptrnew` is exchanged for it
 *
 * A `?` after an argument allows NULL. Results: int, void, value? (map value or NULL), mem? (alloc bytes or
 * NULL), dynmem? (alloc bytes of the dynptr or NULL), percpu and percpu? (the variable), kptr? (what the field
 * held), btf:S and btf:S? (pointer to struct S), trusted:S.
 *
 * Source: the bpf_func_proto definitions of kernel/bpf and kernel/trace/bpf_trace.c, Linux 6.12.
 */
import { helperId } from '../abi/helper_id.ts';

export interface HelperArg {
  readonly kind: string;
  readonly nullable: boolean;
  /** btf: name of the struct. */
  readonly struct: string;
}
export interface HelperProto {
  readonly name: string;
  readonly result: HelperArg;
  readonly args: readonly HelperArg[];
  readonly gplOnly: boolean;
  readonly mightSleep: boolean;
  /** Only for targets that name it. */
  readonly targetOnly: boolean;
}

/** gpl: only for GPL-compatible programs; sleep: might sleep; target: only where the target offers it. */
type HelperRule = 'gpl' | 'sleep' | 'target';
type Row = readonly [name: string, result: string, args: string, rules?: string];

const PROBE_READ = 'wmem size0 any';

const ROWS: readonly Row[] = [
  ['tail_call', 'void', 'ctx map any'],
  ['perf_event_output', 'int', 'ctx map any mem size0', 'gpl'],
  ['perf_event_read', 'int', 'map any', 'gpl'],
  ['perf_event_read_value', 'int', 'map any wmem size', 'gpl'],
  ['get_stackid', 'int', 'ctx map any', 'gpl'],
  ['get_stack', 'int', 'ctx rwmem size0 any', 'gpl'],
  ['get_branch_snapshot', 'int', 'wmem size0', 'gpl'],
  ['probe_write_user', 'int', 'any mem size', 'gpl'],
  ['current_task_under_cgroup', 'int', 'map any'],
  ['get_func_ip', 'int', 'ctx', 'gpl'],
  ['get_attach_cookie', 'int', 'ctx'],
  ['get_func_arg', 'int', 'ctx any long'],
  ['get_func_ret', 'int', 'ctx long'],
  ['get_func_arg_cnt', 'int', 'ctx'],
  ['skb_output', 'int', 'btf:sk_buff map any mem size0', 'gpl'],
  ['xdp_output', 'int', 'btf:xdp_buff map any mem size0', 'gpl'],
  ['xdp_get_buff_len', 'int', 'btf:xdp_buff'],
  ['timer_init', 'int', 'timer map any', 'gpl'],
  ['timer_set_callback', 'int', 'timer func', 'gpl'],
  ['timer_start', 'int', 'timer any any', 'gpl'],
  ['timer_cancel', 'int', 'timer', 'gpl'],
  ['kptr_xchg', 'kptr?', 'kptr kptrnew?'],
  ['dynptr_data', 'dynmem?', 'dynptr any alloc'],
  ['user_ringbuf_drain', 'int', 'map func stack? any'],
  ['sys_bpf', 'int', 'any mem size'],
  ['btf_find_by_name_kind', 'int', 'mem size any any'],
  ['sys_close', 'int', 'any'],
  ['inode_storage_get', 'value?', 'map btf:inode? value? any'],
  ['inode_storage_delete', 'int', 'map btf:inode?'],
  ['seq_printf', 'int', 'btf:seq_file mem size mem? size0', 'gpl'],
  ['seq_write', 'int', 'btf:seq_file mem size0', 'gpl'],
  ['seq_printf_btf', 'int', 'btf:seq_file mem size0 any', 'gpl'],
  ['snprintf', 'int', 'rwmem? size0 str mem? size0', 'gpl'],
  ['snprintf_btf', 'int', 'rwmem size mem size any'],
  ['kallsyms_lookup_name', 'int', 'mem size0 any long'],
  ['btf_find_by_name_kind', 'int', 'mem size any any'],
  ['sys_close', 'int', 'any'],
  ['strncmp', 'int', 'mem size str'],
  ['strtol', 'int', 'mem size any long'],
  ['strtoul', 'int', 'mem size any long'],
  ['trace_printk', 'int', 'mem size', 'gpl'],
  ['trace_vprintk', 'int', 'mem size mem? size0', 'gpl'],
  ['probe_read', 'int', PROBE_READ, 'gpl'],
  ['probe_read_str', 'int', PROBE_READ, 'gpl'],
  ['probe_read_user', 'int', PROBE_READ, 'gpl'],
  ['probe_read_user_str', 'int', PROBE_READ, 'gpl'],
  ['probe_read_kernel', 'int', PROBE_READ, 'gpl'],
  ['probe_read_kernel_str', 'int', PROBE_READ, 'gpl'],
  ['copy_from_user', 'int', PROBE_READ, 'sleep'],
  ['copy_from_user_task', 'int', 'wmem size0 any btf:task_struct any', 'gpl sleep'],
  ['d_path', 'int', 'btf:path rwmem size0'],
  ['map_lookup_elem', 'value?', 'map key'],
  ['map_lookup_percpu_elem', 'value?', 'map key any'],
  ['map_update_elem', 'int', 'map key value any'],
  ['map_delete_elem', 'int', 'map key'],
  ['map_push_elem', 'int', 'map value any'],
  ['map_pop_elem', 'int', 'map uvalue'],
  ['map_peek_elem', 'int', 'map uvalue'],
  ['for_each_map_elem', 'int', 'map func stack? any'],
  ['loop', 'int', 'any func stack? any'],
  ['find_vma', 'int', 'btf:task_struct any func stack? any'],
  ['spin_lock', 'void', 'lock'],
  ['spin_unlock', 'void', 'lock'],
  ['ringbuf_output', 'int', 'map mem size0 any'],
  ['ringbuf_reserve', 'mem?', 'map alloc any'],
  ['ringbuf_submit', 'void', 'ringbuf any'],
  ['ringbuf_discard', 'void', 'ringbuf any'],
  ['ringbuf_query', 'int', 'map any'],
  ['ringbuf_reserve_dynptr', 'int', 'map any any ringnew'],
  ['ringbuf_submit_dynptr', 'void', 'ringdyn any'],
  ['ringbuf_discard_dynptr', 'void', 'ringdyn any'],
  ['dynptr_from_mem', 'int', 'dynmem size0 any newdyn'],
  ['dynptr_read', 'int', 'wmem size0 dynptr any any'],
  ['dynptr_write', 'int', 'dynptr any mem size0 any'],
  ['ktime_get_ns', 'int', ''],
  ['ktime_get_boot_ns', 'int', ''],
  ['ktime_get_coarse_ns', 'int', ''],
  ['ktime_get_tai_ns', 'int', ''],
  ['jiffies64', 'int', ''],
  ['get_prandom_u32', 'int', ''],
  ['get_smp_processor_id', 'int', ''],
  ['get_numa_node_id', 'int', ''],
  ['get_current_pid_tgid', 'int', ''],
  ['get_ns_current_pid_tgid', 'int', 'any any wmem size'],
  ['get_current_uid_gid', 'int', ''],
  ['get_current_comm', 'int', 'wmem size'],
  ['get_current_task', 'int', '', 'gpl'],
  ['get_current_task_btf', 'trusted:task_struct', '', 'gpl'],
  ['get_current_cgroup_id', 'int', ''],
  ['get_current_ancestor_cgroup_id', 'int', 'any'],
  ['task_pt_regs', 'btf:pt_regs', 'btf:task_struct', 'gpl'],
  ['get_task_stack', 'int', 'btf:task_struct wmem size0 any'],
  ['per_cpu_ptr', 'percpu?', 'percpu any'],
  ['this_cpu_ptr', 'percpu', 'percpu'],
  ['send_signal', 'int', 'any'],
  ['send_signal_thread', 'int', 'any'],
  ['skc_to_tcp6_sock', 'btf:tcp6_sock?', 'sock'],
  ['skc_to_tcp_sock', 'btf:tcp_sock?', 'sock'],
  ['skc_to_tcp_timewait_sock', 'btf:tcp_timewait_sock?', 'sock'],
  ['skc_to_tcp_request_sock', 'btf:tcp_request_sock?', 'sock'],
  ['skc_to_udp6_sock', 'btf:udp6_sock?', 'sock'],
  ['skc_to_unix_sock', 'btf:unix_sock?', 'sock'],
  ['skc_to_mptcp_sock', 'btf:mptcp_sock?', 'sock'],
  ['sock_from_file', 'btf:socket?', 'btf:file'],
  ['get_socket_cookie', 'int', 'sock?'],
  ['task_storage_get', 'value?', 'map btf:task_struct? value? any'],
  ['task_storage_delete', 'int', 'map btf:task_struct?'],
  ['cgrp_storage_get', 'value?', 'map btf:cgroup? value? any'],
  ['cgrp_storage_delete', 'int', 'map btf:cgroup?'],
  ['sk_storage_get', 'value?', 'map btf:sock_common? value? any'],
  ['sk_storage_delete', 'int', 'map btf:sock_common?'],
  ['setsockopt', 'int', 'sock any any mem size', 'target'],
  ['getsockopt', 'int', 'sock any any wmem size', 'target'],
];

function parseArg(text: string): HelperArg {
  const nullable = text.endsWith('?');
  const [kind = '', struct = ''] = text.replace(/\?$/, '').split(':');
  return { kind, nullable, struct };
}

const TABLE: ReadonlyMap<number, HelperProto> = new Map(
  ROWS.map(([name, result, args, rules = '']) => {
    const has = (rule: HelperRule): boolean => rules.split(' ').includes(rule);
    const proto: HelperProto = {
      name: `bpf_${name}`,
      result: parseArg(result),
      args: args
        .split(' ')
        .filter((arg) => arg !== '')
        .map(parseArg),
      gplOnly: has('gpl'),
      mightSleep: has('sleep'),
      targetOnly: has('target'),
    };
    return [helperId(proto.name) ?? 0, proto];
  }),
);

/** The prototype of a helper, or null: iterator programs cannot call it, or we do not know it. */
export const helperProto = (id: number): HelperProto | null => TABLE.get(id) ?? null;
