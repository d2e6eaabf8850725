/**
 * Maps that packets are redirected through: to network devices, to processors. An iterator program can look at them
 * from outside, no packet ever comes by. A value's second word is the program that runs where a packet arrives:
 * user space gives its fd and reads its id.
 *
 * Source: kernel/bpf/devmap.c, kernel/bpf/cpumap.c, Linux 6.12.
 */
import type { Addr, Bytes } from '../../../shared/brand.ts';
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import type { View } from '../../kernel/view.ts';
import { BpfMap } from '../map.ts';
import type { MapSpec } from '../map.ts';

/** A value's first word alone, or with the program that runs at the other end. */
const PLAIN: Bytes = 4;
const WITH_PROG: Bytes = 8;
/** Of both kinds: a word for what it is, perhaps another for the program. */
export const wrongSizes = ({ maxEntries, keySize, valueSize }: MapSpec): boolean =>
  maxEntries === 0 || keySize !== 4 || (valueSize !== PLAIN && valueSize !== WITH_PROG);

/** A program that runs where a packet arrives: its struct and its id. */
export interface EndProg {
  readonly addr: Addr;
  readonly id: number;
}

/** Maps whose values may name a program; user space stores them by fd. */
export abstract class RedirectMap extends BpfMap {
  /** enum bpf_attach_type of the programs: BPF_XDP_DEVMAP or BPF_XDP_CPUMAP. */
  abstract readonly progAttachType: number;

  /**
   * Stores an element.
   *
   * @param first the value's first word: a device's number, a queue's size
   * @returns address of the program of the element that was there before, 0 for none; or a negated errno
   */
  abstract put(key: number, first: number, prog: EndProg | null, flags: bigint): Addr | NegErrno;

  /** Takes an element out. @returns its program as `put` does, or a negated errno */
  abstract remove(key: number): Addr | NegErrno;

  protected abstract entries(): readonly View[];
  /** Address of an element's program, 0 for none. */
  protected abstract progOf(entry: View): Addr;

  override held(): readonly Addr[] {
    return this.entries()
      .map((entry) => this.progOf(entry))
      .filter((prog) => prog !== 0n);
  }
  override delete(key: Addr): NegErrno {
    const removed = this.remove(this.mem.u32(key));
    return typeof removed === 'number' ? removed : 0;
  }
  /** Programs cannot store. */
  override update(_key: Addr, _value: Addr, _flags: bigint): NegErrno {
    return fail('EINVAL');
  }
}

/** Keys are indexes, as in an array. @kernel dev_map_get_next_key, cpu_map_get_next_key @fidelity full: more_maps.test.ts */
export function nextIndex(map: BpfMap, key: Addr, next: Addr): NegErrno {
  const last = map.spec.maxEntries - 1;
  const index = key === 0n ? -1 : map.mem.u32(key);
  if (index === last) return fail('ENOENT');
  map.mem.setU32(next, index > last ? 0 : index + 1);
  return 0;
}
