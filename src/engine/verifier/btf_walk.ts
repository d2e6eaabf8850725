/**
 * Loads through pointers to kernel objects: which member is at the offset, and how far to trust a pointer
 * found there.
 *
 * Trust comes from the kernel's BTF itself: a struct `task_struct__safe_rcu` lists the members of
 * task_struct whose pointers are RCU-protected; `__safe_trusted`, `__safe_trusted_or_null` and
 * `__safe_rcu_or_null` likewise.
 *
 * Source: btf_struct_walk, kernel/bpf/btf.c; check_ptr_to_btf_access, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import { MapType } from '../abi/uapi.ts';
import type { MapTypeName } from '../abi/uapi.ts';
import { hasRule } from '../abi/releases.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfType, StructLike } from '../btf/types.ts';
import { isTrusted } from './branch.ts';
import type { Env } from './env.ts';
import { tnumText } from './log_state.ts';
import { fieldName, recordOf } from './record.ts';
import type { RegState } from './reg.ts';
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_USER,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  mayBeNull,
} from './reg_type.ts';

/** What is at an offset. */
export type Walked =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'pointer'; readonly id: TypeId; readonly flags: number; readonly field: string }
  | { readonly kind: 'memory' }
  | { readonly kind: 'struct'; readonly id: TypeId }
  | { readonly kind: 'error'; readonly errno: 'EACCES' | 'EINVAL'; readonly message: string };

const TAG_FLAGS: ReadonlyMap<string, number> = new Map([
  ['user', MEM_USER],
  ['percpu', MEM_PERCPU],
  ['rcu', MEM_RCU],
]);

/** What a type tag in front of a pointee says of the pointer. */
export function tagFlag(btf: Btf, pointee: TypeId): number {
  const tag = btf.type(pointee);
  return tag.kind === Kind.TYPE_TAG ? (TAG_FLAGS.get(tag.name) ?? 0) : 0;
}

const isStruct = (type: BtfType): type is StructLike => type.kind === Kind.STRUCT || type.kind === Kind.UNION;

/** An array as one row of elements, whatever its dimensions. */
function flatten(btf: Btf, id: TypeId): { elem: TypeId; count: number; isArray: boolean } {
  let elem = resolve(btf, id);
  let count = 1;
  let type = btf.type(elem);
  const isArray = type.kind === Kind.ARRAY;
  while (type.kind === Kind.ARRAY) {
    count *= type.nelems;
    elem = resolve(btf, type.type);
    type = btf.type(elem);
  }
  return { elem, count, isArray };
}

const fault = (errno: 'EACCES' | 'EINVAL', message: string): Walked => ({ kind: 'error', errno, message });

/** Bytes past the end belong to a last member without a length. */
function trailing(btf: Btf, type: StructLike, off: Bytes): { elem: TypeId; start: Bytes } | null {
  const last = type.members.at(-1);
  if (!last) return null;
  const array = btf.type(resolve(btf, last.type));
  const start = last.bitOffset / 8;
  if (array.kind !== Kind.ARRAY || array.nelems !== 0 || off < start) return null;
  const elem = resolve(btf, array.type);
  const kind = btf.kind(elem);
  return kind === Kind.INT || kind === Kind.STRUCT || kind === Kind.UNION ? { elem, start } : null;
}

/** A pointer member, read whole. */
function pointerMember(
  btf: Btf,
  pointerId: TypeId,
  field: string,
  flags: number,
): Extract<Walked, { kind: 'pointer' | 'memory' }> {
  const pointer = btf.type(pointerId);
  const target = pointer.kind === Kind.PTR ? pointer.type : 0;
  const id = resolve(btf, target);
  return isStruct(btf.type(id))
    ? { kind: 'pointer', id, flags: flags | tagFlag(btf, target), field }
    : { kind: 'memory' };
}

/** How messages call a type. @kernel __btf_name_by_offset, kernel/bpf/btf.c @fidelity full: cases_c.test.ts */
export const nameOrAnon = (btf: Btf, id: TypeId): string => btf.nameOf(id) || '(anon)';

/**
 * One step: finds the member of a struct that holds `size` bytes at `off`.
 *
 * @param flags what the walk so far knows (PTR_UNTRUSTED after a union)
 * @kernel btf_struct_walk, kernel/bpf/btf.c
 * @fidelity full: rules.test.ts
 */
function walkStep(
  btf: Btf,
  structId: TypeId,
  off: Bytes,
  size: Bytes,
  flags: number,
): Walked & { flags?: number } {
  let id = resolve(btf, structId);
  again: for (;;) {
    const type = btf.type(id);
    const name = nameOrAnon(btf, id);
    if (!isStruct(type)) return fault('EINVAL', `Type '${name}' is not a struct`);
    if (type.kind === Kind.UNION && type.members.length !== 1) flags |= PTR_UNTRUSTED;
    if (off + size > type.size) {
      const tail = trailing(btf, type, off);
      if (!tail) return fault('EACCES', `access beyond struct ${name} at off ${off} size ${size}`);
      if (btf.kind(tail.elem) === Kind.INT) return { kind: 'scalar' };
      off = (off - tail.start) % sizeOf(btf, tail.elem);
      id = tail.elem;
      continue;
    }
    for (const member of type.members) {
      let moff = Math.floor(member.bitOffset / 8);
      if (off + size <= moff) break;
      if (member.bitSize !== 0) {
        const end = Math.ceil((member.bitOffset + member.bitSize) / 8);
        if (off <= moff && end <= off + size) return { kind: 'scalar' };
        continue;
      }
      if (off < moff) break;
      const { elem, count, isArray } = flatten(btf, member.type);
      let msize = sizeOf(btf, elem) * count;
      const end = moff + msize;
      if (off >= end) continue;
      if (isArray) {
        if (moff === end) continue;
        msize /= count;
        moff += Math.floor((off - moff) / msize) * msize;
      }
      const memberType = btf.type(elem);
      if (isStruct(memberType)) {
        if (off === moff) return { kind: 'struct', id: elem, flags };
        off -= moff;
        id = elem;
        continue again;
      }
      if (memberType.kind === Kind.PTR) {
        if (msize !== size || off !== moff)
          return fault(
            'EACCES',
            `cannot access ptr member ${member.name} with moff ${moff} in struct ${name} with off ${off} size ${size}`,
          );
        return pointerMember(btf, elem, member.name, flags);
      }
      if (off + size > end && (flags & PTR_UNTRUSTED) === 0)
        return fault(
          'EACCES',
          `access beyond the end of member ${member.name} (mend:${end}) in struct ${name} with off ${off} size ${size}`,
        );
      return { kind: 'scalar' };
    }
    return fault('EINVAL', `struct ${name} doesn't have field at offset ${off}`);
  }
}

/** The member that holds `size` bytes at `off`, through nested structs. */
export function walkStruct(btf: Btf, structId: TypeId, off: Bytes, size: Bytes): Walked {
  let flags = 0;
  let id = structId;
  for (;;) {
    const step = walkStep(btf, id, off, size, flags);
    if (step.kind !== 'struct') return step;
    flags = step.flags ?? flags;
    id = step.id;
    off = 0;
  }
}

/**
 * True when a pointer to `id` plus `off` is a pointer to `want`: the same struct, or one embedded there.
 *
 * @returns also the message that the walk leaves in the log when it ends in an error
 * @kernel btf_struct_ids_match, kernel/bpf/btf.c
 * @fidelity full: src/engine/verifier/recorded.test.ts
 */
export function structIdsMatch(
  btf: Btf,
  id: TypeId,
  off: Bytes,
  want: TypeId,
  strict: boolean,
): { readonly match: boolean; readonly message: string } {
  if (id === want && off === 0) return { match: true, message: '' };
  if (strict) return { match: false, message: '' };
  for (;;) {
    const step = walkStep(btf, id, off, 1, 0);
    if (step.kind !== 'struct') return { match: false, message: step.kind === 'error' ? step.message : '' };
    if (step.id === want) return { match: true, message: '' };
    id = step.id;
    off = 0;
  }
}

type SafeList = '__safe_rcu' | '__safe_rcu_or_null' | '__safe_trusted' | '__safe_trusted_or_null';

/** Is `field` of this struct, with this pointee, in the list that kernel BTF holds under the suffix? */
function inSafeList(btf: Btf, struct: TypeId, list: SafeList, field: string, pointee: TypeId): boolean {
  const safe = btf.type(btf.find(btf.nameOf(struct) + list, Kind.STRUCT));
  if (safe.kind !== Kind.STRUCT) return false;
  return safe.members.some((member) => {
    if (member.name !== field) return false;
    const type = btf.type(resolve(btf, member.type));
    return type.kind === Kind.PTR && resolve(btf, type.type) === pointee;
  });
}

/** The flags of a pointer read from a member of what `reg` points to. */
function trustOf(env: Env, reg: RegState, found: Extract<Walked, { kind: 'pointer' }>): number {
  if (reg.type & PTR_UNTRUSTED) return PTR_UNTRUSTED;
  const btf = reg.btf ?? env.request.kernelBtf;
  const listed = (list: SafeList): boolean => inSafeList(btf, reg.btfId, list, found.field, found.id);
  if (!isTrusted(reg) && (reg.type & MEM_RCU) === 0)
    return found.flags & ~(PTR_TRUSTED | MEM_RCU | MEM_ALLOC);
  if (listed('__safe_trusted')) return found.flags | PTR_TRUSTED;
  if (listed('__safe_trusted_or_null')) return found.flags | PTR_TRUSTED | PTR_MAYBE_NULL;
  if (!env.inRcuSection || mayBeNull(reg.type)) return PTR_UNTRUSTED;
  if (listed('__safe_rcu')) return found.flags | MEM_RCU;
  const rcuOrNull = listed('__safe_rcu_or_null');
  if (found.flags & MEM_RCU || rcuOrNull) {
    const flags = found.flags | MEM_RCU | PTR_MAYBE_NULL;
    return rcuOrNull ? flags & ~PTR_UNTRUSTED : flags;
  }
  if (found.flags & (MEM_PERCPU | MEM_USER)) return found.flags;
  return found.flags & ~(PTR_TRUSTED | MEM_RCU | MEM_ALLOC);
}

/** Puts what the walk found into the destination register. */
function setLoaded(env: Env, dst: RegState, reg: RegState, found: Walked): void {
  if (found.kind === 'pointer') {
    // the loaded register may be the pointer itself
    const flags = trustOf(env, reg, found);
    const { btf } = reg;
    dst.setPointer(PTR_TO_BTF_ID | flags);
    dst.btf = btf;
    dst.btfId = found.id;
    if (mayBeNull(flags)) dst.id = env.newId();
  } else if (found.kind === 'memory' && hasRule(env.request.release, 'untrustedMemFromPointer')) {
    dst.setPointer(PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED);
  } else {
    dst.setUnknown();
  }
}

/** Special fields of an object of the program are reached through functions only. */
function checkLocalFields(env: Env, btf: Btf, id: TypeId, off: Bytes, size: Bytes): void {
  const field = recordOf(btf, env.request.kernelBtf, id).find(
    (one) => off < one.offset + one.size && one.offset < off + size,
  );
  if (field) env.reject('EACCES', `direct access to ${fieldName(field.kind)} is disallowed`);
}

/**
 * A load through a pointer to a kernel object, or an access to an object that the program allocated.
 *
 * @kernel check_ptr_to_btf_access, kernel/bpf/verifier.c
 * @fidelity full: rules.test.ts
 */
export function checkBtfAccess(
  env: Env,
  regno: number,
  off: Bytes,
  size: Bytes,
  write: boolean,
  dstRegno: number,
): void {
  const reg = env.reg(regno);
  const btf = reg.btf ?? env.request.kernelBtf;
  const name = btf.nameOf(reg.btfId);
  if (!env.request.gplCompatible && btf === env.request.kernelBtf)
    env.reject('EINVAL', `Cannot access kernel 'struct ${name}' from non-GPL compatible program`);
  if (off < 0) env.reject('EACCES', `R${regno} is ptr_${name} invalid negative access: off=${off}`);
  if (!reg.isConst || reg.var.v !== 0n)
    env.reject(
      'EACCES',
      `R${regno} is ptr_${name} invalid variable offset: off=${off}, var_off=${tnumText(reg.var)}`,
    );
  if (reg.type & MEM_USER) env.reject('EACCES', `R${regno} is ptr_${name} access user memory: off=${off}`);
  if (reg.type & MEM_PERCPU)
    env.reject('EACCES', `R${regno} is ptr_${name} access percpu memory: off=${off}`);
  const local = (reg.type & MEM_ALLOC) !== 0;
  if (write && (!local || reg.type & PTR_UNTRUSTED)) env.reject('EACCES', 'only read is supported');
  if (local) checkLocalFields(env, btf, reg.btfId, off, size);
  const found = walkStruct(btf, reg.btfId, off, size);
  if (found.kind === 'error') env.reject(found.errno, found.message);
  if (dstRegno >= 0 && local) env.reg(dstRegno).setUnknown();
  else if (dstRegno >= 0) setLoaded(env, env.reg(dstRegno), reg, found);
}

/** The struct that the kernel allocates for each kind of map; others cannot be read through a map pointer. */
const MAP_STRUCTS: readonly (readonly [string, readonly MapTypeName[]])[] = [
  ['bpf_htab', ['HASH', 'PERCPU_HASH', 'LRU_HASH', 'LRU_PERCPU_HASH', 'HASH_OF_MAPS']],
  ['bpf_array', ['ARRAY', 'PERCPU_ARRAY', 'PROG_ARRAY', 'PERF_EVENT_ARRAY', 'CGROUP_ARRAY', 'ARRAY_OF_MAPS']],
  ['bpf_ringbuf_map', ['RINGBUF', 'USER_RINGBUF']],
  ['bpf_queue_stack', ['QUEUE', 'STACK']],
  ['lpm_trie', ['LPM_TRIE']],
  ['bpf_stack_map', ['STACK_TRACE']],
  ['bpf_bloom_filter', ['BLOOM_FILTER']],
  ['bpf_local_storage_map', ['SK_STORAGE', 'INODE_STORAGE', 'TASK_STORAGE', 'CGRP_STORAGE']],
  ['bpf_stab', ['SOCKMAP']],
  ['bpf_shtab', ['SOCKHASH']],
  ['bpf_dtab', ['DEVMAP', 'DEVMAP_HASH']],
  ['bpf_cpu_map', ['CPUMAP']],
  ['xsk_map', ['XSKMAP']],
  ['reuseport_array', ['REUSEPORT_SOCKARRAY']],
  ['bpf_struct_ops_map', ['STRUCT_OPS']],
  ['bpf_arena', ['ARENA']],
  ['bpf_insn_array', ['INSN_ARRAY']],
];
const MAP_STRUCT: ReadonlyMap<number, string> = new Map(
  MAP_STRUCTS.flatMap(([struct, types]) => types.map((type) => [MapType[type], struct] as const)),
);

/**
 * A load from the map object itself, through a map pointer.
 *
 * @kernel check_ptr_to_map_access, kernel/bpf/verifier.c
 * @fidelity full: cases.test.ts
 */
export function checkMapStructAccess(
  env: Env,
  regno: number,
  off: Bytes,
  size: Bytes,
  write: boolean,
  dstRegno: number,
): void {
  const btf = env.request.kernelBtf;
  const map = must(env.reg(regno).map, 'map of a map pointer');
  const name = MAP_STRUCT.get(map.type) ?? '';
  const id = btf.find(name, Kind.STRUCT);
  if (id === 0) env.reject('ENOTSUPP', `map_ptr access not supported for map type ${map.type}`);
  if (off < 0) env.reject('EACCES', `R${regno} is ${name} invalid negative access: off=${off}`);
  if (write) env.reject('EACCES', `only read from ${name} is supported`);
  const found = walkStruct(btf, id, off, size);
  if (found.kind === 'error') env.reject(found.errno, found.message);
  if (dstRegno < 0) return;
  const dst = env.reg(dstRegno);
  if (found.kind === 'pointer') {
    dst.setPointer(PTR_TO_BTF_ID | found.flags);
    dst.btf = btf;
    dst.btfId = found.id;
  } else {
    dst.setUnknown();
  }
}
