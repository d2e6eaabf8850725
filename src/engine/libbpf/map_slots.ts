/**
 * What the source puts into maps of maps and program arrays: `.values = { [1] = &inner }`.
 *
 * Each is a relocation of `.maps`. Maps are stored once they are all created, programs once they are loaded.
 *
 * Source: libbpf.c bpf_object__collect_map_relos, init_map_in_map_slots, init_prog_array_slots.
 */
import type { Bytes } from '../../shared/brand.ts';
import { Errno } from '../../shared/errno.ts';
import type { ElfSection } from '../elf/elf.ts';
import type { ElfFile } from '../elf/read.ts';
import { BPF_MAP_TYPE_PROG_ARRAY } from './map_def.ts';
import { LIBBPF_ERRNO__RELOC } from './messages.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec, BpfProgramSpec, MapSlot } from './object.ts';
import type { BpfSyscalls } from './syscalls.ts';

const POINTER: Bytes = 8;

/**
 * Reads the slots of every map from the relocations of `.maps`.
 *
 * @throws LibbpfError after saying what is wrong
 * @kernel bpf_object__collect_map_relos, libbpf.c
 * @fidelity partial: the slots of struct_ops are refused
 */
export function collectMapSlots(
  elf: ElfFile,
  section: ElfSection,
  maps: readonly (BpfMapSpec & { readonly valuesAt: Bytes })[],
  programs: readonly BpfProgramSpec[],
  log: Messages,
): void {
  for (const [i, rel] of elf.relocs(section.index).entries()) {
    const fail = (text: string, errno: number = Errno.EINVAL): never => {
      log.warn(`.maps relo #${i}: ${text}`);
      throw new LibbpfError(-errno);
    };
    const symbol = elf.symbols[rel.symbol];
    const name = symbol?.name ?? '?';
    const owner = maps.findLast((map) => map.sectionOffset <= rel.offset);
    if (!owner) return fail(`cannot find map '${name}' at rel->r_offset ${rel.offset}`);
    const index = (rel.offset - owner.sectionOffset - owner.valuesAt) / POINTER;
    if (index < 0 || !Number.isInteger(index)) return fail(`bad offset ${rel.offset}`);
    if (owner.def.type === BPF_MAP_TYPE_PROG_ARRAY) {
      const prog = programs.find((each) => each.name === name);
      if (!prog) return fail(`'${name}' isn't a valid program reference`, Errno.ESRCH);
      if (prog.subprog || prog.sectionIndex !== symbol?.section)
        return fail(`'${name}' isn't an entry-point program`, LIBBPF_ERRNO__RELOC);
      owner.slots.push({ index, prog: name });
      continue;
    }
    const map = maps.findIndex(
      (each) => symbol?.section === section.index && each.sectionOffset === symbol.value,
    );
    if (map < 0 || !owner.inner) return fail(`'${name}' isn't a BTF-defined map`);
    owner.slots.push({ index, map });
  }
}

/**
 * Stores the fds of what stands in a map's slots.
 *
 * @param fdOf null: not now
 * @throws LibbpfError after saying what is wrong
 */
export function fillSlots(
  map: BpfMapSpec,
  fd: number,
  fdOf: (slot: MapSlot) => { readonly what: string; readonly fd: number } | null,
  sys: BpfSyscalls,
  log: Messages,
): void {
  if (!map.autocreate) return;
  for (const slot of map.slots) {
    const target = fdOf(slot);
    if (!target) continue;
    const errno = target.fd < 0 ? -Errno.EINVAL : sys.mapUpdate(fd, u32(slot.index), u32(target.fd), 0);
    if (errno >= 0) continue;
    log.warn(
      `map '${map.name}': failed to initialize slot [${slot.index}] to ${target.what} fd=${target.fd}: ${log.number(errno)}`,
    );
    throw new LibbpfError(errno);
  }
}

/** A key or fd as bytes. */
export const u32 = (n: number): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, n, true);
  return out;
};
