/**
 * printf for BPF programs: seq_printf, snprintf, trace_printk and trace_vprintk share it.
 *
 * A format is checked whole before anything is written. What it asks for is laid out in a buffer of 512
 * bytes per call, so many long strings can be too much (-ENOSPC). Only the conversions that are safe with
 * arguments from a program exist.
 *
 *     format --prepare--> pieces, or an errno --> text
 *
 * Source: bpf_bprintf_prepare, kernel/bpf/helpers.c; bstr_printf, lib/vsprintf.c, Linux 6.12.
 */
import type { Bytes } from '../../shared/brand.ts';
import { fail } from '../../shared/errno.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { alignUp } from '../../shared/int64.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { Symbols } from '../kernel/symbols.ts';
import { isAlnum, isDigit, isPrint, isPunct, isSpace } from './ctype.ts';
import { formatNumber, hashedText, ipText, padText, rawText, symbolText } from './vsnprintf.ts';
import type { Spec } from './vsnprintf.ts';

/** Room for all arguments of one call. */
const BIN_ARGS: Bytes = 512;
export const MAX_BPRINTF_VARARGS = 12;

/** How conversions reach memory; null where nothing can be read. */
export interface PrintfMemory {
  readonly symbols: Symbols;
  /** A string without its NUL, cut to `max` - 1 bytes. `user`: a %pus. */
  string(addr: bigint, max: Bytes, user: boolean): string | null;
  bytes(addr: bigint, size: Bytes): Uint8Array | null;
}

const code = (c: string): number => c.charCodeAt(0);
const FLAGS = new Set(['0', '+', '-', ' ']);
const INTEGERS = new Set(['d', 'i', 'u', 'x', 'X']);

class Preparer {
  private readonly fmt: string;
  private readonly args: readonly bigint[];
  private readonly mem: PrintfMemory;
  private at = 0;
  private used = 0;
  private taken = 0;
  private out = '';

  constructor(fmt: string, args: readonly bigint[], mem: PrintfMemory) {
    this.fmt = fmt;
    this.args = args;
    this.mem = mem;
  }

  private char(ahead = 0): string {
    return this.fmt[this.at + ahead] ?? '\0';
  }
  /** True for what may follow a string or pointer conversion: the end, space or punctuation. */
  private ends(ahead: number): boolean {
    const c = code(this.char(ahead));
    return c === 0 || isSpace(c) || isPunct(c);
  }
  private arg(): bigint {
    return this.args[this.taken++] ?? 0n;
  }

  run(): string | NegErrno {
    for (const c of this.fmt) if (!isPrint(code(c)) && !isSpace(code(c))) return fail('EINVAL');
    while (this.at < this.fmt.length) {
      if (this.char() !== '%') {
        this.out += this.char();
        this.at++;
      } else if (this.char(1) === '%') {
        this.out += '%';
        this.at += 2;
      } else {
        if (this.taken >= this.args.length) return fail('EINVAL');
        this.at++;
        const error = this.conversion(this.spec());
        if (error !== 0) return error;
      }
    }
    return this.out;
  }

  private spec(): Spec {
    const flags = new Set<string>();
    while (FLAGS.has(this.char())) {
      flags.add(this.char());
      this.at++;
    }
    let width = '';
    while (isDigit(code(this.char()))) {
      width += this.char();
      this.at++;
    }
    return {
      left: flags.has('-'),
      plus: flags.has('+'),
      space: flags.has(' '),
      zero: flags.has('0'),
      width: width === '' ? -1 : Number(width),
    };
  }

  private conversion(spec: Spec): NegErrno {
    const c = this.char();
    if (c === 'p') return this.pointer(spec);
    if (c === 's') return this.string(spec, 1, false);
    if (c === 'c') {
      const error = this.reserve(1, 1);
      this.out += error === 0 ? padText(String.fromCharCode(Number(this.arg() & 0xffn)), spec) : '';
      this.at++;
      return error;
    }
    let long = 0;
    while (long < 2 && this.char(long) === 'l') long++;
    const how = this.char(long);
    if (!INTEGERS.has(how)) return fail('EINVAL');
    this.at += long + 1;
    const error = this.reserve(long > 0 ? 8 : 4, 4);
    if (error === 0) this.integer(how, long > 0 ? 64 : 32, spec);
    return error;
  }

  private integer(how: string, bits: 32 | 64, spec: Spec): void {
    const raw = this.arg();
    const signed = how === 'd' || how === 'i';
    const base = how === 'x' || how === 'X' ? 16 : 10;
    const value = signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
    this.out += formatNumber(value, { base, signed, upper: how === 'X' }, spec);
  }

  /** Takes room in the call's buffer. @returns 0 or -ENOSPC */
  private reserve(size: Bytes, align: Bytes): NegErrno {
    const start = alignUp(this.used, align);
    if (BIN_ARGS - start < size) return fail('ENOSPC');
    this.used = start + size;
    return 0;
  }

  /** @param length chars of the conversion after the flags: s, pks or pus */
  private string(spec: Spec, length: number, user: boolean): NegErrno {
    if (!this.ends(length)) return fail('EINVAL');
    const room = BIN_ARGS - this.used;
    if (room === 0) return fail('ENOSPC');
    const text = this.mem.string(this.arg(), room, user) ?? '';
    this.used += text.length + 1;
    this.out += length === 1 ? padText(text, spec) : text;
    this.at += length;
    return 0;
  }

  private pointer(spec: Spec): NegErrno {
    const kind = this.char(1);
    if ((kind === 'k' || kind === 'u') && this.char(2) === 's') return this.string(spec, 3, kind === 'u');
    if (kind === 'B') {
      const text = symbolText(this.mem.symbols, this.arg(), 'B');
      this.used += text.length + 1;
      return this.rendered(text, 2);
    }
    if (kind === 'i' || kind === 'I') return this.internetAddress(kind);
    if (!this.ends(1) && !'KxsS'.includes(kind)) return fail('EINVAL');
    const error = this.reserve(8, 4);
    if (error !== 0) return error;
    const value = this.arg();
    if (kind === 's' || kind === 'S')
      return this.rendered(padText(symbolText(this.mem.symbols, value, kind), spec), 2);
    if (kind === 'x') return this.rendered(rawText(value, spec), 2);
    return this.rendered(hashedText(value, spec), 1);
  }

  private internetAddress(how: 'i' | 'I'): NegErrno {
    const family = this.char(2);
    if (family !== '4' && family !== '6') return fail('EINVAL');
    const size = family === '4' ? 4 : 16;
    if (BIN_ARGS - this.used < size) return fail('ENOSPC');
    const text = ipText(this.mem.bytes(this.arg(), size) ?? new Uint8Array(size), how);
    this.used += text.length + 1;
    return this.rendered(text, 3);
  }

  /** Letters and digits that follow a pointer conversion belong to it, known or not. */
  private rendered(text: string, length: number): NegErrno {
    this.out += text;
    this.at += length;
    while (isAlnum(code(this.char()))) this.at++;
    return 0;
  }
}

/**
 * Renders a format of `bytes` (with its NUL) with 64-bit arguments.
 *
 * @returns the text, latin-1, or -EINVAL for a format that is not allowed or wants more arguments than
 *   there are, -ENOSPC when the arguments are too long
 * @kernel bpf_bprintf_prepare, kernel/bpf/helpers.c
 * @fidelity partial: nesting never exhausts the buffers, so never -EBUSY
 */
export function bprintf(bytes: Uint8Array, args: readonly bigint[], mem: PrintfMemory): string | NegErrno {
  const end = bytes.indexOf(0);
  if (end < 0) return fail('EINVAL');
  return new Preparer(latin1Decode(bytes.subarray(0, end)), args, mem).run();
}
