/**
 * Puts functions, objects and type information together as an ELF relocatable, the way clang lays it out:
 * programs in the sections SEC() names, subprograms in .text, static things addressed through their
 * section's symbol, everything else through its own.
 */
import { must } from '../../shared/assert.ts';
import { alignUp } from '../../shared/int64.ts';
import type { Insn } from '../abi/insn.ts';
import { encodeInsns, INSN_BYTES } from '../abi/insn.ts';
import { writeBtfExt } from '../btf/ext.ts';
import type { ExtSection } from '../btf/ext.ts';
import * as elf from '../elf/elf.ts';
import { writeElf } from '../elf/write.ts';
import type { ElfRelocSpec, ElfSectionSpec, ElfSymbolSpec } from '../elf/write.ts';
import type { FuncSymbol, VarSymbol } from './ast.ts';
import { BtfEmitter, FuncLinkage } from './btf_emit.ts';
import { coreRelosOf, TYPE_ID_KIND } from './core_reloc.ts';
import type { EmittedFunction } from './emit.ts';
import type { IrSymbol } from './ir.ts';
import { lineInfoOf } from './line_info.ts';
import type { Module } from './lower.ts';
import { STRING_SECTION } from './lower_data.ts';
import type { DataObject } from './lower_data.ts';
import type { Sources } from './source.ts';

/** Sections that are neither code nor writable data. */
const isReadOnly = (name: string): boolean => name.startsWith('.rodata');
const isBss = (name: string): boolean => name === '.bss' || name.startsWith('.bss.');

interface Placed {
  readonly section: string;
  readonly off: number;
}

class ObjectWriter {
  private readonly module: Module;
  private readonly functions: readonly EmittedFunction[];
  private readonly sources: Sources;
  private readonly btf = new BtfEmitter();
  private readonly places = new Map<IrSymbol, Placed>();
  private readonly symbols: ElfSymbolSpec[] = [];
  private readonly symbolIndex = new Map<IrSymbol, number>();
  private readonly sectionSymbol = new Map<string, number>();
  private readonly code = new Map<string, EmittedFunction[]>();
  private readonly data = new Map<string, DataObject[]>();
  private readonly externs = new Set<IrSymbol>();

  constructor(module: Module, functions: readonly EmittedFunction[], sources: Sources) {
    this.module = module;
    this.functions = functions;
    this.sources = sources;
  }

  // ---------------------------------------------------------------------------------------- placement

  private placeFunctions(): void {
    const ends = new Map<string, number>();
    for (const fn of this.functions) {
      const section = this.func(fn.symbol).attributes.section ?? '.text';
      const off = ends.get(section) ?? 0;
      ends.set(section, off + fn.insns.length * INSN_BYTES);
      this.places.set(fn.symbol, { section, off });
      const there = this.code.get(section) ?? [];
      this.code.set(section, there);
      there.push(fn);
    }
  }

  /** Objects somebody refers to, and those that are kept anyway, in declaration order. */
  private placeData(): void {
    const wanted = new Set<IrSymbol>();
    const want = (symbol: IrSymbol): void => {
      if (symbol.kind === 'extern') this.externs.add(symbol);
      const object = this.module.objects.get(symbol);
      if (!object || wanted.has(symbol)) return;
      wanted.add(symbol);
      for (const reloc of object.relocs) want(reloc.symbol);
    };
    for (const object of this.module.objects.values()) if (object.kept) want(object.symbol);
    for (const fn of this.functions) for (const reloc of fn.relocs) want(reloc.symbol);
    const ends = new Map<string, number>();
    for (const object of this.module.objects.values()) {
      if (!wanted.has(object.symbol)) continue;
      const { section } = object;
      const off = alignUp(ends.get(section) ?? 0, object.align);
      ends.set(section, off + object.size);
      this.places.set(object.symbol, { section, off });
      const there = this.data.get(section) ?? [];
      this.data.set(section, there);
      there.push(object);
    }
  }

  private func(symbol: IrSymbol): FuncSymbol {
    const declaration = this.module.declarations.get(symbol);
    return must(declaration?.kind === 'func' ? declaration : null, symbol.name);
  }

  // ------------------------------------------------------------------------------------------ symbols

  private addSymbol(symbol: IrSymbol, spec: ElfSymbolSpec): void {
    this.symbolIndex.set(symbol, this.symbols.push(spec) - 1);
  }

  private makeSymbols(): void {
    for (const section of [...this.code.keys(), ...this.data.keys()])
      this.sectionSymbol.set(
        section,
        this.symbols.push({ name: section, section, type: elf.STT_SECTION, bind: elf.STB_LOCAL }) - 1,
      );
    for (const fn of this.functions) {
      const { storage, attributes } = this.func(fn.symbol);
      const place = must(this.places.get(fn.symbol), fn.symbol.name);
      this.addSymbol(fn.symbol, {
        name: fn.symbol.name,
        section: place.section,
        value: place.off,
        size: fn.insns.length * INSN_BYTES,
        type: elf.STT_FUNC,
        bind: storage === 'static' ? elf.STB_LOCAL : attributes.weak ? elf.STB_WEAK : elf.STB_GLOBAL,
        visibility: attributes.visibility === 'hidden' ? elf.STV_HIDDEN : elf.STV_DEFAULT,
      });
    }
    for (const object of [...this.data.values()].flat()) {
      const { variable } = object;
      const place = must(this.places.get(object.symbol), object.symbol.name);
      if (!variable) continue;
      this.addSymbol(object.symbol, {
        name: object.symbol.name,
        section: place.section,
        value: place.off,
        size: object.size,
        type: elf.STT_OBJECT,
        bind:
          variable.storage !== 'global'
            ? elf.STB_LOCAL
            : variable.attributes.weak
              ? elf.STB_WEAK
              : elf.STB_GLOBAL,
        visibility: variable.attributes.visibility === 'hidden' ? elf.STV_HIDDEN : elf.STV_DEFAULT,
      });
    }
    for (const symbol of this.externs) {
      const weak = this.module.declarations.get(symbol)?.attributes.weak ?? false;
      this.addSymbol(symbol, {
        name: symbol.name,
        section: null,
        type: elf.STT_NOTYPE,
        bind: weak ? elf.STB_WEAK : elf.STB_GLOBAL,
      });
    }
  }

  /** The symbol a reference goes through, and what has to be added to it. */
  private reference(symbol: IrSymbol): { index: number; addend: number } {
    const place = this.places.get(symbol);
    const declaration = this.module.declarations.get(symbol);
    const throughSection = place && place.section !== '.maps' && declaration?.storage !== 'global';
    if (!throughSection) return { index: must(this.symbolIndex.get(symbol), symbol.name), addend: 0 };
    return { index: must(this.sectionSymbol.get(place.section), place.section), addend: place.off };
  }

  // ----------------------------------------------------------------------------------------- sections

  private codeSection(name: string, functions: readonly EmittedFunction[]): ElfSectionSpec {
    const insns: Insn[] = [];
    const relocs: ElfRelocSpec[] = [];
    for (const fn of functions) {
      const start = insns.length;
      insns.push(...fn.insns);
      for (const { insn, symbol, call } of fn.relocs) {
        const at = start + insn;
        const { index, addend } = this.reference(symbol);
        const old = must(insns[at], 'relocated instruction');
        insns[at] = { ...old, imm: old.imm + (call ? addend / INSN_BYTES : addend) };
        relocs.push({
          offset: at * INSN_BYTES,
          symbol: index,
          type: call ? elf.R_BPF_64_32 : elf.R_BPF_64_64,
        });
      }
      for (const { insn, relo } of fn.coreRelos) {
        if (!TYPE_ID_KIND.includes(relo.kind)) continue;
        const at = start + insn;
        insns[at] = { ...must(insns[at], 'instruction'), imm: this.btf.root(relo.root) };
      }
    }
    return {
      name,
      flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR,
      align: 8,
      data: encodeInsns(insns),
      relocs,
    };
  }

  private dataSection(name: string, objects: readonly DataObject[]): ElfSectionSpec {
    const last = must(objects.at(-1), name);
    const size = must(this.places.get(last.symbol), name).off + last.size;
    const align = Math.max(...objects.map((object) => object.align));
    if (isBss(name)) return { name, type: elf.SHT_NOBITS, flags: elf.SHF_WRITE | elf.SHF_ALLOC, align, size };
    const data = new Uint8Array(size);
    const view = new DataView(data.buffer);
    const relocs: ElfRelocSpec[] = [];
    for (const object of objects) {
      const { off } = must(this.places.get(object.symbol), name);
      data.set(object.bytes, off);
      for (const reloc of object.relocs) {
        const { index, addend } = this.reference(reloc.symbol);
        view.setBigUint64(off + reloc.off, BigInt(addend + reloc.addend), true);
        relocs.push({ offset: off + reloc.off, symbol: index, type: elf.R_BPF_64_ABS64 });
      }
    }
    const strings = name === STRING_SECTION;
    const flags =
      elf.SHF_ALLOC |
      (isReadOnly(name) ? 0 : elf.SHF_WRITE) |
      (strings ? elf.SHF_MERGE | elf.SHF_STRINGS : 0);
    return { name, flags, align, data, relocs, ...(strings ? { entSize: 1 } : {}) };
  }

  // ------------------------------------------------------------------------------------------ BTF, ext

  private extSections(): ExtSection[] {
    return [...this.code].map(([name, functions]) => {
      let start = 0;
      const out = {
        secNameOff: this.btf.string(name),
        funcInfo: [] as ExtSection['funcInfo'][number][],
        lineInfo: [] as ExtSection['lineInfo'][number][],
        coreRelos: [] as ExtSection['coreRelos'][number][],
      };
      for (const fn of functions) {
        const symbol = this.func(fn.symbol);
        const linkage = symbol.storage === 'static' ? FuncLinkage.STATIC : FuncLinkage.GLOBAL;
        out.funcInfo.push({
          insnOff: start * INSN_BYTES,
          typeId: this.btf.func(symbol, fn.symbol.name, linkage),
        });
        out.lineInfo.push(...lineInfoOf(fn, start, this.btf, this.sources));
        out.coreRelos.push(...coreRelosOf(fn, start, this.btf));
        start += fn.insns.length;
      }
      return out;
    });
  }

  private dataSections(): void {
    for (const [section, objects] of this.data) {
      const vars = objects.flatMap((object) => {
        const { variable, symbol, size } = object;
        if (!variable) return [];
        const linkage = variable.storage === 'global' ? 1 : 0;
        const type = this.btf.variable(variable, symbol.name, linkage, section === '.maps');
        return [{ type, offset: must(this.places.get(symbol), section).off, size }];
      });
      const last = must(objects.at(-1), section);
      if (vars.length > 0)
        this.btf.section(section, must(this.places.get(last.symbol), section).off + last.size, vars);
    }
    const externs = new Map<string, { type: number; offset: number; size: number }[]>();
    for (const symbol of this.externs) {
      const declaration = must(this.module.declarations.get(symbol), symbol.name);
      const type =
        declaration.kind === 'func'
          ? this.btf.func(declaration, symbol.name, FuncLinkage.EXTERN)
          : this.externVariable(declaration, symbol.name);
      const section = declaration.attributes.section;
      if (section === null) continue;
      externs.set(section, [...(externs.get(section) ?? []), { type, offset: 0, size: 0 }]);
    }
    for (const [section, vars] of externs) this.btf.section(section, 0, vars);
  }

  private externVariable(symbol: VarSymbol, name: string): number {
    return this.btf.variable(symbol, name, FuncLinkage.EXTERN, false);
  }

  write(): Uint8Array {
    this.placeFunctions();
    this.placeData();
    this.makeSymbols();
    const ext = this.extSections();
    this.dataSections();
    const sections = [
      ...[...this.code].map(([name, functions]) => this.codeSection(name, functions)),
      ...[...this.data].map(([name, objects]) => this.dataSection(name, objects)),
    ];
    sections.push({ name: '.BTF', align: 4, data: this.btf.encode() });
    sections.push({ name: '.BTF.ext', align: 4, data: writeBtfExt(ext) });
    return writeElf({ sections, symbols: this.symbols });
  }
}

/** @returns the bytes of the ELF file */
export const writeObject = (
  module: Module,
  functions: readonly EmittedFunction[],
  sources: Sources,
): Uint8Array => new ObjectWriter(module, functions, sources).write();
