/**
 * Maps of sockets from user space: a socket is stored by its fd, and read back as its cookie.
 *
 * Source: net/core/sock_map.c, net/socket.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { SocketMap } from '../bpf/maps/sock_map.ts';
import { fileOperations } from '../kernel/objects/file.ts';
import type { Sys } from './sys.ts';

/** The sock behind an fd, or -EBADF, -ENOTSOCK. @kernel sockfd_lookup, net/socket.c @fidelity full: app/walks/targets.test.ts */
export function sockByFd(sys: Sys, fd: number): Addr | NegErrno {
  const { kernel, fds } = sys;
  const file = fds.file(fd);
  if (!file) return fail('EBADF');
  if (file.ptr('f_op') !== fileOperations(kernel, 'socket_file_ops')) return fail('ENOTSOCK');
  return kernel.view('socket', file.ptr('private_data')).ptr('sk');
}

/** The value is an fd in four bytes or in eight. @kernel sock_map_update_elem_sys, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export function socketUpdate(
  sys: Sys,
  map: SocketMap,
  key: Uint8Array,
  value: Uint8Array,
  flags: bigint,
): NegErrno {
  const fd = value.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (fd > 0x7fff_ffffn) return fail('EINVAL');
  const sk = sockByFd(sys, Number(fd));
  return typeof sk === 'number' ? sk : map.putFor(key.subarray(0, map.spec.keySize), sk, flags);
}

/** @kernel sock_map_lookup_sys, net/core/sock_map.c @fidelity full: app/walks/targets.test.ts */
export const socketLookup = (map: SocketMap, key: Uint8Array): Uint8Array | NegErrno =>
  map.hasCookies ? (map.read(key.subarray(0, map.spec.keySize)) ?? fail('ENOENT')) : fail('ENOSPC');
