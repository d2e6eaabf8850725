/**
 * Which scalars had to have just the value they had? Pruning may treat all others as unknown.
 *
 * When a scalar decides something (an offset, a size, a known branch), the path is walked backwards from
 * there, instruction by instruction, to the constants and loads it came from; in every stored state on the
 * way the registers that carried it are marked precise.
 *
 * Source: __mark_chain_precision, backtrack_insn, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CLASS,
  BPF_CMPXCHG,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MODE,
  BPF_MOV,
  BPF_NEG,
  BPF_OP,
  BPF_PSEUDO_CALL,
  BPF_SRC,
  BPF_ST,
  BPF_STX,
  BPF_X,
} from '../abi/opcode.ts';
import type { Insn } from '../abi/insn.ts';
import type { Env } from './env.ts';
import { LIVE_READ } from './reg.ts';
import type { RegState } from './reg.ts';
import { SCALAR_VALUE } from './reg_type.ts';
import type { FuncState, HistoryEntry, VerifierState } from './state.ts';
import {
  BPF_MAIN_FUNC,
  BPF_REG_FP,
  INSN_F_DST_STACK,
  INSN_F_FRAMENO,
  INSN_F_SPI,
  INSN_F_SPI_SHIFT,
  INSN_F_SRC_STACK,
  INSN_F_STACK_ACCESS,
} from './state.ts';

const ARGS_MASK = 0b111110;
const MAX_FRAMES = 8;
const MAX_SLOTS = 64;

/** Registers and slots still looked for, per frame: a bit each, slots in two halves. */
class Backtrack {
  frame = 0;
  /** How many there are. */
  private wanted = 0;
  private readonly regs = new Int32Array(MAX_FRAMES);
  private readonly slots = new Int32Array(2 * MAX_FRAMES);

  /** Nothing is looked for; the innermost frame is `frame`. */
  begin(frame: number): this {
    if (this.wanted > 0) {
      this.regs.fill(0);
      this.slots.fill(0);
      this.wanted = 0;
    }
    this.frame = frame;
    return this;
  }
  get empty(): boolean {
    return this.wanted === 0;
  }
  has(reg: number, frame = this.frame): boolean {
    return ((this.regs[frame] ?? 0) & (1 << reg)) !== 0;
  }
  set(reg: number, frame = this.frame): void {
    if (this.has(reg, frame)) return;
    this.regs[frame] = (this.regs[frame] ?? 0) | (1 << reg);
    this.wanted++;
  }
  clear(reg: number, frame = this.frame): void {
    if (!this.has(reg, frame)) return;
    this.regs[frame] = (this.regs[frame] ?? 0) & ~(1 << reg);
    this.wanted--;
  }
  hasSlot(spi: number, frame: number): boolean {
    return ((this.slots[2 * frame + (spi >> 5)] ?? 0) & (1 << (spi & 31))) !== 0;
  }
  setSlot(spi: number, frame: number): void {
    if (this.hasSlot(spi, frame)) return;
    const at = 2 * frame + (spi >> 5);
    this.slots[at] = (this.slots[at] ?? 0) | (1 << (spi & 31));
    this.wanted++;
  }
  clearSlot(spi: number, frame: number): void {
    if (!this.hasSlot(spi, frame)) return;
    const at = 2 * frame + (spi >> 5);
    this.slots[at] = (this.slots[at] ?? 0) & ~(1 << (spi & 31));
    this.wanted--;
  }
  regMask(frame = this.frame): number {
    return this.regs[frame] ?? 0;
  }
  anyIn(frame: number): boolean {
    return this.regMask(frame) !== 0 || this.anySlot(frame);
  }
  anySlot(frame: number): boolean {
    return this.slots[2 * frame] !== 0 || this.slots[2 * frame + 1] !== 0;
  }
}

/** There is one walk back at a time. */
const walk = new Backtrack();

const regList = (mask: number): string =>
  Array.from({ length: 11 }, (_, i) => i)
    .filter((i) => mask & (1 << i))
    .map((i) => `r${i}`)
    .join(',');
const slotList = (bt: Backtrack, frame: number): string =>
  Array.from({ length: MAX_SLOTS }, (_, i) => i)
    .filter((i) => bt.hasSlot(i, frame))
    .map((i) => `-${(i + 1) * 8}`)
    .join(',');

/** `r1,fp-8` */
const placeList = (bt: Backtrack, frame: number): string =>
  [regList(bt.regMask(frame)), slotList(bt, frame).replaceAll('-', 'fp-')].filter(Boolean).join(',');

/** Linked scalars share what is learnt, so they share precision. */
function syncLinked(bt: Backtrack, { linked }: HistoryEntry): void {
  if (!linked) return;
  const some = linked.some((l) => (l.isReg ? bt.has(l.index, l.frame) : bt.hasSlot(l.index, l.frame)));
  if (!some) return;
  for (const l of linked) {
    if (l.isReg) bt.set(l.index, l.frame);
    else bt.setSlot(l.index, l.frame);
  }
}

/**
 * The register that an atomic instruction loads, or -1. The walk back in 6.12 does not look for it, so that a
 * number fetched from the stack is taken for imprecise where it was spilled; that hole is not copied.
 */
function fetchedInto({ code, src, imm }: Insn): number {
  if (BPF_MODE(code) !== BPF_ATOMIC || (imm & BPF_FETCH) === 0) return -1;
  return imm === BPF_CMPXCHG ? 0 : src;
}

/** Walks one instruction backwards. @returns false when the value cannot be followed */
function backtrackInsn(
  env: Env,
  bt: Backtrack,
  idx: InsnIndex,
  subseq: InsnIndex,
  hist: HistoryEntry | null,
): boolean {
  const insn = env.insn(idx);
  const { code, dst, src } = insn;
  if (code === 0) return true;
  if (env.level2)
    env.write(
      `mark_precise: frame${bt.frame}: regs=${regList(bt.regMask())} stack=${slotList(bt, bt.frame)} before ${idx}: ${env.insnText(idx)}\n`,
    );
  if (hist?.linked) syncLinked(bt, hist);
  const ordered = BPF_CLASS(code) === BPF_STX && BPF_MODE(code) === BPF_ATOMIC && insn.imm === BPF_LOAD_ACQ;
  const cls = ordered ? BPF_LDX : BPF_CLASS(code);
  const op = BPF_OP(code);
  const flags = hist?.flags ?? 0;
  const stackAccess = (flags & INSN_F_STACK_ACCESS) !== 0;
  const spi = (flags >> INSN_F_SPI_SHIFT) & INSN_F_SPI;
  const frame = flags & INSN_F_FRAMENO;
  switch (cls) {
    case BPF_ALU:
    case BPF_ALU64:
      if (!bt.has(dst) || op === BPF_END || op === BPF_NEG) return true;
      if (op === BPF_MOV) bt.clear(dst);
      if (BPF_SRC(code) === BPF_X && src !== BPF_REG_FP) bt.set(src);
      break;
    case BPF_LDX:
      if (!bt.has(dst)) return true;
      bt.clear(dst);
      if (!stackAccess) return true;
      bt.setSlot(spi, frame);
      break;
    case BPF_STX:
    case BPF_ST: {
      const fetched = cls === BPF_STX ? fetchedInto(insn) : -1;
      if (fetched >= 0 && bt.has(fetched)) {
        bt.clear(fetched);
        if (stackAccess) bt.setSlot(spi, frame);
        break;
      }
      if (bt.has(dst)) return false;
      if (!stackAccess || !bt.hasSlot(spi, frame)) return true;
      bt.clearSlot(spi, frame);
      if (cls === BPF_STX) bt.set(src);
      break;
    }
    case BPF_JMP:
    case BPF_JMP32:
      if (cls === BPF_JMP && op === BPF_CALL) return backtrackCall(env, bt, idx, subseq);
      if (cls === BPF_JMP && op === BPF_EXIT) return backtrackExit(env, bt, subseq);
      if (BPF_SRC(code) === BPF_X) {
        if (!bt.has(dst) && !bt.has(src)) return true;
        if (!(flags & INSN_F_SRC_STACK)) bt.set(src);
        if (!(flags & INSN_F_DST_STACK)) bt.set(dst);
      }
      break;
    case BPF_LD:
      if (!bt.has(dst)) return true;
      bt.clear(dst);
      if (code !== 0x18) return false;
      break;
  }
  if (hist?.linked) syncLinked(bt, hist);
  return true;
}

/** Any call: into a subprogram, a callback, or a helper that only sets R0. */
function backtrackCall(env: Env, bt: Backtrack, idx: InsnIndex, subseq: InsnIndex): boolean {
  const insn = env.insn(idx);
  if (insn.src === BPF_PSEUDO_CALL) {
    const callee = env.subprogs.find((s) => s.start === idx + insn.imm + 1);
    if (callee?.isGlobal) {
      bt.clear(0);
      return true;
    }
    for (let i = 1; i <= 5; i++) {
      if (!bt.has(i)) continue;
      bt.clear(i);
      bt.set(i, bt.frame - 1);
    }
    bt.frame--;
    return bt.frame >= 0;
  }
  if (env.auxOf(idx).callsCallback && idx !== subseq - 1) {
    for (let i = 1; i <= 5; i++) bt.clear(i);
    bt.frame--;
    return bt.frame >= 0;
  }
  bt.clear(0);
  return (bt.regMask() & ARGS_MASK) === 0;
}

function backtrackExit(env: Env, bt: Backtrack, subseq: InsnIndex): boolean {
  // the arguments of a call that calls back are still looked for; those of a subprogram were found by now
  const callback = subseq >= 0 && env.auxOf(subseq).callsCallback;
  if (!callback && (bt.regMask() & ARGS_MASK) !== 0) return false;
  const before = subseq >= 1 ? env.insn(subseq - 1) : null;
  const isCall = before !== null && before.code === (BPF_JMP | BPF_CALL) && before.src === BPF_PSEUDO_CALL;
  const r0 = isCall && bt.has(0);
  bt.clear(0);
  bt.frame++;
  if (r0) bt.set(0);
  return true;
}

/** True when instruction `i` was the first of the state. @param last what is left of the history */
const isFirst = (state: VerifierState, i: InsnIndex, last: HistoryEntry | null): boolean =>
  i === state.firstInsnIdx && (last === null || (last.before === null && last.idx === i));

/** Gives up following: everything from here to the first state is precise. */
function markAllPrecise(env: Env): void {
  if (env.level2)
    env.write(`mark_precise: frame${env.state.curframe}: falling back to forcing all scalars precise\n`);
  const force = (reg: RegState, place: string): void => {
    if (reg.type !== SCALAR_VALUE || reg.precise) return;
    reg.precise = true;
    if (env.level2) env.write(`force_precise: ${place} to be precise\n`);
  };
  for (let st = env.state.parent; st; st = st.parent)
    for (let f = 0; f <= st.curframe; f++) {
      const frame = must(st.frame[f], 'frame');
      for (let i = 0; i < BPF_REG_FP; i++) force(frame.reg(i), `frame${f}: forcing r${i}`);
      for (let spi = 0; spi < frame.slots; spi++)
        if (frame.isSpilledScalar(spi)) force(frame.slot(spi), `frame${f}: forcing fp${-(spi + 1) * 8}`);
    }
}

/** Marks what is asked for in one frame of a stored state, and stops looking for what is settled there. */
function markFrame(env: Env, bt: Backtrack, func: FuncState, f: number): void {
  for (let i = 0; i < BPF_REG_FP; i++) {
    if (!bt.has(i, f)) continue;
    const reg = func.reg(i);
    if (reg.type !== SCALAR_VALUE || reg.precise) bt.clear(i, f);
    else reg.precise = true;
  }
  for (let spi = 0; bt.anySlot(f) && spi < MAX_SLOTS; spi++) {
    if (!bt.hasSlot(spi, f)) continue;
    if (spi >= func.slots || !func.isSpilledScalar(spi) || func.slot(spi).precise) bt.clearSlot(spi, f);
    else func.slot(spi).precise = true;
  }
  if (env.level2) {
    env.write(
      `mark_precise: frame${f}: parent state regs=${regList(bt.regMask(f))} stack=${slotList(bt, f)}: `,
    );
    env.writeFrame(func);
  }
}

function markChain(env: Env, bt: Backtrack): void {
  let state = env.state;
  let first = state.firstInsnIdx;
  let from = env.insnIdx;
  let subseq = -1;
  let skip = true;
  bt.frame = state.curframe;
  if (bt.empty) return;
  for (;;) {
    let last: HistoryEntry | null = state.history;
    if (env.level2)
      env.write(
        `mark_precise: frame${bt.frame}: last_idx ${from} first_idx ${first} subseq_idx ${subseq} \n`,
      );
    if (from < 0) {
      const frame = must(state.frame[0], 'frame');
      const atEntry = state.curframe === 0 && frame.subprogno > 0 && frame.callsite === BPF_MAIN_FUNC;
      if (!atEntry) return markAllPrecise(env);
      for (let i = 1; i <= 5; i++)
        if (bt.has(i) && frame.reg(i).type === SCALAR_VALUE) frame.reg(i).precise = true;
      return;
    }
    for (let i = from; ;) {
      const step: HistoryEntry | null = last?.idx === i ? last : null;
      if (skip) skip = false;
      else if (!backtrackInsn(env, bt, i, subseq, step)) return markAllPrecise(env);
      if (bt.empty) return;
      subseq = i;
      if (isFirst(state, i, last)) break;
      i = step ? step.prevIdx : i - 1;
      if (step) last = step.before;
    }
    const parent: VerifierState | null = state.parent;
    if (!parent) break;
    state = parent;
    for (let f = bt.frame; f >= 0; f--) markFrame(env, bt, must(state.frame[f], 'frame'), f);
    if (bt.empty) return;
    subseq = first;
    from = state.lastInsnIdx;
    first = state.firstInsnIdx;
  }
  markAllPrecise(env);
}

/**
 * The value of a scalar register matters from here on.
 *
 * @kernel mark_chain_precision, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function markPrecise(env: Env, regno: number): void {
  if (regno < 0 || env.reg(regno).type !== SCALAR_VALUE) return;
  // no state is stored that could be marked
  if (env.request.pruning === 'none') return;
  const bt = walk.begin(env.state.curframe);
  bt.set(regno);
  markChain(env, bt);
}

/** What was precise in a state that the current one is equal to is precise in the current one. */
export function propagatePrecision(env: Env, old: VerifierState): void {
  const bt = walk.begin(env.state.curframe);
  for (let f = old.curframe; f >= 0; f--) {
    const frame = must(old.frame[f], 'frame');
    for (let i = 0; i < BPF_REG_FP; i++) {
      const reg = frame.reg(i);
      if (reg.type !== SCALAR_VALUE || !reg.precise || (reg.live & LIVE_READ) === 0) continue;
      bt.set(i, f);
    }
    for (let spi = 0; spi < frame.slots; spi++) {
      const reg = frame.slot(spi);
      if (!frame.isSpilledScalar(spi) || !reg.precise || (reg.live & LIVE_READ) === 0) continue;
      bt.setSlot(spi, f);
    }
    if (env.level2 && bt.anyIn(f)) env.write(`frame ${f}: propagating ${placeList(bt, f)}\n`);
  }
  markChain(env, bt);
}
