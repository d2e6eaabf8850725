/**
 * Tidies jumps in allocated code: jumps to jumps go straight on, blocks that are equal become one, and a
 * constant that only one side of a branch sets is set before the branch when the other side does not mind.
 *
 *     if r1 != 0 goto Y; r0 = 0; goto E; Y: r0 = 1; E: ...   =>   r0 = 1; if r1 != 0 goto E; r0 = 0; E: ...
 */
import * as bpf from '../abi/opcode.ts';
import { NO_REG, carryMarks, meetMarks } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';
import { liveOut, readsOf, writesOf } from './isel_liveness.ts';

function retarget(block: MBlock, from: MBlock, to: MBlock): void {
  block.succs = block.succs.map((succ) => (succ === from ? to : succ));
  for (const inst of block.insts) {
    if (inst.target === from) inst.target = to;
    if (inst.targets.includes(from)) inst.targets = inst.targets.map((at) => (at === from ? to : at));
  }
}

function removeUnreached(fn: MFunction): void {
  const reached = new Set<MBlock>();
  const work = fn.blocks.slice(0, 1);
  for (let block = work.pop(); block; block = work.pop()) {
    if (reached.has(block)) continue;
    reached.add(block);
    work.push(...block.succs);
  }
  fn.blocks = fn.blocks.filter((block) => reached.has(block));
}

/** @returns whether anything changed */
function threadJumps(fn: MFunction): boolean {
  let any = false;
  for (const block of fn.blocks) {
    const last = block.insts.at(-1);
    const branch = block.insts.at(-2);
    if (branch?.kind === 'branch' && last?.kind === 'jump' && branch.target === last.target) {
      carryMarks(branch, last);
      block.insts.splice(-2, 1);
      block.succs = block.succs.slice(-1);
      any = true;
    }
    for (const succ of block.succs.slice()) {
      const [only] = succ.insts;
      if (succ.insts.length !== 1 || only?.kind !== 'jump' || !only.target || only.target === succ) continue;
      retarget(block, succ, only.target);
      any = true;
    }
  }
  return any;
}

const text = (inst: MInst): string =>
  [
    inst.kind,
    inst.code,
    inst.dst,
    inst.src,
    inst.left,
    inst.off,
    inst.imm,
    inst.target?.id ?? '',
    inst.symbol?.name ?? '',
    inst.atomic ?? '',
    inst.fetch,
  ].join();

/** The same for blocks that do the same, wherever they go: quicker to see than their text. */
const likeness = ({ insts }: MBlock): number => {
  let sum = insts.length;
  for (const { code, dst, src, off } of insts) sum = (sum * 31 + code * 7 + dst * 5 + src * 3 + off) | 0;
  return sum;
};

/** Small blocks that do the same and go on to the same place become one. @returns whether anything changed */
function shareBlocks(fn: MFunction): boolean {
  const known = new Map<string, MBlock>();
  const preds = new Map<MBlock, MBlock[]>(fn.blocks.map((block) => [block, []]));
  for (const block of fn.blocks) for (const succ of new Set(block.succs)) preds.get(succ)?.push(block);
  const alike = new Map<number, number>();
  const likes = fn.blocks.map(likeness);
  for (const like of likes) alike.set(like, (alike.get(like) ?? 0) + 1);
  let any = false;
  for (const [index, block] of fn.blocks.entries()) {
    if (alike.get(likes[index]!) === 1) continue;
    if (block === fn.blocks[0] || block.insts.some((inst) => inst.relo || inst.kind === 'asm')) continue;
    const key = block.insts.map(text).join(';');
    const same = known.get(key);
    if (!same) {
      known.set(key, block);
      continue;
    }
    block.insts.forEach((inst, i) => {
      const kept = same.insts[i];
      if (kept && kept.loc !== inst.loc) kept.loc = 0;
      if (kept) meetMarks(kept, inst);
    });
    for (const pred of preds.get(block) ?? []) {
      retarget(pred, block, same);
      preds.get(same)?.push(pred);
    }
    any = true;
  }
  return any;
}

const isConstant = (inst: MInst): boolean =>
  inst.kind === 'alu' && bpf.BPF_OP(inst.code) === bpf.BPF_MOV && inst.src === NO_REG && !inst.relo;

/** Registers read in a block before they are written. */
function readFirst(block: MBlock, reg: number): boolean | null {
  for (const inst of block.insts) {
    if (readsOf(inst).includes(reg)) return true;
    if (writesOf(inst).includes(reg)) return false;
  }
  return null;
}

/** @returns whether anything changed */
function hoistConstants(fn: MFunction): boolean {
  const preds = new Map<MBlock, number>();
  for (const block of fn.blocks) for (const succ of block.succs) preds.set(succ, (preds.get(succ) ?? 0) + 1);
  let live: ReturnType<typeof liveOut> | null = null;
  let any = false;
  for (const block of fn.blocks) {
    const branch = block.insts.at(-2);
    if (branch?.kind !== 'branch' || block.succs.length !== 2) continue;
    for (const side of block.succs) {
      const other = block.succs.find((succ) => succ !== side);
      const [constant, jump] = side.insts;
      if (!other || side.insts.length !== 2 || preds.get(side) !== 1) continue;
      if (!constant || jump?.kind !== 'jump' || !isConstant(constant)) continue;
      const reg = constant.dst;
      live ??= liveOut(fn);
      const needed = readFirst(other, reg) ?? live.get(other)?.includes(reg) ?? true;
      if (needed || readsOf(branch).includes(reg)) continue;
      // Only worth it where the other way joins: then one jump is saved.
      if (!other.succs.some((succ) => succ === jump.target)) continue;
      side.insts.shift();
      carryMarks(constant, jump);
      constant.marks = [];
      block.insts.splice(-2, 0, constant);
      any = true;
      break;
    }
  }
  return any;
}

export function tidyJumps(fn: MFunction): void {
  for (let round = 0; round < 8; round++) {
    let changed = threadJumps(fn);
    removeUnreached(fn);
    changed = shareBlocks(fn) || changed;
    removeUnreached(fn);
    changed = hoistConstants(fn) || changed;
    if (!changed) break;
  }
}
