/**
 * What externs stand for in the kernel at hand: the BTF id of a kfunc or variable, an address, a value of
 * the configuration. A weak extern may stay unresolved, a strong one ends the load.
 *
 * Source: libbpf.c bpf_object__resolve_externs.
 */
import type { Addr, TypeId } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import { Errno } from '../../shared/errno.ts';
import { hex } from '../../shared/int64.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { Symbols } from '../kernel/symbols.ts';
import { essentialName, KIND_TEXT, typesAreCompat } from './core_types.ts';
import { kconfigWriter } from './kconfig.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfObject, KsymExtern } from './object.ts';

/** What libbpf asks of the running system. */
export interface KernelInfo {
  readonly btf: Btf;
  readonly symbols: Symbols;
  /** As uname -r: `6.12.117`. */
  readonly release: string;
  /** Text of /proc/config.gz; null: the kernel has none. */
  readonly config: string | null;
}

export type ResolvedExtern =
  | { readonly kind: 'kconfig' }
  | { readonly kind: 'btf'; readonly id: TypeId }
  | { readonly kind: 'addr'; readonly addr: Addr }
  | { readonly kind: 'unresolved' };

const UNRESOLVED: ResolvedExtern = { kind: 'unresolved' };

/**
 * Resolves every extern, in the object's order; values of the configuration are written into the initial
 * bytes of the map `.kconfig`.
 *
 * @throws LibbpfError after saying what is wrong
 * @kernel bpf_object__resolve_externs, libbpf.c
 * @fidelity partial: modules are not searched, no module is modelled
 */
export function resolveExterns(object: BpfObject, kernel: KernelInfo, log: Messages): ResolvedExtern[] {
  const kconfig = object.maps.find((m) => m.origin === 'kconfig')?.initial ?? new Uint8Array(0);
  const setKconfig = kconfigWriter(kernel.release, kernel.config, kconfig, log);
  // Configuration first, then addresses, then types: the order in which messages come.
  const resolved = new Map<string, ResolvedExtern>();
  const ksyms = object.externs.filter((e): e is KsymExtern => e.kind === 'ksym');
  for (const ext of object.externs)
    if (ext.kind === 'kconfig' && setKconfig(ext)) resolved.set(ext.name, { kind: 'kconfig' });
  for (const ext of ksyms.filter((e) => e.typeId === 0 && !e.func)) {
    const addr = findAddress(ext, kernel.symbols, log);
    if (addr !== null) resolved.set(ext.name, { kind: 'addr', addr });
  }
  const { btf } = object;
  for (const ext of btf ? ksyms.filter((e) => e.typeId !== 0 || e.func) : []) {
    const find = ext.func ? findKfunc : findVariable;
    const id = find(ext, must(btf, 'BTF'), kernel.btf, log);
    if (id !== 0) resolved.set(ext.name, { kind: 'btf', id });
  }
  return object.externs.map((ext) => {
    const found = resolved.get(ext.name);
    if (!found && !ext.weak) {
      log.warn(`extern '${ext.name}' (strong): not resolved`);
      throw new LibbpfError(-Errno.ESRCH);
    }
    return found ?? UNRESOLVED;
  });
}

function findAddress(ext: KsymExtern, symbols: Symbols, log: Messages): Addr | null {
  const first = symbols.find(ext.name);
  if (!first) return null;
  const other = symbols.all.find((s) => s.name === ext.name && s.addr !== first.addr);
  if (other) {
    log.warn(
      `extern (ksym) '${ext.name}': resolution is ambiguous: ${hex(first.addr)} or ${hex(other.addr)}`,
    );
    throw new LibbpfError(-Errno.EINVAL);
  }
  return first.addr;
}

/** The kernel's FUNC, or 0 for a weak one that is not there. */
function findKfunc(ext: KsymExtern, local: Btf, kernel: Btf, log: Messages): TypeId {
  const id = kernel.find(essentialName(ext.name), Kind.FUNC);
  const func = kernel.type(id);
  if (func.kind !== Kind.FUNC) {
    if (ext.weak) return 0;
    log.warn(`extern (func ksym) '${ext.name}': not found in kernel or module BTFs`);
    throw new LibbpfError(-Errno.EINVAL);
  }
  if (typesAreCompat({ btf: local, id: ext.typeId }, { btf: kernel, id: func.type })) return id;
  if (ext.weak) return 0;
  log.warn(
    `extern (func ksym) '${ext.name}': func_proto [${ext.typeId}] incompatible with vmlinux [${func.type}]`,
  );
  throw new LibbpfError(-Errno.EINVAL);
}

/** The kernel's VAR, or 0 for a weak one that is not there. */
function findVariable(ext: KsymExtern, local: Btf, kernel: Btf, log: Messages): TypeId {
  const id = kernel.find(essentialName(ext.name), Kind.VAR);
  const variable = kernel.type(id);
  if (variable.kind !== Kind.VAR) {
    if (ext.weak) return 0;
    log.warn(`extern (var ksym) '${ext.name}': not found in kernel BTF`);
    throw new LibbpfError(-Errno.EINVAL);
  }
  const typeId = resolve(kernel, variable.type);
  if (typesAreCompat({ btf: local, id: ext.typeId }, { btf: kernel, id: typeId })) return id;
  const text = (btf: Btf, type: TypeId): string =>
    `[${type}] ${KIND_TEXT[btf.kind(type)]} ${btf.nameOf(type)}`;
  log.warn(
    `extern (var ksym) '${ext.name}': incompatible types, expected ${text(local, ext.typeId)}, but kernel has ${text(kernel, typeId)}`,
  );
  throw new LibbpfError(-Errno.EINVAL);
}
