/**
 * Stack traces: a program stores the stack it was called on and gets its number, the same for the same stack.
 *
 *     map.buckets[hash & (n_buckets - 1)] -> { hash, nr, addresses }
 *
 * Source: kernel/bpf/stackmap.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { keyHash } from '../../kernel/jhash.ts';
import { BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const BPF_F_STACK_BUILD_ID = 1 << 5;
/** NUMA node, read-only, write-only, build ids. */
const KNOWN_FLAGS = (1 << 2) | (1 << 3) | (1 << 4) | BPF_F_STACK_BUILD_ID;
/** sysctl kernel.perf_event_max_stack */
export const MAX_STACK_DEPTH = 127;
const ADDRESS: Bytes = 8;
const BUILD_ID_ENTRY: Bytes = 32;
export const BPF_F_FAST_STACK_CMP = 1n << 9n;
export const BPF_F_REUSE_STACKID = 1n << 10n;

/** @kernel stack_map_alloc, kernel/bpf/stackmap.c @fidelity full: trace_maps.test.ts */
export function stackTraceAllocCheck({ flags, maxEntries, keySize, valueSize }: MapSpec): NegErrno {
  if ((flags & ~KNOWN_FLAGS) !== 0) return fail('EINVAL');
  if (maxEntries === 0 || keySize !== 4 || valueSize < ADDRESS) return fail('EINVAL');
  const entry = (flags & BPF_F_STACK_BUILD_ID) !== 0 ? BUILD_ID_ENTRY : ADDRESS;
  return valueSize % entry !== 0 || valueSize / entry > MAX_STACK_DEPTH ? fail('EINVAL') : 0;
}

/** bpf_stack_build_id.status: the file's build id is not known, the address stands instead. */
const BUILD_ID_IP = 2;

/**
 * A trace as struct bpf_stack_build_id. Files here have no content, so none has a build id.
 *
 * @kernel stack_map_get_build_id_offset, kernel/bpf/stackmap.c
 * @fidelity partial: every address comes as BPF_STACK_BUILD_ID_IP
 */
export function withBuildIds(trace: readonly Addr[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(trace.length * BUILD_ID_ENTRY));
  trace.forEach((address, i) => {
    out.setUint32(i * BUILD_ID_ENTRY, BUILD_ID_IP, true);
    out.setBigUint64(i * BUILD_ID_ENTRY + 24, address, true);
  });
  return new Uint8Array(out.buffer);
}
/** A trace as plain addresses. */
export const asAddresses = (trace: readonly Addr[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(trace).buffer);

export class StackTraceMap extends BpfMap {
  private readonly buckets: number;
  private readonly dataOffset: Bytes;

  constructor(init: MapInit) {
    const buckets = 2 ** Math.ceil(Math.log2(init.spec.maxEntries));
    super(init, 'bpf_stack_map', buckets * 8);
    this.buckets = buckets;
    this.dataOffset = this.kernel.types.struct('stack_map_bucket').field('data').offset;
    this.container.set('n_buckets', buckets);
  }

  /** Bytes of one frame. */
  get entrySize(): Bytes {
    return (this.spec.flags & BPF_F_STACK_BUILD_ID) !== 0 ? BUILD_ID_ENTRY : ADDRESS;
  }
  private slot(id: number): Addr {
    return this.container.at('buckets') + BigInt(id * 8);
  }
  private stored(id: number): Addr {
    return id < this.buckets ? this.mem.u64(this.slot(id)) : 0n;
  }
  private addresses(bucket: Addr): Addr {
    return bucket + BigInt(this.dataOffset);
  }
  private hashOf(bucket: Addr): number {
    return this.kernel.view('stack_map_bucket', bucket).num('hash');
  }

  /**
   * Stores a trace, innermost frame first.
   *
   * @returns its number, or -EEXIST where another trace has the number and BPF_F_REUSE_STACKID is not given
   * @kernel __bpf_get_stackid, kernel/bpf/stackmap.c
   * @fidelity partial: entries never run out
   */
  add(trace: readonly Addr[], flags: bigint): NegErrno {
    const addresses = asAddresses(trace);
    const bytes = this.entrySize === ADDRESS ? addresses : withBuildIds(trace);
    const hash = keyHash(addresses, 0);
    const id = hash & (this.buckets - 1);
    const old = this.stored(id);
    if (old !== 0n && this.hashOf(old) === hash) {
      if ((flags & BPF_F_FAST_STACK_CMP) !== 0n || this.same(old, bytes)) return id;
    }
    if (old !== 0n && (flags & BPF_F_REUSE_STACKID) === 0n) return fail('EEXIST');
    const made = this.mem.alloc(this.dataOffset + bytes.length, 8);
    const bucket = this.kernel.view('stack_map_bucket', made);
    bucket.set('hash', hash);
    bucket.set('nr', trace.length);
    this.mem.setBytes(this.addresses(made), bytes);
    this.mem.setU64(this.slot(id), made);
    if (old !== 0n) this.mem.release(old);
    return id;
  }

  private same(bucket: Addr, bytes: Uint8Array): boolean {
    const length = this.kernel.view('stack_map_bucket', bucket).num('nr') * this.entrySize;
    const have = this.mem.bytes(this.addresses(bucket), length);
    return length === bytes.length && have.every((byte, i) => byte === bytes[i]);
  }

  /** @kernel bpf_stackmap_copy, kernel/bpf/stackmap.c @fidelity full: trace_maps.test.ts */
  override read(key: Uint8Array): Uint8Array | null {
    const bucket = this.stored(new DataView(key.buffer, key.byteOffset).getUint32(0, true));
    if (bucket === 0n) return null;
    const out = new Uint8Array(this.spec.valueSize);
    const length = this.kernel.view('stack_map_bucket', bucket).num('nr') * this.entrySize;
    out.set(this.mem.bytes(this.addresses(bucket), Math.min(length, out.length)));
    return out;
  }

  /** Programs reach traces by their number only. */
  override lookup(_key: Addr): Addr {
    return 0n;
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }

  /** @kernel stack_map_delete_elem, kernel/bpf/stackmap.c @fidelity full: trace_maps.test.ts */
  override delete(key: Addr): NegErrno {
    const id = this.mem.u32(key);
    if (id >= this.buckets) return fail('E2BIG');
    const old = this.stored(id);
    if (old === 0n) return fail('ENOENT');
    this.mem.setU64(this.slot(id), 0n);
    this.mem.release(old);
    return 0;
  }

  /** @kernel stack_map_get_next_key, kernel/bpf/stackmap.c @fidelity full: trace_maps.test.ts */
  override getNextKey(key: Addr, next: Addr): NegErrno {
    let id = key === 0n || this.stored(this.mem.u32(key)) === 0n ? 0 : this.mem.u32(key) + 1;
    while (id < this.buckets && this.stored(id) === 0n) id++;
    if (id >= this.buckets) return fail('ENOENT');
    this.mem.setU32(next, id);
    return 0;
  }

  protected override freeContent(): void {
    for (let id = 0; id < this.buckets; id++) if (this.stored(id) !== 0n) this.mem.release(this.stored(id));
  }
}
