/**
 * Reads an ELF64 little-endian relocatable object for BPF, from any bytes.
 *
 * Every offset and count of the file is checked before it is used, so a damaged or hostile file ends in
 * one ElfFormatError that says where, never in a RangeError and never in a loop without end.
 */
import { cString } from '../../shared/utf8.ts';
import {
  EHDR_BYTES,
  EM_BPF,
  ET_REL,
  REL_BYTES,
  SHDR_BYTES,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_REL,
  SHT_SYMTAB,
  STT_SECTION,
  SYM_BYTES,
} from './elf.ts';
import type { ElfReloc, ElfSection, ElfSymbol } from './elf.ts';

/** The bytes are no BPF object, or are damaged. `message` says where. */
export class ElfFormatError extends Error {
  override readonly name = 'ElfFormatError';
}

/** A BPF object, opened. */
export interface ElfFile {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** The first section with this name, or null. */
  section(name: string): ElfSection | null;
  /** Relocations of a section, in file order; empty when there are none. */
  relocs(sectionIndex: number): readonly ElfReloc[];
}

const U32_MAX = 0xffff_ffffn;

/** A little-endian window on the file whose every access is checked. */
class Reader {
  private readonly view: DataView;
  private readonly length: number;
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = bytes.length;
  }
  check(at: number, size: number, what: string): void {
    if (at + size > this.length)
      throw new ElfFormatError(`ELF: ${what} at byte ${at} runs past the end (${this.length} bytes)`);
  }
  u8 = (at: number): number => this.view.getUint8(at);
  u16 = (at: number): number => this.view.getUint16(at, true);
  u32 = (at: number): number => this.view.getUint32(at, true);
  /** A 64-bit field that must fit a file smaller than 4 GiB. */
  size(at: number, what: string): number {
    const value = this.view.getBigUint64(at, true);
    if (value > U32_MAX) throw new ElfFormatError(`ELF: ${what} at byte ${at} is absurd (${value})`);
    return Number(value);
  }
}

function readHeader(r: Reader): { shoff: number; shnum: number; shstrndx: number } {
  r.check(0, EHDR_BYTES, 'header');
  if (r.u32(0) !== 0x464c457f) throw new ElfFormatError('ELF: wrong magic, this is not an ELF file');
  if (r.u8(4) !== 2) throw new ElfFormatError('ELF: not a 64-bit file');
  if (r.u8(5) !== 1) throw new ElfFormatError('ELF: not little endian');
  if (r.u16(16) !== ET_REL) throw new ElfFormatError(`ELF: type ${r.u16(16)} is not a relocatable object`);
  // Machine 0 (EM_NONE) comes from old compilers; libbpf takes it too.
  if (r.u16(18) !== EM_BPF && r.u16(18) !== 0)
    throw new ElfFormatError(`ELF: machine ${r.u16(18)} is not BPF (${EM_BPF})`);
  const shnum = r.u16(60);
  if (shnum > 0 && r.u16(58) !== SHDR_BYTES)
    throw new ElfFormatError(`ELF: section headers of ${r.u16(58)} bytes, not ${SHDR_BYTES}`);
  return { shoff: r.size(40, 'section header offset'), shnum, shstrndx: r.u16(62) };
}

/**
 * @param bytes the whole file
 * @throws ElfFormatError and nothing else, whatever the bytes
 */
export function readElf(bytes: Uint8Array): ElfFile {
  const r = new Reader(bytes);
  const { shoff, shnum, shstrndx } = readHeader(r);
  r.check(shoff, shnum * SHDR_BYTES, 'section header table');

  const nameOffsets: number[] = [];
  const raw = Array.from({ length: shnum }, (_, index) => {
    const at = shoff + index * SHDR_BYTES;
    const what = `section [${index}]`;
    const type = r.u32(at + 4);
    const offset = r.size(at + 24, `offset of ${what}`);
    const size = r.size(at + 32, `size of ${what}`);
    const inFile = type === SHT_NOBITS || index === 0 ? 0 : size;
    r.check(inFile === 0 ? 0 : offset, inFile, what);
    nameOffsets.push(r.u32(at));
    return {
      index,
      type,
      flags: r.u32(at + 8),
      link: r.u32(at + 40),
      info: r.u32(at + 44),
      align: r.size(at + 48, `alignment of ${what}`),
      entSize: r.size(at + 56, `entry size of ${what}`),
      size,
      data: bytes.subarray(inFile === 0 ? 0 : offset, inFile === 0 ? 0 : offset + inFile),
    };
  });
  const text = (table: number, at: number, what: string): string => {
    const strings = raw[table];
    if (at === 0 && !strings) return '';
    if (!strings || at >= Math.max(strings.data.length, 1))
      throw new ElfFormatError(`ELF: the name of ${what} is outside string table [${table}]`);
    return cString(strings.data, at);
  };
  const sections: ElfSection[] = raw.map((section, index) => ({
    ...section,
    name: text(shstrndx, nameOffsets[index] ?? 0, `section [${index}]`),
  }));

  const symbols = readSymbols(r, bytes, sections, text);
  const relocs = new Map<number, ElfReloc[]>();
  for (const section of sections.filter((s) => s.type === SHT_REL)) {
    const target = sections[section.info];
    if (!target || target.index === 0)
      throw new ElfFormatError(
        `ELF: ${section.name} relocates section [${section.info}], which does not exist`,
      );
    const list = relocs.get(target.index) ?? [];
    relocs.set(target.index, list);
    list.push(...readRelocs(section, target, symbols.length));
  }
  return {
    sections,
    symbols,
    section: (name) => sections.find((s) => s.name === name) ?? null,
    relocs: (index) => relocs.get(index) ?? [],
  };
}

/** Cuts a table section into records of a fixed size. */
function records(section: ElfSection, size: number): number[] {
  if (section.data.length % size !== 0)
    throw new ElfFormatError(
      `ELF: ${section.name} has ${section.data.length} bytes, not a multiple of ${size}`,
    );
  return Array.from({ length: section.data.length / size }, (_, i) => i * size);
}

function readSymbols(
  file: Reader,
  bytes: Uint8Array,
  sections: readonly ElfSection[],
  text: (table: number, at: number, what: string) => string,
): ElfSymbol[] {
  const tables = sections.filter((s) => s.type === SHT_SYMTAB);
  if (tables.length > 1) throw new ElfFormatError('ELF: more than one symbol table');
  const table = tables[0];
  if (!table) return [];
  const base = table.data.byteOffset - bytes.byteOffset;
  return records(table, SYM_BYTES).map((offset, index) => {
    const at = base + offset;
    const what = `symbol [${index}]`;
    const type = file.u8(at + 4) & 0xf;
    const section = file.u16(at + 6);
    if (section < SHN_LORESERVE && section >= sections.length)
      throw new ElfFormatError(`ELF: ${what} is in section [${section}], which does not exist`);
    const name = text(table.link, file.u32(at), what);
    return {
      index,
      name: name === '' && type === STT_SECTION ? (sections[section]?.name ?? '') : name,
      type,
      bind: file.u8(at + 4) >> 4,
      visibility: file.u8(at + 5) & 3,
      section,
      value: file.size(at + 8, `value of ${what}`),
      size: file.size(at + 16, `size of ${what}`),
    };
  });
}

function readRelocs(section: ElfSection, target: ElfSection, symbolCount: number): ElfReloc[] {
  const { data } = section;
  const r = new Reader(data);
  return records(section, REL_BYTES).map((at, index) => {
    const what = `${section.name} [${index}]`;
    const offset = r.size(at, `offset of ${what}`);
    const symbol = r.u32(at + 12);
    if (offset >= target.size)
      throw new ElfFormatError(`ELF: ${what} is outside ${target.name} (offset ${offset})`);
    if (symbol >= symbolCount)
      throw new ElfFormatError(`ELF: ${what} names symbol [${symbol}], which does not exist`);
    return { offset, symbol, type: r.u32(at + 8) };
  });
}
