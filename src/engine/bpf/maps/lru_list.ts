/**
 * Which element an LRU map gives up: lists of nodes that are in use and were looked up, in use and were not, free.
 *
 *     common:   local free <- pop, 1..128 at a time <- FREE, else INACTIVE from its end, else ACTIVE
 *               a popped node is pending, until the next refill puts it to ACTIVE or INACTIVE
 *     per cpu:  FREE -> INACTIVE at once, no local lists
 *
 * A lookup by a program only sets a node's `ref`; rotation moves nodes with it to ACTIVE and clears it, and those
 * without it from ACTIVE to INACTIVE. So an update may give up an element even where the key is there already.
 *
 * Source: kernel/bpf/bpf_lru_list.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { listAddHead, listDel, listInit } from '../../kernel/list.ts';
import type { Memory } from '../../kernel/memory.ts';
import type { View } from '../../kernel/view.ts';

const ACTIVE = 0;
const INACTIVE = 1;
const FREE = 2;
const LOCAL_FREE = 3;
const LOCAL_PENDING = 4;
/** LOCAL_FREE_TARGET, LOCAL_NR_SCANS */
const LOCAL_TARGET = 128;
/** PERCPU_FREE_TARGET, PERCPU_NR_SCANS */
const PERCPU_TARGET = 4;
const PREV = 8n;
const POINTER = 16n;

export interface LruSpec {
  /** struct bpf_lru */
  readonly lru: View;
  /** BPF_F_NO_COMMON_LRU */
  readonly percpu: boolean;
  readonly entries: number;
  readonly cpus: number;
  /** Takes the element out of its table. @returns false when it is in none */
  readonly evict: (elem: Addr) => boolean;
}

export class Lru {
  private readonly mem: Memory;
  private readonly spec: LruSpec;
  private readonly list: View;
  private readonly locals: Addr;
  private readonly scans: number;
  private readonly target: number;
  private readonly at: Readonly<Record<'node' | 'type' | 'ref', bigint>>;

  /** One processor runs programs here, so there is one list of its own. */
  constructor(kernel: Kernel, spec: LruSpec) {
    this.mem = kernel.mem;
    this.spec = spec;
    const elem = kernel.types.struct('htab_elem');
    const offset = (path: string): bigint => BigInt(elem.field(path).offset);
    this.at = { node: offset('lru_node'), type: offset('lru_node.type'), ref: offset('lru_node.ref') };
    const { lru, percpu, entries, cpus } = spec;
    this.scans = percpu ? PERCPU_TARGET : LOCAL_TARGET;
    this.target = percpu
      ? PERCPU_TARGET
      : Math.min(Math.max(Math.floor(entries / cpus / 2), 1), LOCAL_TARGET);
    this.locals = percpu ? 0n : kernel.alloc('bpf_lru_locallist').addr;
    this.list = percpu ? kernel.alloc('bpf_lru_list') : lru.sub('common_lru.lru_list');
    lru.set(percpu ? 'percpu_lru' : 'common_lru.local_list', percpu ? this.list.addr : this.locals);
    lru.trySet('nr_scans', this.scans);
    lru.trySet('target_free', this.target);
    lru.trySet('percpu', percpu ? 1 : 0);
    for (const type of [ACTIVE, INACTIVE, FREE]) listInit(this.mem, this.head(type));
    if (!percpu) for (const type of [LOCAL_FREE, LOCAL_PENDING]) listInit(this.mem, this.head(type));
    this.list.set('next_inactive_rotation', this.head(INACTIVE));
  }

  /** A new element is free. @kernel bpf_lru_populate, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  populate(elem: Addr): void {
    this.mem.setU8(elem + this.at.type, FREE);
    listAddHead(this.mem, elem + this.at.node, this.head(FREE));
  }
  free(): void {
    this.mem.release(this.spec.percpu ? this.list.addr : this.locals);
  }

  /** @kernel bpf_lru_node_set_ref, kernel/bpf/bpf_lru_list.h @fidelity full: maps.test.ts */
  touch(elem: Addr): void {
    this.mem.setU8(elem + this.at.ref, 1);
  }

  /** An element for a new key, taken from another key if need be; 0 when none can be had. @kernel bpf_lru_pop_free, kernel/bpf/bpf_lru_list.c @fidelity partial: nothing is stolen from other processors */
  pop(): Addr {
    return this.spec.percpu ? this.popPercpu() : this.popCommon();
  }

  /** The element has no key any more. @kernel bpf_lru_push_free, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  push(elem: Addr): void {
    if (this.typeOf(elem) === LOCAL_PENDING) this.link(elem, LOCAL_FREE);
    else this.move(elem, FREE);
  }

  // -- lists ---------------------------------------------------------------------------------------------------

  private head(type: number): Addr {
    if (type >= LOCAL_FREE) return this.locals + BigInt(type - LOCAL_FREE) * POINTER;
    return this.list.at('lists') + BigInt(type) * POINTER;
  }
  private typeOf(elem: Addr): number {
    return this.mem.u8(elem + this.at.type);
  }
  private isRef(elem: Addr): boolean {
    return this.mem.u8(elem + this.at.ref) !== 0;
  }
  private isEmpty(type: number): boolean {
    return this.mem.u64(this.head(type)) === this.head(type);
  }
  private first(type: number): Addr {
    return this.isEmpty(type) ? 0n : this.mem.u64(this.head(type)) - this.at.node;
  }
  private count(type: number): number {
    return this.list.num(`counts[${type}]`);
  }
  private adjust(type: number, by: 1 | -1): void {
    if (type <= INACTIVE) this.list.set(`counts[${type}]`, this.count(type) + by);
  }
  /** Elements of a list from its end; the one at hand may be moved meanwhile. */
  private *fromEnd(type: number): Generator<Addr> {
    const head = this.head(type);
    for (let node = this.mem.u64(head + PREV); node !== head;) {
      const before = this.mem.u64(node + PREV);
      yield node - this.at.node;
      node = before;
    }
  }
  /** To the front of a list, with `ref` cleared; counts are the caller's. */
  private link(elem: Addr, type: number): void {
    const node = elem + this.at.node;
    this.mem.setU8(elem + this.at.type, type);
    this.mem.setU8(elem + this.at.ref, 0);
    listDel(this.mem, node);
    listAddHead(this.mem, node, this.head(type));
  }
  /** From one of the three lists to the front of any. @kernel __bpf_lru_node_move, __bpf_lru_node_move_to_free, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  private move(elem: Addr, type: number): void {
    this.adjust(this.typeOf(elem), -1);
    this.adjust(type, 1);
    const node = elem + this.at.node;
    if (this.list.ptr('next_inactive_rotation') === node)
      this.list.set('next_inactive_rotation', this.mem.u64(node + PREV));
    this.link(elem, type);
  }

  // -- which one -----------------------------------------------------------------------------------------------

  private popPercpu(): Addr {
    this.rotate();
    if (this.isEmpty(FREE)) this.shrink(PERCPU_TARGET, FREE);
    const elem = this.first(FREE);
    if (elem !== 0n) this.move(elem, INACTIVE);
    return elem;
  }

  /** @kernel bpf_common_lru_pop_free, kernel/bpf/bpf_lru_list.c @fidelity partial: as pop */
  private popCommon(): Addr {
    if (this.isEmpty(LOCAL_FREE)) this.refill();
    const elem = this.first(LOCAL_FREE) || this.takePending();
    if (elem !== 0n) this.link(elem, LOCAL_PENDING);
    return elem;
  }

  /** @kernel bpf_lru_list_pop_free_to_local, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  private refill(): void {
    for (const elem of this.fromEnd(LOCAL_PENDING)) {
      const type = this.isRef(elem) ? ACTIVE : INACTIVE;
      this.adjust(type, 1);
      this.link(elem, type);
    }
    this.rotate();
    let got = 0;
    for (let elem = this.first(FREE); elem !== 0n && got < this.target; elem = this.first(FREE), got++)
      this.move(elem, LOCAL_FREE);
    if (got < this.target) this.shrink(this.target - got, LOCAL_FREE);
  }

  /** One that was popped and not refilled since; without `ref` if there is such. @kernel __local_list_pop_pending, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  private takePending(): Addr {
    for (const force of [false, true])
      for (const elem of this.fromEnd(LOCAL_PENDING))
        if ((force || !this.isRef(elem)) && this.spec.evict(elem)) return elem;
    return 0n;
  }

  /** @kernel __bpf_lru_list_rotate, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  private rotate(): void {
    if (this.count(INACTIVE) < this.count(ACTIVE)) this.rotateActive();
    this.rotateInactive();
  }
  private rotateActive(): void {
    const stop = this.first(ACTIVE);
    let seen = 0;
    for (const elem of this.fromEnd(ACTIVE)) {
      this.move(elem, this.isRef(elem) ? ACTIVE : INACTIVE);
      if (++seen === this.scans || elem === stop) return;
    }
  }
  private rotateInactive(): void {
    if (this.isEmpty(INACTIVE)) return;
    const head = this.head(INACTIVE);
    const start = this.list.ptr('next_inactive_rotation');
    let last = this.mem.u64(start);
    if (last === head) last = this.mem.u64(last);
    let next = start;
    for (let cur = start, seen = 0; seen < this.scans;) {
      if (cur === head) {
        cur = this.mem.u64(cur + PREV);
        continue;
      }
      const elem = cur - this.at.node;
      next = this.mem.u64(cur + PREV);
      if (this.isRef(elem)) this.move(elem, ACTIVE);
      if (cur === last) break;
      cur = next;
      seen++;
    }
    this.list.set('next_inactive_rotation', next);
  }

  /** Gives up elements, at most `wanted`. @kernel __bpf_lru_list_shrink, kernel/bpf/bpf_lru_list.c @fidelity full: maps.test.ts */
  private shrink(wanted: number, to: number): void {
    let [got, seen] = [0, 0];
    for (const elem of this.fromEnd(INACTIVE)) {
      if (this.isRef(elem)) this.move(elem, ACTIVE);
      else if (this.spec.evict(elem)) {
        this.move(elem, to);
        if (++got === wanted) break;
      }
      if (++seen === this.scans) break;
    }
    if (got > 0) return;
    for (const elem of this.fromEnd(this.isEmpty(INACTIVE) ? ACTIVE : INACTIVE))
      if (this.spec.evict(elem)) return this.move(elem, to);
  }
}
