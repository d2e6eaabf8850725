/**
 * A session: one opened iterator file.
 *
 * All its state is kernel memory: the seq_file with its buffer, `bpf_iter_priv_data` with number and
 * seq_num, and behind that the target's private struct, which `seq->private` points to. It holds its own
 * reference on the program that the link had when it was opened, and none on the link.
 *
 *     struct file.private_data -> seq_file.private -> [ bpf_iter_priv_data | target_private ]
 *
 * Source: prepare_seq_file, iter_release, kernel/bpf/bpf_iter.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { View } from '../kernel/view.ts';
import type { SessionRecorder } from '../trace/recorder.ts';
import type { HeldKind, SkipReason } from '../../protocol/trace.ts';
import { SeqFile } from '../vfs/seq_file.ts';
import type { BpfIter, IterProg, IterReg, SeqInfo } from './bpf_iter.ts';

export class Session {
  readonly iter: BpfIter;
  readonly kernel: Kernel;
  readonly reg: IterReg;
  readonly prog: IterProg;
  readonly seq: SeqFile;
  readonly info: SeqInfo;
  /** The target's private struct. */
  readonly priv: View;
  recorder: SessionRecorder | null = null;
  /** Number of the read(2) that runs or runs next, from 0. */
  reads = 0;
  /** Bytes that this read(2) has room for. */
  readSize: Bytes = 0;
  /** What the callback now running did: see CallRow. */
  ran: { ret: number; insns: number } = { ret: -1, insns: 0 };
  /** `struct bpf_iter_priv_data`, in front of the target's private struct. */
  private readonly data: View;
  private readonly meta: View;
  private readonly ctx: View;
  /** Where seq_num stands, and where the program finds it: looked at for every object. */
  private readonly seqNumAt: number;
  private readonly metaSeqNumAt: number;

  private constructor(iter: BpfIter, reg: IterReg, prog: IterProg, aux: View, file: Addr) {
    const { kernel } = iter.env;
    this.iter = iter;
    this.kernel = kernel;
    this.reg = reg;
    this.prog = prog;
    this.info = reg.seqInfo(kernel, aux);
    const head = kernel.types.struct('bpf_iter_priv_data');
    const priv = kernel.types.struct(this.info.privStruct);
    const addr = kernel.mem.alloc(head.size + Math.max(this.info.privSize ?? priv.size, 0));
    this.data = new View(kernel.mem, kernel.types, head, addr);
    this.priv = new View(kernel.mem, kernel.types, priv, this.data.at('target_private'));
    this.seq = SeqFile.open(kernel, file);
    this.seq.private = this.priv.addr;
    this.meta = kernel.alloc('bpf_iter_meta');
    this.meta.set('seq', this.seq.addr);
    this.ctx = kernel.alloc(`bpf_iter__${reg.target}`);
    this.seqNumAt = kernel.mem.counter(this.data.at('seq_num'));
    this.metaSeqNumAt = kernel.mem.counter(this.meta.at('seq_num'));
  }

  /**
   * Opens an iterator file.
   *
   * @param aux the link's `bpf_iter_aux_info`
   * @param file the struct file that becomes the session, 0 for none
   * @returns the session, or what the target's init says; then no number was drawn
   * @kernel prepare_seq_file, kernel/bpf/bpf_iter.c
   * @fidelity full: seq_read.test.ts
   */
  static open(iter: BpfIter, reg: IterReg, prog: IterProg, aux: View, file: Addr): Session | NegErrno {
    const session = new Session(iter, reg, prog, aux, file);
    const err = session.info.initPriv?.(session, aux) ?? 0;
    if (err !== 0) {
      session.free();
      return err;
    }
    iter.env.getProg(prog);
    session.data.set('prog', prog.addr);
    session.data.set('session_id', iter.nextSessionId());
    session.meta.set('session_id', session.id);
    session.recorder = iter.env.recorder?.open(session.id, reg.target) ?? null;
    return session;
  }

  /** Address of the program's context; the same in every call. */
  get ctxAddr(): Addr {
    return this.ctx.addr;
  }
  get ctxSize(): Bytes {
    return this.ctx.type.size;
  }
  /** session_id */
  get id(): number {
    return this.data.num('session_id');
  }
  /** Number of the object at hand; -1 for a moment when the very first object was passed over. */
  get seqNum(): number {
    return this.kernel.mem.counterAt(this.seqNumAt);
  }
  set seqNum(value: number) {
    this.kernel.mem.setCounterAt(this.seqNumAt, value);
  }
  /** The last call was made and its text fitted. */
  get doneStop(): boolean {
    return this.data.num('done_stop') !== 0;
  }
  set doneStop(value: boolean) {
    this.data.set('done_stop', value ? 1 : 0);
  }

  /** Builds the context, runs the program, and tells the trace. @returns what the program returned */
  runProg(store: (ctx: View) => void): number {
    const { mem } = this.kernel;
    mem.setCounterAt(this.metaSeqNumAt, mem.counterAt(this.seqNumAt));
    mem.fill(this.ctx.addr, this.ctx.type.size, 0);
    this.ctx.set('meta', this.meta.addr);
    store(this.ctx);
    return this.runProgOn(this.ctx.addr);
  }

  /** Runs the program on a context that somebody else built, and tells the trace. @returns as `runProg` */
  runProgOn(ctx: Addr): number {
    const { r0, retired } = this.iter.env.runProg(this.prog, ctx, this);
    const ret = Number(BigInt.asIntN(32, r0));
    this.ran = { ret, insns: retired };
    return ret;
  }

  line(id: string): void {
    this.recorder?.line(id);
  }
  held(kind: HeldKind, object: Addr, delta: 1 | -1): void {
    this.recorder?.held(kind, object, delta);
  }
  skip(object: Addr, key: number, reason: SkipReason): void {
    this.recorder?.skip(object, key, reason);
  }

  /**
   * Closes the file: the target gives back what it took at open, the program its reference. No program runs.
   *
   * @kernel iter_release, kernel/bpf/bpf_iter.c
   * @fidelity full: task_targets.test.ts
   */
  release(): void {
    this.info.finiPriv?.(this);
    this.iter.env.putProg(this.prog);
    this.free();
  }

  private free(): void {
    const { mem } = this.kernel;
    this.seq.release();
    mem.release(this.data.addr);
    mem.release(this.meta.addr);
    mem.release(this.ctx.addr);
  }
}
