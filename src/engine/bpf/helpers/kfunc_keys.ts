/**
 * Keys that signatures are checked against. Tasks here have no keyrings; the system's can be named, and hold nothing.
 *
 * Source: kernel/trace/bpf_trace.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import type { Call, Helper } from '../../vm/helper.ts';
import { judgeSignature } from '../pkcs7.ts';
import { dynptrBytes } from './dynptr.ts';

/** VERIFY_USE_PLATFORM_KEYRING: the last of the system's. */
const LAST_SYSTEM_KEYRING = 2n;

export const keyKfuncs = (): readonly (readonly [string, Helper])[] => [
  ['bpf_lookup_user_key', () => 0n],
  ['bpf_lookup_system_key', lookupSystemKey],
  ['bpf_key_put', keyPut],
  ['bpf_verify_pkcs7_signature', (c) => judgeSignature(dynptrBytes(c, 2))],
];

/** @kernel bpf_lookup_system_key, kernel/trace/bpf_trace.c @fidelity full: app/async.test.ts */
function lookupSystemKey(call: Call): Addr {
  if (call.arg(1) > LAST_SYSTEM_KEYRING) return 0n;
  const key = call.kernel.alloc('bpf_key');
  key.set('key', call.arg(1));
  key.set('has_ref', 0);
  return key.addr;
}

/** @kernel bpf_key_put, kernel/trace/bpf_trace.c @fidelity full: app/async.test.ts */
function keyPut(call: Call): number {
  call.mem.release(call.arg(1));
  return 0;
}
