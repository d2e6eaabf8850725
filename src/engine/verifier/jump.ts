/**
 * Conditional jumps and may_goto: one path goes on, the other waits; both learn from the comparison.
 *
 * Source: check_cond_jmp_op, sync_linked_regs, mark_ptr_or_null_regs, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import {
  BPF_CLASS,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_K,
  BPF_OP,
  BPF_SRC,
  BPF_X,
} from '../abi/opcode.ts';
import { hasRule } from '../abi/releases.ts';
import { branchTaken, refineBranches } from './branch.ts';
import type { Env } from './env.ts';
import { checkRegArg } from './live.ts';
import { markPrecise } from './precision.ts';
import { isSocketMap } from './map_helpers.ts';
import { isLock, mapRecord } from './record.ts';
import { dropReference } from './refs.ts';
import { ADD_CONST, RegState } from './reg.ts';
import {
  CONST_PTR_TO_MAP,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_VALUE,
  PTR_TO_SOCKET,
  PTR_TO_STACK,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
} from './reg_type.ts';
import { addRanges } from './scalar_alu.ts';
import { recordOfReg } from './special_arg.ts';
import type { LinkedReg, VerifierState } from './state.ts';
import { BPF_REG_FP, INSN_F_DST_STACK, INSN_F_SRC_STACK } from './state.ts';
import { findPrevEntry, widenImprecise } from './widen.ts';

const LINKED_MAX = 6;

/** Everything that holds a scalar with this id; what is too much loses its id. */
function collectLinked(state: VerifierState, id: number, out: LinkedReg[]): void {
  const want = id & ~ADD_CONST;
  const visit = (reg: RegState, frame: number, isReg: boolean, index: number): void => {
    if (reg.type !== SCALAR_VALUE || (reg.id & ~ADD_CONST) !== want) return;
    if (out.length < LINKED_MAX) out.push({ frame, isReg, index });
    else reg.clearScalarId();
  };
  for (let f = state.curframe; f >= 0; f--) {
    const frame = must(state.frame[f], 'frame');
    for (let i = 0; i < BPF_REG_FP; i++) visit(frame.reg(i), f, true, i);
    for (let spi = 0; spi < frame.slots; spi++)
      if (frame.isSpilled(spi)) visit(frame.slot(spi), f, false, spi);
  }
}

/** What was learnt of one holder of an id holds for the others. */
function syncLinked(state: VerifierState, known: RegState, linked: readonly LinkedReg[]): void {
  for (const link of linked) {
    const frame = must(state.frame[link.frame], 'frame');
    const reg = link.isReg ? frame.reg(link.index) : frame.slot(link.index);
    if (reg.type !== SCALAR_VALUE || reg === known) continue;
    if ((reg.id & ~ADD_CONST) !== (known.id & ~ADD_CONST)) continue;
    const { subregDef, off, id } = reg;
    const bothPlain = !(id & ADD_CONST) && !(known.id & ADD_CONST);
    const delta = off - known.off;
    reg.copyValue(known);
    reg.subregDef = subregDef;
    if (bothPlain || delta === 0) continue;
    const step = new RegState();
    step.setConst(BigInt(delta));
    reg.off = off;
    reg.id = id;
    addRanges(reg.scalar(), step.peek());
  }
}

function markNotNull(env: Env, reg: RegState): void {
  if (baseType(reg.type) === PTR_TO_MAP_VALUE && reg.map?.inner) {
    const { inner } = reg.map;
    reg.type = CONST_PTR_TO_MAP;
    reg.map = inner;
    // the id is another one for each lookup: it tells inner maps apart
    if (mapRecord(inner, env.request.kernelBtf).some(({ kind }) => kind === 'bpf_timer' || kind === 'bpf_wq'))
      reg.mapUid = reg.id;
    return;
  }
  if (baseType(reg.type) === PTR_TO_MAP_VALUE && isSocketMap(reg.map)) reg.type = PTR_TO_SOCKET;
  else reg.type &= ~PTR_MAYBE_NULL;
}

const mayPointToLock = (env: Env, reg: RegState): boolean =>
  (baseType(reg.type) === PTR_TO_MAP_VALUE || baseType(reg.type) === PTR_TO_BTF_ID) &&
  recordOfReg(env, reg).some((field) => isLock(field.kind));

/** All copies of a nullable pointer turn into NULL or into a pointer. */
function markPtrOrNull(env: Env, state: VerifierState, regno: number, isNull: boolean): void {
  const { id, refObjId } = state.cur.reg(regno);
  if (refObjId !== 0 && refObjId === id && isNull) {
    const saved = env.state;
    env.state = state;
    dropReference(env, id);
    env.state = saved;
  }
  state.forEachReg((reg) => {
    if (!mayBeNull(reg.type) || reg.id !== id) return;
    if (isNull) {
      reg.type = SCALAR_VALUE;
      reg.id = 0;
      reg.refObjId = 0;
      return;
    }
    markNotNull(env, reg);
    if (!mayPointToLock(env, reg)) reg.id = 0;
  });
}

function checkMayGoto(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const mayStay = hasRule(env.request.release, 'mayGotoNext');
  const badFields = insn.code !== (BPF_JMP | BPF_JCOND) || insn.src !== 0 || insn.dst !== 0 || insn.imm !== 0;
  if (badFields || (insn.off === 0 && !mayStay))
    env.reject('EINVAL', `invalid may_goto ${mayStay ? '' : `off ${insn.off} `}imm ${insn.imm}`);
  const prev = findPrevEntry(env, env.state.parent, env.insnIdx);
  const queued = env.pushState(env.insnIdx + 1, env.insnIdx);
  queued.mayGotoDepth++;
  if (prev) widenImprecise(env, prev, queued);
  env.insnIdx += insn.off;
}

/** Two pointers are equal, and one of them cannot be NULL: the other is not. */
function liftNull(state: VerifierState, env: Env, dst: number, src: number): void {
  const nullable = mayBeNull(state.cur.reg(src).type) ? src : dst;
  markPtrOrNull(env, state, nullable, false);
}

/**
 * A conditional jump. env.insnIdx is left at the instruction before the next one.
 *
 * @kernel check_cond_jmp_op, kernel/bpf/verifier.c
 * @fidelity partial: packet pointers do not occur
 */
export function checkCondJump(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const op = BPF_OP(insn.code);
  if (op === BPF_JCOND) return checkMayGoto(env);
  const is32 = BPF_CLASS(insn.code) === BPF_JMP32;
  const fromReg = BPF_SRC(insn.code) === BPF_X;
  checkRegArg(env, insn.dst, 'src');
  if (fromReg ? insn.imm !== 0 : insn.src !== 0) env.reject('EINVAL', 'BPF_JMP/JMP32 uses reserved fields');
  if (fromReg) checkRegArg(env, insn.src, 'src');
  const dst = env.reg(insn.dst);
  const fake = new RegState();
  if (!fromReg) fake.setImm(insn.imm);
  const src = fromReg ? env.reg(insn.src) : fake;
  const stackSides =
    (dst.type === PTR_TO_STACK ? INSN_F_DST_STACK : 0) | (src.type === PTR_TO_STACK ? INSN_F_SRC_STACK : 0);
  if (stackSides !== 0) env.pushHistory(env.state, stackSides, null);
  const taken = branchTaken(dst, src, op, is32);
  if (taken !== null) {
    if (!dst.isPointer) markPrecise(env, insn.dst);
    if (fromReg && !src.isPointer) markPrecise(env, insn.src);
    if (env.level1) env.writeInsnState(env.cur);
    if (taken) env.insnIdx += insn.off;
    return;
  }
  const linked: LinkedReg[] = [];
  if (fromReg && src.type === SCALAR_VALUE && src.id !== 0) collectLinked(env.state, src.id, linked);
  if (dst.type === SCALAR_VALUE && dst.id !== 0) collectLinked(env.state, dst.id, linked);
  if (linked.length > 1) env.pushHistory(env.state, 0, linked);
  const other = env.pushState(env.insnIdx + insn.off + 1, env.insnIdx);
  const otherDst = other.cur.reg(insn.dst);
  const otherSrc = fromReg ? other.cur.reg(insn.src) : fake;
  refineBranches([otherDst, otherSrc], [dst, fromReg ? src : fake.clone()], op, is32);
  if (fromReg && src.type === SCALAR_VALUE && src.id !== 0) {
    syncLinked(env.state, src, linked);
    syncLinked(other, otherSrc, linked);
  }
  if (dst.type === SCALAR_VALUE && dst.id !== 0) {
    syncLinked(env.state, dst, linked);
    syncLinked(other, otherDst, linked);
  }
  const equality = op === BPF_JEQ || op === BPF_JNE;
  if (
    !is32 &&
    fromReg &&
    equality &&
    src.isPointer &&
    dst.isPointer &&
    mayBeNull(src.type) !== mayBeNull(dst.type) &&
    baseType(src.type) !== PTR_TO_BTF_ID &&
    baseType(dst.type) !== PTR_TO_BTF_ID
  )
    liftNull(op === BPF_JEQ ? other : env.state, env, insn.dst, insn.src);
  if (!is32 && BPF_SRC(insn.code) === BPF_K && insn.imm === 0 && equality && mayBeNull(dst.type)) {
    markPtrOrNull(env, env.state, insn.dst, op === BPF_JNE);
    markPtrOrNull(env, other, insn.dst, op === BPF_JEQ);
  }
  if (env.level1) env.writeInsnState(env.cur);
}
