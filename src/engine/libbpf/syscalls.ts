/**
 * The commands of bpf(2) that libbpf needs, as functions. src/engine/sys implements them; whoever builds the
 * machine hands them in. Everything returns what the system call returns: an fd or 0, or a negated errno.
 * Fds are opened in the reader's file table, in the order of the calls.
 */
import type { NegErrno } from '../../shared/errno.ts';
import type { MapCreateAttr } from '../sys/map_cmds.ts';
import type { MapInfoData } from '../sys/obj_info.ts';
import type { ProgLoadAttr } from '../sys/prog_load.ts';

export type { MapCreateAttr, ProgLoadAttr };

/** BPF_LINK_CREATE with BPF_TRACE_ITER */
export interface LinkCreateAttr {
  readonly progFd: number;
  readonly attachType: number;
  /** union bpf_iter_link_info as bytes, its length is iter_info_len; null: none given. */
  readonly iterInfo: Uint8Array | null;
}

export interface BpfSyscalls {
  btfLoad(btf: Uint8Array): number;
  mapCreate(attr: MapCreateAttr): number;
  /** BPF_OBJ_GET_INFO_BY_FD on a map. */
  mapInfo(fd: number): MapInfoData | NegErrno;
  mapUpdate(fd: number, key: Uint8Array, value: Uint8Array, flags: number): NegErrno;
  mapFreeze(fd: number): NegErrno;
  /** mmap(2) of a whole arena, and a copy of `initial` to its start. */
  mmapArena(fd: number, initial: Uint8Array): NegErrno;
  /** `log` is what the verifier wrote, lines ended by \n; '' at level 0. */
  progLoad(attr: ProgLoadAttr): {
    readonly ret: number;
    readonly log: string;
    /** Loaded although it could not be judged: why. */
    readonly unverified?: string;
  };
  linkCreate(attr: LinkCreateAttr): number;
  objPin(fd: number, path: string): NegErrno;
  objGet(path: string): number;
  /** fcntl(F_DUPFD_CLOEXEC): a second number for the same file, not below `least`. */
  dupAbove(fd: number, least: number): number;
  close(fd: number): NegErrno;
}
