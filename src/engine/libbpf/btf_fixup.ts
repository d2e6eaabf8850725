/**
 * The object's types as the kernel will accept them. A compiler leaves open what the linker of an ordinary
 * program would fill in, and writes externs, which the kernel's BTF checker does not know:
 *
 *     DATASEC .bss size 0      -> size and offsets from the ELF section and its symbols
 *     DATASEC .ksyms           -> variables of type int, one after the other; kfuncs become a dummy one
 *     DATASEC .kconfig         -> offsets in the map that libbpf makes for it
 *     hidden globals           -> static
 *
 * Ids and string offsets stay, so .BTF.ext remains true.
 *
 * Source: libbpf.c btf_fixup_datasec, bpf_object__collect_externs.
 */
import type { TypeId } from '../../shared/brand.ts';
import { BtfBuilder } from '../btf/build.ts';
import type { Btf } from '../btf/parse.ts';
import { INT_SIGNED, Kind } from '../btf/types.ts';
import type { BtfSecVar, BtfType } from '../btf/types.ts';
import { STB_LOCAL, STT_OBJECT, STV_HIDDEN } from '../elf/elf.ts';
import type { ElfFile } from '../elf/read.ts';
import type { Extern } from './object.ts';

const STATIC = 0;
const GLOBAL = 1;
const DUMMY_KSYM = 'dummy_ksym';
const INT_BYTES = 4;

type Datasec = Extract<BtfType, { kind: typeof Kind.DATASEC }>;

/**
 * @param externs in their final order
 * @param hidden names of functions that must not be seen from outside
 */
export function fixupBtf(
  elf: ElfFile,
  btf: Btf,
  externs: readonly Extern[],
  hidden: ReadonlySet<string>,
): Uint8Array {
  const builder = BtfBuilder.from(btf);
  const variables = new Map(
    elf.symbols.filter((s) => s.type === STT_OBJECT && s.bind !== STB_LOCAL).map((s) => [s.name, s] as const),
  );
  for (let id: TypeId = btf.start; id < btf.end; id++) {
    const type = btf.type(id);
    if (type.kind === Kind.FUNC && hidden.has(type.name) && type.linkage === GLOBAL)
      builder.define(id, { ...type, linkage: STATIC });
    if (type.kind !== Kind.DATASEC) continue;
    if (type.name === '.ksyms') builder.define(id, ksymsDatasec(builder, btf, type));
    else if (type.name === '.kconfig') builder.define(id, kconfigDatasec(builder, btf, type, externs));
    else {
      const section = elf.section(type.name);
      if (!section || type.size > 0) {
        builder.define(id, { ...type, vars: byOffset(type.vars) });
        continue;
      }
      const vars = type.vars.map((info) => {
        const variable = btf.type(info.type);
        const symbol = variables.get(variable.name);
        if (variable.kind !== Kind.VAR || variable.linkage !== GLOBAL || !symbol) return info;
        if (symbol.visibility === STV_HIDDEN) builder.define(info.type, { ...variable, linkage: STATIC });
        return { ...info, offset: symbol.value };
      });
      builder.define(id, { ...type, size: section.size, vars: byOffset(vars) });
    }
  }
  return builder.encode();
}

const byOffset = (vars: readonly BtfSecVar[]): BtfSecVar[] => vars.toSorted((a, b) => a.offset - b.offset);

function ksymsDatasec(builder: BtfBuilder, btf: Btf, datasec: Datasec): Datasec {
  const known = btf.findAll('int', Kind.INT).find((id) => {
    const type = btf.type(id);
    return type.kind === Kind.INT && type.size === INT_BYTES;
  });
  const int =
    known ??
    builder.add({
      kind: Kind.INT,
      name: 'int',
      size: INT_BYTES,
      encoding: INT_SIGNED,
      bitOffset: 0,
      bits: 32,
    });
  const hasFunc = datasec.vars.some((info) => btf.kind(info.type) === Kind.FUNC);
  const dummy = hasFunc ? builder.add({ kind: Kind.VAR, name: DUMMY_KSYM, type: int, linkage: GLOBAL }) : 0;
  const vars = datasec.vars.map((info, i) => {
    const type = btf.type(info.type);
    const place = { offset: i * INT_BYTES, size: INT_BYTES };
    if (type.kind !== Kind.FUNC) {
      if (type.kind === Kind.VAR) builder.define(info.type, { ...type, type: int, linkage: GLOBAL });
      return { ...place, type: info.type };
    }
    // A global function must have named parameters.
    const proto = btf.type(type.type);
    if (proto.kind === Kind.FUNC_PROTO) {
      const params = proto.params.map((p) =>
        p.type !== 0 && p.name === '' ? { ...p, name: DUMMY_KSYM } : p,
      );
      builder.define(type.type, { ...proto, params });
    }
    builder.define(info.type, { ...type, linkage: GLOBAL });
    return { ...place, type: dummy };
  });
  return { ...datasec, size: vars.length * INT_BYTES, vars };
}

function kconfigDatasec(
  builder: BtfBuilder,
  btf: Btf,
  datasec: Datasec,
  externs: readonly Extern[],
): Datasec {
  let end = 0;
  const vars = datasec.vars.map((info) => {
    const variable = btf.type(info.type);
    const ext = externs.find((e) => e.btfId === info.type);
    if (variable.kind === Kind.VAR) builder.define(info.type, { ...variable, linkage: GLOBAL });
    if (ext?.kind !== 'kconfig') return info;
    end = Math.max(end, ext.offset + ext.size);
    return { ...info, offset: ext.offset, size: ext.size };
  });
  return { ...datasec, size: end, vars: byOffset(vars) };
}
