/**
 * Map helpers: R1 is the address of a struct bpf_map, R2 of a key, R3 of a value.
 *
 * Source: kernel/bpf/helpers.c, Linux 6.12.
 */
import { fail } from '../../../shared/errno.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import type { BpfMap } from '../map.ts';
import { ProgArrayMap } from '../maps/fd_array.ts';
import { progsByAddr } from '../prog.ts';

/**
 * The helpers, by number.
 *
 * @kernel bpf_map_lookup_elem and its likes, kernel/bpf/helpers.c
 * @fidelity full: kfunc_string.test.ts
 */
export function mapHelpers(): readonly (readonly [number, Helper])[] {
  const map = (call: Call): BpfMap => mapsByAddr.at(call.kernel, call.arg(1));
  return [
    [1, (c) => map(c).lookup(c.arg(2))],
    [2, (c) => map(c).update(c.arg(2), c.arg(3), c.arg(4))],
    [3, (c) => map(c).delete(c.arg(2))],
    [12, tailCall],
    [87, (c) => map(c).push(c.arg(2), c.arg(3))],
    [88, (c) => map(c).pop(c.arg(2))],
    [89, (c) => map(c).peek(c.arg(2))],
    [93, spinLock],
    [94, spinUnlock],
    [164, forEachMapElem],
    [194, kptrXchg],
    [195, (c) => map(c).lookupPercpu(c.arg(2), c.u32(3))],
  ];
}

/**
 * @kernel bpf_for_each_map_elem, kernel/bpf/bpf_iter.c
 * @fidelity full: maps.test.ts
 */
function forEachMapElem(call: Call): number {
  if (call.arg(4) !== 0n) return fail('EINVAL');
  const addr = call.arg(1);
  const fn = call.arg(2);
  const ctx = call.arg(3);
  return mapsByAddr
    .at(call.kernel, addr)
    .forEach((key, value) => call.callback(fn, addr, key, value, ctx) === 0n);
}

/**
 * Goes on in another program; falls through when there is none, or after 33.
 *
 * @kernel bpf_tail_call, kernel/bpf/core.c
 * @fidelity full: tail_call.test.ts
 */
function tailCall(call: Call): number {
  const map = mapsByAddr.at(call.kernel, call.arg(2));
  const prog = map instanceof ProgArrayMap ? map.pointer(call.u32(3)) : 0n;
  if (prog !== 0n) call.tailCall(progsByAddr.at(call.kernel, prog).code);
  return 0;
}

/**
 * Nobody else runs while a program does, so a lock is always free; its word shows that it is held.
 *
 * @kernel bpf_spin_lock, kernel/bpf/helpers.c
 * @fidelity partial: there is no contention
 */
function spinLock(call: Call): number {
  call.mem.setU32(call.arg(1), 1);
  return 0;
}
function spinUnlock(call: Call): number {
  call.mem.setU32(call.arg(1), 0);
  return 0;
}

/**
 * @kernel bpf_kptr_xchg, kernel/bpf/helpers.c
 * @fidelity full: app/async.test.ts
 */
function kptrXchg(call: Call): bigint {
  const old = call.mem.u64(call.arg(1));
  call.mem.setU64(call.arg(1), call.arg(2));
  return old;
}
