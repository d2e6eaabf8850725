/**
 * mmap, munmap and mprotect of ranges: areas are split at the edges, and joined where nothing tells them apart.
 *
 *     [  a  ][    b    ]   munmap of the middle of b   ->   [  a  ][ b ]    [ b' ]
 *
 * Source: mm/mmap.c, mm/mprotect.c, mm/vma.c.
 */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { fput, getFile } from './file.ts';
import { newVma, storeVmas, VM, vmas } from './mm.ts';
import type { VmaSpec } from './mm.ts';

const PAGE_BITS = 12n;
/** VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP: never joined. */
const VM_SPECIAL = 0x4000 | 0x40000 | 0x400 | 0x10000000;
const ACCESS = VM.READ | VM.WRITE | VM.EXEC;

export interface Range {
  readonly start: bigint;
  /** First address after it. */
  readonly end: bigint;
}

const inside = (vma: View, { start, end }: Range): boolean =>
  vma.big('vm_start') >= start && vma.big('vm_end') <= end;

/** Cuts an area in two. @returns the upper part @kernel __split_vma, mm/vma.c @fidelity full: changes.test.ts */
function splitVma(kernel: Kernel, vma: View, at: bigint): View {
  const upper = kernel.alloc('vm_area_struct');
  kernel.mem.setBytes(upper.addr, kernel.mem.bytes(vma.addr, vma.type.size));
  upper.set('vm_start', at);
  upper.set('vm_pgoff', vma.big('vm_pgoff') + ((at - vma.big('vm_start')) >> PAGE_BITS));
  vma.set('vm_end', at);
  const file = upper.deref('vm_file');
  if (file) getFile(file);
  return upper;
}

/** All areas in order, cut so that none lies across an edge of the range. */
function cutAt(kernel: Kernel, mm: View, { start, end }: Range): View[] {
  const list: View[] = [];
  for (const vma of vmas(kernel, mm)) {
    let rest = vma;
    for (const edge of [start, end]) {
      if (edge <= rest.big('vm_start') || edge >= rest.big('vm_end')) continue;
      list.push(rest);
      rest = splitVma(kernel, rest, edge);
    }
    list.push(rest);
  }
  return list;
}

function freeVma(kernel: Kernel, vma: View): void {
  const file = vma.deref('vm_file');
  if (file) fput(kernel, file);
  kernel.mem.release(vma.addr);
}

/** True when `b` goes on where `a` ends, in every respect. @kernel can_vma_merge_after, mm/vma.c @fidelity partial: anonymous memory has no anon_vma */
function goesOn(a: View, b: View): boolean {
  const pages = (a.big('vm_end') - a.big('vm_start')) >> PAGE_BITS;
  return (
    a.big('vm_end') === b.big('vm_start') &&
    (a.big('vm_flags') & BigInt(VM_SPECIAL)) === 0n &&
    a.big('vm_pgoff') + pages === b.big('vm_pgoff') &&
    ['vm_flags', 'vm_file', 'vm_ops', 'vm_private_data'].every((field) => a.big(field) === b.big(field))
  );
}

/** Joins areas with those that the change touched. */
function joined(kernel: Kernel, list: readonly View[], touched: (vma: View) => boolean): View[] {
  const out: View[] = [];
  let open = false;
  for (const vma of list) {
    const last = out.at(-1);
    const changed = touched(vma);
    if (last && (open || changed) && goesOn(last, vma)) {
      last.set('vm_end', vma.big('vm_end'));
      freeVma(kernel, vma);
    } else out.push(vma);
    open = changed;
  }
  return out;
}

/** @returns how many areas went @kernel do_vmi_munmap, mm/vma.c @fidelity full: changes.test.ts */
export function unmapRange(kernel: Kernel, mm: View, range: Range): number {
  const list = cutAt(kernel, mm, range);
  const gone = list.filter((vma) => inside(vma, range));
  storeVmas(
    kernel,
    mm,
    list.filter((vma) => !gone.includes(vma)),
  );
  for (const vma of gone) freeVma(kernel, vma);
  return gone.length;
}

/** Maps over whatever is there, as with MAP_FIXED. @kernel mmap_region, mm/mmap.c @fidelity partial: no limits, no accounting */
export function mapRange(kernel: Kernel, mm: View, spec: VmaSpec): void {
  unmapRange(kernel, mm, spec);
  const made = newVma(kernel, mm, spec);
  const list = [...vmas(kernel, mm), made].sort((a, b) => (a.big('vm_start') < b.big('vm_start') ? -1 : 1));
  storeVmas(
    kernel,
    mm,
    joined(kernel, list, (vma) => vma.addr === made.addr),
  );
}

/** The first address of the range that nothing is mapped at, or null. */
export function holeIn(kernel: Kernel, mm: View, { start, end }: Range): bigint | null {
  let at = start;
  for (const vma of vmas(kernel, mm))
    if (vma.big('vm_start') <= at && vma.big('vm_end') > at) at = vma.big('vm_end');
  return at >= end ? null : at;
}

/**
 * Gives every area of a range, which must have no holes, new access.
 *
 * @param access VM.READ, VM.WRITE, VM.EXEC
 * @kernel mprotect_fixup, mm/mprotect.c
 * @fidelity partial: no limits and no accounting beyond VM_ACCOUNT
 */
export function protectRange(kernel: Kernel, mm: View, range: Range, access: number): void {
  const list = cutAt(kernel, mm, range);
  const changed = new Set(list.filter((vma) => inside(vma, range)).map((vma) => vma.addr));
  for (const vma of list) {
    if (!changed.has(vma.addr)) continue;
    const flags = (vma.num('vm_flags') & ~ACCESS) | access;
    const charged = (flags & (VM.WRITE | VM.SHARED)) === VM.WRITE ? VM.ACCOUNT : 0;
    vma.set('vm_flags', flags | charged);
  }
  storeVmas(
    kernel,
    mm,
    joined(kernel, list, (vma) => changed.has(vma.addr)),
  );
}
