/**
 * What all parts of one verification share: the request, the log, the current state, counters, and the
 * way to refuse. A refusal writes its message to the log and unwinds to `verify`.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex, TypeId } from '../../shared/brand.ts';
import type { ErrnoName } from '../../shared/errno.ts';
import { disasmWithOpcode } from '../abi/disasm.ts';
import type { Insn } from '../abi/insn.ts';
import { imm64 } from '../abi/insn.ts';
import { hasRule } from '../abi/releases.ts';
import { LD_IMM64 } from '../abi/opcode.ts';
import { AttachType, BPF_LOG_LEVEL1, BPF_LOG_LEVEL2, ProgType } from '../abi/uapi.ts';
import type { ProgTypeName } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import type { CallFacts } from './inline_calls.ts';
import { Log } from './log.ts';
import { Scratched, frameText, livenessText, noLiveness } from './log_state.ts';
import type { LiveText } from './log_state.ts';
import { progTypeRule } from './prog_type.ts';
import type { ProgTypeRule } from './prog_type.ts';
import type { RegState } from './reg.ts';
import type { InsnState, MapInfo, ProgLineInfo, RejectReason, TargetInfo, VerifyRequest } from './request.ts';
import type { FuncState, HistoryEntry, LinkedReg } from './state.ts';
import { VerifierState } from './state.ts';

/** Unwinds to `verify`; the message is already in the log. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly reason: RejectReason;
  constructor(reason: RejectReason) {
    super(reason.message);
    this.reason = reason;
  }
}

export interface Subprog {
  readonly start: InsnIndex;
  end: InsnIndex;
  name: string;
  funcTypeId: TypeId;
  stackDepth: number;
  /** Stack below this offset belongs to saved registers around calls. */
  fastcallOff: number;
  keepsFastcallStack: boolean;
  /** Only called as callback, or global: verified by itself. */
  isGlobal: boolean;
  /** A call passed what its prototype has not: the prototype is not asked again. */
  unreliable: boolean;
  isAsyncCallback: boolean;
  isCallback: boolean;
  hasTailCall: boolean;
  hasLoadPacket: boolean;
  called: boolean;
}

/** What the first passes found out of an instruction, and what simulation added. */
export interface InsnAux {
  prune: boolean;
  jump: boolean;
  /** Some jump leads here. */
  target: boolean;
  forceCheckpoint: boolean;
  callsCallback: boolean;
  /** ld_imm64 of a map. */
  map: MapInfo | null;
  /** ld_imm64 of a map value: offset in it. */
  mapOff: number;
  /** ld_imm64 of a kernel variable: how to type the register. */
  var: {
    readonly mem: boolean;
    readonly size: number;
    readonly typeId: TypeId;
    readonly percpu: boolean;
  } | null;
  address: bigint | null;
  /** The result is a pointer into the arena, of 32 bits. */
  narrow: boolean;
  /** Saves or restores a register around a call. */
  fastcall: boolean;
  /** Such pairs around this call that go, because it is written out. */
  fastcallPairs: number;
  /** Type the register had when this load or store first ran. */
  ptrType: number;
  seen: boolean;
}

/** A path to go on with later. */
export interface StackElem {
  readonly state: VerifierState;
  readonly insnIdx: InsnIndex;
  readonly prevInsnIdx: InsnIndex;
  readonly logPos: number;
}

export interface StateListEntry {
  readonly state: VerifierState;
  hits: number;
  misses: number;
}

/** The step counter and state counts that end a log. */
export interface Counters {
  processed: number;
  prevProcessed: number;
  jumps: number;
  prevJumps: number;
  totalStates: number;
  peakStates: number;
  maxStatesPerInsn: number;
  longestMarkRead: number;
}

export class Env {
  readonly request: VerifyRequest;
  /** Instructions, ld_imm64 of maps left as given. */
  readonly insns: readonly Insn[];
  readonly log: Log;
  readonly level1: boolean;
  readonly level2: boolean;
  readonly aux: InsnAux[];
  readonly subprogs: Subprog[] = [];
  readonly maps: MapInfo[] = [];
  readonly progType: ProgTypeRule | null;
  readonly progName: ProgTypeName;
  /** enum bpf_attach_type */
  readonly attachType: number;
  target: TargetInfo | null = null;
  /** The one arena that the program uses. */
  arena: MapInfo | null = null;
  /** Name of the kernel function whose parameters are the context. */
  attachName = '';
  attachProto: TypeId = 0;

  /** The subprogram that makes the result when bpf_throw leaves the program, -1: none. */
  exceptionCallback = -1;
  /** The program calls bpf_throw. */
  throws = false;

  state: VerifierState = new VerifierState();
  /** Which subprogram is being verified by itself. */
  subprog = 0;
  insnIdx: InsnIndex = 0;
  prevInsnIdx: InsnIndex = -1;
  histEntry: HistoryEntry | null = null;
  readonly stack: StackElem[] = [];
  readonly explored: StateListEntry[][];
  readonly count: Counters = {
    processed: 0,
    prevProcessed: 0,
    jumps: 0,
    prevJumps: 0,
    totalStates: 0,
    peakStates: 0,
    maxStatesPerInsn: 0,
    longestMarkRead: 0,
  };
  idGen = 0;
  maxRdonlyAccess = 0;
  maxRdwrAccess = 0;
  /** End of the last byte of the context that is read or written. */
  maxCtxOffset = 0;
  readonly states: InsnState[] = [];
  /** Per instruction: 1 where nothing is left of it, though it was simulated. */
  gone: Uint8Array = new Uint8Array(0);
  /** What is known of calls of helpers, for what is made of them. */
  readonly calls = new Map<InsnIndex, CallFacts>();

  readonly live: LiveText;
  readonly scratched = new Scratched();
  private prevLogPos = 0;
  private prevInsnLength = 0;
  prevLine: ProgLineInfo | null = null;
  private readonly lineAt = new Map<InsnIndex, ProgLineInfo>();

  constructor(request: VerifyRequest) {
    this.request = request;
    this.progType = progTypeRule(request.progType ?? ProgType.TRACING);
    this.progName = this.progType?.name ?? 'UNSPEC';
    this.attachType = request.attachType ?? AttachType.TRACE_ITER;
    this.insns = request.insns;
    this.log = new Log(request.logLevel);
    this.live = hasRule(request.release, 'noLivenessInLogs') ? noLiveness : livenessText;
    this.level1 = (request.logLevel & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)) !== 0;
    this.level2 = (request.logLevel & BPF_LOG_LEVEL2) !== 0;
    this.aux = request.insns.map(() => ({
      prune: false,
      jump: false,
      target: false,
      forceCheckpoint: false,
      callsCallback: false,
      map: null,
      mapOff: 0,
      var: null,
      address: null,
      narrow: false,
      fastcall: false,
      fastcallPairs: 0,
      ptrType: 0,
      seen: false,
    }));
    this.explored = request.insns.map(() => []);
    let line: ProgLineInfo | undefined;
    const byOff = new Map(request.lineInfo.map((info) => [info.insnOff, info]));
    request.insns.forEach((_, i) => {
      line = byOff.get(i) ?? line;
      if (line) this.lineAt.set(i, line);
    });
  }

  insn(i: InsnIndex): Insn {
    return must(this.insns[i], `instruction ${i}`);
  }
  auxOf(i: InsnIndex): InsnAux {
    return must(this.aux[i], `instruction ${i}`);
  }
  /** The innermost frame of the current state. */
  get cur(): FuncState {
    return this.state.cur;
  }
  reg(n: number): RegState {
    return this.cur.reg(n);
  }
  /** The frame a stack pointer points into. */
  frameOf(reg: RegState): FuncState {
    return must(this.state.frame[reg.frameno], 'frame of a stack pointer');
  }
  newId(): number {
    return ++this.idGen;
  }
  /** @param flag one of prog_flags */
  hasFlag(flag: number): boolean {
    return ((this.request.flags ?? 0) & flag) !== 0;
  }
  /** A non-sleepable program is an RCU read section; so is what a lock or bpf_rcu_read_lock holds. */
  get inRcuSection(): boolean {
    return this.state.rcuLock || this.state.locks.length > 0 || !this.sleepableNow;
  }
  get sleepableNow(): boolean {
    return this.request.sleepable || this.state.inSleepable;
  }

  write(text: string): void {
    this.log.write(text);
  }

  /** Refuses the program. @param message one or more lines, without the last newline */
  reject(errno: ErrnoName, message: string, insn: InsnIndex | null = this.insnIdx): never {
    if (message !== '') this.write(message + '\n');
    throw new Rejected({ errno, insn, message: message.split('\n').at(-1) ?? '' });
  }

  /** Refuses; the message is in the log already. */
  rejectLogged(errno: ErrnoName, message: string): never {
    throw new Rejected({ errno, insn: this.insnIdx, message });
  }

  /** Does a check. @returns what it refuses with, null when it does not; what it says stays in the log */
  refusal(check: () => void): ErrnoName | null {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      return error.reason.errno;
    }
    return null;
  }

  /** Does a check; when it refuses, `message` is said after what it said. */
  explained(check: () => void, message: string): void {
    const errno = this.refusal(check);
    if (errno !== null) this.reject(errno, message);
  }

  /** Refuses what Linux may accept and we do not know. Says so. */
  unsupported(what: string, insn: InsnIndex | null = this.insnIdx): never {
    const message = `not supported by this verifier: ${what}`;
    this.write(`${message}\n`);
    throw new Rejected({ errno: 'EOPNOTSUPP', insn, message, unsupported: true });
  }

  /** The source line of an instruction, when it is another than the last one printed. */
  writeLine(insn: InsnIndex, prefix: string): void {
    const line = this.lineAt.get(insn);
    const prev = this.prevLine;
    if (!line || line === prev) return;
    if (prev && line.file === prev.file && line.line === prev.line) return;
    const base = line.file.slice(line.file.lastIndexOf('/') + 1);
    this.write(`${prefix}${line.text.trimStart()} @ ${base}:${line.line}\n`);
    this.prevLine = line;
  }

  insnText(i: InsnIndex): string {
    const insn = this.insn(i);
    return disasmWithOpcode(insn, {
      next: this.insns[i + 1],
      kfuncName: (call) => this.kfuncName(call.imm),
      imm: () => this.printedImm(i),
    });
  }

  private printedImm(i: InsnIndex): bigint | undefined {
    const insn = this.insn(i);
    const next = this.insns[i + 1];
    if (insn.code !== LD_IMM64 || !next) return undefined;
    const aux = this.auxOf(i);
    return aux.address ?? imm64(insn, next);
  }

  kfuncName(btfId: TypeId): string | undefined {
    const btf = this.request.kernelBtf;
    return btf.kind(btfId) === Kind.FUNC ? btf.nameOf(btfId) : undefined;
  }

  /** `12: (79) r1 = ...`, remembered so that the state can follow on the same line. */
  writeInsn(i: InsnIndex): void {
    if (this.scratched.any) this.writeInsnState(this.cur);
    this.writeLine(i, '; ');
    this.prevLogPos = this.log.end;
    this.write(`${i}: ${this.insnText(i)}\n`);
    this.prevInsnLength = this.log.end - this.prevLogPos;
    this.prevLogPos = this.log.end;
  }

  /** What the last instruction changed: beside it, or on a line of its own when something came between. */
  writeInsnState(frame: FuncState): void {
    if (this.prevLogPos !== 0 && this.prevLogPos === this.log.end) {
      this.log.reset(this.prevLogPos - 1);
      const column = Math.ceil(Math.max(this.prevInsnLength + 4, 40) / 8) * 8 - 1;
      this.write(' '.repeat(Math.max(column - this.prevInsnLength, 0)) + ';');
    } else {
      this.write(`${this.insnIdx}:`);
    }
    this.write(frameText(frame, this.scratched, this.live, this.state.irqs) + '\n');
    this.scratched.clear();
  }

  /** A whole frame, ending the line. */
  writeFrame(frame: FuncState): void {
    this.write(frameText(frame, null, this.live, this.state.irqs) + '\n');
  }

  /** Keeps what one step knew, for the page; the first steps of a long simulation. */
  keepState(insn: InsnIndex): void {
    if (!this.request.keepStates || this.states.length >= MAX_KEPT_STATES) return;
    this.states.push({ insn, text: frameText(this.cur, null, noLiveness, this.state.irqs) });
  }

  /** Notes a step of the path. */
  pushHistory(state: VerifierState, flags: number, linked: readonly LinkedReg[] | null): void {
    if (this.histEntry) {
      this.histEntry.flags |= flags;
      if (linked) this.histEntry.linked = linked;
      return;
    }
    const before = state.history;
    const count = (before?.count ?? 0) + 1;
    this.histEntry = { idx: this.insnIdx, prevIdx: this.prevInsnIdx, flags, linked, before, count };
    state.history = this.histEntry;
  }

  /** Queues a copy of the current state for later. */
  pushState(insnIdx: InsnIndex, prevInsnIdx: InsnIndex): VerifierState {
    const state = this.state.clone();
    this.stack.push({ state, insnIdx, prevInsnIdx, logPos: this.log.end });
    if (this.stack.length > MAX_PENDING)
      this.reject('E2BIG', `The sequence of ${this.stack.length} jumps is too complex.`);
    if (state.parent) state.parent.branches++;
    return state;
  }
}
export const MAX_PENDING = 8192;
const MAX_KEPT_STATES = 100_000;
