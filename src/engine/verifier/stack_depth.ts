/**
 * Stack of call chains: the frames of any chain fit into 512 bytes, and there are at most eight of them.
 *
 * Source: check_max_stack_depth, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { MAX_BPF_STACK } from '../abi/uapi.ts';
import { subprogAt } from './cfg.ts';
import type { Env } from './env.ts';
import { isPseudoCall, isPseudoFunc } from './insn_kind.ts';

const MAX_FRAMES = 8;

/** A frame as the JIT rounds it. */
const rounded = (depth: Bytes): Bytes => alignUp(depth, 16);

function deepest(env: Env, subprog: number, above: Bytes, frames: number): Bytes {
  const sub = must(env.subprogs[subprog], 'subprogram');
  const depth = above + rounded(sub.stackDepth);
  if (depth > MAX_BPF_STACK)
    env.reject('EACCES', `combined stack size of ${frames} calls is ${depth}. Too large`, sub.start);
  let most = depth;
  for (let i = sub.start; i < sub.end; i++) {
    const insn = env.insn(i);
    if (!isPseudoCall(insn) && !isPseudoFunc(insn)) continue;
    if (frames >= MAX_FRAMES) env.reject('E2BIG', `the call stack of ${frames} frames is too deep !`, i);
    most = Math.max(most, deepest(env, subprogAt(env, i + insn.imm + 1), depth, frames + 1));
  }
  return most;
}

/** @returns the deepest chain in bytes @kernel check_max_stack_depth @fidelity full */
export const checkStackDepth = (env: Env): Bytes => deepest(env, 0, 0, 1);
