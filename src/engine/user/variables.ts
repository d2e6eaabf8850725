/**
 * What the variables of a user program are: the compiler says where each of a function's is, the process what
 * stands there. Programs are compiled so that every variable stays in its frame.
 */
import type { ReaderFrame, ReaderValue } from '../../protocol/reader.ts';
import { scalarOf } from '../../protocol/variables.ts';
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

/** What a register of a frame holds; null: nobody knows. */
type Registers = (reg: number) => bigint | null;

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
    return this.held(thread, pc, (reg) => cpu.reg(reg));
  }

  /** The user's own functions that run, the innermost first, each at its line with its variables. */
  frames(thread: Thread, pc: InsnIndex, cpu: UserProcessor): readonly ReaderFrame[] {
    const { image } = thread.process.program;
    return cpu.frames().flatMap(({ pc: at, top }, i) => {
      const here = i === 0 ? pc : at;
      const fn = image.functionAt(here);
      if (!fn || fn.library) return [];
      // What a caller has in registers is where its callee has put it; programs keep their variables in frames.
      const reg = (n: number): bigint | null => (n === FRAME_POINTER ? top : i === 0 ? cpu.reg(n) : null);
      return {
        function: fn.name,
        line: image.lineAt(here)?.line ?? 0,
        values: this.held(thread, here, reg),
      };
    });
  }

  private held(thread: Thread, pc: InsnIndex, reg: Registers): readonly ReaderValue[] {
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
      const value = this.text(range, thread.process.space, reg);
      return value === null ? [] : [{ name: range.name, type: range.type, value }];
    });
  }

  private text(range: VariableRange, space: AddressSpace, reg: Registers): string | null {
    const { place, shape, size, type } = range;
    let raw: bigint | null;
    if (place.in === 'number') raw = place.value;
    else if (place.in === 'register') raw = reg(place.reg);
    else {
      const top = reg(FRAME_POINTER);
      const bytes = top === null ? null : space.read(top + BigInt(place.offset), size);
      if (!bytes) return null;
      if (shape === 'text') return quoted(bytes);
      raw = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    }
    if (raw === null) return null;
    const value = scalarOf(range, raw);
    if (shape === 'bool') return value === 0n ? 'false' : 'true';
    if (shape !== 'pointer') return String(value);
    if (value === 0n) return 'NULL';
    return `0x${value.toString(16)}${/\bchar \*$/.test(type) ? textAt(space, value) : ''}`;
  }
}
