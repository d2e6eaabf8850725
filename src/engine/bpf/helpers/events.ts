/**
 * Counters of perf events, branches, signals, and writing to the memory of a process.
 *
 * Source: kernel/trace/bpf_trace.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { EngineBug } from '../../../shared/assert.ts';
import { taskAt } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { PerfEventArrayMap } from '../maps/perf_event_array.ts';

export const eventHelpers = (): readonly (readonly [number, Helper])[] => [
  [22, (c) => counter(c) ?? 0],
  [36, () => fail('EFAULT')],
  [55, readValue],
  [109, (c) => sendSignal(c, 'signal.shared_pending.signal')],
  [117, (c) => sendSignal(c, 'pending.signal')],
  [176, (c) => (c.arg(3) === 0n ? fail('ENOENT') : fail('EINVAL'))],
];

const CURRENT_CPU = 0xffff_ffff;

/**
 * Events here put out what programs write; they count nothing.
 *
 * @returns null for an event, or -EINVAL for flags, -E2BIG for an index out of range, -ENOENT for an empty place
 * @kernel get_map_perf_counter, kernel/trace/bpf_trace.c
 * @fidelity full: app/async.test.ts
 */
function counter(call: Call): NegErrno | null {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  if (!(map instanceof PerfEventArrayMap)) throw new EngineBug(`map ${map.spec.name} holds no events`);
  const flags = call.arg(2);
  if (flags >> 32n !== 0n) return fail('EINVAL');
  const index = Number(flags) === CURRENT_CPU ? call.cpu : Number(flags);
  if (index >= map.spec.maxEntries) return fail('E2BIG');
  return map.pointer(index) === 0n ? fail('ENOENT') : null;
}

/** struct bpf_perf_event_value: counter, enabled, running. */
const VALUE_SIZE = 24;
/** @kernel bpf_perf_event_read_value, kernel/trace/bpf_trace.c @fidelity partial: an event counts as enabled since boot */
function readValue(call: Call): NegErrno {
  const [buf, size] = [call.arg(3), call.u32(4)];
  const error = size === VALUE_SIZE ? counter(call) : fail('EINVAL');
  call.mem.fill(buf, size, 0);
  if (error !== null) return error;
  call.mem.setU64(buf + 8n, call.now());
  call.mem.setU64(buf + 16n, call.now());
  return 0;
}

const PF_EXITING = 0x4;
const PF_KTHREAD = 0x20_0000;
const SIGNALS = 64;
const isInit = (task: View): boolean => task.num('tgid') === 1;

/**
 * To the task that runs, or its process.
 *
 * @returns 0, -EPERM from a kernel thread, an exiting task or process 1, -EINVAL for no signal's number
 * @kernel bpf_send_signal_common, kernel/trace/bpf_trace.c
 * @fidelity partial: the signal stays pending, nobody is interrupted
 */
function sendSignal(call: Call, set: string): NegErrno {
  const task = taskAt(call.kernel, call.current);
  if ((task.num('flags') & (PF_KTHREAD | PF_EXITING)) !== 0 || isInit(task)) return fail('EPERM');
  const signal = call.u32(1);
  if (signal > SIGNALS) return fail('EINVAL');
  const [first, ...rest] = set.split('.');
  const holder = first === 'signal' ? task.deref('signal') : task;
  const field = first === 'signal' ? rest.join('.') : set;
  if (signal === 0 || !holder?.has(field)) return 0;
  const at = holder.at(field);
  call.mem.setU64(at, call.mem.u64(at) | (1n << BigInt(signal - 1)));
  return 0;
}
