/**
 * Device maps: network devices by index, or by key in a hash table.
 *
 *     bpf_dtab.netdev_map[index] -> bpf_dtab_netdev { dev, val }
 *     bpf_dtab.dev_index_head[key & (n - 1)] -> bpf_dtab_netdev -> ...
 *
 * Source: kernel/bpf/devmap.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY } from '../../abi/uapi.ts';
import { containerOf, hlistAddHead, hlistDel, hlistNodes } from '../../kernel/list.ts';
import { deviceByIndex } from '../../kernel/objects/net_device.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { BPF_EXIST, BPF_NOEXIST } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { RedirectMap, nextIndex, wrongSizes } from './redirect.ts';
import type { EndProg } from './redirect.ts';

const POINTER: Bytes = 8;
/** @kernel dev_map_init_map, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
export const devmapAllocCheck = (spec: MapSpec): NegErrno =>
  wrongSizes(spec) || (spec.flags & ~(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY)) !== 0
    ? fail('EINVAL')
    : 0;

const NETDEV = 'bpf_dtab_netdev';

/** What both kinds of device map have in common: an element holds a device of the caller's namespace. */
abstract class DeviceMap extends RedirectMap {
  override readonly progAttachType = 33;

  /** A lookup leads to the device's own number: programs may only read it. */
  constructor(init: MapInit) {
    super({ ...init, spec: { ...init.spec, flags: init.spec.flags | BPF_F_RDONLY_PROG } }, 'bpf_dtab');
  }

  protected override progOf(entry: View): Addr {
    return entry.ptr('xdp_prog');
  }
  /** A new element, or -EINVAL where there is no such device. @kernel __dev_map_alloc_node, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  protected makeEntry(index: number, ifindex: number, prog: EndProg | null): View | NegErrno {
    const net = taskAt(this.kernel, this.kernel.current).deref('nsproxy')?.deref('net_ns');
    const device = net ? deviceByIndex(this.kernel, net, ifindex) : null;
    if (!device) return fail('EINVAL');
    const entry = this.kernel.alloc(NETDEV);
    entry.set('dev', device.addr);
    entry.set('idx', index);
    entry.set('xdp_prog', prog?.addr ?? 0n);
    entry.set('val.ifindex', ifindex);
    entry.set('val.bpf_prog.id', prog?.id ?? 0);
    return entry;
  }
  protected freeEntry(entry: View): void {
    this.mem.release(entry.addr);
  }
}

export class DevMap extends DeviceMap {
  private readonly table: Addr;

  constructor(init: MapInit) {
    super(init);
    this.table = this.mem.alloc(this.spec.maxEntries * POINTER, 8);
    this.container.set('netdev_map', this.table);
  }
  private slot(index: number): Addr {
    return this.table + BigInt(index * POINTER);
  }
  private entry(index: number): View | null {
    const addr = index < this.spec.maxEntries ? this.mem.u64(this.slot(index)) : 0n;
    return addr === 0n ? null : this.kernel.view(NETDEV, addr);
  }
  protected override entries(): readonly View[] {
    return Array.from({ length: this.spec.maxEntries }, (_, i) => this.entry(i)).filter((e) => e !== null);
  }

  /** @kernel dev_map_lookup_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override lookup(key: Addr): Addr {
    return this.entry(this.mem.u32(key))?.at('val') ?? 0n;
  }
  /** A device number of 0 empties the place. @kernel __dev_map_update_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override put(index: number, ifindex: number, prog: EndProg | null, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    if (flags === BPF_NOEXIST) return fail('EEXIST');
    if (ifindex === 0 && prog) return fail('EINVAL');
    const made = ifindex === 0 ? null : this.makeEntry(index, ifindex, prog);
    return typeof made === 'number' ? made : this.exchange(index, made);
  }
  private exchange(index: number, entry: View | null): Addr {
    const old = this.entry(index);
    this.mem.setU64(this.slot(index), entry?.addr ?? 0n);
    const prog = old ? this.progOf(old) : 0n;
    if (old) this.freeEntry(old);
    return prog;
  }
  /** @kernel dev_map_delete_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override remove(index: number): Addr | NegErrno {
    return index >= this.spec.maxEntries ? fail('EINVAL') : this.exchange(index, null);
  }
  override getNextKey(key: Addr, next: Addr): NegErrno {
    return nextIndex(this, key, next);
  }
  protected override freeContent(): void {
    for (const entry of this.entries()) this.freeEntry(entry);
    this.mem.release(this.table);
  }
}

export class DevMapHash extends DeviceMap {
  private readonly table: Addr;
  private readonly buckets: number;

  constructor(init: MapInit) {
    super(init);
    this.buckets = 2 ** Math.ceil(Math.log2(this.spec.maxEntries));
    this.table = this.mem.alloc(this.buckets * POINTER, 8);
    this.container.set('dev_index_head', this.table);
    this.container.set('n_buckets', this.buckets);
  }
  private bucket(key: number): Addr {
    return this.table + BigInt((key & (this.buckets - 1)) * POINTER);
  }
  private *inBucket(key: number): Generator<View> {
    for (const node of hlistNodes(this.mem, this.bucket(key)))
      yield containerOf(this.kernel, node, NETDEV, 'index_hlist');
  }
  protected override entries(): readonly View[] {
    return Array.from({ length: this.buckets }, (_, i) => [...this.inBucket(i)]).flat();
  }
  private find(key: number): View | null {
    for (const entry of this.inBucket(key)) if (entry.num('idx') === key) return entry;
    return null;
  }
  /** @kernel dev_map_hash_lookup_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override lookup(key: Addr): Addr {
    return this.find(this.mem.u32(key))?.at('val') ?? 0n;
  }
  /** BPF_EXIST is not looked at. @kernel __dev_map_hash_update_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override put(key: number, ifindex: number, prog: EndProg | null, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST || ifindex === 0) return fail('EINVAL');
    const old = this.find(key);
    if (old && flags === BPF_NOEXIST) return fail('EEXIST');
    const made = this.makeEntry(key, ifindex, prog);
    if (typeof made === 'number') return made;
    const items = this.container.num('items');
    if (!old && items >= this.spec.maxEntries) {
      this.freeEntry(made);
      return fail('E2BIG');
    }
    const before = old ? this.take(old) : 0n;
    hlistAddHead(this.mem, made.at('index_hlist'), this.bucket(key));
    this.container.set('items', this.container.num('items') + 1);
    return before;
  }
  private take(entry: View): Addr {
    const prog = this.progOf(entry);
    hlistDel(this.mem, entry.at('index_hlist'));
    this.container.set('items', this.container.num('items') - 1);
    this.freeEntry(entry);
    return prog;
  }
  /** @kernel dev_map_hash_delete_elem, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override remove(key: number): Addr | NegErrno {
    const entry = this.find(key);
    return entry ? this.take(entry) : fail('ENOENT');
  }
  /** @kernel dev_map_hash_get_next_key, kernel/bpf/devmap.c @fidelity full: more_maps.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    const all = this.entries();
    const at = key === 0n ? -1 : all.findIndex((entry) => entry.num('idx') === this.mem.u32(key));
    const found = all[at + 1];
    if (!found) return fail('ENOENT');
    this.mem.setU32(next, found.num('idx'));
    return 0;
  }
  protected override freeContent(): void {
    for (const entry of this.entries()) this.freeEntry(entry);
    this.mem.release(this.table);
  }
}
