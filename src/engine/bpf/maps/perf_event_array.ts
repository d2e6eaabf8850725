/**
 * Perf event arrays: one event for each processor, into whose buffer programs put records for a reader.
 *
 * User space opens the events and stores their fds, as perf_buffer__new of libbpf does. Here `open` stands
 * for that: it makes an event of type "software, BPF output" with a buffer of its own.
 *
 *     slot[cpu] -> struct perf_event { attr, oncpu } | position, records { size, bytes }...
 *
 * Source: kernel/trace/bpf_trace.c, kernel/bpf/arraymap.c, kernel/events/ring_buffer.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { alignUp } from '../../../shared/int64.ts';
import { FdArrayMap } from './fd_array.ts';

/** perf_buffer__new is usually given 8 to 64 pages. */
const BUFFER: Bytes = 64 * 4096;
const HEADER: Bytes = 4;

export class PerfEventArrayMap extends FdArrayMap {
  override lookup(_key: Addr): Addr {
    return 0n;
  }

  /** Opens an event on a processor and stores it. @returns 0, or -E2BIG for an index the array does not have */
  open(cpu: number): NegErrno {
    if (cpu >= this.spec.maxEntries) return fail('E2BIG');
    if (this.pointer(cpu) !== 0n) return 0;
    const type = this.kernel.types.struct('perf_event');
    const event = this.kernel.view('perf_event', this.mem.alloc(alignUp(type.size, 8) + 8 + BUFFER, 8));
    event.trySet('oncpu', cpu);
    this.mem.setU64(this.values + BigInt(cpu * 8), event.addr);
    return 0;
  }

  /** True when no processor has an event: there is no reader. */
  get closed(): boolean {
    return this.held().length === 0;
  }

  private position(event: Addr): Addr {
    return event + BigInt(alignUp(this.kernel.types.struct('perf_event').size, 8));
  }

  /**
   * Puts a record into the buffer of one processor's event.
   *
   * @returns 0, -E2BIG for an index out of range, -ENOENT where nobody opened an event, -ENOSPC when the
   *   reader is too slow
   * @kernel __bpf_perf_event_output, kernel/trace/bpf_trace.c
   * @fidelity partial: lost records are not counted in the buffer
   */
  output(index: number, cpu: number, data: Uint8Array): NegErrno {
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    const event = this.pointer(index);
    if (event === 0n) return fail('ENOENT');
    if (index !== cpu) return fail('EOPNOTSUPP');
    const at = this.position(event);
    const used = this.mem.u32(at);
    // A sample's size field and bytes are padded to 8 together, and the reader is told the padded size.
    const size = alignUp(data.length + HEADER, 8) - HEADER;
    if (used + HEADER + size > BUFFER) return fail('ENOSPC');
    const record = at + 8n + BigInt(used);
    this.mem.setU32(record, size);
    this.mem.fill(record + BigInt(HEADER), size, 0);
    this.mem.setBytes(record + BigInt(HEADER), data);
    this.mem.setU32(at, used + HEADER + size);
    return 0;
  }

  /** What a reader gets: the records of all processors, which are then gone. */
  consume(): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const event of this.held()) {
      const at = this.position(event);
      const used = this.mem.u32(at);
      for (let from = 0; from < used;) {
        const record = at + 8n + BigInt(from);
        const size = this.mem.u32(record);
        out.push(this.mem.bytes(record + BigInt(HEADER), size));
        from += HEADER + size;
      }
      this.mem.setU32(at, 0);
    }
    return out;
  }

  protected override freeContent(): void {
    for (const event of this.held()) this.mem.release(event);
  }
}
