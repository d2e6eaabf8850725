/**
 * Processor maps: a queue of packets for each processor.
 *
 *     bpf_cpu_map.cpu_map[cpu] -> bpf_cpu_map_entry { cpu, value, prog }
 *
 * Source: kernel/bpf/cpumap.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_NUMA_NODE } from '../../abi/uapi.ts';
import type { View } from '../../kernel/view.ts';
import { BPF_EXIST, BPF_NOEXIST } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { RedirectMap, nextIndex, wrongSizes } from './redirect.ts';
import type { EndProg } from './redirect.ts';

const POINTER: Bytes = 8;
/** CONFIG_NR_CPUS */
const NR_CPUS = 8192;
/** @kernel cpu_map_alloc, kernel/bpf/cpumap.c @fidelity full: more_maps.test.ts */
export function cpumapAllocCheck(spec: MapSpec): NegErrno {
  if (wrongSizes(spec) || (spec.flags & ~BPF_F_NUMA_NODE) !== 0) return fail('EINVAL');
  return spec.maxEntries > NR_CPUS ? fail('E2BIG') : 0;
}

/** Longest queue of packets for another processor. */
const MAX_QUEUE = 16_384;

export class CpuMap extends RedirectMap {
  override readonly progAttachType = 35;
  private readonly table: Addr;

  constructor(init: MapInit) {
    super(init, 'bpf_cpu_map');
    this.table = this.mem.alloc(this.spec.maxEntries * POINTER, 8);
    this.container.set('cpu_map', this.table);
  }
  private slot(cpu: number): Addr {
    return this.table + BigInt(cpu * POINTER);
  }
  private entry(cpu: number): View | null {
    const addr = cpu < this.spec.maxEntries ? this.mem.u64(this.slot(cpu)) : 0n;
    return addr === 0n ? null : this.kernel.view('bpf_cpu_map_entry', addr);
  }
  protected override entries(): readonly View[] {
    return Array.from({ length: this.spec.maxEntries }, (_, cpu) => this.entry(cpu)).filter(
      (e) => e !== null,
    );
  }
  protected override progOf(entry: View): Addr {
    return entry.ptr('prog');
  }
  /** @kernel cpu_map_lookup_elem, kernel/bpf/cpumap.c @fidelity full: more_maps.test.ts */
  override lookup(key: Addr): Addr {
    return this.entry(this.mem.u32(key))?.at('value') ?? 0n;
  }
  /** @kernel cpu_map_update_elem, kernel/bpf/cpumap.c @fidelity partial: no kernel thread is started for the queue */
  override put(cpu: number, queueSize: number, prog: EndProg | null, flags: bigint): Addr | NegErrno {
    if (flags > BPF_EXIST) return fail('EINVAL');
    if (cpu >= this.spec.maxEntries) return fail('E2BIG');
    if (flags === BPF_NOEXIST) return fail('EEXIST');
    if (queueSize > MAX_QUEUE) return fail('EOVERFLOW');
    if (cpu >= this.cpus) return fail('ENODEV');
    if (queueSize === 0) return this.exchange(cpu, null);
    const entry = this.kernel.alloc('bpf_cpu_map_entry');
    entry.set('cpu', cpu);
    entry.set('map_id', this.id);
    entry.set('value.qsize', queueSize);
    entry.set('value.bpf_prog.id', prog?.id ?? 0);
    entry.set('prog', prog?.addr ?? 0n);
    return this.exchange(cpu, entry);
  }
  private exchange(cpu: number, entry: View | null): Addr {
    const old = this.entry(cpu);
    this.mem.setU64(this.slot(cpu), entry?.addr ?? 0n);
    const prog = old ? this.progOf(old) : 0n;
    if (old) this.mem.release(old.addr);
    return prog;
  }
  /** @kernel cpu_map_delete_elem, kernel/bpf/cpumap.c @fidelity full: more_maps.test.ts */
  override remove(cpu: number): Addr | NegErrno {
    return cpu >= this.spec.maxEntries ? fail('EINVAL') : this.exchange(cpu, null);
  }
  override getNextKey(key: Addr, next: Addr): NegErrno {
    return nextIndex(this, key, next);
  }
  protected override freeContent(): void {
    for (const entry of this.entries()) this.mem.release(entry.addr);
    this.mem.release(this.table);
  }
}
