/**
 * Tail merging: where several blocks end with the same instructions and go to the same place, all but one
 * jump into the one that is kept. Iterator programs end many paths with the same call of bpf_seq_printf.
 *
 * Runs on allocated code whose slots have their offsets. An instruction that stands for several source lines names none.
 */
import type { MBlock, MFunction, MInst } from './isel_code.ts';
import { meetMarks, minst } from './isel_code.ts';

/** A jump alone is not worth a jump. */
const MIN_TAIL = 2;

function same(a: MInst, b: MInst): boolean {
  const relo =
    a.relo === b.relo ||
    (a.relo !== null &&
      b.relo !== null &&
      a.relo.kind === b.relo.kind &&
      a.relo.root === b.relo.root &&
      a.relo.access === b.relo.access);
  return (
    relo &&
    a.kind === b.kind &&
    a.kind !== 'asm' &&
    a.code === b.code &&
    a.dst === b.dst &&
    a.src === b.src &&
    a.left === b.left &&
    a.off === b.off &&
    a.imm === b.imm &&
    a.target === b.target &&
    a.symbol === b.symbol &&
    a.atomic === b.atomic &&
    a.fetch === b.fetch
  );
}

function commonTail(a: readonly MInst[], b: readonly MInst[]): number {
  let n = 0;
  while (n < a.length && n < b.length && same(a.at(-1 - n)!, b.at(-1 - n)!)) n++;
  return n;
}

/** Cuts `block` before its last `count` instructions. @returns the new block that holds them */
function split(fn: MFunction, block: MBlock, count: number): MBlock {
  const tail: MBlock = {
    id: Math.max(...fn.blocks.map((b) => b.id)) + 1,
    insts: block.insts.splice(-count),
    succs: block.succs,
    depth: block.depth,
  };
  block.insts.push(minst('jump', { target: tail }));
  block.succs = [tail];
  fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, tail);
  return tail;
}

/** Merges one pair. @returns whether there was one */
function mergeOnce(fn: MFunction): boolean {
  const groups = new Map<string, MBlock[]>();
  for (const block of fn.blocks) {
    const last = block.insts.at(-1);
    const before = block.insts.at(-2);
    if (!last || before?.kind === 'branch' || (last.kind !== 'jump' && last.kind !== 'exit')) continue;
    const key = last.target ? `j${last.target.id}` : 'exit';
    groups.set(key, [...(groups.get(key) ?? []), block]);
  }
  let best: { keep: MBlock; drop: MBlock; length: number } | null = null;
  for (const blocks of groups.values())
    for (let i = 0; i < blocks.length; i++)
      for (let j = i + 1; j < blocks.length; j++) {
        const [a, b] = [blocks[i]!, blocks[j]!];
        const length = commonTail(a.insts, b.insts);
        if (length >= MIN_TAIL && length > (best?.length ?? 0)) best = { keep: a, drop: b, length };
      }
  if (!best) return false;
  const { keep, drop, length } = best;
  const tail = keep.insts.length === length ? keep : split(fn, keep, length);
  const gone = drop.insts.splice(-length);
  tail.insts.slice(-length).forEach((inst, i) => {
    if (inst.loc !== gone[i]!.loc) inst.loc = 0;
    meetMarks(inst, gone[i]!);
  });
  drop.insts.push(minst('jump', { target: tail }));
  drop.succs = [tail];
  return true;
}

export function mergeTails(fn: MFunction): void {
  // Merging is quadratic in the blocks that meet in one place; huge functions are left as they are.
  if (fn.blocks.length > 400) return;
  for (let i = 0; i < 100; i++) if (!mergeOnce(fn)) break;
}
