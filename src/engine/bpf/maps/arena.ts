/**
 * Arenas: sparse memory that programs and user space share at the same addresses, page by page.
 *
 *     user     user_vm_start + n pages                      what programs keep as pointers
 *     kernel   kern_vm->addr + 32 KiB + low half of that     the same pages, where programs load and store
 *
 * Both ranges lie within 4 GiB, so that the low half of an address is enough to find the other one. Which
 * pages are taken stands in the maple tree `mt`; where they are, in the page tables of kernel memory. A
 * program's access to a page that is not there reads zero or stores nothing.
 *
 * Source: kernel/bpf/arena.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_MMAPABLE } from '../../abi/uapi.ts';
import { PAGE_SIZE } from '../../kernel/address.ts';
import { listInit } from '../../kernel/list.ts';
import { mapleBuild, mapleEntries } from '../../kernel/maple.ts';
import type { MapleRange } from '../../kernel/maple.ts';
import type { View } from '../../kernel/view.ts';
import { BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const BPF_F_SEGV_ON_FAULT = 1 << 17;
const BPF_F_NO_USER_CONV = 1 << 18;
const KNOWN_FLAGS = BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT | BPF_F_NO_USER_CONV;
const MAX_PAGES = 2 ** 32 / PAGE_SIZE;
const PAGE = BigInt(PAGE_SIZE);
/** What an instruction's 16-bit offset can reach beyond 4 GiB, half of it on either side. */
const GUARD = 1n << 16n;
const KERN_VM_SIZE = (1n << 32n) + GUARD;
const MT_FLAGS_ALLOC_RANGE = 1;

const low = (addr: Addr): bigint => BigInt.asUintN(32, addr);

/**
 * @returns 0; -EINVAL for sizes, flags or an address inside a page, -E2BIG above 4 GiB, -ERANGE for a range that
 *   crosses a multiple of 4 GiB
 * @kernel arena_map_alloc, kernel/bpf/arena.c
 * @fidelity full: more_maps.test.ts
 */
export function arenaAllocCheck({ keySize, valueSize, maxEntries, flags, mapExtra = 0n }: MapSpec): NegErrno {
  if (keySize !== 0 || valueSize !== 0 || maxEntries === 0) return fail('EINVAL');
  if ((flags & BPF_F_MMAPABLE) === 0 || (flags & ~KNOWN_FLAGS) !== 0) return fail('EINVAL');
  if (mapExtra % PAGE !== 0n) return fail('EINVAL');
  if (maxEntries > MAX_PAGES) return fail('E2BIG');
  const last = mapExtra + BigInt(maxEntries) * PAGE - 1n;
  return mapExtra >> 32n === last >> 32n ? 0 : fail('ERANGE');
}

export class ArenaMap extends BpfMap {
  private readonly vm: View;
  /** Pages that are taken; kernels that keep them in another form have this one beside the map. */
  private readonly taken: View;
  private readonly ownTree: boolean;

  constructor(init: MapInit) {
    super(init, 'bpf_arena');
    const { kernel, container } = this;
    const start = this.spec.mapExtra ?? 0n;
    container.set('user_vm_start', start);
    container.set('user_vm_end', start === 0n ? 0n : start + this.size);
    this.vm = kernel.alloc('vm_struct');
    this.vm.set('addr', this.mem.reserveArea(KERN_VM_SIZE));
    this.vm.set('size', KERN_VM_SIZE);
    container.trySet('kern_vm', this.vm.addr);
    this.ownTree = !container.has('mt');
    this.taken = this.ownTree ? kernel.alloc('maple_tree') : kernel.view('maple_tree', container.at('mt'));
    this.taken.set('ma_flags', MT_FLAGS_ALLOC_RANGE);
    if (container.has('vma_list')) listInit(this.mem, container.at('vma_list'));
  }

  /** Bytes of its address space. */
  get size(): bigint {
    return BigInt(this.spec.maxEntries) * PAGE;
  }
  get userStart(): Addr {
    return this.container.ptr('user_vm_start');
  }
  get userEnd(): Addr {
    return this.container.ptr('user_vm_end');
  }
  /** Casts to user addresses leave the high half alone. */
  get noUserConversion(): boolean {
    return (this.spec.flags & BPF_F_NO_USER_CONV) !== 0;
  }

  /**
   * mmap(2): the first one says where user space has the arena, others must agree.
   *
   * @returns 0, -EBUSY when it is somewhere else already, -EINVAL for more than the arena has
   * @kernel arena_map_mmap, kernel/bpf/arena.c
   * @fidelity full: arena_pages.test.ts
   */
  mapUser(start: Addr, size: bigint): NegErrno {
    const { userStart, userEnd } = this;
    if (userStart !== 0n && userStart !== start) return fail('EBUSY');
    if (userEnd !== 0n && userEnd !== start + size) return fail('EBUSY');
    if (size > this.size) return fail('EINVAL');
    this.container.set('user_vm_start', start);
    this.container.set('user_vm_end', start + size);
    return 0;
  }

  // -- addresses ---------------------------------------------------------------------------------------------

  /** Where programs find address 0 of the low halves. @kernel bpf_arena_get_kern_vm_start, kernel/bpf/arena.c @fidelity full: arena_pages.test.ts */
  get kernelStart(): Addr {
    return this.vm.ptr('addr') + GUARD / 2n;
  }
  /** Where the kernel has the byte that a pointer of either form means; there may be no page. */
  kernelAddr(addr: Addr): Addr {
    return this.kernelStart + low(addr);
  }
  /** The address as user space has it; NULL stays NULL. */
  userAddr(addr: Addr): Addr {
    return low(addr) === 0n ? 0n : (this.userStart & ~0xffff_ffffn) | low(addr);
  }
  private pageAt(addr: Addr): bigint {
    return low(low(addr) - low(this.userStart)) / PAGE;
  }

  // -- pages -------------------------------------------------------------------------------------------------

  /**
   * Zeroed pages, at `addr` or, for 0, where the first hole is large enough.
   *
   * @param addr of a page, as user space or the kernel has it
   * @returns the user address of the first page; 0 when there is no room or one of them is taken
   * @kernel arena_alloc_pages, kernel/bpf/arena.c
   * @fidelity full: arena_pages.test.ts
   */
  allocPages(addr: Addr, count: number): Addr {
    const pages = BigInt(count);
    const room = (this.userEnd - this.userStart) / PAGE - pages;
    if (count === 0 || room < 0n) return 0n;
    const first = addr === 0n ? this.firstHole(pages, room) : this.pageAt(addr);
    if (first === null || first > room || low(addr) % PAGE !== 0n) return 0n;
    const range = { first, last: first + pages - 1n, entry: this.mark };
    const taken = this.ranges();
    if (taken.some((other) => other.first <= range.last && other.last >= range.first)) return 0n;
    this.keep([...taken, range].sort((a, b) => Number(a.first - b.first)));
    const start = this.userStart + first * PAGE;
    for (let i = 0n; i < pages; i++)
      this.mem.mapArea(this.kernelAddr(start + i * PAGE), this.mem.alloc(PAGE_SIZE, PAGE_SIZE));
    return start;
  }

  /**
   * Gives pages back; those that are not taken do no harm.
   *
   * @kernel arena_free_pages, kernel/bpf/arena.c
   * @fidelity full: arena_pages.test.ts
   */
  freePages(addr: Addr, count: number): void {
    const from = (this.userStart & ~0xffff_ffffn) + (low(addr) / PAGE) * PAGE;
    const wanted = from + BigInt(count) * PAGE;
    const to = wanted < this.userEnd ? wanted : this.userEnd;
    if (from >= to) return;
    const [first, last] = [this.pageAt(from), this.pageAt(to - 1n)];
    const left = this.ranges().flatMap((range) => [
      { ...range, last: range.last < first ? range.last : first - 1n },
      { ...range, first: range.first > last ? range.first : last + 1n },
    ]);
    this.keep(left.filter((range) => range.first <= range.last));
    for (let at = from; at < to; at += PAGE) this.dropPage(at);
  }

  private dropPage(at: Addr): void {
    const kernel = this.kernelAddr(at);
    const found = this.mem.translate(kernel, 1);
    if (found < 0) return;
    this.mem.unmapArea(kernel);
    this.mem.release(this.mem.direct(found));
  }

  /** The first page of the first hole for `pages`, or null. @param most no later than this */
  private firstHole(pages: bigint, most: bigint): bigint | null {
    let at = 0n;
    for (const range of this.ranges()) {
      if (range.first - at >= pages) break;
      at = range.last + 1n;
    }
    return at <= most ? at : null;
  }

  /** What stands for a taken page: any pointer that is not NULL. */
  private get mark(): Addr {
    return this.addr;
  }
  private ranges(): MapleRange[] {
    return [...mapleEntries(this.kernel, this.taken)];
  }
  private keep(ranges: readonly MapleRange[]): void {
    mapleBuild(this.kernel, this.taken, ranges);
  }

  /**
   * A load or store of user space's: the page is made if it is not there.
   *
   * @returns the kernel's address of the byte; -EFAULT (SIGSEGV) outside the arena, or where it makes no pages
   * @kernel arena_vm_fault, kernel/bpf/arena.c
   * @fidelity full: arena_pages.test.ts
   */
  touch(addr: Addr): Addr | NegErrno {
    if (addr < this.userStart || addr >= this.userEnd) return fail('EFAULT');
    const at = this.kernelAddr(addr);
    if (this.mem.translate(at, 1) >= 0) return at;
    if ((this.spec.flags & BPF_F_SEGV_ON_FAULT) !== 0) return fail('EFAULT');
    return this.allocPages((addr / PAGE) * PAGE, 1) === 0n ? fail('EFAULT') : at;
  }
  /** Bytes as user space reads them. */
  readUser(addr: Addr, size: Bytes): Uint8Array | NegErrno {
    const out = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const at = this.touch(addr + BigInt(i));
      if (typeof at === 'number') return at;
      out[i] = this.mem.u8(at);
    }
    return out;
  }
  /** Stores bytes as user space does. */
  writeUser(addr: Addr, bytes: Uint8Array): NegErrno {
    for (const [i, byte] of bytes.entries()) {
      const at = this.touch(addr + BigInt(i));
      if (typeof at === 'number') return at;
      this.mem.setU8(at, byte);
    }
    return 0;
  }

  // -- as a map ----------------------------------------------------------------------------------------------

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  /** What ld_imm64 of the map's value gives: a user address. @kernel arena_map_direct_value_addr, kernel/bpf/arena.c @fidelity full: arena_pages.test.ts */
  override directValue(offset: Bytes): Addr {
    return BigInt(offset) > this.userEnd - this.userStart ? 0n : this.userStart + BigInt(offset);
  }
  /** @kernel arena_map_lookup_elem, kernel/bpf/arena.c @fidelity full: more_maps.test.ts */
  override copyOut(_key: Uint8Array): NegErrno {
    return fail('EINVAL');
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override delete(_key: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  protected override freeContent(): void {
    for (const { first, last } of this.ranges())
      for (let page = first; page <= last; page++) this.dropPage(this.userStart + page * PAGE);
    this.keep([]);
    if (this.ownTree) this.mem.release(this.taken.addr);
    this.mem.release(this.vm.addr);
  }
}
