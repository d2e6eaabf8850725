/**
 * bpftool prog dump xlated: instructions with the functions and source lines that they belong to.
 *
 * Maps are shown by id, calls by the kernel's symbols and their distance from `__bpf_call_base`.
 *
 * Source: tools/bpf/bpftool/xlated_dumper.c, kernel/bpf/disasm.c.
 */
import { helperName } from '../../abi/helper_id.ts';
import { disasmWithOpcode } from '../../abi/disasm.ts';
import { encodeInsns } from '../../abi/insn.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { progTag, tagText } from '../../bpf/tag.ts';
import { xlatedOf } from '../../bpf/prog.ts';
import type { Prog } from '../../bpf/prog.ts';
import { Kind } from '../../btf/types.ts';
import type { Btf } from '../../btf/parse.ts';
import type { TypeId } from '../../../shared/brand.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Xlated, XlatedInsn } from '../../verifier/rewrite.ts';
import type { Json } from './json.ts';

export interface XlatedOptions {
  readonly opcodes: boolean;
  readonly lines: boolean;
}

/** One instruction and what stands before it. */
interface Row {
  /** `int dump(struct bpf_iter__task * ctx):`, or '' */
  readonly head: string;
  readonly source: {
    readonly text: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  } | null;
  readonly index: number;
  readonly text: string;
  readonly insn: Insn;
  /** Second half of a 64-bit constant. */
  readonly second: Insn | null;
}

const CALL = op.BPF_JMP | op.BPF_CALL;
const PERCPU_MOVE = op.BPF_ALU64 | op.BPF_MOV | op.BPF_X;
/** Loads that give 0 when they fault: modes that only the kernel itself sets. */
const MODE = 0xe0;
const PROBE_MEM = 0x20;
const PROBE_MEMSX = 0x40;

/** A type as the header of a function shows it: with a blank behind. */
function typeWord(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  switch (type.kind) {
    case Kind.VOID:
      return 'void ';
    case Kind.PTR:
      return `${typeWord(btf, type.type)}* `;
    case Kind.CONST:
      return `const ${typeWord(btf, type.type)}`;
    case Kind.VOLATILE:
      return `volatile ${typeWord(btf, type.type)}`;
    case Kind.RESTRICT:
      return `restrict ${typeWord(btf, type.type)}`;
    case Kind.STRUCT:
      return `struct ${type.name} `;
    case Kind.UNION:
      return `union ${type.name} `;
    case Kind.FWD:
      return `${type.union ? 'union' : 'struct'} ${type.name} `;
    case Kind.ENUM:
    case Kind.ENUM64:
      return `enum ${type.name} `;
    default:
      return `${btf.nameOf(id)} `;
  }
}

function signature(btf: Btf, id: TypeId): string {
  const func = btf.type(id);
  const proto = func.kind === Kind.FUNC ? btf.type(func.type) : null;
  if (proto?.kind !== Kind.FUNC_PROTO) return btf.nameOf(id);
  const params = proto.params.map((param) => `${typeWord(btf, param.type)}${param.name}`);
  return `${typeWord(btf, proto.type)}${btf.nameOf(id)}(${params.join(', ')})`;
}

/** Where each function of the program begins, with its name. */
function functions(prog: Prog): { readonly at: number; readonly name: string; readonly id: TypeId }[] {
  const { spec } = prog;
  const types = spec.btf?.types;
  return (spec.funcInfo ?? []).map(({ insnOff, typeId }) => ({
    at: insnOff,
    id: typeId,
    name: types?.nameOf(typeId) ?? '',
  }));
}

/** Calls and constants as the kernel's addresses say them. */
class Names {
  private readonly kernel: Kernel;
  private readonly prog: Prog;
  private readonly base: bigint;
  private readonly xlated: Xlated;

  constructor(kernel: Kernel, prog: Prog) {
    this.kernel = kernel;
    this.prog = prog;
    this.xlated = xlatedOf(prog);
    this.base = kernel.symbols.find('__bpf_call_base')?.addr ?? 0n;
  }

  text(row: XlatedInsn): string {
    const { insn, second } = row;
    const opcode = `(${insn.code.toString(16).padStart(2, '0')})`;
    if (insn.code === CALL) return `${opcode} call ${this.call(row)}`;
    const next = second ?? undefined;
    // a per-CPU address: this disassembler knows only the move
    if (insn.code === PERCPU_MOVE) return disasmWithOpcode({ ...insn, off: Math.max(insn.off, 0) });
    if (insn.code !== op.LD_IMM64) return disasmWithOpcode(insn);
    const constant = this.constant(insn, next);
    return constant === null ? disasmWithOpcode(insn, { next }) : `${opcode} r${insn.dst} = ${constant}`;
  }

  private call(row: XlatedInsn): string {
    const { insn, index } = row;
    if (insn.src === op.BPF_PSEUDO_CALL) {
      const relative = `pc${insn.imm < 0 ? '' : '+'}${insn.imm}`;
      const all = functions(this.prog).map(({ at, name }) => ({ at: this.xlated.place(at), name }));
      const i = all.findIndex(({ at }) => at === index + 1 + insn.imm);
      const found = all[i];
      if (!found) return relative;
      const code = this.asRun(found.at ?? 0, all[i + 1]?.at ?? this.xlated.length);
      return `${relative}#bpf_prog_${tagText(progTag(code))}_${found.name}`;
    }
    const name = insn.src === op.BPF_PSEUDO_KFUNC_CALL ? this.kernel.btf.nameOf(insn.imm) : this.helper(row);
    const addr = this.kernel.symbols.find(name)?.addr;
    return `${name}#${addr === undefined || this.base === 0n ? insn.imm : addr - this.base}`;
  }

  /** Instructions as the verifier leaves them, over which the tag of a function is made. */
  private asRun(from: number, to: number): Insn[] {
    const { probeMem } = this.prog.spec;
    const rows = this.xlated.insns.filter(({ index }) => index >= from && index < to);
    return rows.flatMap((row) => {
      const { insn, second } = row;
      if (second) return [insn, second];
      if (insn.code === CALL && insn.src === 0) return [{ ...insn, imm: this.callImm(row) }];
      if (op.BPF_CLASS(insn.code) !== op.BPF_LDX || probeMem?.[row.from] !== 1) return [insn];
      const mode = op.BPF_MODE(insn.code) === op.BPF_MEMSX ? PROBE_MEMSX : PROBE_MEM;
      return [{ ...insn, code: (insn.code & ~MODE) | mode }];
    });
  }

  private helper({ insn, symbol }: XlatedInsn): string {
    return symbol === '' ? `bpf_${helperName(insn.imm).replace(/^bpf_/, '')}` : symbol;
  }
  private callImm(row: XlatedInsn): number {
    const addr = this.kernel.symbols.find(this.helper(row))?.addr;
    return addr === undefined || this.base === 0n ? row.insn.imm : Number(addr - this.base);
  }

  private constant(insn: Insn, next: Insn | undefined): string | null {
    const map =
      insn.src === op.BPF_PSEUDO_MAP_FD || insn.src === op.BPF_PSEUDO_MAP_VALUE
        ? (this.prog.mapsByFd.get(insn.imm) ?? null)
        : null;
    if (insn.src === op.BPF_PSEUDO_MAP_FD) return `map[id:${map?.id ?? 0}]`;
    if (insn.src === op.BPF_PSEUDO_MAP_VALUE) return `map[id:${map?.id ?? 0}][0]+${(next?.imm ?? 0) >>> 0}`;
    if (insn.src === op.BPF_PSEUDO_FUNC) return `subprog[${insn.imm < 0 ? '' : '+'}${insn.imm}]`;
    if (insn.src === op.BPF_PSEUDO_BTF_ID) {
      const addr = this.kernel.symbols.find(this.kernel.btf.nameOf(insn.imm))?.addr ?? 0n;
      return `0x${addr.toString(16)}`;
    }
    return null;
  }
}

/** @kernel bpf_insn_prepare_dump, kernel/bpf/syscall.c @fidelity partial: see the verifier's rewrite */
function rows(kernel: Kernel, prog: Prog): Row[] {
  const { btf, lineInfo = [] } = prog.spec;
  const names = new Names(kernel, prog);
  const xlated = xlatedOf(prog);
  const heads = new Map(
    functions(prog).map(({ at, id }) => [xlated.place(at), btf ? `${signature(btf.types, id)}:` : '']),
  );
  const sources = new Map(
    lineInfo.map((row) => [
      xlated.place(Number(row.insnOff)),
      {
        text: (btf?.types.string(row.lineOff) ?? '').trimStart(),
        file: btf?.types.string(row.fileNameOff) ?? '',
        line: row.line,
        column: row.column,
      },
    ]),
  );
  return xlated.insns.map((row) => ({
    head: heads.get(row.index) ?? '',
    source: sources.get(row.index) ?? null,
    index: row.index,
    text: names.text(row),
    insn: row.insn,
    second: row.second,
  }));
}

const bytesText = (insn: Insn): string =>
  Array.from(encodeInsns([insn]), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

export function xlatedText(kernel: Kernel, prog: Prog, options: XlatedOptions): string {
  let out = '';
  for (const { head, source, index, text, insn, second } of rows(kernel, prog)) {
    if (head !== '') out += `${head}\n`;
    if (source && source.text !== '') {
      const where = options.lines
        ? ` [file:${source.file} line_num:${source.line} line_col:${source.column}]`
        : '';
      out += `; ${source.text}${where}\n`;
    }
    out += `${String(index).padStart(4)}: ${text}\n`;
    if (options.opcodes) out += `       ${bytesText(insn)}${second ? ` ${bytesText(second)}` : ''}\n`;
  }
  return out;
}

export function xlatedJson(kernel: Kernel, prog: Prog, options: XlatedOptions): Json {
  return rows(kernel, prog).map(({ head, source, text, insn, second }): Json => {
    const bytes = encodeInsns(second ? [insn, second] : [insn]);
    const hex = (from: number, to: number): Json =>
      Array.from(bytes.subarray(from, to), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
    return {
      ...(head === '' ? {} : { proto: head.slice(0, -1) }),
      ...(source && source.text !== '' ? { src: source.text } : {}),
      ...(source && options.lines
        ? { file: source.file, line_num: source.line, line_col: source.column }
        : {}),
      disasm: text,
      ...(options.opcodes
        ? {
            opcodes: {
              code: `0x${insn.code.toString(16).padStart(2, '0')}`,
              src_reg: `0x${insn.src.toString(16)}`,
              dst_reg: `0x${insn.dst.toString(16)}`,
              off: hex(2, 4),
              imm: hex(4, second ? 16 : 8),
            },
          }
        : {}),
    };
  });
}
