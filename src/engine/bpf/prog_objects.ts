/**
 * Objects that programs allocate, and the lists and trees they keep them in.
 *
 *     bpf_list_head { next, prev }           bpf_list_node { next, prev, owner }
 *     bpf_rb_root { node, leftmost }         bpf_rb_node { parent, right, left, owner }
 *
 * A node's owner is the head or root that holds it, 0 while none does. As the kernel's allocator for programs
 * keeps a word of its own before each object, so do we: there stands what the object is.
 *
 *     { btf, type id } object ...
 *
 * Source: kernel/bpf/helpers.c, lib/rbtree.c, Linux 6.12.
 */
import type { Addr, Bytes, TypeId } from '../../shared/brand.ts';
import { sizeOf } from '../btf/layout.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { listDel, listInit } from '../kernel/list.ts';
import type { Memory } from '../kernel/memory.ts';
import { rbErase, rbInsert, rbNext } from '../kernel/rbtree.ts';
import { btfsByAddr } from './btf_object.ts';
import type { BtfObject } from './btf_object.ts';
import { releaseKernelObject } from './kernel_refs.ts';
import { specialFields } from './special_fields.ts';
import type { SpecialField } from './special_fields.ts';

/** Before an object: the address of its struct btf, and the type's number in it. */
const HIDDEN: Bytes = 16;
const TYPE_ID = 8n;

interface ProgObject {
  readonly addr: Addr;
  readonly fields: readonly SpecialField[];
}

/** The object that holds this address; null when none does. */
function holder(kernel: Kernel, inside: Addr): ProgObject | null {
  const start = kernel.mem.allocationAt(inside);
  const btf = start === 0n ? null : btfsByAddr.find(kernel, kernel.mem.u64(start));
  if (!btf) return null;
  const fields = specialFields(btf.types, kernel.mem.u32(start + TYPE_ID));
  return { addr: start + BigInt(HIDDEN), fields };
}

/** How a field begins. @kernel bpf_obj_init_field, include/linux/bpf.h @fidelity full: prog_objects.test.ts */
function initField(mem: Memory, kind: string, at: Addr): void {
  if (kind === 'bpf_refcount') mem.setU32(at, 1);
  else if (kind === 'bpf_list_head' || kind === 'bpf_list_node') listInit(mem, at);
  else if (kind === 'bpf_rb_node') mem.setU64(at, at);
}

/**
 * A new object, zeroed but for its special fields.
 *
 * @param copies one for each processor
 * @kernel bpf_obj_new_impl, kernel/bpf/helpers.c
 * @fidelity full: prog_objects.test.ts
 */
export function newProgObject(kernel: Kernel, { addr: btf, types }: BtfObject, id: TypeId, copies = 1): Addr {
  const { mem } = kernel;
  const start = mem.alloc(HIDDEN + sizeOf(types, id) * copies, 8);
  mem.setU64(start, btf);
  mem.setU64(start + TYPE_ID, BigInt(id));
  const addr = start + BigInt(HIDDEN);
  for (const { kind, offset } of specialFields(types, id)) initField(mem, kind, addr + BigInt(offset));
  return addr;
}

/**
 * Gives up a reference on an object; the last one frees it with all that it holds.
 *
 * @param inside an address in the object
 * @kernel __bpf_obj_drop_impl, kernel/bpf/helpers.c
 * @fidelity full: app/async.test.ts
 */
export function dropProgObject(kernel: Kernel, inside: Addr): void {
  const object = holder(kernel, inside);
  if (!object) return;
  const counter = refcountAt(object);
  if (counter !== 0n) {
    const left = kernel.mem.u32(counter) - 1;
    kernel.mem.setU32(counter, left);
    if (left > 0) return;
  }
  freeFields(kernel, object.fields, object.addr);
  kernel.mem.release(object.addr - BigInt(HIDDEN));
}

const refcountAt = ({ addr, fields }: ProgObject): Addr => {
  const field = fields.find(({ kind }) => kind === 'bpf_refcount');
  return field ? addr + BigInt(field.offset) : 0n;
};

/** @returns the object with one more reference, 0 when it has none left @kernel bpf_refcount_acquire_impl, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
export function acquireProgObject(kernel: Kernel, addr: Addr): Addr {
  const object = holder(kernel, addr);
  const counter = object ? refcountAt(object) : 0n;
  if (counter === 0n || kernel.mem.u32(counter) === 0) return 0n;
  kernel.mem.setU32(counter, kernel.mem.u32(counter) + 1);
  return addr;
}

/** Drops what lists, trees and pointers in a value hold. @kernel bpf_obj_free_fields, kernel/bpf/syscall.c @fidelity full: app/async.test.ts */
export function freeFields(kernel: Kernel, fields: readonly SpecialField[], base: Addr): void {
  for (const { kind, offset, target = '' } of fields) {
    const at = base + BigInt(offset);
    if (kind === 'bpf_list_head') {
      for (let node = popList(kernel.mem, at, true); node !== 0n; node = popList(kernel.mem, at, true))
        dropProgObject(kernel, node);
    } else if (kind === 'bpf_rb_root') {
      for (let node = kernel.mem.u64(at + LEFTMOST); node !== 0n; node = kernel.mem.u64(at + LEFTMOST)) {
        removeFromTree(kernel.mem, at, node);
        dropProgObject(kernel, node);
      }
    } else if (ASYNC[kind] !== undefined) freeAsync(kernel, ASYNC[kind], at);
    else if (kind === 'kptr' || kind === 'percpu_kptr') {
      const held = kernel.mem.u64(at);
      kernel.mem.setU64(at, 0n);
      if (held !== 0n && !releaseKernelObject(kernel, target, held)) dropProgObject(kernel, held);
    }
  }
}

/** What timers and work queues lead to. */
const ASYNC: Readonly<Record<string, string>> = { bpf_timer: 'bpf_hrtimer', bpf_wq: 'bpf_work' };

/** It will not run any more. @kernel bpf_timer_cancel_and_free, bpf_wq_cancel_and_free, kernel/bpf/helpers.c @fidelity full: app/async.test.ts */
function freeAsync(kernel: Kernel, struct: string, at: Addr): void {
  const item = kernel.mem.u64(at);
  kernel.mem.setU64(at, 0n);
  if (item === 0n) return;
  kernel.freeing(struct, kernel.view(struct, item));
  kernel.mem.release(item);
}

/** Timers and work of a value whose map no user space has a way to any more. */
export function freeAsyncFields(kernel: Kernel, fields: readonly SpecialField[], base: Addr): void {
  freeFields(
    kernel,
    fields.filter(({ kind }) => ASYNC[kind] !== undefined),
    base,
  );
}

// -- lists ---------------------------------------------------------------------------------------------------

const LIST_OWNER = 16n;
/** Zeroed memory of a map is an empty list too. */
function ready(mem: Memory, head: Addr): void {
  if (mem.u64(head) === 0n) listInit(mem, head);
}

/** @returns false for a node that is in a list already @kernel __bpf_list_add, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
export function pushList(mem: Memory, head: Addr, node: Addr, front: boolean): boolean {
  ready(mem, head);
  if (mem.u64(node + LIST_OWNER) !== 0n) return false;
  const [prev, next] = front ? [head, mem.u64(head)] : [mem.u64(head + 8n), head];
  mem.setU64(node, next);
  mem.setU64(node + 8n, prev);
  mem.setU64(prev, node);
  mem.setU64(next + 8n, node);
  mem.setU64(node + LIST_OWNER, head);
  return true;
}

/** @returns the node, 0 when the list is empty @kernel __bpf_list_del, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
export function popList(mem: Memory, head: Addr, front: boolean): Addr {
  ready(mem, head);
  const node = mem.u64(front ? head : head + 8n);
  if (node === head) return 0n;
  listDel(mem, node);
  mem.setU64(node + LIST_OWNER, 0n);
  return node;
}

// -- trees ---------------------------------------------------------------------------------------------------

const LEFTMOST = 8n;
const RIGHT = 8n;
const LEFT = 16n;
const TREE_OWNER = 24n;

/**
 * @param less true when the first node goes before the second
 * @returns false for a node that is in a tree already
 * @kernel __bpf_rbtree_add, kernel/bpf/helpers.c
 * @fidelity full: prog_objects.test.ts
 */
export function addToTree(mem: Memory, root: Addr, node: Addr, less: (a: Addr, b: Addr) => boolean): boolean {
  if (mem.u64(node + TREE_OWNER) !== 0n) return false;
  let link = root;
  let parent = 0n;
  let leftmost = true;
  for (let at = mem.u64(link); at !== 0n; at = mem.u64(link)) {
    parent = at;
    const left = less(node, at);
    leftmost &&= left;
    link = at + (left ? LEFT : RIGHT);
  }
  rbInsert(mem, root, node, parent, link);
  mem.setU64(node + TREE_OWNER, root);
  if (leftmost) mem.setU64(root + LEFTMOST, node);
  return true;
}

/** The node that comes first, or 0. */
export const firstOfTree = (mem: Memory, root: Addr): Addr => mem.u64(root + LEFTMOST);

/** @returns the node, 0 when it is not in this tree @kernel bpf_rbtree_remove, kernel/bpf/helpers.c @fidelity full: prog_objects.test.ts */
export function removeFromTree(mem: Memory, root: Addr, node: Addr): Addr {
  if (mem.u64(node + TREE_OWNER) !== root) return 0n;
  if (mem.u64(root + LEFTMOST) === node) mem.setU64(root + LEFTMOST, rbNext(mem, node));
  rbErase(mem, root, node);
  mem.setU64(node, node);
  mem.setU64(node + TREE_OWNER, 0n);
  return node;
}
