/** Proves that the links of a list lead back: every node's prev, or pprev, is where its list came from. */
import type { Addr } from '../../shared/brand.ts';
import { hlistNodes, listNodes } from './list.ts';
import type { Memory } from './memory.ts';

export type Report = (ok: boolean, message: () => string) => void;

/** prev and pprev come second in both node types. */
const PREV = 8n;

/** A circular list, its head among its nodes. */
export function checkList(mem: Memory, head: Addr, name: string, check: Report): void {
  let before = head;
  for (const node of listNodes(mem, head)) {
    const prev = mem.u64(node + PREV);
    check(prev === before, () => `${name}: a prev does not lead back`);
    before = node;
  }
  check(mem.u64(head + PREV) === before, () => `${name}: the head's prev is not the last node`);
}

/** A list that ends in NULL. */
export function checkHlist(mem: Memory, head: Addr, name: string, check: Report): void {
  let before = head;
  for (const node of hlistNodes(mem, head)) {
    const pprev = mem.u64(node + PREV);
    check(pprev === before, () => `${name}: a pprev does not lead back`);
    before = node;
  }
}
