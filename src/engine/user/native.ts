/**
 * Native functions: what the C library cannot do in C. A system call of the simulated kernel, or a part of
 * libbpf that this project has in TypeScript.
 *
 * A system call that is given a bad address fails with EFAULT; a library function would touch it and crash.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import { latin1Decode, latin1Encode } from '../../shared/utf8.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault } from '../kernel/memory.ts';
import type { ArgNumber } from '../vm/helper.ts';
import type { Process, Thread, Waiting } from './process.ts';
import type { UserProcessor } from './user_processor.ts';
import type { Userland } from './userland.ts';

const MAX_TEXT: Bytes = 1 << 20;
const CHUNK: Bytes = 256;

/** One call of a native function: who calls, with what. */
export class NativeCall {
  readonly userland: Userland;
  readonly thread: Thread;
  private readonly cpu: UserProcessor;
  private readonly args: readonly bigint[];

  constructor(userland: Userland, thread: Thread, cpu: UserProcessor) {
    this.userland = userland;
    this.thread = thread;
    this.cpu = cpu;
    this.args = [1, 2, 3, 4, 5].map((n) => cpu.arg(n as ArgNumber));
    thread.process.space.show();
  }

  get process(): Process {
    return this.thread.process;
  }
  get kernel(): Kernel {
    return this.userland.kernel;
  }

  /** The n-th argument, from 1, as it is. */
  arg(n: ArgNumber): bigint {
    return this.args[n - 1] ?? 0n;
  }
  /** As int. */
  int(n: ArgNumber): number {
    return Number(BigInt.asIntN(32, this.arg(n)));
  }
  /** As size_t, cut to what this machine has. */
  size(n: ArgNumber): Bytes {
    const size = BigInt.asUintN(64, this.arg(n));
    return size > 0x7fff_f000n ? 0x7fff_f000 : Number(size);
  }

  // -- the caller's memory (throws Fault) --------------------------------------------------------------------

  bytes(addr: Addr, size: Bytes): Uint8Array {
    const bytes = this.process.space.read(addr, size);
    if (!bytes) throw new Fault(addr);
    return bytes;
  }
  put(addr: Addr, bytes: Uint8Array): void {
    if (!this.process.space.write(addr, bytes)) throw new Fault(addr);
  }
  /** Text up to a NUL, as latin-1. */
  text(addr: Addr): string {
    let out = '';
    for (let at = addr; out.length < MAX_TEXT;) {
      const room = CHUNK - Number(at % BigInt(CHUNK));
      const part = latin1Decode(this.bytes(at, room));
      const end = part.indexOf('\0');
      if (end >= 0) return out + part.slice(0, end);
      out += part;
      at += BigInt(room);
    }
    throw new Fault(addr);
  }
  /** Copies text with its NUL into a buffer, cut to its size. @returns the length of the text */
  putText(addr: Addr, size: Bytes, text: string): number {
    if (size > 0) this.put(addr, latin1Encode(`${text.slice(0, size - 1)}\0`));
    return text.length;
  }
  u32(addr: Addr): number {
    return new DataView(this.bytes(addr, 4).buffer).getUint32(0, true);
  }
  u64(addr: Addr): bigint {
    return new DataView(this.bytes(addr, 8).buffer).getBigUint64(0, true);
  }
  putU32(addr: Addr, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.put(addr, bytes);
  }
  putU64(addr: Addr, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    this.put(addr, bytes);
  }

  /** Where the call stands: its instruction. */
  get pc(): number {
    return this.cpu.pc;
  }
}

/** The result is r0, or a generator whose end gives it: the thread sleeps meanwhile. */
export type Native = (call: NativeCall) => bigint | number | Waiting;
export type NativeTable = Readonly<Record<string, Native>>;

/** As the kernel makes a system call fail that is given a bad address. */
export const syscall =
  (run: Native): Native =>
  (call) => {
    try {
      return run(call);
    } catch (error) {
      if (error instanceof Fault) return fail('EFAULT');
      throw error;
    }
  };

/** Every function of a table as a system call. */
export const syscalls = (table: NativeTable): NativeTable =>
  Object.fromEntries(Object.entries(table).map(([name, run]) => [name, syscall(run)]));
