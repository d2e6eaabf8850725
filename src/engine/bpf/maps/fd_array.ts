/**
 * Arrays of kernel objects: programs to tail-call, or maps in a map.
 *
 * Behind struct bpf_array stand pointers. System calls store by file descriptor and read back an id; the
 * map holds a reference on what it points to.
 *
 * Source: kernel/bpf/arraymap.c, Linux 6.12.
 */
import type { Addr } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG } from '../../abi/uapi.ts';
import { putCgroup } from '../../kernel/objects/cgroup.ts';
import { IndexedMap, arrayAllocCheck } from './array.ts';
import type { MapInit, MapSpec } from '../map.ts';

/**
 * @kernel fd_array_map_alloc_check, kernel/bpf/arraymap.c
 * @fidelity full: more_maps.test.ts
 */
export function fdArrayAllocCheck(spec: MapSpec): NegErrno {
  if (spec.valueSize !== 4 || (spec.flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !== 0)
    return fail('EINVAL');
  return arrayAllocCheck(spec);
}

/** What such a map may point to: the caller counts references. */
export interface FdArrayTarget {
  readonly addr: Addr;
  readonly id: number;
}

export abstract class FdArrayMap extends IndexedMap {
  constructor(init: MapInit) {
    super(init, 8, 8);
  }

  /** The pointer at an index, 0 when empty or out of range. */
  pointer(index: number): Addr {
    return index < this.spec.maxEntries ? this.mem.u64(this.values + BigInt(index * 8)) : 0n;
  }

  /**
   * Stores a pointer.
   *
   * @returns the pointer that was there before, whose reference the caller drops, or a negated errno
   * @kernel bpf_fd_array_map_update_elem, kernel/bpf/arraymap.c
   * @fidelity full: tail_call.test.ts
   */
  exchange(index: number, target: FdArrayTarget | null, flags: bigint): Addr | NegErrno {
    if (flags !== 0n) return fail('EINVAL');
    if (index >= this.spec.maxEntries) return fail('E2BIG');
    const at = this.values + BigInt(index * 8);
    const old = this.mem.u64(at);
    this.mem.setU64(at, target ? target.addr : 0n);
    return old;
  }

  override held(): readonly Addr[] {
    const out: Addr[] = [];
    for (let i = 0; i < this.spec.maxEntries; i++) if (this.pointer(i) !== 0n) out.push(this.pointer(i));
    return out;
  }

  /** Programs cannot store what only a file descriptor can name. */
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }
  override forEach(): number {
    return fail('EINVAL');
  }
}

/** What programs must have in common to call each other. */
export interface ProgOwner {
  readonly type: number;
  readonly attachType: number;
}

export class ProgArrayMap extends FdArrayMap {
  private owner: ProgOwner | null = null;

  /** A program cannot look a program up. */
  override lookup(_key: Addr): Addr {
    return 0n;
  }

  /**
   * The first program that is stored, or that calls through the map, decides which others may be.
   *
   * @returns false for a program of another kind
   * @kernel __bpf_prog_map_compatible, kernel/bpf/core.c
   * @fidelity partial: the type of the attach point is not compared
   */
  admits(prog: ProgOwner): boolean {
    this.owner ??= prog;
    return this.owner.type === prog.type && this.owner.attachType === prog.attachType;
  }

  /**
   * Programs and the array they call through would keep each other for ever.
   *
   * @kernel prog_array_map_clear, kernel/bpf/arraymap.c
   * @fidelity partial: at once, not from a work queue
   */
  override releaseUser(): readonly Addr[] {
    const held = this.held();
    this.mem.fill(this.values, this.spec.maxEntries * 8, 0);
    return held;
  }
}

/** Cgroups that a program can ask whether its task is in. */
export class CgroupArrayMap extends FdArrayMap {
  override lookup(_key: Addr): Addr {
    return 0n;
  }
  protected override freeContent(): void {
    for (const cgroup of super.held()) putCgroup(this.kernel, this.kernel.view('cgroup', cgroup));
  }
  /** None that is counted with maps and programs. */
  override held(): readonly Addr[] {
    return [];
  }
}

export class ArrayOfMaps extends FdArrayMap {
  /**
   * @kernel array_of_map_lookup_elem, kernel/bpf/arraymap.c
   * @fidelity full: inner_maps.test.ts
   */
  override lookup(key: Addr): Addr {
    return this.pointer(this.mem.u32(key));
  }
}
