/**
 * Time, chance, processors, sockets' and files' names.
 *
 * Source: kernel/bpf/helpers.c, kernel/trace/bpf_trace.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Encode } from '../../../shared/utf8.ts';
import { percpuPtr } from '../../kernel/percpu.ts';
import { jiffiesAt } from '../../kernel/objects/timer.ts';
import { pathText } from '../../vfs/path.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import type { Bpf } from '../bpf.ts';
import { readKernel } from './access.ts';

/**
 * @kernel bpf_ktime_get_ns, bpf_jiffies64, bpf_get_prandom_u32, kernel/bpf/helpers.c
 * @fidelity partial: time moves with instructions only, and is not suspended
 */
export const miscHelpers = (bpf: Bpf): readonly (readonly [number, Helper])[] => [
  [5, (c) => c.now()],
  [7, () => bpf.random.u32()],
  [8, (c) => c.cpu],
  [42, () => 0],
  [118, (c) => jiffiesAt(c.now())],
  [125, (c) => c.now()],
  [147, dPathHelper],
  [153, (c) => (c.u32(2) < bpf.cpus ? percpuPtr(c.kernel, c.arg(1)) : 0n)],
  [154, (c) => percpuPtr(c.kernel, c.arg(1))],
  [160, (c) => c.now()],
  [208, (c) => c.now()],
];

/**
 * @returns length with NUL, 0 for size 0, -ENAMETOOLONG when it does not fit; -ERANGE or -EFAULT where no path is
 * @kernel bpf_d_path, kernel/trace/bpf_trace.c
 * @fidelity full: app/helper_calls.test.ts
 */
function dPathHelper(call: Call): NegErrno {
  const size = call.u32(3);
  if (size === 0) return 0;
  const there = readKernel(call.mem, call.arg(1), call.kernel.types.struct('path').size);
  if (typeof there === 'number') return there;
  const text = pathText(call.kernel, call.kernel.view('path', call.arg(1)));
  if (text.length + 1 > size) return fail('ENAMETOOLONG');
  call.mem.setBytes(call.arg(2), latin1Encode(`${text}\0`));
  return text.length + 1;
}
