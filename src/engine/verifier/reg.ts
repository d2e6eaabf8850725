/**
 * What is known of one register or one spilled slot, mutable as the simulation moves on.
 *
 * `parent` is the same register in the state this one was copied from; reads are passed up along it, so
 * that a stored state learns which of its registers its continuations looked at.
 *
 * Source: struct bpf_reg_state, include/linux/bpf_verifier.h, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { S64_MAX, S64_MIN, U64_MAX } from '../../shared/int64.ts';
import type { Btf } from '../btf/parse.ts';
import { NOT_INIT, PTR_TO_BTF_ID, PTR_TO_STACK, SCALAR_VALUE, baseType, mayBeNull } from './reg_type.ts';
import type { RegType } from './reg_type.ts';
import type { MapInfo } from './request.ts';
import type { Tnum } from './tnum.ts';
import { TNUM_UNKNOWN, bitLength } from './tnum.ts';

export const S32_MIN = -0x8000_0000;
export const S32_MAX = 0x7fff_ffff;
export const U32_MAX = 0xffff_ffff;

/** Liveness bits. */
export const LIVE_READ32 = 1;
export const LIVE_READ64 = 2;
export const LIVE_READ = LIVE_READ32 | LIVE_READ64;
export const LIVE_WRITTEN = 4;
/** Nobody will add marks any more. */
export const LIVE_DONE = 8;

/** In `id`: this scalar equals the other holders of the id plus `off`. */
export const ADD_CONST = 1 << 30;

const TNUM_ZERO: Tnum = { v: 0n, m: 0n };

export class RegState {
  type: RegType = NOT_INIT;
  /** Fixed part of a pointer's offset; for a linked scalar the difference to the others. */
  off = 0;
  /** Maps: map pointers, values, keys. */
  map: MapInfo | null = null;
  /** BTF pointers and iterators. */
  btf: Btf | null = null;
  btfId: TypeId = 0;
  /** PTR_TO_MEM. */
  memSize: Bytes = 0;
  /** PTR_TO_MEM out of a dynptr: which one. */
  dynptrId = 0;
  /** Maps: which inner map, 0: none. */
  mapUid = 0;
  /** PTR_TO_FUNC. */
  subprog = 0;
  /** Dynptr slots. */
  dynptrType = 0;
  dynptrFirst = false;
  /** Iterator slots: 1 active, 2 drained. */
  iterState = 0;
  iterDepth = 0;
  var: Tnum = TNUM_ZERO;
  smin = 0n;
  smax = 0n;
  umin = 0n;
  umax = 0n;
  s32min = 0;
  s32max = 0;
  u32min = 0;
  u32max = 0;
  id = 0;
  refObjId = 0;
  parent: RegState | null = null;
  /** PTR_TO_STACK: whose stack. */
  frameno = 0;
  live = 0;
  precise = false;
  /** Instruction + 1 that wrote only the low half; 0: all 64 bits. */
  subregDef = 0;

  /** Everything of `src`, also what belongs to the place: parent and liveness. */
  copyAll(src: RegState): void {
    this.copyValue(src);
    this.parent = src.parent;
    this.live = src.live;
  }

  /** The value of `src`; parent and liveness stay this place's own. */
  copyValue(src: RegState): void {
    this.type = src.type;
    this.off = src.off;
    this.map = src.map;
    this.btf = src.btf;
    this.btfId = src.btfId;
    this.memSize = src.memSize;
    this.dynptrId = src.dynptrId;
    this.mapUid = src.mapUid;
    this.subprog = src.subprog;
    this.dynptrType = src.dynptrType;
    this.dynptrFirst = src.dynptrFirst;
    this.iterState = src.iterState;
    this.iterDepth = src.iterDepth;
    this.var = src.var;
    this.smin = src.smin;
    this.smax = src.smax;
    this.umin = src.umin;
    this.umax = src.umax;
    this.s32min = src.s32min;
    this.s32max = src.s32max;
    this.u32min = src.u32min;
    this.u32max = src.u32max;
    this.id = src.id;
    this.refObjId = src.refObjId;
    this.frameno = src.frameno;
    this.precise = src.precise;
    this.subregDef = src.subregDef;
  }

  clone(): RegState {
    const out = new RegState();
    out.copyAll(this);
    return out;
  }

  private clearPointer(): void {
    this.off = 0;
    this.map = null;
    this.btf = null;
    this.btfId = 0;
    this.memSize = 0;
    this.dynptrId = 0;
    this.mapUid = 0;
    this.subprog = 0;
    this.dynptrType = 0;
    this.dynptrFirst = false;
    this.iterState = 0;
    this.iterDepth = 0;
    this.id = 0;
    this.refObjId = 0;
  }

  /** The value becomes a constant; the type stays. @param imm any sign */
  markKnown(imm: bigint): void {
    this.clearPointer();
    const u = BigInt.asUintN(64, imm);
    const s = BigInt.asIntN(64, imm);
    const low = Number(u & 0xffff_ffffn);
    this.var = { v: u, m: 0n };
    this.smin = s;
    this.smax = s;
    this.umin = u;
    this.umax = u;
    this.s32min = low | 0;
    this.s32max = low | 0;
    this.u32min = low;
    this.u32max = low;
  }

  /** A scalar constant. */
  setConst(imm: bigint): void {
    this.markKnown(imm);
    this.type = SCALAR_VALUE;
    this.frameno = 0;
    this.precise = false;
  }

  /** A pointer of this type at offset 0. */
  setPointer(type: RegType): void {
    this.markKnown(0n);
    this.type = type;
    this.precise = false;
  }

  /** No longer linked to other scalars. @kernel clear_scalar_id @fidelity full */
  clearScalarId(): void {
    this.id = 0;
    this.off = 0;
  }

  mark64Unbounded(): void {
    this.smin = S64_MIN;
    this.smax = S64_MAX;
    this.umin = 0n;
    this.umax = U64_MAX;
  }
  mark32Unbounded(): void {
    this.s32min = S32_MIN;
    this.s32max = S32_MAX;
    this.u32min = 0;
    this.u32max = U32_MAX;
  }

  /** A scalar of which nothing is known. */
  setUnknown(): void {
    this.clearPointer();
    this.type = SCALAR_VALUE;
    this.var = TNUM_UNKNOWN;
    this.frameno = 0;
    this.precise = false;
    this.mark64Unbounded();
    this.mark32Unbounded();
  }

  setNotInit(): void {
    this.setUnknown();
    this.type = NOT_INIT;
  }

  get isConst(): boolean {
    return this.var.m === 0n;
  }
  /** A scalar that is zero. */
  get isNull(): boolean {
    return this.type === SCALAR_VALUE && this.var.m === 0n && this.var.v === 0n;
  }
  get isPointer(): boolean {
    return this.type !== SCALAR_VALUE && this.type !== NOT_INIT;
  }
  /** True for a constant in the width looked at. */
  isConstIn(is32: boolean): boolean {
    return this.type === SCALAR_VALUE && (is32 ? (this.var.m & 0xffff_ffffn) === 0n : this.var.m === 0n);
  }
  /** Bits that the greatest value needs. */
  get fits32(): boolean {
    return this.umax <= 0xffff_ffffn;
  }
  bitWidth(): number {
    return bitLength(this.umax);
  }
  /** Signed value of a constant. */
  get constValue(): number {
    return Number(BigInt.asIntN(64, this.var.v));
  }
}

export const isSpillable = (reg: RegState): boolean => reg.type !== NOT_INIT && reg.type !== SCALAR_VALUE;
/** Walkable without a check. */
export const isBtfPointer = (reg: RegState): boolean =>
  baseType(reg.type) === PTR_TO_BTF_ID && !mayBeNull(reg.type);
export const isStackPointer = (reg: RegState): boolean => reg.type === PTR_TO_STACK;
