/**
 * list_head, hlist and hlist_nulls: the kernel's intrusive lists, as bytes.
 *
 *     head <-> node <-> node <-> head        list_head: circular, the head is a member
 *     head -> node -> node -> NULL           hlist: pprev points to the pointer that points here
 *     head -> node -> node -> odd number     hlist_nulls: the end tells which list it is
 *
 * Functions take addresses of heads and nodes; `containerOf` goes from a node to the struct it sits in.
 *
 * Source: include/linux/list.h, include/linux/list_nulls.h.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from './kernel.ts';
import type { Memory } from './memory.ts';
import type { View } from './view.ts';

/** `next` comes first in both node types, `prev`/`pprev` right after it: ABI of every release. */
const PREV = 8n;
/** A longer list than any image holds: it has lost its head. */
const ENDLESS = 1 << 22;

/** The struct that embeds `path` at `node`. */
export function containerOf(kernel: Kernel, node: Addr, struct: string, path: string): View {
  return kernel.view(struct, node - BigInt(kernel.types.struct(struct).field(path).offset));
}

/** @kernel INIT_LIST_HEAD, include/linux/list.h @fidelity full: kernel.test.ts */
export function listInit(mem: Memory, head: Addr): void {
  mem.setU64(head, head);
  mem.setU64(head + PREV, head);
}

/** @kernel list_add_tail, include/linux/list.h @fidelity full: kernel.test.ts */
export function listAddTail(mem: Memory, node: Addr, head: Addr): void {
  const last = mem.u64(head + PREV);
  mem.setU64(node, head);
  mem.setU64(node + PREV, last);
  mem.setU64(last, node);
  mem.setU64(head + PREV, node);
}

/** @kernel list_add, include/linux/list.h @fidelity full: src/engine/kernel/sockets.test.ts */
export function listAddHead(mem: Memory, node: Addr, head: Addr): void {
  listAddTail(mem, node, mem.u64(head));
}

/**
 * Takes `node` out and leaves it pointing to itself.
 *
 * @kernel list_del_init, include/linux/list.h
 * @fidelity full: src/engine/kernel/sockets.test.ts
 */
export function listDel(mem: Memory, node: Addr): void {
  const next = mem.u64(node);
  const prev = mem.u64(node + PREV);
  mem.setU64(prev, next);
  mem.setU64(next + PREV, prev);
  listInit(mem, node);
}

/** Addresses of the nodes from first to last. The list must not lose the current node while it is walked. */
export function* listNodes(mem: Memory, head: Addr): Generator<Addr> {
  let steps = 0;
  for (let node = mem.u64(head); node !== head; node = mem.u64(node)) {
    if (++steps > ENDLESS) throw new EngineBug('a list does not come back to its head');
    yield node;
  }
}

/** @kernel hlist_add_head, include/linux/list.h @fidelity full: kernel.test.ts */
export function hlistAddHead(mem: Memory, node: Addr, head: Addr): void {
  const first = mem.u64(head);
  mem.setU64(node, first);
  if (first !== 0n) mem.setU64(first + PREV, node);
  mem.setU64(head, node);
  mem.setU64(node + PREV, head);
}

/** @kernel hlist_del_init, include/linux/list.h @fidelity full: src/engine/kernel/sockets.test.ts */
export function hlistDel(mem: Memory, node: Addr): void {
  const pprev = mem.u64(node + PREV);
  if (pprev === 0n) return;
  const next = mem.u64(node);
  mem.setU64(pprev, next);
  if (next !== 0n) mem.setU64(next + PREV, pprev);
  mem.setU64(node, 0n);
  mem.setU64(node + PREV, 0n);
}

/** True when the node is in no list. @kernel hlist_unhashed, include/linux/list.h @fidelity full: src/engine/kernel/sockets.test.ts */
export const hlistUnhashed = (mem: Memory, node: Addr): boolean => mem.u64(node + PREV) === 0n;

/** Addresses of the nodes from first to last. */
export function* hlistNodes(mem: Memory, head: Addr): Generator<Addr> {
  let steps = 0;
  for (let node = mem.u64(head); node !== 0n; node = mem.u64(node)) {
    if (++steps > ENDLESS) throw new EngineBug('an hlist does not end');
    yield node;
  }
}

/** The end of an hlist_nulls: odd, and tells which list it is. @kernel NULLS_MARKER, include/linux/list_nulls.h @fidelity full: src/engine/kernel/sockets.test.ts */
export const nullsMarker = (value: number): Addr => (BigInt(value) << 1n) | 1n;
const isNulls = (node: Addr): boolean => (node & 1n) !== 0n;

/** @kernel hlist_nulls_add_head_rcu, include/linux/rculist_nulls.h @fidelity full: src/engine/kernel/sockets.test.ts */
export function hlistNullsAddHead(mem: Memory, node: Addr, head: Addr): void {
  const first = mem.u64(head);
  mem.setU64(node, first);
  mem.setU64(node + PREV, head);
  mem.setU64(head, node);
  if (!isNulls(first)) mem.setU64(first + PREV, node);
}

/** @kernel hlist_nulls_del_init_rcu, include/linux/rculist_nulls.h @fidelity full: src/engine/kernel/sockets.test.ts */
export function hlistNullsDel(mem: Memory, node: Addr): void {
  const pprev = mem.u64(node + PREV);
  if (pprev === 0n) return;
  const next = mem.u64(node);
  mem.setU64(pprev, next);
  if (!isNulls(next)) mem.setU64(next + PREV, pprev);
  mem.setU64(node + PREV, 0n);
}

/** Addresses of the nodes of an hlist_nulls from first to last. */
export function* hlistNullsNodes(mem: Memory, head: Addr): Generator<Addr> {
  let steps = 0;
  for (let node = mem.u64(head); !isNulls(node); node = mem.u64(node)) {
    if (++steps > ENDLESS) throw new EngineBug('an hlist_nulls does not end');
    yield node;
  }
}
