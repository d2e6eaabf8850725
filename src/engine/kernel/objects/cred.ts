/**
 * Credentials: whose rights a task acts with. Shared by reference, never changed while shared.
 *
 * Source: include/linux/cred.h, kernel/cred.c.
 */
import type { Kernel } from '../kernel.ts';
import type { View } from '../view.ts';
import { getRef, putRef } from './refs.ts';

/** Real, effective, saved and filesystem id, as in the Uid: line of /proc/PID/status. */
export type Ids = readonly [number, number, number, number];

export interface CredSpec {
  readonly uid: Ids;
  readonly gid: Ids;
  readonly groups: readonly number[];
  readonly caps: Readonly<Record<'inheritable' | 'permitted' | 'effective' | 'bset' | 'ambient', bigint>>;
}

/** Every capability of the releases we know: CAP_CHOWN .. CAP_CHECKPOINT_RESTORE. */
export const ALL_CAPS = 0x1ff_ffff_ffffn;

/** What a process of this user has that was never given more or less: all of it for root, nothing else. */
export function plainCred(uid: number, gid: number): CredSpec {
  const own = uid === 0 ? ALL_CAPS : 0n;
  return {
    uid: [uid, uid, uid, uid],
    gid: [gid, gid, gid, gid],
    groups: [],
    caps: { inheritable: 0n, permitted: own, effective: own, bset: ALL_CAPS, ambient: 0n },
  };
}

const NAMES = ['', 'e', 's', 'fs'] as const;
const ORDER = { '': 0, e: 1, s: 2, fs: 3 } as const;

/**
 * A cred that nobody references yet.
 *
 * @kernel prepare_creds, kernel/cred.c
 * @fidelity partial: no keyrings and no security blob
 */
export function newCred(kernel: Kernel, spec: CredSpec, userNs: View, at?: View): View {
  const cred = at ?? kernel.alloc('cred');
  for (const name of NAMES) {
    cred.set(`${name}uid`, spec.uid[ORDER[name]]);
    cred.set(`${name}gid`, spec.gid[ORDER[name]]);
  }
  for (const [name, bits] of Object.entries(spec.caps)) cred.set(`cap_${name}`, bits);
  cred.set('user_ns', userNs.addr);
  cred.set('group_info', newGroups(kernel, spec.groups));
  if (cred.has('user')) cred.set('user', userOf(kernel, spec.uid[0]).addr);
  return cred;
}

function newGroups(kernel: Kernel, groups: readonly number[]): bigint {
  const type = kernel.types.struct('group_info');
  const gids = type.field('gid').offset;
  const addr = kernel.allocBytes(Math.max(type.size, gids + groups.length * 4));
  const info = kernel.view('group_info', addr);
  const first = info.at('gid');
  info.set('usage', 1);
  info.set('ngroups', groups.length);
  groups.forEach((gid, i) => kernel.mem.setU32(first + BigInt(i * 4), gid));
  return addr;
}

/** The user_struct of a uid, with a reference: root's is static, another's is made when first asked for. */
function userOf(kernel: Kernel, uid: number): View {
  const user = kernel.object(uid === 0 ? 'root_user' : `user_struct of ${uid}`, 'user_struct');
  user.set('uid', uid);
  user.set('__count', user.num('__count') + 1);
  return user;
}

/** A task holds its cred twice, as real_cred and cred. */
export const getCred = (cred: View, n = 1): View => getRef(cred, 'usage', n);

export function putCred(kernel: Kernel, cred: View, n = 1): void {
  if (!putRef(cred, 'usage', n)) return;
  kernel.mem.release(cred.ptr('group_info'));
  const user = cred.has('user') ? cred.deref('user') : null;
  if (user) putRef(user, '__count');
  kernel.mem.release(cred.addr);
}
