/**
 * What the variables of a user program are: the compiler says where each of a function's is, the process what
 * stands there. Programs are compiled so that every variable stays in its frame.
 */
import type { ReaderValue } from '../../protocol/reader.ts';
import type { VariableRange } from '../../protocol/variables.ts';
import type { Bytes, InsnIndex } from '../../shared/brand.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { AddressSpace } from './address_space.ts';
import type { Thread } from './process.ts';
import type { UserProcessor } from './user_processor.ts';

/** Text that is shown of what a pointer to char leads to. */
const MOST_TEXT: Bytes = 64;
const FRAME_POINTER = 10;

const quoted = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return JSON.stringify(latin1Decode(end < 0 ? bytes : bytes.subarray(0, end)));
};

/** The text at an address, as far as it can be read; '' where none is. */
function textAt(space: AddressSpace, addr: bigint): string {
  for (let size = MOST_TEXT; size > 0; size >>= 1) {
    const bytes = space.read(addr, size);
    if (bytes) return bytes.includes(0) || size === MOST_TEXT ? ` ${quoted(bytes)}` : '';
  }
  return '';
}

export class VariableWatch {
  private readonly byFunction = new Map<string, VariableRange[]>();

  constructor(ranges: readonly VariableRange[]) {
    for (const range of ranges) {
      const known = this.byFunction.get(range.function);
      if (known) known.push(range);
      else this.byFunction.set(range.function, [range]);
    }
  }

  /** Variables of the function that an instruction belongs to, declared above its line. */
  before(thread: Thread, pc: InsnIndex, cpu: UserProcessor): readonly ReaderValue[] {
    const { image } = thread.process.program;
    const fn = image.functionAt(pc);
    if (!fn || fn.library) return [];
    const at = pc - fn.start;
    const line = image.lineAt(pc)?.line ?? 0;
    const held = new Map<string, VariableRange>();
    for (const range of this.byFunction.get(fn.name) ?? []) {
      if (at < range.from || at >= range.to || range.declared.line >= line) continue;
      const key = `${range.declared.line}:${range.declared.column}:${range.name}`;
      const known = held.get(key);
      if (!known || known.from <= range.from) held.set(key, range);
    }
    return [...held.values()].flatMap((range) => {
      const value = this.text(range, thread.process.space, cpu);
      return value === null ? [] : [{ name: range.name, type: range.type, value }];
    });
  }

  private text(range: VariableRange, space: AddressSpace, cpu: UserProcessor): string | null {
    const { place, shape, size, type } = range;
    let raw: bigint;
    if (place.in === 'number') raw = place.value;
    else if (place.in === 'register') raw = cpu.reg(place.reg);
    else {
      const bytes = space.read(cpu.reg(FRAME_POINTER) + BigInt(place.offset), size);
      if (!bytes) return null;
      if (shape === 'text') return quoted(bytes);
      raw = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    }
    const value = BigInt.asUintN(size * 8, raw);
    if (shape === 'bool') return value === 0n ? 'false' : 'true';
    if (shape === 'signed') return String(BigInt.asIntN(size * 8, value));
    if (shape !== 'pointer') return String(value);
    if (value === 0n) return 'NULL';
    return `0x${value.toString(16)}${/\bchar \*$/.test(type) ? textAt(space, value) : ''}`;
  }
}
