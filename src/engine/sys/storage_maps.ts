/**
 * Local storage from user space: the key is an fd that names the owner: a pidfd, a cgroup's directory, a
 * socket, any file for its inode.
 *
 * Source: kernel/bpf/bpf_task_storage.c, bpf_cgrp_storage.c, bpf_inode_storage.c, net/core/bpf_sk_storage.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import {
  CgroupStorageMap,
  InodeStorageMap,
  SkStorageMap,
  TaskStorageMap,
} from '../bpf/maps/local_storage.ts';
import type { LocalStorageMap } from '../bpf/maps/local_storage.ts';
import { fileOperations } from '../kernel/objects/file.ts';
import { pidTask } from '../kernel/objects/pid.ts';
import { cgroupOfDirectory } from '../vfs/cgroupfs.ts';
import { pidfdPid } from '../vfs/pidfd.ts';
import type { Sys } from './sys.ts';

/** PIDTYPE_PID */
const THREAD = 0;

/**
 * @returns the owner's address, or -EBADF when the fd is not open or names no such owner, -ENOENT for a
 *   process that has gone, -ENOTSOCK
 */
function ownerOf(sys: Sys, map: LocalStorageMap, key: Uint8Array): Addr | NegErrno {
  const { kernel, fds } = sys;
  const fd = new DataView(key.buffer, key.byteOffset).getInt32(0, true);
  const file = fds.file(fd);
  if (!file) return fail('EBADF');
  if (map instanceof TaskStorageMap) {
    const pid = pidfdPid(kernel, fds.task, fd);
    if (!pid) return fail('EBADF');
    return pidTask(kernel, pid, THREAD)?.addr ?? fail('ENOENT');
  }
  if (map instanceof CgroupStorageMap) return cgroupOfDirectory(kernel, fds.task, fd)?.addr ?? fail('EBADF');
  if (map instanceof InodeStorageMap) return file.ptr('f_inode');
  if (map instanceof SkStorageMap) {
    if (file.ptr('f_op') !== fileOperations(kernel, 'socket_file_ops')) return fail('ENOTSOCK');
    return kernel.view('socket', file.ptr('private_data')).ptr('sk');
  }
  return fail('EOPNOTSUPP');
}

/** @kernel bpf_pid_task_storage_lookup_elem, kernel/bpf/bpf_task_storage.c @fidelity full: local_storage.test.ts */
export function storageLookup(sys: Sys, map: LocalStorageMap, key: Uint8Array): Uint8Array | NegErrno {
  const owner = ownerOf(sys, map, key);
  return typeof owner === 'number' ? owner : (map.readFor(owner) ?? fail('ENOENT'));
}

/** @kernel bpf_pid_task_storage_update_elem, kernel/bpf/bpf_task_storage.c @fidelity full: local_storage.test.ts */
export function storageUpdate(
  sys: Sys,
  map: LocalStorageMap,
  key: Uint8Array,
  value: Uint8Array,
  flags: bigint,
): NegErrno {
  const owner = ownerOf(sys, map, key);
  if (typeof owner === 'number') return owner;
  const none = map instanceof InodeStorageMap ? fail('EBADF') : fail('EINVAL');
  return map.storageAt(owner) === 0n ? none : map.writeFor(owner, value, flags);
}

/** @kernel bpf_pid_task_storage_delete_elem, kernel/bpf/bpf_task_storage.c @fidelity full: local_storage.test.ts */
export function storageDelete(sys: Sys, map: LocalStorageMap, key: Uint8Array): NegErrno {
  const owner = ownerOf(sys, map, key);
  return typeof owner === 'number' ? owner : map.remove(owner);
}
