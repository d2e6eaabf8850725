/**
 * Stack of call chains: the frames of any chain fit into 512 bytes, and there are at most eight of them.
 * Asynchronous callbacks begin chains of their own. What else depends on who is called from where is refused
 * here too.
 *
 * Source: check_max_stack_depth, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { AttachType, MAX_BPF_STACK } from '../abi/uapi.ts';
import { subprogAt } from './cfg.ts';
import type { Env } from './env.ts';
import { isPseudoCall, isPseudoFunc, isThrow } from './insn_kind.ts';

const MAX_FRAMES = 8;
/** A program that calls tail calls from deeper than this could fill the kernel's stack. */
const MAX_BEFORE_TAIL_CALL = 256;
/** Frames from this size on lie outside the kernel's stack, where the program type allows it. */
const PRIVATE_STACK_FROM = 64;

/** A frame as the JIT rounds it. */
const rounded = (depth: Bytes): Bytes => alignUp(depth, 16);

/** A chain of calls on its way down. */
interface Chain {
  /** Subprograms, outermost first. */
  readonly subprogs: readonly number[];
  readonly depth: Bytes;
}

/** @kernel bpf_enable_priv_stack, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
function hasPrivateStack(env: Env): boolean {
  if (env.subprogs.some((sub) => sub.hasTailCall)) return false;
  if (env.progName === 'TRACING') return env.attachType !== AttachType.TRACE_ITER;
  return env.progName === 'LSM' || env.progType?.anywhere === true;
}

const inCallback = (env: Env, chain: Chain): boolean =>
  chain.subprogs.some(
    (index) => index === env.exceptionCallback || must(env.subprogs[index], 'subprogram').isCallback,
  );

/** What a subprogram at the end of the chain may not do there. */
function checkPlace(env: Env, chain: Chain, before: Bytes): void {
  const index = must(chain.subprogs.at(-1), 'callee');
  const sub = must(env.subprogs[index], 'subprogram');
  if (sub.hasLoadPacket && inCallback(env, chain))
    env.reject('EINVAL', 'cannot use BPF_LD_[ABS|IND] within callback', sub.start);
  if (index !== 0 && sub.hasTailCall && before >= MAX_BEFORE_TAIL_CALL)
    env.reject(
      'EACCES',
      `tail_calls are not allowed when call stack of previous frames is ${before} bytes. Too large`,
      sub.start,
    );
  for (let i = sub.start; i < sub.end; i++)
    if (isThrow(env, i) && inCallback(env, chain))
      env.reject('EINVAL', `bpf_throw kfunc (insn ${i}) cannot be called from callback subprog ${index}`, i);
}

function deepest(env: Env, above: Chain, index: number, privateStack: boolean): Bytes {
  const sub = must(env.subprogs[index], 'subprogram');
  const own = rounded(sub.stackDepth);
  const apart = privateStack && own >= PRIVATE_STACK_FROM;
  const depth = above.depth + (apart ? 0 : own);
  const chain = { subprogs: [...above.subprogs, index], depth };
  checkPlace(env, chain, above.depth);
  if (apart && own > MAX_BPF_STACK)
    env.reject('EACCES', `stack size of subprog ${index} is ${own}. Too large`, sub.start);
  if (depth > MAX_BPF_STACK)
    env.reject(
      'EACCES',
      `combined stack size of ${chain.subprogs.length} calls is ${depth}. Too large`,
      sub.start,
    );
  let most = Math.max(depth, apart ? own : 0);
  for (let i = sub.start; i < sub.end; i++) {
    const insn = env.insn(i);
    if (!isPseudoCall(insn) && !isPseudoFunc(insn)) continue;
    const callee = subprogAt(env, i + insn.imm + 1);
    const runsLater =
      must(env.subprogs[callee], 'callee').isAsyncCallback || callee === env.exceptionCallback;
    if (runsLater && !isPseudoCall(insn)) continue;
    if (callee === env.exceptionCallback)
      env.reject('EINVAL', `insn ${i} cannot call exception cb directly`, i);
    if (chain.subprogs.length >= MAX_FRAMES)
      env.reject('E2BIG', `the call stack of ${chain.subprogs.length} frames is too deep !`, i);
    most = Math.max(most, deepest(env, chain, callee, privateStack));
  }
  return most;
}

/**
 * Every chain of calls.
 *
 * @returns the deepest chain in bytes
 * @kernel check_max_stack_depth, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkStackDepth(env: Env): Bytes {
  let most = 0;
  for (let index = env.subprogs.length - 1; index >= 0; index--) {
    const sub = must(env.subprogs[index], 'subprogram');
    if (index !== 0 && !sub.isAsyncCallback && index !== env.exceptionCallback) continue;
    const depth = deepest(env, { subprogs: [], depth: 0 }, index, index === 0 && hasPrivateStack(env));
    most = Math.max(most, depth);
  }
  return most;
}
