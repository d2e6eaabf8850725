/**
 * The parts of a map value that belong to the kernel: locks, timers, kernel pointers, list heads.
 *
 * Programs reach them only through helpers, copies leave them alone, user space reads zeros.
 *
 * Source: btf_parse_fields, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { resolve, sizeOf, structOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { KERNEL_OWNED } from '../verifier/record.ts';

export interface SpecialField {
  /** The struct's name, or the type tag of a kernel pointer. */
  readonly kind: string;
  readonly offset: Bytes;
  readonly size: Bytes;
  /** Kernel pointers only: name of the struct pointed to, '' for none. */
  readonly target?: string;
}

const TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);

/** The tag of a kernel pointer, and the struct that it points to. */
function kernelPointer(btf: Btf, id: TypeId): { readonly kind: string; readonly target: string } | null {
  const type = btf.type(id);
  if (type.kind !== Kind.PTR) return null;
  const tag = btf.type(type.type);
  if (tag.kind !== Kind.TYPE_TAG || !TAGS.has(tag.name)) return null;
  return { kind: tag.name, target: btf.nameOf(resolve(btf, tag.type)) };
}

/**
 * @param id the value's type; anything but a struct has none
 * @returns in order of offset
 */
export function specialFields(btf: Btf, id: TypeId): readonly SpecialField[] {
  const out: SpecialField[] = [];
  const visit = (struct: TypeId, base: Bytes, depth: number): void => {
    const type = structOf(btf, struct);
    if (!type || depth > 3) return;
    for (const member of type.members) {
      const offset = base + member.bitOffset / 8;
      const inner = resolve(btf, member.type);
      const name = btf.nameOf(inner);
      const pointer = kernelPointer(btf, inner);
      if (structOf(btf, inner) && KERNEL_OWNED.has(name))
        out.push({ kind: name, offset, size: sizeOf(btf, inner) });
      else if (pointer) out.push({ ...pointer, offset, size: 8 });
      else visit(inner, offset, depth + 1);
    }
  };
  visit(id, 0, 0);
  return out.sort((a, b) => a.offset - b.offset);
}
