/**
 * Per-cpu values: one slot for each processor, side by side.
 *
 * In the kernel a per-cpu pointer is the address of processor 0's copy less a base, and each processor adds
 * its own distance. Here the copies follow each other, and the pointer is the address of the first.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import type { Memory } from '../kernel/memory.ts';
import type { BpfMap } from './map.ts';

/** @fidelity partial: copies lie side by side, not in per-cpu chunks */
export const allocPercpu = (mem: Memory, size: Bytes, cpus: number): Addr => mem.alloc(size * cpus, 8);

export const percpuSlot = (pointer: Addr, size: Bytes, cpu: number): Addr => pointer + BigInt(size * cpu);

/** Every processor's value in turn, each padded to a slot: what system calls copy. */
export function readPercpu(map: BpfMap, pointer: Addr): Uint8Array {
  const out = new Uint8Array(map.slotSize * map.cpus);
  for (let cpu = 0; cpu < map.cpus; cpu++) {
    const from = percpuSlot(pointer, map.slotSize, cpu);
    out.set(map.mem.bytes(from, map.spec.valueSize), cpu * map.slotSize);
  }
  return out;
}

/** The opposite of readPercpu; `data` holds a slot for each processor. */
export function writePercpu(map: BpfMap, pointer: Addr, data: Uint8Array): void {
  for (let cpu = 0; cpu < map.cpus; cpu++) {
    const at = cpu * map.slotSize;
    map.mem.setBytes(percpuSlot(pointer, map.slotSize, cpu), data.subarray(at, at + map.spec.valueSize));
  }
}
