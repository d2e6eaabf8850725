/**
 * What stands in place of calls and divisions in the program that runs: functions of the map, a few
 * instructions, or the same with a check before it.
 *
 * Source: do_misc_fixups, inline_bpf_loop, kernel/bpf/verifier.c; map_gen_lookup of kernel/bpf/arraymap.c and
 * kernel/bpf/hashtab.c, Linux 6.12 on x86-64 with its compiler for BPF.
 */
import type { Bytes, InsnIndex } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { helperName } from '../abi/helper_id.ts';
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import { BPF_F_INNER_MAP, BPF_MAX_LOOPS, MapType } from '../abi/uapi.ts';
import { findMember } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { ARENA_NARROW } from './request.ts';
import type { MapInfo } from './request.ts';

/** One instruction of what is written out. */
export interface Piece {
  readonly insn: Insn;
  readonly second?: Insn;
  /** Kernel function that is called. */
  readonly symbol?: string;
  /** The instruction that was there: it still leads where it led. */
  readonly keeps?: boolean;
  /** A function of the program that is called: its first instruction as given. */
  readonly calls?: InsnIndex;
}

/** What the simulation found out of a call. */
export interface CallFacts {
  /** The one map it is made with; null: none, or not always the same. */
  readonly map: MapInfo | null;
  /** bpf_loop: the one function that it calls, without flags; -1: it is a real call. */
  readonly loop: InsnIndex;
}

export interface InlineFacts {
  readonly calls: ReadonlyMap<InsnIndex, CallFacts>;
  readonly kernelBtf: Btf;
  symbol(name: string): bigint | null;
  kfuncName(id: number): string;
  readonly sleepable: boolean;
  /** Bytes of stack of the function that an instruction is part of. */
  stackDepth(at: InsnIndex): Bytes;
  /** Marks of instructions on an arena; null: the program has none. */
  readonly arena: { readonly marks: Uint8Array; readonly noUserConversion: boolean } | null;
}

const insn = (code: number, dst: number, src: number, off: number, imm: number): Insn => ({
  code,
  dst,
  src,
  off,
  imm,
});
const own = (code: number, dst: number, src = 0, off = 0, imm = 0): Piece => ({
  insn: insn(code, dst, src, off, imm),
});
const callOf = (symbol: string, was: Insn): Piece => ({ insn: was, symbol });

const MOV64_K = 0xb7;
const MOV64_X = 0xbf;
const MOV32_K = 0xb4;
const MOV32_X = 0xbc;
const ADD64_K = 0x07;
const ADD64_X = 0x0f;
const MUL64_K = 0x27;
const LSH64_K = 0x67;
const XOR32_X = 0xac;
const LDX_W = 0x61;
const LDX_B = 0x71;
const LDX_DW = 0x79;
const ST_B = 0x72;
const ST_DW = 0x7a;
const STX_DW = 0x7b;
const ADD32_K = 0x04;
const SUB64_K = 0x17;
const NEG32 = 0x84;
const JA = 0x05;
const JGT = 0x25;
const JEQ = 0x15;
const JNE = 0x55;
const JGE = 0x35;
const JGE_X = 0x3d;
const JLE = 0xb5;
/** A move that turns an offset into per-CPU memory into an address. */
const ADDR_PERCPU = -1;
/** A register that programs do not see. */
const AX = 11;
const E2BIG = 7;
const GFP_ATOMIC = 0x820;
const GFP_KERNEL = 0xcc0;

const offsetOf = (btf: Btf, struct: string, path: string): Bytes =>
  findMember(btf, btf.find(struct, Kind.STRUCT), path)?.offset ?? 0;

/** Names of the functions of a kind of map: a prefix, or a name for the operations that differ. */
type Operation = 'lookup' | 'update' | 'delete' | 'push' | 'pop' | 'peek' | 'each' | 'lookup_percpu';
type Functions = Readonly<Partial<Record<Operation, string>>>;

const OPERATION_OF: ReadonlyMap<string, Operation> = new Map([
  ['bpf_map_lookup_elem', 'lookup'],
  ['bpf_map_update_elem', 'update'],
  ['bpf_map_delete_elem', 'delete'],
  ['bpf_map_push_elem', 'push'],
  ['bpf_map_pop_elem', 'pop'],
  ['bpf_map_peek_elem', 'peek'],
  ['bpf_for_each_map_elem', 'each'],
  ['bpf_map_lookup_percpu_elem', 'lookup_percpu'],
]);

const ARRAY: Functions = {
  lookup: 'array_map_lookup_elem',
  update: 'array_map_update_elem',
  delete: 'array_map_delete_elem',
  each: 'bpf_for_each_array_elem',
};
const HASH: Functions = {
  lookup: 'htab_map_lookup_elem',
  update: 'htab_map_update_elem',
  delete: 'htab_map_delete_elem',
  each: 'bpf_for_each_hash_elem',
};
const QUEUE: Functions = {
  push: 'queue_stack_map_push_elem',
  pop: 'queue_map_pop_elem',
  peek: 'queue_map_peek_elem',
};

const FUNCTIONS: ReadonlyMap<number, Functions> = new Map([
  [MapType.ARRAY, ARRAY],
  [MapType.PERCPU_ARRAY, { ...ARRAY, lookup_percpu: 'percpu_array_map_lookup_percpu_elem' }],
  [MapType.ARRAY_OF_MAPS, { lookup: 'array_of_map_lookup_elem' }],
  [MapType.HASH, HASH],
  [MapType.HASH_OF_MAPS, { lookup: 'htab_of_map_lookup_elem' }],
  [
    MapType.LRU_HASH,
    {
      ...HASH,
      lookup: 'htab_lru_map_lookup_elem',
      update: 'htab_lru_map_update_elem',
      delete: 'htab_lru_map_delete_elem',
    },
  ],
  [
    MapType.PERCPU_HASH,
    {
      ...HASH,
      update: 'htab_percpu_map_update_elem',
      lookup_percpu: 'htab_percpu_map_lookup_percpu_elem',
    },
  ],
  [
    MapType.LRU_PERCPU_HASH,
    {
      ...HASH,
      update: 'htab_lru_percpu_map_update_elem',
      delete: 'htab_lru_map_delete_elem',
      lookup_percpu: 'htab_lru_percpu_map_lookup_percpu_elem',
    },
  ],
  [MapType.QUEUE, QUEUE],
  [MapType.STACK, { ...QUEUE, pop: 'stack_map_pop_elem', peek: 'stack_map_peek_elem' }],
  [MapType.BLOOM_FILTER, { push: 'bloom_map_push_elem', peek: 'bloom_map_peek_elem' }],
]);

/** R0 = R0 times the size of an element. */
function scaled(size: Bytes): Piece {
  const log = Math.log2(size);
  return Number.isInteger(log) ? own(LSH64_K, 0, 0, 0, log) : own(MUL64_K, 0, 0, 0, size);
}

/** An element of an array: its index is compared, then it is an address. @param then what follows it */
function arrayLookup(btf: Btf, map: MapInfo, field: string, element: Piece, then: readonly Piece[]): Piece[] {
  return [
    own(ADD64_K, 1, 0, 0, offsetOf(btf, 'bpf_array', field)),
    own(LDX_W, 0, 2),
    own(JGE, 0, 0, 3 + then.length, map.maxEntries),
    element,
    own(ADD64_X, 0, 1),
    ...then,
    own(JA, 0, 0, 1),
    own(MOV64_K, 0),
  ];
}

function inlineLookup(btf: Btf, was: Insn, map: MapInfo): Piece[] | null {
  const size = alignUp(map.valueSize, 8);
  const deref = own(LDX_DW, 0, 0);
  const percpu = own(MOV64_X, 0, 0, ADDR_PERCPU);
  const value = own(ADD64_K, 0, 0, 0, offsetOf(btf, 'htab_elem', 'key') + alignUp(map.keySize, 8));
  const found = (...rest: Piece[]): Piece[] => [
    callOf('__htab_map_lookup_elem', was),
    own(JEQ, 0, 0, rest.length),
    ...rest,
  ];
  switch (map.type) {
    case MapType.ARRAY:
      return map.flags & BPF_F_INNER_MAP ? null : arrayLookup(btf, map, 'value', scaled(size), []);
    case MapType.PERCPU_ARRAY:
      return arrayLookup(btf, map, 'pptrs', own(LSH64_K, 0, 0, 0, 3), [deref, percpu]);
    case MapType.ARRAY_OF_MAPS:
      return [
        own(ADD64_K, 1, 0, 0, offsetOf(btf, 'bpf_array', 'value')),
        own(LDX_W, 0, 2),
        own(JGE, 0, 0, 5, map.maxEntries),
        scaled(size),
        own(ADD64_X, 0, 1),
        deref,
        own(JEQ, 0, 0, 1),
        own(JA, 0, 0, 1),
        own(MOV64_K, 0),
      ];
    case MapType.HASH:
      return found(value);
    case MapType.PERCPU_HASH:
      return found(value, deref, percpu);
    case MapType.HASH_OF_MAPS:
      return found(value, deref);
    case MapType.LRU_HASH: {
      const ref = offsetOf(btf, 'htab_elem', 'lru_node') + offsetOf(btf, 'bpf_lru_node', 'ref');
      return found(own(LDX_B, 1, 0, ref), own(JNE, 1, 0, 1), own(ST_B, 0, 0, ref, 1), value);
    }
    default:
      return null;
  }
}

function mapCall(was: Insn, name: string, { map }: CallFacts, { kernelBtf }: InlineFacts): Piece[] | null {
  const operation = OPERATION_OF.get(name);
  if (!operation || !map) return null;
  const inline = operation === 'lookup' ? inlineLookup(kernelBtf, was, map) : null;
  const symbol = FUNCTIONS.get(map.type)?.[operation];
  return inline ?? (symbol === undefined ? null : [callOf(symbol, was)]);
}

const constant = (dst: number, value: bigint): Piece => ({
  insn: insn(op.LD_IMM64, dst, 0, 0, Number(BigInt.asIntN(32, value))),
  second: insn(0, 0, 0, 0, Number(BigInt.asIntN(32, value >> 32n))),
});

const STORAGE_GET: ReadonlySet<string> = new Set([
  'bpf_task_storage_get',
  'bpf_cgrp_storage_get',
  'bpf_sk_storage_get',
  'bpf_inode_storage_get',
]);

/** Helpers that are a few instructions, or take an argument more than programs see. */
function smallHelper(was: Insn, name: string, facts: InlineFacts): Piece[] | null {
  if (STORAGE_GET.has(name))
    return [own(MOV64_K, 5, 0, 0, facts.sleepable ? GFP_KERNEL : GFP_ATOMIC), { insn: was }];
  if (name === 'bpf_jiffies64') {
    const jiffies = facts.symbol('jiffies');
    return jiffies === null ? null : [constant(0, jiffies), own(LDX_DW, 0, 0)];
  }
  if (name === 'bpf_kptr_xchg') return [own(MOV64_X, 0, 2), own(0xdb, 1, 0, 0, 0xe1)];
  if (name !== 'bpf_get_smp_processor_id') return null;
  const hot = facts.symbol('pcpu_hot');
  if (hot === null) return null;
  const at = Number(hot) + offsetOf(facts.kernelBtf, 'pcpu_hot', 'cpu_number');
  return [own(MOV32_K, 0, 0, 0, at), own(MOV64_X, 0, 0, ADDR_PERCPU), own(LDX_W, 0, 0)];
}

/** Signed, the least number divided by -1 is itself, and nothing is left over. */
function signedDivision(was: Insn, wide: boolean, divides: boolean): Piece[] {
  const alu = wide ? 3 : 0;
  const jump = wide ? 0 : 1;
  const before = (...checks: Piece[]): Piece[] => [
    own(MOV64_X, AX, was.src),
    own(ADD32_K | alu, AX, 0, 0, 1),
    ...checks,
  ];
  if (divides)
    return [
      ...before(own(JGT + jump, AX, 0, 4, 1), own(JEQ + jump, AX, 0, 1)),
      own(MOV32_K | alu, was.dst),
      own(NEG32 | alu, was.dst),
      own(JA, 0, 0, 1),
      { insn: was },
    ];
  const body: Piece[] = [
    ...before(own(JGT + jump, AX, 0, 3, 1), own(JEQ + jump, AX, 0, wide ? 3 : 4, 1)),
    own(MOV32_K, was.dst),
    own(JA, 0, 0, 1),
    { insn: was },
  ];
  return wide ? body : [...body, own(JA, 0, 0, 1), own(MOV32_X, was.dst, was.dst)];
}

/** Division by 0 gives 0, and what is left over is the number itself. */
function division(was: Insn): Piece[] | null {
  const wide = op.BPF_CLASS(was.code) === op.BPF_ALU64;
  const fromReg = (was.code & op.BPF_X) !== 0;
  const kind = op.BPF_OP(was.code);
  if ((!wide && op.BPF_CLASS(was.code) !== op.BPF_ALU) || (kind !== op.BPF_DIV && kind !== op.BPF_MOD))
    return null;
  if (was.off === 1 && !fromReg && was.imm === -1)
    return [kind === op.BPF_DIV ? own(NEG32 | (wide ? 3 : 0), was.dst) : own(MOV32_K, was.dst)];
  if (!fromReg) return null;
  if (was.off === 1) return signedDivision(was, wide, kind === op.BPF_DIV);
  const test = wide ? 0 : 1;
  if (kind === op.BPF_DIV)
    return [own(JNE + test, was.src, 0, 2), own(XOR32_X, was.dst, was.dst), own(JA, 0, 0, 1), { insn: was }];
  const body: Piece[] = [own(JEQ + test, was.src, 0, wide ? 1 : 2), { insn: was }];
  return wide ? body : [...body, own(JA, 0, 0, 1), own(MOV32_X, was.dst, was.dst)];
}

/** Kernel functions that only change a type. */
const CASTS: ReadonlySet<string> = new Set(['bpf_cast_to_kern_ctx', 'bpf_rdonly_cast']);

/** Addresses of an arena are 32 bits wide. */
function onArena(was: Insn, at: InsnIndex, { arena }: InlineFacts): Piece[] | null {
  if (!arena) return null;
  if (arena.marks[at] === ARENA_NARROW)
    return [{ insn: { ...was, code: (was.code & ~7) | op.BPF_ALU }, keeps: true }];
  const keepsLow = was.code === MOV64_X && was.imm !== 0 && (was.imm === 1 || arena.noUserConversion);
  return keepsLow ? [own(MOV32_X, was.dst, was.src)] : null;
}

/**
 * may_goto counts down in a slot of its own.
 *
 * @param depth stack of the function, without that slot
 */
export function countedGoto(was: Insn, depth: Bytes): readonly Piece[] {
  const slot = -8 - depth;
  return [
    own(LDX_DW, AX, 10, slot),
    { insn: { ...was, code: JEQ, dst: AX, imm: 0 }, keeps: true },
    own(SUB64_K, AX, 0, 0, 1),
    own(STX_DW, 10, AX, slot),
  ];
}
/** What stands before a function with may_goto. */
export const countStart = (depth: Bytes): Insn => insn(ST_DW, 10, 0, -8 - depth, BPF_MAX_LOOPS);

/** What stands in place of an instruction, null: itself. */
export function writtenOut(was: Insn, at: InsnIndex, facts: InlineFacts): readonly Piece[] | null {
  if (was.code !== (op.BPF_JMP | op.BPF_CALL)) return onArena(was, at, facts) ?? division(was);
  if (was.src === op.BPF_PSEUDO_KFUNC_CALL)
    return CASTS.has(facts.kfuncName(was.imm)) ? [own(MOV64_X, 0, 1)] : null;
  if (was.src !== 0) return null;
  const name = helperName(was.imm);
  const call = facts.calls.get(at);
  return (call && mapCall(was, name, call, facts)) ?? smallHelper(was, name, facts);
}

/** bpf_loop written out, when it always calls one function. */
export function loopInline(was: Insn, at: InsnIndex, facts: InlineFacts): readonly Piece[] | null {
  const call = facts.calls.get(at);
  if (!call || call.loop < 0 || was.src !== 0 || helperName(was.imm) !== 'bpf_loop') return null;
  const base = -(alignUp(facts.stackDepth(at), 8) + 24);
  const kept = [6, 7, 8].map((reg, i) => [reg, base + 8 * i] as const);
  return [
    own(JLE, 1, 0, 2, BPF_MAX_LOOPS),
    own(MOV32_K, 0, 0, 0, -E2BIG),
    own(JA, 0, 0, 16),
    ...kept.map(([reg, off]) => own(STX_DW, 10, reg, off)),
    own(MOV64_X, 6, 1),
    own(MOV64_K, 7),
    own(MOV64_X, 8, 3),
    own(JGE_X, 7, 6, 5),
    own(MOV64_X, 1, 7),
    own(MOV64_X, 2, 8),
    { insn: insn(op.BPF_JMP | op.BPF_CALL, 0, op.BPF_PSEUDO_CALL, 0, 0), calls: call.loop },
    own(ADD64_K, 7, 0, 0, 1),
    own(JEQ, 0, 0, -6),
    own(MOV64_X, 0, 7),
    ...kept.map(([reg, off]) => own(LDX_DW, reg, 10, off)),
  ];
}
