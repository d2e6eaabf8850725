/**
 * Register types: a base and flags, and the names that messages and logs use for them.
 *
 * Source: enum bpf_reg_type and enum bpf_type_flag of include/linux/bpf.h; reg_type_str, kernel/bpf/log.c.
 */

const BASE_BITS = 8;
const BASE_MASK = (1 << BASE_BITS) - 1;

export const NOT_INIT = 0;
export const SCALAR_VALUE = 1;
export const PTR_TO_CTX = 2;
export const CONST_PTR_TO_MAP = 3;
export const PTR_TO_MAP_VALUE = 4;
export const PTR_TO_MAP_KEY = 5;
export const PTR_TO_STACK = 6;
export const PTR_TO_PACKET = 7;
export const PTR_TO_PACKET_META = 8;
export const PTR_TO_SOCK_COMMON = 9;
export const PTR_TO_BTF_ID = 10;
export const PTR_TO_MEM = 11;
export const PTR_TO_BUF = 12;
export const PTR_TO_FUNC = 13;
export const CONST_PTR_TO_DYNPTR = 14;
export const PTR_TO_ARENA = 15;
/** struct bpf_sock, as programs see a full socket. */
export const PTR_TO_SOCKET = 16;
export const PTR_TO_TCP_SOCK = 17;
export const PTR_TO_XDP_SOCK = 18;

const flag = (bit: number): number => 1 << (BASE_BITS + bit);
export const PTR_MAYBE_NULL = flag(0);
export const MEM_RDONLY = flag(1);
export const MEM_RINGBUF = flag(2);
export const MEM_USER = flag(3);
export const MEM_PERCPU = flag(4);
export const PTR_UNTRUSTED = flag(5);
export const PTR_TRUSTED = flag(6);
export const MEM_RCU = flag(7);
export const MEM_ALLOC = flag(8);
/** Part of a list or tree that is locked: usable, not owned. */
export const NON_OWN_REF = flag(9);

/** A register's type: base | flags. */
export type RegType = number;
export const baseType = (type: RegType): number => type & BASE_MASK;
export const typeFlags = (type: RegType): number => type & ~BASE_MASK;
export const mayBeNull = (type: RegType): boolean => (type & PTR_MAYBE_NULL) !== 0;
export const isRdonlyMem = (type: RegType): boolean => (type & MEM_RDONLY) !== 0;

const BASE_NAMES: readonly string[] = [
  '?',
  'scalar',
  'ctx',
  'map_ptr',
  'map_value',
  'map_key',
  'fp',
  'pkt',
  'pkt_meta',
  'sock_common',
  'ptr_',
  'mem',
  'buf',
  'func',
  'dynptr_ptr',
  'arena',
  'sock',
  'tcp_sock',
  'xdp_sock',
];

/** In the order in which they are printed. */
const PREFIXES: readonly (readonly [number, string])[] = [
  [MEM_RDONLY, 'rdonly_'],
  [MEM_RINGBUF, 'ringbuf_'],
  [MEM_USER, 'user_'],
  [MEM_PERCPU, 'percpu_'],
  [MEM_RCU, 'rcu_'],
  [PTR_UNTRUSTED, 'untrusted_'],
  [PTR_TRUSTED, 'trusted_'],
];

const names = new Map<RegType, string>();

/** 'trusted_ptr_or_null_', 'map_value_or_null', 'fp'; a struct's name is not part of it. */
export function regTypeName(type: RegType): string {
  let name = names.get(type);
  if (name === undefined) {
    const base = baseType(type);
    const prefix = PREFIXES.map(([bit, text]) => ((type & bit) === 0 ? '' : text)).join('');
    const postfix = mayBeNull(type) ? (base === PTR_TO_BTF_ID ? 'or_null_' : '_or_null') : '';
    name = prefix + (BASE_NAMES[base] ?? '?') + postfix;
    names.set(type, name);
  }
  return name;
}
