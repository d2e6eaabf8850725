/**
 * BPF_PROG_TEST_RUN: programs that need nothing to happen first are run at once, on a context that the caller gives.
 *
 *     syscall         on any bytes, which the caller gets back as the program left them
 *     raw_tp          on up to twelve numbers, the arguments of a tracepoint
 *     fentry, fexit   the kernel calls its own test functions; no program is attached to them here
 *
 * Packets are not made, so programs that look at one are refused with -EOPNOTSUPP.
 *
 * Source: net/bpf/test_run.c, kernel/bpf/syscall.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { AttachType, ProgType } from '../abi/uapi.ts';
import type { Prog } from '../bpf/prog.ts';
import { ProgramAbort } from '../iter/bpf_iter.ts';
import { runProg } from '../vm/run.ts';
import { counted } from './prog_stats.ts';
import type { Sys } from './sys.ts';

/** `test` of union bpf_attr; what is absent is 0. */
export interface TestRunAttr {
  readonly ctx?: Uint8Array;
  /** Anything of data_in, data_out, ctx_out, repeat and duration. */
  readonly more?: boolean;
  readonly flags?: number;
  readonly cpu?: number;
  readonly batchSize?: number;
}
export interface TestRun {
  readonly ret: NegErrno;
  /** What the program returned; 0 when it did not run. */
  readonly retval: number;
  /** The context as the program left it; null where the caller does not get it back. */
  readonly ctx: Uint8Array | null;
}

const BPF_F_TEST_RUN_ON_CPU = 1;
const MAX_SYSCALL_CTX: Bytes = 0xffff;
const MAX_RAW_TP_CTX: Bytes = 12 * 8;

const refused = (ret: NegErrno): TestRun => ({ ret, retval: 0, ctx: null });

/** Types whose programs can be run so, and how. */
const RUNS: ReadonlyMap<number, (sys: Sys, prog: Prog, attr: TestRunAttr) => TestRun> = new Map([
  [ProgType.SYSCALL, runSyscall],
  [ProgType.RAW_TRACEPOINT, runRawTracepoint],
  [ProgType.TRACING, runTracing],
]);
/** Types that would want a packet, a socket or a hook. */
const WITH_PACKET: ReadonlySet<number> = new Set([
  ProgType.SOCKET_FILTER,
  ProgType.SCHED_CLS,
  ProgType.SCHED_ACT,
  ProgType.XDP,
  ProgType.CGROUP_SKB,
  ProgType.LWT_IN,
  ProgType.LWT_OUT,
  ProgType.LWT_XMIT,
  ProgType.LWT_SEG6LOCAL,
  ProgType.FLOW_DISSECTOR,
  ProgType.SK_LOOKUP,
  ProgType.NETFILTER,
]);

/** Programs that this command can run: what they call must be there. */
export const canTestRun = (type: number): boolean =>
  type === ProgType.SYSCALL || type === ProgType.RAW_TRACEPOINT;

/**
 * @returns -EBADF, -ENOTSUPP for a type that is never run so, -EOPNOTSUPP for one that is not run here, else what
 *   the type says
 * @throws ProgramAbort when the program came to no end
 * @kernel bpf_prog_test_run, kernel/bpf/syscall.c
 * @fidelity partial: programs that look at packets are not run
 */
export function progTestRun(sys: Sys, fd: number, attr: TestRunAttr): TestRun {
  const prog = sys.fds.get('prog', fd);
  if (typeof prog === 'number') return refused(prog);
  const run = RUNS.get(prog.spec.type);
  if (run) return run(sys, prog, attr);
  return refused(WITH_PACKET.has(prog.spec.type) ? fail('EOPNOTSUPP') : fail('ENOTSUPP'));
}

/** @kernel bpf_prog_test_run_syscall, net/bpf/test_run.c @fidelity full: app/test_run.test.ts */
function runSyscall(sys: Sys, prog: Prog, { ctx, more, flags, cpu, batchSize }: TestRunAttr): TestRun {
  const size = ctx?.length ?? 0;
  if (more || flags || cpu || batchSize) return refused(fail('EINVAL'));
  if (size < (prog.spec.maxCtxOffset ?? 0) || size > MAX_SYSCALL_CTX) return refused(fail('EINVAL'));
  return runOn(sys, prog, ctx ?? new Uint8Array(0));
}

/** @kernel bpf_prog_test_run_raw_tp, net/bpf/test_run.c @fidelity full: app/test_run.test.ts */
function runRawTracepoint(sys: Sys, prog: Prog, attr: TestRunAttr): TestRun {
  const { ctx, more, flags = 0, cpu = 0, batchSize } = attr;
  const size = ctx?.length ?? 0;
  if (more || batchSize) return refused(fail('EINVAL'));
  if (size < (prog.spec.maxCtxOffset ?? 0) || size > MAX_RAW_TP_CTX) return refused(fail('EINVAL'));
  const onCpu = (flags & BPF_F_TEST_RUN_ON_CPU) !== 0;
  if (!onCpu && cpu !== 0) return refused(fail('EINVAL'));
  if (onCpu && cpu >= sys.bpf.cpus) return refused(fail('ENXIO'));
  return { ...runOn(sys, prog, ctx ?? new Uint8Array(0)), ctx: null };
}

/** @kernel bpf_prog_test_run_tracing, net/bpf/test_run.c @fidelity partial: nothing is attached to the kernel's test functions */
function runTracing(_sys: Sys, { spec }: Prog, { flags, cpu, batchSize }: TestRunAttr): TestRun {
  if (flags || cpu || batchSize) return refused(fail('EINVAL'));
  const { TRACE_FENTRY, TRACE_FEXIT } = AttachType;
  const called = spec.expectedAttachType === TRACE_FENTRY || spec.expectedAttachType === TRACE_FEXIT;
  return refused(called ? 0 : fail('EFAULT'));
}

function runOn(sys: Sys, prog: Prog, given: Uint8Array): TestRun {
  if (!prog.spec.runs) return refused(fail('EOPNOTSUPP'));
  const { kernel, bpf } = sys;
  const ctx = kernel.mem.alloc(Math.max(8, given.length), 8);
  kernel.mem.setBytes(ctx, given);
  const result = counted(kernel, prog, () => runProg(bpf.processor, prog.code, { ctx }));
  bpf.timers.runDue(bpf.processor);
  const left = kernel.mem.bytes(ctx, given.length);
  kernel.mem.release(ctx);
  if ('abort' in result) throw new ProgramAbort(result.abort, result.pc, result.addr);
  return { ret: 0, retval: Number(BigInt.asUintN(32, result.r0)), ctx: left };
}
