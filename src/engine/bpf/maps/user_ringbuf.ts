/**
 * User ring buffer: records from user space to programs. The memory is that of a ring buffer with the sides
 * exchanged: user space moves the producer's position, a program that drains moves the consumer's.
 *
 * Source: kernel/bpf/ringbuf.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { BUSY, DISCARD, HEADER, LENGTH, RingMemory } from './ringbuf.ts';

/** Most records that one drain looks at. */
const MAX_SAMPLES = 128 * 1024;
/** Longest that a dynptr can be. */
const MAX_DYNPTR: Bytes = (1 << 24) - 1;

interface Sample {
  readonly at: Addr;
  readonly size: Bytes;
}

export class UserRingbufMap extends RingMemory {
  private draining = false;

  /**
   * Takes out records, the oldest first, until `visit` returns something else than 0.
   *
   * @returns how many records `visit` was given; -EBUSY inside another drain, -EINVAL or -E2BIG for a buffer
   *   that user space has spoilt
   * @kernel bpf_user_ringbuf_drain, kernel/bpf/ringbuf.c
   * @fidelity full: more_maps.test.ts
   */
  drain(visit: (sample: Addr, size: Bytes) => bigint): number {
    if (this.draining) return fail('EBUSY');
    this.draining = true;
    try {
      return this.drainAll(visit);
    } finally {
      this.draining = false;
    }
  }

  private drainAll(visit: (sample: Addr, size: Bytes) => bigint): number {
    let given = 0;
    for (let seen = 0; seen < MAX_SAMPLES; seen++) {
      const sample = this.nextSample();
      if (sample === null) break;
      if (sample === 'discarded') continue;
      if (typeof sample === 'number') return sample;
      const stop = visit(sample.at, sample.size);
      this.rb.set('consumer_pos', this.rb.num('consumer_pos') + alignUp(sample.size + HEADER, 8));
      given++;
      if (stop !== 0n) break;
    }
    return given;
  }

  /** The next record; null when there is none yet. @kernel __bpf_user_ringbuf_peek, kernel/bpf/ringbuf.c @fidelity full: more_maps.test.ts */
  private nextSample(): Sample | 'discarded' | NegErrno | null {
    const [producer, consumer] = [this.rb.num('producer_pos'), this.rb.num('consumer_pos')];
    if (producer % 8 !== 0) return fail('EINVAL');
    if (consumer >= producer) return null;
    const at = this.record(consumer);
    const header = this.mem.u32(at);
    const size = header & LENGTH;
    const total = alignUp(size + HEADER, 8);
    if (total > producer - consumer) return fail('EINVAL');
    if (total > this.mask + 1 || size > MAX_DYNPTR) return fail('E2BIG');
    if ((header & DISCARD) !== 0) {
      this.rb.set('consumer_pos', consumer + total);
      return 'discarded';
    }
    return (header & BUSY) !== 0 ? null : { at: at + BigInt(HEADER), size };
  }

  /**
   * What user_ring_buffer__reserve and __submit do through the mapped memory.
   *
   * @returns 0, or -ENOSPC when the record does not fit
   */
  submit(bytes: Uint8Array, discard = false): NegErrno {
    const [producer, consumer] = [this.rb.num('producer_pos'), this.rb.num('consumer_pos')];
    const total = alignUp(bytes.length + HEADER, 8);
    if (this.mask + 1 - (producer - consumer) < total) return fail('ENOSPC');
    const at = this.record(producer);
    this.mem.setU32(at, (bytes.length | (discard ? DISCARD : 0)) >>> 0);
    this.mem.setBytes(at + BigInt(HEADER), bytes);
    this.rb.set('producer_pos', producer + total);
    return 0;
  }
}
