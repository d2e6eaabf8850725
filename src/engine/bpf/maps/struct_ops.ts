/**
 * struct_ops: a table of functions that the kernel calls, with BPF programs in it. The map has one element, a value
 * of one of the kernel's own types, `bpf_struct_ops_NAME`.
 *
 * Such a map can be made and looked at. Storing the value would put the table to work in the kernel, which nothing
 * here does; it stays as it was made, BPF_STRUCT_OPS_STATE_INIT.
 *
 * Source: kernel/bpf/bpf_struct_ops.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { sizeOf, structOf } from '../../btf/layout.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const BPF_F_LINK = 1 << 13;
const VALUE_TYPE = /^bpf_struct_ops_\w+$/;

/**
 * @returns 0 or -EINVAL
 * @kernel bpf_struct_ops_map_alloc_check, kernel/bpf/bpf_struct_ops.c
 * @fidelity partial: types of modules are not taken (BPF_F_VTYPE_BTF_OBJ_FD)
 */
export function structOpsAllocCheck({ keySize, maxEntries, flags, kernelValue = 0 }: MapSpec): NegErrno {
  const fits = keySize === 4 && maxEntries === 1 && (flags & ~BPF_F_LINK) === 0;
  return fits && kernelValue !== 0 ? 0 : fail('EINVAL');
}

/**
 * Is the type a table that the kernel knows?
 *
 * @returns 0, -ENOTSUPP for another type, -EINVAL for a value of another size
 * @kernel bpf_struct_ops_map_alloc, kernel/bpf/bpf_struct_ops.c
 * @fidelity full: rare_maps.test.ts
 */
export function checkStructOpsValue({ btf }: Kernel, { valueSize, kernelValue = 0 }: MapSpec): NegErrno {
  if (!structOf(btf, kernelValue) || !VALUE_TYPE.test(btf.nameOf(kernelValue))) return fail('ENOTSUPP');
  return sizeOf(btf, kernelValue) === valueSize ? 0 : fail('EINVAL');
}

export class StructOpsMap extends BpfMap {
  constructor(init: MapInit) {
    super(init, 'bpf_struct_ops_map', init.spec.valueSize);
    this.view.trySet('btf_vmlinux_value_type_id', this.spec.kernelValue ?? 0);
  }
  override lookup(_key: Addr): Addr {
    return 0n;
  }
  /** What was never stored reads as zeros. @kernel bpf_struct_ops_map_sys_lookup_elem, kernel/bpf/bpf_struct_ops.c @fidelity full: rare_maps.test.ts */
  override copyOut(key: Uint8Array): Uint8Array | NegErrno {
    return key.every((byte) => byte === 0) ? new Uint8Array(this.spec.valueSize) : fail('ENOENT');
  }
  /** @returns -EINVAL, -E2BIG, else -EOPNOTSUPP @kernel bpf_struct_ops_map_update_elem, kernel/bpf/bpf_struct_ops.c @fidelity partial: no table is put to work */
  override update(key: Addr, _value: Addr, flags: bigint): NegErrno {
    if (flags !== 0n) return fail('EINVAL');
    return this.mem.u32(key) !== 0 ? fail('E2BIG') : fail('EOPNOTSUPP');
  }
  /** @kernel bpf_struct_ops_map_delete_elem, kernel/bpf/bpf_struct_ops.c @fidelity full: rare_maps.test.ts */
  override delete(_key: Addr): NegErrno {
    return (this.spec.flags & BPF_F_LINK) !== 0 ? fail('EOPNOTSUPP') : fail('ENOENT');
  }
  /** @kernel bpf_struct_ops_map_get_next_key, kernel/bpf/bpf_struct_ops.c @fidelity full: rare_maps.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    if (key !== 0n && this.mem.u32(key) === 0) return fail('ENOENT');
    this.mem.setU32(next, 0);
    return 0;
  }
}
