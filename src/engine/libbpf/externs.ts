/**
 * Externs of an object: what it expects the kernel, or libbpf, to provide.
 *
 *     extern int bpf_f(...) __ksym;           kfunc, found by name in the kernel's BTF
 *     extern const struct rq runqueues __ksym; kernel variable, found in the kernel's BTF
 *     extern const void bpf_link_fops __ksym; address only, found in kallsyms
 *     extern bool CONFIG_BPF_SYSCALL __kconfig; kernel configuration, value in the map .kconfig
 *
 * This file finds them in the object; resolve_externs.ts finds what they stand for.
 *
 * Source: libbpf.c bpf_object__collect_externs.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { Errno } from '../../shared/errno.ts';
import { alignUp } from '../../shared/int64.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_BOOL, INT_SIGNED, Kind } from '../btf/types.ts';
import { SHN_UNDEF, STB_GLOBAL, STB_WEAK, STT_NOTYPE } from '../elf/elf.ts';
import type { ElfSymbol } from '../elf/elf.ts';
import type { ElfFile } from '../elf/read.ts';
import { resolveSize } from './core_types.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { Extern, KconfigExtern } from './object.ts';

const EXTERN = 2;

export const isExternSymbol = (symbol: ElfSymbol): boolean =>
  symbol.section === SHN_UNDEF &&
  symbol.name !== '' &&
  (symbol.bind === STB_GLOBAL || symbol.bind === STB_WEAK) &&
  symbol.type === STT_NOTYPE;

/** The FUNC or VAR that declares an extern, and the section it is in. */
function findDeclaration(btf: Btf, name: string): { id: TypeId; section: string } | null {
  const id = [...btf.findAll(name, Kind.FUNC, Kind.VAR)].find((candidate) => {
    const type = btf.type(candidate);
    return (type.kind === Kind.FUNC || type.kind === Kind.VAR) && type.linkage === EXTERN;
  });
  if (id === undefined) return null;
  for (const section of btf.names(Kind.DATASEC)) {
    const datasec = btf.type(btf.find(section, Kind.DATASEC));
    if (datasec.kind === Kind.DATASEC && datasec.vars.some((v) => v.type === id)) return { id, section };
  }
  return { id, section: '' };
}

/** What a `__kconfig` variable can hold; null: libbpf has no such values. */
function kconfigType(btf: Btf, id: TypeId): Pick<KconfigExtern, 'type' | 'signed'> | null {
  const type = btf.type(resolve(btf, id));
  switch (type.kind) {
    case Kind.INT: {
      const signed = (type.encoding & INT_SIGNED) !== 0;
      if ((type.encoding & INT_BOOL) !== 0) return type.size === 1 ? { type: 'bool', signed } : null;
      if (type.size === 1) return { type: 'char', signed };
      return [2, 4, 8].includes(type.size) ? { type: 'int', signed } : null;
    }
    case Kind.ENUM:
    case Kind.ENUM64:
      return type.name === 'libbpf_tristate' && type.size === 4 ? { type: 'tristate', signed: false } : null;
    case Kind.ARRAY: {
      const element = btf.type(resolve(btf, type.type));
      return type.nelems > 0 && element.kind === Kind.INT && kconfigType(btf, type.type)?.type === 'char'
        ? { type: 'char_array', signed: false }
        : null;
    }
    default:
      return null;
  }
}

/** Alignment of what a `__kconfig` variable can be: a scalar or an array of chars. */
function alignOf(btf: Btf, id: TypeId): Bytes {
  return btf.kind(resolve(btf, id)) === Kind.ARRAY ? 1 : (resolveSize({ btf, id }) ?? 1);
}

/**
 * The externs, kernel configuration first with the strictest alignment, then symbols by name.
 *
 * @throws LibbpfError after saying what is wrong
 */
export function collectExterns(elf: ElfFile, btf: Btf | null, log: Messages): Extern[] {
  const fail = (errno: number, text: string): never => {
    log.warn(text);
    throw new LibbpfError(-errno);
  };
  const externs = elf.symbols.filter(isExternSymbol).map(({ name, bind }): Extern => {
    const found = btf && findDeclaration(btf, name);
    if (!btf || !found) return fail(Errno.ESRCH, `failed to find BTF for extern '${name}': ${-Errno.ESRCH}`);
    const type = btf.type(found.id);
    const base = { name, weak: bind === STB_WEAK, btfId: found.id };
    const typeId = 'type' in type ? type.type : 0;
    if (found.section === '.ksyms')
      return { ...base, kind: 'ksym', func: type.kind === Kind.FUNC, typeId: resolve(btf, typeId) };
    if (found.section !== '.kconfig')
      return fail(Errno.ENOTSUPP, `unrecognized extern section '${found.section}'`);
    if (type.kind === Kind.FUNC)
      return fail(Errno.ENOTSUPP, `extern function ${name} is unsupported under .kconfig section`);
    const size = resolveSize({ btf, id: typeId });
    if (size === null || size === 0)
      return fail(Errno.EINVAL, `failed to resolve size of extern (kcfg) '${name}': ${-Errno.EINVAL}`);
    const kconfig = kconfigType(btf, typeId);
    if (!kconfig) return fail(Errno.ENOTSUPP, `extern (kcfg) '${name}': type is unsupported`);
    return { ...base, ...kconfig, kind: 'kconfig', size, align: alignOf(btf, typeId), offset: 0 };
  });
  externs.sort(compareExterns);
  let end = 0;
  return externs.map((ext) => {
    if (ext.kind !== 'kconfig') return ext;
    const offset = alignUp(end, ext.align);
    end = offset + ext.size;
    return { ...ext, offset };
  });
}

function compareExterns(a: Extern, b: Extern): number {
  if (a.kind !== b.kind) return a.kind === 'kconfig' ? -1 : 1;
  if (a.kind === 'kconfig' && b.kind === 'kconfig') {
    if (a.align !== b.align) return b.align - a.align;
    if (a.size !== b.size) return a.size - b.size;
  }
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
