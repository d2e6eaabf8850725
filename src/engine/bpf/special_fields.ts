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

export interface SpecialField {
  /** The struct's name, or the type tag of a kernel pointer. */
  readonly kind: string;
  readonly offset: Bytes;
  readonly size: Bytes;
}

const STRUCTS: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_timer',
  'bpf_wq',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
]);
const TAGS: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr', 'uptr']);

function pointerTag(btf: Btf, id: TypeId): string | null {
  const type = btf.type(id);
  if (type.kind !== Kind.PTR) return null;
  const target = btf.type(type.type);
  return target.kind === Kind.TYPE_TAG && TAGS.has(target.name) ? target.name : null;
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
      const tag = pointerTag(btf, inner);
      if (structOf(btf, inner) && STRUCTS.has(name))
        out.push({ kind: name, offset, size: sizeOf(btf, inner) });
      else if (tag) out.push({ kind: tag, offset, size: 8 });
      else visit(inner, offset, depth + 1);
    }
  };
  visit(id, 0, 0);
  return out.sort((a, b) => a.offset - b.offset);
}
