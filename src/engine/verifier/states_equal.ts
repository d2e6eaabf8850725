/**
 * Does an old state cover the current one: is everything that was safe then safe now?
 *
 *     exact         the same in every respect (loop detection)
 *     range_within  ranges lie within, all registers count (loops of iterators and callbacks)
 *     precise       only what was read counts
 *     not_exact     likewise, and imprecise scalars cover anything
 *
 * Source: states_equal, regsafe, stacksafe, refsafe, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { ADD_CONST, LIVE_READ, RegState } from './reg.ts';
import {
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BUF,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_STACK,
  SCALAR_VALUE,
  baseType,
} from './reg_type.ts';
import type { FuncState, HeldLock, SavedIrq, VerifierState } from './state.ts';
import {
  BPF_REG_SIZE,
  MAX_BPF_REG,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_IRQ_FLAG,
  STACK_ITER,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
} from './state.ts';
import { tnumIn } from './tnum.ts';

export type Exactness = 'exact' | 'range_within' | 'not_exact' | 'precise';

/** What nobody read counts for nothing. */
const onlyRead = (exact: Exactness): boolean => exact === 'not_exact' || exact === 'precise';

/** Old ids correspond to new ids one to one. */
export class IdMap {
  private readonly pairs: number[] = [];
  private fresh = 1 << 28;

  same(old: number, cur: number): boolean {
    if ((old !== 0) !== (cur !== 0)) return false;
    return old === 0 || this.match(old, cur);
  }
  /**
   * An old scalar that was not linked may be linked now. One that was linked corresponds with its id, and
   * where it differed by a constant also with the id of what it differed from.
   */
  sameScalar(old: number, cur: number): boolean {
    if (old === 0) return true;
    const to = cur || ++this.fresh;
    return this.match(old, to) && (!(old & ADD_CONST) || this.match(old & ~ADD_CONST, to & ~ADD_CONST));
  }
  private match(old: number, cur: number): boolean {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === old) return pairs[i + 1] === cur;
      if (pairs[i + 1] === cur) return false;
    }
    pairs.push(old, cur);
    return true;
  }
}

const samePointee = (a: RegState, b: RegState): boolean =>
  a.type === b.type &&
  a.off === b.off &&
  a.map === b.map &&
  a.btf === b.btf &&
  a.btfId === b.btfId &&
  a.memSize === b.memSize &&
  a.dynptrId === b.dynptrId &&
  a.mapUid === b.mapUid &&
  a.subprog === b.subprog;

const sameRanges = (a: RegState, b: RegState): boolean =>
  a.var.v === b.var.v &&
  a.var.m === b.var.m &&
  a.smin === b.smin &&
  a.smax === b.smax &&
  a.umin === b.umin &&
  a.umax === b.umax &&
  a.s32min === b.s32min &&
  a.s32max === b.s32max &&
  a.u32min === b.u32min &&
  a.u32max === b.u32max;

const rangeWithin = (old: RegState, cur: RegState): boolean =>
  old.umin <= cur.umin &&
  old.umax >= cur.umax &&
  old.smin <= cur.smin &&
  old.smax >= cur.smax &&
  old.u32min <= cur.u32min &&
  old.u32max >= cur.u32max &&
  old.s32min <= cur.s32min &&
  old.s32max >= cur.s32max;

/** Every number of `cur` is one of `old`. */
const within = (old: RegState, cur: RegState): boolean =>
  old.sharesValue(cur) || (rangeWithin(old, cur) && tnumIn(old.var, cur.var));

export const regsExact = (old: RegState, cur: RegState, ids: IdMap): boolean =>
  samePointee(old, cur) &&
  sameRanges(old, cur) &&
  ids.same(old.id, cur.id) &&
  ids.same(old.refObjId, cur.refObjId);

/** Types whose pointers may point anywhere within the ranges of the old one. */
const RANGED: ReadonlySet<number> = new Set([PTR_TO_MAP_KEY, PTR_TO_MAP_VALUE, PTR_TO_MEM, PTR_TO_BUF]);

function regSafe(old: RegState, cur: RegState, ids: IdMap, exact: Exactness): boolean {
  if (exact === 'exact') return regsExact(old, cur, ids) && old.frameno === cur.frameno;
  if (onlyRead(exact) && (old.live & LIVE_READ) === 0) return true;
  if (old.type === NOT_INIT && (onlyRead(exact) || cur.type === NOT_INIT)) return true;
  if (old.type !== cur.type) return false;
  const base = baseType(old.type);
  if (base === SCALAR_VALUE) {
    if (!old.precise && exact === 'not_exact') return true;
    if (old.id !== 0 && (old.id & ADD_CONST) !== (cur.id & ADD_CONST)) return false;
    if (old.id & ADD_CONST && old.off !== cur.off) return false;
    return ids.sameScalar(old.id, cur.id) && within(old, cur);
  }
  if (RANGED.has(base))
    return (
      samePointee(old, cur) &&
      within(old, cur) &&
      ids.same(old.id, cur.id) &&
      ids.same(old.refObjId, cur.refObjId)
    );
  if (base === PTR_TO_STACK) return regsExact(old, cur, ids) && old.frameno === cur.frameno;
  return base === PTR_TO_ARENA || regsExact(old, cur, ids);
}

const UNBOUND = new RegState();
UNBOUND.setUnknown();

/** The scalar that a load of the whole slot would give, or null when it is no scalar. */
function scalarOfSlot(frame: FuncState, spi: number): RegState | null {
  if (frame.isSpilledScalar64(spi)) return frame.slot(spi);
  for (let j = 0; j < BPF_REG_SIZE; j++) {
    const type = frame.byte(spi, j);
    if (type !== STACK_MISC && type !== STACK_INVALID) return null;
  }
  return UNBOUND;
}

function slotSafe(old: RegState, cur: RegState, type: number, ids: IdMap, exact: Exactness): boolean {
  switch (type) {
    case STACK_SPILL:
      return regSafe(old, cur, ids, exact);
    case STACK_DYNPTR:
      return (
        old.dynptrType === cur.dynptrType &&
        old.dynptrFirst === cur.dynptrFirst &&
        ids.same(old.refObjId, cur.refObjId)
      );
    case STACK_ITER:
      return (
        old.btf === cur.btf &&
        old.btfId === cur.btfId &&
        old.iterState === cur.iterState &&
        ids.same(old.refObjId, cur.refObjId)
      );
    case STACK_IRQ_FLAG:
      return ids.same(old.refObjId, cur.refObjId);
    default:
      return type === STACK_MISC || type === STACK_ZERO || type === STACK_INVALID;
  }
}

function stackSafe(old: FuncState, cur: FuncState, ids: IdMap, exact: Exactness): boolean {
  for (let i = 0; i < old.allocated; i++) {
    const spi = i >> 3;
    const j = i & 7;
    const type = old.byte(spi, j);
    const inCur = i < cur.allocated;
    if (!onlyRead(exact) && (!inCur || type !== cur.byte(spi, j))) return false;
    if (onlyRead(exact) && (old.slot(spi).live & LIVE_READ) === 0) {
      i += BPF_REG_SIZE - 1;
      continue;
    }
    if (type === STACK_INVALID || type === STACK_MISC) continue;
    if (!inCur) return false;
    const oldScalar = scalarOfSlot(old, spi);
    const curScalar = scalarOfSlot(cur, spi);
    if (oldScalar && curScalar) {
      if (!regSafe(oldScalar, curScalar, ids, exact)) return false;
      i += BPF_REG_SIZE - 1;
      continue;
    }
    if (type !== cur.byte(spi, j)) return false;
    if (j !== BPF_REG_SIZE - 1) continue;
    if (!slotSafe(old.slot(spi), cur.slot(spi), type, ids, exact)) return false;
  }
  return true;
}

function refSafe(old: FuncState, cur: FuncState, ids: IdMap): boolean {
  return (
    old.refs.length === cur.refs.length && old.refs.every((ref, i) => ids.same(ref.id, cur.refs[i]?.id ?? 0))
  );
}

function framesEqual(old: FuncState, cur: FuncState, ids: IdMap, exact: Exactness): boolean {
  if (old.callsite !== cur.callsite || old.callbackDepth > cur.callbackDepth) return false;
  for (let i = 0; i < MAX_BPF_REG; i++) if (!regSafe(old.reg(i), cur.reg(i), ids, exact)) return false;
  return stackSafe(old, cur, ids, exact) && refSafe(old, cur, ids);
}

const sameLock = (a: HeldLock, b: HeldLock, ids: IdMap): boolean =>
  a.kind === b.kind && a.holder === b.holder && ids.same(a.id, b.id);
const sameIrq = (a: SavedIrq, b: SavedIrq, ids: IdMap): boolean => a.by === b.by && ids.same(a.id, b.id);

/** True when whatever was found safe after `old` is safe after `cur`. @kernel states_equal @fidelity full: rules.test.ts */
export function statesEqual(old: VerifierState, cur: VerifierState, exact: Exactness): boolean {
  if (old.curframe !== cur.curframe) return false;
  const ids = new IdMap();
  if (old.locks.length !== cur.locks.length) return false;
  if (!old.locks.every((lock, i) => sameLock(lock, must(cur.locks[i], 'lock'), ids))) return false;
  if (old.rcuLock !== cur.rcuLock || old.preemptLock !== cur.preemptLock) return false;
  if (old.inSleepable !== cur.inSleepable || old.irqs.length !== cur.irqs.length) return false;
  if (!old.irqs.every((irq, i) => sameIrq(irq, must(cur.irqs[i], 'saved flags'), ids))) return false;
  for (let f = 0; f <= old.curframe; f++)
    if (!framesEqual(must(old.frame[f], 'frame'), must(cur.frame[f], 'frame'), ids, exact)) return false;
  return true;
}
