/**
 * Program types: what each may read of its context, which helpers and kfuncs it is offered, what it may
 * return. Iterators are the type that runs here; the others can be verified, so that the verifier can be held
 * against the kernel's own tests. What is not in the table is refused.
 *
 * Source: bpf_verifier_ops of kernel/trace/bpf_trace.c, net/core/filter.c, kernel/bpf/syscall.c;
 * check_return_code, kernel/bpf/verifier.c, Linux 6.12.
 */
import { AttachType, ProgType } from '../abi/uapi.ts';
import type { ProgTypeName } from '../abi/uapi.ts';
import * as ctx from './ctx_fields.ts';
import type { ArgsContext, FieldContext, PlainContext } from './ctx_fields.ts';
import { hookRange, isTrustedHook } from './lsm_hooks.ts';
import type { RetvalRange } from './state.ts';

/** Groups of helpers, see helper_offer.ts. */
export type HelperGroup =
  | 'base'
  | 'tracing'
  | 'events'
  | 'cookie'
  | 'tracing_btf'
  | 'lsm'
  | 'cgroup'
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

const rule = (
  name: ProgTypeName,
  context: ProgTypeRule['ctx'],
  helpers: readonly HelperGroup[],
  kfuncs: KfuncHook,
  more: Partial<ProgTypeRule> = {},
): ProgTypeRule => ({ name, ctx: context, helpers, kfuncs, anywhere: false, loadsPacket: false, ...more });

const ANYWHERE = { anywhere: true };
const PACKET = { loadsPacket: true };
const TRACE: readonly HelperGroup[] = ['base', 'tracing', 'events'];

const NET: readonly HelperGroup[] = ['base', 'net'];
const CGROUP: readonly HelperGroup[] = [...NET, 'cgroup'];

const ROWS: readonly ProgTypeRule[] = [
  rule('SOCKET_FILTER', ctx.FILTER_SKB, NET, 'none', PACKET),
  rule('KPROBE', ctx.REGS, [...TRACE, 'cookie'], 'kprobe', ANYWHERE),
  rule('SCHED_CLS', ctx.TC_SKB, NET, 'tc', PACKET),
  rule('SCHED_ACT', ctx.TC_SKB, NET, 'none', PACKET),
  rule('TRACEPOINT', ctx.TRACE_RECORD, [...TRACE, 'cookie'], 'tracing', ANYWHERE),
  rule('XDP', ctx.XDP, NET, 'xdp'),
  rule('PERF_EVENT', ctx.PERF_EVENT, [...TRACE, 'cookie'], 'tracing', ANYWHERE),
  rule('CGROUP_SKB', ctx.CGROUP_SKB, CGROUP, 'cgroup', PACKET),
  rule('CGROUP_SOCK', ctx.SOCK, CGROUP, 'cgroup'),
  rule('LWT_IN', ctx.LWT_SKB, NET, 'none'),
  rule('LWT_OUT', ctx.LWT_SKB, NET, 'none'),
  rule('LWT_XMIT', ctx.LWT_SKB, NET, 'none'),
  rule('SOCK_OPS', ctx.SOCK_OPS, CGROUP, 'none'),
  rule('CGROUP_DEVICE', ctx.CGROUP_DEVICE, ['base', 'cgroup'], 'cgroup'),
  rule('RAW_TRACEPOINT', ctx.RAW_ARGS, [...TRACE, 'cookie'], 'none', ANYWHERE),
  rule('CGROUP_SOCK_ADDR', ctx.SOCK_ADDR, CGROUP, 'cgroup'),
  rule('CGROUP_SYSCTL', ctx.CGROUP_SYSCTL, ['base', 'cgroup'], 'cgroup'),
  rule('CGROUP_SOCKOPT', ctx.CGROUP_SOCKOPT, CGROUP, 'cgroup'),
  rule('TRACING', ctx.ARGS, [...TRACE, 'tracing_btf'], 'tracing'),
  rule('LSM', ctx.ARGS, ['base', 'tracing', 'lsm'], 'tracing'),
  rule('SYSCALL', ctx.SYSCALL_ARGS, ['base', 'tracing', 'syscall'], 'syscall'),
];
const BY_NUMBER: ReadonlyMap<number, ProgTypeRule> = new Map(ROWS.map((row) => [ProgType[row.name], row]));

/** Rules of BPF_PROG_TYPE_*, or null: programs of this type are not known here. */
export const progTypeRule = (type: number): ProgTypeRule | null => BY_NUMBER.get(type) ?? null;

const NO_RANGE: ReadonlySet<number> = new Set([AttachType.TRACE_RAW_TP, AttachType.MODIFY_RETURN]);

const YES_OR_NO: RetvalRange = { min: 0, max: 1 };
/** Answers of programs on cgroups; the types without a row return what they like. */
const ANSWERS: ReadonlyMap<ProgTypeName, RetvalRange> = new Map(
  (
    [
      'CGROUP_SKB',
      'CGROUP_SOCK',
      'CGROUP_SOCK_ADDR',
      'SOCK_OPS',
      'CGROUP_DEVICE',
      'CGROUP_SYSCTL',
      'CGROUP_SOCKOPT',
    ] as const
  ).map((name) => [name, YES_OR_NO]),
);
const EGRESS: RetvalRange = { min: 0, max: 3 };
/** By attach type: egress may also say what becomes of a packet, bind may allow a port, and after the fact there is nothing to refuse. */
const ANSWERS_AT: ReadonlyMap<number, RetvalRange> = new Map([
  [AttachType.CGROUP_INET_EGRESS, EGRESS],
  ...[8, 9].map((at) => [at, EGRESS] as const),
  ...[19, 20, 29, 30, 31, 32, 51, 52, 53].map((at) => [at, { min: 1, max: 1 }] as const),
]);
const ASKS_ATTACH_TYPE: ReadonlySet<ProgTypeName> = new Set(['CGROUP_SKB', 'CGROUP_SOCK_ADDR']);

/**
 * What R0 may be at the end of the program.
 *
 * @param attachName what the program is attached to
 * @returns null: anything
 * @kernel check_return_code, kernel/bpf/verifier.c
 * @fidelity partial: the types of the table; an LSM program of a cgroup returns what it likes
 */
export function returnRange(type: ProgTypeName, attachType: number, attachName: string): RetvalRange | null {
  if (type === 'LSM' && attachType === AttachType.LSM_MAC) return hookRange(attachName);
  const answer = ANSWERS.get(type);
  if (answer) return (ASKS_ATTACH_TYPE.has(type) ? ANSWERS_AT.get(attachType) : null) ?? answer;
  if (type !== 'TRACING' || NO_RANGE.has(attachType)) return null;
  return { min: 0, max: attachType === AttachType.TRACE_ITER ? 1 : 0 };
}

/** Are pointers in the context arguments trusted? @kernel prog_args_trusted, kernel/bpf/btf.c @fidelity full: rules.test.ts */
export const argsTrusted = (type: ProgTypeName, attachType: number, attachName: string): boolean =>
  (type === 'LSM' && isTrustedHook(attachName)) ||
  (type === 'TRACING' && (attachType === AttachType.TRACE_RAW_TP || attachType === AttachType.TRACE_ITER));
