/**
 * .BTF.ext: what an object says of its instructions - which function starts where, which source line they
 * come from, and which of them a CO-RE relocation changes. Records stand by ELF section; offsets are bytes
 * within it.
 *
 *     header | func_info | line_info | core_relo
 *     each part: record size, then per section: name, count, records
 *
 * Source: Documentation/bpf/btf.rst.
 */
import { assert } from '../../shared/assert.ts';
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { BtfFormatError } from './parse.ts';
import { BTF_MAGIC } from './types.ts';

export interface FuncInfo {
  readonly insnOff: Bytes;
  /** A FUNC. */
  readonly typeId: TypeId;
}
export interface LineInfo {
  readonly insnOff: Bytes;
  /** Offset of a string in .BTF. */
  readonly fileNameOff: number;
  /** Offset of the source line's text in .BTF. */
  readonly lineOff: number;
  /** From 1; 0: not known. */
  readonly line: number;
  readonly column: number;
}
export interface CoreRelo {
  readonly insnOff: Bytes;
  /** Root type, in the object's BTF. */
  readonly typeId: TypeId;
  /** Offset of a string such as `0:1:2` in .BTF. */
  readonly accessStrOff: number;
  /** enum bpf_core_relo_kind */
  readonly kind: number;
}

/** What one ELF section has. */
export interface ExtSection {
  /** Offset of the ELF section's name in .BTF. */
  readonly secNameOff: number;
  readonly funcInfo: readonly FuncInfo[];
  readonly lineInfo: readonly LineInfo[];
  readonly coreRelos: readonly CoreRelo[];
}

const COLUMN_BITS = 10;

/** How a record is laid out in 32-bit words. */
interface Part<T> {
  readonly name: string;
  readonly size: Bytes;
  readonly read: (words: readonly number[]) => T;
  readonly write: (record: T) => readonly number[];
}

const FUNC_INFO: Part<FuncInfo> = {
  name: 'func_info',
  size: 8,
  read: ([insnOff = 0, typeId = 0]) => ({ insnOff, typeId }),
  write: (f) => [f.insnOff, f.typeId],
};
const LINE_INFO: Part<LineInfo> = {
  name: 'line_info',
  size: 16,
  read: ([insnOff = 0, fileNameOff = 0, lineOff = 0, lineCol = 0]) => ({
    insnOff,
    fileNameOff,
    lineOff,
    line: lineCol >>> COLUMN_BITS,
    column: lineCol & ((1 << COLUMN_BITS) - 1),
  }),
  write: (l) => [l.insnOff, l.fileNameOff, l.lineOff, lineColumn(l)],
};
const CORE_RELO: Part<CoreRelo> = {
  name: 'core_relo',
  size: 16,
  read: ([insnOff = 0, typeId = 0, accessStrOff = 0, kind = 0]) => ({ insnOff, typeId, accessStrOff, kind }),
  write: (r) => [r.insnOff, r.typeId, r.accessStrOff, r.kind],
};

/** line_col as the kernel takes it; a column that does not fit is cut to 1023. */
export const lineColumn = (l: { readonly line: number; readonly column: number }): number =>
  ((l.line << COLUMN_BITS) | Math.min(l.column, (1 << COLUMN_BITS) - 1)) >>> 0;

function encodeWords(words: readonly number[]): Uint8Array {
  const out = new Uint8Array(words.length * 4);
  const view = new DataView(out.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word, true));
  return out;
}

function readPart<T>(view: DataView, start: number, length: number, part: Part<T>): Map<number, T[]> {
  const out = new Map<number, T[]>();
  if (length === 0) return out;
  const end = start + length;
  const need = (at: number, size: number): void => {
    if (at + size > Math.min(end, view.byteLength))
      throw new BtfFormatError(`.BTF.ext: ${part.name} at byte ${at} runs past its end`);
  };
  need(start, 4);
  const size = view.getUint32(start, true);
  if (size < part.size || size % 4 !== 0)
    throw new BtfFormatError(`.BTF.ext: ${part.name} records of ${size} bytes`);
  for (let at = start + 4; at < end;) {
    need(at, 8);
    const name = view.getUint32(at, true);
    const count = view.getUint32(at + 4, true);
    if (count === 0) throw new BtfFormatError(`.BTF.ext: ${part.name} at byte ${at} has no records`);
    need(at + 8, count * size);
    const list = out.get(name) ?? [];
    out.set(name, list);
    for (let i = 0; i < count; i++)
      list.push(
        part.read(
          Array.from({ length: part.size / 4 }, (_, word) =>
            view.getUint32(at + 8 + i * size + word * 4, true),
          ),
        ),
      );
    at += 8 + count * size;
  }
  return out;
}

/**
 * Reads the section; parts that the header is too short for are empty.
 *
 * @throws BtfFormatError
 */
export function readBtfExt(bytes: Uint8Array): ExtSection[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24) throw new BtfFormatError(`.BTF.ext: ${bytes.length} bytes are no header`);
  if (view.getUint16(0, true) !== BTF_MAGIC || view.getUint8(2) !== 1)
    throw new BtfFormatError('.BTF.ext: wrong magic or version');
  const header = view.getUint32(4, true);
  if (header < 24 || header > bytes.length) throw new BtfFormatError(`.BTF.ext: a header of ${header} bytes`);
  const part = <T>(at: number, layout: Part<T>): Map<number, T[]> => {
    if (at + 8 > header) return new Map();
    return readPart(view, header + view.getUint32(at, true), view.getUint32(at + 4, true), layout);
  };
  const funcs = part(8, FUNC_INFO);
  const lines = part(16, LINE_INFO);
  const relos = part(24, CORE_RELO);
  return [...new Set([...funcs.keys(), ...lines.keys(), ...relos.keys()])].map((secNameOff) => ({
    secNameOff,
    funcInfo: funcs.get(secNameOff) ?? [],
    lineInfo: lines.get(secNameOff) ?? [],
    coreRelos: relos.get(secNameOff) ?? [],
  }));
}

/**
 * Writes the section with its three parts.
 *
 * @throws EngineBug when an offset is no whole instruction
 */
export function writeBtfExt(sections: readonly ExtSection[]): Uint8Array {
  const part = <T extends { insnOff: Bytes }>(
    layout: Part<T>,
    of: (s: ExtSection) => readonly T[],
  ): number[] => {
    const words: number[] = [];
    for (const section of sections) {
      const records = of(section);
      if (records.length === 0) continue;
      words.push(section.secNameOff, records.length);
      for (const record of records) {
        assert(record.insnOff % 8 === 0, `${layout.name} at byte ${record.insnOff}`);
        words.push(...layout.write(record));
      }
    }
    return words.length === 0 ? [] : [layout.size, ...words];
  };
  const parts = [
    part(FUNC_INFO, (s) => s.funcInfo),
    part(LINE_INFO, (s) => s.lineInfo),
    part(CORE_RELO, (s) => s.coreRelos),
  ];
  const header: number[] = [BTF_MAGIC | (1 << 16), 8 + parts.length * 8];
  let at = 0;
  for (const words of parts) {
    header.push(at, words.length * 4);
    at += words.length * 4;
  }
  return encodeWords([...header, ...parts.flat()]);
}
