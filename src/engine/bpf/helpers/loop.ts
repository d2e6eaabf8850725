/** Helpers that call the program back. Source: kernel/bpf/bpf_iter.c, kernel/bpf/task_iter.c, Linux 6.12. */
import { fail } from '../../../shared/errno.ts';
import { findVma } from '../../kernel/objects/mm.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { Call, Helper } from '../../vm/helper.ts';

const BPF_MAX_LOOPS = 8 * 1024 * 1024;

export const loopHelpers = (): readonly (readonly [number, Helper])[] => [
  [180, findVmaHelper],
  [181, loop],
];

/**
 * @returns how often the callback ran, -EINVAL for flags, -E2BIG for too many
 * @kernel bpf_loop, kernel/bpf/bpf_iter.c
 * @fidelity full: src/engine/sys/recorded.test.ts
 */
function loop(call: Call): number {
  const times = call.u32(1);
  const fn = call.arg(2);
  const ctx = call.arg(3);
  if (call.arg(4) !== 0n) return fail('EINVAL');
  if (times > BPF_MAX_LOOPS) return fail('E2BIG');
  for (let i = 0; i < times; i++) if (call.callback(fn, BigInt(i), ctx) !== 0n) return i + 1;
  return times;
}

/**
 * @returns what the callback returned, -EINVAL for flags, -ENOENT without task, mm or VMA
 * @kernel bpf_find_vma, kernel/bpf/task_iter.c
 * @fidelity partial: the lock of an address space is never taken by others, so never -EBUSY
 */
function findVmaHelper(call: Call): bigint | number {
  const task = call.arg(1);
  const start = call.arg(2);
  if (call.arg(5) !== 0n) return fail('EINVAL');
  const mm = task === 0n ? null : taskAt(call.kernel, task).deref('mm');
  if (!mm) return fail('ENOENT');
  const vma = findVma(call.kernel, mm, start);
  if (!vma || vma.big('vm_start') > start || vma.big('vm_end') <= start) return fail('ENOENT');
  call.callback(call.arg(3), task, vma.addr, call.arg(4));
  return 0;
}
