/** Maps of sockets by system calls, and what attaching to a map may answer: the errnos of Linux. */
import { expect, test } from 'vitest';

import { Errno } from '../../src/shared/errno.ts';
import { resources } from '../resources.ts';
import { bootMachine } from '../../src/engine/machine/boot.ts';
import { MapType } from '../../src/engine/abi/uapi.ts';

const U32 = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
const U64 = (n: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(n)).buffer);
/** nginx, which listens, has accepted, and has files that are no sockets. */
const NGINX = 601;

function machine() {
  const { syscall, sys, kernel } = bootMachine(resources, { world: { name: 'sockets' }, reader: NGINX });
  const create = (type: number, more: Partial<Parameters<typeof syscall.mapCreate>[0]> = {}): number =>
    syscall.mapCreate({
      type,
      keySize: 4,
      valueSize: 8,
      maxEntries: 4,
      flags: 0,
      mapExtra: 0n,
      numaNode: 0,
      name: 'map',
      btfFd: 0,
      btfKeyTypeId: 0,
      btfValueTypeId: 0,
      innerMapFd: 0,
      ...more,
    });
  /** fds of sockets in a state, lowest first. */
  const sockets = (state: number): number[] =>
    Array.from({ length: 64 }, (_, fd) => fd).filter((fd) => {
      const file = sys.fds.file(fd);
      const socket = file && sys.fds.file(fd)?.deref('f_path.dentry')?.deref('d_inode');
      if (!file || ((socket?.num('i_mode') ?? 0) & 0o170000) !== 0o140000) return false;
      const sk = kernel.view('socket', file.ptr('private_data')).deref('sk');
      return sk?.num('__sk_common.skc_state') === state && sk.num('__sk_common.skc_family') !== 1;
    });
  return { syscall, create, sockets };
}
const LISTEN = 10;
const ESTABLISHED = 1;

test('a map of sockets wants keys of four bytes, values that hold an fd or a cookie, and places', () => {
  const { create } = machine();
  expect(create(MapType.SOCKMAP)).toBeGreaterThan(0);
  expect(create(MapType.SOCKMAP, { keySize: 8 })).toBe(-Errno.EINVAL);
  expect(create(MapType.SOCKMAP, { valueSize: 2 })).toBe(-Errno.EINVAL);
  expect(create(MapType.SOCKMAP, { maxEntries: 0 })).toBe(-Errno.EINVAL);
  expect(create(MapType.SOCKMAP, { flags: 1 })).toBe(-Errno.EINVAL);
  expect(create(MapType.SOCKHASH, { keySize: 40 })).toBeGreaterThan(0);
  expect(create(MapType.SOCKHASH, { keySize: 0 })).toBe(-Errno.EINVAL);
  expect(create(MapType.SOCKHASH, { keySize: 513 })).toBe(-Errno.E2BIG);
});

test.for([
  { type: MapType.SOCKMAP, absent: -Errno.EINVAL },
  { type: MapType.SOCKHASH, absent: -Errno.ENOENT },
])(
  'map type $type: a socket is stored by fd and read back as a cookie, while it is open',
  ({ type, absent }) => {
    const { syscall, create, sockets } = machine();
    const map = create(type);
    const [listening = -1] = sockets(LISTEN);
    const [connected = -1] = sockets(ESTABLISHED);
    const put = (key: number, fd: number, flags = 0): number =>
      syscall.mapUpdate(map, U32(key), U64(fd), flags);
    expect(put(1, 999)).toBe(-Errno.EBADF);
    expect(put(1, 2 ** 31)).toBe(-Errno.EINVAL);
    expect(put(1, 0)).toBe(-Errno.ENOTSOCK);
    expect(put(1, listening, 2)).toBe(-Errno.ENOENT);
    expect(put(1, listening)).toBe(0);
    expect(put(1, connected, 1)).toBe(-Errno.EEXIST);
    expect(put(2, connected, 1)).toBe(0);
    expect(put(2, connected, 3)).toBe(-Errno.EINVAL);
    const cookie = syscall.mapLookup(map, U32(2));
    expect(cookie).toHaveLength(8);
    expect(cookie).not.toEqual(U64(0));
    expect(syscall.mapDelete(map, U32(1))).toBe(0);
    expect(syscall.mapDelete(map, U32(1))).toBe(absent);
    syscall.close(connected);
    expect(syscall.mapLookup(map, U32(2))).toBe(-Errno.ENOENT);
  },
);

test('values of four bytes have no room for a cookie', () => {
  const { syscall, create, sockets } = machine();
  const map = create(MapType.SOCKMAP, { valueSize: 4 });
  expect(syscall.mapUpdate(map, U32(0), U32(sockets(LISTEN)[0] ?? -1), 0)).toBe(0);
  expect(syscall.mapLookup(map, U32(0))).toBe(-Errno.ENOSPC);
  expect(syscall.mapUpdate(map, U32(4), U32(sockets(LISTEN)[0] ?? -1), 0)).toBe(-Errno.E2BIG);
});
