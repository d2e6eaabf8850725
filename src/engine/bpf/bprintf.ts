/**
 * printf for BPF programs: seq_printf, snprintf, trace_printk and trace_vprintk share it.
 *
 * A format is checked whole before anything is written. What it asks for is laid out in a buffer of 512
 * bytes per call, so many long strings can be too much (-ENOSPC). Only the conversions that are safe with
 * arguments from a program exist.
 *
 *     format --read once--> pieces --each call--> text, or an errno
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

/** %pus, %pks, and %s, which the address decides. */
export type StringMemory = 'user' | 'kernel' | 'any';

/** How conversions reach memory; null where nothing can be read. */
export interface PrintfMemory {
  readonly symbols: Symbols;
  /** A string without its NUL, cut to `max` - 1 bytes. */
  string(addr: bigint, max: Bytes, whose: StringMemory): string | null;
  bytes(addr: bigint, size: Bytes): Uint8Array | null;
}

const code = (c: string): number => c.charCodeAt(0);
const FLAGS = new Set(['0', '+', '-', ' ']);
const INTEGERS = new Set(['d', 'i', 'u', 'x', 'X']);

/** One call: its arguments, what they have taken of the buffer, the text so far. */
class Rendering {
  readonly mem: PrintfMemory;
  private readonly args: readonly bigint[];
  private used: Bytes = 0;
  private taken = 0;
  out = '';

  constructor(args: readonly bigint[], mem: PrintfMemory) {
    this.args = args;
    this.mem = mem;
  }

  get hasArg(): boolean {
    return this.taken < this.args.length;
  }
  arg(): bigint {
    return this.args[this.taken++] ?? 0n;
  }

  /** Room that is left for what pointers lead to. */
  get room(): Bytes {
    return BIN_ARGS - this.used;
  }
  /** Takes room for text and its NUL, more than is there if need be. */
  keep(text: string): void {
    this.used += text.length + 1;
  }
  /** Takes room in the call's buffer. @returns 0 or -ENOSPC */
  reserve(size: Bytes, align: Bytes): NegErrno {
    const start = alignUp(this.used, align);
    if (BIN_ARGS - start < size) return fail('ENOSPC');
    this.used = start + size;
    return 0;
  }
}

/** One piece of a format: adds to the text, or refuses the whole call. */
type Piece = (call: Rendering) => NegErrno;

const refuse: Piece = () => fail('EINVAL');

const literal =
  (text: string): Piece =>
  (call) => {
    call.out += text;
    return 0;
  };

const character =
  (spec: Spec): Piece =>
  (call) => {
    const error = call.reserve(1, 1);
    if (error === 0) call.out += padText(String.fromCharCode(Number(call.arg() & 0xffn)), spec);
    return error;
  };

function integer(how: string, bits: 32 | 64, spec: Spec): Piece {
  const signed = how === 'd' || how === 'i';
  const style = { base: how === 'x' || how === 'X' ? 16 : 10, signed, upper: how === 'X' } as const;
  return (call) => {
    const error = call.reserve(bits / 8, 4);
    if (error !== 0) return error;
    const raw = call.arg();
    call.out += formatNumber(signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw), style, spec);
    return 0;
  };
}

/** @param spec null: %pks and %pus are not padded */
const string =
  (spec: Spec | null, whose: StringMemory): Piece =>
  (call) => {
    const { room } = call;
    if (room === 0) return fail('ENOSPC');
    const text = call.mem.string(call.arg(), room, whose) ?? '';
    call.keep(text);
    call.out += spec ? padText(text, spec) : text;
    return 0;
  };

const returnAddress: Piece = (call) => {
  const text = symbolText(call.mem.symbols, call.arg(), 'B');
  call.keep(text);
  call.out += text;
  return 0;
};

const internetAddress =
  (how: 'i' | 'I', size: 4 | 16): Piece =>
  (call) => {
    if (call.room < size) return fail('ENOSPC');
    const text = ipText(call.mem.bytes(call.arg(), size) ?? new Uint8Array(size), how);
    call.keep(text);
    call.out += text;
    return 0;
  };

const address =
  (text: (value: bigint, symbols: Symbols) => string): Piece =>
  (call) => {
    const error = call.reserve(8, 4);
    if (error === 0) call.out += text(call.arg(), call.mem.symbols);
    return error;
  };

/** A format, read into pieces. What follows a piece that refuses is not read. */
class FormatReader {
  private readonly fmt: string;
  private at = 0;

  constructor(fmt: string) {
    this.fmt = fmt;
  }

  private char(ahead = 0): string {
    return this.fmt[this.at + ahead] ?? '\0';
  }
  /** True for what may follow a string or pointer conversion: the end, space or punctuation. */
  private ends(ahead: number): boolean {
    const c = code(this.char(ahead));
    return c === 0 || isSpace(c) || isPunct(c);
  }

  read(): readonly Piece[] {
    for (const c of this.fmt) if (!isPrint(code(c)) && !isSpace(code(c))) return [refuse];
    const pieces: Piece[] = [];
    while (this.at < this.fmt.length && pieces.at(-1) !== refuse) {
      const text = this.text();
      if (text !== '') pieces.push(literal(text));
      if (this.at >= this.fmt.length) break;
      this.at++;
      const piece = this.conversion(this.spec());
      pieces.push(piece === refuse ? refuse : (call) => (call.hasArg ? piece(call) : fail('EINVAL')));
    }
    return pieces;
  }

  /** Up to the next conversion. */
  private text(): string {
    let text = '';
    while (this.at < this.fmt.length && (this.char() !== '%' || this.char(1) === '%')) {
      text += this.char();
      this.at += this.char() === '%' ? 2 : 1;
    }
    return text;
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

  /** Goes over the letters of a conversion. */
  private take(length: number, piece: Piece): Piece {
    this.at += length;
    return piece;
  }

  private conversion(spec: Spec): Piece {
    const c = this.char();
    if (c === 'p') return this.pointer(spec);
    if (c === 's') return this.ends(1) ? this.take(1, string(spec, 'any')) : refuse;
    if (c === 'c') return this.take(1, character(spec));
    let long = 0;
    while (long < 2 && this.char(long) === 'l') long++;
    const how = this.char(long);
    return INTEGERS.has(how) ? this.take(long + 1, integer(how, long > 0 ? 64 : 32, spec)) : refuse;
  }

  private pointer(spec: Spec): Piece {
    const kind = this.char(1);
    if ((kind === 'k' || kind === 'u') && this.char(2) === 's')
      return this.ends(3) ? this.take(3, string(null, kind === 'u' ? 'user' : 'kernel')) : refuse;
    if (kind === 'B') return this.takeAll(2, returnAddress);
    if (kind === 'i' || kind === 'I') {
      const family = this.char(2);
      if (family !== '4' && family !== '6') return refuse;
      return this.takeAll(3, internetAddress(kind, family === '4' ? 4 : 16));
    }
    if (!this.ends(1) && !'KxsS'.includes(kind)) return refuse;
    if (kind === 's' || kind === 'S')
      return this.takeAll(
        2,
        address((value, symbols) => padText(symbolText(symbols, value, kind), spec)),
      );
    if (kind === 'x')
      return this.takeAll(
        2,
        address((value) => rawText(value, spec)),
      );
    return this.takeAll(
      1,
      address((value) => hashedText(value, spec)),
    );
  }

  /** Letters and digits that follow a pointer conversion belong to it, known or not. */
  private takeAll(length: number, piece: Piece): Piece {
    this.at += length;
    while (isAlnum(code(this.char()))) this.at++;
    return piece;
  }
}

/** A program prints with few formats, again and again: they are read once. */
const MAX_FORMATS = 256;
const formats = new Map<string, readonly Piece[]>();

function piecesOf(fmt: string): readonly Piece[] {
  let pieces = formats.get(fmt);
  if (!pieces) {
    if (formats.size >= MAX_FORMATS) formats.clear();
    formats.set(fmt, (pieces = new FormatReader(fmt).read()));
  }
  return pieces;
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
  const call = new Rendering(args, mem);
  for (const piece of piecesOf(latin1Decode(bytes.subarray(0, end)))) {
    const error = piece(call);
    if (error !== 0) return error;
  }
  return call.out;
}
