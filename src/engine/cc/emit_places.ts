/**
 * Where the values of variables are, instruction by instruction: for whoever inspects a program.
 *
 *     mem2reg leaves marks   "v is this value from here on"
 *     isel, regalloc         the value has a register, or a place on the stack; or nothing needs it: unknown
 *     here                   which registers still hold it, over copies, calls and joins
 *
 * A mark changes nothing in the code. What is said is true: where two ways meet that do not agree, and once
 * the last register that held a value is written, the variable has no place. A variable that stayed in memory
 * has its slot for as long as its scope lasts.
 */
import * as bpf from '../abi/opcode.ts';
import type { Bytes } from '../../shared/brand.ts';
import type { Slot } from './ir.ts';
import { R10, minst } from './isel_code.ts';
import type { MBlock, MFunction, MInst, Mark } from './isel_code.ts';
import { writesOf } from './isel_liveness.ts';

export type Place =
  | { readonly in: 'register'; readonly reg: number }
  /** Offset from r10; negative. */
  | { readonly in: 'stack'; readonly offset: Bytes }
  | { readonly in: 'number'; readonly value: bigint };

/** Bytes of a variable and where they are from instruction `from` to before `to` of its function. */
export interface PlacedPart {
  readonly variable: Slot;
  readonly off: Bytes;
  readonly size: Bytes;
  readonly place: Place;
  readonly from: number;
  readonly to: number;
}

/** Every place that holds some bytes of a variable; a register by its number, the stack by its offset. */
interface Held {
  readonly part: Mark;
  readonly value: bigint | null;
  readonly holders: ReadonlySet<number>;
}
type State = ReadonlyMap<string, Held>;

/** Takes marks and scopes out of the code. */
export function dropMarks(fn: MFunction): void {
  for (const block of fn.blocks)
    block.insts = block.insts.filter(({ kind }) => kind !== 'mark' && kind !== 'life');
}

/** The same, and ties them to the instruction that follows. */
export function tieMarks(fn: MFunction, offsets: ReadonlyMap<Slot, Bytes>): void {
  const inMemory = (variable: Slot, begins: boolean): MInst[] => {
    const off = offsets.get(variable);
    if (variable.variable === null || off === undefined) return [];
    const mark: Mark = { variable, off: 0, size: variable.size, in: begins ? 'memory' : 'nothing' };
    return [minst('mark', { mark, off })];
  };
  const scoped = new Set(
    fn.blocks.flatMap(({ insts }) =>
      insts.flatMap(({ kind, slot, imm, mark }) =>
        kind === 'life' && slot && imm === 1n ? [slot] : mark?.in === 'memory' ? [mark.variable] : [],
      ),
    ),
  );
  // Parameters have no scope of their own.
  let pending = [...offsets.keys()].flatMap((slot) => (scoped.has(slot) ? [] : inMemory(slot, true)));
  for (const block of fn.blocks) {
    block.insts = block.insts.filter((inst) => {
      if (inst.mark?.in === 'memory') pending.push(...inMemory(inst.mark.variable, true));
      else if (inst.kind === 'mark') pending.push(inst);
      else if (inst.kind === 'life') {
        if (inst.slot && scoped.has(inst.slot)) pending.push(...inMemory(inst.slot, inst.imm === 1n));
      } else {
        inst.marks = pending;
        pending = [];
        return true;
      }
      return false;
    });
    pending = [];
  }
}

const keyOf = ({ variable, off, size }: Mark): string => `${variable.id}:${off}:${size}`;

function applyMark(state: Map<string, Held>, inst: MInst, part: Mark): void {
  for (const [key, { part: other }] of state)
    if (
      other.variable === part.variable &&
      other.off < part.off + part.size &&
      part.off < other.off + other.size
    )
      state.delete(key);
  const value = part.in === 'number' ? inst.imm : null;
  if (part.in === 'nothing') return;
  const holder = part.in === 'register' ? inst.src : inst.off;
  state.set(keyOf(part), { part, value, holders: new Set(part.in === 'number' ? [] : [holder]) });
}

/** Takes holders that are written out of everything. */
function forget(state: Map<string, Held>, gone: (holder: number) => boolean): void {
  for (const [key, held] of state) {
    if (held.value !== null || held.part.in === 'memory' || ![...held.holders].some(gone)) continue;
    const holders = new Set([...held.holders].filter((holder) => !gone(holder)));
    if (holders.size > 0) state.set(key, { ...held, holders });
    else state.delete(key);
  }
}

function also(state: Map<string, Held>, from: number, to: number, bytes: number): void {
  for (const [key, held] of state)
    if (held.part.in !== 'memory' && held.part.size <= bytes && held.holders.has(from))
      state.set(key, { ...held, holders: new Set([...held.holders, to]) });
}

const WORD: Readonly<Record<number, number>> = {
  [bpf.BPF_B]: 1,
  [bpf.BPF_H]: 2,
  [bpf.BPF_W]: 4,
  [bpf.BPF_DW]: 8,
};

/** What an instruction leaves of what is known, and which copies it makes. */
function execute(state: Map<string, Held>, inst: MInst): void {
  const { kind, dst, src, off, code } = inst;
  const bytes = WORD[bpf.BPF_SIZE(code)] ?? 8;
  if (kind === 'store') {
    if (dst !== R10) return;
    forget(state, (holder) => holder < 0 && holder < off + bytes && off < holder + 8);
    if (bytes === 8 && src >= 0) also(state, src, off, 8);
    return;
  }
  // `r1 = r1` keeps what it writes.
  if (kind === 'copy' && dst === src) return;
  const written = writesOf(inst);
  forget(state, (holder) => written.includes(holder));
  if (kind === 'copy') also(state, src, dst, bpf.BPF_CLASS(code) === bpf.BPF_ALU64 ? 8 : 4);
  if (kind === 'load' && src === R10 && bytes === 8) also(state, off, dst, 8);
}

function meet(a: State, b: State): State {
  const both = new Map<string, Held>();
  for (const [key, held] of a) {
    const other = b.get(key);
    if (!other || other.value !== held.value || (other.part.in === 'memory') !== (held.part.in === 'memory'))
      continue;
    const holders = new Set([...held.holders].filter((holder) => other.holders.has(holder)));
    if (holders.size > 0 || held.value !== null) both.set(key, { ...held, holders });
  }
  return both;
}

const sameStates = (a: State, b: State): boolean =>
  a.size === b.size && [...a].every(([key, held]) => b.get(key)?.holders.size === held.holders.size);

/** What is known where each block begins. Ways not walked yet do not count, so loops keep what they keep. */
function entering(blocks: readonly MBlock[]): Map<MBlock, State> {
  const known = new Map<MBlock, State>(blocks.slice(0, 1).map((block) => [block, new Map()]));
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      const start = known.get(block);
      if (!start) continue;
      const state = new Map(start);
      for (const inst of block.insts) {
        for (const mark of inst.marks) if (mark.mark) applyMark(state, mark, mark.mark);
        execute(state, inst);
      }
      for (const succ of block.succs) {
        const before = known.get(succ);
        const after = before ? meet(before, state) : new Map(state);
        if (before && sameStates(before, after)) continue;
        known.set(succ, after);
        changed = true;
      }
    }
  }
  return known;
}

function placeOf({ part, value, holders }: Held): Place {
  if (value !== null) return { in: 'number', value };
  const holder = part.in === 'memory' ? Math.min(...holders) : Math.max(...holders);
  return holder < 0 ? { in: 'stack', offset: holder } : { in: 'register', reg: holder };
}
const samePlace = (a: Place, b: Place): boolean =>
  (a.in === 'register' && b.in === 'register' && a.reg === b.reg) ||
  (a.in === 'stack' && b.in === 'stack' && a.offset === b.offset) ||
  (a.in === 'number' && b.in === 'number' && a.value === b.value);

/**
 * @param order the blocks as they were emitted, the entry first among those of `fn`
 * @param indexOf where each instruction begins; `end`: how many instructions there are
 */
export function placedParts(
  fn: MFunction,
  order: readonly MBlock[],
  indexOf: ReadonlyMap<MInst, number>,
  end: number,
): PlacedPart[] {
  const known = entering(fn.blocks);
  const open = new Map<string, Omit<PlacedPart, 'to'>>();
  const out: PlacedPart[] = [];
  const show = (state: State, at: number): void => {
    for (const [key, part] of open) {
      const held = state.get(key);
      if (held && samePlace(placeOf(held), part.place)) continue;
      if (at > part.from) out.push({ ...part, to: at });
      open.delete(key);
    }
    for (const [key, held] of state) {
      if (open.has(key)) continue;
      const { variable, off, size } = held.part;
      open.set(key, { variable, off, size, place: placeOf(held), from: at });
    }
  };
  for (const block of order) {
    const state = new Map(known.get(block) ?? []);
    for (const inst of block.insts) {
      for (const mark of inst.marks) if (mark.mark) applyMark(state, mark, mark.mark);
      const at = indexOf.get(inst);
      if (at !== undefined) show(state, at);
      // Of several instructions that stand for one the first may have written already.
      const written = writesOf(inst);
      const within = new Map(state);
      forget(within, (holder) => written.includes(holder));
      if (at !== undefined && written.length > 0) show(within, at + 1);
      execute(state, inst);
    }
  }
  show(new Map(), end);
  return out;
}
