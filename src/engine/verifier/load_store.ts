/**
 * Load, store, atomic and ld_imm64 instructions: operands first, then the access.
 *
 * Source: do_check, check_atomic, check_ld_imm, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { imm64 } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import {
  BPF_ADD,
  BPF_AND,
  BPF_ATOMIC,
  BPF_B,
  BPF_CMPXCHG,
  BPF_FETCH,
  BPF_LOAD_ACQ,
  BPF_H,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MODE,
  BPF_OR,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_VALUE,
  BPF_SIZE,
  BPF_STORE_REL,
  BPF_XCHG,
  BPF_XOR,
  sizeBytes,
} from '../abi/opcode.ts';
import { hasRule } from '../abi/releases.ts';
import { MapType } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import type { Env } from './env.ts';
import { checkRegArg } from './live.ts';
import { checkMemAccess } from './mem_access.ts';
import {
  CONST_PTR_TO_MAP,
  MEM_PERCPU,
  MEM_RDONLY,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_UNTRUSTED,
  baseType,
  regTypeName,
  typeFlags,
} from './reg_type.ts';
import type { RegType } from './reg_type.ts';

const SOCKETS: readonly RegType[] = [PTR_TO_SOCK_COMMON, PTR_TO_SOCKET];
/** Types whose accesses are compiled differently, so that one instruction cannot serve two of them. */
const OWN_CODE: ReadonlySet<number> = new Set([PTR_TO_CTX, ...SOCKETS, PTR_TO_BTF_ID, PTR_TO_ARENA]);

/** One instruction works on one kind of pointer. */
function notePointerType(env: Env, type: RegType, isLoad: boolean): void {
  const aux = env.auxOf(env.insnIdx);
  if (aux.ptrType === NOT_INIT) {
    aux.ptrType = type;
    return;
  }
  const clash = type !== aux.ptrType && (OWN_CODE.has(baseType(type)) || OWN_CODE.has(baseType(aux.ptrType)));
  if (!clash) return;
  if (isLoad && baseType(type) === PTR_TO_BTF_ID && baseType(aux.ptrType) === PTR_TO_BTF_ID)
    aux.ptrType = PTR_TO_BTF_ID | PTR_UNTRUSTED;
  else env.reject('EINVAL', 'same insn cannot be used with different pointers');
}

/** A load through this pointer gives 0 when it faults. */
export function probesMemory(type: RegType): boolean {
  const base = baseType(type);
  const flags = typeFlags(type);
  if (base === PTR_TO_BTF_ID) return (flags & ~PTR_UNTRUSTED) === 0;
  return base === PTR_TO_MEM && (flags & PTR_UNTRUSTED) !== 0;
}

export function checkLoad(env: Env): void {
  const { code, dst, src, off } = env.insn(env.insnIdx);
  checkRegArg(env, src, 'src');
  checkRegArg(env, dst, 'dst_no_mark');
  const { type } = env.reg(src);
  checkMemAccess(env, {
    regno: src,
    off,
    size: sizeBytes(code),
    write: false,
    value: dst,
    signed: BPF_MODE(code) === BPF_MEMSX,
  });
  notePointerType(env, type, true);
}

export function checkStoreReg(env: Env): void {
  const insn = env.insn(env.insnIdx);
  if (BPF_MODE(insn.code) === BPF_ATOMIC) return checkAtomic(env);
  if (BPF_MODE(insn.code) !== BPF_MEM || insn.imm !== 0) env.reject('EINVAL', 'BPF_STX uses reserved fields');
  checkRegArg(env, insn.src, 'src');
  checkRegArg(env, insn.dst, 'src');
  const { type } = env.reg(insn.dst);
  checkMemAccess(env, {
    regno: insn.dst,
    off: insn.off,
    size: sizeBytes(insn.code),
    write: true,
    value: insn.src,
    signed: false,
  });
  notePointerType(env, type, false);
}

export function checkStoreImm(env: Env): void {
  const insn = env.insn(env.insnIdx);
  if (BPF_MODE(insn.code) !== BPF_MEM || insn.src !== 0) env.reject('EINVAL', 'BPF_ST uses reserved fields');
  checkRegArg(env, insn.dst, 'src');
  const { type } = env.reg(insn.dst);
  checkMemAccess(env, {
    regno: insn.dst,
    off: insn.off,
    size: sizeBytes(insn.code),
    write: true,
    value: -1,
    signed: false,
  });
  notePointerType(env, type, false);
}

const ATOMIC_OPS: ReadonlySet<number> = new Set([
  ...[BPF_ADD, BPF_AND, BPF_OR, BPF_XOR].flatMap((op) => [op, op | BPF_FETCH]),
  BPF_XCHG,
  BPF_CMPXCHG,
]);

/** Operations that become a loop on x86, which may not fault halfway. @kernel bpf_jit_supports_insn, arch/x86/net/bpf_jit_comp.c */
const NOT_IN_ARENA: ReadonlySet<number> = new Set([BPF_AND, BPF_OR, BPF_XOR].map((op) => op | BPF_FETCH));

/** The address of an atomic operation is not one that only plain instructions know. */
function checkAtomicPointer(env: Env, regno: number, what: 'loads from' | 'stores into'): void {
  const { type } = env.reg(regno);
  const inArena = type === PTR_TO_ARENA && NOT_IN_ARENA.has(env.insn(env.insnIdx).imm);
  if (type === PTR_TO_CTX || SOCKETS.includes(type) || inArena)
    env.reject('EACCES', `BPF_ATOMIC ${what} R${regno} ${regTypeName(type)} is not allowed`);
}

/** load_acquire and store_release: a plain load or store, aligned. @kernel check_atomic_load, check_atomic_store @fidelity full: cases.test.ts */
function checkOrdered(env: Env, insn: Insn): void {
  const { code, dst, src, off } = insn;
  const load = insn.imm === BPF_LOAD_ACQ;
  checkRegArg(env, src, 'src');
  checkRegArg(env, dst, load ? 'dst_no_mark' : 'src');
  const regno = load ? src : dst;
  checkAtomicPointer(env, regno, load ? 'loads from' : 'stores into');
  const { type } = env.reg(regno);
  checkMemAccess(env, {
    regno,
    off,
    size: sizeBytes(code),
    write: !load,
    value: load ? dst : src,
    signed: false,
    atomic: true,
  });
  notePointerType(env, type, load);
}

/** @kernel check_atomic, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
function checkAtomic(env: Env): void {
  const insn = env.insn(env.insnIdx);
  const { code, dst, src, off, imm } = insn;
  const ordered = imm === BPF_LOAD_ACQ || imm === BPF_STORE_REL;
  if (ordered && hasRule(env.request.release, 'acquireAndRelease')) return checkOrdered(env, insn);
  if (!ATOMIC_OPS.has(imm))
    env.reject('EINVAL', `BPF_ATOMIC uses invalid atomic opcode ${imm.toString(16).padStart(2, '0')}`);
  if (BPF_SIZE(code) === BPF_B || BPF_SIZE(code) === BPF_H)
    env.reject('EINVAL', 'invalid atomic operand size');
  checkRegArg(env, src, 'src');
  checkRegArg(env, dst, 'src');
  if (imm === BPF_CMPXCHG) checkRegArg(env, 0, 'src');
  checkAtomicPointer(env, dst, 'stores into');
  const size = sizeBytes(code);
  const load = (imm & BPF_FETCH) === 0 ? -1 : imm === BPF_CMPXCHG ? 0 : src;
  if (load >= 0) checkRegArg(env, load, 'dst');
  const access = { regno: dst, off, size, signed: false, atomic: true };
  checkMemAccess(env, { ...access, write: false, value: -1 });
  if (load >= 0) checkMemAccess(env, { ...access, write: false, value: load });
  notePointerType(env, env.reg(dst).type, false);
  checkMemAccess(env, { ...access, write: true, value: -1 });
}

/** ld_imm64: a constant, a map, a map value, a kernel variable or a function. @kernel check_ld_imm @fidelity full: rules.test.ts */
export function checkLoadImm64(env: Env): void {
  const at = env.insnIdx;
  const insn = env.insn(at);
  if (insn.off !== 0) env.reject('EINVAL', 'BPF_LD_IMM64 uses reserved fields');
  checkRegArg(env, insn.dst, 'dst');
  const dst = env.reg(insn.dst);
  const aux = env.auxOf(at);
  if (insn.src === 0) {
    dst.setConst(imm64(insn, env.insn(at + 1)));
    return;
  }
  if (insn.src === BPF_PSEUDO_BTF_ID) {
    const variable = must(aux.var, 'kernel variable');
    dst.setPointer(
      variable.mem ? PTR_TO_MEM | MEM_RDONLY : PTR_TO_BTF_ID | (variable.percpu ? MEM_PERCPU : 0),
    );
    dst.memSize = variable.size;
    if (!variable.mem) {
      dst.btf = env.request.kernelBtf;
      dst.btfId = variable.typeId;
    }
    return;
  }
  if (insn.src === BPF_PSEUDO_FUNC) {
    const index = env.subprogs.findIndex((s) => s.start === at + insn.imm + 1);
    const sub = must(env.subprogs[index], 'callback');
    const { progBtf } = env.request;
    if (!progBtf || progBtf.kind(sub.funcTypeId) !== Kind.FUNC) env.reject('EINVAL', 'missing btf func_info');
    if (sub.isGlobal) env.reject('EINVAL', 'callback function not static');
    dst.setPointer(PTR_TO_FUNC);
    dst.subprog = index;
    return;
  }
  if (insn.src === BPF_PSEUDO_MAP_VALUE && aux.map?.type === MapType.ARENA) {
    dst.setUnknown();
    dst.map = aux.map;
    return;
  }
  dst.setPointer(insn.src === BPF_PSEUDO_MAP_VALUE ? PTR_TO_MAP_VALUE : CONST_PTR_TO_MAP);
  dst.map = must(aux.map, 'map');
  dst.off = aux.mapOff;
}
