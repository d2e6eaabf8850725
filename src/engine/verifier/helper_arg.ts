/**
 * Arguments of helper calls: which register types each kind of argument takes, and what it is checked for.
 *
 * Source: check_func_arg, check_reg_type, kernel/bpf/verifier.c, Linux 6.12.
 */
import { must } from '../../shared/assert.ts';
import { MapType } from '../abi/uapi.ts';
import { Kind } from '../btf/types.ts';
import { structIdsMatch } from './btf_walk.ts';
import { checkConstString } from './const_str.ts';
import { checkUnmoved } from './ctx_access.ts';
import { DYNPTR_LOCAL, DYNPTR_RINGBUF, checkDynptr, dynptrSlot } from './dynptr.ts';
import type { Env } from './env.ts';
import type { HelperArg, HelperProto } from './helper_proto.ts';
import { checkRegArg } from './live.ts';
import { tnumText } from './log_state.ts';
import { checkMemArg, checkSizeArg } from './mem_arg.ts';
import { markPrecise } from './precision.ts';
import type { RegState } from './reg.ts';
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCK_COMMON,
  PTR_TO_STACK,
  PTR_TRUSTED,
  SCALAR_VALUE,
  baseType,
  mayBeNull,
  regTypeName,
} from './reg_type.ts';
import type { RegType } from './reg_type.ts';
import type { MapInfo } from './request.ts';
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
  /** Dynptrs to make after the call: register and kind. */
  newDynptr: { readonly regno: number; readonly type: number } | null;
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
  ['sock', [PTR_TO_SOCK_COMMON, PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED]],
  ['func', [PTR_TO_FUNC]],
  ['stack', [PTR_TO_STACK]],
  ['str', [PTR_TO_MAP_VALUE]],
  ['lock', [PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC]],
  ['percpu', [PTR_TO_BTF_ID | MEM_PERCPU, PTR_TO_BTF_ID | MEM_PERCPU | PTR_TRUSTED]],
  ['ringbuf', [PTR_TO_MEM | MEM_RINGBUF]],
  ['dynptr', DYNPTR],
  ['newdyn', DYNPTR],
  ['ringnew', DYNPTR],
  ['ringdyn', DYNPTR],
]);

const WRITES: ReadonlySet<string> = new Set(['wmem', 'rwmem', 'uvalue', 'long', 'dynmem']);
const RELEASES: ReadonlySet<string> = new Set(['ringbuf', 'ringdyn']);

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

function checkRegType(env: Env, regno: number, arg: HelperArg, proto: HelperProto): void {
  const reg = env.reg(regno);
  const compatible = must(COMPATIBLE.get(arg.kind), `types for argument ${arg.kind}`);
  let { type } = reg;
  if (arg.kind === 'mem') type &= ~MEM_RDONLY;
  if (arg.nullable) type &= ~PTR_MAYBE_NULL;
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
}

const ANY_OFFSET: ReadonlySet<number> = new Set([
  PTR_TO_STACK,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_BUF,
  SCALAR_VALUE,
]);

/** Which pointers may carry an offset into a call. @kernel check_func_arg_reg_off @fidelity full */
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
  if (ANY_OFFSET.has(base)) return;
  if (base !== PTR_TO_BTF_ID) return checkUnmoved(env, regno);
  const name = regTypeName(reg.type);
  if (reg.off < 0) env.reject('EACCES', `negative offset ${name} ptr R${regno} off=${reg.off} disallowed`);
  if (!reg.isConst || reg.var.v !== 0n)
    env.reject('EACCES', `variable ${name} access var_off=${tnumText(reg.var)} disallowed`);
}

/** bpf_spin_lock and bpf_spin_unlock. @kernel process_spin_lock @fidelity partial: locks in map values only */
function checkLock(env: Env, regno: number, locks: boolean): void {
  const reg = env.reg(regno);
  const { state } = env;
  if (!reg.isConst)
    env.reject(
      'EINVAL',
      `R${regno} doesn't have constant offset. bpf_spin_lock has to be at the constant offset`,
    );
  const map = must(reg.map, 'map of a map value');
  const field = map.fields.find((f) => f.kind === 'bpf_spin_lock');
  if (!field) return env.reject('EINVAL', `map '${map.name}' has no valid bpf_spin_lock`);
  const at = reg.off + reg.constValue;
  if (field.offset !== at)
    env.reject('EINVAL', `off ${at} doesn't point to 'struct bpf_spin_lock' that is at ${field.offset}`);
  if (locks) {
    if (state.lockPtr) env.reject('EINVAL', 'Locking two bpf_spin_locks are not allowed');
    state.lockPtr = map;
    state.lockId = reg.id;
    return;
  }
  if (!state.lockPtr) env.reject('EINVAL', 'bpf_spin_unlock without taking a lock');
  if (state.lockPtr !== map || state.lockId !== reg.id)
    env.reject('EINVAL', 'bpf_spin_unlock of different lock');
  state.lockPtr = null;
  state.lockId = 0;
}

function mapOf(env: Env, meta: CallMeta, what: string): MapInfo {
  return meta.map ?? env.reject('EACCES', `invalid map_ptr to access map->${what}`);
}

/** The check that belongs to the kind, once the register type is right. */
function checkKind(env: Env, regno: number, arg: HelperArg, proto: HelperProto, meta: CallMeta): void {
  const reg = env.reg(regno);
  switch (arg.kind) {
    case 'map':
      meta.map = reg.map;
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
      return checkMemArg(env, regno, 8, true, false, meta.raw);
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
    case 'dynptr':
      checkDynptr(env, regno, 0);
      return;
    case 'ringdyn':
      checkDynptr(env, regno, DYNPTR_RINGBUF);
      return;
    case 'newdyn':
    case 'ringnew':
      dynptrSlot(env, regno);
      meta.newDynptr = { regno, type: arg.kind === 'newdyn' ? DYNPTR_LOCAL : DYNPTR_RINGBUF };
      return;
    default:
  }
}

/** The values of socket maps are sockets. @kernel resolve_map_arg_type @fidelity full */
function valueOf(arg: HelperArg, meta: CallMeta): HelperArg {
  const sockets = meta.map?.type === MapType.SOCKMAP || meta.map?.type === MapType.SOCKHASH;
  return sockets && arg.kind === 'value' ? { ...arg, kind: 'sock' } : arg;
}

/**
 * One argument of a helper call.
 *
 * @kernel check_func_arg, kernel/bpf/verifier.c
 * @fidelity partial: timers, kernel pointers in maps and sockets of other program types are absent
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
    checkRegType(env, regno, arg, proto);
    checkArgOffset(env, regno, releases, arg.kind === 'ringdyn');
  }
  if (releases) {
    if (arg.kind === 'ringbuf' && reg.refObjId === 0 && !reg.isNull)
      env.reject('EINVAL', `R${regno} must be referenced when passed to release function`);
    meta.releaseRegno = regno;
  }
  if (reg.refObjId !== 0) meta.refObjId = reg.refObjId;
  checkKind(env, regno, arg, proto, meta);
}
