/**
 * The linker: relocatable objects of the compiler's profiles `user` and `kernel` become one image.
 *
 *     reader.o, libc.o, ... -> place sections -> find symbols -> relocate -> Image
 *
 * A name that a program defines goes before a library's. A name nobody defines is one of the machine's native
 * functions, or an error in the words of ld.
 */
import { must } from '../../shared/assert.ts';
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import { decodeInsns, encodeInsns, INSN_BYTES } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import * as bpf from '../abi/opcode.ts';
import * as elf from '../elf/elf.ts';
import type { ElfSection, ElfSymbol } from '../elf/elf.ts';
import { readElf } from '../elf/read.ts';
import type { ElfFile } from '../elf/read.ts';
import type { Image, ImageFunction, Segment, SegmentKind } from './image.ts';
import { linesOf } from './lines.ts';
import type { LineRow } from './lines.ts';

const PAGE: Bytes = 4096;

export interface LinkInput {
  /** As messages name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Its definitions give way to those of a program, and are not shown as the user's. */
  readonly library?: boolean;
}

export interface LinkOptions {
  readonly objects: readonly LinkInput[];
  /** True for functions that the machine provides. */
  readonly isNative: (name: string) => boolean;
  /** Address of a variable that the machine provides, or null. */
  readonly variable?: (name: string) => Addr | null;
  /** Bytes that C refers to by a name, read-only. */
  readonly blobs?: Readonly<Record<string, Uint8Array>>;
  /** Where an image of this size goes; page aligned. */
  readonly place: (size: Bytes) => Addr;
  /** The name that must be there, or none. */
  readonly entry?: string;
}

export type LinkResult =
  | { readonly ok: true; readonly image: Image }
  | { readonly ok: false; readonly messages: readonly string[] };

interface Placed {
  readonly kind: SegmentKind;
  /** From the start of its segment. */
  readonly off: Bytes;
}
interface Unit {
  readonly input: LinkInput;
  readonly file: ElfFile;
  readonly placed: Map<number, Placed>;
}
/** What a name means: a place in a unit's section, a native function, or an address. */
type Definition =
  | { readonly kind: 'place'; readonly unit: Unit; readonly symbol: ElfSymbol }
  | { readonly kind: 'blob'; readonly off: Bytes }
  | { readonly kind: 'native'; readonly number: number }
  | { readonly kind: 'address'; readonly addr: Addr };

const KINDS: readonly SegmentKind[] = ['text', 'rodata', 'data', 'bss'];

function kindOf(section: ElfSection): SegmentKind | null {
  if ((section.flags & elf.SHF_ALLOC) === 0 || section.size === 0) return null;
  if ((section.flags & elf.SHF_EXECINSTR) !== 0) return 'text';
  if (section.type === elf.SHT_NOBITS) return 'bss';
  return (section.flags & elf.SHF_WRITE) !== 0 ? 'data' : 'rodata';
}

class Linker {
  private readonly options: LinkOptions;
  private readonly units: Unit[];
  private readonly ends: Record<SegmentKind, Bytes> = { text: 0, rodata: 0, data: 0, bss: 0 };
  private readonly starts: Record<SegmentKind, Addr> = { text: 0n, rodata: 0n, data: 0n, bss: 0n };
  private readonly globals = new Map<string, Definition>();
  private readonly natives: string[] = [];
  private readonly stubs = new Map<number, InsnIndex>();
  private readonly insns: Insn[] = [];
  private readonly rows: LineRow[] = [];
  private readonly bytes: Record<'rodata' | 'data', Uint8Array> = {
    rodata: new Uint8Array(0),
    data: new Uint8Array(0),
  };
  readonly messages: string[] = [];

  constructor(options: LinkOptions) {
    this.options = options;
    this.units = options.objects.map((input) => ({ input, file: readElf(input.bytes), placed: new Map() }));
  }

  link(): Image {
    this.placeSections();
    this.define();
    this.loadSections();
    this.countStubs();
    this.placeSegments();
    this.relocate();
    return this.finish();
  }

  // ------------------------------------------------------------------------------------------ placement

  private placeSections(): void {
    for (const unit of this.units)
      for (const section of unit.file.sections) {
        const kind = kindOf(section);
        if (kind === null) continue;
        const off = alignUp(this.ends[kind], Math.max(section.align, 8));
        this.ends[kind] = off + section.size;
        unit.placed.set(section.index, { kind, off });
      }
    for (const [name, bytes] of Object.entries(this.options.blobs ?? {})) {
      const off = alignUp(this.ends.rodata, 8);
      this.ends.rodata = off + bytes.length;
      this.globals.set(name, { kind: 'blob', off });
    }
  }

  private placeSegments(): void {
    let end = 0;
    const offsets = KINDS.map((kind) => {
      const off = alignUp(end, PAGE);
      end = off + this.ends[kind];
      return off;
    });
    const base = this.options.place(alignUp(Math.max(end, PAGE), PAGE));
    KINDS.forEach((kind, i) => {
      this.starts[kind] = base + BigInt(offsets[i] ?? 0);
    });
  }

  // -------------------------------------------------------------------------------------------- symbols

  private define(): void {
    for (const unit of this.units)
      for (const symbol of unit.file.symbols) {
        if (symbol.bind === elf.STB_LOCAL || !unit.placed.has(symbol.section)) continue;
        const old = this.globals.get(symbol.name);
        const weak = symbol.bind === elf.STB_WEAK || unit.input.library === true;
        if (old?.kind === 'place' && !weak) {
          const oldWeak = old.symbol.bind === elf.STB_WEAK || old.unit.input.library === true;
          if (!oldWeak)
            this.messages.push(
              `multiple definition of '${symbol.name}': ${old.unit.input.name} and ${unit.input.name}`,
            );
        }
        if (!old || !weak) this.globals.set(symbol.name, { kind: 'place', unit, symbol });
      }
    const { entry } = this.options;
    if (entry !== undefined && !this.globals.has(entry))
      this.messages.push(`undefined reference to '${entry}'`);
  }

  private definition(unit: Unit, symbol: ElfSymbol, at: () => string): Definition | null {
    if (symbol.bind === elf.STB_LOCAL && symbol.section !== elf.SHN_UNDEF)
      return { kind: 'place', unit, symbol };
    const known = this.globals.get(symbol.name);
    if (known) return known;
    let made: Definition | null = null;
    const variable = this.options.variable?.(symbol.name) ?? null;
    if (this.options.isNative(symbol.name))
      made = { kind: 'native', number: this.natives.push(symbol.name) - 1 };
    else if (variable !== null) made = { kind: 'address', addr: variable };
    else if (symbol.bind === elf.STB_WEAK) made = { kind: 'address', addr: 0n };
    if (made) this.globals.set(symbol.name, made);
    else {
      // Where a library needs a name is nothing the user could look at.
      const where = unit.input.library === true ? '' : `${at()}: `;
      const message = `${where}undefined reference to '${symbol.name}'`;
      if (!this.messages.includes(message)) this.messages.push(message);
    }
    return made;
  }

  private address(definition: Definition): Addr {
    switch (definition.kind) {
      case 'place': {
        const { kind, off } = must(definition.unit.placed.get(definition.symbol.section), 'section');
        return this.starts[kind] + BigInt(off + definition.symbol.value);
      }
      case 'blob':
        return this.starts.rodata + BigInt(definition.off);
      case 'native':
        return this.starts.text + BigInt((this.stubs.get(definition.number) ?? 0) * INSN_BYTES);
      case 'address':
        return definition.addr;
    }
  }

  // ----------------------------------------------------------------------------------------- relocation

  private loadSections(): void {
    this.bytes.rodata = new Uint8Array(this.ends.rodata);
    this.bytes.data = new Uint8Array(this.ends.data);
    for (const unit of this.units)
      for (const section of unit.file.sections) {
        const place = unit.placed.get(section.index);
        if (!place) continue;
        if (place.kind === 'text')
          decodeInsns(section.data).forEach((insn, i) => {
            this.insns[place.off / INSN_BYTES + i] = insn;
          });
        else if (place.kind !== 'bss') this.bytes[place.kind].set(section.data, place.off);
        if (place.kind === 'text')
          this.rows.push(...linesOf(unit.file, section.name, place.off / INSN_BYTES));
      }
    for (const [name, bytes] of Object.entries(this.options.blobs ?? {})) {
      const at = this.globals.get(name);
      if (at?.kind === 'blob') this.bytes.rodata.set(bytes, at.off);
    }
    this.rows.sort((a, b) => a.pc - b.pc);
  }

  /** Native functions whose address is taken get two instructions at the end of the text. */
  private countStubs(): void {
    for (const { unit, symbol, type } of this.relocations()) {
      if (type === elf.R_BPF_64_32) continue;
      const to = this.definition(unit, symbol, () => unit.input.name);
      if (to?.kind !== 'native' || this.stubs.has(to.number)) continue;
      this.stubs.set(to.number, this.insns.length);
      this.insns.push(
        { code: bpf.BPF_JMP | bpf.BPF_CALL, dst: 0, src: 0, off: 0, imm: to.number },
        { code: bpf.BPF_JMP | bpf.BPF_EXIT, dst: 0, src: 0, off: 0, imm: 0 },
      );
    }
    this.ends.text = this.insns.length * INSN_BYTES;
  }

  private *relocations(): Generator<{
    unit: Unit;
    place: Placed;
    offset: Bytes;
    symbol: ElfSymbol;
    type: number;
  }> {
    for (const unit of this.units)
      for (const [index, place] of unit.placed)
        for (const { offset, symbol, type } of unit.file.relocs(index))
          yield { unit, place, offset, symbol: must(unit.file.symbols[symbol], 'symbol'), type };
  }

  private relocate(): void {
    for (const { unit, place, offset, symbol, type } of this.relocations()) {
      const pc = (place.off + offset) / INSN_BYTES;
      const at = (): string => {
        const row = place.kind === 'text' ? this.rows.findLast((each) => each.pc <= pc) : undefined;
        return row ? `${row.file}:${row.line}` : unit.input.name;
      };
      const to = this.definition(unit, symbol, at);
      if (!to) continue;
      if (place.kind !== 'text') this.patchData(place, offset, to);
      else if (type === elf.R_BPF_64_32) this.patchCall(pc, to);
      else this.patchAddress(pc, to);
    }
  }

  private patchData(place: Placed, offset: Bytes, to: Definition): void {
    if (place.kind !== 'rodata' && place.kind !== 'data') return;
    const { buffer } = this.bytes[place.kind];
    const view = new DataView(buffer);
    const at = place.off + offset;
    view.setBigUint64(at, view.getBigUint64(at, true) + this.address(to), true);
  }

  private patchCall(pc: InsnIndex, to: Definition): void {
    const insn = must(this.insns[pc], 'call');
    if (to.kind === 'native') {
      this.insns[pc] = { ...insn, src: 0, imm: to.number };
      return;
    }
    const target = Number(this.address(to) - this.starts.text) / INSN_BYTES + insn.imm + 1;
    this.insns[pc] = { ...insn, imm: target - pc - 1 };
  }

  private patchAddress(pc: InsnIndex, to: Definition): void {
    const [low, high] = [must(this.insns[pc], 'ld_imm64'), must(this.insns[pc + 1], 'ld_imm64')];
    const value = this.address(to) + BigInt(low.imm);
    this.insns[pc] = { ...low, imm: Number(BigInt.asIntN(32, value)) };
    this.insns[pc + 1] = { ...high, imm: Number(BigInt.asIntN(32, value >> 32n)) };
  }

  // ---------------------------------------------------------------------------------------------- result

  private functions(): ImageFunction[] {
    const out: ImageFunction[] = [];
    for (const unit of this.units)
      for (const symbol of unit.file.symbols) {
        const place = unit.placed.get(symbol.section);
        if (symbol.type !== elf.STT_FUNC || place?.kind !== 'text') continue;
        const start = (place.off + symbol.value) / INSN_BYTES;
        out.push({
          name: symbol.name,
          start,
          end: start + symbol.size / INSN_BYTES,
          library: unit.input.library === true,
        });
      }
    return out.sort((a, b) => a.start - b.start);
  }

  private finish(): Image {
    const { insns, rows, starts } = this;
    const functions = this.functions();
    const symbols = new Map<string, Addr>();
    for (const [name, definition] of this.globals) symbols.set(name, this.address(definition));
    const bytesOf: Readonly<Record<SegmentKind, Uint8Array>> = {
      text: encodeInsns(insns),
      ...this.bytes,
      bss: new Uint8Array(0),
    };
    const segments = KINDS.filter((kind) => this.ends[kind] > 0).map((kind): Segment => ({
      kind,
      addr: starts[kind],
      size: this.ends[kind],
      bytes: bytesOf[kind],
    }));
    return {
      insns,
      base: starts.text,
      segments,
      symbols,
      functions,
      natives: this.natives,
      functionAt: (pc) => functions.findLast((fn) => fn.start <= pc && pc < fn.end) ?? null,
      lineAt: (pc) => rows.findLast((row) => row.pc <= pc) ?? null,
    };
  }
}

/** Links objects that the compiler made. */
export function link(options: LinkOptions): LinkResult {
  const linker = new Linker(options);
  const image = linker.link();
  return linker.messages.length > 0 ? { ok: false, messages: linker.messages } : { ok: true, image };
}
