/**
 * mm_struct and its VMAs: what a process has mapped where.
 *
 *     task->mm.mm_mt -> maple nodes -> vm_area_struct { vm_start, vm_end, vm_flags, vm_file, vm_mm }
 *
 * mm_users counts tasks, mm_count the struct itself (one for all users together).
 *
 * Source: include/linux/mm_types.h, mm/mmap.c, kernel/fork.c.
 */
import type { Addr } from '../../../shared/brand.ts';
import { PAGE_SIZE } from '../address.ts';
import type { Kernel } from '../kernel.ts';
import { mapleBuild, mapleEntries, mapleFind } from '../maple.ts';
import type { MapleRange } from '../maple.ts';
import type { View } from '../view.ts';
import { copyUserBytes, forgetUserBytes } from './user_bytes.ts';
import { fput, getFile } from './file.ts';
import { getRef, putRef } from './refs.ts';

/** vm_flags that the bookkeeping below looks at. */
export const VM = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  SHARED: 0x8,
  GROWSDOWN: 0x100,
  LOCKED: 0x2000,
  ACCOUNT: 0x100000,
} as const;
/** Allocation tree, locked by mmap_lock, read under RCU. */
const MM_MT_FLAGS = 0x303;
export const STACK_TOP = 0x7fff_ffff_f000n;

/** Boundaries that exec sets. 0 where nothing is. */
export interface MmLayout {
  readonly start_code: bigint;
  readonly end_code: bigint;
  readonly start_data: bigint;
  readonly end_data: bigint;
  readonly start_brk: bigint;
  readonly brk: bigint;
  readonly start_stack: bigint;
  readonly arg_start: bigint;
  readonly arg_end: bigint;
  readonly env_start: bigint;
  readonly env_end: bigint;
}

export interface VmaSpec {
  readonly start: bigint;
  /** First address after it. */
  readonly end: bigint;
  readonly flags: number;
  /** In pages: into the file, or the address itself for anonymous memory. */
  readonly pgoff: bigint;
  readonly file: View | null;
  /** Symbol of its vm_operations_struct; '' for anonymous memory. */
  readonly ops: string;
  /** Name of a special mapping such as [vdso], else ''. */
  readonly special: string;
}

/** An address space without users. @kernel mm_init, kernel/fork.c @fidelity partial: page tables are one empty page */
export function newMm(kernel: Kernel, layout: MmLayout, exeFile: View | null): View {
  const mm = kernel.alloc('mm_struct');
  mm.set('mm_count', 1);
  mm.set('mm_mt.ma_flags', MM_MT_FLAGS);
  mm.set('pgd', kernel.allocBytes(PAGE_SIZE, PAGE_SIZE));
  mm.trySet('task_size', STACK_TOP);
  mm.trySet('mmap_base', STACK_TOP);
  mm.trySet('user_ns', kernel.object('init_user_ns', 'user_namespace').addr);
  for (const [name, value] of Object.entries(layout)) mm.set(name, value as bigint);
  if (exeFile) mm.set('exe_file', getFile(exeFile).addr);
  return mm;
}

/** An area that is not in the tree yet; its file gets one more reference. */
export function newVma(kernel: Kernel, mm: View, spec: VmaSpec): View {
  const vma = kernel.alloc('vm_area_struct');
  vma.set('vm_start', spec.start);
  vma.set('vm_end', spec.end);
  vma.set('vm_mm', mm.addr);
  vma.set('vm_flags', spec.flags);
  vma.set('vm_pgoff', spec.pgoff);
  if (spec.file) vma.set('vm_file', getFile(spec.file).addr);
  if (spec.ops !== '') vma.set('vm_ops', kernel.object(spec.ops, 'vm_operations_struct').addr);
  if (spec.special !== '') vma.set('vm_private_data', specialMapping(kernel, spec.special));
  return vma;
}

function specialMapping(kernel: Kernel, name: string): Addr {
  const symbol = `special mapping ${name}`;
  const fresh = !kernel.hasObject(symbol);
  const mapping = kernel.object(symbol, 'vm_special_mapping');
  if (fresh) mapping.set('name', kernel.allocText(name));
  return mapping.addr;
}

const rangeOf = (vma: View): MapleRange => ({
  first: vma.big('vm_start'),
  last: vma.big('vm_end') - 1n,
  entry: vma.addr,
});

/** Stores the VMAs and everything that is counted over them. */
export function storeVmas(kernel: Kernel, mm: View, list: readonly View[]): void {
  mapleBuild(kernel, mm.sub('mm_mt'), list.map(rangeOf));
  const pages = (wanted: (flags: number, vma: View) => boolean): bigint =>
    list
      .filter((vma) => wanted(vma.num('vm_flags'), vma))
      .reduce((sum, vma) => sum + (vma.big('vm_end') - vma.big('vm_start')) / BigInt(PAGE_SIZE), 0n);
  const writable = (flags: number): boolean => (flags & (VM.WRITE | VM.SHARED | VM.GROWSDOWN)) === VM.WRITE;
  mm.set('map_count', list.length);
  mm.set(
    'total_vm',
    pages(() => true),
  );
  mm.set(
    'exec_vm',
    pages((f) => (f & (VM.EXEC | VM.WRITE | VM.GROWSDOWN)) === VM.EXEC),
  );
  mm.set(
    'stack_vm',
    pages((f) => (f & VM.GROWSDOWN) !== 0),
  );
  mm.set('data_vm', pages(writable));
  mm.set(
    'locked_vm',
    pages((f) => (f & VM.LOCKED) !== 0),
  );
}

/** VMAs in address order. */
export function* vmas(kernel: Kernel, mm: View): Generator<View> {
  for (const { entry } of mapleEntries(kernel, mm.sub('mm_mt'))) yield kernel.view('vm_area_struct', entry);
}

/** The first VMA that ends above `addr`, or null. @kernel find_vma, mm/mmap.c @fidelity full: task.test.ts */
export function findVma(kernel: Kernel, mm: View, addr: bigint): View | null {
  const found = mapleFind(kernel, mm.sub('mm_mt'), addr);
  return found && kernel.view('vm_area_struct', found.entry);
}

/** Maps all of `specs`, which must not overlap each other or what is mapped. */
export function mapVmas(kernel: Kernel, mm: View, specs: readonly VmaSpec[]): void {
  const list = [...vmas(kernel, mm), ...specs.map((spec) => newVma(kernel, mm, spec))];
  storeVmas(
    kernel,
    mm,
    list.sort((a, b) => (a.big('vm_start') < b.big('vm_start') ? -1 : 1)),
  );
}

/** Takes whole VMAs out of an address space. @kernel do_munmap, mm/mmap.c @fidelity partial: VMAs are not split */
export function unmapVmas(kernel: Kernel, mm: View, gone: readonly View[]): void {
  const addrs = new Set(gone.map((vma) => vma.addr));
  storeVmas(
    kernel,
    mm,
    [...vmas(kernel, mm)].filter((vma) => !addrs.has(vma.addr)),
  );
  for (const vma of gone) {
    const file = vma.deref('vm_file');
    if (file) fput(kernel, file);
    kernel.mem.release(vma.addr);
  }
}

/** A copy with the same mappings and files, as after fork. @kernel dup_mm, kernel/fork.c @fidelity partial: VM_DONTCOPY and wiping are not looked at */
export function copyMm(kernel: Kernel, from: View): View {
  const layout = Object.fromEntries(
    LAYOUT_FIELDS.map((name) => [name, from.big(name)]),
  ) as unknown as MmLayout;
  const mm = newMm(kernel, layout, from.deref('exe_file'));
  mapVmas(
    kernel,
    mm,
    [...vmas(kernel, from)].map((vma) => ({
      start: vma.big('vm_start'),
      end: vma.big('vm_end'),
      flags: vma.num('vm_flags'),
      pgoff: vma.big('vm_pgoff'),
      file: vma.deref('vm_file'),
      ops: '',
      special: '',
    })),
  );
  const copies = [...vmas(kernel, mm)];
  [...vmas(kernel, from)].forEach((vma, i) => {
    copies[i]?.set('vm_ops', vma.ptr('vm_ops'));
    copies[i]?.set('vm_private_data', vma.ptr('vm_private_data'));
  });
  copyUserBytes(kernel, from, mm);
  return mm;
}

export const LAYOUT_FIELDS: readonly (keyof MmLayout)[] = [
  'start_code',
  'end_code',
  'start_data',
  'end_data',
  'start_brk',
  'brk',
  'start_stack',
  'arg_start',
  'arg_end',
  'env_start',
  'env_end',
];

export const getMm = (mm: View): View => getRef(mm, 'mm_users');

/** Drops a user; the last one unmaps everything. @kernel mmput, kernel/fork.c @fidelity full: task.test.ts */
export function putMm(kernel: Kernel, mm: View): void {
  if (!putRef(mm, 'mm_users')) return;
  unmapVmas(kernel, mm, [...vmas(kernel, mm)]);
  const exe = mm.deref('exe_file');
  if (exe) fput(kernel, exe);
  kernel.mem.release(mm.ptr('pgd'));
  forgetUserBytes(kernel, mm);
  if (putRef(mm, 'mm_count')) kernel.mem.release(mm.addr);
}
