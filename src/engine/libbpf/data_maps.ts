/**
 * Global variables are maps: each data section becomes an array of one element that holds the whole
 * section.
 *
 * Source: libbpf.c bpf_object__init_global_data_maps.
 */
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import { SHF_EXECINSTR, SHT_NOBITS, SHT_PROGBITS } from '../elf/elf.ts';
import type { ElfSection } from '../elf/elf.ts';
import { BPF_MAP_TYPE_ARRAY, emptyMapDef } from './map_def.ts';
import type { BpfMapSpec, Extern, MapOrigin } from './object.ts';

/** Longest name the kernel keeps. */
export const BPF_OBJ_NAME_MAX = 15;
const BPF_F_RDONLY_PROG = 0x80;
const BPF_F_MMAPABLE = 0x400;

/** Prefixes of section names and what they hold. */
const ORIGINS: readonly { readonly prefix: string; readonly type: number; readonly origin: MapOrigin }[] = [
  { prefix: '.data', type: SHT_PROGBITS, origin: 'data' },
  { prefix: '.rodata', type: SHT_PROGBITS, origin: 'rodata' },
  { prefix: '.bss', type: SHT_NOBITS, origin: 'bss' },
];

/** What a section of global data holds; null for other sections. */
export function dataOrigin(section: ElfSection): MapOrigin | null {
  if (section.size === 0 || (section.flags & SHF_EXECINSTR) !== 0) return null;
  const found = ORIGINS.find(
    ({ prefix, type }) =>
      section.type === type && (section.name === prefix || section.name.startsWith(`${prefix}.`)),
  );
  return found?.origin ?? null;
}

/**
 * `.rodata` of the object `task_file_doc` is the map `task_fil.rodata`: eight characters of the object's name, seven
 * for the section. A section with a second dot keeps its own name.
 *
 * @kernel internal_map_name, libbpf.c
 * @fidelity full: src/engine/libbpf/recorded.test.ts
 */
export function dataMapName(object: string, section: string): string {
  const suffix = Math.min(Math.max(7, section.length), BPF_OBJ_NAME_MAX);
  const prefix = section.includes('.', 1) ? 0 : Math.min(BPF_OBJ_NAME_MAX - suffix, object.length);
  return (object.slice(0, prefix) + section.slice(0, suffix)).replaceAll(/[^A-Za-z0-9_.]/g, '_');
}

/** User space may map a section that has a variable seen from outside. */
function isMmapable(btf: Btf, section: string): boolean {
  const datasec = btf.type(btf.find(section, Kind.DATASEC));
  return (
    datasec.kind === Kind.DATASEC &&
    datasec.vars.some((info) => {
      const variable = btf.type(info.type);
      return variable.kind === Kind.VAR && variable.linkage !== 0;
    })
  );
}

function dataMap(
  object: string,
  btf: Btf | null,
  origin: MapOrigin,
  section: { name: string; index: number },
  initial: Uint8Array,
): BpfMapSpec {
  const readOnly = origin === 'rodata' || origin === 'kconfig';
  const mmapable = btf !== null && isMmapable(btf, section.name);
  return {
    name: dataMapName(object, section.name),
    origin,
    section: section.name,
    sectionIndex: section.index,
    sectionOffset: 0,
    def: {
      ...emptyMapDef(),
      type: BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: initial.length,
      maxEntries: 1,
      flags: (readOnly ? BPF_F_RDONLY_PROG : 0) | (mmapable ? BPF_F_MMAPABLE : 0),
      btfValueTypeId: btf?.find(section.name, Kind.DATASEC) ?? 0,
    },
    initial,
    inner: null,
    slots: [],
    pinPath: null,
    autocreate: true,
  };
}

/**
 * One map for each section of global data, in the order of the file, and one for `__kconfig` externs.
 *
 * @param object the object's name
 */
export function globalDataMaps(
  object: string,
  sections: readonly ElfSection[],
  btf: Btf | null,
  externs: readonly Extern[],
): BpfMapSpec[] {
  const maps = sections.flatMap((section) => {
    const origin = dataOrigin(section);
    if (!origin) return [];
    const initial = new Uint8Array(section.size);
    initial.set(section.data);
    return [dataMap(object, btf, origin, section, initial)];
  });
  const end = Math.max(0, ...externs.map((e) => (e.kind === 'kconfig' ? e.offset + e.size : 0)));
  // No ELF section has index -1: references come through the extern.
  if (end > 0)
    maps.push(dataMap(object, btf, 'kconfig', { name: '.kconfig', index: -1 }, new Uint8Array(end)));
  return maps;
}
