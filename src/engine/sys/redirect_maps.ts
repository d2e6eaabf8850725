/**
 * Maps of devices, processors and sockets from user space: programs and sockets are stored by fd, programs read back
 * by id.
 *
 * Source: kernel/bpf/devmap.c, kernel/bpf/cpumap.c, net/xdp/xskmap.c, kernel/bpf/reuseport_array.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { ProgType } from '../abi/uapi.ts';
import type { RedirectMap } from '../bpf/maps/redirect.ts';
import type { SocketArray } from '../bpf/maps/socket_arrays.ts';
import type { Prog } from '../bpf/prog.ts';
import { sockByFd } from './sock_maps.ts';
import type { Sys } from './sys.ts';

const WITH_PROG = 8;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** The program of a value, null for none. @returns -EINVAL for an fd that is no such program */
function endProg(sys: Sys, map: RedirectMap, fd: number): Prog | NegErrno | null {
  if (fd <= 0) return null;
  const prog = sys.fds.get('prog', fd);
  if (typeof prog === 'number') return fail('EINVAL');
  const { type, expectedAttachType } = prog.spec;
  return type === ProgType.XDP && expectedAttachType === map.progAttachType ? prog : fail('EINVAL');
}

/** @kernel dev_map_update_elem, kernel/bpf/devmap.c; cpu_map_update_elem, kernel/bpf/cpumap.c @fidelity full: redirect_maps.test.ts */
export function redirectUpdate(
  sys: Sys,
  map: RedirectMap,
  key: Uint8Array,
  value: Uint8Array,
  flags: bigint,
): NegErrno {
  const fd = value.length >= WITH_PROG ? viewOf(value).getInt32(4, true) : 0;
  const prog = endProg(sys, map, fd);
  if (typeof prog === 'number') return prog;
  const old = map.put(viewOf(key).getUint32(0, true), viewOf(value).getUint32(0, true), prog, flags);
  if (typeof old === 'number') return old;
  if (prog) sys.objects.getProg(prog);
  if (old !== 0n) sys.objects.putElement(old);
  return 0;
}

/** @kernel dev_map_delete_elem, dev_map_hash_delete_elem, kernel/bpf/devmap.c; cpu_map_delete_elem, kernel/bpf/cpumap.c @fidelity full: redirect_maps.test.ts */
export function redirectDelete(sys: Sys, map: RedirectMap, key: Uint8Array): NegErrno {
  const old = map.remove(viewOf(key).getUint32(0, true));
  if (typeof old === 'number') return old;
  if (old !== 0n) sys.objects.putElement(old);
  return 0;
}

/** The value is an fd in four bytes or in eight. @kernel xsk_map_update_elem, bpf_fd_reuseport_array_update_elem @fidelity partial: see socket_arrays.ts */
export function socketArrayUpdate(
  sys: Sys,
  map: SocketArray,
  key: Uint8Array,
  value: Uint8Array,
  flags: bigint,
): NegErrno {
  const fd =
    value.length === 8 ? viewOf(value).getBigUint64(0, true) : BigInt(viewOf(value).getUint32(0, true));
  if (fd > 0x7fff_ffffn) return fail('EINVAL');
  const index = viewOf(key).getUint32(0, true);
  if (index >= map.spec.maxEntries) return fail('E2BIG');
  const sk = sockByFd(sys, Number(fd));
  return typeof sk === 'number' ? sk : map.put(index, sk, flags);
}
