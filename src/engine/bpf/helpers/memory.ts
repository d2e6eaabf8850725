/**
 * Helpers that read any memory into the program's own. On every error the target is filled with zeros.
 *
 * Source: kernel/trace/bpf_trace.c, kernel/bpf/helpers.c, Linux 6.12.
 */

import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import { readUser, readUserString } from '../../kernel/objects/user_memory.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { currentMm, readKernel, readKernelString } from './access.ts';

export function memoryHelpers(): readonly (readonly [number, Helper])[] {
  return [
    [4, probeRead],
    [45, probeReadString],
    [112, probeReadUser],
    [113, probeReadKernel],
    [114, probeReadUserString],
    [115, probeReadKernelString],
    [148, probeReadUser],
    [191, copyFromUserTask],
  ];
}

function deliver(call: Call, bytes: Uint8Array | NegErrno): NegErrno {
  if (bytes instanceof Uint8Array) {
    call.mem.setBytes(call.arg(1), bytes);
    return 0;
  }
  call.mem.fill(call.arg(1), call.u32(2), 0);
  return bytes;
}

/** A string with its NUL. @returns the length of both */
function storeString(call: Call, text: Uint8Array): number {
  call.mem.setBytes(call.arg(1), text);
  call.mem.setU8(call.arg(1) + BigInt(text.length), 0);
  return text.length + 1;
}

/**
 * @returns 0, -ERANGE for an address that is not the kernel's, -EFAULT where nothing is
 * @kernel bpf_probe_read_kernel, kernel/trace/bpf_trace.c
 * @fidelity full: printf.test.ts
 */
const probeReadKernel = (call: Call): NegErrno =>
  deliver(call, readKernel(call.mem, call.arg(3), call.u32(2)));

/**
 * @returns the length with NUL, or as probe_read_kernel
 * @kernel bpf_probe_read_kernel_str, kernel/trace/bpf_trace.c
 * @fidelity full: printf.test.ts
 */
function probeReadKernelString(call: Call): NegErrno {
  const size = call.u32(2);
  if (size === 0) return 0;
  const text = readKernelString(call.mem, call.arg(3), size);
  if (typeof text === 'number') return deliver(call, text);
  return storeString(call, text);
}

/**
 * @returns 0, or -EFAULT where the current task has nothing mapped
 * @kernel bpf_probe_read_user, kernel/trace/bpf_trace.c; bpf_copy_from_user, kernel/bpf/helpers.c
 * @fidelity partial: no page is swapped out or not yet touched
 */
function probeReadUser(call: Call): NegErrno {
  const size = call.u32(2);
  if (size === 0) return 0;
  return deliver(call, readUser(call.kernel, currentMm(call.kernel), call.arg(3), size) ?? fail('EFAULT'));
}

/**
 * @returns the length with NUL, or -EFAULT
 * @kernel bpf_probe_read_user_str, kernel/trace/bpf_trace.c
 * @fidelity partial: as probe_read_user
 */
function probeReadUserString(call: Call): NegErrno {
  const size = call.u32(2);
  if (size === 0) return 0;
  const text = readUserString(call.kernel, currentMm(call.kernel), call.arg(3), size - 1);
  return text ? storeString(call, text) : deliver(call, fail('EFAULT'));
}

/**
 * @returns 0, -EINVAL for flags, -EFAULT when not all of it can be read
 * @kernel bpf_copy_from_user_task, kernel/bpf/helpers.c
 * @fidelity partial: as probe_read_user
 */
function copyFromUserTask(call: Call): NegErrno {
  if (call.arg(5) !== 0n) return fail('EINVAL');
  const size = call.u32(2);
  if (size === 0) return 0;
  const mm = taskAt(call.kernel, call.arg(4)).deref('mm');
  return deliver(call, readUser(call.kernel, mm, call.arg(3), size) ?? fail('EFAULT'));
}

const PAD_ZEROS = 1n;

/**
 * A string of user memory into `size` bytes; `flags` may ask for zeros behind it.
 *
 * @returns the length with NUL, -EINVAL for flags, -EFAULT
 * @kernel bpf_copy_from_user_str, bpf_copy_from_user_task_str, kernel/bpf/helpers.c
 * @fidelity partial: as probe_read_user
 */
function copyString(call: Call, mm: View | null, flags: bigint): NegErrno {
  const [to, size] = [call.arg(1), call.u32(2)];
  if ((flags & ~PAD_ZEROS) !== 0n) return fail('EINVAL');
  if (size === 0) return 0;
  const text = readUserString(call.kernel, mm, call.arg(3), size - 1);
  if (flags === PAD_ZEROS || !text) call.mem.fill(to, flags === PAD_ZEROS ? size : 0, 0);
  return text ? storeString(call, text) : fail('EFAULT');
}

export const memoryKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_copy_from_user_str', (c) => copyString(c, currentMm(c.kernel), c.arg(4))],
  ['bpf_copy_from_user_task_str', (c) => copyString(c, taskAt(c.kernel, c.arg(4)).deref('mm'), c.arg(5))],
];

const byAddress =
  (kernel: Helper, user: Helper): Helper =>
  (call) =>
    call.mem.isUser(call.arg(3)) ? user(call) : kernel(call);
/** @kernel bpf_probe_read_compat, kernel/trace/bpf_trace.c @fidelity partial: as probe_read_user */
const probeRead = byAddress(probeReadKernel, probeReadUser);
/** @kernel bpf_probe_read_compat_str, kernel/trace/bpf_trace.c @fidelity partial: as probe_read_user */
const probeReadString = byAddress(probeReadKernelString, probeReadUserString);
