/**
 * bpf(2) as typed commands. Every command returns what the system call returns: an fd or 0, or a negated
 * errno; what it copies out comes beside that. This is the interface that libbpf is written against.
 *
 * Source: __sys_bpf, kernel/bpf/syscall.c, Linux 6.12.
 */
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { Btf, BtfFormatError } from '../btf/parse.ts';
import type { IterInfo } from '../iter/link.ts';
import { findTaskByPidNs, taskActivePidNs } from '../kernel/objects/pid.ts';
import { lookupFd } from '../vfs/fd_table.ts';
import { mmapArena } from './arena_maps.ts';
import * as attach from './attach_cmds.ts';
import type { AttachAttr } from './attach_cmds.ts';
import * as bpffs from './bpffs.ts';
import * as files from './files.ts';
import * as info from './obj_info.ts';
import type { LinkInfo, MapInfoData, ObjectInfo } from './obj_info.ts';
import * as links from './link_cmds.ts';
import type { LinkCreateAttr } from './link_cmds.ts';
import * as batch from './map_batch.ts';
import type { ChangeBatch, Element, LookupBatch } from './map_batch.ts';
import * as maps from './map_cmds.ts';
import type { MapCreateAttr } from './map_cmds.ts';
import { openDirectory } from './paths.ts';
import { progLoad } from './prog_load.ts';
import type { ProgLoadAttr, ProgLoadResult } from './prog_load.ts';
import { enableStats } from './prog_stats.ts';
import type { Sys } from './sys.ts';
import { progTestRun } from './test_run.ts';
import type { TestRun, TestRunAttr } from './test_run.ts';
import { dupFdAbove } from '../vfs/fd_table.ts';

export class BpfSyscall {
  readonly sys: Sys;

  constructor(sys: Sys) {
    this.sys = sys;
  }

  /** BPF_BTF_LOAD @kernel btf_new_fd, kernel/bpf/btf.c @fidelity partial: structure is checked, meaning is not */
  btfLoad(blob: Uint8Array): number {
    const { objects, fds } = this.sys;
    try {
      const btf = objects.createBtf(Btf.parse(blob.slice()));
      const fd = fds.open('btf', btf.addr);
      if (fd < 0) objects.putBtf(btf);
      return fd;
    } catch (error) {
      if (error instanceof BtfFormatError) return fail('EINVAL');
      throw error;
    }
  }

  mapCreate(attr: MapCreateAttr): number {
    return maps.mapCreate(this.sys, attr);
  }
  mapLookup(fd: number, key: Uint8Array | null, flags = 0n): Uint8Array | NegErrno {
    return maps.mapLookup(this.sys, fd, key, flags);
  }
  mapUpdate(fd: number, key: Uint8Array | null, value: Uint8Array | null, flags: number): NegErrno {
    return maps.mapUpdate(this.sys, fd, key, value, BigInt(flags));
  }
  mapDelete(fd: number, key: Uint8Array | null): NegErrno {
    return maps.mapDelete(this.sys, fd, key);
  }
  mapGetNextKey(fd: number, key: Uint8Array | null): Uint8Array | NegErrno {
    return maps.mapGetNextKey(this.sys, fd, key);
  }
  /** BPF_MAP_LOOKUP_AND_DELETE_ELEM */
  mapLookupAndDelete(fd: number, key: Uint8Array | null, flags = 0n): Uint8Array | NegErrno {
    return batch.mapLookupAndDelete(this.sys, fd, key, flags);
  }
  mapLookupBatch(fd: number, from: Uint8Array | null, count: number, flags = 0n): LookupBatch {
    return batch.mapLookupBatch(this.sys, fd, from, count, flags);
  }
  mapLookupAndDeleteBatch(fd: number, from: Uint8Array | null, count: number, flags = 0n): LookupBatch {
    return batch.mapLookupBatch(this.sys, fd, from, count, flags, true);
  }
  mapUpdateBatch(fd: number, elements: readonly Element[], flags = 0n): ChangeBatch {
    return batch.mapUpdateBatch(this.sys, fd, elements, flags);
  }
  mapDeleteBatch(fd: number, keys: readonly Uint8Array[], flags = 0n): ChangeBatch {
    return batch.mapDeleteBatch(this.sys, fd, keys, flags);
  }
  /** mmap(2) of an arena. */
  mmapArena(fd: number, initial: Uint8Array): NegErrno {
    return mmapArena(this.sys, fd, initial);
  }
  mapFreeze(fd: number): NegErrno {
    return maps.mapFreeze(this.sys, fd);
  }

  /** BPF_PROG_TEST_RUN */
  progTestRun(fd: number, attr: TestRunAttr = {}): TestRun {
    return progTestRun(this.sys, fd, attr);
  }
  /**
   * BPF_TASK_FD_QUERY: tells of perf events and raw tracepoints; no fd here is one.
   *
   * @returns -EINVAL for flags, -ENOENT for a process that is not there, -EBADF, -ENOTSUPP
   * @kernel bpf_task_fd_query, kernel/bpf/syscall.c
   * @fidelity full: map_batch.test.ts
   */
  taskFdQuery(pid: number, fd: number, flags = 0): NegErrno {
    const { kernel, fds } = this.sys;
    if (flags !== 0) return fail('EINVAL');
    const ns = taskActivePidNs(kernel, fds.task);
    const task = ns && findTaskByPidNs(kernel, pid, ns);
    if (!task) return fail('ENOENT');
    return lookupFd(kernel, task, fd) ? fail('ENOTSUPP') : fail('EBADF');
  }

  /** BPF_ENABLE_STATS */
  enableStats(type: number): number {
    return enableStats(this.sys.kernel, this.sys.fds, type);
  }
  /** BPF_PROG_BIND_MAP */
  progBindMap(progFd: number, mapFd: number, flags = 0): NegErrno {
    return attach.progBindMap(this.sys, progFd, mapFd, flags);
  }
  /** BPF_PROG_ATTACH */
  progAttach(attr: AttachAttr): NegErrno {
    return attach.progAttach(this.sys, attr);
  }
  /** BPF_PROG_DETACH */
  progDetach(attr: AttachAttr): NegErrno {
    return attach.progDetach(this.sys, attr);
  }
  /** BPF_PROG_QUERY */
  progQuery(targetFd: number, attachType: number): NegErrno {
    return attach.progQuery(this.sys, targetFd, attachType);
  }
  /** BPF_RAW_TRACEPOINT_OPEN */
  rawTracepointOpen(progFd: number, name: string): NegErrno {
    return attach.rawTracepointOpen(this.sys, progFd, name);
  }
  /** BPF_TOKEN_CREATE */
  tokenCreate(bpffsFd: number, flags = 0): NegErrno {
    return attach.tokenCreate(this.sys, bpffsFd, flags);
  }

  progLoad(attr: ProgLoadAttr): ProgLoadResult {
    return progLoad(this.sys, attr);
  }

  /** `iterInfo` as bytes takes its length from them. */
  linkCreate(
    attr: Partial<Omit<LinkCreateAttr, 'iterInfo'>> &
      Pick<LinkCreateAttr, 'progFd' | 'attachType'> & { iterInfo?: IterInfo | Uint8Array | null },
  ): number {
    const { iterInfo = null, ...rest } = attr;
    const given = iterInfo instanceof Uint8Array ? { bytes: iterInfo, length: iterInfo.length } : iterInfo;
    return links.linkCreate(this.sys, { ...rest, ...(given ? { iterInfo: given } : {}) });
  }
  linkUpdate(linkFd: number, newProgFd: number, flags = 0, oldProgFd = 0): NegErrno {
    return links.linkUpdate(this.sys, linkFd, newProgFd, flags, oldProgFd);
  }
  linkDetach(linkFd: number): NegErrno {
    return links.linkDetach(this.sys, linkFd);
  }
  iterCreate(linkFd: number, flags = 0): number {
    return links.iterCreate(this.sys, linkFd, flags);
  }

  objPin(fd: number, path: string, flags = 0): NegErrno {
    return bpffs.objPin(this.sys, fd, path, flags);
  }
  objGet(path: string, flags = 0): number {
    return bpffs.objGet(this.sys, path, flags);
  }
  /** BPF_OBJ_GET_INFO_BY_FD on anything but a link's target name. */
  objInfo(fd: number): ObjectInfo | NegErrno {
    return info.objInfo(this.sys, fd);
  }
  /** BPF_OBJ_GET_INFO_BY_FD on a map; -EINVAL for anything else. */
  mapInfo(fd: number): MapInfoData | NegErrno {
    const found = info.objInfo(this.sys, fd);
    return typeof found === 'number' || found.kind === 'map' ? found : fail('EINVAL');
  }
  /** BPF_OBJ_GET_INFO_BY_FD on a link, with room for the target's name (0: none given). */
  linkInfo(fd: number, nameRoom?: number): LinkInfo | NegErrno {
    return info.linkInfo(this.sys, fd, nameRoom);
  }
  getNextId(kind: info.IdKind, id: number): number {
    return info.getNextId(this.sys, kind, id);
  }
  getFdById(kind: info.IdKind, id: number): number {
    return info.getFdById(this.sys, kind, id);
  }

  /** open(2) of a directory, for targets that take one. */
  openDirectory(path: string): number {
    return openDirectory(this.sys, path);
  }
  /** fcntl(F_DUPFD_CLOEXEC) */
  dupAbove(fd: number, least: number): number {
    return dupFdAbove(this.sys.kernel, this.sys.fds.task, fd, least);
  }
  close(fd: number): NegErrno {
    return files.close(this.sys, fd);
  }
}
