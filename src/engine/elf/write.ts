/**
 * Writes an ELF64 little-endian relocatable object for BPF.
 *
 * The caller says sections and symbols in whatever order reads best; the writer puts local symbols first, as
 * ELF asks, renumbers what relocations refer to, and adds .rel*, .strtab and .symtab. Section headers
 * of the caller's sections keep their order, each followed by its relocations.
 *
 *     header | section data ... | relocations ... | .symtab | .strtab | section headers
 */
import { assert, must } from '../../shared/assert.ts';
import type { Bytes } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { latin1Encode } from '../../shared/utf8.ts';
import {
  EHDR_BYTES,
  EM_BPF,
  ET_REL,
  REL_BYTES,
  SHDR_BYTES,
  SHF_INFO_LINK,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_LOCAL,
  STT_SECTION,
  SYM_BYTES,
} from './elf.ts';

export interface ElfRelocSpec {
  /** From the start of the section. */
  readonly offset: Bytes;
  /** Index in `symbols` of the same ElfSpec. */
  readonly symbol: number;
  /** R_BPF_* */
  readonly type: number;
}

export interface ElfSectionSpec {
  /** Unique: symbols name their section. */
  readonly name: string;
  /** SHT_PROGBITS unless given. */
  readonly type?: number;
  /** SHF_* */
  readonly flags?: number;
  readonly align?: Bytes;
  readonly entSize?: Bytes;
  readonly data?: Uint8Array;
  /** SHT_NOBITS only: bytes in memory. */
  readonly size?: Bytes;
  readonly relocs?: readonly ElfRelocSpec[];
}

export interface ElfSymbolSpec {
  /** Left out of the string table for section symbols. */
  readonly name: string;
  /** Name of its section; null for externs; a number from SHN_LORESERVE on for SHN_ABS and the like. */
  readonly section: string | number | null;
  readonly value?: Bytes;
  readonly size?: Bytes;
  /** STT_* */
  readonly type: number;
  /** STB_* */
  readonly bind: number;
  /** STV_*, default visibility unless given. */
  readonly visibility?: number;
}

/** Symbols are given without the null symbol; it is added. */
export interface ElfSpec {
  readonly sections: readonly ElfSectionSpec[];
  readonly symbols: readonly ElfSymbolSpec[];
}

class StringTable {
  private text = '\0';
  private readonly at = new Map<string, number>([['', 0]]);
  add(name: string): number {
    let offset = this.at.get(name);
    if (offset === undefined) {
      offset = this.text.length;
      this.at.set(name, offset);
      this.text += name + '\0';
    }
    return offset;
  }
  bytes = (): Uint8Array => latin1Encode(this.text);
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly align: number;
  readonly entSize: number;
  readonly link: number;
  readonly info: number;
  readonly size: number;
  readonly data: Uint8Array;
}

const table = (
  count: number,
  size: number,
  write: (view: DataView, at: number, i: number) => void,
): Uint8Array => {
  const out = new Uint8Array(count * size);
  const view = new DataView(out.buffer);
  for (let i = 0; i < count; i++) write(view, i * size, i);
  return out;
};

/** @throws EngineBug when a relocation or a symbol names what is not in the spec */
export function writeElf(spec: ElfSpec): Uint8Array {
  const names = new StringTable();
  const order = spec.symbols
    .map((symbol, i) => ({ symbol, i }))
    .toSorted((a, b) => Number(a.symbol.bind !== STB_LOCAL) - Number(b.symbol.bind !== STB_LOCAL));
  const newIndex = new Map(order.map(({ i }, place) => [i, place + 1]));

  // Section numbers: 0, then each section followed by its .rel, then .symtab and .strtab.
  const numberOf = new Map<string, number>();
  let next = 1;
  for (const section of spec.sections) {
    assert(!numberOf.has(section.name), `two ELF sections named ${section.name}`);
    numberOf.set(section.name, next);
    next += section.relocs?.length ? 2 : 1;
  }
  const symtab = next;
  const strtab = next + 1;

  const headers: Header[] = [
    { name: '', type: 0, flags: 0, align: 0, entSize: 0, link: 0, info: 0, size: 0, data: new Uint8Array(0) },
  ];
  for (const section of spec.sections) {
    const data = section.data ?? new Uint8Array(0);
    const type = section.type ?? SHT_PROGBITS;
    headers.push({
      name: section.name,
      type,
      flags: section.flags ?? 0,
      align: section.align ?? 1,
      entSize: section.entSize ?? 0,
      link: 0,
      info: 0,
      size: type === SHT_NOBITS ? (section.size ?? 0) : data.length,
      data,
    });
    const relocs = section.relocs ?? [];
    if (relocs.length === 0) continue;
    const bytes = table(relocs.length, REL_BYTES, (view, at, i) => {
      const reloc = must(relocs[i], 'relocation');
      view.setBigUint64(at, BigInt(reloc.offset), true);
      view.setUint32(at + 8, reloc.type, true);
      view.setUint32(
        at + 12,
        must(newIndex.get(reloc.symbol), `symbol ${reloc.symbol} of a relocation`),
        true,
      );
    });
    headers.push({
      name: `.rel${section.name}`,
      type: SHT_REL,
      flags: SHF_INFO_LINK,
      align: 8,
      entSize: REL_BYTES,
      link: symtab,
      info: must(numberOf.get(section.name), section.name),
      size: bytes.length,
      data: bytes,
    });
  }
  const sectionNumber = (section: ElfSymbolSpec['section']): number =>
    section === null
      ? SHN_UNDEF
      : typeof section === 'number'
        ? section
        : must(numberOf.get(section), `ELF section ${section}`);
  const symbols = table(order.length + 1, SYM_BYTES, (view, at, i) => {
    if (i === 0) return;
    const { symbol } = must(order[i - 1], 'symbol');
    view.setUint32(at, symbol.type === STT_SECTION ? 0 : names.add(symbol.name), true);
    view.setUint8(at + 4, (symbol.bind << 4) | symbol.type);
    view.setUint8(at + 5, symbol.visibility ?? 0);
    view.setUint16(at + 6, sectionNumber(symbol.section), true);
    view.setBigUint64(at + 8, BigInt(symbol.value ?? 0), true);
    view.setBigUint64(at + 16, BigInt(symbol.size ?? 0), true);
  });
  headers.push({
    name: '.symtab',
    type: SHT_SYMTAB,
    flags: 0,
    align: 8,
    entSize: SYM_BYTES,
    link: strtab,
    // One past the last local symbol; the null symbol is local too.
    info: 1 + order.filter(({ symbol }) => symbol.bind === STB_LOCAL).length,
    size: symbols.length,
    data: symbols,
  });
  for (const header of headers) names.add(header.name);
  names.add('.strtab');
  const strings = names.bytes();
  headers.push({
    name: '.strtab',
    type: SHT_STRTAB,
    flags: 0,
    align: 1,
    entSize: 0,
    link: 0,
    info: 0,
    size: strings.length,
    data: strings,
  });
  return assemble(headers, names, strtab);
}

function assemble(headers: readonly Header[], names: StringTable, shstrndx: number): Uint8Array {
  let end = EHDR_BYTES;
  const offsets = headers.map((header) => {
    const at = alignUp(end, Math.max(header.align, 1));
    end = at + header.data.length;
    return at;
  });
  const shoff = alignUp(end, 8);
  const out = new Uint8Array(shoff + headers.length * SHDR_BYTES);
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_REL, true);
  view.setUint16(18, EM_BPF, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(shoff), true);
  view.setUint16(52, EHDR_BYTES, true);
  view.setUint16(58, SHDR_BYTES, true);
  view.setUint16(60, headers.length, true);
  view.setUint16(62, shstrndx, true);
  headers.forEach((header, i) => {
    const offset = offsets[i] ?? 0;
    out.set(header.data, offset);
    if (i === 0) return;
    const at = shoff + i * SHDR_BYTES;
    view.setUint32(at, names.add(header.name), true);
    view.setUint32(at + 4, header.type, true);
    view.setBigUint64(at + 8, BigInt(header.flags), true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(header.size), true);
    view.setUint32(at + 40, header.link, true);
    view.setUint32(at + 44, header.info, true);
    view.setBigUint64(at + 48, BigInt(header.align), true);
    view.setBigUint64(at + 56, BigInt(header.entSize), true);
  });
  return out;
}
