/**
 * The verifier: is a program safe for the kernel to run?
 *
 *     func_info -> subprograms, kfuncs -> jumps -> BTF info -> target -> maps, opcodes -> control flow
 *       -> simulation of the main program, then of global subprograms -> stack depth -> statistics
 *
 * A failure ends the load; later passes do not run. The log says what Linux would say.
 *
 * Source: bpf_check, kernel/bpf/verifier.c, Linux 6.12.
 */
import { BPF_CLASS, BPF_LDX, BPF_MEMSX, BPF_MODE } from '../abi/opcode.ts';
import { hasRule } from '../abi/releases.ts';
import { BPF_COMPLEXITY_LIMIT_INSNS, BPF_LOG_STATS, PROG_TYPE_NAMES } from '../abi/uapi.ts';
import { checkAttachTarget } from './attach_target.ts';
import { checkBtfInfo, checkFuncInfoEarly } from './btf_info.ts';
import { checkCfg, checkSubprogs, findSubprogs } from './cfg.ts';
import { Env, Rejected } from './env.ts';
import { dropFastcallPairs, markFastcalls } from './fastcall.ts';
import { probesMemory } from './load_store.ts';
import { PTR_TO_ARENA } from './reg_type.ts';
import { ARENA_ACCESS, ARENA_NARROW } from './request.ts';
import type { RejectReason, VerifyRequest, VerifyResult } from './request.ts';
import { resolveInsns } from './resolve_insns.ts';
import { finalDepths, rewrite } from './rewrite.ts';
import type { RewriteFacts } from './rewrite.ts';
import { simulate } from './simulate.ts';
import { checkStackDepth } from './stack_depth.ts';

/** Global subprograms that were called, and those that they call. @kernel do_check_subprogs @fidelity full: rules.test.ts */
function simulateGlobals(env: Env): void {
  const verified = new Set<number>();
  const exception = env.subprogs[env.exceptionCallback];
  if (exception) exception.called = true;
  for (let again = true; again;) {
    again = false;
    env.subprogs.forEach((sub, i) => {
      if (i === 0 || !sub.isGlobal || !sub.called || verified.has(i)) return;
      simulate(env, i);
      if (env.level1) env.write(`Func#${i} ('${sub.name}') is safe for any args that match its prototype\n`);
      verified.add(i);
      again = true;
    });
  }
}

/** The passes in their order. @returns the deepest stack */
function check(env: Env): number {
  if (!env.progType) {
    const type = env.request.progType ?? 0;
    env.unsupported(`programs of type ${PROG_TYPE_NAMES[type] ?? type}`);
  }
  checkFuncInfoEarly(env);
  findSubprogs(env);
  checkSubprogs(env);
  checkBtfInfo(env);
  resolveInsns(env);
  checkCfg(env);
  checkAttachTarget(env);
  markFastcalls(env);
  simulate(env, 0);
  simulateGlobals(env);
  env.gone = dropFastcallPairs(env);
  const depth = checkStackDepth(env);
  if (env.arena) checkArenaLoads(env);
  return depth;
}

/** Of a program that was refused, what the simulation saw so far. */
function depthsOf(env: Env, accepted: boolean): readonly number[] {
  const { subprogs, calls, insns } = env;
  if (!accepted) return subprogs.map((sub) => sub.stackDepth);
  return finalDepths(insns, seenOf(env), { calls, functions: subprogs });
}
const seenOf = (env: Env): Uint8Array => Uint8Array.from(env.aux, (aux) => (aux.seen ? 1 : 0));

function writeStatistics(env: Env, accepted: boolean): void {
  const { count } = env;
  if (env.request.logLevel & BPF_LOG_STATS) {
    env.write(`verification time ${env.request.verificationUsec ?? 0} usec\n`);
    env.write(`stack depth ${depthsOf(env, accepted).join('+')}\n`);
  }
  env.write(
    `processed ${count.processed} insns (limit ${BPF_COMPLEXITY_LIMIT_INSNS}) max_states_per_insn ${count.maxStatesPerInsn} total_states ${count.totalStates} peak_states ${count.peakStates} mark_read ${hasRule(env.request.release, 'noLivenessInLogs') ? 0 : count.longestMarkRead}\n`,
  );
}

/** Everything that rewriting needs, and none of the states. */
function rewriteFacts(env: Env, seen: Uint8Array): RewriteFacts {
  const { request, calls, subprogs, gone, arena } = env;
  const { kernelBtf, sleepable } = request;
  const functions = subprogs.map(({ start, end, stackDepth }) => ({ start, end, stackDepth }));
  return {
    seen,
    gone,
    functions,
    arena: arena && { marks: arenaMarks(env), noUserConversion: (arena.flags & BPF_F_NO_USER_CONV) !== 0 },
    calls,
    kernelBtf,
    sleepable,
    symbol: (name) => request.ksymAddress(name),
    kfuncName: (id) => kernelBtf.nameOf(id),
    stackDepth: (at) => functions.find(({ start, end }) => at >= start && at < end)?.stackDepth ?? 0,
  };
}
/** Casts to user addresses leave the high half alone. */
const BPF_F_NO_USER_CONV = 1 << 18;

/** What becomes of instructions that touch the arena. @kernel do_misc_fixups @fidelity full: arena.test.ts */
const arenaMarks = (env: Env): Uint8Array =>
  Uint8Array.from(env.aux, ({ narrow, ptrType }) =>
    narrow ? ARENA_NARROW : ptrType === PTR_TO_ARENA ? ARENA_ACCESS : 0,
  );

/** @kernel convert_ctx_accesses, kernel/bpf/verifier.c @fidelity full: arena.test.ts */
function checkArenaLoads(env: Env): void {
  env.aux.forEach(({ ptrType }, at) => {
    const { code } = env.insn(at);
    if (ptrType === PTR_TO_ARENA && BPF_CLASS(code) === BPF_LDX && BPF_MODE(code) === BPF_MEMSX)
      env.reject('EOPNOTSUPP', 'sign extending loads from arena are not supported yet', at);
  });
}

function result(env: Env, reject: RejectReason | null, stackDepth: number): VerifyResult {
  const { insns } = env;
  const seen = seenOf(env);
  const facts = rewriteFacts(env, seen);
  const exception = env.subprogs[env.exceptionCallback];
  return {
    ok: reject === null,
    errno: reject?.errno ?? null,
    log: env.log.text(),
    reject,
    processed: env.count.processed,
    maxRdonlyAccess: env.maxRdonlyAccess,
    maxRdwrAccess: env.maxRdwrAccess,
    maxCtxOffset: env.maxCtxOffset,
    probeMem: Uint8Array.from(env.aux, (aux) => (probesMemory(aux.ptrType) ? 1 : 0)),
    ...(env.arena && { arena: arenaMarks(env) }),
    ...(exception && { exceptionCallback: exception.start }),
    seen,
    subprogs: env.subprogs.map((sub) => ({
      start: sub.start,
      end: sub.end,
      name: sub.name,
      stackDepth: sub.stackDepth,
      global: sub.isGlobal,
    })),
    maps: env.maps,
    stackDepth,
    states: env.states,
    xlated: () => rewrite(insns, facts),
  };
}

/**
 * Verifies a program.
 *
 * @returns the verdict; a refusal is data, never an exception
 * @kernel bpf_check, kernel/bpf/verifier.c
 * @fidelity partial: iterator programs as root only; what is not modelled is refused and says so
 */
export function verify(request: VerifyRequest): VerifyResult {
  const env = new Env(request);
  let reject: RejectReason | null = null;
  let stackDepth = 0;
  try {
    stackDepth = check(env);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    reject = error.reason;
  }
  writeStatistics(env, reject === null);
  return result(env, reject, stackDepth);
}
