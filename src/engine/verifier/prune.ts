/**
 * Pruning: a state that an earlier, fully explored state at the same instruction covers needs no exploring.
 *
 * At prune points the current state is compared with those stored there. If one covers it, its reads and
 * precise marks are taken over and the path ends. If none does, the state may be stored in turn. Loops are
 * recognised by states that are still being explored.
 *
 * Source: is_state_visited, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import { BPF_F_TEST_STATE_FREQ } from '../abi/uapi.ts';
import type { Env, StateListEntry } from './env.ts';
import { isIterNextCall, isMayGoto } from './insn_kind.ts';
import { markRegRead } from './live.ts';
import { propagatePrecision } from './precision.ts';
import { LIVE_DONE, LIVE_READ, LIVE_READ64 } from './reg.ts';
import type { RegState } from './reg.ts';
import { SCALAR_VALUE } from './reg_type.ts';
import type { FuncState, VerifierState } from './state.ts';
import { BPF_REG_FP, STACK_INVALID, STACK_ITER } from './state.ts';
import { statesEqual } from './states_equal.ts';

const ITER_ACTIVE = 1;

function cleanFrame(frame: FuncState): void {
  for (let i = 0; i < BPF_REG_FP; i++) {
    const reg = frame.reg(i);
    const read = reg.live & LIVE_READ;
    reg.live |= LIVE_DONE;
    if (!read) reg.setNotInit();
  }
  for (let spi = 0; spi < frame.slots; spi++) {
    const reg = frame.slot(spi);
    const read = reg.live & LIVE_READ;
    reg.live |= LIVE_DONE;
    if (read) continue;
    reg.setNotInit();
    frame.fillSlot(spi, STACK_INVALID);
  }
}

const isClean = (state: VerifierState): boolean => ((state.frame[0]?.reg(0).live ?? 0) & LIVE_DONE) !== 0;

/** Forgets, in explored states, what nobody read. */
function cleanLiveStates(list: readonly StateListEntry[], insn: InsnIndex, cur: VerifierState): void {
  for (const { state } of list) {
    if (state.branches > 0 || state.insnIdx !== insn || state.curframe !== cur.curframe) continue;
    if (state.frame.some((frame, i) => i <= cur.curframe && frame.callsite !== cur.frame[i]?.callsite))
      continue;
    if (isClean(state)) continue;
    for (let f = 0; f <= state.curframe; f++) cleanFrame(must(state.frame[f], 'frame'));
  }
}

/** The outermost loop head a state is known to be in. */
function getLoopEntry(state: VerifierState): VerifierState | null {
  let top = state.loopEntry;
  while (top?.loopEntry && top !== top.loopEntry) top = top.loopEntry;
  let walk: VerifierState | null = state;
  while (walk && walk.loopEntry !== top) {
    const next: VerifierState | null = walk.loopEntry;
    walk.loopEntry = top;
    walk = next;
  }
  return top;
}

function updateLoopEntry(cur: VerifierState, head: VerifierState): void {
  const cur1 = getLoopEntry(cur) ?? cur;
  const head1 = getLoopEntry(head) ?? head;
  if (head1.branches > 0 && head1.dfsDepth <= cur1.dfsDepth) {
    cur.loopEntry = head;
    head.usedAsLoopEntry = true;
  }
}

/** A path ended: its states have one open branch less. */
export function updateBranchCounts(state: VerifierState | null): void {
  while (state) {
    state.branches--;
    if (state.branches === 0 && state.parent && state.loopEntry)
      updateLoopEntry(state.parent, state.loopEntry);
    if (state.branches > 0) return;
    state = state.parent;
  }
}

function propagateRegLiveness(env: Env, reg: RegState, parent: RegState): void {
  const parentFlag = parent.live & LIVE_READ;
  const flag = reg.live & LIVE_READ;
  if (parentFlag === LIVE_READ64 || flag === 0 || parentFlag === flag) return;
  markRegRead(env, reg, parent, flag);
}

/** What the continuation of `old` reads, the current path reads. */
function propagateLiveness(env: Env, old: VerifierState, cur: VerifierState): void {
  for (let f = 0; f <= old.curframe; f++) {
    const from = must(old.frame[f], 'frame');
    const to = must(cur.frame[f], 'frame');
    for (let i = f < old.curframe ? 6 : 0; i < BPF_REG_FP; i++)
      propagateRegLiveness(env, from.reg(i), to.reg(i));
    for (let spi = 0; spi < Math.min(from.slots, to.slots); spi++)
      propagateRegLiveness(env, from.slot(spi), to.slot(spi));
  }
}

/** Cheap test before the expensive one: the innermost frames' registers R0-R9 differ in nothing visible. */
function maybeLooping(old: VerifierState, cur: VerifierState): boolean {
  if (old.curframe !== cur.curframe) return false;
  const a = old.cur;
  const b = cur.cur;
  for (let i = 0; i < BPF_REG_FP; i++) {
    const x = a.reg(i);
    const y = b.reg(i);
    if (x.id !== y.id || x.refObjId !== y.refObjId) return false;
    if (x.type !== y.type || x.off !== y.off || x.umin !== y.umin || x.umax !== y.umax) return false;
    if (x.smin !== y.smin || x.smax !== y.smax || x.var.v !== y.var.v || x.var.m !== y.var.m) return false;
  }
  return true;
}

function iterDepthsDiffer(old: VerifierState, cur: VerifierState): boolean {
  for (let f = old.curframe; f >= 0; f--) {
    const frame = must(old.frame[f], 'frame');
    const other = cur.frame[f];
    for (let spi = 0; spi < frame.slots; spi++) {
      if (frame.byte(spi, 0) !== STACK_ITER) continue;
      const slot = frame.slot(spi);
      if (slot.iterState !== ITER_ACTIVE) continue;
      if (slot.iterDepth !== other?.spilled[spi]?.iterDepth) return true;
    }
  }
  return false;
}

type Verdict = 'hit' | 'miss' | 'miss_in_loop';

/** Compares with a state that is still being explored: have we come round a loop? */
function compareOpen(env: Env, old: VerifierState, cur: VerifierState, insn: InsnIndex): Verdict {
  // another entry into an asynchronous callback is no loop
  if (old.cur.inAsyncCallback && old.cur.asyncEntries !== cur.cur.asyncEntries) return 'miss_in_loop';
  if (isIterNextCall(env, insn)) {
    if (statesEqual(old, cur, 'range_within')) {
      const pointer = cur.cur.reg(1);
      const frame = env.frameOf(pointer);
      const spi = (-(pointer.off + pointer.constValue) - 1) >> 3;
      if (frame.slot(spi).iterState === ITER_ACTIVE) {
        updateLoopEntry(cur, old);
        return 'hit';
      }
    }
    return 'miss_in_loop';
  }
  if (
    isMayGoto(env.insn(insn)) &&
    old.mayGotoDepth !== cur.mayGotoDepth &&
    statesEqual(old, cur, 'range_within')
  ) {
    updateLoopEntry(cur, old);
    return 'hit';
  }
  if (env.auxOf(insn).callsCallback) return statesEqual(old, cur, 'range_within') ? 'hit' : 'miss_in_loop';
  if (
    maybeLooping(old, cur) &&
    statesEqual(old, cur, 'exact') &&
    !iterDepthsDiffer(old, cur) &&
    old.mayGotoDepth === cur.mayGotoDepth &&
    old.callbackUnrollDepth === cur.callbackUnrollDepth
  ) {
    env.writeLine(insn, '; ');
    env.write(`infinite loop detected at insn ${insn}\n`);
    env.write('cur state:');
    env.writeFrame(cur.cur);
    env.write('old state:');
    env.writeFrame(must(old.frame[cur.curframe], 'frame'));
    env.reject('EINVAL', '');
  }
  return 'miss_in_loop';
}

/** Links the registers of the current state to those of the state just stored. */
function adopt(cur: VerifierState, stored: VerifierState): void {
  for (let f = 0; f <= cur.curframe; f++) {
    const frame = must(cur.frame[f], 'frame');
    const from = must(stored.frame[f], 'frame');
    for (let i = 0; i < BPF_REG_FP; i++) {
      if (f === cur.curframe || i >= 6) frame.reg(i).parent = from.reg(i);
      frame.reg(i).live = 0;
    }
    for (let spi = 0; spi < frame.slots; spi++) {
      frame.slot(spi).live = 0;
      frame.slot(spi).parent = from.slot(spi);
    }
  }
}

function storeState(env: Env, list: StateListEntry[], insn: InsnIndex): void {
  const cur = env.state;
  const { count } = env;
  count.totalStates++;
  count.peakStates++;
  count.prevJumps = count.jumps;
  count.prevProcessed = count.processed;
  cur.forEachReg((reg) => {
    if (reg.type === SCALAR_VALUE) reg.precise = false;
  });
  const stored = cur.clone();
  stored.insnIdx = insn;
  cur.parent = stored;
  cur.firstInsnIdx = insn;
  cur.dfsDepth = stored.dfsDepth + 1;
  cur.history = null;
  list.unshift({ state: stored, hits: 0, misses: 0 });
  adopt(cur, stored);
}

/**
 * The current state is at a prune point.
 *
 * @returns true when an earlier state covers it and the path may end
 * @kernel is_state_visited, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function isStateVisited(env: Env, insn: InsnIndex): boolean {
  const cur = env.state;
  const { count } = env;
  const aux = env.auxOf(insn);
  const force = env.hasFlag(BPF_F_TEST_STATE_FREQ) || aux.forceCheckpoint || (cur.history?.count ?? 0) > 40;
  let add = force || (count.jumps - count.prevJumps >= 2 && count.processed - count.prevProcessed >= 8);
  const bucket = ((insn ^ cur.cur.callsite) >>> 0) % env.insns.length;
  const list = must(env.explored[bucket], 'state list');
  cleanLiveStates(list, insn, cur);
  const inexact = env.request.pruning ? 'precise' : 'not_exact';
  let seen = 0;
  for (let at = 0; at < list.length;) {
    const entry = must(list[at], 'state');
    const old = entry.state;
    seen++;
    if (old.insnIdx !== insn) {
      at++;
      continue;
    }
    let verdict: Verdict;
    if (old.branches > 0) {
      verdict = compareOpen(env, old, cur, insn);
    } else {
      const loop = getLoopEntry(old);
      const exact = loop !== null && loop.branches > 0;
      verdict = statesEqual(old, cur, exact ? 'range_within' : inexact) ? 'hit' : 'miss';
      if (verdict === 'hit' && exact && loop) updateLoopEntry(cur, loop);
    }
    if (verdict === 'hit') {
      entry.hits++;
      propagateLiveness(env, old, cur);
      if (aux.jump) env.pushHistory(cur, 0, null);
      propagatePrecision(env, old);
      return true;
    }
    if (
      verdict === 'miss_in_loop' &&
      !force &&
      count.jumps - count.prevJumps < 20 &&
      count.processed - count.prevProcessed < 100
    )
      add = false;
    if (add) entry.misses++;
    const n = aux.forceCheckpoint && old.branches > 0 ? 64 : 3;
    if (entry.misses > entry.hits * n + n) {
      list.splice(at, 1);
      if (isClean(old) && !old.usedAsLoopEntry) count.peakStates--;
      continue;
    }
    at++;
  }
  if (seen > count.maxStatesPerInsn) count.maxStatesPerInsn = seen;
  if (add) storeState(env, list, insn);
  return false;
}
