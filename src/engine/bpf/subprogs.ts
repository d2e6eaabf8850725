/**
 * The functions of a program behind its first. Each has a struct bpf_prog of its own, with its instructions, and is
 * a symbol: what a walk of `ksym` and of prog->aux->func finds.
 *
 *     bpf_prog.aux -> bpf_prog_aux.func[0 .. func_cnt) -> bpf_prog.aux -> bpf_prog_aux.ksym
 *                                      ^ the first stands for the program itself
 *
 * Source: jit_subprogs, kernel/bpf/verifier.c; bpf_prog_ksym_set_name, kernel/bpf/core.c, Linux 6.12.
 */
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import type { FuncInfo } from '../btf/ext.ts';
import type { Btf } from '../btf/parse.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { listAddTail, listInit, listNodes, containerOf } from '../kernel/list.ts';
import type { Ksym } from '../kernel/symbols.ts';
import type { View } from '../kernel/view.ts';
import type { Xlated } from '../verifier/rewrite.ts';
import { progTag, tagText } from './tag.ts';

/** One function of a program as given. */
export interface ProgFunction {
  readonly start: InsnIndex;
  /** The first instruction behind it. */
  readonly end: InsnIndex;
  readonly stackDepth: Bytes;
}

/** The names that a program's BTF gives its functions, in their order. */
export interface FunctionNames {
  readonly btf: Btf | null;
  readonly funcInfo: readonly FuncInfo[];
  /** What the program was loaded as. */
  readonly name: string;
}

/**
 * A function's symbol: its tag, and its whole name where BTF knows it.
 *
 * @kernel bpf_prog_ksym_set_name, kernel/bpf/core.c
 * @fidelity full: subprogs.test.ts
 */
export function ksymName(tag: string, index: number, { btf, funcInfo, name }: FunctionNames): string {
  const info = funcInfo[index];
  const full = btf && info ? btf.nameOf(info.typeId) : name;
  return `bpf_prog_${tag}${full === '' ? '' : `_${full}`}`;
}

/** Puts a symbol behind those that are there. @kernel bpf_ksym_add, kernel/bpf/core.c @fidelity partial: no tree to find one by address */
export function addKsym(kernel: Kernel, aux: View, name: string, start: Addr, size: Bytes): void {
  if (!aux.has('ksym.lnode')) return;
  aux.set('ksym.start', start);
  aux.set('ksym.end', start + BigInt(size));
  aux.setStr('ksym.name', name);
  aux.trySet('ksym.prog', 1);
  const list = kernel.object('bpf_kallsyms', 'list_head').addr;
  if (kernel.mem.u64(list) === 0n) listInit(kernel.mem, list);
  listAddTail(kernel.mem, aux.at('ksym.lnode'), list);
}

/** The symbols of all programs that are alive, oldest first. @kernel bpf_get_kallsym, kernel/bpf/core.c @fidelity full: subprogs.test.ts */
export function bpfKsyms(kernel: Kernel): Ksym[] {
  const list = kernel.object('bpf_kallsyms', 'list_head').addr;
  if (kernel.mem.u64(list) === 0n) return [];
  return [...listNodes(kernel.mem, list)].map((node) => {
    const aux = containerOf(kernel, node, 'bpf_prog_aux', 'ksym.lnode');
    return { addr: aux.ptr('ksym.start'), type: 't', name: aux.str('ksym.name'), module: 'bpf' };
  });
}

/**
 * A function's tag is that of its instructions as they run, calls of functions by number.
 *
 * @kernel jit_subprogs, kernel/bpf/verifier.c
 * @fidelity partial: addresses, which differ from boot to boot, count as the verifier shows them
 */
function functionTag(xlated: Xlated, functions: readonly ProgFunction[], index: number): Uint8Array {
  const placeOf = (of: ProgFunction | undefined): InsnIndex | null => (of ? xlated.place(of.start) : null);
  const [first, end] = [placeOf(functions[index]) ?? 0, placeOf(functions[index + 1]) ?? Infinity];
  const numberAt = (at: InsnIndex): number => functions.findIndex((each) => xlated.place(each.start) === at);
  const own: Insn[] = xlated.insns
    .filter(({ index: at }) => at >= first && at < end)
    .flatMap(({ insn, second, index: at }) => {
      if (insn.code === (op.BPF_JMP | op.BPF_CALL) && insn.src === op.BPF_PSEUDO_CALL)
        return [{ ...insn, off: numberAt(at + 1 + insn.imm), imm: 1 }];
      return second ? [insn, second] : [insn];
    });
  return progTag(own);
}

/** A program whose functions get objects of their own. */
export interface ManyFunctions extends FunctionNames {
  readonly view: View;
  readonly aux: View;
  /** Where its code stands. */
  readonly base: Addr;
  readonly functions: readonly ProgFunction[];
  readonly xlated: Xlated;
  /** Memory that goes when the program goes. */
  readonly own: (bytes: Bytes) => Addr;
}

const codeOf = ({ base }: ManyFunctions, { start }: ProgFunction): Addr => base + BigInt(start * INSN_BYTES);

function newFunction(kernel: Kernel, main: ManyFunctions, index: number, func: ProgFunction): View {
  const { own, view: of } = main;
  const length = func.end - func.start;
  const { size } = kernel.types.struct('bpf_prog');
  const view = kernel.view('bpf_prog', own(size + length * INSN_BYTES));
  kernel.mem.setBytes(view.addr + BigInt(size), kernel.mem.bytes(codeOf(main, func), length * INSN_BYTES));
  for (const same of ['type', 'expected_attach_type', 'jited', 'jit_requested', 'sleepable'])
    if (of.has(same)) view.set(same, of.big(same));
  view.set('len', length);
  view.trySet('is_func', 1);
  view.trySet('jited_len', length * INSN_BYTES);
  view.trySet('bpf_func', codeOf(main, func));
  kernel.mem.setBytes(view.at('tag'), functionTag(main.xlated, main.functions, index));
  const aux = kernel.view('bpf_prog_aux', own(kernel.types.struct('bpf_prog_aux').size));
  view.set('aux', aux.addr);
  aux.trySet('prog', view.addr);
  aux.trySet('func_idx', index);
  aux.trySet('stack_depth', func.stackDepth);
  // Until BTF says more, a function is called F.
  aux.setStr('name', 'F');
  for (const same of ['btf', 'func_info', 'func_info_cnt'])
    if (main.aux.has(same)) aux.set(same, main.aux.big(same));
  return view;
}

/**
 * Gives the functions of a program their objects, and those behind the first their symbols. One that cannot be
 * reached is gone.
 *
 * @returns what stands in the list of symbols now
 * @kernel jit_subprogs, kernel/bpf/verifier.c
 * @fidelity partial: their instructions are those given
 */
export function addFunctions(kernel: Kernel, main: ManyFunctions): readonly View[] {
  const { aux, functions } = main;
  if (functions.length < 2 || !aux.has('func')) return [];
  const made = functions.map((func, index) => newFunction(kernel, main, index, func));
  const table = main.own(made.length * 8);
  made.forEach((view, i) => kernel.mem.setU64(table + BigInt(i * 8), view.addr));
  aux.set('func', table);
  aux.set('func_cnt', made.length);
  aux.trySet('real_func_cnt', made.length);
  return made.slice(1).map((view, i) => {
    const own = kernel.view('bpf_prog_aux', view.ptr('aux'));
    const tag = tagText(kernel.mem.bytes(view.at('tag'), 8));
    addKsym(kernel, own, ksymName(tag, i + 1, main), view.ptr('bpf_func'), view.num('jited_len'));
    return own;
  });
}
