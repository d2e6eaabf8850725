/**
 * The maps, programs and BTFs of a kernel by the address of their struct: how a pointer in a register finds what
 * it points to. An index of what is in memory, kept by the objects themselves.
 */
import { EngineBug } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import { hex } from '../../shared/int64.ts';
import type { Kernel } from '../kernel/kernel.ts';

interface Registered {
  readonly kernel: Kernel;
  readonly addr: Addr;
}

export class Registry<T extends Registered> {
  private readonly what: string;
  private readonly kernels = new WeakMap<Kernel, Map<Addr, T>>();

  constructor(what: string) {
    this.what = what;
  }

  add(object: T): void {
    let table = this.kernels.get(object.kernel);
    if (!table) this.kernels.set(object.kernel, (table = new Map()));
    table.set(object.addr, object);
  }
  remove(object: T): void {
    this.kernels.get(object.kernel)?.delete(object.addr);
  }

  find(kernel: Kernel, addr: Addr): T | null {
    return this.kernels.get(kernel)?.get(addr) ?? null;
  }
  /** The object at an address that the verifier has seen to be one. */
  at(kernel: Kernel, addr: Addr): T {
    const object = this.find(kernel, addr);
    if (!object) throw new EngineBug(`no ${this.what} at ${hex(addr)}`);
    return object;
  }
}
