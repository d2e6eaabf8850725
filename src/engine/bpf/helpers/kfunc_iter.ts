/**
 * Open-coded iterators: a walk whose state lies on the program's stack.
 *
 *     bpf_iter_X_new(&it, ...)    while ((p = bpf_iter_X_next(&it)))    bpf_iter_X_destroy(&it)
 *
 * A failed `new` leaves an empty walk. The state's layout is the kernel's own struct, not the opaque one
 * that programs know.
 *
 * Source: kernel/bpf/bpf_iter.c, kernel/bpf/helpers.c, kernel/bpf/task_iter.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { findVma } from '../../kernel/objects/mm.ts';
import { getRef, putRef } from '../../kernel/objects/refs.ts';
import { idleTask, nextTask, nextThread, taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { readKernel } from './access.ts';

const BPF_MAX_LOOPS = 8 * 1024 * 1024;
const BITS_ITER_NR_WORDS_MAX = 511;

const NOTHING: Helper = () => 0;
const state = (call: Call, struct: string): View => call.kernel.view(struct, call.arg(1));

export const iteratorKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_iter_num_new', numNew],
  ['bpf_iter_num_next', numNext],
  ['bpf_iter_num_destroy', numDestroy],
  ['bpf_iter_bits_new', bitsNew],
  ['bpf_iter_bits_next', bitsNext],
  ['bpf_iter_bits_destroy', bitsDestroy],
  ['bpf_iter_task_new', taskNew],
  ['bpf_iter_task_next', taskNext],
  ['bpf_iter_task_destroy', NOTHING],
  ['bpf_iter_task_vma_new', vmaNew],
  ['bpf_iter_task_vma_next', vmaNext],
  ['bpf_iter_task_vma_destroy', vmaDestroy],
];

// -- numbers -----------------------------------------------------------------------------------------------

/**
 * `cur` starts one below the first number, so that its address is what next returns.
 *
 * @kernel bpf_iter_num_new, kernel/bpf/bpf_iter.c
 * @fidelity full: src/engine/bpf/recorded.test.ts
 */
function numNew(call: Call): NegErrno {
  const it = state(call, 'bpf_iter_num_kern');
  const start = call.s32(2);
  const end = call.s32(3);
  it.set('cur', 0);
  it.set('end', 0);
  if (start > end) return fail('EINVAL');
  if (end - start > BPF_MAX_LOOPS) return fail('E2BIG');
  it.set('cur', start - 1);
  it.set('end', end);
  return 0;
}

/** @kernel bpf_iter_num_next, kernel/bpf/bpf_iter.c @fidelity full: src/engine/bpf/recorded.test.ts */
function numNext(call: Call): bigint {
  const it = state(call, 'bpf_iter_num_kern');
  if (it.num('cur') + 1 >= it.num('end')) {
    it.set('cur', 0);
    it.set('end', 0);
    return 0n;
  }
  it.set('cur', it.num('cur') + 1);
  return it.at('cur');
}

/** @kernel bpf_iter_num_destroy, kernel/bpf/bpf_iter.c @fidelity full: src/engine/bpf/recorded.test.ts */
function numDestroy(call: Call): number {
  const it = state(call, 'bpf_iter_num_kern');
  it.set('cur', 0);
  it.set('end', 0);
  return 0;
}

// -- bits --------------------------------------------------------------------------------------------------

/**
 * One word is kept in the state itself, more of them in memory of their own.
 *
 * @kernel bpf_iter_bits_new, kernel/bpf/helpers.c
 * @fidelity partial: memory never runs out
 */
function bitsNew(call: Call): NegErrno {
  const it = state(call, 'bpf_iter_bits_kern');
  const words = call.u32(3);
  it.set('nr_bits', 0);
  it.set('bits_copy', 0);
  it.set('bit', -1);
  if (call.arg(2) === 0n || words === 0) return fail('EINVAL');
  if (words > BITS_ITER_NR_WORDS_MAX) return fail('E2BIG');
  const bytes = readKernel(call.mem, call.arg(2), words * 8);
  if (!(bytes instanceof Uint8Array)) return fail('EFAULT');
  const to = words === 1 ? it.at('bits_copy') : call.mem.alloc(words * 8);
  call.mem.setBytes(to, bytes);
  if (words > 1) it.set('bits', to);
  it.set('nr_bits', words * 64);
  return 0;
}

/** @kernel bpf_iter_bits_next, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function bitsNext(call: Call): bigint {
  const it = state(call, 'bpf_iter_bits_kern');
  const total = it.num('nr_bits');
  const words = total === 64 ? it.at('bits_copy') : it.ptr('bits');
  for (let bit = it.num('bit') + 1; bit < total; bit++) {
    const word = call.mem.u64(words + BigInt(Math.floor(bit / 64) * 8));
    if (((word >> BigInt(bit % 64)) & 1n) === 0n) continue;
    it.set('bit', bit);
    return it.at('bit');
  }
  it.set('bit', total);
  return 0n;
}

/** @kernel bpf_iter_bits_destroy, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function bitsDestroy(call: Call): number {
  const it = state(call, 'bpf_iter_bits_kern');
  if (it.num('nr_bits') > 64) call.mem.release(it.ptr('bits'));
  return 0;
}

// -- tasks -------------------------------------------------------------------------------------------------

const ALL_PROCS = 0;
const ALL_THREADS = 1;
const PROC_THREADS = 2;

/**
 * @kernel bpf_iter_task_new, kernel/bpf/task_iter.c
 * @fidelity full: src/engine/bpf/recorded.test.ts
 */
function taskNew(call: Call): NegErrno {
  const it = state(call, 'bpf_iter_task_kern');
  const flags = call.u32(3);
  it.set('pos', 0);
  it.set('task', 0);
  if (flags > PROC_THREADS) return fail('EINVAL');
  if (flags === PROC_THREADS && call.arg(2) === 0n) return fail('EINVAL');
  const first = flags === PROC_THREADS ? call.arg(2) : idleTask(call.kernel).addr;
  it.set('task', first);
  it.set('pos', first);
  it.set('flags', flags);
  return 0;
}

/**
 * Hands out the position and moves it: to the next thread of the process, then, unless one process was
 * asked for, to the next process, until the list is back at the idle task.
 *
 * @kernel bpf_iter_task_next, kernel/bpf/task_iter.c
 * @fidelity full: src/engine/bpf/recorded.test.ts
 */
function taskNext(call: Call): bigint {
  const { kernel } = call;
  const it = state(call, 'bpf_iter_task_kern');
  const pos = it.ptr('pos');
  if (pos === 0n) return 0n;
  const flags = it.num('flags');
  const thread = flags === ALL_PROCS ? null : nextThread(kernel, taskAt(kernel, pos));
  if (thread) {
    it.set('pos', thread.addr);
    return pos;
  }
  if (flags === PROC_THREADS) {
    it.set('pos', 0);
    return pos;
  }
  const process = nextTask(kernel, taskAt(kernel, flags === ALL_THREADS ? it.ptr('task') : pos));
  it.set('task', process.addr);
  it.set('pos', process.addr === idleTask(kernel).addr ? 0n : process.addr);
  return pos;
}

// -- memory areas of a task ----------------------------------------------------------------------------------

/** Our struct bpf_iter_task_vma_kern_data: task, mm, next address to look at. */
const DATA_SIZE = 24;

/**
 * Takes the task and the address space's lock for reading until destroy.
 *
 * @kernel bpf_iter_task_vma_new, kernel/bpf/task_iter.c
 * @fidelity partial: the lock is never taken by others, so never -EBUSY; the walk goes by address
 */
function vmaNew(call: Call): NegErrno {
  const it = state(call, 'bpf_iter_task_vma_kern');
  const task = taskAt(call.kernel, call.arg(2));
  it.set('data', 0);
  const mm = task.deref('mm');
  if (!mm) return fail('ENOENT');
  const data = call.mem.alloc(DATA_SIZE);
  getRef(task, 'usage');
  getRef(mm, 'mmap_lock.count', RWSEM_READER_BIAS);
  call.mem.setU64(data, task.addr);
  call.mem.setU64(data + 8n, mm.addr);
  call.mem.setU64(data + 16n, call.arg(3));
  it.set('data', data);
  return 0;
}
/** What one reader adds to the count of a read-write semaphore. */
const RWSEM_READER_BIAS = 1 << 8;

/** @kernel bpf_iter_task_vma_next, kernel/bpf/task_iter.c @fidelity full: task_helpers.test.ts */
function vmaNext(call: Call): bigint {
  const data = state(call, 'bpf_iter_task_vma_kern').ptr('data');
  if (data === 0n) return 0n;
  const mm = call.kernel.view('mm_struct', call.mem.u64(data + 8n));
  const vma = findVma(call.kernel, mm, call.mem.u64(data + 16n));
  if (!vma) return 0n;
  call.mem.setU64(data + 16n, vma.big('vm_end'));
  return vma.addr;
}

/** @kernel bpf_iter_task_vma_destroy, kernel/bpf/task_iter.c @fidelity full: task_helpers.test.ts */
function vmaDestroy(call: Call): number {
  const it = state(call, 'bpf_iter_task_vma_kern');
  const data = it.ptr('data');
  if (data === 0n) return 0;
  putRef(taskAt(call.kernel, call.mem.u64(data)), 'usage');
  putRef(call.kernel.view('mm_struct', call.mem.u64(data + 8n)), 'mmap_lock.count', RWSEM_READER_BIAS);
  call.mem.release(data);
  it.set('data', 0);
  return 0;
}
