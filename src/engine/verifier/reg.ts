/**
 * What is known of one register or one spilled slot, mutable as the simulation moves on.
 *
 * A value is copied when it is written and shared before that: most of what a state is copied with never changes.
 *
 * `parent` is the same register in the state this one was copied from; reads are passed up along it, so
 * that a stored state learns which of its registers its continuations looked at.
 *
 * Source: struct bpf_reg_state, include/linux/bpf_verifier.h, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { S64_MAX, S64_MIN, U64_MAX } from '../../shared/int64.ts';
import type { Btf } from '../btf/parse.ts';
import { NOT_INIT, SCALAR_VALUE } from './reg_type.ts';
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

/** What pointers, dynptrs and iterators refer to. Numbers refer to nothing. */
interface Pointee {
  map: MapInfo | null;
  btf: Btf | null;
  btfId: TypeId;
  memSize: Bytes;
  dynptrId: number;
  mapUid: number;
  subprog: number;
  dynptrType: number;
  dynptrFirst: boolean;
  iterState: number;
  iterDepth: number;
}
const NOTHING: Readonly<Pointee> = {
  map: null,
  btf: null,
  btfId: 0,
  memSize: 0,
  dynptrId: 0,
  mapUid: 0,
  subprog: 0,
  dynptrType: 0,
  dynptrFirst: false,
  iterState: 0,
  iterDepth: 0,
};

/** What a register holds, apart from the place where it lies. Shared by copies until one of them changes. */
export class RegValue {
  shared = false;
  type: RegType = NOT_INIT;
  off = 0;
  about: Readonly<Pointee> = NOTHING;
  var: Tnum = TNUM_UNKNOWN;
  smin = S64_MIN;
  smax = S64_MAX;
  umin = 0n;
  umax = U64_MAX;
  s32min = S32_MIN;
  s32max = S32_MAX;
  u32min = 0;
  u32max = U32_MAX;
  id = 0;
  refObjId = 0;
  frameno = 0;

  copy(): RegValue {
    const out = new RegValue();
    out.type = this.type;
    out.off = this.off;
    out.about = this.about;
    out.var = this.var;
    out.smin = this.smin;
    out.smax = this.smax;
    out.umin = this.umin;
    out.umax = this.umax;
    out.s32min = this.s32min;
    out.s32max = this.s32max;
    out.u32min = this.u32min;
    out.u32max = this.u32max;
    out.id = this.id;
    out.refObjId = this.refObjId;
    out.frameno = this.frameno;
    return out;
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
  /** One number, in all views. @param value unsigned */
  markValue(value: bigint): void {
    wide[0] = value;
    const low = halves[0] ?? 0;
    this.var = { v: value, m: 0n };
    this.smin = this.smax = BigInt.asIntN(64, value);
    this.umin = this.umax = value;
    this.s32min = this.s32max = low | 0;
    this.u32min = this.u32max = low;
  }
}

/** A 64-bit number, to be looked at as two halves. */
const wide = new BigUint64Array(1);
const halves = new Uint32Array(wide.buffer);

/** Nothing is there. */
const EMPTY = new RegValue();
EMPTY.shared = true;
/** A scalar of which nothing is known. */
const ANY_SCALAR = new RegValue();
ANY_SCALAR.type = SCALAR_VALUE;
ANY_SCALAR.shared = true;

/** Scalar constants that instructions hold, by their immediate; shared by all who hold them. */
const constants = new Map<number, RegValue>();
/** More than any program's instructions have. */
const MAX_CONSTANTS = 4096;

function constantOf(imm: number): RegValue {
  let value = constants.get(imm);
  if (!value) {
    value = new RegValue();
    value.type = SCALAR_VALUE;
    value.markValue(BigInt.asUintN(64, BigInt(imm)));
    value.shared = true;
    if (constants.size >= MAX_CONSTANTS) constants.clear();
    constants.set(imm, value);
  }
  return value;
}

export class RegState {
  private value: RegValue = EMPTY;
  parent: RegState | null = null;
  live = 0;
  precise = false;
  /** Instruction + 1 that wrote only the low half; 0: all 64 bits. */
  subregDef = 0;

  /** The value, as this register's own. */
  private own(): RegValue {
    if (this.value.shared) this.value = this.value.copy();
    return this.value;
  }

  private refer(to: Readonly<Pointee>): void {
    this.own().about = to;
  }

  get type(): RegType {
    return this.value.type;
  }
  set type(to: RegType) {
    if (this.value.type !== to) this.own().type = to;
  }
  /** Fixed part of a pointer's offset; for a linked scalar the difference to the others. */
  get off(): number {
    return this.value.off;
  }
  set off(to: number) {
    if (this.value.off !== to) this.own().off = to;
  }
  /** Maps: map pointers, values, keys. */
  get map(): MapInfo | null {
    return this.value.about.map;
  }
  set map(to: MapInfo | null) {
    this.refer({ ...this.value.about, map: to });
  }
  /** BTF pointers and iterators. */
  get btf(): Btf | null {
    return this.value.about.btf;
  }
  set btf(to: Btf | null) {
    this.refer({ ...this.value.about, btf: to });
  }
  get btfId(): TypeId {
    return this.value.about.btfId;
  }
  set btfId(to: TypeId) {
    this.refer({ ...this.value.about, btfId: to });
  }
  /** PTR_TO_MEM. */
  get memSize(): Bytes {
    return this.value.about.memSize;
  }
  set memSize(to: Bytes) {
    this.refer({ ...this.value.about, memSize: to });
  }
  /** PTR_TO_MEM out of a dynptr: which one. */
  get dynptrId(): number {
    return this.value.about.dynptrId;
  }
  set dynptrId(to: number) {
    this.refer({ ...this.value.about, dynptrId: to });
  }
  /** Maps: which inner map, 0: none. */
  get mapUid(): number {
    return this.value.about.mapUid;
  }
  set mapUid(to: number) {
    this.refer({ ...this.value.about, mapUid: to });
  }
  /** PTR_TO_FUNC. */
  get subprog(): number {
    return this.value.about.subprog;
  }
  set subprog(to: number) {
    this.refer({ ...this.value.about, subprog: to });
  }
  /** Dynptr slots. */
  get dynptrType(): number {
    return this.value.about.dynptrType;
  }
  set dynptrType(to: number) {
    this.refer({ ...this.value.about, dynptrType: to });
  }
  get dynptrFirst(): boolean {
    return this.value.about.dynptrFirst;
  }
  set dynptrFirst(to: boolean) {
    this.refer({ ...this.value.about, dynptrFirst: to });
  }
  /** Iterator slots: 1 active, 2 drained. */
  get iterState(): number {
    return this.value.about.iterState;
  }
  set iterState(to: number) {
    this.refer({ ...this.value.about, iterState: to });
  }
  get iterDepth(): number {
    return this.value.about.iterDepth;
  }
  set iterDepth(to: number) {
    this.refer({ ...this.value.about, iterDepth: to });
  }
  get var(): Tnum {
    return this.value.var;
  }
  set var(to: Tnum) {
    if (this.value.var !== to) this.own().var = to;
  }
  get smin(): bigint {
    return this.value.smin;
  }
  set smin(to: bigint) {
    if (this.value.smin !== to) this.own().smin = to;
  }
  get smax(): bigint {
    return this.value.smax;
  }
  set smax(to: bigint) {
    if (this.value.smax !== to) this.own().smax = to;
  }
  get umin(): bigint {
    return this.value.umin;
  }
  set umin(to: bigint) {
    if (this.value.umin !== to) this.own().umin = to;
  }
  get umax(): bigint {
    return this.value.umax;
  }
  set umax(to: bigint) {
    if (this.value.umax !== to) this.own().umax = to;
  }
  get s32min(): number {
    return this.value.s32min;
  }
  set s32min(to: number) {
    if (this.value.s32min !== to) this.own().s32min = to;
  }
  get s32max(): number {
    return this.value.s32max;
  }
  set s32max(to: number) {
    if (this.value.s32max !== to) this.own().s32max = to;
  }
  get u32min(): number {
    return this.value.u32min;
  }
  set u32min(to: number) {
    if (this.value.u32min !== to) this.own().u32min = to;
  }
  get u32max(): number {
    return this.value.u32max;
  }
  set u32max(to: number) {
    if (this.value.u32max !== to) this.own().u32max = to;
  }
  get id(): number {
    return this.value.id;
  }
  set id(to: number) {
    if (this.value.id !== to) this.own().id = to;
  }
  get refObjId(): number {
    return this.value.refObjId;
  }
  set refObjId(to: number) {
    if (this.value.refObjId !== to) this.own().refObjId = to;
  }
  /** PTR_TO_STACK: whose stack. */
  get frameno(): number {
    return this.value.frameno;
  }
  set frameno(to: number) {
    if (this.value.frameno !== to) this.own().frameno = to;
  }

  /** The value, to be looked at. */
  peek(): Readonly<RegValue> {
    return this.value;
  }
  /** The ranges, to be written: this register's own, without the way through its accessors. */
  scalar(): RegValue {
    return this.own();
  }

  /** A scalar of which nothing is known, linked to no other. */
  get isAnyScalar(): boolean {
    return this.value === ANY_SCALAR;
  }
  /** True when both hold one and the same value. */
  sharesValue(other: RegState): boolean {
    return this.value === other.value;
  }

  /** Everything of `src`, also what belongs to the place: parent and liveness. */
  copyAll(src: RegState): void {
    this.copyValue(src);
    this.parent = src.parent;
    this.live = src.live;
  }

  /** The value of `src`; parent and liveness stay this place's own. */
  copyValue(src: RegState): void {
    src.value.shared = true;
    this.value = src.value;
    this.precise = src.precise;
    this.subregDef = src.subregDef;
  }

  clone(): RegState {
    const out = new RegState();
    out.copyAll(this);
    return out;
  }

  /** The value becomes a constant; the type stays. @param imm any sign */
  markKnown(imm: bigint): void {
    const { type, frameno } = this.value;
    const value = new RegValue();
    value.type = type;
    value.frameno = frameno;
    value.markValue(BigInt.asUintN(64, imm));
    this.value = value;
  }

  /** A scalar constant. */
  setConst(imm: bigint): void {
    this.markKnown(imm);
    this.value.type = SCALAR_VALUE;
    this.value.frameno = 0;
    this.precise = false;
  }

  /** The value is this number now; the type and what it is linked to stay. @param value unsigned */
  become(value: bigint): void {
    const { type, id, off, refObjId, frameno } = this.value;
    if (type !== SCALAR_VALUE || id !== 0 || off !== 0 || refObjId !== 0 || frameno !== 0)
      return this.own().markValue(value);
    this.value = new RegValue();
    this.value.type = SCALAR_VALUE;
    this.value.markValue(value);
  }

  /** A scalar constant of an instruction. */
  setImm(imm: number): void {
    this.value = constantOf(imm);
    this.precise = false;
  }

  /** A pointer of this type at offset 0. */
  setPointer(type: RegType): void {
    this.markKnown(0n);
    this.value.type = type;
    this.precise = false;
  }

  /** No longer linked to other scalars. @kernel clear_scalar_id @fidelity full: rules.test.ts */
  clearScalarId(): void {
    if (this.value.id === 0 && this.value.off === 0) return;
    this.id = 0;
    this.off = 0;
  }

  mark64Unbounded(): void {
    this.own().mark64Unbounded();
  }
  mark32Unbounded(): void {
    this.own().mark32Unbounded();
  }

  /** A scalar of which nothing is known. */
  setUnknown(): void {
    this.value = ANY_SCALAR;
    this.precise = false;
  }

  setNotInit(): void {
    this.value = EMPTY;
    this.precise = false;
  }

  get isConst(): boolean {
    return this.value.var.m === 0n;
  }
  /** A scalar that is zero. */
  get isNull(): boolean {
    return this.value.type === SCALAR_VALUE && this.value.var.m === 0n && this.value.var.v === 0n;
  }
  get isPointer(): boolean {
    return this.value.type !== SCALAR_VALUE && this.value.type !== NOT_INIT;
  }
  /** True for a constant in the width looked at. */
  isConstIn(is32: boolean): boolean {
    return (
      this.value.type === SCALAR_VALUE &&
      (is32 ? (this.value.var.m & 0xffff_ffffn) === 0n : this.value.var.m === 0n)
    );
  }
  /** Bits that the greatest value needs. */
  get fits32(): boolean {
    return this.value.umax <= 0xffff_ffffn;
  }
  bitWidth(): number {
    return bitLength(this.value.umax);
  }
  /** Signed value of a constant. */
  get constValue(): number {
    return Number(BigInt.asIntN(64, this.value.var.v));
  }
}
