/**
 * Arguments that point at special fields: timers, kernel pointers. Each must be pointed at exactly.
 *
 * Source: process_timer_func, process_kptr_func, map_kptr_match_type,
 * kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { structIdsMatch } from './btf_walk.ts';
import { checkPointerOffset } from './ctx_access.ts';
import type { Env } from './env.ts';
import { fieldAt, isPointerField, mapRecord, recordOf } from './record.ts';
import type { SpecialField, StructRecord } from './record.ts';
import type { RegState } from './reg.ts';
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_VALUE,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  baseType,
  regTypeName,
  typeFlags,
} from './reg_type.ts';
import type { MapInfo } from './request.ts';

/** Special fields of what a register points to. @kernel reg_btf_record @fidelity full: rules.test.ts */
export function recordOfReg(env: Env, reg: RegState): StructRecord {
  const kernel = env.request.kernelBtf;
  if (baseType(reg.type) === PTR_TO_MAP_VALUE) return mapRecord(must(reg.map, 'map of a value'), kernel);
  return reg.btf && reg.type & MEM_ALLOC ? recordOf(reg.btf, kernel, reg.btfId) : [];
}

/** The map's values have a type, and the argument a fixed place in it. @returns that place */
export function placeIn(env: Env, regno: number, what: string): number {
  const reg = env.reg(regno);
  if (!reg.isConst)
    env.reject('EINVAL', `R${regno} doesn't have constant offset. ${what} has to be at the constant offset`);
  return reg.off + reg.constValue;
}

export function mustHaveBtf(env: Env, map: MapInfo, what: string): void {
  const hasTypes = map.valueType !== undefined || map.fields.length > 0;
  if (!hasTypes) env.reject('EINVAL', `map '${map.name}' has to have BTF in order to use ${what}`);
}

/** A timer in a map value. @returns its map @kernel process_timer_func @fidelity full: cases_c.test.ts */
export function checkTimer(env: Env, regno: number): MapInfo {
  const reg = env.reg(regno);
  const map = must(reg.map, 'map of a timer');
  const at = placeIn(env, regno, 'bpf_timer');
  mustHaveBtf(env, map, 'bpf_timer');
  const field = recordOfReg(env, reg).find((one) => one.kind === 'bpf_timer');
  if (!field) return env.reject('EINVAL', `map '${map.name}' has no valid bpf_timer`);
  if (field.offset !== at)
    env.reject('EINVAL', `off ${at} doesn't point to 'struct bpf_timer' that is at ${field.offset}`);
  return map;
}

/** A field that holds a reference, as bpf_kptr_xchg takes it. @kernel process_kptr_func @fidelity full: cases_c.test.ts */
export function checkKptrField(env: Env, regno: number): SpecialField {
  const reg = env.reg(regno);
  if (reg.map) mustHaveBtf(env, reg.map, 'bpf_kptr_xchg');
  const at = placeIn(env, regno, 'kptr');
  const record = recordOfReg(env, reg);
  if (!record.some((field) => isPointerField(field.kind)))
    env.reject('EINVAL', `R${regno} has no valid kptr`);
  const field = record.find((one) => isPointerField(one.kind) && one.offset === at);
  if (!field) return env.reject('EACCES', `off=${at} doesn't point to kptr`);
  if (field.kind === 'kptr_untrusted') env.reject('EACCES', `off=${at} kptr isn't referenced kptr`);
  return field;
}

/** Flags that a pointer stored in a field may have. */
function allowedFlags(field: SpecialField, fromKernel: boolean): number {
  if (!fromKernel) return PTR_MAYBE_NULL | MEM_ALLOC | (field.kind === 'percpu_kptr' ? MEM_PERCPU : 0);
  return PTR_MAYBE_NULL | PTR_TRUSTED | MEM_RCU | (field.kind === 'kptr_untrusted' ? PTR_UNTRUSTED : 0);
}

/**
 * A pointer that goes into a kernel pointer field is of the field's type.
 *
 * @kernel map_kptr_match_type, kernel/bpf/verifier.c
 * @fidelity full: cases_c.test.ts
 */
export function checkKptrType(env: Env, regno: number, field: SpecialField): void {
  const reg = env.reg(regno);
  const pointee = must(field.pointee, 'pointee of a kernel pointer');
  const plain = field.kind === 'kptr_untrusted';
  const matches = (): boolean => {
    if (baseType(reg.type) !== PTR_TO_BTF_ID || !reg.btf) return false;
    if (typeFlags(reg.type) & ~allowedFlags(field, reg.btf === env.request.kernelBtf)) return false;
    if ((field.kind === 'percpu_kptr') !== ((reg.type & MEM_PERCPU) !== 0)) return false;
    checkPointerOffset(env, regno, true);
    if (reg.btf !== pointee.btf) return false;
    const { match, message } = structIdsMatch(reg.btf, reg.btfId, reg.off, pointee.id, !plain);
    if (message !== '') env.write(`${message}\n`);
    return match;
  };
  if (matches()) return;
  const to = pointee.btf.nameOf(pointee.id);
  const has = baseType(reg.type) === PTR_TO_BTF_ID ? (reg.btf?.nameOf(reg.btfId) ?? '') : '';
  const or = plain ? ` or ${regTypeName(PTR_TO_BTF_ID | PTR_UNTRUSTED)}${to}` : '';
  env.reject(
    'EACCES',
    `invalid kptr access, R${regno} type=${regTypeName(reg.type)}${has} expected=${regTypeName(PTR_TO_BTF_ID)}${to}${or}`,
  );
}

/** Is the object's memory kept until an RCU grace period is over? @kernel rcu_protected_object, kernel/bpf/verifier.c */
function isRcuProtected(env: Env, field: SpecialField): boolean {
  const pointee = must(field.pointee, 'pointee of a kernel pointer');
  const { kernelBtf } = env.request;
  return pointee.btf !== kernelBtf || RCU_OBJECTS.has(kernelBtf.nameOf(pointee.id));
}
const RCU_OBJECTS: ReadonlySet<string> = new Set(['task_struct', 'cgroup', 'bpf_cpumask', 'bpf_crypto_ctx']);

/** The type of a pointer loaded from a field. @kernel btf_ld_kptr_type @fidelity full: cases_c.test.ts */
export function loadedKptrFlags(env: Env, field: SpecialField): { flags: number; nonOwning: boolean } {
  const pointee = must(field.pointee, 'pointee of a kernel pointer');
  const held = field.kind === 'percpu_kptr' || (field.kind === 'kptr' && isRcuProtected(env, field));
  if (!held || !env.inRcuSection) return { flags: PTR_MAYBE_NULL | PTR_UNTRUSTED, nonOwning: false };
  const local = pointee.btf !== env.request.kernelBtf;
  const kind = field.kind === 'percpu_kptr' ? MEM_PERCPU : local ? MEM_ALLOC : 0;
  const record = local ? recordOf(pointee.btf, env.request.kernelBtf, pointee.id) : [];
  const nonOwning = record.some((one) => one.kind === 'bpf_list_node' || one.kind === 'bpf_rb_node');
  return { flags: PTR_MAYBE_NULL | MEM_RCU | kind, nonOwning };
}

/** True when the field at the register's place is of this kind. */
export const fieldAtReg = (env: Env, reg: RegState, kind: SpecialField['kind']): SpecialField | null =>
  fieldAt(recordOfReg(env, reg), kind, reg.off + reg.constValue);
