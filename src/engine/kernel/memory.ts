/**
 * All bytes of the simulated kernel, in one linear WebAssembly.Memory.
 *
 * Every kernel object, map value, stack and buffer that a program can reach lives here and nowhere else.
 * An address is translated to a linear offset; an address with nothing behind it is a fault. All stores
 * can be watched before they are made: that is how the state of an earlier moment is brought back (see
 * page_log.ts).
 *
 *     Addr --translate--> linear offset --store/load--> bytes
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import { hex } from '../../shared/int64.ts';
import { cString } from '../../shared/utf8.ts';
import { FOUR_LEVEL, KERNEL_IMAGE, PAGE_SIZE } from './address.ts';
import type { AddressMap } from './address.ts';

const WASM_PAGE = 65536;
/** How far before an address its allocation may begin. */
const MOST_SEARCHED: Bytes = 1 << 16;
/** The start of linear memory belongs to the VM and is never handed out; offset 0 is no object. */
export const RESERVED = WASM_PAGE;
/** Where vmalloc space ends to be linear memory seen again, from its start. */
const AREAS = 0x1_0000_0000n;
/** What the machine may have in all. */
export const MOST_BYTES: Bytes = 2 ** 31;

/** A load or store that no memory answers: an oops in the kernel, SIGSEGV in user space, 0 for a BTF load. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly addr: Addr;
  constructor(addr: Addr) {
    super(`no memory at ${hex(addr)}`);
    this.addr = addr;
  }
}

/** More was asked for than this machine has. Whoever allocates at a user's wish turns it into -ENOMEM. */
export class OutOfMemory extends Error {
  override readonly name = 'OutOfMemory';
}

/** Is told of every store before it is made: linear offset and bytes. */
export type StoreWatch = (at: number, size: Bytes) => void;

/** Everything of the memory that changes, to be put back later. */
export interface MemorySnapshot {
  readonly bytes: Uint8Array;
  readonly brk: number;
  readonly free: ReadonlyMap<number, readonly number[]>;
  readonly sizes: ReadonlyMap<number, number>;
  readonly image: ReadonlyMap<number, number>;
  readonly areas: ReadonlyMap<number, number>;
  readonly areasEnd: bigint;
}

/** @returns the linear offset of `size` bytes at `at`, whose pages must lie one behind the other, or -1 */
function paged(pages: ReadonlyMap<number, number>, at: number, size: Bytes): number {
  const page = pages.get(Math.floor(at / PAGE_SIZE));
  if (page === undefined) return -1;
  const last = Math.floor((at + Math.max(size, 1) - 1) / PAGE_SIZE);
  for (let p = Math.floor(at / PAGE_SIZE) + 1, want = page + PAGE_SIZE; p <= last; p++, want += PAGE_SIZE)
    if (pages.get(p) !== want) return -1;
  return page + (at % PAGE_SIZE);
}

export class Memory {
  readonly map: AddressMap;
  private readonly wasm: WebAssembly.Memory;
  private view: DataView;
  private u8s: Uint8Array;
  /** First linear offset never handed out. */
  private brk = RESERVED;
  /** Freed linear offsets by size class; the last freed is reused first. */
  private free = new Map<number, number[]>();
  /** Size class of every live allocation by linear offset. */
  private sizes = new Map<number, number>();
  /** Pages of the kernel image that are backed: page number within the image -> linear offset. */
  private image = new Map<number, number>();
  /** Pages mapped into vmalloc space behind the alias of linear memory: page number in that space -> linear offset. */
  private areas = new Map<number, number>();
  /** Where vmalloc space has not been given away yet, from its start. */
  private areasEnd = AREAS;
  private onStore: StoreWatch | null = null;
  private handedOut = 0;

  constructor(map: AddressMap = FOUR_LEVEL, maximumPages = 65536) {
    this.map = map;
    this.wasm = new WebAssembly.Memory({ initial: 32, maximum: maximumPages });
    this.view = new DataView(this.wasm.buffer);
    this.u8s = new Uint8Array(this.wasm.buffer);
  }

  /** Linear memory itself, for an engine that translates addresses on its own. Growth replaces it. */
  get buffer(): ArrayBuffer {
    return this.wasm.buffer;
  }

  /** True while stores are watched: then an engine that stores on its own calls `storing` before. */
  get watched(): boolean {
    return this.onStore !== null;
  }

  /** Tells who watches of a store that is about to be made. */
  storing(at: number, size: Bytes): void {
    this.onStore?.(at, size);
  }

  /** @param watch is told of every store from now on; null: nobody */
  watchStores(watch: StoreWatch | null): void {
    this.onStore = watch;
  }

  /** Counts what changes who has which memory: as long as it stands still, bytes are all that changes. */
  get allocations(): number {
    return this.handedOut;
  }

  // -- addresses ---------------------------------------------------------------------------------------

  /** @returns the linear offset of `size` bytes at `addr`, or -1 when some of them do not exist */
  translate(addr: Addr, size: Bytes): number {
    const direct = BigInt.asUintN(64, addr - this.map.pageOffset);
    if (direct < 0x1_0000_0000n) return this.within(Number(direct), size);
    if (addr >= KERNEL_IMAGE && addr <= 0xffff_ffff_ffff_ffffn)
      return paged(this.image, Number(addr - KERNEL_IMAGE), size);
    const vmalloc = BigInt.asUintN(64, addr - this.map.vmalloc);
    if (vmalloc < 0x1_0000_0000n) return this.within(Number(vmalloc), size);
    return this.areas.size > 0 && vmalloc < this.areasEnd ? paged(this.areas, Number(vmalloc), size) : -1;
  }

  private within(at: number, size: Bytes): number {
    return at >= RESERVED && at + size <= this.brk ? at : -1;
  }

  /** Backs `size` bytes of the kernel image at `addr` with zeroed pages, if they are not yet. */
  mapImage(addr: Addr, size: Bytes): void {
    if (addr < KERNEL_IMAGE) throw new EngineBug(`${hex(addr)} is not in the kernel image`);
    const first = Math.floor(Number(addr - KERNEL_IMAGE) / PAGE_SIZE);
    const last = Math.floor((Number(addr - KERNEL_IMAGE) + Math.max(size, 1) - 1) / PAGE_SIZE);
    for (let p = first; p <= last; p++) {
      if (this.image.has(p)) continue;
      let end = p + 1;
      while (end <= last && !this.image.has(end)) end++;
      const at = this.take((end - p) * PAGE_SIZE, PAGE_SIZE);
      for (let i = p; i < end; i++) this.image.set(i, at + (i - p) * PAGE_SIZE);
    }
  }

  /**
   * Address space for pages that come later; nothing of it is backed yet.
   *
   * @param size a multiple of PAGE_SIZE
   * @kernel get_vm_area, mm/vmalloc.c
   * @fidelity partial: areas are not given out again
   */
  reserveArea(size: bigint): Addr {
    const start = this.areasEnd;
    this.handedOut++;
    this.areasEnd += size + BigInt(PAGE_SIZE);
    return this.map.vmalloc + start;
  }

  /** Backs one page of a reserved area with the page at `page`. @kernel vm_area_map_pages, mm/vmalloc.c @fidelity full: arena_pages.test.ts */
  mapArea(addr: Addr, page: Addr): void {
    this.handedOut++;
    this.areas.set(this.areaPage(addr), this.need(page, PAGE_SIZE));
  }
  /** @kernel vm_area_unmap_pages, mm/vmalloc.c @fidelity full: arena_pages.test.ts */
  unmapArea(addr: Addr): void {
    this.handedOut++;
    this.areas.delete(this.areaPage(addr));
  }
  private areaPage(addr: Addr): number {
    return Number((addr - this.map.vmalloc) / BigInt(PAGE_SIZE));
  }

  /** The address of a linear offset in the direct map. */
  direct(at: number): Addr {
    return this.map.pageOffset + BigInt(at);
  }

  /** The same bytes as `addr`, seen through vmalloc space. */
  asVmalloc(addr: Addr): Addr {
    return this.map.vmalloc + BigInt(this.need(addr, 1));
  }

  isUser(addr: Addr): boolean {
    return addr < this.map.userEnd;
  }

  private need(addr: Addr, size: Bytes): number {
    const at = this.translate(addr, size);
    if (at < 0) throw new Fault(addr);
    return at;
  }

  // -- allocation --------------------------------------------------------------------------------------

  /**
   * Zeroed memory, aligned to `align` (a power of two, at most a page).
   *
   * @kernel kzalloc, mm/slab_common.c
   * @fidelity partial: sizes are rounded to 8 bytes, not to slab classes
   */
  alloc(size: Bytes, align: Bytes = 64): Addr {
    return this.direct(this.take(size, align));
  }

  private take(size: Bytes, align: Bytes): number {
    const rounded = Math.max(8, Math.ceil(size / 8) * 8);
    this.handedOut++;
    const reused = this.free.get(rounded);
    const i = reused ? reused.findLastIndex((at) => at % align === 0) : -1;
    let at: number;
    if (reused && i >= 0) {
      at = reused.splice(i, 1)[0] ?? 0;
      this.storing(at, rounded);
      this.u8s.fill(0, at, at + rounded);
    } else {
      at = Math.ceil(this.brk / align) * align;
      this.reserve(at + rounded);
      this.brk = at + rounded;
    }
    this.sizes.set(at, rounded);
    return at;
  }

  private reserve(end: number): void {
    const have = this.u8s.length;
    if (end <= have) return;
    if (end > MOST_BYTES) throw new OutOfMemory(`${end} bytes`);
    const grow = Math.max(end - have, Math.min(have, 64 << 20));
    this.wasm.grow(Math.ceil(grow / WASM_PAGE));
    this.view = new DataView(this.wasm.buffer);
    this.u8s = new Uint8Array(this.wasm.buffer);
  }

  /** Gives memory back. Its bytes stay readable, stale, until they are handed out again. */
  release(addr: Addr): void {
    const at = this.need(addr, 1);
    const size = this.sizes.get(at);
    if (size === undefined) throw new EngineBug(`free of ${hex(addr)}, which is not allocated`);
    this.handedOut++;
    this.sizes.delete(at);
    const list = this.free.get(size);
    if (list) list.push(at);
    else this.free.set(size, [at]);
  }

  /** True when `addr` is the start of a live allocation. */
  isAllocated(addr: Addr): boolean {
    const at = this.translate(addr, 1);
    return at >= 0 && this.sizes.has(at);
  }

  /** Where the live allocation begins that holds this address; 0 when none of at most 64 KiB does. */
  allocationAt(addr: Addr): Addr {
    const inside = this.translate(addr, 1);
    for (let at = inside & ~7; at >= Math.max(0, inside - MOST_SEARCHED); at -= 8) {
      const size = this.sizes.get(at);
      if (size !== undefined) return inside < at + size ? this.direct(at) : 0n;
    }
    return 0n;
  }

  /** True when `addr` is the start of memory that was given back: its bytes are stale. */
  isFreed(addr: Addr): boolean {
    const at = this.translate(addr, 1);
    return at >= 0 && [...this.free.values()].some((list) => list.includes(at));
  }

  /** What is handed out and not given back. */
  get live(): { readonly objects: number; readonly bytes: Bytes } {
    let bytes = 0;
    for (const size of this.sizes.values()) bytes += size;
    return { objects: this.sizes.size, bytes };
  }

  /** Bytes handed out so far, holes included. */
  get used(): Bytes {
    return this.brk;
  }

  // -- loads (throw Fault) -----------------------------------------------------------------------------

  u8(addr: Addr): number {
    return this.u8s[this.need(addr, 1)] ?? 0;
  }
  u16(addr: Addr): number {
    return this.view.getUint16(this.need(addr, 2), true);
  }
  u32(addr: Addr): number {
    return this.view.getUint32(this.need(addr, 4), true);
  }
  u64(addr: Addr): bigint {
    return this.view.getBigUint64(this.need(addr, 8), true);
  }
  /** Unsigned integer of 1, 2, 4 or 8 bytes. */
  load(addr: Addr, size: Bytes): bigint {
    if (size === 8) return this.u64(addr);
    return BigInt(size === 4 ? this.u32(addr) : size === 2 ? this.u16(addr) : this.u8(addr));
  }
  /** A copy of `size` bytes. */
  bytes(addr: Addr, size: Bytes): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    const at = this.need(addr, size);
    return this.u8s.slice(at, at + size);
  }
  /** Latin-1 text up to a NUL, at most `max` bytes, and no further than memory goes. */
  text(addr: Addr, max: Bytes): string {
    let size = max;
    while (size > 0 && this.translate(addr, size) < 0) size >>= 1;
    if (size === 0) throw new Fault(addr);
    return cString(this.bytes(addr, size));
  }

  // -- counters ----------------------------------------------------------------------------------------
  // For what is looked at for every object: a place is translated once, values are numbers within 2^53.

  /** The linear offset of a 64-bit counter. @throws Fault */
  counter(addr: Addr): number {
    return this.need(addr, 8);
  }
  counterAt(at: number): number {
    return this.view.getUint32(at, true) + this.view.getInt32(at + 4, true) * 2 ** 32;
  }
  setCounterAt(at: number, value: number): void {
    if (this.onStore) this.onStore(at, 8);
    this.view.setInt32(at, value, true);
    this.view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  // -- stores (throw Fault) ----------------------------------------------------------------------------

  private place(addr: Addr, size: Bytes): number {
    const at = this.need(addr, size);
    if (this.onStore) this.onStore(at, size);
    return at;
  }
  setU8(addr: Addr, value: number): void {
    this.view.setUint8(this.place(addr, 1), value);
  }
  setU16(addr: Addr, value: number): void {
    this.view.setUint16(this.place(addr, 2), value, true);
  }
  setU32(addr: Addr, value: number): void {
    this.view.setUint32(this.place(addr, 4), value, true);
  }
  setU64(addr: Addr, value: bigint): void {
    this.view.setBigUint64(this.place(addr, 8), BigInt.asUintN(64, value), true);
  }
  /** Stores the low `size` bytes of `value`; size is 1, 2, 4 or 8. */
  store(addr: Addr, size: Bytes, value: bigint): void {
    if (size === 8) this.setU64(addr, value);
    else if (size === 4) this.setU32(addr, Number(BigInt.asUintN(32, value)));
    else if (size === 2) this.setU16(addr, Number(BigInt.asUintN(16, value)));
    else this.setU8(addr, Number(BigInt.asUintN(8, value)));
  }
  setBytes(addr: Addr, data: Uint8Array): void {
    if (data.length === 0) return;
    this.u8s.set(data, this.place(addr, data.length));
  }
  fill(addr: Addr, size: Bytes, value: number): void {
    if (size === 0) return;
    const at = this.place(addr, size);
    this.u8s.fill(value, at, at + size);
  }

  // -- time --------------------------------------------------------------------------------------------

  /** A copy of everything, to be restored into this memory or another one with the same map. */
  snapshot(): MemorySnapshot {
    return {
      bytes: this.u8s.slice(0, this.brk),
      brk: this.brk,
      free: new Map([...this.free].map(([size, list]) => [size, [...list]])),
      sizes: new Map(this.sizes),
      image: new Map(this.image),
      areas: new Map(this.areas),
      areasEnd: this.areasEnd,
    };
  }

  restore(snapshot: MemorySnapshot): void {
    this.reserve(snapshot.brk);
    this.u8s.set(snapshot.bytes);
    this.u8s.fill(0, snapshot.brk, Math.max(snapshot.brk, this.brk));
    this.brk = snapshot.brk;
    this.free = new Map([...snapshot.free].map(([size, list]) => [size, [...list]]));
    this.sizes = new Map(snapshot.sizes);
    this.image = new Map(snapshot.image);
    this.areas = new Map(snapshot.areas);
    this.areasEnd = snapshot.areasEnd;
  }

  /** Runs `body` and returns what it stored where: [address, old bytes, new bytes], in order. */
  recordStores(body: () => void): { addr: Addr; before: Uint8Array; after: Uint8Array }[] {
    const journal: { at: number; old: Uint8Array }[] = [];
    const outer = this.onStore;
    this.onStore = (at, size) => {
      outer?.(at, size);
      journal.push({ at, old: this.u8s.slice(at, at + size) });
    };
    try {
      body();
    } finally {
      this.onStore = outer;
    }
    return journal.map(({ at, old }) => ({
      addr: this.direct(at),
      before: old,
      after: this.u8s.slice(at, at + old.length),
    }));
  }
}
