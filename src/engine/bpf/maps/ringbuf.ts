/**
 * Ring buffer: records from programs to a reader, in order of reservation.
 *
 *     struct bpf_ringbuf | consumer_pos page | producer_pos page | data (size) | data again (size)
 *
 * Positions only grow; a record begins at position & mask, with a header of its length, a busy and a
 * discard bit. In the kernel the second data area is the same memory mapped again, so that a record at the
 * end is contiguous; here it is room of its own, of which only the part behind a wrapping record is used.
 *
 * Source: kernel/bpf/ringbuf.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BPF_F_NUMA_NODE } from '../../abi/uapi.ts';
import { PAGE_SIZE } from '../../kernel/address.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { View } from '../../kernel/view.ts';
import { BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

export const HEADER: Bytes = 8;
export const BUSY = 0x8000_0000;
export const DISCARD = 0x4000_0000;
export const LENGTH = 0x3fff_ffff;
const WAKEUP_FLAGS = 3n;

const QUERIES = ['avail', 'size', 'consumer', 'producer'] as const;

/**
 * @kernel ringbuf_map_alloc, kernel/bpf/ringbuf.c
 * @fidelity full: more_maps.test.ts
 */
export function ringbufAllocCheck(spec: MapSpec): NegErrno {
  const { keySize, valueSize, maxEntries } = spec;
  if ((spec.flags & ~BPF_F_NUMA_NODE) !== 0) return fail('EINVAL');
  const powerOf2 = maxEntries > 0 && (maxEntries & (maxEntries - 1)) === 0;
  return keySize !== 0 || valueSize !== 0 || !powerOf2 || maxEntries % PAGE_SIZE !== 0 ? fail('EINVAL') : 0;
}

/** The memory of a ring buffer, whoever fills it; system calls have no way to its records. */
export abstract class RingMemory extends BpfMap {
  readonly rb: View;
  private readonly data: Addr;

  constructor(init: MapInit) {
    super(init, 'bpf_ringbuf_map');
    const type = this.kernel.types.struct('bpf_ringbuf');
    const size = init.spec.maxEntries;
    this.rb = this.kernel.view('bpf_ringbuf', this.mem.alloc(type.size + 2 * size, PAGE_SIZE));
    this.rb.set('mask', size - 1);
    this.container.set('rb', this.rb.addr);
    this.data = this.rb.at('data');
  }

  protected get mask(): number {
    return this.rb.num('mask');
  }
  protected record(position: number): Addr {
    return this.data + BigInt(position & this.mask);
  }

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  /** @kernel ringbuf_map_lookup_elem, kernel/bpf/ringbuf.c @fidelity full: more_maps.test.ts */
  override copyOut(_key: Uint8Array): NegErrno {
    return fail('ENOTSUPP');
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('ENOTSUPP');
  }
  override delete(_key: Addr): NegErrno {
    return fail('ENOTSUPP');
  }
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('ENOTSUPP');
  }
  protected override freeContent(): void {
    this.mem.release(this.rb.addr);
  }
}

export class RingbufMap extends RingMemory {
  /**
   * @param size payload bytes
   * @returns address of the payload, or 0 when there is no room
   * @kernel __bpf_ringbuf_reserve, kernel/bpf/ringbuf.c
   * @fidelity full: maps.test.ts
   */
  reserve(size: Bytes): Addr {
    const { rb, mask } = this;
    const length = alignUp(size + HEADER, 8);
    if (size > LENGTH || length > mask + 1) return 0n;
    const producer = rb.num('producer_pos');
    const consumer = rb.num('consumer_pos');
    let pending = rb.has('pending_pos') ? rb.num('pending_pos') : consumer;
    while (pending < producer) {
      const header = this.mem.u32(this.record(pending));
      if ((header & BUSY) !== 0) break;
      pending += alignUp((header & LENGTH) + HEADER, 8);
    }
    rb.trySet('pending_pos', pending);
    const end = producer + length;
    if (end - consumer > mask || end - pending > mask) return 0n;
    const at = this.record(producer);
    this.mem.setU32(at, (size | BUSY) >>> 0);
    this.mem.setU32(at + 4n, Math.floor(Number(at - rb.addr) / PAGE_SIZE));
    rb.set('producer_pos', end);
    return at + BigInt(HEADER);
  }

  /**
   * @param flags BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
   * @kernel bpf_ringbuf_output, kernel/bpf/ringbuf.c
   * @fidelity full: maps.test.ts
   */
  output(data: Addr, size: Bytes, flags: bigint): NegErrno {
    if ((flags & ~WAKEUP_FLAGS) !== 0n) return fail('EINVAL');
    const at = this.reserve(size);
    if (at === 0n) return fail('EAGAIN');
    this.mem.setBytes(at, this.mem.bytes(data, size));
    commitRecord(this.kernel, at, false);
    return 0;
  }

  /**
   * @kernel bpf_ringbuf_query, kernel/bpf/ringbuf.c
   * @fidelity full: maps.test.ts
   */
  query(what: bigint): bigint {
    const consumer = this.rb.big('consumer_pos');
    const producer = this.rb.big('producer_pos');
    const answers = { avail: producer - consumer, size: BigInt(this.mask + 1), consumer, producer };
    const name = what < BigInt(QUERIES.length) ? QUERIES[Number(what)] : undefined;
    return name ? answers[name] : 0n;
  }

  /** What a reader gets: the records up to the first that is still being written; discarded ones are skipped. */
  consume(): Uint8Array[] {
    const out: Uint8Array[] = [];
    const producer = this.rb.num('producer_pos');
    let consumer = this.rb.num('consumer_pos');
    while (consumer < producer) {
      const at = this.record(consumer);
      const header = this.mem.u32(at);
      if ((header & BUSY) !== 0) break;
      if ((header & DISCARD) === 0) out.push(this.mem.bytes(at + BigInt(HEADER), header & LENGTH));
      consumer += alignUp((header & LENGTH) + HEADER, 8);
    }
    this.rb.set('consumer_pos', consumer);
    return out;
  }
}

/**
 * Ends the writing of a record.
 *
 * @param sample address of the payload, as reserve returned it
 * @kernel bpf_ringbuf_commit, kernel/bpf/ringbuf.c
 * @fidelity partial: nobody sleeps on the buffer, so nobody is woken
 */
export function commitRecord(kernel: Kernel, sample: Addr, discard: boolean): void {
  const header = sample - BigInt(HEADER);
  const length = kernel.mem.u32(header) & ~BUSY;
  kernel.mem.setU32(header, (discard ? length | DISCARD : length) >>> 0);
}
