/**
 * The states a verification had before each instruction, kept to be held against a run.
 *
 * From one step to the next almost nothing changes: what did not is shared with the step before.
 */
import type { InsnIndex } from '../../../shared/brand.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { RegState } from '../reg.ts';
import { NOT_INIT } from '../reg_type.ts';
import { FuncState, VerifierState } from '../state.ts';
import { outside, registersOutside } from './contains.ts';
import type { Concrete } from './contains.ts';
import { Violation } from './violation.ts';

/** Comparisons that cannot come out this way left no value. */
const isImpossible = (reg: RegState): boolean =>
  reg.umin > reg.umax || reg.smin > reg.smax || reg.u32min > reg.u32max || reg.s32min > reg.s32max;

const UNUSED = new RegState();

function valueOf(reg: RegState, before: RegState | undefined): RegState {
  if (reg.type === NOT_INIT) return UNUSED;
  if (before?.sharesValue(reg)) return before;
  const copy = new RegState();
  copy.copyValue(reg);
  return copy;
}

/** Registers that an instruction reads. */
function reads(insn: Insn): readonly number[] {
  const both = (insn.code & op.BPF_X) !== 0 ? [insn.dst, insn.src] : [insn.dst];
  switch (op.BPF_CLASS(insn.code)) {
    case op.BPF_ALU:
    case op.BPF_ALU64:
      if (op.BPF_OP(insn.code) === op.BPF_END) return [insn.dst];
      return op.BPF_OP(insn.code) === op.BPF_MOV ? both.slice(1) : both;
    case op.BPF_LDX:
      return [insn.src];
    case op.BPF_ST:
      return [insn.dst];
    case op.BPF_STX:
      return [insn.dst, insn.src];
    case op.BPF_JMP:
    case op.BPF_JMP32: {
      const kind = op.BPF_OP(insn.code);
      return kind === op.BPF_EXIT || kind === op.BPF_JA || kind === op.BPF_CALL || kind === op.BPF_JCOND
        ? []
        : both;
    }
    default:
      return [];
  }
}

/** Was this state had at such a depth of calls? Global functions are verified by themselves, at any depth. */
function isAtDepth({ frame, curframe }: VerifierState, depth: number): boolean {
  return curframe === depth || (curframe < depth && (frame[0]?.subprogno ?? 0) > 0);
}

export class States {
  /** A path that no value can take was walked. */
  impossible = false;
  private readonly at: VerifierState[][] = [];
  private last: VerifierState | null = null;

  /** Registers and stacks, without the way that led there. */
  add(insn: InsnIndex, state: VerifierState): void {
    const out = new VerifierState();
    const { last } = this;
    out.curframe = state.curframe;
    out.frame = state.frame.map((frame, f) => this.frame(frame, last?.frame[f]));
    this.last = out;
    (this.at[insn] ??= []).push(out);
  }

  private frame(frame: FuncState, before: FuncState | undefined): FuncState {
    const regs = frame.regs.map((reg, n) => {
      const value = valueOf(reg, before?.regs[n]);
      if (value !== before?.regs[n] && value !== UNUSED) this.impossible ||= isImpossible(value);
      return value;
    });
    const copy = new FuncState(frame.callsite, frame.frameno, frame.subprogno, regs);
    copy.slotType = frame.slotType.slice();
    copy.spilled = frame.spilled.map((slot, spi) =>
      frame.isSpilled(spi) ? valueOf(slot, before?.spilled[spi]) : UNUSED,
    );
    return copy;
  }

  /** Those of an instruction at a depth of calls. */
  here(insn: InsnIndex, depth: number): readonly VerifierState[] {
    return (this.at[insn] ?? []).filter((state) => isAtDepth(state, depth));
  }

  /**
   * Some state of this instruction contains what is.
   *
   * @param whole every register and slot must be in one state; else only the registers in use
   * @throws Violation
   */
  check(insn: Insn, pc: InsnIndex, whole: boolean, real: Concrete): void {
    const all = this.at[pc] ?? [];
    const { depth } = real;
    const used = whole ? [] : reads(insn);
    let first: string | null = null;
    let tried = 0;
    for (let i = 0; i < all.length; i++) {
      const state = all[i];
      if (!state || !isAtDepth(state, depth)) continue;
      tried++;
      const what = whole ? outside(state, real) : registersOutside(state, used, real);
      if (what === null) {
        // the next time round it will likely be this one again
        if (i > 0) {
          all[i] = all[0] ?? state;
          all[0] = state;
        }
        return;
      }
      first ??= what;
    }
    if (first === null) throw new Violation('the verifier never came here', pc);
    const value = /R(\d+)$/.exec(first)?.[1];
    const shown = value ? ` = 0x${real.reg(depth, Number(value)).toString(16)}` : '';
    throw new Violation(`${first}${shown} is in no state (${tried}) of this instruction`, pc);
  }
}
