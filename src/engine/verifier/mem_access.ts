/**
 * Loads and stores: one rule per type of the address register. A type without a rule is refused.
 *
 * Source: check_mem_access, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { S64_MIN } from '../../shared/int64.ts';
import { BPF_MEM, BPF_MODE } from '../abi/opcode.ts';
import { BPF_F_RDONLY_PROG, BPF_F_STRICT_ALIGNMENT, BPF_F_WRONLY_PROG, MapType } from '../abi/uapi.ts';
import { BPF_MAX_VAR_OFF } from './alu.ts';
import { coerceToSize, coerceToSizeSigned } from './bounds.ts';
import { checkBtfAccess, checkMapStructAccess } from './btf_walk.ts';
import { checkCtxAccess } from './ctx_access.ts';
import { FULL_SOCK } from './ctx_fields.ts';
import type { Env } from './env.ts';
import { tnumText } from './log_state.ts';
import { plainAccessOk } from './plain_ctx.ts';
import { markPrecise } from './precision.ts';
import { fieldName, isPointerField, mapRecord } from './record.ts';
import type { SpecialField } from './record.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_MAP,
  NON_OWN_REF,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_SOCKET,
  PTR_TO_STACK,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  baseType,
  isRdonlyMem,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { MapInfo } from './request.ts';
import { checkKptrType, loadedKptrFlags } from './special_arg.ts';
import { checkStackBounds, stackRead, stackWrite } from './stack.ts';
import { tnumAdd, tnumConst, tnumIsAligned } from './tnum.ts';

export interface MemAccess {
  readonly regno: number;
  /** The instruction's offset. */
  readonly off: number;
  readonly size: Bytes;
  readonly write: boolean;
  /** Register loaded or stored; -1: none. */
  readonly value: number;
  /** A sign-extending load. */
  readonly signed: boolean;
  /** Part of an atomic operation. */
  readonly atomic?: boolean;
}

const MAX_VAR_OFF = BigInt(BPF_MAX_VAR_OFF);

function outside(
  env: Env,
  regno: number,
  off: bigint,
  size: Bytes,
  memSize: Bytes,
  zeroOk: boolean,
): boolean {
  if (off >= 0n && (size > 0 || zeroOk) && off + BigInt(size) <= BigInt(memSize)) return false;
  const at = `off=${BigInt.asIntN(32, off)} size=${size}`;
  switch (baseType(env.reg(regno).type)) {
    case PTR_TO_MAP_KEY:
      env.write(`invalid access to map key, key_size=${memSize} ${at}\n`);
      break;
    case PTR_TO_MAP_VALUE:
      env.write(`invalid access to map value, value_size=${memSize} ${at}\n`);
      break;
    default:
      env.write(`invalid access to memory, mem_size=${memSize} ${at}\n`);
  }
  return true;
}

/**
 * Every offset the register may have lies within `memSize`.
 *
 * @param off includes the pointer's fixed offset
 * @kernel check_mem_region_access, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkRegion(
  env: Env,
  regno: number,
  off: number,
  size: Bytes,
  memSize: Bytes,
  zeroOk: boolean,
): void {
  const reg = env.reg(regno);
  const lo = reg.smin + BigInt(off);
  if (reg.smin < 0n && (reg.smin === S64_MIN || lo < 0n || lo !== BigInt.asIntN(32, lo)))
    env.reject(
      'EACCES',
      `R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.`,
    );
  if (outside(env, regno, lo, size, memSize, zeroOk))
    env.reject('EACCES', `R${regno} min value is outside of the allowed memory range`);
  if (reg.umax >= MAX_VAR_OFF)
    env.reject('EACCES', `R${regno} unbounded memory access, make sure to bounds check any such access`);
  if (outside(env, regno, reg.umax + BigInt(off), size, memSize, zeroOk))
    env.reject('EACCES', `R${regno} max value is outside of the allowed memory range`);
}

/** A map value as memory, without its special fields. */
export function checkMapRegion(
  env: Env,
  regno: number,
  off: number,
  size: Bytes,
  zeroOk: boolean,
  byHelper: boolean,
): void {
  const reg = env.reg(regno);
  const map = must(reg.map, 'map of a map value');
  checkRegion(env, regno, off, size, map.valueSize, zeroOk);
  for (const field of mapRecord(map, env.request.kernelBtf)) {
    const start = reg.smin + BigInt(off);
    const end = reg.umax + BigInt(off + size);
    if (start >= BigInt(field.offset + field.size) || BigInt(field.offset) >= end) continue;
    if (!isPointerField(field.kind))
      env.reject('EACCES', `${fieldName(field.kind)} cannot be accessed directly by load/store`);
    if (byHelper) env.reject('EACCES', 'kptr cannot be accessed indirectly by helper');
    if (!reg.isConst) env.reject('EACCES', 'kptr access cannot have variable offset');
    const at = off + reg.constValue;
    if (field.offset !== at)
      env.reject('EACCES', `kptr access misaligned expected=${field.offset} off=${at}`);
    if (size !== 8) env.reject('EACCES', 'kptr access size must be BPF_DW');
  }
}

/** The map's flags allow the program this access. */
export function checkMapAccessType(env: Env, map: MapInfo, off: number, size: Bytes, write: boolean): void {
  const forbidden = write ? BPF_F_RDONLY_PROG : BPF_F_WRONLY_PROG;
  if ((map.flags & forbidden) === 0) return;
  const what = write ? 'write into' : 'read from';
  env.reject('EACCES', `${what} map forbidden, value_size=${map.valueSize} off=${off} size=${size}`);
}

/** Buffers have no length until the link is made: the extent is noted. */
export function checkBuffer(env: Env, regno: number, off: number, size: Bytes, rdonly: boolean): void {
  const reg = env.reg(regno);
  if (off < 0)
    env.reject(
      'EACCES',
      `R${regno} invalid ${rdonly ? 'rdonly' : 'rdwr'} buffer access: off=${off}, size=${size}`,
    );
  if (!reg.isConst || reg.var.v !== 0n)
    env.reject(
      'EACCES',
      `R${regno} invalid variable buffer offset: off=${off}, var_off=${tnumText(reg.var)}`,
    );
  if (rdonly) env.maxRdonlyAccess = Math.max(env.maxRdonlyAccess, off + size);
  else env.maxRdwrAccess = Math.max(env.maxRdwrAccess, off + size);
}

type Rule = (env: Env, access: MemAccess, reg: RegState, off: number) => void;

/** The value of a load nothing is known of. */
function loadUnknown(env: Env, access: MemAccess): void {
  if (!access.write && access.value >= 0) env.reg(access.value).setUnknown();
}

function mapKey(env: Env, access: MemAccess, reg: RegState, off: number): void {
  if (access.write) env.reject('EACCES', `write to change key R${access.regno} not allowed`);
  checkRegion(env, access.regno, off, access.size, must(reg.map, 'map').keySize, false);
  loadUnknown(env, access);
}

/** Loads from a frozen read-only array give the constant that is there. */
function loadConstant(env: Env, access: MemAccess, map: MapInfo, reg: RegState, off: number): boolean {
  const readOnly = (map.flags & BPF_F_RDONLY_PROG) !== 0 && map.frozen && map.type === MapType.ARRAY;
  if (!reg.isConst || !readOnly) return false;
  const bytes = map.readValue(off + reg.constValue, access.size);
  if (!bytes) return false;
  let value = 0n;
  bytes.forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
  env.reg(access.value).setConst(access.signed ? BigInt.asIntN(access.size * 8, value) : value);
  return true;
}

/** A load or store of a kernel pointer field. @kernel check_map_kptr_access, kernel/bpf/verifier.c @fidelity full: cases_c.test.ts */
function kptrField(env: Env, access: MemAccess, field: SpecialField): void {
  const insn = env.insn(env.insnIdx);
  if (BPF_MODE(insn.code) !== BPF_MEM)
    env.reject('EACCES', 'kptr in map can only be accessed using BPF_MEM instruction mode');
  if (!field.pointee) return env.unsupported('kernel pointers in maps without BTF');
  if (!access.write) {
    const { flags, nonOwning } = loadedKptrFlags(env, field);
    const dst = env.reg(access.value);
    dst.setPointer(PTR_TO_BTF_ID | flags | (nonOwning ? NON_OWN_REF : 0));
    dst.btf = field.pointee.btf;
    dst.btfId = field.pointee.id;
    dst.id = env.newId();
    return;
  }
  if (field.kind !== 'kptr_untrusted') env.reject('EACCES', 'store to referenced kptr disallowed');
  if (access.value < 0) {
    if (insn.imm !== 0)
      env.reject('EACCES', `BPF_ST imm must be 0 when storing to kptr at off=${field.offset}`);
    return;
  }
  if (env.reg(access.value).isNull) return markPrecise(env, access.value);
  checkKptrType(env, access.value, field);
}

function mapValue(env: Env, access: MemAccess, reg: RegState, off: number): void {
  const map = must(reg.map, 'map of a map value');
  checkMapAccessType(env, map, off, access.size, access.write);
  checkMapRegion(env, access.regno, off, access.size, false, false);
  const record = mapRecord(map, env.request.kernelBtf);
  const kptr = reg.isConst && record.find((field) => field.offset === off + reg.constValue);
  if (kptr && isPointerField(kptr.kind)) return kptrField(env, access, kptr);
  if (access.write || access.value < 0) return;
  if (!loadConstant(env, access, map, reg, off)) env.reg(access.value).setUnknown();
}

function memory(env: Env, access: MemAccess, reg: RegState, off: number): void {
  if (mayBeNull(reg.type)) return noRule(env, access, reg);
  if (access.write && isRdonlyMem(reg.type))
    env.reject('EACCES', `R${access.regno} cannot write into ${regTypeName(reg.type)}`);
  if ((reg.type & PTR_UNTRUSTED) === 0) checkRegion(env, access.regno, off, access.size, reg.memSize, false);
  loadUnknown(env, access);
}

function context(env: Env, access: MemAccess, _reg: RegState, off: number): void {
  checkCtxAccess(env, access.regno, off, access.size, access.write, access.value);
}

function stack(env: Env, access: MemAccess, _reg: RegState, off: number): void {
  checkStackBounds(env, access.regno, off, access.size, access.write ? 'write' : 'read');
  (access.write ? stackWrite : stackRead)(env, access.regno, off, access.size, access.value);
}

function btfObject(env: Env, access: MemAccess, reg: RegState, off: number): void {
  if (mayBeNull(reg.type)) return noRule(env, access, reg);
  checkBtfAccess(env, access.regno, off, access.size, access.write, access.value);
}

function mapObject(env: Env, access: MemAccess, _reg: RegState, off: number): void {
  checkMapStructAccess(env, access.regno, off, access.size, access.write, access.value);
}

function buffer(env: Env, access: MemAccess, reg: RegState, off: number): void {
  if (mayBeNull(reg.type)) return noRule(env, access, reg);
  const rdonly = isRdonlyMem(reg.type);
  if (access.write && rdonly)
    env.reject('EACCES', `R${access.regno} cannot write into ${regTypeName(reg.type)}`);
  checkBuffer(env, access.regno, off, access.size, rdonly);
  loadUnknown(env, access);
}

/** @kernel check_sock_access, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
function socket(env: Env, access: MemAccess, reg: RegState, off: number): void {
  const { regno, size } = access;
  if (access.write) env.reject('EACCES', `R${regno} cannot write into ${regTypeName(reg.type)}`);
  if (reg.smin < 0n)
    env.reject(
      'EACCES',
      `R${regno} min value is negative, either use unsigned index or do a if (index >=0) check.`,
    );
  if (!plainAccessOk(env, FULL_SOCK, off, size, false))
    env.reject('EACCES', `R${regno} invalid ${regTypeName(reg.type)} access off=${off} size=${size}`);
  loadUnknown(env, access);
}

/** Pages that are not there read zero and swallow what is stored: nothing can go wrong. */
function arena(env: Env, access: MemAccess): void {
  loadUnknown(env, access);
}

function noRule(env: Env, access: MemAccess, reg: RegState): never {
  return env.reject('EACCES', `R${access.regno} invalid mem access '${regTypeName(reg.type)}'`);
}

/** Base type of the address register -> rule; what is missing is refused. */
const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [PTR_TO_MAP_KEY, mapKey],
  [PTR_TO_MAP_VALUE, mapValue],
  [PTR_TO_MEM, memory],
  [PTR_TO_CTX, context],
  [PTR_TO_STACK, stack],
  [PTR_TO_BTF_ID, btfObject],
  [CONST_PTR_TO_MAP, mapObject],
  [PTR_TO_BUF, buffer],
  [PTR_TO_ARENA, arena],
  [PTR_TO_SOCKET, socket],
]);
/** Types that a nullable register of the same base does not have a rule for. */
const NEVER_NULL: ReadonlySet<number> = new Set([
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  CONST_PTR_TO_MAP,
  PTR_TO_CTX,
  PTR_TO_STACK,
  PTR_TO_ARENA,
  PTR_TO_SOCKET,
]);

/** How messages name the memory behind a pointer. */
const ALIGNED: ReadonlyMap<number, string> = new Map([
  [PTR_TO_MAP_KEY, 'key '],
  [PTR_TO_MAP_VALUE, 'value '],
  [PTR_TO_CTX, 'context '],
  [PTR_TO_STACK, 'stack '],
  [PTR_TO_SOCKET, 'sock '],
]);

/**
 * Stack is always accessed aligned, other memory by atomics, by some helpers and where the program asks for it.
 *
 * @param strict whatever memory it is
 * @kernel check_ptr_alignment, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function checkAlignment(env: Env, reg: RegState, off: Bytes, size: Bytes, strict: boolean): void {
  const base = baseType(reg.type);
  const asked = strict || base === PTR_TO_STACK || env.hasFlag(BPF_F_STRICT_ALIGNMENT);
  if (!asked || size === 1 || base === PTR_TO_ARENA) return;
  const place = tnumAdd(reg.var, tnumConst(BigInt(reg.off + off)));
  if (!tnumIsAligned(place, size))
    env.reject(
      'EACCES',
      `misaligned ${ALIGNED.get(base) ?? ''}access off ${tnumText(reg.var)}+${reg.off}+${off} size ${size}`,
    );
}

/**
 * Checks one access and gives the loaded register its new state.
 *
 * @kernel check_mem_access, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkMemAccess(env: Env, access: MemAccess): void {
  const reg = env.reg(access.regno);
  checkAlignment(env, reg, access.off, access.size, access.atomic === true);
  const base = baseType(reg.type);
  const rule = mayBeNull(reg.type) && NEVER_NULL.has(base) ? undefined : RULES.get(base);
  if (!rule) return noRule(env, access, reg);
  rule(env, access, reg, access.off + reg.off);
  if (access.write || access.value < 0 || access.size === 8) return;
  const value = env.reg(access.value);
  if (value.type !== SCALAR_VALUE) return;
  if (access.signed) {
    // Linux keeps the link to what was spilled, though a negative number is now another one
    if (value.umax >> BigInt(access.size * 8 - 1) !== 0n) value.clearScalarId();
    coerceToSizeSigned(value, access.size);
  } else coerceToSize(value, access.size);
}
