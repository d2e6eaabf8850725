/**
 * The iterator core: targets that registered, and how one object meets the program.
 *
 * A target says how its objects are walked (start, next, show, stop) and what it wants to know at attach.
 * The core knows no target by name. A program sees an object through a context whose layout is the struct
 * `bpf_iter__<target>` of the kernel's BTF; slot 0 is always `meta`.
 *
 *     show(object) -> runIterProg -> { meta { seq, session_id, seq_num }, object, ... } -> program
 *
 * Source: kernel/bpf/bpf_iter.c, include/linux/bpf.h, Linux 6.12.
 */
import { U64_MAX } from '../../shared/int64.ts';
import type { Addr, Bytes } from '../../shared/brand.ts';
import type { ErrnoName, NegErrno } from '../../shared/errno.ts';
import { Errno, fail } from '../../shared/errno.ts';
import type { BpfMap } from '../bpf/map.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Ksym } from '../kernel/symbols.ts';
import type { View } from '../kernel/view.ts';
import type { PseudoCode } from '../../protocol/api.ts';
import type { Recorder } from '../trace/recorder.ts';
import type { TargetInfo } from '../verifier/request.ts';
import type { Session } from './session.ts';

/** An object of the walk: its address, NULL, or an errno in the last page of addresses. */
export type Obj = Addr;
export const NULL: Obj = 0n;
export const errPtr = (name: ErrnoName): Obj => BigInt.asUintN(64, -BigInt(Errno[name]));
/** Errnos are the last 4095 addresses. */
const FIRST_ERR = U64_MAX - 4094n;
export const isErr = (p: Obj): boolean => p >= FIRST_ERR;
export const ptrErr = (p: Obj): NegErrno => Number(BigInt.asIntN(64, p));

/** The walk. The position is `session.seq.index`; start and next move it. */
export interface SeqOps {
  start(session: Session): Obj;
  next(session: Session, object: Obj): Obj;
  /** @returns 0 kept, > 0 passed over, or a negated errno */
  show(session: Session, object: Obj): number;
  /** Gives the object back; with NULL, runs the program a last time. */
  stop(session: Session, object: Obj): void;
}

export interface SeqInfo {
  readonly ops: SeqOps;
  /** The struct that holds the walk's state, `seq->private`. */
  readonly privStruct: string;
  /** Its size, where no struct of the kernel's says it: `privStruct` is then only how it is looked at. */
  readonly privSize?: Bytes;
  /** Runs at open. @returns 0 or a negated errno, with nothing held */
  initPriv?(session: Session, aux: View): NegErrno;
  /** Runs at close. */
  finiPriv?(session: Session): void;
}

/** `union bpf_iter_link_info`, decoded: 16 bytes that a target reads as it needs. */
export type LinkInfoBytes = DataView;

/** What a target registers; what the verifier wants to know of it is TargetInfo. */
export interface IterReg extends TargetInfo {
  readonly target: string;
  /** BPF_ITER_RESCHED: show may sleep, so sleepable programs may attach. */
  readonly resched: boolean;
  /** The walk; a map element target takes it from the map's type, known once attached. */
  seqInfo(kernel: Kernel, aux: View): SeqInfo;
  /** Types of maps that it walks, of a target whose parameter is a map. */
  readonly mapTypes?: ReadonlySet<number>;
  /** Checks the parameters and stores them in the link's `bpf_iter_aux_info`. */
  attach?(ctx: AttachContext, aux: View): NegErrno;
  /** Gives back what attach took. */
  detach?(ctx: { readonly kernel: Kernel; readonly iter: BpfIter }, aux: View): void;
  /** Extra lines of the link's fdinfo, each with its newline. */
  showFdinfo?(kernel: Kernel, aux: View): string;
  /** Stores the target's part of `struct bpf_link_info`, whose bytes `info` is. */
  fillLinkInfo?(kernel: Kernel, aux: View, info: DataView): void;
  /** What an object is to the page: its owner and its key within it. */
  identify(session: Session, object: Obj): { readonly owner: Addr; readonly key: number };
  /** The callbacks in our words. */
  readonly code: readonly PseudoCode[];
}

/** Who attaches what. */
export interface AttachContext {
  readonly kernel: Kernel;
  readonly iter: BpfIter;
  readonly info: LinkInfoBytes;
  readonly prog: IterProg;
  /** The task that made the system call. */
  readonly current: View;
}

/** What the core needs to know of a loaded program. */
export interface IterProg {
  readonly id: number;
  readonly addr: Addr;
  /** 16 lower-case hex digits. */
  readonly tag: string;
  readonly name: string;
  readonly attachBtfId: number;
  readonly sleepable: boolean;
  /** Highest byte read through a read-only buffer of the context, plus one. */
  readonly maxRdonlyAccess: number;
  /** Highest byte used through a read-write buffer of the context, plus one. */
  readonly maxRdwrAccess: number;
}

/** fuel: too many instructions in one callback. fault: memory that does not exist. stack: too many frames. */
export type AbortReason = 'fuel' | 'fault' | 'stack';

/** The program came to no end. Not an errno: nobody's read(2) returns. */
export class ProgramAbort extends Error {
  override readonly name = 'ProgramAbort';
  readonly why: AbortReason;
  readonly pc: number;
  readonly addr: Addr;
  constructor(why: AbortReason, pc: number, addr: Addr) {
    super(`the program stopped at instruction ${pc}: ${why}`);
    this.why = why;
    this.pc = pc;
    this.addr = addr;
  }
}

/** As AbortReason; deadlock: a lock that its holder waits for. */
export type OopsReason = AbortReason | 'deadlock';

/** A callback of a target is C of the user's, and came to no end. Nobody's system call returns. */
export class KernelOops extends Error {
  override readonly name = 'KernelOops';
  readonly why: OopsReason;
  readonly addr: Addr;
  /** The line of C, or null when none was reached. */
  readonly at: { readonly file: string; readonly line: number; readonly column: number } | null;
  /** Functions with their lines, the innermost first. */
  readonly trace: readonly string[];
  constructor(oops: Pick<KernelOops, 'why' | 'addr' | 'at' | 'trace'> & { readonly text: string }) {
    super(`BUG: ${oops.text}`);
    this.why = oops.why;
    this.addr = oops.addr;
    this.at = oops.at;
    this.trace = oops.trace;
  }
}

/** Kinds of BPF objects that have numbers and can be walked. */
export type NumberedKind = 'map' | 'prog' | 'link';

/** Objects of one kind by number; an object is known by the address of its struct. */
export interface NumberedWalk {
  /** The object with the lowest number that is at least `id`. */
  atLeast(id: number): { readonly id: number; readonly addr: Addr } | null;
  get(addr: Addr): void;
  put(addr: Addr): void;
}

/** What the core is given from outside. */
export interface IterEnv {
  readonly numbered: Readonly<Record<NumberedKind, NumberedWalk>>;
  /** What kallsyms shows of the loaded programs, oldest first. */
  progSymbols(): readonly Ksym[];
  /** The map behind an fd of the current task, or -EBADF, -EINVAL. Takes no reference. */
  mapByFd(fd: number): BpfMap | NegErrno;
  /** A reference that counts as user space's. */
  getUserMap(map: BpfMap): void;
  putUserMap(map: BpfMap): void;
  readonly kernel: Kernel;
  readonly recorder: Recorder | null;
  /** The task that runs the current system call. */
  current(): View;
  /**
   * Runs the program on a context.
   *
   * @throws ProgramAbort
   */
  runProg(prog: IterProg, ctx: Addr, session: Session): { readonly r0: bigint; readonly retired: number };
  /** A reference on the program. */
  getProg(prog: IterProg): void;
  putProg(prog: IterProg): void;
}

/** Targets by name, and the counter that numbers sessions. */
export class BpfIter {
  readonly env: IterEnv;
  private readonly targets = new Map<string, IterReg>();
  private sessions = 0;

  constructor(env: IterEnv) {
    this.env = env;
  }

  /**
   * @kernel bpf_iter_reg_target, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  register(reg: IterReg): void {
    this.targets.set(reg.target, reg);
  }

  /**
   * @kernel bpf_iter_unreg_target, kernel/bpf/bpf_iter.c
   * @fidelity full: app/module.test.ts
   */
  unregister(target: string): void {
    this.targets.delete(target);
  }

  find(target: string): IterReg | null {
    return this.targets.get(target) ?? null;
  }

  get names(): readonly string[] {
    return [...this.targets.keys()];
  }

  /**
   * The target of the kernel function `bpf_iter_<target>` that a program attaches to, or null.
   *
   * @kernel bpf_iter_prog_supported, kernel/bpf/bpf_iter.c
   * @fidelity full: bpf_targets.test.ts
   */
  byFunction(funcName: string): IterReg | null {
    return funcName.startsWith('bpf_iter_') ? this.find(funcName.slice('bpf_iter_'.length)) : null;
  }

  /** Sessions that were opened before this machine was looked at: numbers go on from there. */
  numberAfter(sessions: number): void {
    this.sessions = sessions;
  }

  /** The number of a session that now opens: 1, 2, ... over all targets and links. */
  nextSessionId(): number {
    return ++this.sessions;
  }
}

/**
 * Shows one object to the program.
 *
 * @param store writes the context's fields; all of them are 0 before
 * @returns 0, or -EAGAIN when the program returned anything else
 * @throws ProgramAbort
 * @kernel bpf_iter_run_prog, kernel/bpf/bpf_iter.c
 * @fidelity full: seq_read.test.ts
 */
export function runIterProg(session: Session, store: (ctx: View) => void): NegErrno {
  return session.runProg(store) === 0 ? 0 : fail('EAGAIN');
}

/**
 * The last call, made when the walk has ended: the program sees no object. Made until its text fitted once.
 *
 * @param store writes the fields that are not 0 even now
 * @kernel bpf_iter_get_info, kernel/bpf/bpf_iter.c
 * @fidelity full: seq_read.test.ts
 */
export function runFinalProg(session: Session, store: (ctx: View) => void = () => undefined): void {
  if (!session.doneStop) session.runProg(store);
}
