/**
 * Helpers that read any memory into the program's own. On every error the target is filled with zeros.
 *
 * Source: kernel/trace/bpf_trace.c, kernel/bpf/helpers.c, Linux 6.12.
 */

import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { readKernel, readKernelString } from './access.ts';

export function memoryHelpers(): readonly (readonly [number, Helper])[] {
  return [
    [4, probeRead],
    [45, probeReadString],
    [112, probeReadUser],
    [113, probeReadKernel],
    [114, probeReadUser],
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

/**
 * @returns 0, -ERANGE for an address that is not the kernel's, -EFAULT where nothing is
 * @kernel bpf_probe_read_kernel, kernel/trace/bpf_trace.c
 * @fidelity full
 */
function probeReadKernel(call: Call): NegErrno {
  const size = call.u32(2);
  return size === 0 ? 0 : deliver(call, readKernel(call.mem, call.arg(3), size));
}

/**
 * @returns the length with NUL, or as probe_read_kernel
 * @kernel bpf_probe_read_kernel_str, kernel/trace/bpf_trace.c
 * @fidelity full
 */
function probeReadKernelString(call: Call): NegErrno {
  const size = call.u32(2);
  if (size === 0) return 0;
  const text = readKernelString(call.mem, call.arg(3), size);
  if (typeof text === 'number') return deliver(call, text);
  call.mem.setBytes(call.arg(1), text);
  call.mem.setU8(call.arg(1) + BigInt(text.length), 0);
  return text.length + 1;
}

/**
 * User memory has addresses here, but no contents.
 *
 * @kernel bpf_probe_read_user, bpf_probe_read_user_str, kernel/trace/bpf_trace.c; bpf_copy_from_user, kernel/bpf/helpers.c
 * @fidelity partial: user pages are not modelled, so every read faults
 */
function probeReadUser(call: Call): NegErrno {
  return call.u32(2) === 0 ? 0 : deliver(call, fail('EFAULT'));
}

/**
 * @kernel bpf_copy_from_user_task, kernel/bpf/helpers.c
 * @fidelity partial: user pages are not modelled, so every read faults
 */
function copyFromUserTask(call: Call): NegErrno {
  if (call.arg(5) !== 0n) return fail('EINVAL');
  return probeReadUser(call);
}

const byAddress =
  (kernel: Helper): Helper =>
  (call) =>
    call.mem.isUser(call.arg(3)) ? probeReadUser(call) : kernel(call);
/** @kernel bpf_probe_read_compat, kernel/trace/bpf_trace.c @fidelity partial: as probe_read_user */
const probeRead = byAddress(probeReadKernel);
/** @kernel bpf_probe_read_compat_str, kernel/trace/bpf_trace.c @fidelity partial: as probe_read_user */
const probeReadString = byAddress(probeReadKernelString);
