/**
 * A BPF map: its struct bpf_map in kernel memory, and what all kinds have in common.
 *
 * Keys and values are addresses, as for a helper; nothing of a map's content lives outside memory. System
 * calls come with bytes instead: `read`, `write`, `erase` and `nextKey` put those into a scratch area first.
 *
 * Source: kernel/bpf/syscall.c, include/linux/bpf.h, Linux 6.12.
 */
import { alignUp } from '../../shared/int64.ts';
import type { Addr, Bytes, TypeId } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Btf } from '../btf/parse.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Memory } from '../kernel/memory.ts';
import { View } from '../kernel/view.ts';
import { Registry } from './registry.ts';
import { specialFields } from './special_fields.ts';
import type { SpecialField } from './special_fields.ts';

export const BPF_ANY = 0n;
export const BPF_NOEXIST = 1n;
export const BPF_EXIST = 2n;
export const BPF_F_LOCK = 4n;

export const BPF_F_NO_PREALLOC = 1 << 0;
export const BPF_F_ZERO_SEED = 1 << 6;
export const BPF_F_MMAPABLE = 1 << 10;

/** What BPF_MAP_CREATE was asked for. */
export interface MapSpec {
  readonly type: number;
  readonly name: string;
  readonly keySize: Bytes;
  readonly valueSize: Bytes;
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra?: bigint;
  readonly numaNode?: number;
  /** Types of key and value, and the BTF object they are in. */
  readonly btf?: { readonly types: Btf; readonly addr: Addr; readonly key: TypeId; readonly value: TypeId };
  /** struct_ops only: its value's type, in the kernel's BTF. */
  readonly kernelValue?: TypeId;
  /** Maps of maps only: what their elements must look like. */
  readonly inner?: BpfMap;
}

/** What a kind of map is given to be made from. */
export interface MapInit {
  readonly kernel: Kernel;
  readonly spec: MapSpec;
  readonly id: number;
  readonly cpus: number;
}

/** Every map that is alive. */
export const mapsByAddr = new Registry<BpfMap>('map');

export abstract class BpfMap {
  readonly kernel: Kernel;
  readonly mem: Memory;
  readonly spec: MapSpec;
  readonly id: number;
  readonly cpus: number;
  /** struct bpf_map, at the start of the container. */
  readonly view: View;
  readonly container: View;
  readonly special: readonly SpecialField[];
  /** A value's size in the map: rounded up to 8. */
  readonly slotSize: Bytes;
  private readonly scratch: Addr;
  private readonly allocation: Addr;

  /**
   * @param containerType the struct that begins with struct bpf_map
   * @param extra bytes that follow the container
   * @param valueAt offset of those bytes that must be the start of a page, or null
   */
  constructor(init: MapInit, containerType: string, extra: Bytes = 0, valueAt: Bytes | null = null) {
    const { kernel, spec } = init;
    this.kernel = kernel;
    this.mem = kernel.mem;
    this.spec = spec;
    this.id = init.id;
    this.cpus = init.cpus;
    const type = kernel.types.struct(containerType);
    const lead = valueAt === null ? 0 : alignUp(valueAt, 4096) - valueAt;
    this.allocation = this.mem.alloc(lead + type.size + extra, valueAt === null ? 64 : 4096);
    this.container = new View(this.mem, kernel.types, type, this.allocation + BigInt(lead));
    this.view = kernel.view('bpf_map', this.container.addr);
    this.slotSize = alignUp(spec.valueSize, 8);
    this.scratch = this.mem.alloc(Math.max(8, 2 * alignUp(spec.keySize, 8) + this.slotSize * this.cpus));
    this.special = spec.btf ? specialFields(spec.btf.types, spec.btf.value) : [];
    this.fillView();
    mapsByAddr.add(this);
  }

  private fillView(): void {
    const { view, spec } = this;
    view.set('map_type', spec.type);
    view.set('key_size', spec.keySize);
    view.set('value_size', spec.valueSize);
    view.set('max_entries', spec.maxEntries);
    view.set('map_flags', spec.flags);
    view.trySet('map_extra', spec.mapExtra ?? 0n);
    view.trySet('numa_node', spec.numaNode ?? -1);
    view.set('id', this.id);
    view.setStr('name', spec.name);
    view.set('refcnt', 1);
    view.set('usercnt', 1);
    view.trySet('inner_map_meta', spec.inner ? this.metaOf(spec.inner.spec) : 0n);
    if (!spec.btf) return;
    view.trySet('btf_key_type_id', spec.btf.key);
    view.trySet('btf_value_type_id', spec.btf.value);
    view.trySet('btf', spec.btf.addr);
  }

  /** What every inner map must be like. @kernel bpf_map_meta_alloc, kernel/bpf/map_in_map.c @fidelity partial: no record of special fields */
  private metaOf({ type, keySize, valueSize, flags, maxEntries }: MapSpec): Addr {
    const meta = this.kernel.alloc('bpf_map');
    meta.set('map_type', type);
    meta.set('key_size', keySize);
    meta.set('value_size', valueSize);
    meta.set('map_flags', flags);
    meta.set('max_entries', maxEntries);
    return meta.addr;
  }

  get addr(): Addr {
    return this.view.addr;
  }
  get frozen(): boolean {
    return this.view.num('frozen') !== 0;
  }

  // -- what the kinds differ in ----------------------------------------------------------------------------

  /** Address of the value for the key at `key`, or 0. */
  abstract lookup(key: Addr): Addr;
  /** @returns 0 or a negated errno */
  abstract update(key: Addr, value: Addr, flags: bigint): NegErrno;
  abstract delete(key: Addr): NegErrno;
  /** Stores the key that follows `key` (0: the first) at `next`. @returns 0 or -ENOENT */
  abstract getNextKey(key: Addr, next: Addr): NegErrno;

  /** Address of the value on one processor; only per-cpu kinds have more than one. */
  lookupPercpu(key: Addr, cpu: number): Addr {
    return cpu < this.cpus ? this.lookup(key) : 0n;
  }

  /**
   * Calls `visit` for each element until it returns false.
   *
   * @returns how many were visited, or -EINVAL where the kind has no such walk
   */
  forEach(_visit: (key: Addr, value: Addr) => boolean): number {
    return fail('EINVAL');
  }

  push(_value: Addr, _flags: bigint): NegErrno {
    return fail('EOPNOTSUPP');
  }
  pop(_value: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  peek(_value: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }

  /** Where a program's direct access to the value starts, or 0 for kinds without. */
  directValue(_offset: Bytes): Addr {
    return 0n;
  }

  /** Addresses of maps or programs that elements hold references on; whoever frees the map drops them. */
  held(): readonly Addr[] {
    return [];
  }

  /**
   * User space has no way to the map any more: no fd, no pin.
   *
   * @returns what elements held until now; whoever counts references drops them
   */
  releaseUser(): readonly Addr[] {
    return [];
  }

  /** Gives back what the kind allocated besides its container. */
  protected freeContent(): void {}

  // -- in common ---------------------------------------------------------------------------------------------

  /**
   * Copies a value, leaving locks, timers and kernel pointers in the target as they are.
   *
   * @kernel copy_map_value, include/linux/bpf.h
   * @fidelity full: maps.test.ts
   */
  copyValue(to: Addr, from: Addr): void {
    let at = 0;
    for (const { offset, size } of [...this.special, { offset: this.spec.valueSize, size: 0 }]) {
      if (offset > at) this.mem.setBytes(to + BigInt(at), this.mem.bytes(from + BigInt(at), offset - at));
      at = offset + size;
    }
  }

  get hasSpinLock(): boolean {
    return this.special.some((field) => field.kind === 'bpf_spin_lock');
  }

  /** Frees everything. The struct's bytes stay readable until they are used again. */
  free(): void {
    mapsByAddr.remove(this);
    this.freeContent();
    if (this.spec.inner && this.view.has('inner_map_meta')) this.mem.release(this.view.ptr('inner_map_meta'));
    this.mem.release(this.scratch);
    this.mem.release(this.allocation);
  }

  // -- for system calls --------------------------------------------------------------------------------------

  private scratchKey(key: Uint8Array): Addr {
    this.mem.setBytes(this.scratch, key);
    return this.scratch;
  }
  private get scratchNext(): Addr {
    return this.scratch + BigInt(alignUp(this.spec.keySize, 8));
  }
  private get scratchValue(): Addr {
    return this.scratchNext + BigInt(alignUp(this.spec.keySize, 8));
  }

  /** The value that BPF_MAP_LOOKUP_ELEM copies out: of per-cpu kinds, each processor's in a slot. */
  read(key: Uint8Array): Uint8Array | null {
    return this.readAt(key, (at) => this.lookup(at));
  }
  /** As `read`, where a system call looks a value up in another way than a program. */
  protected readAt(key: Uint8Array, lookup: (key: Addr) => Addr): Uint8Array | null {
    const value = lookup(this.scratchKey(key));
    if (value === 0n) return null;
    const out = this.mem.bytes(value, this.spec.valueSize);
    for (const { offset, size } of this.special) out.fill(0, offset, offset + size);
    return out;
  }

  /** BPF_MAP_LOOKUP_ELEM: the value, or why user space gets none. */
  copyOut(key: Uint8Array): Uint8Array | NegErrno {
    return this.read(key) ?? fail('ENOENT');
  }

  /** BPF_MAP_UPDATE_ELEM. */
  write(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): NegErrno {
    this.mem.setBytes(this.scratchValue, value);
    return this.update(this.scratchKey(key), this.scratchValue, flags);
  }

  /** BPF_MAP_DELETE_ELEM. */
  erase(key: Uint8Array): NegErrno {
    return this.delete(this.scratchKey(key));
  }

  /** BPF_MAP_GET_NEXT_KEY: the key, or why there is none. */
  keyAfter(key: Uint8Array | null): Uint8Array | NegErrno {
    const error = this.getNextKey(key ? this.scratchKey(key) : 0n, this.scratchNext);
    return error === 0 ? this.mem.bytes(this.scratchNext, this.spec.keySize) : error;
  }
  /** As `keyAfter`; null when there is none. */
  nextKey(key: Uint8Array | null): Uint8Array | null {
    const next = this.keyAfter(key);
    return typeof next === 'number' ? null : next;
  }
}
