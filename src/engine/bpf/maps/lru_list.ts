/**
 * The order in which elements of an LRU map are given up: a list_head ring through the elements.
 *
 * A new element goes to the front. A lookup only sets the element's `ref`; when something must go, elements
 * from the back that have it get a second chance at the front.
 *
 * Source: kernel/bpf/bpf_lru_list.c, Linux 6.12, reduced to one list.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Memory } from '../../kernel/memory.ts';
import type { StructType } from '../../kernel/types.ts';

export class LruList {
  private readonly mem: Memory;
  private readonly head: Addr;
  private readonly node: bigint;
  private readonly ref: bigint;

  /** @param head address of a list_head; @param elem struct htab_elem */
  constructor(mem: Memory, head: Addr, elem: StructType) {
    this.mem = mem;
    this.head = head;
    this.node = BigInt(elem.field('lru_node').offset);
    this.ref = BigInt(elem.field('lru_node.ref').offset);
    mem.setU64(head, head);
    mem.setU64(head + 8n, head);
  }

  add(elem: Addr): void {
    const node = elem + this.node;
    const first = this.mem.u64(this.head);
    this.mem.setU64(node, first);
    this.mem.setU64(node + 8n, this.head);
    this.mem.setU64(first + 8n, node);
    this.mem.setU64(this.head, node);
    this.mem.setU8(elem + this.ref, 0);
  }

  remove(elem: Addr): void {
    const next = this.mem.u64(elem + this.node);
    const prev = this.mem.u64(elem + this.node + 8n);
    this.mem.setU64(prev, next);
    this.mem.setU64(next + 8n, prev);
  }

  touch(elem: Addr): void {
    this.mem.setU8(elem + this.ref, 1);
  }

  /** The element to give up. The list must not be empty. */
  oldest(): Addr {
    for (;;) {
      const elem = this.mem.u64(this.head + 8n) - this.node;
      if (this.mem.u8(elem + this.ref) === 0) return elem;
      this.remove(elem);
      this.add(elem);
    }
  }
}
