/** Attach parameters as people give them, turned into `union bpf_iter_link_info`. */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { AttachParams } from '../../protocol/scenario.ts';
import { findPidNs, taskActivePidNs } from '../kernel/objects/pid.ts';
import { encodeIterLinkInfo } from '../libbpf/attach.ts';
import type { IterLinkInfo } from '../libbpf/attach.ts';
import { goodFd } from '../libbpf/good_fd.ts';
import type { LoadedObject } from '../libbpf/load.ts';
import { openDirectory } from '../sys/paths.ts';
import { openPidfd } from '../vfs/pidfd.ts';
import type { Machine } from './boot.ts';

/** enum bpf_cgroup_iter_order */
export const CGROUP_ORDERS = { self: 1, pre: 2, post: 3, up: 4, children: 5 } as const;

/**
 * Resolves what the parameters name: opens a pidfd in the reader, finds a map's fd.
 *
 * @returns the bytes of the union, null for none, or the errno of the call that failed
 */
export function linkInfoFor(
  machine: Machine,
  loaded: LoadedObject,
  target: string,
  params: AttachParams,
): Uint8Array | null | NegErrno {
  const given = (...names: (keyof AttachParams)[]): boolean =>
    names.some((name) => params[name] !== undefined);
  let info: IterLinkInfo | null = null;
  if (given('map')) {
    const fd = mapFd(loaded, params.map ?? '');
    if (fd < 0) return fd;
    info = { kind: 'map', mapFd: fd };
  } else if (given('cgroup', 'cgroupId', 'order')) {
    const cgroupFd = params.cgroup === undefined ? 0 : openCgroup(machine, params.cgroup);
    if (cgroupFd < 0) return cgroupFd;
    const order = params.order === undefined ? defaultOrder(target) : CGROUP_ORDERS[params.order];
    info = { kind: 'cgroup', order, cgroupFd, cgroupId: BigInt(params.cgroupId ?? 0) };
  } else if (given('tid', 'pid', 'pidfd', 'rawPidfd')) {
    const pidFd = params.pidfd === undefined ? (params.rawPidfd ?? 0) : openProcess(machine, params.pidfd);
    if (pidFd < 0) return pidFd;
    info = { kind: 'task', tid: params.tid ?? 0, pid: params.pid ?? 0, pidFd };
  }
  return info && encodeIterLinkInfo(info);
}

const CGROUP_MOUNT = '/sys/fs/cgroup';

/**
 * Opens the directory of a cgroup: a path below the mount of cgroup2, or else one as it is. A fd of 0 would mean
 * "none", so it is above those of standard files, which a reader of a world may lack.
 */
function openCgroup({ sys, syscall }: Machine, path: string): NegErrno {
  const fd = openDirectory(sys, `${CGROUP_MOUNT}/${path}`);
  return goodFd(syscall, fd < 0 && path.startsWith('/') ? openDirectory(sys, path) : fd);
}

/** A path or an id without an order means the whole subtree, as bpftool's users expect. */
const defaultOrder = (target: string): number => (target === 'cgroup' ? CGROUP_ORDERS.pre : 0);

function mapFd(loaded: LoadedObject, name: string): NegErrno {
  const index = loaded.object.maps.findIndex((map) => map.name === name);
  const fd = loaded.mapFds[index] ?? -1;
  return fd >= 0 ? fd : fail('ENOENT');
}

/** pidfd_open(2) by the reader, above its standard files as in openCgroup. */
function openProcess({ kernel, syscall }: Machine, pid: number): NegErrno {
  const task = kernel.view('task_struct', kernel.current);
  const ns = taskActivePidNs(kernel, task);
  const found = ns && findPidNs(kernel, pid, ns);
  return found ? goodFd(syscall, openPidfd(kernel, task, found)) : fail('ESRCH');
}
