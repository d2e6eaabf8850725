/**
 * Kernel data as C text, by its type: what bpf_seq_printf_btf and bpf_snprintf_btf write.
 *
 *     (struct list_head){
 *      .next = (struct list_head *)0x000000004b6bd7ba,
 *     }
 *
 * Zero members are left out, so an aggregate inside another is first walked without writing, to see whether
 * anything in it would be shown. Memory that cannot be read is left out too, and is the result's error.
 *
 * Source: btf_type_show and its likes, kernel/bpf/btf.c, Linux 6.12.
 */
import type { Addr, TypeId } from '../../shared/brand.ts';
import type { NegErrno } from '../../shared/errno.ts';
import { resolve, sizeOf } from '../btf/layout.ts';
import { INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfMember, BtfType } from '../btf/types.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isPrint } from './ctype.ts';
import { readKernel } from './helpers/access.ts';
import { hashedText, rawText } from './vsnprintf.ts';

export const BTF_F_COMPACT = 1n;
export const BTF_F_NONAME = 2n;
export const BTF_F_PTR_RAW = 4n;
export const BTF_F_ZERO = 8n;

const MAX_ITER = 10;
const NAME_SIZE = 80;
const MAX_INDENT = 32;
/** Memory is checked in pieces of at most this many bytes. */
const SAFE_SIZE = 32;
const NO_PADDING = { left: false, plus: false, space: false, zero: false, width: -1 };

type Named = { readonly name: string; readonly parens: string };

class Shower {
  text = '';
  status: NegErrno = 0;
  private readonly kernel: Kernel;
  private readonly flags: bigint;
  private depth = 0;
  private depthToShow = 0;
  private depthCheck = 0;
  private member: BtfMember | null = null;
  private arrayMember = false;
  private charArray = false;
  private arrayTerminated = false;
  private typeId: TypeId = 0;
  private type: BtfType | null = null;

  constructor(kernel: Kernel, flags: bigint) {
    this.kernel = kernel;
    this.flags = flags;
  }

  private has(flag: bigint): boolean {
    return (this.flags & flag) !== 0n;
  }
  private put(text: string): void {
    if (this.depthCheck === 0) this.text += text;
  }

  // -- the words around a value ----------------------------------------------------------------------------

  private get indent(): string {
    return this.has(BTF_F_COMPACT) ? '' : ' '.repeat(Math.min(this.depth, MAX_INDENT));
  }
  private get newline(): string {
    return this.has(BTF_F_COMPACT) ? '' : '\n';
  }
  private get delim(): string {
    if (this.depth === 0) return '';
    return this.has(BTF_F_COMPACT) && this.type?.kind === Kind.UNION ? '|' : ',';
  }

  /** `.member = (struct name *[])` and what opens an aggregate. @kernel btf_show_name, kernel/bpf/btf.c */
  private label(): string {
    if (this.arrayMember) return '';
    const named = this.typeName(this.member ? this.member.type : this.typeId);
    if (!named) return '';
    if (this.has(BTF_F_NONAME)) return named.parens;
    const member = this.member && this.member.name !== '' ? `.${this.member.name} = ` : '';
    return `${member}(${named.name})${named.parens}`.slice(0, NAME_SIZE - 1);
  }

  private typeName(start: TypeId): Named | null {
    const { btf } = this.kernel;
    let id = start;
    let type = btf.type(id);
    let name = '';
    let stars = '';
    let brackets = '';
    for (let i = 0; ; i++) {
      if (i === MAX_ITER) return null;
      if (type.kind === Kind.TYPEDEF) name ||= type.name;
      else if (type.kind === Kind.ARRAY) brackets += '[]';
      else if (type.kind === Kind.PTR) stars += '*';
      else break;
      id = this.skipQualifiers(type.type);
      type = btf.type(id);
      if (type.kind === Kind.VOID) break;
    }
    const aggregate = type.kind === Kind.STRUCT || type.kind === Kind.UNION;
    const open = brackets !== '' ? '[' : aggregate ? '{' : '';
    const prefix = name !== '' ? '' : (PREFIXES.get(type.kind) ?? '');
    const own = name === '' ? (type.kind === Kind.VOID ? 'void' : type.name) : name;
    const gap = prefix !== '' && own !== '' ? ' ' : '';
    return {
      name: `${prefix}${gap}${own}${stars === '' ? '' : ` ${stars}`}${brackets}`,
      parens: stars === '' ? open : '',
    };
  }

  private skipQualifiers(start: TypeId): TypeId {
    let id = start;
    for (;;) {
      const type = this.kernel.btf.type(id);
      const skip =
        type.kind === Kind.CONST ||
        type.kind === Kind.VOLATILE ||
        type.kind === Kind.RESTRICT ||
        type.kind === Kind.TYPE_TAG;
      if (!skip) return id;
      id = type.type;
    }
  }

  /** Writes a value with its label; a zero only where zeros are shown. */
  private value(text: string, nonZero: boolean): void {
    if (!nonZero && !this.has(BTF_F_ZERO) && this.depth !== 0) return;
    this.put(this.indent + this.label() + text + this.delim + this.newline);
    this.depthToShow = Math.max(this.depthToShow, this.depth);
  }

  // -- types -------------------------------------------------------------------------------------------------

  /** Shows the object of type `id` at `addr`, from bit `bit` of it on. */
  show(id: TypeId, addr: Addr, bit = 0): void {
    const resolved = resolve(this.kernel.btf, id);
    const type = this.kernel.btf.type(resolved);
    switch (type.kind) {
      case Kind.STRUCT:
      case Kind.UNION:
        return this.aggregate(() => this.struct(type, resolved, id, addr));
      case Kind.ARRAY:
        return this.aggregate(() => this.array(type, resolved, id, addr));
      default:
        if (!this.begin(type, resolved, id, addr)) return;
        this.scalar(type, addr, bit);
        this.end();
    }
  }

  /** @returns false when the memory cannot be read */
  private begin(type: BtfType, resolved: TypeId, id: TypeId, addr: Addr): boolean {
    this.type = type;
    this.typeId = id;
    const size = Math.min(Math.max(1, sizeOf(this.kernel.btf, resolved)), SAFE_SIZE);
    const bytes = readKernel(this.kernel.mem, addr, size);
    if (typeof bytes === 'number') this.status = bytes;
    return typeof bytes !== 'number';
  }
  private end(): void {
    this.type = null;
    this.typeId = 0;
  }

  private scalar(type: BtfType, addr: Addr, bit: number): void {
    const { mem } = this.kernel;
    switch (type.kind) {
      case Kind.INT:
        if (bit !== 0 || type.bits % 8 !== 0 || type.bits > 64) return this.bits(addr, bit, type.bits);
        return this.integer(mem.load(addr, type.size), type.size, (type.encoding & INT_SIGNED) !== 0);
      case Kind.PTR: {
        const target = mem.u64(addr);
        const text = this.has(BTF_F_PTR_RAW) ? rawText(target, NO_PADDING) : hashedText(target, NO_PADDING);
        return this.value(`0x${text}`, target !== 0n);
      }
      case Kind.ENUM:
      case Kind.ENUM64: {
        const bits = type.kind === Kind.ENUM ? 32 : 64;
        const raw = mem.load(addr, bits / 8);
        const value = type.signed ? BigInt.asIntN(bits, raw) : raw;
        const known = type.values.find((entry) => BigInt.asUintN(bits, entry.value) === raw);
        return known ? this.value(known.name, true) : this.value(String(value), value !== 0n);
      }
      default:
        this.put(`<unsupported kind:${type.kind}>`);
    }
  }

  private integer(raw: bigint, size: number, signed: boolean): void {
    if (size === 1 && this.charArray) {
      if (this.arrayTerminated) return;
      if (raw === 0n) {
        this.arrayTerminated = true;
        return;
      }
      if (isPrint(Number(raw))) return this.value(`'${String.fromCharCode(Number(raw))}'`, true);
    }
    const value = signed ? BigInt.asIntN(size * 8, raw) : raw;
    this.value(String(value), value !== 0n);
  }

  /** A bit-field, or an integer of more than 64 bits. @kernel btf_bitfield_show, kernel/bpf/btf.c */
  private bits(addr: Addr, bit: number, count: number): void {
    const bytes = this.kernel.mem.bytes(addr, Math.ceil((bit + count) / 8));
    const all = bytes.reduceRight((acc, byte) => (acc << 8n) | BigInt(byte), 0n);
    const value = BigInt.asUintN(count, all >> BigInt(bit));
    this.value(`0x${value.toString(16)}`, value !== 0n);
  }

  // -- aggregates --------------------------------------------------------------------------------------------

  /** Shows an aggregate, at depth only if something in it is shown. @kernel btf_struct_show, btf_array_show */
  private aggregate(walk: () => void): void {
    const { member } = this;
    if (this.depth > 0 && !this.has(BTF_F_ZERO)) {
      if (this.depthCheck === 0) {
        this.depthCheck = this.depth + 1;
        this.depthToShow = 0;
      }
      walk();
      this.member = member;
      if (this.depthCheck !== this.depth + 1) return;
      this.depthCheck = 0;
      if (this.depthToShow <= this.depth) return;
    }
    walk();
  }

  private open(type: BtfType, resolved: TypeId, id: TypeId, addr: Addr): boolean {
    if (!this.begin(type, resolved, id, addr)) return false;
    this.put(this.indent + this.label() + this.newline);
    this.depth++;
    return true;
  }
  private close(suffix: string): void {
    this.depth--;
    this.put(this.indent + suffix + this.delim + this.newline);
    this.end();
  }

  private struct(
    type: Extract<BtfType, { members: unknown }>,
    resolved: TypeId,
    id: TypeId,
    addr: Addr,
  ): void {
    if (!this.open(type, resolved, id, addr)) return;
    for (const member of type.members) {
      this.member = member;
      const at = addr + BigInt(Math.floor(member.bitOffset / 8));
      const bit = member.bitOffset % 8;
      if (member.bitSize === 0) this.show(member.type, at, bit);
      else if (this.begin(this.kernel.btf.type(member.type), member.type, member.type, at)) {
        this.bits(at, bit, member.bitSize);
        this.end();
      }
      this.member = null;
    }
    this.close('}');
  }

  private array(
    type: Extract<BtfType, { kind: typeof Kind.ARRAY }>,
    resolved: TypeId,
    id: TypeId,
    addr: Addr,
  ): void {
    const { btf } = this.kernel;
    const elem = btf.type(resolve(btf, type.type));
    // The kernel knows no size of pointers and arrays here, and so shows the first of them again and again.
    const step = 'size' in elem ? elem.size : 0;
    this.charArray = elem.kind === Kind.INT && elem.size === 1;
    this.arrayTerminated = false;
    if (!this.open(type, resolved, id, addr)) return;
    for (let i = 0; i < type.nelems; i++) {
      this.arrayMember = true;
      this.member = null;
      this.show(type.type, addr + BigInt(i * step));
      this.arrayMember = false;
      if (this.arrayTerminated) break;
    }
    this.charArray = false;
    this.arrayTerminated = false;
    this.close(']');
  }
}

const PREFIXES: ReadonlyMap<Kind, string> = new Map<Kind, string>([
  [Kind.STRUCT, 'struct'],
  [Kind.UNION, 'union'],
  [Kind.ENUM, 'enum'],
  [Kind.ENUM64, 'enum'],
]);

/**
 * @param flags BTF_F_*
 * @returns the text, and 0 or the errno of memory that could not be read
 * @kernel btf_type_show, kernel/bpf/btf.c
 * @fidelity full: btf_show.test.ts
 */
export function btfShow(
  kernel: Kernel,
  id: TypeId,
  addr: Addr,
  flags: bigint,
): { readonly text: string; readonly status: NegErrno } {
  const shower = new Shower(kernel, flags);
  shower.show(id, addr);
  return shower;
}
