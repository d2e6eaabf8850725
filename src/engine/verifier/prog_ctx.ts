/**
 * Context arguments of global subprograms: how each program type names its context in C, and which pointers
 * `__arg_ctx` may stand on.
 *
 * Source: btf_is_prog_ctx_type, btf_validate_prog_ctx_type, kernel/bpf/btf.c, Linux 6.12.
 */
import type { TypeId } from '../../shared/brand.ts';
import { AttachType } from '../abi/uapi.ts';
import type { ProgTypeName } from '../abi/uapi.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Env } from './env.ts';

/** Behind it is struct pt_regs. */
const REGS_TYPEDEF = 'bpf_user_pt_regs_t';

/** Struct that a pointer to the context points to, where the type has one. */
const CTX_STRUCT: Readonly<Partial<Record<ProgTypeName, string>>> = {
  SOCKET_FILTER: '__sk_buff',
  SCHED_CLS: '__sk_buff',
  SCHED_ACT: '__sk_buff',
  XDP: 'xdp_md',
  KPROBE: REGS_TYPEDEF,
  PERF_EVENT: 'bpf_perf_event_data',
  RAW_TRACEPOINT: 'bpf_raw_tracepoint_args',
  CGROUP_SKB: '__sk_buff',
  CGROUP_SOCK: 'bpf_sock',
  CGROUP_SOCK_ADDR: 'bpf_sock_addr',
  CGROUP_DEVICE: 'bpf_cgroup_dev_ctx',
  CGROUP_SYSCTL: 'bpf_sysctl',
  CGROUP_SOCKOPT: 'bpf_sockopt',
  SOCK_OPS: 'bpf_sock_ops',
  LWT_IN: '__sk_buff',
  LWT_OUT: '__sk_buff',
  LWT_XMIT: '__sk_buff',
};
const ANYTHING_GOES: ReadonlySet<ProgTypeName> = new Set(['TRACEPOINT', 'SYSCALL', 'EXT']);
const TAKES_U64: ReadonlySet<number> = new Set([
  AttachType.TRACE_RAW_TP,
  AttachType.TRACE_FENTRY,
  AttachType.TRACE_FEXIT,
  AttachType.MODIFY_RETURN,
]);

/** Name of the last typedef before the type itself, else ''. */
function typedefName(btf: Btf, id: TypeId): string {
  let type = btf.type(id);
  while (type.kind === Kind.CONST || type.kind === Kind.VOLATILE || type.kind === Kind.TYPE_TAG)
    type = btf.type(type.type);
  return type.kind === Kind.TYPEDEF ? type.name : '';
}

/** A pointer to this is the context even without a tag. @param pointee what is pointed to @kernel btf_is_prog_ctx_type @fidelity partial: no test runs it */
export function isContextType(env: Env, btf: Btf, pointee: TypeId): boolean {
  if (env.progName === 'KPROBE' && typedefName(btf, pointee) === REGS_TYPEDEF) return true;
  const id = resolve(btf, pointee);
  const name = CTX_STRUCT[env.progName];
  if (btf.kind(id) !== Kind.STRUCT || name === undefined) return false;
  const own = btf.nameOf(id);
  // the kernel's struct behind the one that programs see
  return (
    own === name ||
    (name === REGS_TYPEDEF && own === 'pt_regs') ||
    (name === '__sk_buff' && own === 'sk_buff') ||
    (name === 'xdp_md' && own === 'xdp_buff')
  );
}

function tracingOk(env: Env, name: string, isStruct: boolean, isU64: boolean): boolean {
  const { progName, attachType } = env;
  if (progName === 'LSM') return isU64;
  if (attachType === AttachType.TRACE_ITER) return isStruct && name.startsWith('bpf_iter__');
  if (TAKES_U64.has(attachType) && isU64) return true;
  return attachType === AttachType.TRACE_RAW_TP && isStruct && name === 'bpf_raw_tracepoint_args';
}

/**
 * Refuses `__arg_ctx` on a pointer to something else than the context.
 *
 * @param pointee what is pointed to
 * @kernel btf_validate_prog_ctx_type, kernel/bpf/btf.c
 * @fidelity partial: no test runs it
 */
export function checkContextTag(env: Env, btf: Btf, pointee: TypeId, index: number): void {
  const { progName } = env;
  const regs = progName === 'KPROBE' || progName === 'PERF_EVENT';
  if (regs && typedefName(btf, pointee) === REGS_TYPEDEF) return;
  const id = resolve(btf, pointee);
  const type = btf.type(id);
  if (type.kind === Kind.VOID) return;
  const name = btf.nameOf(id);
  if (name === '') env.reject('EINVAL', `arg#${index} type doesn't have a name`);
  const isStruct = type.kind === Kind.STRUCT;
  const isU64 = type.kind === Kind.INT && type.size === 8;
  if (regs && isStruct && name === 'pt_regs') return;
  if (progName === 'RAW_TRACEPOINT' && isU64) return;
  if ((progName === 'TRACING' || progName === 'LSM') && tracingOk(env, name, isStruct, isU64)) return;
  if (ANYTHING_GOES.has(progName)) return;
  const want = CTX_STRUCT[progName];
  if (want === undefined) return env.reject('EINVAL', `arg#${index} should be void pointer`);
  if (!isStruct || name !== want) env.reject('EINVAL', `arg#${index} should be \`struct ${want} *\``);
}
