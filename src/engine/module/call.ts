/** One call of a kernel function by kernel code: its arguments, and what it may do to the machine. */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault } from '../kernel/memory.ts';
import type { View } from '../kernel/view.ts';
import type { ArgNumber, Call } from '../vm/helper.ts';
import type { HoldKind } from './ledger.ts';
import type { LoadedModule } from './module.ts';

const MAX_TEXT: Bytes = 1 << 16;
const SLOT: Bytes = 8;

export class KernelCall {
  readonly module: LoadedModule;
  readonly kernel: Kernel;
  private readonly call: Call;

  constructor(module: LoadedModule, call: Call) {
    this.module = module;
    this.kernel = module.kernel;
    this.call = call;
  }

  /** The n-th argument, from 1. */
  arg(n: ArgNumber): bigint {
    return this.call.arg(n);
  }
  int(n: ArgNumber): number {
    return this.call.s32(n);
  }
  size(n: ArgNumber): Bytes {
    return Number(BigInt.asUintN(53, this.call.arg(n)));
  }
  /** What follows the named arguments of a variadic function, in order. */
  *rest(): Generator<bigint> {
    for (let at = this.call.arg(5); ; at += BigInt(SLOT)) yield this.load(at, SLOT);
  }

  /** The struct that an argument points to. @throws Fault for NULL and addresses where it cannot be */
  struct(name: string, n: ArgNumber): View {
    const addr = this.call.arg(n);
    const view = this.kernel.view(name, addr);
    if (this.kernel.mem.translate(addr, view.type.size) < 0) throw new Fault(addr);
    return view;
  }
  /** As `struct`; null for NULL. */
  structOrNull(name: string, n: ArgNumber): View | null {
    return this.call.arg(n) === 0n ? null : this.struct(name, n);
  }

  load(addr: Addr, size: Bytes): bigint {
    this.need(addr, size);
    return this.kernel.mem.load(addr, size);
  }
  bytes(addr: Addr, size: Bytes): Uint8Array {
    if (size === 0) return new Uint8Array(0);
    this.need(addr, size);
    return this.kernel.mem.bytes(addr, size);
  }
  /** Text up to its NUL, or up to `max` bytes. @throws Fault */
  text(addr: Addr, max: Bytes = MAX_TEXT): string {
    let out = '';
    for (let at = addr; out.length < max; at++) {
      const byte = Number(this.load(at, 1));
      if (byte === 0) break;
      out += latin1Decode(new Uint8Array([byte]));
    }
    return out;
  }
  private need(addr: Addr, size: Bytes): void {
    if (this.kernel.mem.translate(addr, size) < 0) throw new Fault(addr);
  }

  // -- what is held --------------------------------------------------------------------------------------

  take(kind: HoldKind, object: Addr, name: string): void {
    this.module.take(kind, object, name);
  }
  /** @returns false when it was not held: what the kernel says then was said */
  give(kind: HoldKind, object: Addr): boolean {
    return this.module.give(kind, object);
  }
  /** The caller may wait here. */
  maySleep(): void {
    this.module.maySleep();
  }
}

export interface KernelFunction {
  /** As the header declares it, without `extern` and `;`. */
  readonly proto: string;
  /** No result: r0 is not looked at. */
  readonly run: (call: KernelCall) => bigint | number | void;
}
export type FunctionTable = Readonly<Record<string, KernelFunction>>;

/** A table whose rows are `'prototype': run`; the name is the last word before the parameters. */
export function functions(rows: Readonly<Record<string, KernelFunction['run']>>): FunctionTable {
  return Object.fromEntries(
    Object.entries(rows).map(([proto, run]) => [/(\w+)\(/.exec(proto)?.[1] ?? proto, { proto, run }]),
  );
}
