/**
 * Bloom filter: a set that can say for certain that a value was never put in.
 *
 * Each of some hash functions sets one bit for a value; a value whose bits are all set may be in.
 *
 * Source: kernel/bpf/bloom_filter.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { keyHash } from '../../kernel/jhash.ts';
import { BPF_ANY, BpfMap } from '../map.ts';
import type { MapInit, MapSpec } from '../map.ts';

const HASH_FUNCTIONS = 0xfn;
const DEFAULT_FUNCTIONS = 5;
/** NUMA node, zero seed, read-only, write-only; the same for programs. */
const KNOWN_FLAGS = (1 << 2) | (1 << 6) | (1 << 3) | (1 << 4) | (1 << 7) | (1 << 8);
/** The kernel draws it at random for each map; here a run must repeat. */
const SEED = 0x1b873593;

/** @kernel bloom_map_alloc, kernel/bpf/bloom_filter.c @fidelity full: maps.test.ts */
export function bloomAllocCheck({ keySize, valueSize, maxEntries, flags, mapExtra = 0n }: MapSpec): NegErrno {
  const bad = keySize !== 0 || valueSize === 0 || maxEntries === 0 || (flags & ~KNOWN_FLAGS) !== 0;
  return bad || (mapExtra & ~HASH_FUNCTIONS) !== 0n ? fail('EINVAL') : 0;
}

/** Bits per function and entry: 7/5, as an approximation of 1/ln 2, rounded up to a power of two. */
function bitsetMask(entries: number, functions: number): number {
  const bits = Math.floor((entries * functions * 7) / 5);
  return bits > 2 ** 31 ? 0xffff_ffff : 2 ** Math.ceil(Math.log2(Math.max(bits, 64))) - 1;
}

export class BloomFilterMap extends BpfMap {
  private readonly functions: number;
  private readonly mask: number;
  private readonly bits: Addr;

  constructor(init: MapInit) {
    const given = Number((init.spec.mapExtra ?? 0n) & HASH_FUNCTIONS);
    const functions = given === 0 ? DEFAULT_FUNCTIONS : given;
    const mask = bitsetMask(init.spec.maxEntries, functions);
    super(init, 'bpf_bloom_filter', (mask + 1) / 8);
    this.functions = functions;
    this.mask = mask;
    this.bits = this.container.at('bitset');
    this.container.set('bitset_mask', mask);
    this.container.set('nr_hash_funcs', functions);
    this.container.set('hash_seed', SEED);
  }

  /** Byte and bit of one hash function. */
  private bit(value: Uint8Array, index: number): readonly [Addr, number] {
    const hash = (keyHash(value, SEED + index) & this.mask) >>> 0;
    return [this.bits + BigInt(hash >>> 3), 1 << (hash & 7)];
  }

  /** @kernel bloom_map_push_elem, kernel/bpf/bloom_filter.c @fidelity full: maps.test.ts */
  override push(value: Addr, flags: bigint): NegErrno {
    if (flags !== BPF_ANY) return fail('EINVAL');
    const bytes = this.mem.bytes(value, this.spec.valueSize);
    for (let i = 0; i < this.functions; i++) {
      const [at, bit] = this.bit(bytes, i);
      this.mem.setU8(at, this.mem.u8(at) | bit);
    }
    return 0;
  }

  /** @returns 0 for a value that may be in, -ENOENT for one that is not @kernel bloom_map_peek_elem, kernel/bpf/bloom_filter.c @fidelity full: maps.test.ts */
  override peek(value: Addr): NegErrno {
    const bytes = this.mem.bytes(value, this.spec.valueSize);
    for (let i = 0; i < this.functions; i++) {
      const [at, bit] = this.bit(bytes, i);
      if ((this.mem.u8(at) & bit) === 0) return fail('ENOENT');
    }
    return 0;
  }

  override lookup(_key: Addr): Addr {
    return 0n;
  }
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }
  override delete(_key: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }
  override getNextKey(_key: Addr, _next: Addr): NegErrno {
    return fail('EOPNOTSUPP');
  }

  /** System calls push with update. */
  override write(_key: Uint8Array, value: Uint8Array, flags = BPF_ANY): NegErrno {
    const at = this.mem.alloc(value.length, 8);
    this.mem.setBytes(at, value);
    const result = this.push(at, flags);
    this.mem.release(at);
    return result;
  }
}
