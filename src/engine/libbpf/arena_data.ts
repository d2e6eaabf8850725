/**
 * Global variables of an arena (`__arena`): a section that is no map of its own but the first bytes of the object's
 * one arena. libbpf maps the arena where its map_extra says, or wherever there is room, before programs are loaded:
 * their instructions carry its user addresses.
 *
 * Source: libbpf.c init_arena_map_data, bpf_object__init_user_btf_maps, bpf_object__create_maps.
 */
import { Errno } from '../../shared/errno.ts';
import type { ElfSection } from '../elf/elf.ts';
import { SHT_PROGBITS } from '../elf/elf.ts';
import type { ElfFile } from '../elf/read.ts';
import { BPF_MAP_TYPE_ARENA } from './map_def.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec } from './object.ts';
import type { BpfSyscalls } from './syscalls.ts';

const ARENA_SECTION = '.addr_space.1';
const PAGE_SIZE = 4096;

export const isArenaData = (section: ElfSection): boolean =>
  section.name === ARENA_SECTION && section.type === SHT_PROGBITS && section.data.length > 0;
export const isArena = ({ def }: BpfMapSpec): boolean => def.type === BPF_MAP_TYPE_ARENA;

/**
 * The maps, the arena among them with its global variables.
 *
 * @throws LibbpfError for a second arena, or data that no arena has room for, after saying so
 */
export function withArenaData<T extends BpfMapSpec>(elf: ElfFile, maps: readonly T[], log: Messages): T[] {
  const [arena, second] = maps.filter(isArena);
  if (arena && second) {
    log.warn(`map '${second.name}': only single ARENA map is supported (map '${arena.name}' is also ARENA)`);
    throw new LibbpfError(-Errno.EINVAL);
  }
  const section = elf.sections.find(isArenaData);
  if (!section) return [...maps];
  if (!arena) {
    log.warn(
      `elf: sec '${ARENA_SECTION}': to use global __arena variables the ARENA map should be explicitly declared in SEC(".maps")`,
    );
    throw new LibbpfError(-Errno.ENOENT);
  }
  const room = arena.def.maxEntries * PAGE_SIZE;
  if (section.data.length > room) {
    log.warn(
      `elf: sec '${ARENA_SECTION}': declared ARENA map size (${room}) is too small to hold global __arena variables of size ${section.data.length}`,
    );
    throw new LibbpfError(-Errno.E2BIG);
  }
  return maps.map((map) => (map === arena ? { ...map, arenaData: section.data } : map));
}

/** @throws LibbpfError after saying what is wrong */
export function mmapArena(map: BpfMapSpec, fd: number, sys: BpfSyscalls, log: Messages): void {
  const err = sys.mmapArena(fd, map.arenaData ?? new Uint8Array(0));
  if (err === 0) return;
  log.warn(`map '${map.name}': failed to mmap arena: ${log.number(err)}`);
  throw new LibbpfError(err);
}
