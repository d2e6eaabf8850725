/**
 * Program types beside iterators, as BPF_PROG_LOAD sees them: which attach types go with which, and who may name
 * a function of the kernel's BTF. They can be loaded and looked at; only iterators can be attached and run here.
 *
 * Source: bpf_prog_load_fixup_attach_type, bpf_prog_load_check_attach, kernel/bpf/syscall.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { TypeId } from '../../shared/brand.ts';
import { AttachType, PROG_TYPE_NAMES, ProgType } from '../abi/uapi.ts';

/** Attach types that a program of this type may expect. A type without a row may expect any. */
const EXPECTED: ReadonlyMap<number, readonly number[]> = new Map([
  [
    ProgType.CGROUP_SOCK,
    [
      AttachType.CGROUP_INET_SOCK_CREATE,
      AttachType.CGROUP_INET_SOCK_RELEASE,
      AttachType.CGROUP_INET4_POST_BIND,
      AttachType.CGROUP_INET6_POST_BIND,
    ],
  ],
  // bind, connect, sendmsg, recvmsg, getpeername, getsockname: of IPv4, of IPv6, then of UNIX
  [ProgType.CGROUP_SOCK_ADDR, [8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53]],
  [ProgType.CGROUP_SKB, [AttachType.CGROUP_INET_INGRESS, AttachType.CGROUP_INET_EGRESS]],
  [ProgType.CGROUP_SOCKOPT, [AttachType.CGROUP_GETSOCKOPT, AttachType.CGROUP_SETSOCKOPT]],
  [ProgType.SK_LOOKUP, [AttachType.SK_LOOKUP]],
  [ProgType.SK_REUSEPORT, [AttachType.SK_REUSEPORT_SELECT, AttachType.SK_REUSEPORT_SELECT_OR_MIGRATE]],
  [ProgType.NETFILTER, [AttachType.NETFILTER]],
  [ProgType.SYSCALL, [0]],
  [ProgType.EXT, [0]],
]);

/** What a 0 stands for, as of old. */
const DEFAULTS: ReadonlyMap<number, number> = new Map([
  [ProgType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE],
  [ProgType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT],
]);

/** @kernel bpf_prog_load_fixup_attach_type, kernel/bpf/syscall.c @fidelity full: prog_load.test.ts */
export const fixupAttachType = (type: number, expected: number): number =>
  expected === 0 ? (DEFAULTS.get(type) ?? 0) : expected;

const WITH_BTF_ID: ReadonlySet<number> = new Set([
  ProgType.TRACING,
  ProgType.LSM,
  ProgType.STRUCT_OPS,
  ProgType.EXT,
]);

/**
 * @param expected after fixupAttachType
 * @returns 0, or -EINVAL for a type there is none of, an attach type or a BTF id that does not go with it
 * @kernel bpf_prog_load_check_attach, find_prog_type, kernel/bpf/syscall.c
 * @fidelity partial: programs as attach targets are not known
 */
export function checkProgType(type: number, expected: number, btfId: TypeId): NegErrno {
  if (type === 0 || type >= PROG_TYPE_NAMES.length) return fail('EINVAL');
  if (btfId !== 0 && !WITH_BTF_ID.has(type)) return fail('EINVAL');
  return EXPECTED.get(type)?.includes(expected) === false ? fail('EINVAL') : 0;
}

/** Iterators are what this kernel attaches and runs. */
export const isIterator = (type: number, attachType: number): boolean =>
  type === ProgType.TRACING && attachType === AttachType.TRACE_ITER;
