/**
 * What the name of a section says a program attaches to: `iter/task`, `iter/module:target`, `fentry/vmlinux:fn`.
 *
 * Without a module every types are looked through, the kernel's first. A module may be named by its beginning.
 *
 * Source: find_kernel_btf_id, tools/lib/bpf/libbpf.c, 1.5.
 */
import type { TypeId } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { BPF_TRACE_ITER } from '../abi/section.ts';

/** Where the kernel keeps what a program attaches to: a prefix of its name, and its kind. */
const ATTACH_TARGETS: Readonly<Record<number, { readonly prefix: string; readonly kind: Kind }>> = {
  23: { prefix: 'btf_trace_', kind: Kind.TYPEDEF },
  27: { prefix: 'bpf_lsm_', kind: Kind.FUNC },
  43: { prefix: 'bpf_lsm_', kind: Kind.FUNC },
  [BPF_TRACE_ITER]: { prefix: 'bpf_iter_', kind: Kind.FUNC },
};
const PLAIN_FUNC = { prefix: '', kind: Kind.FUNC };

/** @returns 0 where no type has that name */
export function findAttachTarget(target: string, attachType: number, types: Btf): TypeId {
  const { prefix, kind } = ATTACH_TARGETS[attachType] ?? PLAIN_FUNC;
  const [, owner, name = target] = /^([^:]*):(.*)$/.exec(target) ?? [];
  const kernel = types.base ?? types;
  const inKernel = owner === undefined || 'vmlinux'.startsWith(owner) ? kernel.find(prefix + name, kind) : 0;
  if (inKernel !== 0 || types === kernel) return inKernel;
  const inModule = types.find(prefix + name, kind);
  const isAsked = owner === undefined || types.name.startsWith(owner);
  return isAsked && inModule >= types.start ? inModule : 0;
}
