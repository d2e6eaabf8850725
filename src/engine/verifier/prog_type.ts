/**
 * Program types: what each may read of its context, which helpers and kfuncs it is offered, what it may
 * return. Iterators are the type that runs here; the others can be verified, so that the verifier can be held
 * against the kernel's own tests. What is not in the table is refused.
 *
 * Source: bpf_verifier_ops of kernel/trace/bpf_trace.c, net/core/filter.c, kernel/bpf/syscall.c;
 * check_return_code, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import { AttachType, ProgType } from '../abi/uapi.ts';
import type { ProgTypeName } from '../abi/uapi.ts';
import type { RetvalRange } from './state.ts';

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

/** Groups of helpers, see helper_offer.ts. */
export type HelperGroup =
  | 'base'
  | 'tracing'
  | 'events'
  | 'cookie'
  | 'tracing_btf'
  | 'lsm'
  | 'syscall'
  | 'net';
/** Where kfuncs are registered; every type has `common`. @kernel bpf_prog_type_to_kfunc_hook, kernel/bpf/btf.c */
export type KfuncHook = 'common' | 'tracing' | 'tc' | 'xdp' | 'syscall' | 'cgroup' | 'kprobe' | 'none';

export interface ProgTypeRule {
  readonly name: ProgTypeName;
  readonly ctx: PlainContext | FieldContext | ArgsContext;
  readonly helpers: readonly HelperGroup[];
  readonly kfuncs: KfuncHook;
  /** Fires in any context, perhaps in an NMI: no locks, timers or collections in its maps. */
  readonly anywhere: boolean;
  /** BPF_LD_[ABS|IND] */
  readonly loadsPacket: boolean;
}

const PT_REGS_SIZE = 168;
const MAX_TRACE_SIZE = 8192;
const MAX_ARGS = 12;

const plain = (size: Bytes, writable = false): PlainContext => ({ kind: 'plain', size, writable });
const ARGS: ArgsContext = { kind: 'args' };

const field = (from: Bytes, to: Bytes, kind: CtxField['kind'], size: Bytes, writable: boolean): CtxField => ({
  from,
  to,
  kind,
  size,
  writable,
});

const CB = field(48, 68, 'any', 4, true);
/** struct __sk_buff as a socket filter sees it. @kernel sk_filter_is_valid_access, net/core/filter.c */
const FILTER_SKB: FieldContext = {
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
const TC_SKB: FieldContext = {
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
const XDP: FieldContext = {
  kind: 'fields',
  size: 24,
  fields: [field(0, 12, 'data', 4, false), field(12, 20, 'whole', 4, false)],
};

const rule = (
  name: ProgTypeName,
  ctx: ProgTypeRule['ctx'],
  helpers: readonly HelperGroup[],
  kfuncs: KfuncHook,
  more: Partial<ProgTypeRule> = {},
): ProgTypeRule => ({ name, ctx, helpers, kfuncs, anywhere: false, loadsPacket: false, ...more });

const ANYWHERE = { anywhere: true };
const PACKET = { loadsPacket: true };
const TRACE: readonly HelperGroup[] = ['base', 'tracing', 'events'];

const ROWS: readonly ProgTypeRule[] = [
  rule('SOCKET_FILTER', FILTER_SKB, ['base', 'net'], 'none', PACKET),
  rule('KPROBE', plain(PT_REGS_SIZE), [...TRACE, 'cookie'], 'kprobe', ANYWHERE),
  rule('SCHED_CLS', TC_SKB, ['base', 'net'], 'tc', PACKET),
  rule('SCHED_ACT', TC_SKB, ['base', 'net'], 'none', PACKET),
  rule('TRACEPOINT', plain(MAX_TRACE_SIZE), [...TRACE, 'cookie'], 'tracing', ANYWHERE),
  rule('XDP', XDP, ['base', 'net'], 'xdp'),
  rule('RAW_TRACEPOINT', plain(8 * MAX_ARGS), [...TRACE, 'cookie'], 'none', ANYWHERE),
  rule('TRACING', ARGS, [...TRACE, 'tracing_btf'], 'tracing'),
  rule('LSM', ARGS, ['base', 'tracing', 'lsm'], 'tracing'),
  rule('SYSCALL', plain(0xffff, true), ['base', 'tracing', 'syscall'], 'syscall'),
];
const BY_NUMBER: ReadonlyMap<number, ProgTypeRule> = new Map(ROWS.map((row) => [ProgType[row.name], row]));

/** Rules of BPF_PROG_TYPE_*, or null: programs of this type are not known here. */
export const progTypeRule = (type: number): ProgTypeRule | null => BY_NUMBER.get(type) ?? null;

const NO_RANGE: ReadonlySet<number> = new Set([AttachType.TRACE_RAW_TP, AttachType.MODIFY_RETURN]);

/**
 * What R0 may be at the end of the program.
 *
 * @returns null: anything
 * @kernel check_return_code, kernel/bpf/verifier.c
 * @fidelity partial: the types of the table; LSM hooks return what they like
 */
export function returnRange(type: ProgTypeName, attachType: number): RetvalRange | null {
  if (type !== 'TRACING' || NO_RANGE.has(attachType)) return null;
  return { min: 0, max: attachType === AttachType.TRACE_ITER ? 1 : 0 };
}

/** Are pointers in the context arguments trusted? @kernel prog_args_trusted, kernel/bpf/btf.c @fidelity full */
export const argsTrusted = (type: ProgTypeName, attachType: number): boolean =>
  type === 'LSM' ||
  (type === 'TRACING' && (attachType === AttachType.TRACE_RAW_TP || attachType === AttachType.TRACE_ITER));
