/** Ring buffer helpers. Source: kernel/bpf/ringbuf.c, Linux 6.12. */
import { fail } from '../../../shared/errno.ts';
import { EngineBug } from '../../../shared/assert.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { RingbufMap, commitRecord } from '../maps/ringbuf.ts';
import { UserRingbufMap } from '../maps/user_ringbuf.ts';
import { initLocalDynptr } from './dynptr.ts';

/**
 * @kernel bpf_ringbuf_reserve and its likes, kernel/bpf/ringbuf.c
 * @fidelity full: kfunc_string.test.ts
 */
export function ringbufHelpers(): readonly (readonly [number, Helper])[] {
  const ringbuf = (call: Call): RingbufMap => {
    const map = mapsByAddr.at(call.kernel, call.arg(1));
    if (!(map instanceof RingbufMap)) throw new EngineBug(`map ${map.spec.name} is no ring buffer`);
    return map;
  };
  const commit =
    (discard: boolean): Helper =>
    (call) => {
      commitRecord(call.kernel, call.arg(1), discard);
      return 0;
    };
  return [
    [130, (c) => ringbuf(c).output(c.arg(2), Number(c.arg(3)), c.arg(4))],
    [131, (c) => (c.arg(3) === 0n ? ringbuf(c).reserve(Number(c.arg(2))) : 0n)],
    [132, commit(false)],
    [133, commit(true)],
    [134, (c) => ringbuf(c).query(c.arg(2))],
    [209, drain],
  ];
}

const WAKEUP_FLAGS = 3n;

/**
 * Each record is a dynptr for the callback, for as long as that runs.
 *
 * @returns how many records there were, -EINVAL for flags, or what the buffer says
 * @kernel bpf_user_ringbuf_drain, kernel/bpf/ringbuf.c
 * @fidelity full: app/async.test.ts
 */
function drain(call: Call): number {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  if (!(map instanceof UserRingbufMap)) throw new EngineBug(`map ${map.spec.name} is no user ring buffer`);
  const [fn, ctx] = [call.arg(2), call.arg(3)];
  if ((call.arg(4) & ~WAKEUP_FLAGS) !== 0n) return fail('EINVAL');
  const dynptr = call.kernel.alloc('bpf_dynptr_kern');
  try {
    return map.drain((sample, size) => {
      initLocalDynptr(dynptr, sample, size);
      return call.callback(fn, dynptr.addr, ctx);
    });
  } finally {
    call.mem.release(dynptr.addr);
  }
}
