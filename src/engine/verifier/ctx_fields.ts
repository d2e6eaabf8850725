/**
 * Contexts of program types, as data: plain bytes, or a struct whose fields each have a rule.
 *
 * Source: the is_valid_access functions of kernel/trace/bpf_trace.c, net/core/filter.c and kernel/bpf/cgroup.c,
 * Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';

/** Plain bytes: `size` of them, aligned to the access. */
export interface PlainContext {
  readonly kind: 'plain';
  readonly size: Bytes;
  readonly writable: boolean;
}
/** A struct whose fields have rules of their own; `fields` is looked up by offset. */
export interface FieldContext {
  readonly kind: 'fields';
  readonly size: Bytes;
  readonly fields: readonly CtxField[];
}
/** One 8-byte slot for each parameter of the function that is attached to. */
export interface ArgsContext {
  readonly kind: 'args';
}

/**
 * A range of offsets in a context.
 *
 *     narrow   32-bit field, any part of it may be read      whole   only with its own size
 *     data     packet pointers and sockets, which are not modelled
 */
export interface CtxField {
  readonly from: Bytes;
  readonly to: Bytes;
  readonly kind: 'narrow' | 'any' | 'whole' | 'data';
  readonly size: Bytes;
  readonly writable: boolean;
}

const plain = (size: Bytes, writable = false): PlainContext => ({ kind: 'plain', size, writable });
export const ARGS: ArgsContext = { kind: 'args' };

const PT_REGS_SIZE = 168;
const MAX_TRACE_SIZE = 8192;
const MAX_ARGS = 12;
/** struct pt_regs */
export const REGS = plain(PT_REGS_SIZE);
/** A record of a tracepoint. */
export const TRACE_RECORD = plain(MAX_TRACE_SIZE);
export const RAW_ARGS = plain(8 * MAX_ARGS);
/** What user space hands to BPF_PROG_TEST_RUN. */
export const SYSCALL_ARGS = plain(0xffff, true);

const field = (from: Bytes, to: Bytes, kind: CtxField['kind'], size: Bytes, writable: boolean): CtxField => ({
  from,
  to,
  kind,
  size,
  writable,
});

const CB = field(48, 68, 'any', 4, true);
/** struct __sk_buff as a socket filter sees it. @kernel sk_filter_is_valid_access, net/core/filter.c */
export const FILTER_SKB: FieldContext = {
  kind: 'fields',
  size: 192,
  fields: [
    field(0, 48, 'narrow', 4, false),
    CB,
    field(68, 72, 'narrow', 4, false),
    field(84, 88, 'narrow', 4, false),
    field(164, 168, 'narrow', 4, false),
    field(168, 176, 'data', 8, false),
    field(176, 180, 'narrow', 4, false),
  ],
};
/** struct __sk_buff as a classifier sees it. @kernel tc_cls_act_is_valid_access, net/core/filter.c */
export const TC_SKB: FieldContext = {
  kind: 'fields',
  size: 192,
  fields: [
    field(0, 8, 'narrow', 4, false),
    field(8, 16, 'narrow', 4, true),
    field(16, 32, 'narrow', 4, false),
    field(32, 36, 'narrow', 4, true),
    field(36, 44, 'narrow', 4, false),
    field(44, 48, 'narrow', 4, true),
    CB,
    field(68, 72, 'narrow', 4, false),
    field(72, 76, 'narrow', 4, true),
    field(76, 84, 'data', 4, false),
    field(84, 88, 'narrow', 4, false),
    field(140, 144, 'data', 4, false),
    field(152, 160, 'whole', 8, true),
    field(160, 168, 'narrow', 4, false),
    field(168, 176, 'data', 8, false),
    field(176, 180, 'narrow', 4, false),
    field(180, 181, 'whole', 1, false),
    field(184, 192, 'whole', 8, false),
  ],
};
/** struct xdp_md */
export const XDP: FieldContext = {
  kind: 'fields',
  size: 24,
  fields: [field(0, 12, 'data', 4, false), field(12, 20, 'whole', 4, false)],
};

const read = (from: Bytes, to: Bytes, size: Bytes = 4): CtxField => field(from, to, 'narrow', size, false);
const write = (from: Bytes, to: Bytes, size: Bytes = 4): CtxField => field(from, to, 'narrow', size, true);
const packet = (from: Bytes, to: Bytes, size: Bytes): CtxField => field(from, to, 'data', size, false);
const fields = (size: Bytes, ...rows: readonly CtxField[]): FieldContext => ({
  kind: 'fields',
  size,
  fields: rows,
});

/** struct __sk_buff as a cgroup sees it. @kernel cg_skb_is_valid_access, net/core/filter.c */
export const CGROUP_SKB = fields(
  192,
  read(0, 8),
  write(8, 12),
  read(12, 32),
  write(32, 36),
  read(36, 48),
  CB,
  read(68, 72),
  packet(76, 84, 4),
  read(84, 140),
  write(152, 160, 8),
  read(164, 168),
  packet(168, 176, 8),
  read(176, 180),
  field(184, 192, 'whole', 8, false),
);
/** struct __sk_buff of a light weight tunnel. @kernel lwt_is_valid_access, net/core/filter.c */
export const LWT_SKB = fields(
  192,
  read(0, 8),
  write(8, 12),
  read(12, 32),
  write(32, 36),
  read(36, 48),
  CB,
  read(68, 72),
  packet(76, 84, 4),
  read(84, 88),
  read(164, 168),
  read(176, 180),
);
/** struct bpf_sock @kernel sock_filter_is_valid_access, net/core/filter.c */
export const SOCK = fields(
  80,
  write(0, 4),
  read(4, 16),
  write(16, 24),
  read(24, 48),
  read(48, 50, 2),
  read(52, 80),
);
/** The same of a socket that was looked up. @kernel bpf_sock_is_valid_access, net/core/filter.c */
export const FULL_SOCK = fields(
  80,
  field(0, 4, 'whole', 4, false),
  read(4, 16),
  field(16, 24, 'whole', 4, false),
  read(24, 50),
  read(52, 80),
);
/** struct bpf_sock_addr @kernel sock_addr_is_valid_access, net/core/filter.c */
export const SOCK_ADDR = fields(72, read(0, 4), write(4, 28), read(28, 40), write(40, 60), packet(64, 72, 8));
/** struct bpf_sock_ops @kernel sock_ops_is_valid_access, net/core/filter.c */
export const SOCK_OPS = fields(
  224,
  field(0, 4, 'whole', 4, false),
  field(4, 8, 'whole', 4, true),
  field(8, 164, 'whole', 4, false),
  field(164, 168, 'whole', 4, true),
  field(168, 184, 'whole', 8, false),
  packet(184, 208, 8),
  field(208, 216, 'whole', 4, false),
  field(216, 224, 'whole', 8, false),
);
/** struct bpf_cgroup_dev_ctx @kernel cgroup_dev_is_valid_access, kernel/bpf/cgroup.c */
export const CGROUP_DEVICE = fields(12, read(0, 4), field(4, 12, 'whole', 4, false));
/** struct bpf_sysctl @kernel sysctl_is_valid_access, kernel/bpf/cgroup.c */
export const CGROUP_SYSCTL = fields(8, read(0, 4), write(4, 8));
/** struct bpf_sockopt @kernel cg_sockopt_is_valid_access, kernel/bpf/cgroup.c */
export const CGROUP_SOCKOPT = fields(40, packet(0, 24, 8), field(24, 40, 'whole', 4, true));
/** struct bpf_perf_event_data @kernel pe_prog_is_valid_access, kernel/trace/bpf_trace.c */
export const PERF_EVENT = fields(184, field(0, 168, 'whole', 8, false), read(168, 184, 8));
