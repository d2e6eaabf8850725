/**
 * The system call layer of one kernel: what bpf(2) and the file calls on BPF's fds need to share.
 *
 * The calling task is `kernel.current`, whoever that is; its file table is where fds are opened.
 *
 * Source: kernel/bpf/syscall.c, Linux 6.12.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Release } from '../abi/releases.ts';
import type { Bpf } from '../bpf/bpf.ts';
import { Prog, progsByAddr } from '../bpf/prog.ts';
import { BpfIter, ProgramAbort } from '../iter/bpf_iter.ts';
import type { IterProg } from '../iter/bpf_iter.ts';
import type { Session } from '../iter/session.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Recorder } from '../trace/recorder.ts';
import { runProg } from '../vm/run.ts';
import type { RunOptions } from '../vm/run.ts';
import type { VerifyRequest, VerifyResult } from '../verifier/request.ts';
import { BpfFds } from './fds.ts';
import { BpfObjects } from './objects.ts';
import { counted, watchStatsFds } from './prog_stats.ts';

export interface SysOptions {
  readonly bpf: Bpf;
  readonly release: Release;
  readonly verify: (request: VerifyRequest) => VerifyResult;
  readonly recorder?: Recorder | null;
  /** Keep the verifier's states of each instruction, for the page. */
  readonly keepStates?: boolean;
}

/** How a program call is watched and bounded. */
export type Watch = Pick<RunOptions, 'fuel' | 'onInsn' | 'onCall'>;

export class Sys {
  readonly kernel: Kernel;
  readonly bpf: Bpf;
  readonly release: Release;
  readonly iter: BpfIter;
  readonly objects: BpfObjects;
  readonly fds: BpfFds;
  /** Asked before each program call of a session. */
  watch: (session: Session) => Watch = () => ({});
  /** Told of a read(2) of a session before it is made. */
  beforeRead: (session: Session) => void = () => undefined;
  readonly verify: SysOptions['verify'];
  readonly keepStates: boolean;
  /** What the verifier last answered. */
  verdict: VerifyResult | null = null;

  constructor({ bpf, release, verify, recorder = null, keepStates = false }: SysOptions) {
    this.kernel = bpf.kernel;
    this.bpf = bpf;
    this.release = release;
    this.verify = verify;
    this.keepStates = keepStates;
    this.objects = new BpfObjects(bpf);
    this.fds = new BpfFds(bpf.kernel, this.objects);
    watchStatsFds(bpf.kernel);
    bpf.timers.dropProg = (addr) => this.objects.putProg(progsByAddr.at(bpf.kernel, addr));
    this.iter = new BpfIter({
      kernel: bpf.kernel,
      recorder,
      current: () => this.fds.task,
      numbered: this.objects.walks,
      progSymbols: () => this.objects.progSymbols,
      mapByFd: (fd) => this.fds.get('map', fd),
      getUserMap: (map) => this.objects.getMap(map, true),
      putUserMap: (map) => this.objects.putMap(map, true),
      getProg: (prog) => this.objects.getProg(ours(prog)),
      putProg: (prog) => this.objects.putProg(ours(prog)),
      runProg: (prog, ctx, session) => {
        const own = ours(prog);
        const result = counted(bpf.kernel, own, () =>
          runProg(bpf.processor, own.code, { ...this.watch(session), ctx }),
        );
        bpf.timers.runDue(bpf.processor);
        if ('abort' in result) throw new ProgramAbort(result.abort, result.pc, result.addr);
        return result;
      },
    });
  }
}

function ours(prog: IterProg): Prog {
  if (!(prog instanceof Prog)) throw new EngineBug(`program ${prog.id} was not loaded here`);
  return prog;
}
