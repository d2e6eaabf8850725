/**
 * A BPF object after open and before load: what libbpf knows of it. Until load, maps may be resized, left
 * out, or given other contents, and programs taken in or out; load makes fds of it.
 */
import type { Bytes, InsnIndex, TypeId } from '../../shared/brand.ts';
import type { NegErrno } from '../../shared/errno.ts';
import type { Insn } from '../abi/insn.ts';
import type { CoreRelo, FuncInfo, LineInfo } from '../btf/ext.ts';
import type { Btf } from '../btf/parse.ts';
import type { SectionDef } from '../abi/section.ts';

/** What BPF_MAP_CREATE needs to know. */
export interface MapDef {
  type: number;
  keySize: Bytes;
  valueSize: Bytes;
  maxEntries: number;
  flags: number;
  numaNode: number;
  mapExtra: bigint;
  btfKeyTypeId: TypeId;
  btfValueTypeId: TypeId;
}

/** Where a map comes from: `.maps`, or a section of global data. */
export type MapOrigin = 'maps' | 'data' | 'rodata' | 'bss' | 'kconfig';

/** A slot holds a map of the object, by its index there, or a program by name. */
export type MapSlot =
  | { readonly index: number; readonly map: number }
  | { readonly index: number; readonly prog: string };

export interface BpfMapSpec {
  /** As the kernel will know it. */
  readonly name: string;
  readonly origin: MapOrigin;
  /** The ELF section's name. */
  readonly section: string;
  readonly sectionIndex: number;
  readonly sectionOffset: Bytes;
  readonly def: MapDef;
  /** Global data: the value to begin with. May be written until load. */
  readonly initial: Uint8Array | null;
  /** Arenas: the global variables in it. */
  readonly arenaData?: Uint8Array;
  readonly inner: MapDef | null;
  /** Maps of maps and program arrays: what the source puts in which slot. */
  readonly slots: MapSlot[];
  /** Path in bpffs for `__uint(pinning, LIBBPF_PIN_BY_NAME)`, else null. */
  readonly pinPath: string | null;
  autocreate: boolean;
}

/** What an instruction refers to. `insn` counts from the start of its own program or subprogram. */
export type Reloc =
  | { readonly kind: 'map'; readonly insn: InsnIndex; readonly map: number }
  | { readonly kind: 'data'; readonly insn: InsnIndex; readonly map: number; readonly offset: Bytes }
  | { readonly kind: 'extern_ld64'; readonly insn: InsnIndex; readonly extern: number }
  | { readonly kind: 'extern_call'; readonly insn: InsnIndex; readonly extern: number }
  | { readonly kind: 'call'; readonly insn: InsnIndex; readonly offset: Bytes }
  | { readonly kind: 'subprog_addr'; readonly insn: InsnIndex; readonly offset: Bytes };

export interface BpfProgramSpec {
  readonly name: string;
  /** Without `?`. */
  readonly section: string;
  readonly sectionIndex: number;
  readonly sectionOffset: InsnIndex;
  /** In .text: appended to the programs that call it. */
  readonly subprog: boolean;
  /** null: no type follows from the section's name. */
  readonly def: SectionDef | null;
  /** A hidden function: its FUNC is shown to the kernel as static. */
  readonly hidden: boolean;
  readonly insns: readonly Insn[];
  readonly relocs: readonly Reloc[];
  autoload: boolean;
}

export interface ExternBase {
  readonly name: string;
  readonly weak: boolean;
  /** VAR or FUNC in the object's BTF. */
  readonly btfId: TypeId;
}
export interface KconfigExtern extends ExternBase {
  readonly kind: 'kconfig';
  readonly type: 'char' | 'bool' | 'int' | 'tristate' | 'char_array';
  readonly signed: boolean;
  readonly size: Bytes;
  readonly align: Bytes;
  readonly offset: Bytes;
}
export interface KsymExtern extends ExternBase {
  readonly kind: 'ksym';
  /** FUNC_PROTO of a kfunc, type of a variable, 0 for `extern void`. */
  readonly typeId: TypeId;
  readonly func: boolean;
}
export type Extern = KconfigExtern | KsymExtern;

/** .BTF.ext of one ELF section. */
export interface SectionInfo {
  readonly funcInfo: readonly FuncInfo[];
  readonly lineInfo: readonly LineInfo[];
  readonly coreRelos: readonly CoreRelo[];
}

export interface BpfObject {
  /** Prefix of the names of data maps. */
  readonly name: string;
  /** As in messages. */
  readonly path: string;
  readonly license: string;
  /** The object's own types, as compiled; null when it has none. */
  readonly btf: Btf | null;
  /** The types as the kernel gets them: sizes and offsets of sections filled in. */
  readonly btfForKernel: Uint8Array | null;
  /** By ELF section index. */
  readonly info: ReadonlyMap<number, SectionInfo>;
  /** In the order of the symbol table; subprograms included. */
  readonly programs: readonly BpfProgramSpec[];
  readonly maps: readonly BpfMapSpec[];
  readonly externs: readonly Extern[];
}

/** An open that went well, or the errno. */
export type OpenResult =
  | { readonly ok: true; readonly object: BpfObject; readonly messages: readonly string[] }
  | { readonly ok: false; readonly errno: NegErrno; readonly messages: readonly string[] };

/** How one step of open or load ends: it says its message first, then fails with a negated errno. */
export class LibbpfError extends Error {
  override readonly name = 'LibbpfError';
  readonly errno: NegErrno;
  constructor(errno: NegErrno, message = '') {
    super(message);
    this.errno = errno;
  }
}
