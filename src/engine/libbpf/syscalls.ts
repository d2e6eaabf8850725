/**
 * The commands of bpf(2) that libbpf needs, as functions. src/engine/sys implements them; whoever builds the
 * machine hands them in. Everything returns what the system call returns: an fd or 0, or a negated errno.
 * Fds are opened in the reader's file table, in the order of the calls.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Insn } from '../abi/insn.ts';
import type { FuncInfo, LineInfo } from '../btf/ext.ts';

/** BPF_MAP_CREATE */
export interface MapCreateAttr {
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly keySize: Bytes;
  readonly valueSize: Bytes;
  readonly maxEntries: number;
  /** BPF_F_* */
  readonly flags: number;
  readonly mapExtra: bigint;
  readonly numaNode: number;
  /** At most 15 characters. */
  readonly name: string;
  /** 0: no BTF. */
  readonly btfFd: number;
  readonly btfKeyTypeId: TypeId;
  readonly btfValueTypeId: TypeId;
  /** Maps of maps only, else 0. */
  readonly innerMapFd: number;
}

/** BPF_PROG_LOAD */
export interface ProgLoadAttr {
  /** BPF_PROG_TYPE_* */
  readonly type: number;
  /** BPF_TRACE_ITER and so on. */
  readonly expectedAttachType: number;
  readonly insns: readonly Insn[];
  readonly license: string;
  /** At most 15 characters. */
  readonly name: string;
  /** BPF_F_SLEEPABLE and so on. */
  readonly flags: number;
  /** FUNC in the kernel's BTF, 0: none. */
  readonly attachBtfId: TypeId;
  /** The program's own BTF, 0: none. */
  readonly progBtfFd: number;
  /** insnOff counts instructions here, as the kernel does. */
  readonly funcInfo: readonly FuncInfo[];
  /** insnOff counts instructions here, as the kernel does. */
  readonly lineInfo: readonly LineInfo[];
  /** BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2 | BPF_LOG_STATS; 0: no log. */
  readonly logLevel: number;
}

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
  mapUpdate(fd: number, key: Uint8Array, value: Uint8Array, flags: number): NegErrno;
  mapFreeze(fd: number): NegErrno;
  /** `log` is what the verifier wrote, lines ended by \n; '' at level 0. */
  progLoad(attr: ProgLoadAttr): { readonly ret: number; readonly log: string };
  linkCreate(attr: LinkCreateAttr): number;
  objPin(fd: number, path: string): NegErrno;
  objGet(path: string): number;
  close(fd: number): NegErrno;
}
