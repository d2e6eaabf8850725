/** Address spaces and the kernel's own memory. Source: kernel/fork.c, include/linux/mmap_lock.h, mm/slab_common.c. */
import type { Bytes } from '../../../shared/brand.ts';
import { findVma, getMm, putMm } from '../../kernel/objects/mm.ts';
import { mmapLockIsContended, mmapReadLock, mmapReadUnlock } from '../../kernel/objects/mmap_lock.ts';
import { PF } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import { functions } from '../call.ts';
import type { KernelCall } from '../call.ts';
import { taskName } from './tasks.ts';

/** KMALLOC_MAX_SIZE with 4 KiB pages. */
const MOST: Bytes = 4 << 20;

function ownerName(mm: View): string {
  const owner = mm.deref('owner');
  return owner ? `of ${taskName(owner)}` : '';
}

function allocate(call: KernelCall, size: Bytes): bigint {
  if (size === 0) return 16n; // ZERO_SIZE_PTR
  if (size > MOST) return 0n;
  const addr = call.kernel.mem.alloc(size, 8);
  call.take('memory', addr, `${size} bytes`);
  return addr;
}

function free(call: KernelCall): void {
  const addr = call.arg(1);
  if (addr <= 16n) return;
  if (call.give('memory', addr)) call.kernel.mem.release(addr);
}

function lockMmap(call: KernelCall): void {
  const mm = mmapReadLock(call.kernel, call.struct('mm_struct', 1));
  call.take('mmap_lock', mm.addr, ownerName(mm));
}

export const MEMORY_FUNCTIONS = functions({
  'struct mm_struct *get_task_mm(struct task_struct *task)': (call) => {
    const task = call.struct('task_struct', 1);
    const mm = (task.num('flags') & PF.KTHREAD) === 0 ? task.deref('mm') : null;
    if (!mm) return 0n;
    call.take('mm', getMm(mm).addr, ownerName(mm));
    return mm.addr;
  },
  'void mmget(struct mm_struct *mm)': (call) => {
    const mm = getMm(call.struct('mm_struct', 1));
    call.take('mm', mm.addr, ownerName(mm));
  },
  'void mmput(struct mm_struct *mm)': (call) => {
    call.maySleep();
    const mm = call.struct('mm_struct', 1);
    if (call.give('mm', mm.addr)) putMm(call.kernel, mm);
  },
  'void mmap_read_lock(struct mm_struct *mm)': (call) => {
    call.maySleep();
    lockMmap(call);
  },
  '_Bool mmap_read_trylock(struct mm_struct *mm)': (call) => {
    lockMmap(call);
    return 1;
  },
  'void mmap_read_unlock(struct mm_struct *mm)': (call) => {
    const mm = call.struct('mm_struct', 1);
    if (call.give('mmap_lock', mm.addr)) mmapReadUnlock(call.kernel, mm);
  },
  'int mmap_lock_is_contended(struct mm_struct *mm)': (call) =>
    mmapLockIsContended(call.kernel, call.struct('mm_struct', 1)) ? 1 : 0,
  'struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)': (call) =>
    findVma(call.kernel, call.struct('mm_struct', 1), call.arg(2))?.addr ?? 0n,

  'void *kmalloc(size_t size, gfp_t flags)': (call) => allocate(call, call.size(1)),
  'void *kzalloc(size_t size, gfp_t flags)': (call) => allocate(call, call.size(1)),
  'void *kcalloc(size_t n, size_t size, gfp_t flags)': (call) => allocate(call, call.size(1) * call.size(2)),
  'void *kvzalloc(size_t size, gfp_t flags)': (call) => allocate(call, call.size(1)),
  'char *kstrdup(const char *text, gfp_t flags)': (call) => {
    if (call.arg(1) === 0n) return 0n;
    const text = call.text(call.arg(1));
    const copy = call.kernel.allocText(text);
    call.take('memory', copy, `a copy of "${text}"`);
    return copy;
  },
  'void kfree(const void *object)': free,
  'void kvfree(const void *object)': free,

  'void *memset(void *to, int byte, size_t size)': (call) => {
    if (call.size(3) > 0) {
      call.bytes(call.arg(1), call.size(3));
      call.kernel.mem.fill(call.arg(1), call.size(3), call.int(2) & 0xff);
    }
    return call.arg(1);
  },
  'void *memcpy(void *to, const void *from, size_t size)': (call) => {
    const bytes = call.bytes(call.arg(2), call.size(3)).slice();
    call.bytes(call.arg(1), call.size(3));
    if (bytes.length > 0) call.kernel.mem.setBytes(call.arg(1), bytes);
    return call.arg(1);
  },
  'int strcmp(const char *a, const char *b)': (call) => {
    const [a, b] = [call.text(call.arg(1)), call.text(call.arg(2))];
    return a === b ? 0 : a < b ? -1 : 1;
  },
  'int strncmp(const char *a, const char *b, size_t size)': (call) => {
    const [a, b] = [call.text(call.arg(1), call.size(3)), call.text(call.arg(2), call.size(3))];
    return a === b ? 0 : a < b ? -1 : 1;
  },
  'size_t strlen(const char *text)': (call) => call.text(call.arg(1)).length,
});
