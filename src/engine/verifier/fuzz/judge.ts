/**
 * What becomes of a program. One that the verifier accepts is run, and at every instruction
 *
 *   - some state that the verifier had there contains every register and every stack slot,
 *   - loads, stores and the memory that helpers get lie in what the program owns,
 *
 * and at its end it returned 0 or 1, gave back what it had acquired, and did not need more steps than a
 * verified program may. The states come from a second verification without pruning; where that does not end
 * (loops of iterators and callbacks), from one in which every scalar counts. Both must accept as well: else
 * pruning cut off a path that mattered. Where only rounds of a loop that were made alike are refused, nothing
 * was cut off: which scalars are left as they are depends on what was marked by then.
 */
import { must } from '../../../shared/assert.ts';
import type { InsnIndex } from '../../../shared/brand.ts';
import { helperName } from '../../abi/helper_id.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { runProg } from '../../vm/run.ts';
import { PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_STACK, MEM_RINGBUF, baseType } from '../reg_type.ts';
import type { Pruning, VerifyRequest, VerifyResult } from '../request.ts';
import type { RegState } from '../reg.ts';
import { verify } from '../verify.ts';
import type { Program } from './generate.ts';
import type { Ground } from './ground.ts';
import type { Random } from './random.ts';
import { States } from './states.ts';
import { Violation } from './violation.ts';

export type Outcome =
  | { readonly verdict: 'refused'; readonly message: string }
  /** The verifier needed more steps than are granted. */
  | { readonly verdict: 'too_long' }
  /** `checked`: against every register and slot, against the registers in use, or in memory only. */
  | { readonly verdict: 'accepted'; readonly checked: 'all' | 'used' | 'memory'; readonly retired: number }
  | { readonly verdict: 'violation'; readonly what: string; readonly insn: InsnIndex };

class LimitReached extends Error {}

/** Steps of the verifier, for the verdict and for states to compare with. */
const LIMIT_ACCEPT = 2_000;
const LIMIT_STATES = 700;
/** The same where most programs never come to an end without pruning. */
const LIMIT_LOOPING = 200;
const FUEL = 8_000;
const RUNS = 2;

/** may_goto, iterators and callbacks end, but perhaps only after millions of rounds. */
const loopsLong = ({ code, src, imm }: Insn): boolean =>
  code === (op.BPF_JMP | op.BPF_JCOND) ||
  (code === (op.BPF_JMP | op.BPF_CALL) &&
    (src === op.BPF_PSEUDO_KFUNC_CALL || (src === 0 && LOOPING.has(helperName(imm)))));
const LOOPING: ReadonlySet<string> = new Set(['bpf_loop', 'bpf_for_each_map_elem', 'bpf_find_vma']);

/** Helpers that look only at the running task: a task full of noise is none, and that is no program's fault. */
const asksForCurrent = (insn: Insn | undefined): boolean =>
  insn?.code === (op.BPF_JMP | op.BPF_CALL) &&
  insn.src === 0 &&
  helperName(insn.imm).startsWith('bpf_get_current_');

/** Memory of which it is known what is the program's. */
function isAccounted(reg: RegState, { custody }: Ground): boolean {
  const base = baseType(reg.type);
  return (
    base === PTR_TO_STACK ||
    (base === PTR_TO_MAP_VALUE && custody.knows(reg.map)) ||
    (base === PTR_TO_MEM && (reg.type & MEM_RINGBUF) !== 0)
  );
}

interface Evidence {
  readonly states: States | null;
  /** Every register and slot must be in one state; else only the registers in use. */
  readonly whole: boolean;
}

/** Asks the verifier. @returns null when `observe` had enough */
function ask(
  request: VerifyRequest,
  observe: NonNullable<VerifyRequest['observe']>,
  pruning?: Pruning,
): VerifyResult | null {
  try {
    return verify({ ...request, observe, ...(pruning ? { pruning } : {}) });
  } catch (error) {
    if (error instanceof LimitReached) return null;
    throw error;
  }
}

/** States before each instruction, or null when there are too many. */
function statesOf(request: VerifyRequest, pruning: Pruning, limit: number): States | null {
  const states = new States();
  let left = limit;
  const result = ask(
    request,
    (insn, state) => {
      if (--left < 0) throw new LimitReached();
      states.add(insn, state);
    },
    pruning,
  );
  if (!result) return null;
  const { reject } = result;
  // no value can take such a path, and Linux refuses pointer arithmetic on it
  if (reject && states.impossible) return null;
  if (reject && pruning === 'precise') return statesOf(request, 'unwidened', LIMIT_ACCEPT);
  if (reject)
    throw new Violation(
      `accepted, but refused when pruning is ${pruning}: ${reject.message}`,
      reject.insn ?? 0,
    );
  return states;
}

/** The access of this instruction lies in what the program owns, or is a load that may fault. */
function checkAccess(ground: Ground, insn: Insn, pc: InsnIndex, states: States | null): void {
  const { bpf, custody } = ground;
  const cls = op.BPF_CLASS(insn.code);
  const load = cls === op.BPF_LDX;
  if (!load && cls !== op.BPF_ST && cls !== op.BPF_STX) return;
  const { processor } = bpf;
  const regno = load ? insn.src : insn.dst;
  const at = BigInt.asUintN(64, processor.reg(regno) + BigInt(insn.off));
  const size = op.sizeBytes(insn.code);
  if (custody.isOwned(at, size)) return;
  // objects of the kernel, buffers and what iterators return are not accounted for: that they exist is enough
  const other = (): boolean =>
    states === null ||
    states.here(pc, processor.depth).some((state) => !isAccounted(state.cur.reg(regno), ground));
  if (bpf.kernel.mem.translate(at, size) >= 0 && other()) return;
  throw new Violation(`${load ? 'load' : 'store'} of ${size} bytes outside what the program owns`, pc);
}

/** Runs a program once. @returns how many instructions that took. @throws Violation */
function runOnce(
  ground: Ground,
  program: Program,
  result: VerifyResult,
  evidence: Evidence,
  random: Random,
  run: number,
): number | null {
  const { bpf, custody } = ground;
  const ctx = ground.prepare(random, run);
  const code = ground.code(program, result, custody.linker(random));
  if (!code) return null;
  const { states, whole } = evidence;
  const real = custody.concrete(ctx);
  const { insns } = program;
  const end = runProg(bpf.processor, code, {
    ctx,
    fuel: FUEL,
    onInsn: (pc) => {
      const insn = must(insns[pc], 'instruction');
      states?.check(insn, pc, whole, real);
      if (result.probeMem[pc] !== 1) checkAccess(ground, insn, pc, states);
    },
  });
  if ('abort' in end && end.abort === 'fuel' && insns.some(loopsLong)) return end.retired;
  if ('abort' in end && asksForCurrent(insns[end.pc])) return null;
  if ('abort' in end) throw new Violation(`the run ended with: ${end.abort}`, end.pc);
  if (end.r0 > 1n) throw new Violation(`it returned ${end.r0}`, insns.length - 1);
  if (custody.held !== 0) throw new Violation(`${custody.held} references were not given back`, 0);
  return end.retired;
}

/** Verifies a program and, when it is accepted, runs it on different data. */
export function judge(ground: Ground, program: Program, random: Random): Outcome {
  const request = ground.request(program);
  let left = LIMIT_ACCEPT;
  const result = ask(request, () => {
    if (--left < 0) throw new LimitReached();
  });
  if (!result) return { verdict: 'too_long' };
  if (result.reject) return { verdict: 'refused', message: result.reject.message };
  try {
    const all = statesOf(request, 'none', program.insns.some(loopsLong) ? LIMIT_LOOPING : LIMIT_STATES);
    const states = all ?? statesOf(request, 'precise', LIMIT_STATES);
    let retired = 0;
    for (let run = 0; run < RUNS; run++) {
      const steps = runOnce(ground, program, result, { states, whole: all !== null }, random, run);
      if (steps === null) return { verdict: 'refused', message: 'nobody here can run what it calls' };
      retired += steps;
    }
    return { verdict: 'accepted', checked: all ? 'all' : states ? 'used' : 'memory', retired };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { verdict: 'violation', what: error.message, insn: error.insn };
  }
}

/** The verifier's log of a program, with everything in it. */
export const logOf = (ground: Ground, program: Program): string =>
  verify({ ...ground.request(program), logLevel: 2 }).log;
