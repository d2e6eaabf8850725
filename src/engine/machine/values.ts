/**
 * What the variables of a program are before one of its instructions is executed: the compiler says where each
 * is, the replayed machine what stands there. Variables of the innermost function only.
 */
import type { ProgramSource } from '../../protocol/scenario.ts';
import { scalarOf } from '../../protocol/variables.ts';
import type { VariableRange, VariableValue } from '../../protocol/variables.ts';
import type { InsnIndex } from '../../shared/brand.ts';
import { latin1Decode } from '../../shared/utf8.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { LinkedProgram } from '../libbpf/link_progs.ts';
import type { BpfObject } from '../libbpf/object.ts';
import type { Processor } from '../vm/processor.ts';
import { compileVariables } from './program.ts';

/** Variables by the instructions of a program as it is loaded, its subprograms behind it. */
export class ProgramValues {
  private readonly ranges: readonly VariableRange[];

  constructor(source: ProgramSource, kernelBtf: Btf, { funcInfo }: LinkedProgram, { btf }: BpfObject) {
    const starts = new Map<string, number>();
    // libbpf's records count instructions once they belong to a program.
    for (const { insnOff, typeId } of funcInfo)
      if (btf?.kind(typeId) === Kind.FUNC) starts.set(btf.nameOf(typeId), insnOff);
    this.ranges = compileVariables(source, kernelBtf).flatMap((range) => {
      const start = starts.get(range.function);
      return start === undefined ? [] : [{ ...range, from: range.from + start, to: range.to + start }];
    });
  }

  /** Each variable once: of several places of one declaration the one that begins last holds. */
  before(pc: InsnIndex, processor: Processor): VariableValue[] {
    const held = new Map<string, VariableRange>();
    for (const range of this.ranges) {
      if (pc < range.from || pc >= range.to) continue;
      const { file, line, column } = range.declared;
      const key = `${file}:${line}:${column}:${range.name}`;
      const known = held.get(key);
      if (!known || known.from <= range.from) held.set(key, range);
    }
    return [...held.values()].map((range) => ({
      name: range.name,
      declared: range.declared,
      type: range.type,
      value: textOf(range, processor),
      reg: range.place.in === 'register' ? range.place.reg : null,
    }));
  }
}

function bytesOf({ place, size }: VariableRange, processor: Processor): bigint | Uint8Array {
  if (place.in === 'number') return place.value;
  if (place.in === 'register') return processor.reg(place.reg);
  return processor.mem.bytes(processor.reg(10) + BigInt(place.offset), size);
}

function textOf(range: VariableRange, processor: Processor): string {
  const { shape } = range;
  const found = bytesOf(range, processor);
  if (shape === 'text') {
    const text = typeof found === 'bigint' ? '' : latin1Decode(found);
    const end = text.indexOf('\0');
    return JSON.stringify(end < 0 ? text : text.slice(0, end));
  }
  const raw =
    typeof found === 'bigint' ? found : found.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const value = scalarOf(range, raw);
  if (shape === 'bool') return value === 0n ? 'false' : 'true';
  if (shape === 'pointer') return value === 0n ? 'NULL' : `0x${value.toString(16)}`;
  return String(value);
}
