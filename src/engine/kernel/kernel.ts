/** The simulated kernel's body: memory, the types that lay it out, symbols and time. Objects build on it. */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import type { Btf } from '../btf/parse.ts';
import { KERNEL_IMAGE, PAGE_SIZE } from './address.ts';
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
  private running: Addr = 0n;
  private switched: (task: Addr) => void = () => undefined;
  /** Where each static object of the image was put. Set once at boot, as by a linker. */
  private readonly statics = new Map<string, Addr>();

  /** What is to be done before an object of a struct is freed, by the struct's name. */
  private readonly beforeFree = new Map<string, (object: View) => void>();

  constructor(options: { release: string; btf: Btf; map?: AddressMap; symbols?: Symbols }) {
    this.release = options.release;
    this.btf = options.btf;
    this.mem = new Memory(options.map);
    this.types = new Types(options.btf);
    this.symbols = options.symbols ?? new Symbols();
  }

  /** The task that runs on the one CPU: the reader. A task_struct, or 0 before boot. */
  get current(): Addr {
    return this.running;
  }
  set current(task: Addr) {
    this.running = task;
    if (task !== 0n) this.switched(task);
  }
  /** Who writes down what the CPU runs. */
  onSwitch(switched: (task: Addr) => void): void {
    this.switched = switched;
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

  /** `size` zeroed bytes. */
  allocBytes(size: Bytes, align: Bytes = 8): Addr {
    return this.mem.alloc(size, align);
  }

  /** A NUL-terminated copy of latin-1 text in kernel memory. */
  allocText(text: string): Addr {
    const addr = this.mem.alloc(text.length + 1, 8);
    this.mem.setBytes(addr, latin1Encode(text));
    return addr;
  }

  /**
   * A static object of the kernel image: at its symbol's address if kallsyms has it, else in ordinary
   * memory. The first call makes it, zeroed; later calls find it.
   *
   * @param extra bytes behind the struct, for a flexible array at its end
   */
  object(symbol: string, struct: string, extra: Bytes = 0): View {
    let addr = this.statics.get(symbol);
    if (addr === undefined) {
      const size = this.types.struct(struct).size + extra;
      addr = this.symbols.findStatic(symbol)?.addr ?? 0n;
      if (addr < KERNEL_IMAGE) addr = this.mem.alloc(size);
      else this.mem.mapImage(addr, size);
      this.statics.set(symbol, addr);
    }
    return this.view(struct, addr);
  }

  /** What hangs on objects of a struct, and is not the kernel core's, goes with them. */
  onFree(struct: string, free: (object: View) => void): void {
    this.beforeFree.set(struct, free);
  }
  /** The last reference on an object has gone; its memory is released next. */
  freeing(struct: string, object: View): void {
    this.beforeFree.get(struct)?.(object);
  }

  /** The address of a static pointer variable of the image, 0 until it is set. */
  pointer(symbol: string): Addr {
    return this.object(symbol, 'hlist_head').addr;
  }

  /** Backs the image for these objects at once, so that what adjoins in the image adjoins in memory too. */
  reserveImage(objects: readonly (readonly [symbol: string, struct: string])[]): void {
    const ranges = objects
      .filter(([, struct]) => this.types.has(struct))
      .map(([symbol, struct]) => {
        const start = this.symbols.findStatic(symbol)?.addr ?? 0n;
        return { start, end: start + BigInt(Math.max(1, this.types.struct(struct).size)) };
      })
      .filter(({ start }) => start >= KERNEL_IMAGE)
      .sort((a, b) => (a.start < b.start ? -1 : 1));
    let run: { start: Addr; end: Addr } | null = null;
    for (const range of ranges) {
      if (run && range.start - run.end < PAGE_SIZE) {
        if (range.end > run.end) run.end = range.end;
        continue;
      }
      if (run) this.mem.mapImage(run.start, Number(run.end - run.start));
      run = range;
    }
    if (run) this.mem.mapImage(run.start, Number(run.end - run.start));
  }

  /** True when `object` has made this symbol's object. */
  hasObject(symbol: string): boolean {
    return this.statics.has(symbol);
  }
}
