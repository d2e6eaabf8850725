/**
 * Makes of each program what BPF_PROG_LOAD takes: its code with every subprogram it reaches behind it,
 * each copied once, calls pointing into that whole, references filled in with fds and ids.
 *
 *     prog | sub a (called by prog) | sub b (called by a) | ...
 *
 * .BTF.ext records move along with the code they describe.
 *
 * Source: libbpf.c bpf_object__relocate.
 */
import type { InsnIndex } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import type { Insn } from '../abi/insn.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from '../abi/opcode.ts';
import type { CoreRelo, FuncInfo, LineInfo } from '../btf/ext.ts';
import type { Btf } from '../btf/parse.ts';
import { programAt } from './collect.ts';
import { patchInsn, poisonedCall } from './core_patch.ts';
import { exceptionCallback } from './exception_cb.ts';
import { LIBBPF_ERRNO__RELOC } from './messages.ts';
import type { Messages } from './messages.ts';
import { LibbpfError } from './object.ts';
import type { BpfObject, BpfProgramSpec, Reloc } from './object.ts';
import { coreFailed, CoreRelocator } from './relo_core.ts';
import type { ResolvedExtern } from './resolve_externs.ts';

/** Poison of a map that was not created: plus its index. */
export const MAP_POISON = 2001000000;
/** Poison of a weak kfunc that the kernel lacks: plus the extern's index. */
export const KFUNC_POISON = 2002000000;

/** A program ready to load. */
export interface LinkedProgram {
  readonly spec: BpfProgramSpec;
  readonly insns: readonly Insn[];
  /** insnOff counts instructions of `insns`. */
  readonly funcInfo: readonly FuncInfo[];
  /** insnOff counts instructions of `insns`. */
  readonly lineInfo: readonly LineInfo[];
  /** insnOff counts instructions of `insns`. */
  readonly coreRelos: readonly CoreRelo[];
}

/** Programs after CO-RE, still apart. */
type Patched = ReadonlyMap<BpfProgramSpec, readonly Insn[]>;

/**
 * Fits every function that will be loaded to the kernel's types.
 *
 * @throws LibbpfError after saying what is wrong
 * @kernel bpf_object__relocate_core, libbpf.c
 * @fidelity full: src/engine/libbpf/recorded.test.ts
 */
export function relocateCore(object: BpfObject, kernel: Btf, log: Messages): Patched {
  const patched = new Map(object.programs.map((prog) => [prog, [...prog.insns]]));
  if (!object.btf) return patched;
  const say = (text: string): void => log.warn(text);
  const relocator = new CoreRelocator(object.btf, kernel, say);
  for (const [sectionIndex, info] of object.info) {
    for (const [i, relo] of info.coreRelos.entries()) {
      const prog = programAt(object.programs, sectionIndex, relo.insnOff / INSN_BYTES);
      if (!prog?.autoload) continue;
      const insn = relo.insnOff / INSN_BYTES - prog.sectionOffset;
      const result = relocator.calculate(prog.name, relo, i);
      const place = { prog: prog.name, relo: i, insn };
      const failed = coreFailed(result);
      const errno = failed ? result.errno : patchInsn(must(patched.get(prog), prog.name), place, result, say);
      if (errno === 0) continue;
      const what = failed ? 'failed to relocate' : `failed to patch insn #${insn}`;
      log.warn(`prog '${prog.name}': relo #${i}: ${what}: ${log.number(errno)}`);
      log.warn(`failed to perform CO-RE relocations: ${log.number(errno)}`);
      throw new LibbpfError(errno);
    }
  }
  return patched;
}

/** What references become. */
export interface LinkTargets {
  /** Fd of each map of the object; -1: not created. */
  readonly mapFds: readonly number[];
  readonly externs: readonly ResolvedExtern[];
}

/**
 * Links one program.
 *
 * @param code what relocateCore made of the object's functions
 * @throws LibbpfError after saying what is wrong
 */
export function linkProgram(
  object: BpfObject,
  main: BpfProgramSpec,
  code: Patched,
  targets: LinkTargets,
  log: Messages,
): LinkedProgram {
  const insns: Insn[] = [];
  const placed = new Map<BpfProgramSpec, InsnIndex>();
  const fail = (text: string): never => {
    log.warn(`prog '${main.name}': ${text}`);
    log.warn(`prog '${main.name}': failed to relocate calls: ${log.number(-LIBBPF_ERRNO__RELOC)}`);
    throw new LibbpfError(-LIBBPF_ERRNO__RELOC);
  };
  const append = (prog: BpfProgramSpec): void => {
    const base = insns.length;
    placed.set(prog, base);
    insns.push(...must(code.get(prog), prog.name));
    const relocs = new Map(prog.relocs.map((r) => [r.insn, r]));
    for (let i = 0; i < prog.insns.length; i++) {
      const insn = must(insns[base + i], 'instruction');
      const relo = relocs.get(i);
      const callee = calleeOf(object, prog, i, insn, relo, fail);
      if (callee === null) continue;
      if (!placed.has(callee)) append(callee);
      const imm = must(placed.get(callee), callee.name) - (base + i) - 1;
      const src = relo?.kind === 'subprog_addr' ? BPF_PSEUDO_FUNC : insn.src;
      insns[base + i] = { ...insn, src, imm };
    }
  };
  append(main);
  const callback = exceptionCallback(object, main, log);
  if (callback && !placed.has(callback)) append(callback);
  for (const [prog, base] of placed)
    for (const relo of prog.relocs) relocateData(object, insns, base + relo.insn, relo, targets);
  return { spec: main, insns, ...moveInfo(object, placed) };
}

/** The subprogram that an instruction calls or takes the address of; null for all other instructions. */
function calleeOf(
  object: BpfObject,
  prog: BpfProgramSpec,
  at: InsnIndex,
  insn: Insn,
  relo: Reloc | undefined,
  fail: (text: string) => never,
): BpfProgramSpec | null {
  const isCall = insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_CALL;
  const isAddress = relo?.kind === 'subprog_addr';
  if ((!isCall && !isAddress) || relo?.kind === 'extern_call') return null;
  // A call to a static function of the same section has no relocation: its imm is relative already.
  let target = prog.sectionOffset + at + insn.imm + 1;
  if (relo?.kind === 'call') target = relo.offset / INSN_BYTES + insn.imm + 1;
  else if (relo?.kind === 'subprog_addr') target = (relo.offset + insn.imm) / INSN_BYTES;
  else if (relo) return fail(`unexpected relo for insn #${at}, type ${relo.kind}`);
  const text = object.programs.find((p) => p.subprog);
  if (!text) return fail('no .text section found yet sub-program call exists');
  return (
    programAt(object.programs, text.sectionIndex, target) ??
    fail(`sub-program at insn #${target} of .text not found`)
  );
}

/** Fills in one reference to a map, a variable or an extern. */
function relocateData(
  object: BpfObject,
  insns: Insn[],
  at: InsnIndex,
  relo: Reloc,
  { mapFds, externs }: LinkTargets,
): void {
  const low = must(insns[at], 'instruction');
  const high = insns[at + 1] ?? low;
  const setLdImm64 = (src: number, imm: number, second: number): void => {
    insns[at] = { ...low, src, imm };
    insns[at + 1] = { ...high, imm: second };
  };
  const useMap = (map: number, src: number, second: number): void => {
    if (object.maps[map]?.autocreate) return setLdImm64(src, mapFds[map] ?? -1, second);
    insns[at] = poisonedCall(MAP_POISON + map);
    insns[at + 1] = poisonedCall(MAP_POISON + map);
  };
  switch (relo.kind) {
    case 'map':
      return useMap(relo.map, BPF_PSEUDO_MAP_FD, 0);
    case 'data':
      return useMap(relo.map, BPF_PSEUDO_MAP_VALUE, low.imm + relo.offset);
    case 'extern_ld64': {
      const ext = object.externs[relo.extern];
      const found = externs[relo.extern];
      if (ext?.kind === 'kconfig') {
        const kconfig = object.maps.findIndex((m) => m.origin === 'kconfig');
        return setLdImm64(BPF_PSEUDO_MAP_VALUE, mapFds[kconfig] ?? -1, ext.offset);
      }
      if (found?.kind === 'btf') return setLdImm64(BPF_PSEUDO_BTF_ID, found.id, 0);
      const addr = found?.kind === 'addr' ? found.addr : 0n;
      return setLdImm64(0, Number(BigInt.asIntN(32, addr)), Number(BigInt.asIntN(32, addr >> 32n)));
    }
    case 'extern_call': {
      const found = externs[relo.extern];
      insns[at] =
        found?.kind === 'btf'
          ? { ...low, src: BPF_PSEUDO_KFUNC_CALL, off: 0, imm: found.id }
          : poisonedCall(KFUNC_POISON + relo.extern);
      return;
    }
    case 'call':
    case 'subprog_addr':
      // Done when the subprogram was placed.
      return;
  }
}

/** The records of the placed functions, their offsets now instructions of the whole. */
function moveInfo(
  object: BpfObject,
  placed: ReadonlyMap<BpfProgramSpec, InsnIndex>,
): Pick<LinkedProgram, 'funcInfo' | 'lineInfo' | 'coreRelos'> {
  const move = <T extends { readonly insnOff: number }>(
    prog: BpfProgramSpec,
    base: InsnIndex,
    records: readonly T[] = [],
  ): T[] =>
    records.flatMap((record) => {
      const at = record.insnOff / INSN_BYTES - prog.sectionOffset;
      return at >= 0 && at < prog.insns.length ? [{ ...record, insnOff: at + base }] : [];
    });
  const funcInfo: FuncInfo[] = [];
  const lineInfo: LineInfo[] = [];
  const coreRelos: CoreRelo[] = [];
  for (const [prog, base] of placed) {
    const info = object.info.get(prog.sectionIndex);
    funcInfo.push(...move(prog, base, info?.funcInfo));
    lineInfo.push(...move(prog, base, info?.lineInfo));
    coreRelos.push(...move(prog, base, info?.coreRelos));
  }
  return { funcInfo, lineInfo, coreRelos };
}
