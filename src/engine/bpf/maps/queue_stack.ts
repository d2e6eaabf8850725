/**
 * Queue and stack: a ring of values without keys, one slot larger than what fits, as empty and full must
 * differ.
 *
 * Source: kernel/bpf/queue_stack_maps.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_EXIST, BPF_NOEXIST, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';
import { KMALLOC_MAX_SIZE, NODE_AND_ACCESS, flagsOk } from './create_flags.ts';

/**
 * @kernel queue_stack_map_alloc_check, kernel/bpf/queue_stack_maps.c
 * @fidelity partial: capabilities are not modelled
 */
export function queueAllocCheck({ maxEntries, keySize, valueSize, flags }: MapSpec): NegErrno {
  if (maxEntries === 0 || keySize !== 0 || valueSize === 0 || !flagsOk(flags, NODE_AND_ACCESS))
    return fail('EINVAL');
  return valueSize > KMALLOC_MAX_SIZE ? fail('E2BIG') : 0;
}

export abstract class QueueStackMap extends BpfMap {
  constructor(init: MapInit) {
    const slots = init.spec.maxEntries + 1;
    super(init, 'bpf_queue_stack', slots * init.spec.valueSize);
    this.container.set('size', slots);
  }

  protected get head(): number {
    return this.container.num('head');
  }
  protected get tail(): number {
    return this.container.num('tail');
  }
  protected move(end: 'head' | 'tail', by: 1 | -1): void {
    const size = this.container.num('size');
    this.container.set(end, (this.container.num(end) + by + size) % size);
  }
  protected slot(index: number): Addr {
    return this.container.at('elements') + BigInt(index * this.spec.valueSize);
  }
  private get empty(): boolean {
    return this.head === this.tail;
  }
  private get full(): boolean {
    return (this.head + 1) % this.container.num('size') === this.tail;
  }

  /**
   * @kernel queue_stack_map_push_elem, kernel/bpf/queue_stack_maps.c
   * @fidelity full: src/engine/bpf/recorded.test.ts
   */
  override push(value: Addr, flags: bigint): NegErrno {
    if ((flags & BPF_NOEXIST) !== 0n || flags > BPF_EXIST) return fail('EINVAL');
    if (this.full) {
      if (flags !== BPF_EXIST) return fail('E2BIG');
      this.move('tail', 1);
    }
    this.mem.setBytes(this.slot(this.head), this.mem.bytes(value, this.spec.valueSize));
    this.move('head', 1);
    return 0;
  }

  /** The slot that peek and pop look at. */
  protected abstract front(): number;
  protected abstract drop(): void;

  /**
   * @kernel __queue_map_get, __stack_map_get, kernel/bpf/queue_stack_maps.c
   * @fidelity full: src/engine/bpf/recorded.test.ts
   */
  private take(value: Addr, remove: boolean): NegErrno {
    if (this.empty) {
      this.mem.fill(value, this.spec.valueSize, 0);
      return fail('ENOENT');
    }
    this.mem.setBytes(value, this.mem.bytes(this.slot(this.front()), this.spec.valueSize));
    if (remove) this.drop();
    return 0;
  }

  override pop(value: Addr): NegErrno {
    return this.take(value, true);
  }
  override peek(value: Addr): NegErrno {
    return this.take(value, false);
  }
  override lookup(_key: Addr): Addr {
    return 0n;
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }
  override delete(_key: Addr): NegErrno {
    return fail('EINVAL');
  }
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('EINVAL');
  }

  /** System calls push with update, peek with lookup. */
  override write(_key: Uint8Array, value: Uint8Array, flags = 0n): NegErrno {
    return this.withValue(value, (at) => this.push(at, flags));
  }
  override read(_key: Uint8Array): Uint8Array | null {
    return this.withValue(new Uint8Array(this.spec.valueSize), (at) =>
      this.peek(at) === 0 ? this.mem.bytes(at, this.spec.valueSize) : null,
    );
  }

  /** The element that is next, taken out. */
  popValue(): Uint8Array | null {
    return this.withValue(new Uint8Array(this.spec.valueSize), (at) =>
      this.pop(at) === 0 ? this.mem.bytes(at, this.spec.valueSize) : null,
    );
  }

  private withValue<T>(value: Uint8Array, body: (at: Addr) => T): T {
    const at = this.mem.alloc(value.length, 8);
    this.mem.setBytes(at, value);
    try {
      return body(at);
    } finally {
      this.mem.release(at);
    }
  }
}

export class QueueMap extends QueueStackMap {
  protected override front(): number {
    return this.tail;
  }
  protected override drop(): void {
    this.move('tail', 1);
  }
}

export class StackMap extends QueueStackMap {
  protected override front(): number {
    return (this.head - 1 + this.container.num('size')) % this.container.num('size');
  }
  protected override drop(): void {
    this.move('head', -1);
  }
}
