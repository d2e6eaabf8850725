/** Call chains of tasks. Source: kernel/bpf/stackmap.c, Linux 6.12. */
import { fail } from '../../../shared/errno.ts';
import { kernelTrace, taskPtRegs } from '../../kernel/objects/kernel_stack.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { Call, Helper } from '../../vm/helper.ts';

const SKIP_MASK = 0xffn;
const USER_STACK = 1n << 8n;
const USER_BUILD_ID = 1n << 11n;
/** sizeof(struct bpf_stack_build_id) */
const BUILD_ID_ENTRY = 32;

export const stackHelpers = (): readonly (readonly [number, Helper])[] => [
  [141, getTaskStack],
  [175, (c) => taskPtRegs(taskAt(c.kernel, c.arg(1)))],
];

/**
 * @returns bytes stored, innermost frame first; -EINVAL for flags or size, -EFAULT for a task whose stack is
 *   gone or has fewer frames than are skipped, -EOPNOTSUPP for the user stack of another task
 * @kernel bpf_get_task_stack, kernel/bpf/stackmap.c
 * @fidelity partial: user stacks have no contents here, so the current task's gives -EFAULT
 */
function getTaskStack(call: Call): number {
  const task = taskAt(call.kernel, call.arg(1));
  const [buf, size, flags] = [call.arg(2), call.u32(3), call.arg(4)];
  const user = (flags & USER_STACK) !== 0n;
  const buildId = (flags & USER_BUILD_ID) !== 0n;
  if (task.num('exit_state') !== 0) return fail('EFAULT');
  const refuse = (errno: number): number => {
    call.mem.fill(buf, size, 0);
    return errno;
  };
  if ((flags & ~(SKIP_MASK | USER_STACK | USER_BUILD_ID)) !== 0n || (buildId && !user))
    return refuse(fail('EINVAL'));
  if (size % (buildId ? BUILD_ID_ENTRY : 8) !== 0) return refuse(fail('EINVAL'));
  if (user) return refuse(fail(task.addr === call.current ? 'EFAULT' : 'EOPNOTSUPP'));
  const skip = Number(flags & SKIP_MASK);
  const trace = kernelTrace(call.kernel, task, size / 8 + skip);
  if (trace.length < skip) return refuse(fail('EFAULT'));
  call.mem.fill(buf, size, 0);
  trace.slice(skip).forEach((address, i) => call.mem.setU64(buf + BigInt(i * 8), address));
  return (trace.length - skip) * 8;
}
