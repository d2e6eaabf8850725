/**
 * bpf_fastcall: registers that a compiler saves around a call, in case the kernel makes a real one of it.
 *
 *     *(u64 *)(r10 - 8) = r1
 *     call bpf_get_smp_processor_id       written out in place, so that R1 is left alone
 *     r1 = *(u64 *)(r10 - 8)
 *
 * Where the call is written out, the pair goes, and the stack it needed is not counted, unless something else
 * touches that stack.
 *
 * Source: mark_fastcall_patterns, check_fastcall_stack_contract, remove_fastcall_spills_fills,
 * kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Bytes, InsnIndex } from '../../shared/brand.ts';
import { helperId } from '../abi/helper_id.ts';
import {
  BPF_CALL,
  BPF_DW,
  BPF_JMP,
  BPF_LDX,
  BPF_MEM,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_STX,
} from '../abi/opcode.ts';
import type { Insn } from '../abi/insn.ts';
import { Kind } from '../btf/types.ts';
import type { Env, Subprog } from './env.ts';
import { helperProto } from './helper_proto.ts';
import type { FuncState } from './state.ts';
import { BPF_REG_FP, BPF_REG_SIZE } from './state.ts';

/** R0-R5, a bit each. */
const CALLER_SAVED = 0b111111;
const SPILL = BPF_STX | BPF_MEM | BPF_DW;
const FILL = BPF_LDX | BPF_MEM | BPF_DW;
/** Below any stack. */
const NOWHERE = -0x8000;

const WRITTEN_OUT_HELPER = helperId('bpf_get_smp_processor_id');
const WRITTEN_OUT_KFUNCS: ReadonlySet<string> = new Set(['bpf_cast_to_kern_ctx', 'bpf_rdonly_cast']);

interface Callee {
  /** Registers that the call may change, a bit each. */
  readonly clobbers: number;
  readonly writtenOut: boolean;
}

const clobbers = (returns: boolean, args: number): number => (returns ? 1 : 0) | (((1 << args) - 1) << 1);

/** What a call does to registers, null: nobody knows. */
function calleeOf(env: Env, { src, imm }: Insn): Callee | null {
  if (src === 0) {
    const proto = helperProto(imm);
    return (
      proto && {
        clobbers: clobbers(proto.result.kind !== 'void', proto.args.length),
        writtenOut: imm === WRITTEN_OUT_HELPER,
      }
    );
  }
  if (src !== BPF_PSEUDO_KFUNC_CALL) return null;
  const btf = env.request.kernelBtf;
  const func = btf.type(imm);
  const proto = btf.type(func.kind === Kind.FUNC ? func.type : 0);
  if (proto.kind !== Kind.FUNC_PROTO) return null;
  return {
    clobbers: clobbers(proto.type !== 0, proto.params.length),
    writtenOut: WRITTEN_OUT_KFUNCS.has(btf.nameOf(imm)),
  };
}

/** How many pairs of spill and fill stand around a call, from `lowest` up. Each is marked. */
function pairsAround(env: Env, at: InsnIndex, lowest: number, saved: number): number {
  let left = saved;
  for (let i = 1; i <= 6; i++) {
    const spill = env.insns[at - i];
    const fill = env.insns[at + i];
    const off = lowest + (i - 1) * BPF_REG_SIZE;
    if (!spill || !fill || env.auxOf(at - i + 1).target || env.auxOf(at + i).target) return i - 1;
    const pair = spill.code === SPILL && fill.code === FILL && spill.src === fill.dst;
    const inFrame = spill.dst === BPF_REG_FP && fill.src === BPF_REG_FP;
    if (!pair || !inFrame || (left & (1 << spill.src)) === 0 || spill.off !== off || fill.off !== off)
      return i - 1;
    left &= ~(1 << spill.src);
    env.auxOf(at - i).fastcall = true;
    env.auxOf(at + i).fastcall = true;
  }
  return 6;
}

function markCall(env: Env, sub: Subprog, at: InsnIndex, lowest: number): void {
  const callee = calleeOf(env, env.insn(at));
  if (!callee || callee.clobbers === CALLER_SAVED) return;
  const pairs = pairsAround(env, at, lowest, ~callee.clobbers & CALLER_SAVED);
  if (pairs === 0) return;
  if (callee.writtenOut) env.auxOf(at).fastcallPairs = pairs;
  else sub.keepsFastcallStack = true;
  sub.fastcallOff = Math.min(sub.fastcallOff, lowest + pairs * BPF_REG_SIZE);
}

/** Finds the patterns of every function. @kernel mark_fastcall_patterns @fidelity full: rewrite.test.ts */
export function markFastcalls(env: Env): void {
  for (const sub of env.subprogs) {
    let lowest = 0;
    for (let i = sub.start; i < sub.end; i++) {
      const { code, dst, off } = env.insn(i);
      if (code === SPILL && dst === BPF_REG_FP) lowest = Math.min(lowest, off);
    }
    for (let i = sub.start; i < sub.end; i++)
      if (env.insn(i).code === (BPF_JMP | BPF_CALL)) markCall(env, sub, i, lowest);
  }
}

/**
 * An access to the stack; one of the part that patterns use, by something else, ends them for the function.
 *
 * @kernel check_fastcall_stack_contract, kernel/bpf/verifier.c
 * @fidelity full: rewrite.test.ts
 */
export function touchStack(env: Env, frame: FuncState, off: Bytes): void {
  const sub = env.subprogs[frame.subprogno];
  if (!sub || sub.fastcallOff <= off || env.auxOf(env.insnIdx).fastcall) return;
  sub.fastcallOff = NOWHERE;
  for (let i = sub.start; i < sub.end; i++) {
    env.auxOf(i).fastcall = false;
    env.auxOf(i).fastcallPairs = 0;
  }
}

/**
 * Stack that only removed pairs used is not counted.
 *
 * @returns per instruction: 1 where a pair goes
 * @kernel remove_fastcall_spills_fills, kernel/bpf/verifier.c
 * @fidelity full: rewrite.test.ts
 */
export function dropFastcallPairs(env: Env): Uint8Array {
  const gone = new Uint8Array(env.insns.length);
  for (const sub of env.subprogs) {
    let some = false;
    for (let at = sub.start; at < sub.end; at++) {
      const pairs = env.auxOf(at).fastcallPairs;
      for (let i = 1; i <= pairs; i++) gone[at - i] = gone[at + i] = 1;
      some ||= pairs > 0;
    }
    if (some && !sub.keepsFastcallStack) sub.stackDepth = -sub.fastcallOff;
  }
  return gone;
}
