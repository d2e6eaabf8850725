/**
 * The numbers of ELF64 for EM_BPF, and what a section, a symbol and a relocation look like once read.
 *
 * Source: the System V ABI's object file chapter, Documentation/bpf/llvm_reloc.rst.
 */
import type { Bytes } from '../../shared/brand.ts';

export const EM_BPF = 247;
export const ET_REL = 1;
export const EHDR_BYTES = 64;
export const SHDR_BYTES = 64;
export const SYM_BYTES = 24;
export const REL_BYTES = 16;

export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;

export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHF_MERGE = 0x10;
export const SHF_STRINGS = 0x20;
export const SHF_INFO_LINK = 0x40;

export const SHN_UNDEF = 0;
/** From here on a section number is a code, not an index. */
export const SHN_LORESERVE = 0xff00;
export const SHN_ABS = 0xfff1;

export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;

export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;

export const STV_DEFAULT = 0;
export const STV_HIDDEN = 2;

/** On ld_imm64: a map or a byte in a data section. */
export const R_BPF_64_64 = 1;
/** 64-bit address in data. */
export const R_BPF_64_ABS64 = 2;
/** On a call. */
export const R_BPF_64_32 = 10;

export interface ElfSection {
  /** Place in the section header table; 0 is the null section. */
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly align: Bytes;
  readonly entSize: Bytes;
  readonly link: number;
  readonly info: number;
  /** Bytes in memory; SHT_NOBITS sections have a size and no data. */
  readonly size: Bytes;
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly index: number;
  /** Section symbols have the name of their section. */
  readonly name: string;
  /** Offset in its section. */
  readonly value: Bytes;
  readonly size: Bytes;
  /** STT_* */
  readonly type: number;
  /** STB_* */
  readonly bind: number;
  /** STV_* */
  readonly visibility: number;
  /** Section index, SHN_UNDEF for externs, SHN_ABS. */
  readonly section: number;
}

export interface ElfReloc {
  /** From the start of the section it changes. */
  readonly offset: Bytes;
  /** Index of the symbol. */
  readonly symbol: number;
  /** R_BPF_* */
  readonly type: number;
}
