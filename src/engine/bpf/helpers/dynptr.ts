/**
 * Dynamic pointers: 16 bytes on the program's stack that know where memory is, how much, and of what kind.
 *
 *     struct bpf_dynptr_kern { data, size: 24 bits | kind: 3 bits from 28 | read-only: bit 31, offset }
 *
 * Source: kernel/bpf/helpers.c, kernel/bpf/ringbuf.c, include/linux/bpf.h, Linux 6.12.
 */
import { EngineBug } from '../../../shared/assert.ts';
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { View } from '../../kernel/view.ts';
import type { ArgNumber, Call, Helper } from '../../vm/helper.ts';
import { mapsByAddr } from '../map.ts';
import { RingbufMap, commitRecord } from '../maps/ringbuf.ts';

const MAX_SIZE: Bytes = (1 << 24) - 1;
const TYPE_SHIFT = 28;
const LOCAL = 1;
const RINGBUF = 2;
const RDONLY = 0x8000_0000;

/**
 * @kernel bpf_dynptr_from_mem, bpf_dynptr_read and their likes, kernel/bpf/helpers.c
 * @fidelity partial: pointers to memory and ring buffer records, not to packets
 */
export const dynptrHelpers = (): readonly (readonly [number, Helper])[] => [
  [197, fromMem],
  [198, ringbufReserve],
  [199, ringbufCommit(false)],
  [200, ringbufCommit(true)],
  [201, readOut],
  [202, writeIn],
  [203, data],
];

export const dynptrKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_dynptr_adjust', adjust],
  ['bpf_dynptr_is_null', (c) => (isNull(at(c, 1)) ? 1 : 0)],
  ['bpf_dynptr_is_rdonly', (c) => (!isNull(at(c, 1)) && isReadOnly(at(c, 1)) ? 1 : 0)],
  [
    'bpf_dynptr_size',
    (c) => (isNull(at(c, 1)) ? BigInt.asUintN(32, BigInt(fail('EINVAL'))) : sizeOf(at(c, 1))),
  ],
  ['bpf_dynptr_clone', clone],
  ['bpf_dynptr_slice', (c) => slice(c, false)],
  ['bpf_dynptr_slice_rdwr', (c) => slice(c, true)],
];

const at = (call: Call, n: ArgNumber): View => call.kernel.view('bpf_dynptr_kern', call.arg(n));
const isNull = (dynptr: View): boolean => dynptr.ptr('data') === 0n;
const sizeOf = (dynptr: View): Bytes => dynptr.num('size') & MAX_SIZE;
const isReadOnly = (dynptr: View): boolean => dynptr.num('size') >= RDONLY;

function set(dynptr: View, address: Addr, kind: number, size: Bytes): void {
  dynptr.set('data', address);
  dynptr.set('offset', 0);
  dynptr.set('size', size | (kind << TYPE_SHIFT));
}
/** A dynptr to memory. @kernel bpf_dynptr_init, kernel/bpf/helpers.c @fidelity full: app/async.test.ts */
export const initLocalDynptr = (dynptr: View, address: Addr, size: Bytes): void =>
  set(dynptr, address, LOCAL, size);
const setNull = (dynptr: View): void => set(dynptr, 0n, 0, 0);

/** Address of `length` bytes at `offset`, or -E2BIG when they are not all inside. */
function range(dynptr: View, offset: number, length: number): Addr | NegErrno {
  const size = sizeOf(dynptr);
  if (length > size || offset > size - length) return fail('E2BIG');
  return dynptr.ptr('data') + BigInt(dynptr.num('offset') + offset);
}

/** @kernel bpf_dynptr_from_mem, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function fromMem(call: Call): NegErrno {
  const size = call.u32(2);
  const dynptr = at(call, 4);
  setNull(dynptr);
  if (size > MAX_SIZE) return fail('E2BIG');
  if (call.arg(3) !== 0n) return fail('EINVAL');
  set(dynptr, call.arg(1), LOCAL, size);
  return 0;
}

/** @kernel bpf_dynptr_read, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function readOut(call: Call): NegErrno {
  const source = at(call, 3);
  if (isNull(source) || call.arg(5) !== 0n) return fail('EINVAL');
  const from = range(source, call.u32(4), call.u32(2));
  if (typeof from === 'number') return from;
  call.mem.setBytes(call.arg(1), call.mem.bytes(from, call.u32(2)));
  return 0;
}

/** @kernel bpf_dynptr_write, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function writeIn(call: Call): NegErrno {
  const target = at(call, 1);
  if (isNull(target) || isReadOnly(target)) return fail('EINVAL');
  const to = range(target, call.u32(2), call.u32(4));
  if (typeof to === 'number') return to;
  if (call.arg(5) !== 0n) return fail('EINVAL');
  call.mem.setBytes(to, call.mem.bytes(call.arg(3), call.u32(4)));
  return 0;
}

/** @kernel bpf_dynptr_data, kernel/bpf/helpers.c @fidelity full: app/helper_calls.test.ts */
function data(call: Call): Addr {
  const dynptr = at(call, 1);
  if (isNull(dynptr) || isReadOnly(dynptr)) return 0n;
  const found = range(dynptr, call.u32(2), call.u32(3));
  return typeof found === 'number' ? 0n : found;
}

/** @kernel bpf_ringbuf_reserve_dynptr, kernel/bpf/ringbuf.c @fidelity full: app/helper_calls.test.ts */
function ringbufReserve(call: Call): NegErrno {
  const map = mapsByAddr.at(call.kernel, call.arg(1));
  if (!(map instanceof RingbufMap)) throw new EngineBug(`map ${map.spec.name} is no ring buffer`);
  const size = call.u32(2);
  const dynptr = at(call, 4);
  setNull(dynptr);
  if (call.arg(3) !== 0n) return fail('EINVAL');
  if (size > MAX_SIZE) return fail('E2BIG');
  const record = map.reserve(size);
  if (record === 0n) return fail('EINVAL');
  set(dynptr, record, RINGBUF, size);
  return 0;
}

/** @kernel bpf_ringbuf_submit_dynptr, bpf_ringbuf_discard_dynptr, kernel/bpf/ringbuf.c @fidelity full: kfunc_string.test.ts */
function ringbufCommit(discard: boolean): Helper {
  return (call) => {
    const dynptr = at(call, 1);
    if (!isNull(dynptr)) commitRecord(call.kernel, dynptr.ptr('data'), discard);
    setNull(dynptr);
    return 0;
  };
}

/** @kernel bpf_dynptr_adjust, kernel/bpf/helpers.c @fidelity full: kfunc.test.ts */
function adjust(call: Call): NegErrno {
  const dynptr = at(call, 1);
  const start = call.u32(2);
  const end = call.u32(3);
  if (isNull(dynptr) || start > end) return fail('EINVAL');
  const size = sizeOf(dynptr);
  if (start > size || end > size) return fail('ERANGE');
  dynptr.set('offset', dynptr.num('offset') + start);
  dynptr.set('size', dynptr.num('size') - size + (end - start));
  return 0;
}

/** @kernel bpf_dynptr_clone, kernel/bpf/helpers.c @fidelity full: app/helper_calls.test.ts */
function clone(call: Call): NegErrno {
  const from = at(call, 1);
  const to = at(call, 2);
  if (isNull(from)) {
    setNull(to);
    return fail('EINVAL');
  }
  call.mem.setBytes(to.addr, call.mem.bytes(from.addr, from.type.size));
  return 0;
}

/** @kernel bpf_dynptr_slice, bpf_dynptr_slice_rdwr, kernel/bpf/helpers.c @fidelity full: app/helper_calls.test.ts */
function slice(call: Call, write: boolean): Addr {
  const dynptr = at(call, 1);
  if (isNull(dynptr) || (write && isReadOnly(dynptr))) return 0n;
  const found = range(dynptr, call.u32(2), call.u32(4));
  return typeof found === 'number' ? 0n : found;
}

/** All that an argument's dynptr leads to. */
export function dynptrBytes(call: Call, n: ArgNumber): Uint8Array {
  const dynptr = at(call, n);
  const size = isNull(dynptr) ? 0 : sizeOf(dynptr);
  return size === 0 ? new Uint8Array(0) : call.mem.bytes(dynptr.ptr('data') + dynptr.big('offset'), size);
}
