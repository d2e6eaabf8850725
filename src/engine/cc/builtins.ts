/** The builtin functions that the compiler knows, by the names that programs and __has_builtin use. */
import type { AtomicOp } from './ast.ts';

/** `__sync_fetch_and_add` and the like: operation, and whether the old or the new value comes back. */
export interface SyncBuiltin {
  readonly op: AtomicOp;
  readonly fetch: 'old' | 'new';
}
const SYNC_OPS: readonly AtomicOp[] = ['add', 'sub', 'and', 'or', 'xor'];
export const SYNC_BUILTINS: ReadonlyMap<string, SyncBuiltin> = new Map([
  ...SYNC_OPS.flatMap((op): [string, SyncBuiltin][] => [
    [`__sync_fetch_and_${op}`, { op, fetch: 'old' }],
    [`__sync_${op}_and_fetch`, { op, fetch: 'new' }],
    [`__atomic_fetch_${op}`, { op, fetch: 'old' }],
    [`__atomic_${op}_fetch`, { op, fetch: 'new' }],
  ]),
  ['__sync_lock_test_and_set', { op: 'xchg', fetch: 'old' }],
  ['__atomic_exchange_n', { op: 'xchg', fetch: 'old' }],
]);

/** Builtins that take a type or a member designator and so are parsed, not called. */
export const SYNTAX_BUILTINS: ReadonlySet<string> = new Set([
  '__builtin_offsetof',
  '__builtin_types_compatible_p',
  '__builtin_choose_expr',
  '__builtin_va_arg',
]);

/** Builtins that look like calls; check_builtin.ts types them. */
export const CALL_BUILTINS: ReadonlySet<string> = new Set([
  ...SYNC_BUILTINS.keys(),
  '__sync_val_compare_and_swap',
  '__sync_bool_compare_and_swap',
  '__sync_synchronize',
  '__atomic_load_n',
  '__atomic_store_n',
  '__atomic_thread_fence',
  '__builtin_preserve_access_index',
  '__builtin_preserve_field_info',
  '__builtin_preserve_type_info',
  '__builtin_preserve_enum_value',
  '__builtin_btf_type_id',
  '__builtin_memcpy',
  '__builtin_memcpy_inline',
  '__builtin_memmove',
  '__builtin_memset',
  '__builtin_memcmp',
  '__builtin_bcmp',
  '__builtin_strcmp',
  '__builtin_strlen',
  '__builtin_bswap16',
  '__builtin_bswap32',
  '__builtin_bswap64',
  ...['popcount', 'clz', 'ctz', 'ffs'].flatMap((n) => [
    `__builtin_${n}`,
    `__builtin_${n}l`,
    `__builtin_${n}ll`,
  ]),
  '__builtin_expect',
  '__builtin_constant_p',
  '__builtin_unreachable',
  '__builtin_trap',
  '__builtin_assume',
  '__builtin_object_size',
  '__builtin_va_start',
  '__builtin_add_overflow',
  '__builtin_sub_overflow',
  '__builtin_mul_overflow',
]);

export const BUILTIN_NAMES: ReadonlySet<string> = new Set([...SYNTAX_BUILTINS, ...CALL_BUILTINS]);
