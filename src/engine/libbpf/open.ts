/**
 * bpf_object__open: from the bytes of an ELF file to programs, maps and externs. Nothing is asked of the
 * kernel yet.
 *
 *     ELF -> BTF, .BTF.ext -> externs -> BTF for the kernel -> maps -> programs -> relocations
 *
 * Source: libbpf.c bpf_object__elf_collect, bpf_object_open.
 */
import { Errno } from '../../shared/errno.ts';
import { cString } from '../../shared/utf8.ts';
import { readBtfExt } from '../btf/ext.ts';
import { Btf, BtfFormatError } from '../btf/parse.ts';
import { SHT_PROGBITS } from '../elf/elf.ts';
import { ElfFormatError, readElf } from '../elf/read.ts';
import type { ElfFile } from '../elf/read.ts';
import { isArenaData, withArenaData } from './arena_data.ts';
import { fixupBtf } from './btf_fixup.ts';
import { collectPrograms, collectRelocs, isCode, TEXT } from './collect.ts';
import { BPF_OBJ_NAME_MAX, dataOrigin, globalDataMaps } from './data_maps.ts';
import { collectExterns } from './externs.ts';
import { parseUserMaps } from './map_def.ts';
import { collectMapSlots } from './map_slots.ts';
import { LIBBPF_ERRNO__FORMAT, Messages } from './messages.ts';
import type { ErrorStyle } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec, BpfObject, BpfProgramSpec, OpenResult, SectionInfo } from './object.ts';

export interface OpenOptions {
  /** The file's path, as messages show it; the object's name follows from it. */
  readonly path: string;
  /** The object's name, when it is not the file's up to the first dot. */
  readonly name?: string;
  readonly errorStyle?: ErrorStyle;
}

const LICENSE_MAX = 63;
const MAPS = '.maps';

/** A section of global data beyond this is refused: it would have to be one allocation. */
const MAX_DATA_BYTES = 1 << 28;

/** Sections that are read elsewhere or mean nothing to libbpf. */
const KNOWN_SECTIONS: ReadonlySet<string> = new Set(['license', 'version', MAPS, '.BTF', '.BTF.ext']);

/**
 * @returns the object, or the errno with what was said; a damaged file is an errno too
 * @kernel bpf_object__open_mem, libbpf.c
 * @fidelity partial: struct_ops are refused
 */
export function openObject(bytes: Uint8Array, options: OpenOptions): OpenResult {
  const log = new Messages(options.errorStyle ?? 'strerror');
  try {
    return { ok: true, object: open(bytes, options, log), messages: log.lines };
  } catch (error) {
    if (error instanceof LibbpfError) return { ok: false, errno: error.errno, messages: log.lines };
    throw error;
  }
}

function open(bytes: Uint8Array, options: OpenOptions, log: Messages): BpfObject {
  const file = options.path.slice(options.path.lastIndexOf('/') + 1);
  const name = (options.name ?? file.replace(/\..*$/s, '')).slice(0, BPF_OBJ_NAME_MAX);
  const elf = readFile(bytes, options.path, log);
  checkSections(elf, log);
  const { btf, info } = readTypes(elf, log);
  const externs = collectExterns(elf, btf, log);
  const programs = collectPrograms(elf, log);
  const hidden = new Set(programs.filter((p) => p.hidden).map((p) => p.name));
  const btfForKernel = btf && fixupBtf(elf, btf, externs, hidden);
  const fixed = btfForKernel && Btf.parse(btfForKernel);
  const maps = [
    ...userMaps(elf, fixed, programs, log),
    ...globalDataMaps(name, elf.sections, fixed, externs),
  ];
  const text = elf.sections.find((s) => s.name === TEXT && isCode(s))?.index ?? 0;
  const license = elf.section('license');
  return {
    name,
    path: options.path,
    license: license ? cString(license.data).slice(0, LICENSE_MAX) : '',
    btf,
    btfForKernel,
    info,
    programs: collectRelocs(elf, programs, { maps, externs, text }, log),
    maps,
    externs,
  };
}

function readFile(bytes: Uint8Array, path: string, log: Messages): ElfFile {
  try {
    return readElf(bytes);
  } catch (error) {
    if (!(error instanceof ElfFormatError)) throw error;
    log.warn(`elf: ${path} is not a valid eBPF object file`);
    log.warn(error.message.replace(/^ELF: /, 'elf: '));
    throw new LibbpfError(-LIBBPF_ERRNO__FORMAT);
  }
}

function checkSections(elf: ElfFile, log: Messages): void {
  if (elf.symbols.length === 0) {
    log.warn(`elf: couldn't find symbol table, stripped object file?`);
    throw new LibbpfError(-LIBBPF_ERRNO__FORMAT);
  }
  for (const section of elf.sections) {
    if (section.name === 'maps') {
      log.warn(`elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+`);
      throw new LibbpfError(-Errno.ENOTSUPP);
    }
    if (/^\??\.struct_ops/.test(section.name)) {
      log.warn(`elf: section '${section.name}' is not supported here`);
      throw new LibbpfError(-Errno.ENOTSUPP);
    }
    if (dataOrigin(section) !== null && section.size > MAX_DATA_BYTES) {
      log.warn(`elf: section '${section.name}' of ${section.size} bytes is too large here`);
      throw new LibbpfError(-Errno.E2BIG);
    }
    const ignored =
      section.type !== SHT_PROGBITS ||
      section.data.length === 0 ||
      isCode(section) ||
      KNOWN_SECTIONS.has(section.name) ||
      section.name.startsWith('.debug_') ||
      isArenaData(section) ||
      dataOrigin(section) !== null;
    if (!ignored) log.warn(`elf: skipping unrecognized data section(${section.index}) ${section.name}`);
  }
}

/** .BTF must be right if present; .BTF.ext is left out when it is not. */
function readTypes(elf: ElfFile, log: Messages): { btf: Btf | null; info: Map<number, SectionInfo> } {
  const info = new Map<number, SectionInfo>();
  const data = elf.section('.BTF')?.data;
  if (!data) return { btf: null, info };
  const failed = (section: string, error: unknown): string => {
    if (!(error instanceof BtfFormatError)) throw error;
    return `Error loading ELF section ${section}: ${-Errno.EINVAL}.`;
  };
  let btf: Btf;
  try {
    btf = Btf.parse(data);
  } catch (error) {
    log.warn(failed('.BTF', error));
    log.warn('BTF is required, but is missing or corrupted.');
    throw new LibbpfError(-Errno.ENOENT);
  }
  const ext = elf.section('.BTF.ext')?.data;
  if (!ext) return { btf, info };
  try {
    for (const part of readBtfExt(ext)) {
      const section = elf.section(btf.string(part.secNameOff));
      if (section) info.set(section.index, part);
    }
  } catch (error) {
    log.warn(`${failed('.BTF.ext', error)} Ignored and continue.`);
    info.clear();
  }
  return { btf, info };
}

/** Maps of `.maps`, with what the source puts into maps of maps and program arrays. */
function userMaps(
  elf: ElfFile,
  btf: Btf | null,
  programs: readonly BpfProgramSpec[],
  log: Messages,
): BpfMapSpec[] {
  const section = elf.section(MAPS);
  if (!section) return withArenaData(elf, [], log);
  if (!btf) {
    log.warn('BTF is required, but is missing or corrupted.');
    throw new LibbpfError(-Errno.ENOENT);
  }
  const maps = parseUserMaps(btf, section, log);
  collectMapSlots(elf, section, maps, programs, log);
  return withArenaData(elf, maps, log);
}
