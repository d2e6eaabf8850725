/**
 * Arguments of helper calls: which register types each kind of argument takes, and what it is checked for.
 *
 * Source: check_func_arg, check_reg_type, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { Kind } from '../btf/types.ts';
import { structIdsMatch } from './btf_walk.ts';
import { checkConstString } from './const_str.ts';
import { checkPointerOffset, checkUnmoved } from './ctx_access.ts';
import { DYNPTR_LOCAL, DYNPTR_RINGBUF, checkDynptr, checkOwned } from './dynptr.ts';
import type { DynptrUse } from './dynptr.ts';
import type { Env } from './env.ts';
import type { HelperArg, HelperProto } from './helper_proto.ts';
import { checkRegArg } from './live.ts';
import { checkAlignment } from './mem_access.ts';
import { checkMemArg, checkSizeArg } from './mem_arg.ts';
import { isSocketMap } from './map_helpers.ts';
import { markPrecise } from './precision.ts';
import type { SpecialField } from './record.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  NON_OWN_REF,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_TCP_SOCK,
  PTR_TO_XDP_SOCK,
  PTR_TO_STACK,
  PTR_TRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { RegType } from './reg_type.ts';
import type { MapInfo } from './request.ts';
import { checkKptrField, checkKptrType, checkTimer } from './special_arg.ts';
import { checkLock } from './lock_arg.ts';
import type { RawAccess } from './stack.ts';

/** What the arguments of one call have said so far. */
export interface CallMeta {
  map: MapInfo | null;
  readonly raw: RawAccess;
  /** Register whose reference the call ends, 0: none. */
  releaseRegno: number;
  refObjId: number;
  subprog: number;
  memSize: number;
  /** Largest value of the last length. */
  sizeMax: bigint;
  percpu: RegState | null;
  /** The dynptr that memory is taken from. */
  dynptr: RegState | null;
  /** bpf_kptr_xchg: the field. */
  kptr: SpecialField | null;
  /** Inner maps: which one. */
  mapUid: number;
}

const MEM: readonly RegType[] = [
  PTR_TO_STACK,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_MEM | MEM_RINGBUF,
  PTR_TO_BUF,
  PTR_TO_BTF_ID | PTR_TRUSTED,
];
const BTF: readonly RegType[] = [PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED, PTR_TO_BTF_ID | MEM_RCU];
const SOCKETS: readonly RegType[] = [PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK];
const SCALAR: readonly RegType[] = [SCALAR_VALUE];
const DYNPTR: readonly RegType[] = [PTR_TO_STACK, CONST_PTR_TO_DYNPTR];

/** Kind of argument -> register types it takes, in the order in which the message lists them. */
const COMPATIBLE: ReadonlyMap<string, readonly RegType[]> = new Map([
  ['map', [CONST_PTR_TO_MAP]],
  ['key', MEM],
  ['value', MEM],
  ['uvalue', MEM],
  ['mem', MEM],
  ['wmem', MEM],
  ['rwmem', MEM],
  ['long', MEM],
  ['dynmem', MEM],
  ['size', SCALAR],
  ['size0', SCALAR],
  ['alloc', SCALAR],
  ['btf', BTF],
  ['sock', [...SOCKETS, PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED]],
  ['func', [PTR_TO_FUNC]],
  ['stack', [PTR_TO_STACK]],
  ['str', [PTR_TO_MAP_VALUE]],
  ['lock', [PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC]],
  ['timer', [PTR_TO_MAP_VALUE]],
  ['ctx', [PTR_TO_CTX]],
  ['kptr', [PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC]],
  ['kptrnew', BTF],
  [
    'percpu',
    [
      PTR_TO_BTF_ID | MEM_PERCPU,
      PTR_TO_BTF_ID | MEM_PERCPU | MEM_RCU,
      PTR_TO_BTF_ID | MEM_PERCPU | PTR_TRUSTED,
    ],
  ],
  ['ringbuf', [PTR_TO_MEM | MEM_RINGBUF]],
  ['dynptr', DYNPTR],
  ['newdyn', DYNPTR],
  ['ringnew', DYNPTR],
  ['ringdyn', DYNPTR],
]);

/** What `long` writes. */
const LONG: Bytes = 8;

const DYNPTR_USE: Readonly<Record<string, DynptrUse>> = {
  dynptr: { type: 0, made: false },
  ringdyn: { type: DYNPTR_RINGBUF, made: false },
  newdyn: { type: DYNPTR_LOCAL, made: true },
  ringnew: { type: DYNPTR_RINGBUF, made: true },
};

const WRITES: ReadonlySet<string> = new Set(['wmem', 'rwmem', 'uvalue', 'long', 'dynmem']);
const RELEASES: ReadonlySet<string> = new Set(['ringbuf', 'ringdyn', 'kptrnew']);

function checkBtfStruct(env: Env, regno: number, arg: HelperArg): void {
  const reg = env.reg(regno);
  const btf = env.request.kernelBtf;
  if (mayBeNull(reg.type) && !arg.nullable)
    env.reject('EACCES', `Possibly NULL pointer passed to helper arg${regno}`);
  const name = arg.kind === 'sock' ? 'sock_common' : arg.struct;
  const want = btf.find(name, Kind.STRUCT);
  const { match, message } = structIdsMatch(btf, reg.btfId, reg.off, want, false);
  if (match) return;
  if (message !== '') env.write(`${message}\n`);
  env.reject('EACCES', `R${regno} is of type ${btf.nameOf(reg.btfId)} but ${name} is expected`);
}

/** A trusted pointer that a global function asks for. @kernel check_reg_type @fidelity partial: no test runs it */
export function checkTrustedArg(env: Env, regno: number, want: TypeId, nullable: boolean): void {
  const reg = env.reg(regno);
  const btf = env.request.kernelBtf;
  const type = nullable ? reg.type & ~PTR_MAYBE_NULL : reg.type;
  if (!BTF.includes(type))
    env.reject(
      'EACCES',
      `R${regno} type=${regTypeName(reg.type)} expected=${BTF.map(regTypeName).join(', ')}`,
    );
  const { match, message } = structIdsMatch(btf, reg.btfId, reg.off, want, false);
  if (message !== '') env.write(`${message}\n`);
  if (!match)
    env.reject('EACCES', `R${regno} is of type ${btf.nameOf(reg.btfId)} but ${btf.nameOf(want)} is expected`);
  checkArgOffset(env, regno, false, false);
}

function checkRegType(env: Env, regno: number, arg: HelperArg, proto: HelperProto, meta: CallMeta): void {
  const reg = env.reg(regno);
  const compatible = must(COMPATIBLE.get(arg.kind), `types for argument ${arg.kind}`);
  let { type } = reg;
  if (arg.kind === 'mem') type &= ~MEM_RDONLY;
  if (arg.nullable) type &= ~PTR_MAYBE_NULL;
  if (arg.kind === 'kptrnew' && type & MEM_ALLOC) type &= ~(MEM_ALLOC | MEM_PERCPU);
  if (!compatible.includes(type))
    env.reject(
      'EACCES',
      `R${regno} type=${regTypeName(reg.type)} expected=${compatible.map(regTypeName).join(', ')}`,
    );
  if (baseType(reg.type) !== PTR_TO_BTF_ID) return;
  if (compatible === MEM) {
    if (arg.kind !== 'mem')
      env.reject(
        'EACCES',
        `${proto.name}() may write into memory pointed by R${regno} type=${regTypeName(reg.type)}`,
      );
    return;
  }
  if (arg.kind === 'btf' || arg.kind === 'sock') checkBtfStruct(env, regno, arg);
  if (arg.kind !== 'kptrnew') return;
  if (mayBeNull(reg.type)) env.reject('EACCES', `Possibly NULL pointer passed to helper arg${regno}`);
  checkKptrType(env, regno, must(meta.kptr, 'field of a kernel pointer'));
}

const ANY_OFFSET: ReadonlySet<RegType> = new Set([
  PTR_TO_STACK,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_MEM | MEM_RDONLY,
  PTR_TO_MEM | MEM_RINGBUF,
  PTR_TO_BUF,
  PTR_TO_BUF | MEM_RDONLY,
  PTR_TO_ARENA,
  SCALAR_VALUE,
]);
/** Kernel objects that may be pointed into. */
const MOVED_OBJECT: ReadonlySet<RegType> = new Set([
  PTR_TO_BTF_ID,
  PTR_TO_BTF_ID | MEM_ALLOC,
  PTR_TO_BTF_ID | PTR_TRUSTED,
  PTR_TO_BTF_ID | MEM_RCU,
  PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF,
  PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF | MEM_RCU,
]);

/** Which pointers may carry an offset into a call. @kernel check_func_arg_reg_off @fidelity full: rules.test.ts */
export function checkArgOffset(env: Env, regno: number, releases: boolean, dynptr: boolean): void {
  const reg = env.reg(regno);
  if (releases) {
    if (dynptr && reg.type === PTR_TO_STACK) return;
    if (reg.off !== 0)
      env.reject(
        'EINVAL',
        `R${regno} must have zero offset when passed to release func or trusted arg to kfunc`,
      );
    return checkUnmoved(env, regno);
  }
  const base = baseType(reg.type);
  if (ANY_OFFSET.has(reg.type)) return;
  checkPointerOffset(env, regno, base === PTR_TO_BTF_ID && MOVED_OBJECT.has(reg.type));
}

function mapOf(env: Env, meta: CallMeta, what: string): MapInfo {
  return meta.map ?? env.reject('EACCES', `invalid map_ptr to access map->${what}`);
}

/** The check that belongs to the kind, once the register type is right. */
function checkKind(env: Env, regno: number, arg: HelperArg, proto: HelperProto, meta: CallMeta): void {
  const reg = env.reg(regno);
  switch (arg.kind) {
    case 'map':
      if (meta.map && (meta.map !== reg.map || meta.mapUid !== reg.mapUid))
        env.reject(
          'EINVAL',
          `timer pointer in R1 map_uid=${meta.mapUid} doesn't match map pointer in R2 map_uid=${reg.mapUid}`,
        );
      meta.map = reg.map;
      meta.mapUid = reg.mapUid;
      return;
    case 'key':
      return checkMemArg(env, regno, mapOf(env, meta, 'key').keySize, false, false, null);
    case 'value':
    case 'uvalue':
      if (arg.nullable && reg.isNull) return;
      meta.raw.raw = arg.kind === 'uvalue';
      return checkMemArg(
        env,
        regno,
        mapOf(env, meta, 'value').valueSize,
        arg.kind === 'uvalue',
        false,
        meta.raw,
      );
    case 'mem':
    case 'wmem':
    case 'rwmem':
    case 'dynmem':
      meta.raw.raw = arg.kind === 'wmem';
      return;
    case 'long':
      meta.raw.raw = true;
      checkMemArg(env, regno, LONG, true, false, meta.raw);
      return checkAlignment(env, reg, 0, LONG, true);
    case 'size':
    case 'size0': {
      const before = must(proto.args[regno - 2], 'memory before a size');
      meta.sizeMax = reg.umax;
      return checkSizeArg(env, regno, WRITES.has(before.kind), arg.kind === 'size0', meta.raw);
    }
    case 'alloc':
      if (!reg.isConst) env.reject('EACCES', `R${regno} is not a known constant'`);
      meta.memSize = Number(reg.var.v);
      return markPrecise(env, regno);
    case 'func':
      meta.subprog = reg.subprog;
      return;
    case 'str':
      return checkConstString(env, regno);
    case 'lock':
      return checkLock(env, regno, proto.name === 'bpf_spin_lock');
    case 'percpu':
      meta.percpu = reg.clone();
      return;
    case 'timer':
      meta.map = checkTimer(env, regno);
      meta.mapUid = reg.mapUid;
      return;
    case 'kptr':
      meta.kptr = checkKptrField(env, regno);
      meta.map = reg.map;
      return;
    case 'dynptr':
    case 'ringdyn':
    case 'newdyn':
    case 'ringnew':
      meta.dynptr = checkDynptr(env, regno, must(DYNPTR_USE[arg.kind], 'dynptr')).clone();
      return;
    default:
  }
}

/** The values of socket maps are sockets. @kernel resolve_map_arg_type @fidelity full: rules.test.ts */
function valueOf(arg: HelperArg, meta: CallMeta): HelperArg {
  return isSocketMap(meta.map) && arg.kind === 'value' ? { ...arg, kind: 'sock' } : arg;
}

/**
 * One argument of a helper call.
 *
 * @kernel check_func_arg, kernel/bpf/verifier.c
 * @fidelity partial: sockets and packets of other program types are absent
 */
export function checkHelperArg(env: Env, index: number, proto: HelperProto, meta: CallMeta): void {
  const arg = valueOf(must(proto.args[index], 'argument'), meta);
  const regno = index + 1;
  checkRegArg(env, regno, 'src');
  if (arg.kind === 'any') return;
  const reg = env.reg(regno);
  const releases = RELEASES.has(arg.kind);
  if (reg.isNull && arg.nullable) {
    markPrecise(env, regno);
  } else {
    checkRegType(env, regno, arg, proto, meta);
    checkArgOffset(env, regno, releases, arg.kind === 'ringdyn');
  }
  if (releases) {
    if (arg.kind === 'ringdyn') checkOwned(env, regno);
    else if (reg.refObjId === 0 && !reg.isNull)
      env.reject('EINVAL', `R${regno} must be referenced when passed to release function`);
    meta.releaseRegno = regno;
  }
  if (reg.refObjId !== 0 && arg.kind !== 'kptr') meta.refObjId = reg.refObjId;
  checkKind(env, regno, arg, proto, meta);
}
