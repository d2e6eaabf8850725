/**
 * Programs and their relocations, from sections and symbols. Every function symbol of a code section is a
 * program; those of `.text` are subprograms. A relocation says what an instruction refers to: a map, a
 * byte of global data, an extern, another function.
 *
 * Source: libbpf.c bpf_object__add_programs, bpf_program__record_reloc.
 */
import { Errno } from '../../shared/errno.ts';
import type { Insn } from '../abi/insn.ts';
import { decodeInsns, INSN_BYTES } from '../abi/insn.ts';
import { BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL, LD_IMM64 } from '../abi/opcode.ts';
import {
  SHF_EXECINSTR,
  SHN_LORESERVE,
  SHT_PROGBITS,
  STB_LOCAL,
  STT_FUNC,
  STT_SECTION,
  STV_HIDDEN,
} from '../elf/elf.ts';
import type { ElfSection, ElfSymbol } from '../elf/elf.ts';
import type { ElfFile } from '../elf/read.ts';
import { isExternSymbol } from './externs.ts';
import { isArena, isArenaData } from './arena_data.ts';
import type { Messages } from './messages.ts';
import { LIBBPF_ERRNO__FORMAT, LIBBPF_ERRNO__RELOC } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec, BpfProgramSpec, Extern, Reloc } from './object.ts';
import { findSectionDef, parseSectionName } from '../abi/section.ts';

export const TEXT = '.text';

export const isCode = (section: ElfSection): boolean =>
  section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.data.length > 0;

/**
 * The programs of all code sections, without relocations.
 *
 * @throws LibbpfError after saying what is wrong
 */
export function collectPrograms(elf: ElfFile, log: Messages): BpfProgramSpec[] {
  return elf.sections.filter(isCode).flatMap((section) => {
    const { name, autoload } = parseSectionName(section.name);
    const subprog = section.name === TEXT;
    return elf.symbols
      .filter((s) => s.section === section.index && s.type === STT_FUNC)
      .map((symbol) => {
        const { value, size } = symbol;
        if (value + size > section.data.length || value % INSN_BYTES !== 0 || size % INSN_BYTES !== 0) {
          log.warn(`sec '${section.name}': program at offset ${value} crosses section boundary`);
          throw new LibbpfError(-LIBBPF_ERRNO__FORMAT);
        }
        if (!subprog && symbol.bind === STB_LOCAL) {
          log.warn(`sec '${section.name}': static program '${symbol.name}' is not supported`);
          throw new LibbpfError(-Errno.ENOTSUPP);
        }
        return {
          name: symbol.name,
          section: name,
          sectionIndex: section.index,
          sectionOffset: value / INSN_BYTES,
          subprog,
          def: subprog ? null : findSectionDef(name),
          hidden: symbol.bind !== STB_LOCAL && symbol.visibility === STV_HIDDEN,
          insns: decodeInsns(section.data.subarray(value, value + size)),
          relocs: [],
          autoload,
        };
      });
  });
}

/** The function that holds an instruction of a section. */
export const programAt = (
  programs: readonly BpfProgramSpec[],
  sectionIndex: number,
  insn: number,
): BpfProgramSpec | undefined =>
  programs.find(
    (p) =>
      p.sectionIndex === sectionIndex && insn >= p.sectionOffset && insn < p.sectionOffset + p.insns.length,
  );

/** What relocations can point to. */
export interface RelocTargets {
  readonly maps: readonly BpfMapSpec[];
  readonly externs: readonly Extern[];
  /** Index of .text, or 0. */
  readonly text: number;
}

/**
 * The programs with what their instructions refer to.
 *
 * @throws LibbpfError after saying what is wrong
 */
export function collectRelocs(
  elf: ElfFile,
  programs: readonly BpfProgramSpec[],
  targets: RelocTargets,
  log: Messages,
): BpfProgramSpec[] {
  const found = new Map<BpfProgramSpec, Reloc[]>();
  for (const section of elf.sections.filter(isCode)) {
    for (const [i, rel] of elf.relocs(section.index).entries()) {
      if (rel.offset % INSN_BYTES !== 0) {
        log.warn(`sec '${section.name}': relo #${i}: invalid offset 0x${rel.offset.toString(16)}`);
        throw new LibbpfError(-LIBBPF_ERRNO__FORMAT);
      }
      const symbol = elf.symbols[rel.symbol];
      const index = rel.offset / INSN_BYTES;
      // Code that no function symbol covers: an overridden weak function.
      const prog = programAt(programs, section.index, index);
      if (!symbol || !prog) continue;
      const list = found.get(prog) ?? [];
      found.set(prog, list);
      list.push(recordReloc(elf, prog, index - prog.sectionOffset, symbol, targets, log));
    }
  }
  return programs.map((prog) => ({
    ...prog,
    relocs: (found.get(prog) ?? []).toSorted((a, b) => a.insn - b.insn),
  }));
}

function recordReloc(
  elf: ElfFile,
  prog: BpfProgramSpec,
  at: number,
  symbol: ElfSymbol,
  { maps, externs, text }: RelocTargets,
  log: Messages,
): Reloc {
  const fail = (message: string): never => {
    log.warn(`prog '${prog.name}': ${message}`);
    throw new LibbpfError(-LIBBPF_ERRNO__RELOC);
  };
  const insn: Insn = prog.insns[at] ?? { code: 0, dst: 0, src: 0, off: 0, imm: 0 };
  const isCall = insn.code === (BPF_JMP | BPF_CALL);
  const { name } = symbol;
  if (!isCall && insn.code !== LD_IMM64)
    return fail(`invalid relo against '${name}' for insns[${at}].code 0x${insn.code.toString(16)}`);
  if (isExternSymbol(symbol)) {
    const index = externs.findIndex((e) => e.name === name);
    if (index < 0) return fail(`extern relo failed to find extern for '${name}' (${symbol.index})`);
    return { kind: isCall ? 'extern_call' : 'extern_ld64', insn: at, extern: index };
  }
  const section = elf.sections[symbol.section];
  if (isCall) {
    if (insn.src !== BPF_PSEUDO_CALL) return fail('incorrect bpf_call opcode');
    if (text === 0 || symbol.section !== text)
      return fail(`bad call relo against '${name}' in section '${section?.name ?? '<?>'}'`);
    if (symbol.value % INSN_BYTES !== 0)
      return fail(`bad call relo against '${name}' at offset ${symbol.value}`);
    return { kind: 'call', insn: at, offset: symbol.value };
  }
  if (!section || symbol.section === 0 || symbol.section >= SHN_LORESERVE)
    return fail(
      `invalid relo against '${name}' in special section 0x${symbol.section.toString(16)}; forgot to initialize global var?..`,
    );
  if (symbol.section === text && (symbol.type === STT_SECTION || symbol.type === STT_FUNC)) {
    if (symbol.value % INSN_BYTES !== 0 || insn.imm % INSN_BYTES !== 0)
      return fail(`bad subprog addr relo against '${name}' at offset ${symbol.value}+${insn.imm}`);
    return { kind: 'subprog_addr', insn: at, offset: symbol.value };
  }
  const inSection = (m: BpfMapSpec): boolean => m.sectionIndex === symbol.section;
  if (section.name === '.maps') {
    const map = maps.findIndex((m) => inSection(m) && m.sectionOffset === symbol.value);
    if (map < 0)
      return fail(`map relo failed to find map for section '${section.name}', off ${symbol.value}`);
    return { kind: 'map', insn: at, map };
  }
  const map = maps.findIndex(isArenaData(section) ? isArena : inSection);
  if (map < 0) return fail(`bad map relo against '${name}' in section '${section.name}'`);
  return { kind: 'data', insn: at, map, offset: symbol.value };
}
