/**
 * Maps defined with BTF: a variable in `.maps` whose struct type says what the map is. libbpf reads types,
 * not values: `__uint(max_entries, 64)` is a pointer to an array of 64 ints.
 *
 * Source: libbpf.c parse_btf_map_def, bpf_object__init_user_btf_maps.
 */
import type { Bytes, TypeId } from '../../shared/brand.ts';
import { Errno } from '../../shared/errno.ts';
import { resolve } from '../btf/layout.ts';
import type { Btf } from '../btf/parse.ts';
import { Kind } from '../btf/types.ts';
import type { BtfMember, StructLike } from '../btf/types.ts';
import type { ElfSection } from '../elf/elf.ts';
import { isComposite, isEnum, KIND_TEXT, resolveSize } from './core_types.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfMapSpec, MapDef } from './object.ts';

export const BPF_MAP_TYPE_ARRAY = 2;
export const BPF_MAP_TYPE_PROG_ARRAY = 3;
export const BPF_MAP_TYPE_ARENA = 33;
const MAPS_OF_MAPS: readonly number[] = [12, 13];
const RINGBUFS: readonly number[] = [27, 31];
const LIBBPF_PIN_BY_NAME = 1;
const PAGE_SIZE = 4096;
const BPFFS = '/sys/fs/bpf';
const LINKAGE: readonly string[] = ['static', 'global', 'extern'];

export const emptyMapDef = (): MapDef => ({
  type: 0,
  keySize: 0,
  valueSize: 0,
  maxEntries: 0,
  flags: 0,
  numaNode: 0,
  mapExtra: 0n,
  btfKeyTypeId: 0,
  btfValueTypeId: 0,
});

/**
 * The size of a ring buffer: the next power of two times a page.
 *
 * @kernel adjust_ringbuf_sz, libbpf.c
 * @fidelity full: src/engine/libbpf/recorded.test.ts
 */
export function adjustRingbufSize(size: Bytes): Bytes {
  if (size === 0) return 0;
  let rounded = PAGE_SIZE;
  while (rounded < size) rounded *= 2;
  return rounded > 0xffff_ffff ? size : rounded;
}

interface Parsed {
  readonly def: MapDef;
  inner: MapDef | null;
  pinned: boolean;
  /** Offset of the `values` member. */
  valuesAt: Bytes;
}

/** Members that are a plain number, and where they go. */
const NUMBERS: Readonly<Record<string, (def: MapDef, value: number) => void>> = {
  type: (def, n) => (def.type = n),
  max_entries: (def, n) => (def.maxEntries = n),
  map_flags: (def, n) => (def.flags = n),
  numa_node: (def, n) => (def.numaNode = n),
};

class MapParser {
  private readonly btf: Btf;
  private readonly log: Messages;
  constructor(btf: Btf, log: Messages) {
    this.btf = btf;
    this.log = log;
  }

  private fail(map: string, text: string, errno: number = Errno.EINVAL): never {
    this.log.warn(`map '${map}': ${text}`);
    throw new LibbpfError(-errno);
  }

  private kindText(id: TypeId): string {
    return KIND_TEXT[this.btf.kind(id)];
  }

  /** The N of `__uint(name, N)`. */
  private number(map: string, member: BtfMember): number {
    const ptr = this.btf.type(resolve(this.btf, member.type));
    if (ptr.kind !== Kind.PTR)
      return this.fail(map, `attr '${member.name}': expected PTR, got ${KIND_TEXT[ptr.kind]}.`);
    const array = this.btf.type(ptr.type);
    if (array.kind !== Kind.ARRAY)
      return this.fail(map, `attr '${member.name}': expected ARRAY, got ${KIND_TEXT[array.kind]}.`);
    return array.nelems;
  }

  /** The value of `__ulong(name, N)`: an enum of one, or as `__uint`. */
  private long(map: string, member: BtfMember): bigint {
    const ptr = this.btf.type(resolve(this.btf, member.type));
    const pointee = ptr.kind === Kind.PTR ? this.btf.type(resolve(this.btf, ptr.type)) : ptr;
    const value = isEnum(pointee) ? pointee.values[0]?.value : undefined;
    return value ?? BigInt(this.number(map, member));
  }

  /** Size and type of `__type(key, T)`. */
  private typed(map: string, what: 'key' | 'value', member: BtfMember): { id: TypeId; size: Bytes } {
    const ptr = this.btf.type(member.type);
    if (ptr.kind !== Kind.PTR)
      return this.fail(map, `${what} spec is not PTR: ${this.kindText(member.type)}.`);
    const size = resolveSize({ btf: this.btf, id: ptr.type });
    if (size === null)
      return this.fail(map, `can't determine ${what} size for type [${ptr.type}]: ${-Errno.EINVAL}.`);
    return { id: ptr.type, size };
  }

  private setSize(map: string, def: MapDef, what: 'key' | 'value', size: Bytes): void {
    const field = what === 'key' ? 'keySize' : 'valueSize';
    if (def[field] !== 0 && def[field] !== size)
      this.fail(map, `conflicting ${what} size ${def[field]} != ${size}.`);
    def[field] = size;
  }

  parse(map: string, struct: StructLike, inner: boolean): Parsed {
    const parsed: Parsed = { def: emptyMapDef(), inner: null, pinned: false, valuesAt: 0 };
    const { def } = parsed;
    for (const [i, member] of struct.members.entries()) {
      const set = NUMBERS[member.name];
      if (set) {
        set(def, this.number(map, member));
        continue;
      }
      switch (member.name) {
        case '':
          return this.fail(map, `invalid field #${i}.`);
        case 'key_size':
          this.setSize(map, def, 'key', this.number(map, member));
          break;
        case 'value_size':
          this.setSize(map, def, 'value', this.number(map, member));
          break;
        case 'key': {
          const { id, size } = this.typed(map, 'key', member);
          this.setSize(map, def, 'key', size);
          def.btfKeyTypeId = id;
          break;
        }
        case 'value': {
          const { id, size } = this.typed(map, 'value', member);
          this.setSize(map, def, 'value', size);
          def.btfValueTypeId = id;
          break;
        }
        case 'values':
          if (inner) this.fail(map, 'multi-level inner maps not supported.', Errno.ENOTSUPP);
          if (i !== struct.members.length - 1) this.fail(map, `'${member.name}' member should be last.`);
          parsed.inner = this.values(map, def, member);
          parsed.valuesAt = member.bitOffset / 8;
          break;
        case 'pinning': {
          if (inner) this.fail(map, `inner def can't be pinned.`);
          const value = this.number(map, member);
          if (value > LIBBPF_PIN_BY_NAME) this.fail(map, `invalid pinning value ${value}.`);
          parsed.pinned = value === LIBBPF_PIN_BY_NAME;
          break;
        }
        case 'map_extra':
          def.mapExtra = this.long(map, member);
          break;
        default:
          this.fail(map, `unknown field '${member.name}'.`, Errno.ENOTSUPP);
      }
    }
    if (def.type === 0) this.fail(map, `map type isn't specified.`);
    if (RINGBUFS.includes(def.type)) def.maxEntries = adjustRingbufSize(def.maxEntries);
    return parsed;
  }

  /** `__array(values, T)`: the definition of the maps inside, or null for programs. */
  private values(map: string, def: MapDef, member: BtfMember): MapDef | null {
    const programs = def.type === BPF_MAP_TYPE_PROG_ARRAY;
    const what = programs ? 'prog-array' : 'map-in-map';
    if (!programs && !MAPS_OF_MAPS.includes(def.type))
      this.fail(map, 'should be map-in-map or prog-array.', Errno.ENOTSUPP);
    if (def.valueSize !== 0 && def.valueSize !== 4)
      this.fail(map, `conflicting value size ${def.valueSize} != 4.`);
    def.valueSize = 4;
    const array = this.btf.type(resolve(this.btf, member.type));
    if (array.kind !== Kind.ARRAY || array.nelems !== 0)
      return this.fail(map, `${what} spec is not a zero-sized array.`);
    const ptr = this.btf.type(resolve(this.btf, array.type));
    if (ptr.kind !== Kind.PTR)
      return this.fail(map, `${what} def is of unexpected kind ${KIND_TEXT[ptr.kind]}.`);
    const target = this.btf.type(resolve(this.btf, ptr.type));
    if (programs) return null;
    if (!isComposite(target))
      return this.fail(map, `map-in-map inner def is of unexpected kind ${KIND_TEXT[target.kind]}.`);
    return this.parse(`${map}.inner`, target, true).def;
  }
}

/**
 * The maps of `.maps`, in the order of its variables.
 *
 * @throws LibbpfError after saying what is wrong
 */
export function parseUserMaps(
  btf: Btf,
  section: ElfSection,
  log: Messages,
): (BpfMapSpec & { valuesAt: Bytes })[] {
  const datasec = btf.type(btf.find(section.name, Kind.DATASEC));
  if (datasec.kind !== Kind.DATASEC) {
    log.warn(`DATASEC '${section.name}' not found.`);
    throw new LibbpfError(-Errno.ENOENT);
  }
  const parser = new MapParser(btf, log);
  return datasec.vars.map((info, i) => {
    const variable = btf.type(info.type);
    const { name } = variable;
    const fail = (text: string, errno: number = Errno.EINVAL): never => {
      log.warn(text);
      throw new LibbpfError(-errno);
    };
    if (name === '') return fail(`map #${i}: empty name.`);
    if (info.offset + info.size > section.size) return fail(`map '${name}' BTF data is corrupted.`);
    if (variable.kind !== Kind.VAR)
      return fail(`map '${name}': unexpected var kind ${KIND_TEXT[variable.kind]}.`);
    if (variable.linkage !== 1)
      return fail(
        `map '${name}': unsupported map linkage ${LINKAGE[variable.linkage] ?? '(unknown)'}.`,
        Errno.EOPNOTSUPP,
      );
    const struct = btf.type(resolve(btf, variable.type));
    if (!isComposite(struct)) return fail(`map '${name}': unexpected def kind ${KIND_TEXT[struct.kind]}.`);
    if (struct.size > info.size) return fail(`map '${name}': invalid def size.`);
    const parsed = parser.parse(name, struct, false);
    return {
      name,
      origin: 'maps',
      section: section.name,
      sectionIndex: section.index,
      sectionOffset: info.offset,
      def: parsed.def,
      initial: null,
      inner: parsed.inner,
      slots: [],
      pinPath: parsed.pinned ? `${BPFFS}/${name}` : null,
      autocreate: true,
      valuesAt: parsed.valuesAt,
    };
  });
}
