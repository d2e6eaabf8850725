/**
 * What the running program owns: its stacks, map values and ring buffer records that were handed out to it,
 * and how much of what it acquired it has not given back. Every call passes through here.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { helperName } from '../../abi/helper_id.ts';
import type { Bpf } from '../../bpf/bpf.ts';
import type { Linker } from '../../vm/code.ts';
import type { Helper } from '../../vm/helper.ts';
import { BPF_STACK_SIZE } from '../../vm/processor.ts';
import type { MapInfo } from '../request.ts';
import type { Concrete } from './contains.ts';
import type { Random } from './random.ts';
import { Violation } from './violation.ts';

/** Helpers that touch memory: which argument points, and the size or the argument that holds it. */
const MEMORY_OF: Readonly<Record<string, readonly (readonly [pointer: 1 | 2 | 3, size: 'key' | 'r2'])[]>> = {
  bpf_map_lookup_elem: [[2, 'key']],
  bpf_map_delete_elem: [[2, 'key']],
  bpf_probe_read_kernel: [[1, 'r2']],
  bpf_probe_read_kernel_str: [[1, 'r2']],
};

const FRAME_BYTES: Bytes = 128;

/** A map of which every value that programs get is known here. */
interface Tracked {
  readonly info: MapInfo;
  readonly starts: Set<Addr>;
}

export class Custody {
  /** Records reserved and iterators made, less those given back. */
  held = 0;
  private readonly bpf: Bpf;
  private readonly maps = new Map<Addr, Tracked>();
  private readonly records = new Map<Addr, Bytes>();

  constructor(bpf: Bpf) {
    this.bpf = bpf;
  }

  /** Nothing has been handed out, but values that programs name themselves. @param tracked maps to know about */
  begin(tracked: Iterable<MapInfo>): void {
    this.held = 0;
    this.records.clear();
    this.maps.clear();
    for (const info of tracked) {
      const first = info.valueAddress;
      this.maps.set(info.address, { info, starts: new Set(first === null ? [] : [first]) });
    }
  }

  /** Is account kept of the values of this map? */
  knows(info: MapInfo | null): boolean {
    return info !== null && this.maps.has(info.address);
  }

  frameReg(frame: number, n: number): bigint {
    const { processor } = this.bpf;
    return processor.bits.getBigUint64(
      processor.base * 4 - (processor.depth - frame) * FRAME_BYTES + 8 * n,
      true,
    );
  }

  isOwned(at: Addr, size: Bytes): boolean {
    const { processor } = this.bpf;
    const end = at + BigInt(size);
    const within = (start: Addr, bytes: Bytes): boolean => at >= start && end <= start + BigInt(bytes);
    for (let f = processor.depth; f >= 0; f--) {
      const top = this.frameReg(f, 10);
      if (within(top - BigInt(BPF_STACK_SIZE), BPF_STACK_SIZE)) return true;
    }
    for (const { info, starts } of this.maps.values())
      for (const start of starts) if (within(start, info.valueSize)) return true;
    for (const [start, bytes] of this.records) if (within(start, bytes)) return true;
    return false;
  }

  /** This moment of the run, for as long as it lasts. */
  concrete(ctx: Addr): Concrete {
    const { processor } = this.bpf;
    const { mem } = this.bpf.kernel;
    return {
      get depth() {
        return processor.depth;
      },
      reg: (frame, n) => this.frameReg(frame, n),
      byte: (frame, off) => mem.u8(this.frameReg(frame, 10) + BigInt(off)),
      slot: (frame, off) => mem.u64(this.frameReg(frame, 10) + BigInt(off)),
      ctx,
      values: (map) => this.maps.get(map.address)?.starts ?? null,
      records: this.records,
    };
  }

  /** Every call is checked before it is made, and what it hands out is remembered. */
  linker(random: Random): Linker {
    const { bpf } = this;
    const wrap =
      (name: string, fn: Helper): Helper =>
      (call) => {
        for (const [pointer, size] of MEMORY_OF[name] ?? []) {
          const bytes = size === 'r2' ? call.u32(2) : (this.maps.get(call.arg(1))?.info.keySize ?? 0);
          if (bytes > 0 && !this.isOwned(call.arg(pointer), bytes))
            throw new Violation(
              `${name}: argument ${pointer}, ${bytes} bytes, is not the program's`,
              bpf.processor.pc,
            );
        }
        if (name === 'bpf_get_prandom_u32') return BigInt(random.u32());
        const size = call.u32(2);
        const first = call.arg(1);
        const result = fn(call);
        this.note(name, BigInt.asUintN(64, BigInt(result)), first, size);
        // a call may leave anything in the registers of its arguments
        for (let n = 1; n <= 5; n++) bpf.processor.setReg(n, random.edge64());
        return result;
      };
    return {
      helper: (n) => {
        const fn = bpf.helper(n);
        return fn && wrap(helperName(n), fn);
      },
      kfunc: (id, off) => {
        const fn = bpf.kfunc(id, off);
        return fn && wrap(bpf.kernel.btf.nameOf(id), fn);
      },
    };
  }

  private note(name: string, result: bigint, first: Addr, size: Bytes): void {
    switch (name) {
      case 'bpf_map_lookup_elem':
        if (result !== 0n) this.maps.get(first)?.starts.add(result);
        return;
      case 'bpf_ringbuf_reserve':
        if (result === 0n) return;
        this.held++;
        this.records.set(result, size);
        return;
      case 'bpf_ringbuf_submit':
      case 'bpf_ringbuf_discard':
        if (!this.records.delete(first))
          throw new Violation(`${name} of what is no record`, this.bpf.processor.pc);
        this.held--;
        return;
      default:
        if (!name.startsWith('bpf_iter_')) return;
        if (name.endsWith('_new')) this.held++;
        else if (name.endsWith('_destroy')) this.held--;
    }
  }
}
