/**
 * Instructions that name something outside: maps and kernel variables behind ld_imm64; and that every opcode
 * is one that exists.
 *
 * Source: resolve_pseudo_ldimm64, check_pseudo_btf_id, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { InsnIndex, TypeId } from '../../shared/brand.ts';
import {
  BPF_CLASS,
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MODE,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  LD_IMM64,
} from '../abi/opcode.ts';
import { MapType } from '../abi/uapi.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import { Kind } from '../btf/types.ts';
import { BPF_MAX_VAR_OFF } from './alu.ts';
import type { Env } from './env.ts';
import { mapRecord } from './record.ts';
import type { MapInfo } from './request.ts';

const MAX_USED_MAPS = 64;

const hexRange = (list: string): readonly number[] => list.split(' ').map((x) => Number.parseInt(x, 16));
/** Every opcode the kernel's table has. */
const OPCODES: ReadonlySet<number> = new Set(
  [
    '04 0c 07 0f 14 1c 17 1f 24 2c 27 2f 34 3c 37 3f 44 4c 47 4f 54 5c 57 5f 64 6c 67 6f 74 7c 77 7f 84 87',
    '94 9c 97 9f a4 ac a7 af b4 bc b7 bf c4 cc c7 cf d4 dc d7',
    '05 06 15 1d 16 1e 25 2d 26 2e 35 3d 36 3e 45 4d 46 4e 55 5d 56 5e 65 6d 66 6e 75 7d 76 7e 85 95',
    'a5 ad a6 ae b5 bd b6 be c5 cd c6 ce d5 dd d6 de e5',
    '71 69 61 79 91 89 81 72 6a 62 7a 73 6b 63 7b d3 cb c3 db 18 20 28 30 40 48 50',
  ].flatMap(hexRange),
);

/** Kinds of map that a sleepable program may use. */
const SLEEPABLE_MAPS: ReadonlySet<number> = new Set([
  MapType.HASH,
  MapType.LRU_HASH,
  MapType.ARRAY,
  MapType.PERCPU_HASH,
  MapType.PERCPU_ARRAY,
  MapType.LRU_PERCPU_HASH,
  MapType.ARRAY_OF_MAPS,
  MapType.HASH_OF_MAPS,
  MapType.RINGBUF,
  MapType.USER_RINGBUF,
  MapType.INODE_STORAGE,
  MapType.SK_STORAGE,
  MapType.TASK_STORAGE,
  MapType.CGRP_STORAGE,
  MapType.QUEUE,
  MapType.STACK,
  MapType.ARENA,
]);

/** Fields of map values that programs which fire anywhere cannot have, and how the message names them. */
const NOT_ANYWHERE: readonly (readonly [RegExp, string])[] = [
  [/^bpf_(list_head|rb_root)$/, 'bpf_{list_head,rb_root}'],
  [/^bpf_(res_)?spin_lock$/, 'bpf_spin_lock'],
  [/^bpf_timer$/, 'bpf_timer'],
  [/^bpf_wq$/, 'bpf_wq'],
];

/** @kernel check_map_prog_compatibility, kernel/bpf/verifier.c @fidelity full: rules.test.ts */
function checkFieldsFit(env: Env, map: MapInfo, at: InsnIndex): void {
  const record = mapRecord(map, env.request.kernelBtf);
  const has = (kind: RegExp): boolean => record.some((field) => kind.test(field.kind));
  for (const [kind, name] of NOT_ANYWHERE) {
    if (!has(kind)) continue;
    if (env.progName === 'SOCKET_FILTER' && name === 'bpf_spin_lock')
      env.reject('EINVAL', 'socket filter progs cannot use bpf_spin_lock yet', at);
    if (env.progType?.anywhere) env.reject('EINVAL', `tracing progs cannot use ${name} yet`, at);
  }
}

function useMap(env: Env, map: MapInfo, at: InsnIndex): void {
  checkFieldsFit(env, map, at);
  if (env.request.sleepable && !SLEEPABLE_MAPS.has(map.type))
    env.reject('EINVAL', 'Sleepable programs can only use array, hash, ringbuf and local storage maps', at);
  if (map.type === MapType.STRUCT_OPS) env.reject('EINVAL', 'bpf_struct_ops map cannot be used in prog', at);
  if (env.maps.includes(map)) return;
  if (env.maps.length >= MAX_USED_MAPS)
    env.reject('E2BIG', `The total number of maps per program has reached the limit of ${MAX_USED_MAPS}`, at);
  env.maps.push(map);
  if (map.type === MapType.ARENA) takeArena(env, map, at);
}

/** @kernel resolve_pseudo_ldimm64, kernel/bpf/verifier.c @fidelity full: arena.test.ts */
function takeArena(env: Env, map: MapInfo, at: InsnIndex): void {
  if (env.arena) env.reject('EBUSY', 'Only one arena per program', at);
  env.arena = map;
  if (map.valueAddress === null)
    env.reject('EINVAL', "arena's user address must be set via map_extra or mmap()", at);
}

function resolveMap(env: Env, at: InsnIndex): void {
  const insn = env.insn(at);
  const second = env.insn(at + 1);
  const isValue = insn.src === BPF_PSEUDO_MAP_VALUE;
  if (!isValue && (insn.src !== BPF_PSEUDO_MAP_FD || second.imm !== 0)) {
    if (insn.src > 4 && insn.src < 7) env.reject('EPROTO', 'fd_idx without fd_array is invalid', at);
    env.reject('EINVAL', 'unrecognized bpf_ld_imm64 insn', at);
  }
  const map = env.request.map(insn.imm);
  if (typeof map === 'string') return env.reject(map, `fd ${insn.imm} is not pointing to valid bpf_map`, at);
  const aux = env.auxOf(at);
  useMap(env, map, at);
  aux.map = map;
  aux.address = map.address;
  if (!isValue) return;
  const off = second.imm >>> 0;
  if (off >= BPF_MAX_VAR_OFF) env.reject('EINVAL', `direct value offset of ${off} is not allowed`, at);
  if (map.type === MapType.ARENA && map.valueAddress !== null) {
    aux.address = map.valueAddress + BigInt(off);
    return;
  }
  if (map.type !== MapType.ARRAY)
    return env.reject('EINVAL', 'no direct value access support for this map type', at);
  if (map.valueAddress === null || off >= map.valueSize)
    // Only an array of one element says where its value is.
    return env.reject(
      map.valueAddress === null ? 'ENOTSUPP' : 'EINVAL',
      `invalid access to map value pointer, value_size=${map.valueSize} off=${off}`,
      at,
    );
  aux.mapOff = off;
  aux.address = map.valueAddress + BigInt(off);
}

function isPercpu(env: Env, id: TypeId): boolean {
  const btf = env.request.kernelBtf;
  const section = btf.type(btf.find('.data..percpu', Kind.DATASEC));
  return section.kind === Kind.DATASEC && section.vars.some((v) => v.type === id);
}

/** A kernel variable or function by its BTF id. */
function resolveBtfId(env: Env, at: InsnIndex): void {
  const { imm } = env.insn(at);
  const btf = env.request.kernelBtf;
  const type = btf.type(imm);
  if (env.insn(at + 1).imm !== 0) env.reject('EINVAL', 'invalid module BTF object FD specified.', at);
  if (type.kind === Kind.VOID) env.reject('ENOENT', `ldimm64 insn specifies invalid btf_id ${imm}.`, at);
  if (type.kind !== Kind.VAR && type.kind !== Kind.FUNC)
    return env.reject('EINVAL', `pseudo btf_id ${imm} in ldimm64 isn't KIND_VAR or KIND_FUNC`, at);
  const address = env.request.ksymAddress(type.name);
  if (address === null)
    return env.reject('ENOENT', `ldimm64 failed to find the address for kernel symbol '${type.name}'.`, at);
  const aux = env.auxOf(at);
  aux.address = address;
  if (type.kind === Kind.FUNC) {
    aux.var = { mem: true, size: 0, typeId: 0, percpu: false };
    return;
  }
  const target = resolve(btf, type.type);
  const kind = btf.kind(target);
  const percpu = isPercpu(env, imm);
  const mem = !percpu && kind !== Kind.STRUCT && kind !== Kind.UNION;
  aux.var = { mem, size: mem ? sizeOf(btf, target) : 0, typeId: target, percpu };
}

/** @kernel resolve_pseudo_ldimm64 @fidelity partial: fd_array and module BTF are refused */
export function resolveInsns(env: Env): void {
  for (let i = 0; i < env.insns.length; i++) {
    const insn = env.insn(i);
    const mode = BPF_MODE(insn.code);
    if (BPF_CLASS(insn.code) === BPF_LDX && ((mode !== BPF_MEM && mode !== BPF_MEMSX) || insn.imm !== 0))
      env.reject('EINVAL', 'BPF_LDX uses reserved fields', i);
    if (insn.code !== LD_IMM64) {
      if (!OPCODES.has(insn.code))
        env.reject('EINVAL', `unknown opcode ${insn.code.toString(16).padStart(2, '0')}`, i);
      continue;
    }
    const second = env.insns[i + 1];
    if (!second || second.code !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0)
      env.reject('EINVAL', 'invalid bpf_ld_imm64 insn', i);
    if (insn.src === BPF_PSEUDO_BTF_ID) resolveBtfId(env, i);
    else if (insn.src !== 0 && insn.src !== BPF_PSEUDO_FUNC) resolveMap(env, i);
    i++;
  }
}
