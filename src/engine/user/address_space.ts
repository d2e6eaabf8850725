/**
 * The memory of a process: which bytes stand behind its user addresses.
 *
 * Every mapping is a VMA in the kernel's mm and, here, a stretch of linear memory: the process's own, or shared
 * with whoever maps the same (a BPF map, a forked relative with MAP_SHARED). fork copies what is private at
 * once. An address in no stretch, or a store where writing is not allowed, is a fault.
 */
import { must } from '../../shared/assert.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { mapRange, protectRange, unmapRange } from '../kernel/objects/mm_change.ts';
import { VM } from '../kernel/objects/mm.ts';
import { forgetUserBytes, showUserBytes } from '../kernel/objects/user_bytes.ts';
import type { View } from '../kernel/view.ts';

export const PROT = { READ: 1, WRITE: 2, EXEC: 4 } as const;
const PAGE = 4096;
/** VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, as for any ordinary mapping. */
const MAY_ALL = 0x70;
/** VM_MAYSHARE */
const MAY_SHARE = 0x80;

/** What is mapped besides memory of one's own. */
export interface MappedFile {
  readonly file: View;
  readonly pgoff: bigint;
  /** Symbol of the vm_operations_struct. */
  readonly ops: string;
}

export interface MapRequest {
  readonly start: Addr;
  readonly size: Bytes;
  /** PROT_* */
  readonly prot: number;
  readonly shared?: boolean;
  readonly growsDown?: boolean;
  /** Kernel address of the bytes that are shown, and how many there are; else new zeros. */
  readonly backing?: { readonly addr: Addr; readonly size: Bytes };
  readonly file?: MappedFile;
  /** False: the mm has the VMA already. */
  readonly vma?: boolean;
}

/** Linear memory that mappings stand on. */
interface Block {
  readonly addr: Addr;
  /** Mappings on it; at 0 the memory is given back. Borrowed memory is another's. */
  users: number;
  readonly borrowed: boolean;
}

export interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Linear offset of `start`. */
  readonly at: number;
  readonly prot: number;
  readonly shared: boolean;
  readonly block: Block;
}

export class AddressSpace {
  readonly kernel: Kernel;
  readonly mm: View;
  private stretches: readonly Stretch[] = [];
  private last: Stretch | null = null;
  private isShown = false;

  constructor(kernel: Kernel, mm: View) {
    this.kernel = kernel;
    this.mm = mm;
  }

  // -- addresses -------------------------------------------------------------------------------------------

  /** Linear offset of `size` bytes at a user address, or -1. */
  find(addr: number, size: Bytes, prot: number): number {
    const { last } = this;
    const hit = last && addr >= last.start && addr < last.end ? last : this.stretchAt(addr);
    if (!hit || (hit.prot & prot) === 0) return -1;
    if (addr + size > hit.end) return -1;
    this.last = hit;
    return hit.at + (addr - hit.start);
  }

  private stretchAt(addr: number): Stretch | null {
    return this.stretches.find((s) => addr >= s.start && addr < s.end) ?? null;
  }

  // -- mappings --------------------------------------------------------------------------------------------

  /** Maps over whatever is there. Addresses and sizes are whole pages. */
  map(request: MapRequest): void {
    const { start, size, prot, shared = false, backing, file } = request;
    const { kernel } = this;
    const first = Number(start);
    this.forget(first, first + size);
    const block: Block = {
      addr: backing?.addr ?? kernel.mem.alloc(size, PAGE),
      users: 1,
      borrowed: backing !== undefined,
    };
    const shown = backing ? Math.min(size, backing.size) : size;
    this.insert({
      start: first,
      end: first + shown,
      at: kernel.mem.translate(block.addr, shown),
      prot,
      shared,
      block,
    });
    if (request.vma === false) return;
    mapRange(kernel, this.mm, {
      start,
      end: start + BigInt(size),
      flags: flagsOf(prot, shared, request.growsDown === true),
      pgoff: file?.pgoff ?? start >> 12n,
      file: file?.file ?? null,
      ops: file?.ops ?? '',
      special: '',
    });
  }

  unmap(start: Addr, size: Bytes): void {
    this.forget(Number(start), Number(start) + size);
    unmapRange(this.kernel, this.mm, { start, end: start + BigInt(size) });
  }

  protect(start: Addr, size: Bytes, prot: number): void {
    const [from, to] = [Number(start), Number(start) + size];
    for (const stretch of this.cut(from, to)) {
      this.remove(stretch);
      this.insert({ ...stretch, prot });
    }
    const access =
      (prot & PROT.READ ? VM.READ : 0) |
      (prot & PROT.WRITE ? VM.WRITE : 0) |
      (prot & PROT.EXEC ? VM.EXEC : 0);
    protectRange(this.kernel, this.mm, { start, end: start + BigInt(size) }, access);
  }

  private insert(stretch: Stretch): void {
    this.change([...this.stretches, stretch].sort((a, b) => a.start - b.start));
  }
  private remove(stretch: Stretch): void {
    this.change(this.stretches.filter((each) => each !== stretch));
  }
  private change(stretches: readonly Stretch[]): void {
    this.last = null;
    this.stretches = stretches;
    this.isShown = false;
  }

  /** Shows programs of the kernel what stands at the process's addresses, if that has changed. */
  show(): void {
    if (this.isShown) return;
    this.isShown = true;
    const { kernel, mm } = this;
    forgetUserBytes(kernel, mm);
    for (const { start, end, at } of this.stretches)
      showUserBytes(kernel, mm, BigInt(start), kernel.mem.direct(at), end - start);
  }

  /** Cuts at the edges of a range. @returns the stretches inside it */
  private cut(from: number, to: number): Stretch[] {
    for (const edge of [from, to])
      for (const stretch of this.stretches) {
        if (edge <= stretch.start || edge >= stretch.end) continue;
        this.remove(stretch);
        stretch.block.users++;
        this.insert({ ...stretch, end: edge });
        this.insert({ ...stretch, start: edge, at: stretch.at + (edge - stretch.start) });
      }
    return this.stretches.filter((s) => s.start >= from && s.end <= to);
  }

  private forget(from: number, to: number): void {
    for (const stretch of this.cut(from, to)) {
      this.remove(stretch);
      this.release(stretch.block);
    }
  }

  private release(block: Block): void {
    if (--block.users === 0 && !block.borrowed) this.kernel.mem.release(block.addr);
  }

  // -- life --------------------------------------------------------------------------------------------------

  /** The memory of a forked child, whose mm is a copy of this one's. */
  fork(mm: View): AddressSpace {
    const child = new AddressSpace(this.kernel, mm);
    const { mem } = this.kernel;
    for (const stretch of this.stretches) {
      if (stretch.shared) {
        stretch.block.users++;
        child.insert(stretch);
        continue;
      }
      const size = stretch.end - stretch.start;
      const copy = mem.alloc(size, PAGE);
      mem.setBytes(copy, mem.bytes(mem.direct(stretch.at), size));
      child.insert({
        ...stretch,
        at: mem.translate(copy, size),
        block: { addr: copy, users: 1, borrowed: false },
      });
    }
    return child;
  }

  /** All memory is given back; the kernel's mm is its tasks' to drop. */
  drop(): void {
    for (const { block } of this.stretches) this.release(block);
    this.change([]);
  }

  /** The lowest hole of this size from an address on. */
  holeAbove(from: number, size: Bytes): number {
    let at = from;
    for (const { start, end } of this.stretches) {
      if (start - at >= size) break;
      at = Math.max(at, Math.ceil(end / PAGE) * PAGE);
    }
    return at;
  }

  /** The highest hole of this size that ends at or below an address, as mmap(2) looks for one. */
  holeBelow(below: number, size: Bytes): number {
    let top = below;
    for (const { start, end } of this.stretches.toReversed()) {
      if (start >= below) continue;
      if (top - Math.ceil(end / PAGE) * PAGE >= size) break;
      top = Math.min(top, start);
    }
    return top - size;
  }

  /** Bytes of user memory. @returns null when some of them are not there */
  read(addr: Addr, size: Bytes): Uint8Array | null {
    if (size === 0) return new Uint8Array(0);
    // Looked at before there is a copy: the size is whatever the program says.
    if (!this.covers(addr, size)) return null;
    const { mem } = this.kernel;
    const out = new Uint8Array(size);
    for (let done = 0; done < size;) {
      const at = Number(addr) + done;
      const stretch = this.stretchAt(at);
      if (!stretch || (stretch.prot & PROT.READ) === 0) return null;
      const part = Math.min(size - done, stretch.end - at);
      out.set(mem.bytes(mem.direct(stretch.at + (at - stretch.start)), part), done);
      done += part;
    }
    return out;
  }

  /** @returns false when some of the bytes cannot be written; those before them have been */
  write(addr: Addr, bytes: Uint8Array): boolean {
    const { mem } = this.kernel;
    for (let done = 0; done < bytes.length;) {
      const at = Number(addr) + done;
      const stretch = this.stretchAt(at);
      if (!stretch || (stretch.prot & PROT.WRITE) === 0) return false;
      const part = Math.min(bytes.length - done, stretch.end - at);
      mem.setBytes(mem.direct(stretch.at + (at - stretch.start)), bytes.subarray(done, done + part));
      done += part;
    }
    return true;
  }

  /** Bytes that are mapped. */
  get mapped(): Bytes {
    return this.stretches.reduce((sum, { start, end }) => sum + (end - start), 0);
  }

  /** As `write`, whatever the mapping allows: how a program's image gets its bytes. */
  load(addr: Addr, bytes: Uint8Array): void {
    const { mem } = this.kernel;
    if (bytes.length === 0) return;
    const stretch = must(this.stretchAt(Number(addr)), 'mapping');
    mem.setBytes(mem.direct(stretch.at + (Number(addr) - stretch.start)), bytes);
  }

  /** True when every byte of the range is mapped. */
  covers(start: Addr, size: Bytes): boolean {
    let at = Number(start);
    const end = at + size;
    while (at < end) {
      const stretch = this.stretchAt(at);
      if (!stretch) return false;
      at = Math.max(stretch.end, at + 1);
    }
    return true;
  }
}

const flagsOf = (prot: number, shared: boolean, growsDown: boolean): number =>
  (prot & PROT.READ ? VM.READ : 0) |
  (prot & PROT.WRITE ? VM.WRITE : 0) |
  (prot & PROT.EXEC ? VM.EXEC : 0) |
  (shared ? VM.SHARED | MAY_SHARE : 0) |
  MAY_ALL |
  (growsDown ? VM.GROWSDOWN : 0) |
  ((prot & PROT.WRITE) !== 0 && !shared ? VM.ACCOUNT : 0);
