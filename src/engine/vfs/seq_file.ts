/**
 * seq_file: the buffer between a walk over kernel objects and read(2).
 *
 * The struct and its buffer are kernel memory, so a program that follows `meta->seq` finds `count`, `index`
 * and the text itself. What is appended is appended whole or not at all. A buffer filled to its last byte
 * counts as overflowed: full and "too much" cannot be told apart, and the reader must take it as the latter.
 *
 *     buf [ given to the user | waiting: count bytes at from | free ]  size
 *
 * Source: fs/seq_file.c, include/linux/seq_file.h, Linux 6.12.
 */
import type { Addr, Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Memory } from '../kernel/memory.ts';

/** A `struct seq_file` at an address. Holds no state of its own: two of them at one address are the same file. */
export class SeqFile {
  readonly addr: Addr;
  private readonly mem: Memory;
  /** Addresses of pointers, linear offsets of counters. */
  private readonly at: {
    readonly buf: Addr;
    readonly private: Addr;
    readonly size: number;
    readonly from: number;
    readonly count: number;
    readonly index: number;
  };

  constructor(kernel: Kernel, addr: Addr) {
    const view = kernel.view('seq_file', addr);
    this.addr = addr;
    this.mem = kernel.mem;
    const counter = (field: string): number => kernel.mem.counter(view.at(field));
    this.at = {
      buf: view.at('buf'),
      private: view.at('private'),
      size: counter('size'),
      from: counter('from'),
      count: counter('count'),
      index: counter('index'),
    };
  }

  /**
   * A seq_file for an open file, still without a buffer.
   *
   * @param file address of the struct file whose private_data becomes the new seq_file, 0 for none
   * @kernel seq_open, fs/seq_file.c
   * @fidelity full: seq_read.test.ts
   */
  static open(kernel: Kernel, file: Addr): SeqFile {
    const view = kernel.alloc('seq_file');
    view.set('file', file);
    if (file !== 0n) kernel.view('file', file).set('private_data', view.addr);
    return new SeqFile(kernel, view.addr);
  }

  /** Address of the buffer; 0 before the first read. */
  get buf(): Addr {
    return this.mem.u64(this.at.buf);
  }
  get size(): Bytes {
    return this.mem.counterAt(this.at.size);
  }
  /** Where the bytes that wait for the user start. */
  get from(): Bytes {
    return this.mem.counterAt(this.at.from);
  }
  set from(value: Bytes) {
    this.mem.setCounterAt(this.at.from, value);
  }
  /** Bytes that wait for the user. */
  get count(): Bytes {
    return this.mem.counterAt(this.at.count);
  }
  set count(value: Bytes) {
    this.mem.setCounterAt(this.at.count, value);
  }
  /** Position in the walk, which start and next move. */
  get index(): number {
    return this.mem.counterAt(this.at.index);
  }
  set index(value: number) {
    this.mem.setCounterAt(this.at.index, value);
  }
  /** The walk's own state. */
  get private(): Addr {
    return this.mem.u64(this.at.private);
  }
  set private(value: Addr) {
    this.mem.setU64(this.at.private, value);
  }

  /** Gives the file a buffer of `size` bytes, once. */
  allocBuffer(size: Bytes): void {
    if (this.buf !== 0n) return;
    this.mem.setU64(this.at.buf, this.mem.alloc(size, 4096));
    this.mem.setCounterAt(this.at.size, size);
  }

  /**
   * Appends all of `data`, or none of it and marks the file as overflowed.
   *
   * @param data bytes to copy in; may be empty
   * @returns 0, or -EOVERFLOW when fewer than `data.length + 1` bytes are free
   * @kernel seq_write, fs/seq_file.c
   * @fidelity full: seq_read.test.ts
   */
  write(data: Uint8Array): NegErrno {
    const { count, size } = this;
    if (count + data.length >= size) {
      this.count = size;
      return fail('EOVERFLOW');
    }
    this.mem.setBytes(this.buf + BigInt(count), data);
    this.count = count + data.length;
    return 0;
  }

  /**
   * @kernel seq_has_overflowed, include/linux/seq_file.h
   * @fidelity full: seq_read.test.ts
   */
  get overflowed(): boolean {
    return this.count === this.size;
  }

  /** A copy of `length` bytes of the buffer. */
  bytes(start: Bytes, length: Bytes): Uint8Array {
    return length === 0 ? new Uint8Array(0) : this.mem.bytes(this.buf + BigInt(start), length);
  }

  /**
   * Frees the buffer and the struct.
   *
   * @kernel seq_release, fs/seq_file.c
   * @fidelity full: seq_read.test.ts
   */
  release(): void {
    if (this.buf !== 0n) this.mem.release(this.buf);
    this.mem.release(this.addr);
  }
}
