/**
 * Machine code to instructions: blocks in a line, jumps as offsets, slots as offsets from r10, and beside
 * the instructions what the object file needs to know of them.
 */
import { must } from '../../shared/assert.ts';
import type { Insn } from '../abi/insn.ts';
import * as bpf from '../abi/opcode.ts';
import { layOutFrame } from './emit_frame.ts';
import { tidyJumps } from './emit_jumps.ts';
import { mergeTails } from './emit_merge.ts';
import { removeCopies } from './emit_copies.ts';
import type { Cpu } from './cpu.ts';
import { dropMarks, placedParts, tieMarks } from './emit_places.ts';
import type { PlacedPart } from './emit_places.ts';
import type { AsmReg, AtomicOp, CoreRelo, IrSymbol, Slot } from './ir.ts';
import { invertJump } from './isel.ts';
import { NO_REG, R10 } from './isel_code.ts';
import type { MBlock, MFunction, MInst } from './isel_code.ts';
import { FRAME_UNIT } from './profile.ts';
import type { Loc } from './source.ts';

export interface EmittedFunction {
  readonly symbol: IrSymbol;
  readonly insns: readonly Insn[];
  /** Source place of each instruction slot; 0: none. */
  readonly locs: readonly Loc[];
  readonly loc: Loc;
  readonly relocs: readonly { readonly insn: number; readonly symbol: IrSymbol; readonly call: boolean }[];
  readonly coreRelos: readonly { readonly insn: number; readonly relo: CoreRelo }[];
  /** Bytes. */
  readonly stack: number;
  /** A jump goes further than 16 bits say. */
  readonly tooFar: boolean;
  /** Where assembly text stands that cannot be assembled with the registers it got. */
  readonly unassembled: Loc | null;
  /** Where variables are, if that is wanted. */
  readonly places: readonly PlacedPart[];
}

const ATOMIC: Readonly<Record<AtomicOp, number>> = {
  add: bpf.BPF_ADD,
  or: bpf.BPF_OR,
  and: bpf.BPF_AND,
  xor: bpf.BPF_XOR,
  xchg: bpf.BPF_XCHG,
  cmpxchg: bpf.BPF_CMPXCHG,
};

/**
 * Reverse post-order: a join comes after the ways that lead to it. Of a branch the untaken side comes next,
 * except that what follows a loop comes after its body.
 */
function placeBlocks(fn: MFunction): MBlock[] {
  const seen = new Set<MBlock>();
  const post: MBlock[] = [];
  const stack: { block: MBlock; rest: MBlock[] }[] = [];
  const enter = (block: MBlock): void => {
    seen.add(block);
    stack.push({ block, rest: block.succs.toSorted((a, b) => b.depth - a.depth) });
  };
  if (fn.blocks[0]) enter(fn.blocks[0]);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const next = top.rest.pop();
    if (!next) {
      post.push(top.block);
      stack.pop();
    } else if (!seen.has(next)) enter(next);
  }
  return post.toReversed();
}

/**
 * Moves the test of each loop behind its body. Besides saving nothing and costing nothing, it makes the way
 * out the untaken side, which the verifier follows first: with the test on top it would have to remember
 * one way out for every round, and gives up after 8192.
 */
function testLoopsBelow(order: MBlock[]): void {
  const index = new Map(order.map((block, i) => [block, i]));
  const isBack = (block: MBlock, i: number): boolean => block.succs.some((succ) => index.get(succ)! <= i);
  if (!order.some(isBack)) return;
  for (const head of order.slice(1)) {
    if (head.insts.at(-2)?.kind !== 'branch') continue;
    const start = order.indexOf(head);
    const end = order.findLastIndex((block) => block.succs.includes(head));
    if (end <= start) continue;
    const inside = head.succs.filter((succ) => {
      const at = order.indexOf(succ);
      return at > start && at <= end;
    });
    if (inside.length !== 1) continue;
    order.splice(start, 1);
    order.splice(end, 0, head);
  }
}

const FAR_JUMP = bpf.BPF_JMP32 | bpf.BPF_JA;

class Emitter {
  readonly insns: Insn[] = [];
  readonly locs: Loc[] = [];
  readonly relocs: { insn: number; symbol: IrSymbol; call: boolean }[] = [];
  readonly coreRelos: { insn: number; relo: CoreRelo }[] = [];
  /** Where assembly text stands that the registers it got make no sense of. */
  unassembled: Loc | null = null;
  private readonly fixups: { insn: number; target: MBlock }[] = [];
  private readonly starts = new Map<MBlock, number>();
  /** What calls say of the frame; 0 in profile bpf. */
  private readonly frameUnits: number;

  private readonly mov: number;
  private readonly farJumps: boolean;

  constructor(frameUnits: number, cpu: Cpu) {
    this.frameUnits = frameUnits;
    this.mov = (cpu.narrow ? bpf.BPF_ALU : bpf.BPF_ALU64) | bpf.BPF_MOV;
    this.farJumps = cpu.v4;
  }

  private put(code: number, dst: number, src: number, off: number, imm: number, loc: Loc): void {
    this.insns.push({ code, dst: dst === NO_REG ? 0 : dst, src: src === NO_REG ? 0 : src, off, imm });
    this.locs.push(loc);
  }

  private imm64(inst: MInst): void {
    if (inst.symbol) this.relocs.push({ insn: this.insns.length, symbol: inst.symbol, call: false });
    // The loader writes over both halves for an extern, so what is added to its address stands apart.
    const apart = inst.symbol?.kind === 'extern' && inst.imm !== 0n;
    const low = apart ? 0 : Number(BigInt.asIntN(32, inst.imm));
    const high = inst.symbol ? 0 : Number(BigInt.asIntN(32, inst.imm >> 32n));
    this.put(bpf.LD_IMM64, inst.dst, 0, 0, low, inst.loc);
    this.put(0, 0, 0, 0, high, inst.loc);
    if (apart)
      this.put(bpf.BPF_ALU64 | bpf.BPF_ADD, inst.dst, 0, 0, Number(BigInt.asIntN(32, inst.imm)), inst.loc);
  }

  private asm(inst: MInst): void {
    const reg = (from: AsmReg): number =>
      'reg' in from ? from.reg : must(inst.operands[from.operand], 'asm operand');
    const { lines, linesWith } = must(inst.asm, 'asm body');
    const chosen = linesWith ? linesWith(inst.operands) : lines;
    if (!chosen) this.unassembled ??= inst.loc;
    for (const line of chosen ?? []) {
      const insn = this.insns.length;
      const wide = line.code === bpf.LD_IMM64;
      if (line.symbol) this.relocs.push({ insn, symbol: line.symbol.symbol, call: !wide });
      if (line.target !== null) this.fixups.push({ insn, target: must(inst.targets[line.target], 'label') });
      const imm = Number(BigInt.asIntN(32, line.imm));
      this.put(line.code, reg(line.dst), reg(line.src), line.off, imm, inst.loc);
      if (wide) this.put(0, 0, 0, 0, Number(BigInt.asIntN(32, line.imm >> 32n)), inst.loc);
    }
  }

  emit(inst: MInst, next: MBlock | undefined): void {
    const { code, dst, src, loc } = inst;
    const imm = Number(BigInt.asIntN(32, inst.imm));
    if (inst.relo) this.coreRelos.push({ insn: this.insns.length, relo: inst.relo });
    switch (inst.kind) {
      case 'copy':
        return this.put(code, dst, src, 0, 0, loc);
      case 'alu':
        return this.put(code, dst, src, inst.off, imm, loc);
      case 'end':
        return this.put(code, dst, 0, 0, imm, loc);
      case 'imm64':
        return this.imm64(inst);
      case 'frame':
        this.put(bpf.BPF_ALU64 | bpf.BPF_MOV | bpf.BPF_X, dst, R10, 0, 0, loc);
        return this.put(bpf.BPF_ALU64 | bpf.BPF_ADD, dst, 0, 0, inst.off, loc);
      case 'load':
      case 'store':
        return this.put(code, dst, src, inst.off, imm, loc);
      case 'atomic': {
        const op = ATOMIC[must(inst.atomic, 'atomic operation')];
        const plain = inst.atomic !== 'xchg' && inst.atomic !== 'cmpxchg';
        const fetch = inst.fetch && plain ? bpf.BPF_FETCH : 0;
        return this.put(code, dst, src, inst.off, op | fetch, loc);
      }
      case 'call':
        if (inst.symbol) {
          this.relocs.push({ insn: this.insns.length, symbol: inst.symbol, call: true });
          return this.put(bpf.BPF_JMP | bpf.BPF_CALL, 0, bpf.BPF_PSEUDO_CALL, this.frameUnits, -1, loc);
        }
        return this.put(bpf.BPF_JMP | bpf.BPF_CALL, 0, 0, 0, imm, loc);
      case 'callx':
        return this.put(bpf.BPF_JMP | bpf.BPF_CALL | bpf.BPF_X, src, 0, this.frameUnits, 0, loc);
      case 'jump':
        if (inst.target === next) return;
        this.fixups.push({ insn: this.insns.length, target: must(inst.target, 'target') });
        return this.put(bpf.BPF_JMP | bpf.BPF_JA, 0, 0, 0, 0, loc);
      case 'branch':
        this.fixups.push({ insn: this.insns.length, target: must(inst.target, 'target') });
        return this.put(code, dst, src, 0, imm, loc);
      case 'setcc':
        this.put(this.mov, dst, 0, 0, 1, loc);
        this.put(code, inst.left, src, 1, imm, loc);
        return this.put(this.mov, dst, 0, 0, 0, loc);
      case 'exit':
        return this.put(bpf.BPF_JMP | bpf.BPF_EXIT, 0, 0, 0, 0, loc);
      case 'asm':
        return this.asm(inst);
      case 'life':
      case 'mark':
    }
  }

  begin(block: MBlock): void {
    this.starts.set(block, this.insns.length);
  }

  /** Fills in the jumps. @returns whether one leads too far for BPF */
  finish(): boolean {
    let tooFar = false;
    for (const { insn, target } of this.fixups) {
      const off = must(this.starts.get(target), 'jump target') - insn - 1;
      const jump = must(this.insns[insn], 'jump');
      const isFar = off > 32767 || off < -32768;
      if (jump.code === FAR_JUMP || (isFar && this.farJumps && jump.code === (bpf.BPF_JMP | bpf.BPF_JA)))
        this.insns[insn] = { ...jump, code: FAR_JUMP, imm: off };
      else {
        tooFar ||= isFar;
        this.insns[insn] = { ...jump, off };
      }
    }
    return tooFar;
  }
}

/** Turns `if c goto next; goto other` into `if !c goto other` where the taken side comes next anyway. */
function invertBranch(block: MBlock, next: MBlock | undefined, cpu: Cpu): void {
  const jump = block.insts.at(-1);
  const branch = block.insts.at(-2);
  if (jump?.kind !== 'jump' || branch?.kind !== 'branch' || branch.target !== next) return;
  const code = invertJump(branch.code, cpu);
  if (code === null) return;
  branch.code = code;
  [branch.target, jump.target] = [jump.target, branch.target];
}

/** Slots become offsets from r10. */
function placeSlots(fn: MFunction, offsets: ReadonlyMap<Slot, number>): void {
  for (const block of fn.blocks)
    for (const inst of block.insts) {
      if (!inst.slot || inst.kind === 'life') continue;
      inst.off += must(offsets.get(inst.slot), 'slot offset');
      inst.slot = null;
    }
}

/** Fewer instructions for the same; lines and scopes suffer a little. */
function tidy(fn: MFunction): void {
  tidyJumps(fn);
  mergeTails(fn);
  tidyJumps(fn);
  removeCopies(fn);
}

export interface EmitOptions {
  /** Calls say how large the frame is: profiles user and kernel. */
  readonly extended: boolean;
  /** False: statements stay apart. */
  readonly tidy: boolean;
  /** `places` is wanted. */
  readonly places: boolean;
}

export function emitFunction(
  fn: MFunction,
  options: EmitOptions = { extended: false, tidy: true, places: false },
): EmittedFunction {
  const frame = layOutFrame(fn);
  placeSlots(fn, frame.offsets);
  if (options.places) tieMarks(fn, frame.offsets);
  else dropMarks(fn);
  if (options.tidy) tidy(fn);
  const emitter = new Emitter(options.extended ? Math.ceil(frame.size / FRAME_UNIT) : 0, fn.cpu);
  const order = placeBlocks(fn);
  const indexOf = new Map<MInst, number>();
  testLoopsBelow(order);
  order.forEach((block, i) => {
    const next = order[i + 1];
    invertBranch(block, next, fn.cpu);
    emitter.begin(block);
    for (const inst of block.insts) {
      indexOf.set(inst, emitter.insns.length);
      emitter.emit(inst, next);
    }
  });
  const tooFar = emitter.finish();
  const { insns, locs, relocs, coreRelos } = emitter;
  return {
    symbol: fn.symbol,
    insns,
    locs,
    loc: fn.loc,
    relocs,
    coreRelos,
    stack: frame.size,
    tooFar,
    unassembled: emitter.unassembled,
    places: options.places ? placedParts(fn, order, indexOf, insns.length) : [],
  };
}
