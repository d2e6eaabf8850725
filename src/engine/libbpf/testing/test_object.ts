/** Small BPF objects for tests, as a compiler would write them: programs in BPF instructions, maps and externs declared. */
import type { Insn } from '../../abi/insn.ts';
import { encodeInsns, INSN_BYTES } from '../../abi/insn.ts';
import { writeBtfExt } from '../../btf/ext.ts';
import type { CoreRelo } from '../../btf/ext.ts';
import { INT_SIGNED, Kind } from '../../btf/types.ts';
import {
  R_BPF_64_32,
  R_BPF_64_64,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_NOTYPE,
  STT_OBJECT,
} from '../../elf/elf.ts';
import { writeElf } from '../../elf/write.ts';
import type { ElfSectionSpec, ElfSymbolSpec } from '../../elf/write.ts';
import type { CTypes } from './c_types.ts';
import { cTypes } from './c_types.ts';

/** An instruction, or one that refers to a symbol. */
export type TestInsn = Insn | { readonly ref: string; readonly insn: Insn };

export interface TestProgram {
  readonly section: string;
  readonly name: string;
  readonly insns: readonly TestInsn[];
  readonly bind?: number;
}

export interface TestObject {
  /** C declarations. */
  readonly types?: string;
  readonly programs?: readonly TestProgram[];
  /** Member name -> number as in `__uint`, or type name as in `__type`. */
  readonly maps?: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly externs?: readonly {
    readonly name: string;
    readonly section: '.ksyms' | '.kconfig';
    /** Type of a variable; `func`: a kfunc without parameters that returns int; `void`: address only. */
    readonly type: string;
    readonly weak?: boolean;
  }[];
  /** Bytes of data sections. */
  readonly data?: Readonly<Record<string, Uint8Array>>;
  /** Bytes of .bss. */
  readonly bss?: number;
  /** CO-RE records of the first program: instruction, root type, path, kind. */
  readonly core?: readonly (readonly [insn: number, type: string, path: string, kind: number])[];
}

export const exitInsn: Insn = { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 };
export const callInsn = (src: number, imm: number): Insn => ({ code: 0x85, dst: 0, src, off: 0, imm });
export const movInsn = (dst: number, imm: number): Insn => ({ code: 0xb7, dst, src: 0, off: 0, imm });
/** Both halves of `rN = ref ll`. */
export const ldImm64 = (dst: number, ref: string, imm = 0): TestInsn[] => [
  { ref, insn: { code: 0x18, dst, src: 0, off: 0, imm } },
  { code: 0, dst: 0, src: 0, off: 0, imm: 0 },
];

const insnOf = (i: TestInsn): Insn => ('ref' in i ? i.insn : i);
const INT = { kind: Kind.INT, name: 'int', size: 4, encoding: INT_SIGNED, bitOffset: 0, bits: 32 } as const;

function addMap(
  types: CTypes,
  members: Readonly<Record<string, number | string>>,
): { type: number; size: number } {
  const { builder } = types;
  const int = builder.add(INT);
  const fields = Object.entries(members).map(([name, value], i) => {
    const target =
      typeof value === 'number'
        ? builder.add({ kind: Kind.ARRAY, name: '', type: int, indexType: int, nelems: value })
        : types.id(value);
    const type = builder.add({ kind: Kind.PTR, name: '', type: target });
    return { name, type, bitOffset: i * 64, bitSize: 0 };
  });
  const size = fields.length * 8;
  return { type: builder.add({ kind: Kind.STRUCT, name: '', size, members: fields }), size };
}

/** The ELF file. */
export function testObject(spec: TestObject): Uint8Array {
  const types = cTypes(spec.types ?? '');
  const { builder } = types;
  const int = builder.add(INT);
  const symbols: ElfSymbolSpec[] = [];
  const sections: ElfSectionSpec[] = [];
  const proto = builder.add({ kind: Kind.FUNC_PROTO, name: '', type: int, params: [] });

  const maps = Object.entries(spec.maps ?? {});
  let end = 0;
  const mapVars = maps.map(([name, members]) => {
    const { type, size } = addMap(types, members);
    const offset = end;
    end += size;
    symbols.push({ name, section: '.maps', type: STT_OBJECT, bind: STB_GLOBAL, value: offset, size });
    return { type: builder.add({ kind: Kind.VAR, name, type, linkage: 1 }), offset, size };
  });
  if (maps.length > 0) {
    builder.add({ kind: Kind.DATASEC, name: '.maps', size: 0, vars: mapVars });
    sections.push({ name: '.maps', flags: SHF_ALLOC | SHF_WRITE, align: 8, data: new Uint8Array(end) });
  }
  for (const section of ['.ksyms', '.kconfig'] as const) {
    const vars = (spec.externs ?? [])
      .filter((e) => e.section === section)
      .map(({ name, type, weak }) => {
        symbols.push({ name, section: null, type: STT_NOTYPE, bind: weak ? STB_WEAK : STB_GLOBAL });
        const id =
          type === 'func'
            ? builder.add({ kind: Kind.FUNC, name, type: proto, linkage: 2 })
            : builder.add({ kind: Kind.VAR, name, type: type === 'void' ? 0 : types.id(type), linkage: 2 });
        return { type: id, offset: 0, size: 0 };
      });
    if (vars.length > 0) builder.add({ kind: Kind.DATASEC, name: section, size: 0, vars });
  }
  for (const [name, data] of Object.entries(spec.data ?? {})) sections.push({ name, flags: SHF_ALLOC, data });

  if (spec.bss !== undefined)
    sections.push({ name: '.bss', type: SHT_NOBITS, flags: SHF_ALLOC | SHF_WRITE, size: spec.bss });
  const programs = spec.programs ?? [];
  for (const program of programs)
    builder.add({ kind: Kind.FUNC, name: program.name, type: proto, linkage: 1 });
  const sectionNames = [...new Set(programs.map((p) => p.section))];
  for (const name of sectionNames) {
    let size = 0;
    for (const p of programs.filter((q) => q.section === name)) {
      const bytes = p.insns.length * INSN_BYTES;
      symbols.push({
        name: p.name,
        section: name,
        type: STT_FUNC,
        bind: p.bind ?? STB_GLOBAL,
        value: size,
        size: bytes,
      });
      size += bytes;
    }
  }
  for (const name of sectionNames) {
    const insns = programs.filter((p) => p.section === name).flatMap((p) => p.insns);
    const relocs = insns.flatMap((insn, i) => {
      if (!('ref' in insn)) return [];
      const symbol = symbols.findIndex((s) => s.name === insn.ref);
      if (symbol < 0) throw new Error(`no symbol ${insn.ref}`);
      return [{ offset: i * INSN_BYTES, symbol, type: insn.insn.code === 0x85 ? R_BPF_64_32 : R_BPF_64_64 }];
    });
    const data = encodeInsns(insns.map(insnOf));
    sections.push({ name, flags: SHF_ALLOC | SHF_EXECINSTR, align: 8, data, relocs });
  }
  sections.push({ name: 'license', data: new TextEncoder().encode('GPL\0') });
  symbols.push({ name: '_license', section: 'license', type: STT_OBJECT, bind: STB_LOCAL, size: 4 });

  const coreRelos = (spec.core ?? []).map(([insn, type, path, kind]): CoreRelo => ({
    insnOff: insn * INSN_BYTES,
    typeId: types.id(type),
    accessStrOff: builder.string(path),
    kind,
  }));
  const secNameOff = builder.string(sectionNames[0] ?? '');
  const ext = writeBtfExt([{ secNameOff, funcInfo: [], lineInfo: [], coreRelos }]);
  sections.push({ name: '.BTF.ext', data: ext }, { name: '.BTF', data: builder.encode() });
  return writeElf({ sections, symbols });
}
