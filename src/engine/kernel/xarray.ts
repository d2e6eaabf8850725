/**
 * xarray: a radix tree from an index to a pointer, as bytes. The kernel's id tables (IDR) are made of it.
 *
 *     xa_head -> node (shift 6) -> slots[i] -> node (shift 0) -> slots[j] -> entry
 *
 * 64 slots to a node; a pointer to a node carries 2 in its low bits. A lone entry at index 0 sits in
 * xa_head itself. "The smallest id >= n" is one descent, which is why find_ge_pid is quick.
 *
 * Source: lib/xarray.c, lib/idr.c.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from './kernel.ts';
import type { View } from './view.ts';

const SHIFT = 6;
const SLOTS = 1 << SHIFT;
const NODE_TAG = 2n;

export interface XaEntry {
  readonly index: number;
  readonly entry: Addr;
}

const isNode = (entry: Addr): boolean => (entry & 3n) === NODE_TAG && entry > 4096n;

/** One struct xarray somewhere in memory; `field` of `owner` is the xarray (idr.idr_rt, i_pages, ...). */
export class XArray {
  private readonly kernel: Kernel;
  private readonly xa: View;
  private readonly slotsAt: bigint;

  constructor(kernel: Kernel, xa: View) {
    this.kernel = kernel;
    this.xa = xa;
    this.slotsAt = BigInt(kernel.types.struct('xa_node').field('slots').offset);
  }

  private node(entry: Addr): View {
    return this.kernel.view('xa_node', entry - NODE_TAG);
  }
  private slot(node: View, i: number): Addr {
    return this.kernel.mem.u64(node.addr + this.slotsAt + BigInt(i * 8));
  }
  private setSlot(node: View, i: number, entry: Addr): void {
    this.kernel.mem.setU64(node.addr + this.slotsAt + BigInt(i * 8), entry);
  }

  /** The entry at an index, or 0. @kernel xa_load, lib/xarray.c @fidelity full: trees.test.ts */
  load(index: number): Addr {
    let entry = this.xa.ptr('xa_head');
    if (!isNode(entry)) return index === 0 ? entry : 0n;
    if (index >= 2 ** (this.node(entry).num('shift') + SHIFT)) return 0n;
    while (isNode(entry)) {
      const node = this.node(entry);
      entry = this.slot(node, Math.floor(index / 2 ** node.num('shift')) % SLOTS);
    }
    return entry;
  }

  /** The first entry at `from` or after it. @kernel xa_find, lib/xarray.c @fidelity full: trees.test.ts */
  find(from: number): XaEntry | null {
    const head = this.xa.ptr('xa_head');
    if (!isNode(head)) return from <= 0 && head !== 0n ? { index: 0, entry: head } : null;
    return this.findIn(this.node(head), 0, Math.max(0, from));
  }

  private findIn(node: View, base: number, from: number): XaEntry | null {
    const span = 2 ** node.num('shift');
    if (from >= base + span * SLOTS) return null;
    for (let i = from > base ? Math.floor((from - base) / span) : 0; i < SLOTS; i++) {
      const entry = this.slot(node, i);
      if (entry === 0n) continue;
      if (!isNode(entry)) return { index: base + i, entry };
      const found = this.findIn(this.node(entry), base + i * span, from);
      if (found) return found;
    }
    return null;
  }

  /** Every entry in index order. */
  *entries(): Generator<XaEntry> {
    for (let at = this.find(0); at; at = this.find(at.index + 1)) yield at;
  }

  /**
   * Puts an entry (not 0) at an index, replacing what is there.
   *
   * @kernel xa_store, lib/xarray.c
   * @fidelity partial: marks (search tags) are not kept
   */
  store(index: number, entry: Addr): void {
    let head = this.xa.ptr('xa_head');
    if (!isNode(head) && index === 0) return this.xa.set('xa_head', entry);
    if (!isNode(head)) head = this.grow(head, 0);
    while (index >= 2 ** (this.node(head).num('shift') + SHIFT))
      head = this.grow(head, this.node(head).num('shift') + SHIFT);
    let node = this.node(head);
    for (let shift = node.num('shift'); shift > 0; shift -= SHIFT) {
      const i = Math.floor(index / 2 ** shift) % SLOTS;
      let child = this.slot(node, i);
      if (child === 0n) {
        child = this.newNode(shift - SHIFT, node.addr, i);
        this.setSlot(node, i, child);
        node.set('count', node.num('count') + 1);
      }
      node = this.node(child);
    }
    if (this.slot(node, index % SLOTS) === 0n) node.set('count', node.num('count') + 1);
    this.setSlot(node, index % SLOTS, entry);
  }

  private newNode(shift: number, parent: Addr, offset: number): Addr {
    const node = this.kernel.alloc('xa_node');
    node.set('shift', shift);
    node.set('offset', offset);
    node.set('parent', parent);
    node.set('array', this.xa.addr);
    return node.addr + NODE_TAG;
  }

  /** One more level on top; what was the head becomes slot 0. */
  private grow(head: Addr, shift: number): Addr {
    const top = this.newNode(shift, 0n, 0);
    if (head !== 0n) {
      this.setSlot(this.node(top), 0, head);
      this.node(top).set('count', 1);
      if (isNode(head)) this.node(head).set('parent', top - NODE_TAG);
    }
    this.xa.set('xa_head', top);
    return top;
  }

  /**
   * Takes the entry at an index away; nodes that become empty are freed.
   *
   * @kernel xa_erase, lib/xarray.c
   * @fidelity partial: the tree does not get lower while it has entries
   */
  erase(index: number): void {
    if (this.load(index) === 0n) return;
    const head = this.xa.ptr('xa_head');
    if (!isNode(head)) return this.xa.set('xa_head', 0n);
    let node = this.node(head);
    while (node.num('shift') > 0)
      node = this.node(this.slot(node, Math.floor(index / 2 ** node.num('shift')) % SLOTS));
    this.setSlot(node, index % SLOTS, 0n);
    node.set('count', node.num('count') - 1);
    while (node.num('count') === 0) {
      const parent = node.ptr('parent');
      const offset = node.num('offset');
      this.kernel.mem.release(node.addr);
      if (parent === 0n) return this.xa.set('xa_head', 0n);
      node = this.kernel.view('xa_node', parent);
      this.setSlot(node, offset, 0n);
      node.set('count', node.num('count') - 1);
    }
  }
}
