/** The simulated kernel's body: memory, the types that lay it out, symbols and time. Objects build on it. */
import type { Addr } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import type { AddressMap } from './address.ts';
import { Memory } from './memory.ts';
import { Symbols } from './symbols.ts';
import { Types } from './types.ts';
import { View } from './view.ts';

export class Kernel {
  readonly release: string;
  readonly btf: Btf;
  readonly mem: Memory;
  readonly types: Types;
  readonly symbols: Symbols;
  /** Monotonic nanoseconds; advances only by instructions and documented costs. */
  now = 0n;

  constructor(options: { release: string; btf: Btf; map?: AddressMap; symbols?: Symbols }) {
    this.release = options.release;
    this.btf = options.btf;
    this.mem = new Memory(options.map);
    this.types = new Types(options.btf);
    this.symbols = options.symbols ?? new Symbols();
  }

  /** A struct at an address. */
  view(struct: string, addr: Addr): View {
    return new View(this.mem, this.types, this.types.struct(struct), addr);
  }

  /** A new, zeroed struct. */
  alloc(struct: string): View {
    const type = this.types.struct(struct);
    return new View(this.mem, this.types, type, this.mem.alloc(type.size));
  }
}
