/**
 * Arrays of instructions: user space says which instructions of a program it means, and reads where they have got to.
 *
 *     value { orig_off, xlated_off, jitted_off, 0 }
 *
 * A program that jumps through one is not verified here; none is ever bound to one, so only `orig_off` is told.
 *
 * Source: kernel/bpf/bpf_insn_array.c, Linux 7.0.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_EXIST, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

/** sizeof(struct bpf_insn_array_value) */
const VALUE: Bytes = 16;
const XLATED_OFF = 4n;
const JITTED_OFF = 8n;

/** @kernel insn_array_alloc_check, kernel/bpf/bpf_insn_array.c @fidelity full: rare_maps.test.ts */
export const insnArrayAllocCheck = ({ keySize, valueSize, maxEntries, flags }: MapSpec): NegErrno =>
  keySize !== 4 || valueSize !== VALUE || maxEntries === 0 || flags !== 0 ? fail('EINVAL') : 0;

export class InsnArrayMap extends BpfMap {
  constructor(init: MapInit) {
    super(init, 'bpf_insn_array', init.spec.maxEntries * VALUE);
  }
  private elem(key: Addr): Addr {
    const index = this.mem.u32(key);
    return index < this.spec.maxEntries ? this.container.at('values') + BigInt(index * VALUE) : 0n;
  }
  /** @kernel insn_array_lookup_elem, kernel/bpf/bpf_insn_array.c @fidelity full: rare_maps.test.ts */
  override lookup(key: Addr): Addr {
    return this.elem(key);
  }
  /** @kernel insn_array_update_elem, kernel/bpf/bpf_insn_array.c @fidelity full: rare_maps.test.ts */
  override update(key: Addr, value: Addr, flags: bigint): NegErrno {
    const { mem } = this;
    const elem = this.elem(key);
    if (elem === 0n) return fail('E2BIG');
    if ((flags & BPF_NOEXIST) !== 0n) return fail('EEXIST');
    if (flags > BPF_EXIST) return fail('EINVAL');
    if (mem.u32(value + XLATED_OFF) !== 0 || mem.u32(value + JITTED_OFF) !== 0) return fail('EINVAL');
    mem.setU32(elem, mem.u32(value));
    return 0;
  }
  override delete(_key: Addr): NegErrno {
    return fail('EINVAL');
  }
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const index = key === 0n ? -1 : this.mem.u32(key);
    if (index === this.spec.maxEntries - 1) return fail('ENOENT');
    this.mem.setU32(next, index >= this.spec.maxEntries ? 0 : index + 1);
    return 0;
  }
}
