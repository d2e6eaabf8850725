/**
 * The shape of the program: subprograms, that jumps stay within them, that everything is reachable, and at
 * which instructions states are worth comparing.
 *
 * Source: add_subprog_and_kfunc, check_subprogs, check_cfg, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import { helperId } from '../abi/helper_id.ts';
import {
  BPF_ABS,
  BPF_CALL,
  BPF_CLASS,
  BPF_EXIT,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_K,
  BPF_LD,
  BPF_MODE,
  BPF_OP,
  BPF_SRC,
  LD_IMM64,
} from '../abi/opcode.ts';
import { exceptionCallbackStart } from './btf_info.ts';
import type { Env } from './env.ts';
import {
  callsBackLater,
  callsBackNow,
  isIterNextCall,
  isMayGoto,
  isPseudoCall,
  isPseudoFunc,
  isThrow,
} from './insn_kind.ts';
import { checkKfuncCallable } from './kfunc_meta.ts';
import { isHelperCall, isKfuncCall } from './insn_kind.ts';

const MAX_SUBPROGS = 256;
const TAIL_CALL = helperId('bpf_tail_call');

/** Finds where subprograms start and that called kernel functions exist. */
export function findSubprogs(env: Env): void {
  const starts = new Set<InsnIndex>([0]);
  env.insns.forEach((insn, i) => {
    if (isPseudoCall(insn) || isPseudoFunc(insn)) {
      const target = i + insn.imm + 1;
      if (target < 0 || target >= env.insns.length) env.reject('EINVAL', 'call to invalid destination', i);
      starts.add(target);
      if (starts.size > MAX_SUBPROGS) env.reject('E2BIG', 'too many subprograms', i);
    } else if (isKfuncCall(insn)) {
      checkKfuncCallable(env, i);
    }
  });
  const exception = exceptionCallbackStart(env);
  if (exception > 0) starts.add(exception);
  const sorted = [...starts].sort((a, b) => a - b);
  sorted.forEach((start, n) => {
    env.subprogs.push({
      start,
      end: sorted[n + 1] ?? env.insns.length,
      name: '',
      funcTypeId: 0,
      stackDepth: 0,
      fastcallOff: 0,
      keepsFastcallStack: false,
      isGlobal: false,
      unreliable: false,
      isAsyncCallback: false,
      isCallback: false,
      hasTailCall: false,
      hasLoadPacket: false,
      called: false,
    });
    if (env.level2) env.write(`func#${n} @${start}\n`);
  });
  if (exception > 0) env.exceptionCallback = sorted.indexOf(exception);
}

/** Index of the subprogram that starts at an instruction, or -1. */
export const subprogAt = (env: Env, start: InsnIndex): number =>
  env.subprogs.findIndex((s) => s.start === start);

const isJump = (code: number): boolean => BPF_CLASS(code) === BPF_JMP || BPF_CLASS(code) === BPF_JMP32;

/** Where a jump goes: `goto` counts in off, `gotol` in imm. */
function jumpTarget(env: Env, i: InsnIndex): InsnIndex {
  const insn = env.insn(i);
  const far = BPF_CLASS(insn.code) === BPF_JMP32 && BPF_OP(insn.code) === BPF_JA;
  return i + (far ? insn.imm : insn.off) + 1;
}

/** Jumps stay inside their subprogram, which ends in exit or a jump. */
export function checkSubprogs(env: Env): void {
  for (const sub of env.subprogs) {
    for (let i = sub.start; i < sub.end; i++) {
      const insn = env.insn(i);
      const { code } = insn;
      if (isHelperCall(insn) && insn.imm === TAIL_CALL) sub.hasTailCall = true;
      if (BPF_CLASS(code) === BPF_LD && (BPF_MODE(code) === BPF_ABS || BPF_MODE(code) === BPF_IND))
        sub.hasLoadPacket = true;
      const op = BPF_OP(code);
      if (isJump(code) && op !== BPF_EXIT && op !== BPF_CALL) {
        const to = jumpTarget(env, i);
        if (to < sub.start || to >= sub.end)
          env.reject('EINVAL', `jump out of range from insn ${i} to ${to}`, i);
      }
    }
    const last = env.insn(sub.end - 1).code;
    const closes =
      last === (BPF_JMP | BPF_EXIT) ||
      last === (BPF_JMP | BPF_JA) ||
      last === (BPF_JMP32 | BPF_JA) ||
      isThrow(env, sub.end - 1);
    if (!closes) env.reject('EINVAL', 'last insn is not an exit or jmp', sub.end - 1);
  }
}

const DISCOVERED = 0x10;
const EXPLORED = 0x20;
const FALLTHROUGH = 1;
const BRANCH = 2;

class Walk {
  readonly env: Env;
  readonly insnState: Uint8Array;
  readonly stack: InsnIndex[] = [];

  constructor(env: Env) {
    this.env = env;
    this.insnState = new Uint8Array(env.insns.length);
  }

  /** Follows an edge. @returns true when its target must be walked first */
  push(from: InsnIndex, to: InsnIndex, edge: number): boolean {
    const { env, insnState } = this;
    const state = insnState[from] ?? 0;
    if (state >= (DISCOVERED | edge) && (edge === FALLTHROUGH || state >= (DISCOVERED | BRANCH)))
      return false;
    if (to < 0 || to >= env.insns.length) {
      env.writeLine(from, `${from}: `);
      env.reject('EINVAL', `jump out of range from insn ${from} to ${to}`, from);
    }
    if (edge === BRANCH) {
      env.auxOf(to).prune = true;
      env.auxOf(to).jump = true;
      env.auxOf(to).target = true;
    }
    const target = insnState[to] ?? 0;
    if (target === 0) {
      insnState[from] = DISCOVERED | edge;
      insnState[to] = DISCOVERED;
      this.stack.push(to);
      return true;
    }
    if (target === EXPLORED) insnState[from] = DISCOVERED | edge;
    return false;
  }

  /** Follows the edges of one instruction. @returns true when one must be walked first */
  visit(t: InsnIndex): boolean {
    const { env } = this;
    const insn = env.insn(t);
    const aux = env.auxOf(t);
    if (isPseudoFunc(insn)) return this.visitCall(t, true);
    if (!isJump(insn.code)) return this.push(t, t + (insn.code === LD_IMM64 ? 2 : 1), FALLTHROUGH);
    switch (BPF_OP(insn.code)) {
      case BPF_EXIT:
        return false;
      case BPF_CALL:
        if (callsBackLater(env, insn)) aux.prune = true;
        if (callsBackNow(env, insn)) {
          aux.callsCallback = true;
          aux.forceCheckpoint = true;
          aux.prune = true;
          aux.jump = true;
        }
        if (isIterNextCall(env, t)) {
          aux.prune = true;
          aux.forceCheckpoint = true;
        }
        return this.visitCall(t, isPseudoCall(insn));
      case BPF_JA: {
        if (BPF_SRC(insn.code) !== BPF_K) env.unsupported('gotox');
        const to = jumpTarget(env, t);
        const deeper = this.push(t, to, FALLTHROUGH);
        env.auxOf(to).prune = true;
        env.auxOf(to).jump = true;
        env.auxOf(to).target = true;
        return deeper;
      }
      default:
        aux.prune = true;
        if (isMayGoto(insn)) aux.forceCheckpoint = true;
        return this.push(t, t + 1, FALLTHROUGH) || this.push(t, t + insn.off + 1, BRANCH);
    }
  }

  private visitCall(t: InsnIndex, intoCallee: boolean): boolean {
    const { env } = this;
    const insn = env.insn(t);
    const next = t + (insn.code === LD_IMM64 ? 2 : 1);
    if (this.push(t, next, FALLTHROUGH)) {
      this.markReturn(next);
      return true;
    }
    this.markReturn(next);
    if (!intoCallee) return false;
    env.auxOf(t).prune = true;
    return this.push(t, t + insn.imm + 1, BRANCH);
  }

  private markReturn(at: InsnIndex): void {
    const aux = this.env.auxOf(at);
    aux.prune = true;
    aux.jump = true;
  }

  run(start: InsnIndex): void {
    this.insnState[start] = DISCOVERED;
    this.stack.push(start);
    while (this.stack.length > 0) {
      const t = must(this.stack.at(-1), 'stack top');
      if (this.visit(t)) continue;
      this.insnState[t] = EXPLORED;
      this.stack.pop();
    }
  }
}

/**
 * Walks all edges depth first; marks prune points and jump targets.
 *
 * @kernel check_cfg, kernel/bpf/verifier.c
 * @fidelity partial: loops are always allowed, as with CAP_BPF
 */
export function checkCfg(env: Env): void {
  const walk = new Walk(env);
  walk.run(0);
  if (env.exceptionCallback > 0) walk.run(must(env.subprogs[env.exceptionCallback], 'callback').start);
  env.insns.forEach((insn, i) => {
    const second = i > 0 && env.insn(i - 1).code === LD_IMM64 && insn.code === 0 && walk.insnState[i] === 0;
    if (second) return;
    if (walk.insnState[i] !== EXPLORED) env.reject('EINVAL', `unreachable insn ${i}`, i);
    if (insn.code === LD_IMM64 && walk.insnState[i + 1] !== 0)
      env.reject('EINVAL', `jump into the middle of ldimm64 insn ${i}`, i);
  });
}
