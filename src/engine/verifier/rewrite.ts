/**
 * What the verifier makes of an accepted program: branches that are always or never taken are hard-wired,
 * dead code and jumps to the next instruction go, calls of maps' helpers go to the map's own functions, and
 * small helpers are written out. This is what BPF_OBJ_GET_INFO_BY_FD shows; here the program that was given
 * runs, which does the same.
 *
 *     insns -> items that point at each other -> hard-wire -> drop -> write out -> numbers
 *
 * Source: opt_hard_wire_dead_code_branches, opt_remove_dead_code, opt_remove_nops, optimize_bpf_loop,
 * do_misc_fixups, kernel/bpf/verifier.c, Linux 6.12.
 */
import type { Bytes, InsnIndex } from '../../shared/brand.ts';
import { alignUp } from '../../shared/int64.ts';
import type { Insn } from '../abi/insn.ts';
import * as op from '../abi/opcode.ts';
import { countStart, countedGoto, loopInline, writtenOut } from './inline_calls.ts';
import { isMayGoto } from './insn_kind.ts';
import type { InlineFacts, Piece } from './inline_calls.ts';

/** An instruction as it stands in the program that runs. */
export interface XlatedInsn {
  readonly insn: Insn;
  /** Second half of a 64-bit constant. */
  readonly second: Insn | null;
  /** Where it stands; a 64-bit constant takes two. */
  readonly index: InsnIndex;
  /** The instruction as given that it stands for. */
  readonly from: InsnIndex;
  /** Kernel function that is called in place of a helper, '': the helper's own. */
  readonly symbol: string;
}

export interface Xlated {
  readonly insns: readonly XlatedInsn[];
  /** In instructions, the halves of 64-bit constants counted. */
  readonly length: number;
  /**
   * Where something that belonged to an instruction as given belongs now: with one that went, to the first
   * that is left behind it. Of several at one place the last one counts. Null: nowhere.
   */
  place(from: InsnIndex): InsnIndex | null;
}

/** Functions of a program and what is known of their calls. */
export interface FunctionFacts extends Pick<InlineFacts, 'calls'> {
  /** First instruction, first behind, and stack of each function. */
  readonly functions: readonly {
    readonly start: InsnIndex;
    readonly end: InsnIndex;
    readonly stackDepth: Bytes;
  }[];
}

export interface RewriteFacts extends InlineFacts, FunctionFacts {
  /** 1 where the simulation came by. */
  readonly seen: Uint8Array;
  /** 1 where a saved register around a call that is written out goes; may be shorter. */
  readonly gone: Uint8Array;
}

interface Item {
  insn: Insn;
  readonly second: Insn | null;
  readonly from: InsnIndex;
  symbol: string;
  /** The instruction as given that it jumps to, calls or points at; -1: none. */
  to: InsnIndex;
  alive: boolean;
  /** Comes first in its function, and jumps to the function's start pass it by. */
  readonly prologue: boolean;
}

const CALL = op.BPF_JMP | op.BPF_CALL;
const JA = op.BPF_JMP | op.BPF_JA;
const JA32 = op.BPF_JMP32 | op.BPF_JA;

const isJumpClass = (code: number): boolean =>
  op.BPF_CLASS(code) === op.BPF_JMP || op.BPF_CLASS(code) === op.BPF_JMP32;

function isConditional({ code }: Insn): boolean {
  const kind = op.BPF_OP(code);
  return isJumpClass(code) && kind !== op.BPF_JA && kind !== op.BPF_EXIT && kind !== op.BPF_CALL;
}

/** Where an instruction leads besides the next one, -1: nowhere. */
function targetOf(insn: Insn, at: InsnIndex): InsnIndex {
  const { code, src, off, imm } = insn;
  if (code === CALL) return src === op.BPF_PSEUDO_CALL ? at + 1 + imm : -1;
  if (code === op.LD_IMM64) return src === op.BPF_PSEUDO_FUNC ? at + 1 + imm : -1;
  if (code === JA32) return at + 1 + imm;
  return code === JA || isConditional(insn) ? at + 1 + off : -1;
}

function itemsOf(insns: readonly Insn[]): Item[] {
  const items: Item[] = [];
  insns.forEach((insn, from) => {
    if (insn.code === 0) return;
    const second = insn.code === op.LD_IMM64 ? (insns[from + 1] ?? null) : null;
    items.push({ insn, second, from, symbol: '', to: targetOf(insn, from), alive: true, prologue: false });
  });
  return items;
}

/** A branch of which one side was never walked is none. */
function hardWire(items: readonly Item[], seen: Uint8Array): void {
  for (const item of items) {
    if (!isConditional(item.insn)) continue;
    const neverFalls = seen[item.from + 1] === 0;
    const neverJumps = seen[item.to] === 0;
    if (!neverFalls && !neverJumps) continue;
    item.insn = { code: JA, dst: 0, src: 0, off: 0, imm: 0 };
    if (!neverFalls) item.to = item.from + 1;
  }
}

/** Unseen instructions go, then jumps to the next one. */
function drop(items: readonly Item[], { seen, gone }: RewriteFacts): void {
  for (const item of items) item.alive = seen[item.from] !== 0 && gone[item.from] !== 1;
  const left = items.filter(({ alive }) => alive);
  left.forEach((item, i) => {
    const next = left[i + 1];
    if (item.insn.code !== JA || !next) return;
    // what lies between was dropped, or nothing does
    if (item.to > item.from && item.to <= next.from) item.alive = false;
  });
}

/** What stands in place of an item. */
function replaced(item: Item, pieces: readonly Piece[]): Item[] {
  return pieces.map(({ insn, second, symbol, keeps, calls }): Item => ({
    insn,
    second: second ?? (keeps ? item.second : null),
    from: item.from,
    symbol: symbol ?? '',
    to: keeps ? item.to : (calls ?? -1),
    alive: true,
    prologue: false,
  }));
}

const sizeOf = ({ second }: Item): number => (second ? 2 : 1);

/** The program with its distances, and where each instruction as given has gone. */
function layOut(items: readonly Item[]): Xlated {
  const at = new Map<InsnIndex, InsnIndex>();
  const starts: InsnIndex[] = [];
  let length = 0;
  for (const item of items) {
    if (!at.has(item.from)) at.set(item.from, length);
    starts.push(length);
    length += sizeOf(item);
  }
  const froms = [...at.keys()];
  const prologues = new Set(items.filter(({ prologue }) => prologue).map(({ from }) => from));
  /** The first that is left from here on. */
  const placeOf = (from: InsnIndex): InsnIndex => {
    const found = at.get(from) ?? at.get(froms.find((other) => other >= from) ?? -1);
    return found ?? length;
  };
  const insns = items.map(({ insn, second, from, symbol, to }, i): XlatedInsn => {
    const index = starts[i] ?? 0;
    if (to < 0) return { insn, second, index, from, symbol };
    const jumps = insn.code !== CALL && insn.code !== op.LD_IMM64;
    const distance = placeOf(to) + (jumps && prologues.has(to) ? 1 : 0) - index - 1;
    const inOff = jumps && insn.code !== JA32;
    const moved = inOff ? { ...insn, off: distance } : { ...insn, imm: distance };
    return { insn: moved, second, index, from, symbol };
  });
  return {
    insns,
    length,
    place: (from) => {
      const found = placeOf(from);
      return found < length ? found : null;
    },
  };
}

/** Stack that a function needs when calls of bpf_loop are written out in it. */
function depthWithLoops(at: InsnIndex, { functions, calls }: FunctionFacts): Bytes {
  const func = functions.find(({ start, end }) => at >= start && at < end);
  if (!func) return 0;
  const loops = [...calls].some(([call, { loop }]) => loop >= 0 && call >= func.start && call < func.end);
  return loops ? alignUp(func.stackDepth, 8) + LOOP_STACK : func.stackDepth;
}
const LOOP_STACK = 24;

/**
 * Stack of each function of an accepted program, with what the kernel's own instructions need.
 *
 * @param insns as given
 */
export const finalDepths = (insns: readonly Insn[], seen: Uint8Array, facts: FunctionFacts): Bytes[] =>
  facts.functions.map(({ start, end }) => {
    const counts = insns.some((insn, at) => at >= start && at < end && seen[at] === 1 && isMayGoto(insn));
    return depthWithLoops(start, facts) + (counts ? COUNT_STACK : 0);
  });
const COUNT_STACK = 8;

/** Functions with may_goto begin by setting its count. */
function withPrologues(given: readonly Item[], out: readonly Item[], facts: RewriteFacts): Item[] {
  const counted = facts.functions.filter(({ start, end }) =>
    given.some(({ alive, insn, from }) => alive && isMayGoto(insn) && from >= start && from < end),
  );
  const starts = new Map(counted.map(({ start }) => [out.findIndex(({ from }) => from >= start), start]));
  return out.flatMap((item, i) => {
    const start = starts.get(i);
    if (start === undefined) return [item];
    const insn = countStart(depthWithLoops(start, facts));
    const { from } = item;
    return [{ insn, second: null, from, symbol: '', to: -1, alive: true, prologue: true }, item];
  });
}

/**
 * The program as the kernel shows it.
 *
 * @param insns as given
 * @kernel bpf_check, kernel/bpf/verifier.c
 * @fidelity partial: nothing is sanitised, as for a program that may do all
 */
export function rewrite(insns: readonly Insn[], facts: RewriteFacts): Xlated {
  const items = itemsOf(insns);
  hardWire(items, facts.seen);
  drop(items, facts);
  const out = items
    .filter(({ alive }) => alive)
    .flatMap((item) => {
      const { insn, from } = item;
      const pieces = isMayGoto(insn)
        ? countedGoto(insn, depthWithLoops(from, facts))
        : (loopInline(insn, from, facts) ?? writtenOut(insn, from, facts));
      return pieces ? replaced(item, pieces) : [item];
    });
  return layOut(withPrologues(items, out, facts));
}

/** A program of which nobody says what was made of it. */
export const asGiven = (insns: readonly Insn[]): Xlated => layOut(itemsOf(insns));
