/** A processor in user mode: addresses mean what the running process has mapped there, and nothing else. */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { CProcessor } from '../vm/c_processor.ts';
import { PROT } from './address_space.ts';
import type { AddressSpace } from './address_space.ts';

export class UserProcessor extends CProcessor {
  space: AddressSpace | null = null;

  private addressAt(reg: number, off: number): number {
    const i = this.base + 2 * reg;
    return ((this.words[i + 1] ?? 0) >>> 0) * 2 ** 32 + ((this.words[i] ?? 0) >>> 0) + off;
  }

  override at(reg: number, off: number, size: Bytes): number {
    return this.space?.find(this.addressAt(reg, off), size, PROT.READ) ?? -1;
  }

  override writable(reg: number, off: number, size: Bytes): number {
    return this.space?.find(this.addressAt(reg, off), size, PROT.WRITE) ?? -1;
  }

  protected override place(addr: Addr, size: Bytes, write: boolean): number {
    return this.space?.find(Number(addr), size, write ? PROT.WRITE : PROT.READ) ?? -1;
  }
}
