/**
 * Register allocation by graph colouring (Chaitin and Briggs), with coalescing.
 *
 * Two virtual registers that are live together get an edge; a colouring with ten colours is an allocation.
 * Copies are removed by merging both ends where that cannot make the graph harder to colour. What finds no
 * colour lives on the stack, or is computed again before each use when it is a constant or an address.
 * Helper calls write r0-r5, so what lives across one ends up in r6-r9.
 */
import { EngineBug, must } from '../../shared/assert.ts';
import * as bpf from '../abi/opcode.ts';
import { FIRST_VIRTUAL, NO_REG, R10, minst } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';
import { clobbersEarly, liveOut, LiveSet, readsOf, writesOf } from './isel_liveness.ts';

const COLOURS = 10;
/** Scratch registers first: they need no thought; r0 last of them, calls want it. */
const PREFERENCE = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];

interface Copy {
  readonly dst: number;
  readonly src: number;
  readonly weight: number;
}

interface Graph {
  readonly edges: Set<number>[];
  readonly copies: Copy[];
  /** What keeping each register in memory would cost. */
  readonly cost: Float64Array;
}

/** Making a value again is cheaper than keeping it in memory. */
const REPEAT_PRICE = 0.25;

const weightAt = (depth: number): number => 10 ** Math.min(depth, 4);

function buildGraph(fn: MFunction): Graph {
  const edges = Array.from({ length: fn.nextReg }, () => new Set<number>());
  const cost = new Float64Array(fn.nextReg);
  const copies: Copy[] = [];
  const costly = new Set<number>();
  const join = (a: number, b: number): void => {
    if (a === b || a === R10 || b === R10) return;
    if (a < FIRST_VIRTUAL && b < FIRST_VIRTUAL) return;
    edges[a]!.add(b);
    edges[b]!.add(a);
  };
  const out = liveOut(fn);
  const live = new LiveSet();
  for (const block of fn.blocks) {
    live.reset(must(out.get(block), 'liveness'));
    const weight = weightAt(block.depth);
    for (let i = block.insts.length - 1; i >= 0; i--) {
      const inst = block.insts[i]!;
      const reads = readsOf(inst);
      const writes = writesOf(inst);
      if (inst.kind === 'copy') {
        live.delete(inst.src);
        if (inst.src !== R10) copies.push({ dst: inst.dst, src: inst.src, weight });
      }
      if (clobbersEarly(inst)) for (const reg of reads) live.add(reg);
      for (const reg of writes) {
        for (const other of live.regs) join(reg, other);
        for (const other of writes) join(reg, other);
        cost[reg]! += weight;
        if (!canRepeat(inst)) costly.add(reg);
      }
      for (const reg of writes) live.delete(reg);
      for (const reg of reads) {
        live.add(reg);
        cost[reg]! += weight;
      }
    }
  }
  for (let reg = FIRST_VIRTUAL; reg < fn.nextReg; reg++) if (!costly.has(reg)) cost[reg]! *= REPEAT_PRICE;
  return { edges, copies, cost };
}

/** Union-find over merged registers. */
class Merged {
  private readonly parent: number[];
  constructor(size: number) {
    this.parent = Array.from({ length: size }, (_, i) => i);
  }
  find(reg: number): number {
    let at = reg;
    while (this.parent[at] !== at) at = this.parent[at] = this.parent[this.parent[at]!]!;
    return at;
  }
  /** `from` becomes part of `into`. */
  merge(from: number, into: number): void {
    this.parent[from] = into;
  }
}

const isPhysical = (reg: number): boolean => reg < FIRST_VIRTUAL;

/** Merges the ends of copies as long as the graph stays as easy to colour. */
function coalesce(graph: Graph, merged: Merged): void {
  const { edges } = graph;
  const degree = (reg: number): number => (isPhysical(reg) ? Number.POSITIVE_INFINITY : edges[reg]!.size);
  const briggs = (a: number, b: number): boolean => {
    let heavy = 0;
    for (const n of edges[a]!) if (degree(n) >= COLOURS + (edges[b]!.has(n) ? 1 : 0)) heavy++;
    for (const n of edges[b]!) if (!edges[a]!.has(n) && degree(n) >= COLOURS) heavy++;
    return heavy < COLOURS;
  };
  const george = (virtual: number, physical: number): boolean => {
    for (const n of edges[virtual]!)
      if (!isPhysical(n) && degree(n) >= COLOURS && !edges[physical]!.has(n)) return false;
    return true;
  };
  const copies = graph.copies.toSorted((x, y) => y.weight - x.weight);
  for (let changed = true; changed;) {
    changed = false;
    for (const copy of copies) {
      let into = merged.find(copy.dst);
      let from = merged.find(copy.src);
      if (into === from) continue;
      if (isPhysical(from)) [into, from] = [from, into];
      if (isPhysical(from) || edges[from]!.has(into) || into === R10) continue;
      if (!(isPhysical(into) ? george(from, into) : briggs(into, from))) continue;
      for (const n of edges[from]!) {
        edges[n]!.delete(from);
        edges[n]!.add(into);
        edges[into]!.add(n);
      }
      edges[from]!.clear();
      graph.cost[into]! += graph.cost[from]!;
      merged.merge(from, into);
      changed = true;
    }
  }
}

/** @returns a colour for every register, or the registers that must go to memory */
function colour(
  fn: MFunction,
  graph: Graph,
  merged: Merged,
  keep: ReadonlySet<number>,
): number[] | Set<number> {
  const { edges } = graph;
  const nodes: number[] = [];
  for (let reg = FIRST_VIRTUAL; reg < fn.nextReg; reg++) if (merged.find(reg) === reg) nodes.push(reg);
  const degree = new Map(nodes.map((reg) => [reg, edges[reg]!.size]));
  const left = new Set(nodes);
  const easy = nodes.filter((reg) => degree.get(reg)! < COLOURS);
  const order: number[] = [];
  const take = (reg: number): void => {
    left.delete(reg);
    order.push(reg);
    for (const n of edges[reg]!) {
      const d = degree.get(n);
      if (d === undefined || !left.has(n)) continue;
      degree.set(n, d - 1);
      if (d === COLOURS) easy.push(n);
    }
  };
  while (left.size > 0) {
    const reg = easy.pop();
    if (reg !== undefined) {
      if (left.has(reg)) take(reg);
      continue;
    }
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const candidate of left) {
      const price = keep.has(candidate) ? 1e12 : graph.cost[candidate]! / (degree.get(candidate)! + 1);
      if (price < bestCost || best < 0) {
        best = candidate;
        bestCost = price;
      }
    }
    take(best);
  }
  const colours: number[] = [];
  for (let reg = 0; reg <= R10; reg++) colours[reg] = reg;
  const wish = new Map<number, number[]>();
  for (const { dst, src } of graph.copies) {
    const a = merged.find(dst);
    const b = merged.find(src);
    if (a === b) continue;
    wish.set(a, [...(wish.get(a) ?? []), b]);
    wish.set(b, [...(wish.get(b) ?? []), a]);
  }
  const spilled = new Set<number>();
  for (const reg of order.toReversed()) {
    const taken = new Set<number>();
    for (const n of edges[reg]!) {
      const c = colours[n];
      if (c !== undefined) taken.add(c);
    }
    const wished = (wish.get(reg) ?? [])
      .map((other) => colours[other])
      .find((c) => c !== undefined && c !== R10 && !taken.has(c));
    const free = wished ?? PREFERENCE.find((c) => !taken.has(c));
    if (free === undefined) spilled.add(reg);
    else colours[reg] = free;
  }
  if (spilled.size > 0) return spilled;
  return Array.from({ length: fn.nextReg }, (_, reg) => colours[merged.find(reg)] ?? NO_REG);
}

/** True when the value can be made again anywhere. */
const canRepeat = (inst: MInst): boolean =>
  inst.kind === 'frame' ||
  inst.kind === 'imm64' ||
  (inst.kind === 'alu' && bpf.BPF_OP(inst.code) === bpf.BPF_MOV && inst.src === NO_REG);

/** Nothing that lives for a moment should have to live across these. */
const clobbers = ({ kind }: MInst): boolean => kind === 'call' || kind === 'callx' || kind === 'asm';

const renamed = (inst: MInst, to: (reg: number) => number): MInst => ({
  ...inst,
  dst: to(inst.dst),
  src: to(inst.src),
  left: to(inst.left),
  reads: inst.reads.map(to),
  writes: inst.writes.map(to),
  operands: inst.operands.map(to),
});

/** Rewrites the code so that spilled registers live only around each use. @returns the short-lived ones */
function spill(fn: MFunction, spilled: ReadonlySet<number>, merged: Merged, { edges }: Graph): Set<number> {
  const maker = new Map<number, MInst | null>();
  for (const block of fn.blocks)
    for (const inst of block.insts)
      for (const reg of writesOf(inst))
        if (spilled.has(merged.find(reg)))
          maker.set(merged.find(reg), maker.has(merged.find(reg)) || !canRepeat(inst) ? null : inst);
  const short = new Set<number>();
  const slots = new Map<number, MFunction['slots'][number]>();
  /** Registers that are never live together share a place. */
  const places: { readonly slot: MFunction['slots'][number]; readonly regs: number[] }[] = [];
  const slotOf = (reg: number): MFunction['slots'][number] => {
    let slot = slots.get(reg);
    const place = slot
      ? undefined
      : places.find(({ regs }) => regs.every((other) => !edges[other]!.has(reg)));
    if (place) {
      place.regs.push(reg);
      slots.set(reg, (slot = place.slot));
    } else if (!slot) {
      slot = { id: -1 - fn.slots.length, name: 'spill', size: 8, align: 8, variable: null };
      fn.slots.push(slot);
      slots.set(reg, slot);
      places.push({ slot, regs: [reg] });
    }
    return slot;
  };
  /** What asm goto gives is kept wherever it goes: those blocks are entered from nowhere else. */
  const atStart = new Map<MBlock, MInst[]>();
  for (const block of fn.blocks) {
    const out: MInst[] = [];
    /** What the instruction before this one has read or written, still in its short-lived register. */
    let recent = new Map<number, number>();
    for (const inst of block.insts) {
      if (inst.kind === 'mark') {
        out.push(inst);
        continue;
      }
      const before = recent;
      recent = new Map();
      const touched = new Set(
        [...readsOf(inst), ...writesOf(inst)].filter((reg) => spilled.has(merged.find(reg))),
      );
      if (touched.size === 0) {
        out.push(inst);
        continue;
      }
      const names = new Map<number, number>();
      for (const reg of touched) {
        const root = merged.find(reg);
        const fresh = recent.get(root) ?? before.get(root) ?? fn.nextReg++;
        short.add(fresh);
        names.set(reg, fresh);
        recent.set(root, fresh);
      }
      const { loc } = inst;
      for (const reg of new Set(readsOf(inst))) {
        const fresh = names.get(reg);
        const root = merged.find(reg);
        if (fresh === undefined || before.has(root)) continue;
        const again = maker.get(root);
        if (again) out.push({ ...again, dst: fresh, loc });
        else
          out.push(
            minst('load', {
              code: bpf.BPF_LDX | bpf.BPF_MEM | bpf.BPF_DW,
              dst: fresh,
              src: R10,
              slot: slotOf(root),
              loc,
            }),
          );
      }
      const writes = writesOf(inst).filter((reg) => names.has(reg));
      if (writes.length > 0 && writes.every((reg) => maker.get(merged.find(reg)))) {
        recent.clear();
        continue;
      }
      if (clobbers(inst)) recent.clear();
      out.push(renamed(inst, (reg) => names.get(reg) ?? reg));
      for (const reg of writes) {
        const store = (): MInst =>
          minst('store', {
            code: bpf.BPF_STX | bpf.BPF_MEM | bpf.BPF_DW,
            dst: R10,
            src: must(names.get(reg), 'register'),
            slot: slotOf(merged.find(reg)),
            loc,
          });
        if (inst.targets.length === 0) out.push(store());
        else for (const succ of block.succs) atStart.set(succ, [...(atStart.get(succ) ?? []), store()]);
      }
    }
    block.insts = out;
  }
  for (const [block, stores] of atStart) block.insts = [...stores, ...block.insts];
  for (const block of fn.blocks)
    for (const inst of block.insts) {
      if (inst.mark?.in !== 'register' || !spilled.has(merged.find(inst.src))) continue;
      const slot = slots.get(merged.find(inst.src)) ?? null;
      Object.assign(inst, { slot, src: NO_REG, mark: { ...inst.mark, in: slot ? 'spilled' : 'nothing' } });
    }
  return short;
}

/** Marks how deep each block lies in loops, from the edges that go back in block order. */
function markLoops(fn: MFunction): void {
  const index = new Map(fn.blocks.map((block, i) => [block, i]));
  // How many begin at a block, less how many ended before it: a switch may have thousands of ways back.
  const begun = new Int32Array(fn.blocks.length + 1);
  fn.blocks.forEach((block, i) => {
    for (const succ of block.succs) {
      const start = index.get(succ) ?? 0;
      if (start > i) continue;
      begun[start]!++;
      begun[i + 1]!--;
    }
  });
  let depth = 0;
  fn.blocks.forEach((block, i) => {
    depth += begun[i]!;
    block.depth = depth;
  });
}

/** Of a value that nothing needs any more its register says nothing. */
function dropDeadMarks(fn: MFunction): void {
  if (!fn.blocks.some(({ insts }) => insts.some(({ mark }) => mark?.in === 'register'))) return;
  const out = liveOut(fn);
  const live = new LiveSet();
  for (const block of fn.blocks) {
    live.reset(must(out.get(block), 'liveness'));
    for (const inst of block.insts.toReversed()) {
      if (inst.mark?.in === 'register' && !live.has(inst.src)) inst.mark = { ...inst.mark, in: 'nothing' };
      for (const reg of writesOf(inst)) live.delete(reg);
      for (const reg of readsOf(inst)) live.add(reg);
    }
  }
}

/** Replaces virtual registers by BPF's; spills go to new slots. */
export function allocateRegisters(fn: MFunction): void {
  markLoops(fn);
  dropDeadMarks(fn);
  const keep = new Set<number>();
  for (let round = 0; round < 40; round++) {
    const graph = buildGraph(fn);
    const merged = new Merged(fn.nextReg);
    coalesce(graph, merged);
    const result = colour(fn, graph, merged, keep);
    if (result instanceof Set) {
      for (const reg of spill(fn, result, merged, graph)) keep.add(reg);
      continue;
    }
    const to = (reg: number): number => (reg === NO_REG ? NO_REG : result[reg]!);
    for (const block of fn.blocks)
      block.insts = block.insts
        .map((inst) => renamed(inst, to))
        .filter((inst) => inst.kind !== 'copy' || inst.dst !== inst.src);
    return;
  }
  throw new EngineBug(`${fn.name}: no register allocation found`);
}
