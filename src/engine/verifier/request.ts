/**
 * What the verifier is asked and what it answers. The system call layer fills a request from the attributes
 * of BPF_PROG_LOAD; tests fill it from an object file. The verifier sees no fd table and no memory.
 */
import type { Addr, Bytes, InsnIndex, TypeId } from '../../shared/brand.ts';
import type { ErrnoName } from '../../shared/errno.ts';
import type { Insn } from '../abi/insn.ts';
import type { Release } from '../abi/releases.ts';
import type { Btf } from '../btf/parse.ts';
import type { Xlated } from './rewrite.ts';
import type { VerifierState } from './state.ts';

/** A part of a map value that only helpers may touch: a lock, a timer, a kernel pointer. */
export interface MapField {
  /** The struct's name (`bpf_spin_lock`) or the pointer's type tag (`kptr`). */
  readonly kind: string;
  readonly offset: Bytes;
  readonly size: Bytes;
}

/** What the verifier needs to know of a map. The object's identity is the map's identity. */
export interface MapInfo {
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly name: string;
  readonly keySize: Bytes;
  readonly valueSize: Bytes;
  readonly maxEntries: number;
  /** BPF_F_* */
  readonly flags: number;
  /** User space can no longer change it. */
  readonly frozen: boolean;
  /** Address of struct bpf_map: what a ld_imm64 of the map holds. */
  readonly address: Addr;
  /** Address of the first value of an array map, else null. */
  readonly valueAddress: Addr | null;
  readonly fields: readonly MapField[];
  /** The type of values, absent: the map has no BTF. */
  readonly valueType?: { readonly btf: Btf; readonly id: TypeId };
  /** Bytes of the value of a frozen read-only array, or null when they cannot be read directly. */
  readValue(offset: Bytes, size: Bytes): Uint8Array | null;
  /** Maps of maps: what an element looks like. */
  readonly inner: MapInfo | null;
}

export type CtxArgType =
  | 'trusted'
  | 'trusted_or_null'
  | 'btf_or_null'
  | 'rdonly_buf_or_null'
  | 'rdwr_buf_or_null';

/** The registered target of an iterator program, as far as loading looks at it. */
export interface TargetInfo {
  /** Overrides of the type of a context slot, by byte offset. */
  readonly ctxArgs: readonly {
    readonly offset: Bytes;
    readonly type: CtxArgType;
    /** The struct pointed to, as registered; absent: that of the function's parameter. */
    readonly btfId?: TypeId;
  }[];
  /** Helpers that only this target's programs may call. */
  readonly extraHelpers: readonly string[];
}

/** insnOff counts instructions. */
export interface ProgFuncInfo {
  readonly insnOff: InsnIndex;
  readonly typeId: TypeId;
}
/** insnOff counts instructions; strings resolved. */
export interface ProgLineInfo {
  readonly insnOff: InsnIndex;
  readonly file: string;
  readonly text: string;
  readonly line: number;
}

/**
 * precise: every scalar counts, as without CAP_BPF. unwidened: likewise, and no round of a loop is made like the
 * one before it. none: no path ends because an earlier one covers it.
 */
export type Pruning = 'precise' | 'unwidened' | 'none';

export interface VerifyRequest {
  /** As given to BPF_PROG_LOAD: ld_imm64 with map fds, calls with BTF ids. Not changed. */
  readonly insns: readonly Insn[];
  /** BPF_PROG_TYPE_*; absent: TRACING. */
  readonly progType?: number;
  /** enum bpf_attach_type; absent: BPF_TRACE_ITER. */
  readonly attachType?: number;
  /** prog_flags: BPF_F_STRICT_ALIGNMENT, BPF_F_TEST_STATE_FREQ and so on. */
  readonly flags?: number;
  readonly release: Release;
  readonly kernelBtf: Btf;
  readonly progBtf: Btf | null;
  readonly funcInfo: readonly ProgFuncInfo[];
  readonly lineInfo: readonly ProgLineInfo[];
  /** A map by its fd, or why there is none: nothing is open there, or something else. */
  map(fd: number): MapInfo | 'EBADF' | 'EINVAL';
  /** Address of a kernel variable named by a ld_imm64, null: no such symbol. */
  ksymAddress(name: string): Addr | null;
  readonly gplCompatible: boolean;
  readonly attachBtfId: TypeId;
  /** The target named `bpf_iter_<name>`, null: not registered. */
  target(name: string): TargetInfo | null;
  readonly sleepable: boolean;
  /** BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2 | BPF_LOG_STATS */
  readonly logLevel: number;
  readonly cpus: number;
  /** Keep the states the page shows; costs memory. */
  readonly keepStates?: boolean;
  /** Sees every state just before its instruction is simulated; it must not keep or change it. */
  readonly observe?: (insn: InsnIndex, state: VerifierState) => void;
  /** For tests of pruning. Absent: as Linux does it for a program that may do all. */
  readonly pruning?: Pruning;
  /** For "verification time": nanoseconds, only printed at BPF_LOG_STATS. */
  readonly verificationUsec?: number;
}

/** Why a program was refused. The log's last message is `message`. */
export interface RejectReason {
  readonly errno: ErrnoName;
  /** Where, or null when no instruction is to blame. */
  readonly insn: InsnIndex | null;
  readonly message: string;
  /** Not a verdict: Linux may accept the program, it has what is not modelled here. */
  readonly unsupported?: true;
}

export interface SubprogInfo {
  readonly start: InsnIndex;
  /** One past the last instruction. */
  readonly end: InsnIndex;
  readonly name: string;
  readonly stackDepth: Bytes;
  readonly global: boolean;
}

/** What one pass over an instruction knew; the page lists these. */
export interface InsnState {
  readonly insn: InsnIndex;
  /** Registers and stack after the instruction, in the log's words. */
  readonly text: string;
}

/** A load or store of what only the low half of the address tells. */
export const ARENA_ACCESS = 1;
/** 64-bit arithmetic on an address of the arena, of which only the low half counts. */
export const ARENA_NARROW = 2;

export interface VerifyResult {
  readonly ok: boolean;
  /** null when accepted */
  readonly errno: ErrnoName | null;
  readonly log: string;
  readonly reject: RejectReason | null;
  /** Instructions simulated. */
  readonly processed: number;
  readonly maxRdonlyAccess: Bytes;
  readonly maxRdwrAccess: Bytes;
  /** How far into its context the program reaches. */
  readonly maxCtxOffset?: Bytes;
  /** Per instruction: 1 where a load that faults gives 0. */
  readonly probeMem: Uint8Array;
  /** Per instruction, of a program that uses an arena: ARENA_ACCESS, ARENA_NARROW or 0. */
  readonly arena?: Uint8Array;
  /** Where the function starts that bpf_throw leaves the program for; absent: there is none. */
  readonly exceptionCallback?: InsnIndex;
  /** Per instruction: 1 where the simulation came by. */
  readonly seen: Uint8Array;
  readonly subprogs: readonly SubprogInfo[];
  readonly maps: readonly MapInfo[];
  /** Deepest call chain, rounded as the kernel counts it. */
  readonly stackDepth: Bytes;
  /** In the order of simulation; empty unless asked for. */
  readonly states: readonly InsnState[];
  /** What the kernel makes of an accepted program; absent: nobody looked at it. */
  readonly xlated?: () => Xlated;
}
