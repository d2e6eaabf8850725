/**
 * A loaded program: struct bpf_prog with its instructions behind it, struct bpf_prog_aux, and code to run.
 *
 * The instructions in memory are those that the verifier made of the given ones; those given run, which does the
 * same. ld_imm64 carries addresses of maps, values, kernel variables and functions. A function's address is that of
 * its first instruction as given.
 *
 * Source: bpf_prog_load, kernel/bpf/syscall.c; include/linux/bpf.h, include/linux/filter.h, Linux 6.12.
 */
import type { Addr, InsnIndex, TypeId } from '../../shared/brand.ts';
import { helperName } from '../abi/helper_id.ts';
import { encodeInsns, INSN_BYTES } from '../abi/insn.ts';
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import type { FuncInfo, LineInfo } from '../btf/ext.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { listDel } from '../kernel/list.ts';
import { ksymAddress } from '../kernel/percpu.ts';
import { View } from '../kernel/view.ts';
import { asGiven } from '../verifier/rewrite.ts';
import type { Xlated } from '../verifier/rewrite.ts';
import type { ArenaUse } from '../vm/arena.ts';
import { Code } from '../vm/code.ts';
import type { Linker } from '../vm/code.ts';
import type { BtfObject } from './btf_object.ts';
import type { BpfMap } from './map.ts';
import { ArenaMap } from './maps/arena.ts';
import { EngineBug } from '../../shared/assert.ts';
import { Registry } from './registry.ts';
import { addFunctions, addKsym, ksymName } from './subprogs.ts';
import type { ProgFunction } from './subprogs.ts';
import { progTag, tagText } from './tag.ts';

/** What BPF_PROG_LOAD has once the verifier has agreed. */
export interface ProgSpec {
  /** As given by user space. */
  readonly insns: readonly Insn[];
  readonly name: string;
  /** It can run here, so what it calls must be there. */
  readonly runs: boolean;
  readonly type: number;
  readonly expectedAttachType: number;
  readonly gplCompatible: boolean;
  readonly sleepable: boolean;
  readonly attachBtfId: TypeId;
  /** Name of the function attached to, '' for none. */
  readonly attachFuncName: string;
  /** The map that an ld_imm64 names by file descriptor. */
  readonly map: (fd: number) => BpfMap | null;
  readonly btf?: BtfObject | null;
  /** Functions and source lines as given by user space; insnOff counts instructions. */
  readonly funcInfo?: readonly FuncInfo[];
  readonly lineInfo?: readonly LineInfo[];
  /** One flag per instruction: 1 where the verifier came by; the others cannot be reached. Absent: all of them. */
  readonly seen?: Uint8Array;
  /** One flag per instruction: loads that give 0 when they fault. */
  readonly probeMem?: Uint8Array;
  /** One mark per instruction that is on memory of the arena. Absent: no arena is used. */
  readonly arena?: Uint8Array;
  /** Where bpf_throw goes on; absent: the cookie is the result. */
  readonly exceptionCallback?: InsnIndex;
  readonly maxRdonlyAccess?: number;
  readonly maxRdwrAccess?: number;
  /** How far into its context the program reaches. */
  readonly maxCtxOffset?: number;
  /** What the verifier made of the instructions: what the kernel shows. Absent: the same. */
  readonly xlated?: () => Xlated;
  readonly verifiedInsns?: number;
  readonly stackDepth?: number;
  /** Those that can be reached, the program itself first. Absent: nobody looked for them. */
  readonly functions?: readonly ProgFunction[];
}

/** An ld_imm64 or call that cannot be answered. The verifier should have refused it first. */
export interface Unresolved {
  readonly pc: InsnIndex;
  readonly what: string;
}

/** Every program that is alive. */
export const progsByAddr = new Registry<Prog>('program');

/** Answers the calls of programs that are only looked at. */
const neverCalled = (): never => {
  throw new EngineBug('a program that cannot run here was run');
};
const INERT: Linker = { helper: () => neverCalled, kfunc: () => neverCalled };

/** Counters of one processor. */
const STATS = 'bpf_prog_stats';

const byCode = new WeakMap<Code, Prog>();
/** The program that this code is of; null for code without one. */
export const progOf = (code: Code): Prog | null => byCode.get(code) ?? null;

const rewritten = new WeakMap<ProgSpec, Xlated>();
/** The instructions as BPF_OBJ_GET_INFO_BY_FD shows them. */
export function xlatedOf({ spec }: { readonly spec: ProgSpec }): Xlated {
  let found = rewritten.get(spec);
  if (!found) rewritten.set(spec, (found = spec.xlated?.() ?? asGiven(spec.insns)));
  return found;
}

export class Prog {
  readonly kernel: Kernel;
  readonly id: number;
  readonly spec: ProgSpec;
  /** struct bpf_prog */
  readonly view: View;
  /** struct bpf_prog_aux */
  readonly aux: View;
  /** 16 lower-case hex digits. */
  readonly tag: string;
  readonly code: Code;
  private held: readonly BpfMap[] = [];
  /** By the file descriptors that the instructions as given name. */
  readonly mapsByFd: ReadonlyMap<number, BpfMap>;
  private readonly owned: Addr[] = [];
  /** The struct bpf_prog_aux of each function that is a symbol. */
  private symbols: readonly View[] = [];

  /** @throws UnresolvedError */
  constructor(kernel: Kernel, id: number, spec: ProgSpec, linker: Linker) {
    this.kernel = kernel;
    this.id = id;
    this.spec = spec;
    const type = kernel.types.struct('bpf_prog');
    const { insns } = spec;
    const xlated = xlatedOf(this);
    const room = Math.max(insns.length, xlated.length) * INSN_BYTES;
    const allocation = kernel.mem.alloc(type.size + room, 4096);
    this.owned.push(allocation);
    this.view = new View(kernel.mem, kernel.types, type, kernel.mem.asVmalloc(allocation));
    this.aux = kernel.alloc('bpf_prog_aux');
    this.owned.push(this.aux.addr);
    const base = this.view.addr + BigInt(type.size);
    const maps = new Map<number, BpfMap>();
    const resolved = resolveInsns(kernel, spec, base, maps);
    if (spec.runs) checkCalls(kernel, resolved, linker);
    this.mapsByFd = maps;
    kernel.mem.setBytes(base, encodeInsns(shownInsns(xlated, resolved)));
    this.code = new Code({
      insns: resolved,
      linker: spec.runs ? linker : INERT,
      base,
      ...(spec.probeMem ? { probeMem: spec.probeMem } : {}),
      ...arenaOf(spec, maps),
      ...(spec.exceptionCallback ? { exceptionCallback: spec.exceptionCallback } : {}),
    });
    const tag = progTag(insns);
    this.tag = tagText(tag);
    kernel.mem.setBytes(this.view.at('tag'), tag);
    this.fillView(base);
    this.fillAux(kernel);
    this.useMaps([...new Set(maps.values())]);
    this.addSymbols(base, xlated);
    byCode.set(this.code, this);
    progsByAddr.add(this);
  }

  private fillView(base: Addr): void {
    const { kernel, view, spec } = this;
    view.set('type', spec.type);
    view.set('expected_attach_type', spec.expectedAttachType);
    view.set('len', xlatedOf(this).length);
    view.trySet('jited', 1);
    view.trySet('jit_requested', 1);
    view.trySet('jited_len', spec.insns.length * INSN_BYTES);
    view.trySet('gpl_compatible', spec.gplCompatible ? 1 : 0);
    view.trySet('sleepable', spec.sleepable ? 1 : 0);
    view.trySet('bpf_func', base);
    view.set('aux', this.aux.addr);
    if (kernel.types.has(STATS)) view.trySet('stats', this.own(kernel, kernel.types.struct(STATS).size));
  }

  private fillAux(kernel: Kernel): void {
    const { aux, spec } = this;
    aux.set('refcnt', 1);
    aux.set('id', this.id);
    aux.setStr('name', spec.name);
    aux.trySet('prog', this.view.addr);
    aux.trySet('load_time', kernel.now);
    aux.trySet('verified_insns', spec.verifiedInsns ?? 0);
    aux.trySet('stack_depth', spec.stackDepth ?? 0);
    aux.trySet('max_rdonly_access', spec.maxRdonlyAccess ?? 0);
    aux.trySet('max_rdwr_access', spec.maxRdwrAccess ?? 0);
    aux.trySet('max_ctx_offset', spec.maxCtxOffset ?? 0);
    aux.trySet('attach_btf_id', spec.attachBtfId);
    aux.trySet('btf', spec.btf?.addr ?? 0n);
    aux.trySet('dst_prog', 0n);
    this.setFuncInfo(spec.funcInfo ?? []);
    if (spec.attachFuncName === '') return;
    const name = kernel.allocText(spec.attachFuncName);
    this.owned.push(name);
    aux.trySet('attach_func_name', name);
  }

  /** Into the list of symbols of BPF: functions first. @kernel bpf_prog_kallsyms_add, kernel/bpf/core.c @fidelity partial: no tree to find one by address */
  private addSymbols(base: Addr, xlated: Xlated): void {
    const { kernel, view, aux, spec } = this;
    const { functions = [], name } = spec;
    const there = new Set(functions.map(({ start }) => start));
    const funcInfo = (spec.funcInfo ?? []).filter(
      ({ insnOff }) => insnOff === 0 || there.has(Number(insnOff)),
    );
    const names = { btf: spec.btf?.types ?? null, funcInfo, name };
    const own = (bytes: number): Addr => this.own(kernel, bytes);
    this.symbols = [...addFunctions(kernel, { view, aux, base, functions, xlated, own, ...names }), aux];
    const length = functions[0]?.end ?? spec.insns.length;
    addKsym(kernel, aux, ksymName(this.tag, 0, names), base, length * INSN_BYTES);
  }

  /** Which type each function has. @kernel check_btf_func, kernel/bpf/verifier.c @fidelity partial: places are those of the program as given */
  private setFuncInfo(functions: readonly FuncInfo[]): void {
    const { kernel, aux } = this;
    if (functions.length === 0 || !aux.has('func_info')) return;
    const { size } = kernel.types.struct('bpf_func_info');
    const list = this.own(kernel, functions.length * size);
    functions.forEach(({ insnOff, typeId }, i) => {
      const info = kernel.view('bpf_func_info', list + BigInt(i * size));
      info.set('insn_off', insnOff);
      info.set('type_id', typeId);
    });
    aux.set('func_info', list);
    aux.trySet('func_info_cnt', functions.length);
  }

  /** The maps that the program holds: those it names, and those it was bound to. */
  get maps(): readonly BpfMap[] {
    return this.held;
  }
  /** Holds one more; the caller took the reference. */
  bindMap(map: BpfMap): void {
    this.useMaps([...this.held, map]);
  }
  private useMaps(maps: readonly BpfMap[]): void {
    this.held = maps;
    this.aux.set('used_map_cnt', maps.length);
    if (maps.length === 0) return;
    const list = this.own(this.kernel, maps.length * 8);
    maps.forEach((map, i) => this.kernel.mem.setU64(list + BigInt(i * 8), map.addr));
    this.aux.trySet('used_maps', list);
  }

  private own(kernel: Kernel, size: number): Addr {
    const addr = kernel.mem.alloc(size);
    this.owned.push(addr);
    return addr;
  }

  get addr(): Addr {
    return this.view.addr;
  }
  get name(): string {
    return this.spec.name;
  }
  get attachBtfId(): TypeId {
    return this.spec.attachBtfId;
  }
  get sleepable(): boolean {
    return this.spec.sleepable;
  }
  get maxRdonlyAccess(): number {
    return this.spec.maxRdonlyAccess ?? 0;
  }
  get maxRdwrAccess(): number {
    return this.spec.maxRdwrAccess ?? 0;
  }

  free(): void {
    progsByAddr.remove(this);
    for (const aux of this.symbols) if (aux.has('ksym.lnode')) listDel(this.view.mem, aux.at('ksym.lnode'));
    for (const addr of this.owned) this.view.mem.release(addr);
  }
}

/** A program names something that is not there. */
export class UnresolvedError extends Error {
  override readonly name = 'UnresolvedError';
  readonly at: Unresolved;
  constructor(at: Unresolved) {
    super(`instruction ${at.pc}: ${at.what}`);
    this.at = at;
  }
}

/** The value of one ld_imm64, or what it names in vain. Collects the maps that are used. */
function immediate(
  kernel: Kernel,
  spec: ProgSpec,
  base: Addr,
  pc: InsnIndex,
  maps: Map<number, BpfMap>,
): Addr | string {
  const low = spec.insns[pc];
  const high = spec.insns[pc + 1];
  if (!low || !high) return 'ld_imm64 without second half';
  switch (low.src) {
    case op.BPF_PSEUDO_MAP_FD:
    case op.BPF_PSEUDO_MAP_VALUE: {
      const map = spec.map(low.imm);
      if (!map) return `no map with file descriptor ${low.imm}`;
      maps.set(low.imm, map);
      return low.src === op.BPF_PSEUDO_MAP_FD
        ? map.addr
        : map.directValue(high.imm >>> 0) || 'map without direct values';
    }
    case op.BPF_PSEUDO_BTF_ID: {
      const name = kernel.btf.nameOf(low.imm);
      return ksymAddress(kernel, name) ?? `no kernel symbol '${name}'`;
    }
    case op.BPF_PSEUDO_FUNC:
      return base + BigInt((pc + 1 + low.imm) * INSN_BYTES);
    default:
      return `ld_imm64 of kind ${low.src}`;
  }
}

/** What stands where nothing is ever executed. */
const TRAP: Insn = { code: op.BPF_JMP | op.BPF_JA, dst: 0, src: 0, off: -1, imm: 0 };

/**
 * The instructions that run: addresses in ld_imm64, a trap in place of what cannot be reached.
 *
 * @kernel resolve_pseudo_ldimm64, sanitize_dead_code, kernel/bpf/verifier.c
 * @fidelity partial: dead code is not removed, so nothing moves
 */
export function resolveInsns(kernel: Kernel, spec: ProgSpec, base: Addr, maps: Map<number, BpfMap>): Insn[] {
  const out = [...spec.insns];
  spec.insns.forEach((insn, pc) => {
    const secondHalf = insn.code === 0;
    if (spec.seen && spec.seen[pc] === 0 && !secondHalf) {
      out[pc] = TRAP;
      if (insn.code === op.LD_IMM64) out[pc + 1] = TRAP;
      return;
    }
    if (insn.code !== op.LD_IMM64 || insn.src === 0) return;
    const value = immediate(kernel, spec, base, pc, maps);
    if (typeof value === 'string') throw new UnresolvedError({ pc, what: value });
    out[pc] = { ...insn, src: 0, imm: Number(BigInt.asIntN(32, value)) };
    out[pc + 1] = { code: 0, dst: 0, src: 0, off: 0, imm: Number(BigInt.asIntN(32, value >> 32n)) };
  });
  return out;
}

/**
 * The instructions as they stand in memory. Addresses are those of the instructions that they stand for.
 *
 * @kernel bpf_check, kernel/bpf/verifier.c
 * @fidelity partial: helpers are called by number, not by distance
 */
function shownInsns({ insns }: Xlated, resolved: readonly Insn[]): Insn[] {
  return insns.flatMap(({ insn, second, from }) => {
    if (!second) return [insn];
    const [low, high] = [resolved[from], resolved[from + 1]];
    return insn.src !== 0 && low?.code === op.LD_IMM64 && high ? [low, high] : [insn, second];
  });
}

/** The arena among the maps, as the code that runs needs it. */
function arenaOf(
  { arena: marks }: ProgSpec,
  maps: ReadonlyMap<number, BpfMap>,
): { readonly arena?: ArenaUse } {
  const map = [...maps.values()].find((one) => one instanceof ArenaMap);
  if (!marks || !map) return {};
  const { kernelStart, noUserConversion } = map;
  return { arena: { marks, kernelStart, noUserConversion, userAddr: (addr) => map.userAddr(addr) } };
}

/** Refuses a call that nobody answers. @throws UnresolvedError */
function checkCalls(kernel: Kernel, insns: readonly Insn[], linker: Linker): void {
  insns.forEach((insn, pc) => {
    if (insn.code !== (op.BPF_JMP | op.BPF_CALL)) return;
    if (insn.src === 0 && !linker.helper(insn.imm))
      throw new UnresolvedError({ pc, what: `helper ${helperName(insn.imm)}#${insn.imm}` });
    if (insn.src === op.BPF_PSEUDO_KFUNC_CALL && !linker.kfunc(insn.imm, insn.off))
      throw new UnresolvedError({ pc, what: `kernel function ${kernel.btf.nameOf(insn.imm)}` });
  });
}
