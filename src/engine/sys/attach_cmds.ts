/**
 * The commands of bpf(2) that attach programs to what is no link, and a few that only say no. Iterators go through
 * links; programs of other types can be loaded but not attached here, so past the kernel's own checks these answer
 * -EOPNOTSUPP.
 *
 * Source: kernel/bpf/syscall.c, kernel/bpf/token.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { AttachType, ProgType } from '../abi/uapi.ts';
import type { ProgTypeName } from '../abi/uapi.ts';
import { pathText } from '../vfs/path.ts';
import { isIterator } from './prog_types.ts';
import type { Sys } from './sys.ts';

export interface AttachAttr {
  readonly progFd: number;
  readonly targetFd: number;
  readonly attachType: number;
  readonly flags?: number;
}

/** Types of program by the attach types they go with. @kernel attach_type_to_prog_type, kernel/bpf/syscall.c */
const PROG_TYPES: readonly (readonly [ProgTypeName, ...number[]])[] = [
  ['CGROUP_SKB', 0, 1],
  ['CGROUP_SOCK', 2, 12, 13, 34],
  ['CGROUP_SOCK_ADDR', 8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53],
  ['SOCK_OPS', 3],
  ['CGROUP_DEVICE', 6],
  ['SK_MSG', 7],
  ['SK_SKB', 4, 5, 38],
  ['LIRC_MODE2', 16],
  ['FLOW_DISSECTOR', 17],
  ['CGROUP_SYSCTL', 18],
  ['CGROUP_SOCKOPT', 21, 22],
  ['TRACING', AttachType.TRACE_ITER, 23, 24, 25, 26],
  ['LSM', 27, 43],
  ['SK_LOOKUP', 36],
  ['XDP', 37],
  ['SCHED_CLS', 46, 47, 54, 55],
];
const progTypeFor = (attachType: number): number | null => {
  const row = PROG_TYPES.find(([, ...types]) => types.includes(attachType));
  return row ? ProgType[row[0]] : null;
};
/** Of these there is no such attachment: they have links, or another command. */
const BY_LINK: ReadonlySet<number> = new Set([
  ProgType.TRACING,
  ProgType.LSM,
  ProgType.SK_LOOKUP,
  ProgType.XDP,
]);

/** BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI, BPF_F_REPLACE, and of lists with places BPF_F_BEFORE, BPF_F_AFTER. */
const BASE_FLAGS = 0x7;
const LIST_FLAGS = BASE_FLAGS | 0x18;

/**
 * @returns -EINVAL for an attach type that is none or is attached otherwise, for flags and for a program of another
 *   type; -EBADF; -EOPNOTSUPP for what Linux would attach
 * @kernel bpf_prog_attach, kernel/bpf/syscall.c
 * @fidelity partial: nothing can be attached
 */
export function progAttach(sys: Sys, { progFd, attachType, flags = 0 }: AttachAttr): NegErrno {
  const type = progTypeFor(attachType);
  if (type === null) return fail('EINVAL');
  if ((flags & ~(type === ProgType.SCHED_CLS ? LIST_FLAGS : BASE_FLAGS)) !== 0) return fail('EINVAL');
  const prog = sys.fds.get('prog', progFd);
  if (typeof prog === 'number') return prog;
  if (prog.spec.type !== type || BY_LINK.has(type)) return fail('EINVAL');
  return fail('EOPNOTSUPP');
}

/** @kernel bpf_prog_detach, kernel/bpf/syscall.c @fidelity partial: nothing can be attached, so nothing is found */
export function progDetach(sys: Sys, { attachType, targetFd }: AttachAttr): NegErrno {
  const type = progTypeFor(attachType);
  if (type === null || BY_LINK.has(type)) return fail('EINVAL');
  return sys.fds.file(targetFd) ? fail('ENOENT') : fail('EBADF');
}

/** @kernel bpf_prog_query, kernel/bpf/syscall.c @fidelity partial: nothing can be attached, so nothing is listed */
export function progQuery(sys: Sys, targetFd: number, attachType: number): NegErrno {
  const type = progTypeFor(attachType);
  const listed = type !== null && (!BY_LINK.has(type) || type === ProgType.SK_LOOKUP);
  if (!listed) return fail('EINVAL');
  return sys.fds.file(targetFd) ? fail('EOPNOTSUPP') : fail('EBADF');
}

/**
 * @param name of the tracepoint, '' for none
 * @kernel bpf_raw_tracepoint_open, kernel/bpf/syscall.c
 * @fidelity partial: tracepoints never fire, so none can be opened
 */
export function rawTracepointOpen(sys: Sys, progFd: number, name: string): NegErrno {
  const prog = sys.fds.get('prog', progFd);
  if (typeof prog === 'number') return prog;
  const { type, expectedAttachType } = prog.spec;
  if (type === ProgType.RAW_TRACEPOINT || type === ProgType.RAW_TRACEPOINT_WRITABLE)
    return fail('EOPNOTSUPP');
  const byBtf = type === ProgType.TRACING || type === ProgType.LSM || type === ProgType.EXT;
  if (!byBtf || name !== '' || isIterator(type, expectedAttachType)) return fail('EINVAL');
  return fail('EOPNOTSUPP');
}

/** The program holds the map from now on, as if it used it. @kernel bpf_prog_bind_map, kernel/bpf/syscall.c @fidelity full: prog_stats.test.ts */
export function progBindMap(sys: Sys, progFd: number, mapFd: number, flags: number): NegErrno {
  if (flags !== 0) return fail('EINVAL');
  const prog = sys.fds.get('prog', progFd);
  if (typeof prog === 'number') return prog;
  const map = sys.fds.get('map', mapFd);
  if (typeof map === 'number') return map;
  if (prog.maps.includes(map)) return 0;
  prog.bindMap(map);
  sys.objects.getMap(map);
  return 0;
}

/**
 * @returns -EINVAL for flags or what is not the root of bpffs, -EBADF; else -EOPNOTSUPP, as in the initial user
 *   namespace
 * @kernel bpf_token_create, kernel/bpf/token.c
 * @fidelity partial: bpffs is mounted in the initial user namespace only
 */
export function tokenCreate(sys: Sys, bpffsFd: number, flags: number): NegErrno {
  if (flags !== 0) return fail('EINVAL');
  const file = sys.fds.file(bpffsFd);
  if (!file) return fail('EBADF');
  const isRoot = pathText(sys.kernel, file.sub('f_path')) === '/sys/fs/bpf';
  return isRoot ? fail('EOPNOTSUPP') : fail('EINVAL');
}
