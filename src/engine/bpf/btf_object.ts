/**
 * A BTF that was loaded: struct btf with a copy of the blob, an id and a reference count.
 *
 * Source: btf_new_fd, btf_parse, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { View } from '../kernel/view.ts';

export class BtfObject {
  readonly id: number;
  readonly types: Btf;
  /** struct btf */
  readonly view: View;
  private readonly data: Addr;

  constructor(kernel: Kernel, id: number, types: Btf, name: string, isKernel: boolean) {
    this.id = id;
    this.types = types;
    this.view = kernel.alloc('btf');
    this.data = isKernel ? 0n : kernel.mem.alloc(types.raw.length);
    if (!isKernel) kernel.mem.setBytes(this.data, types.raw);
    this.view.set('id', id);
    this.view.trySet('data', this.data);
    this.view.trySet('data_size', types.raw.length);
    this.view.trySet('start_id', types.start);
    this.view.trySet('nr_types', types.end - types.start);
    this.view.trySet('kernel_btf', isKernel ? 1 : 0);
    if (this.view.has('name')) this.view.setStr('name', name);
    this.view.set('refcnt', 1);
  }

  get addr(): Addr {
    return this.view.addr;
  }
  get name(): string {
    return this.view.str('name');
  }

  free(): void {
    if (this.data !== 0n) this.view.mem.release(this.data);
    this.view.mem.release(this.view.addr);
  }
}
