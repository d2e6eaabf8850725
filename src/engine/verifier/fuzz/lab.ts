/**
 * Where random programs are judged. A program that the verifier accepts is run, and at every instruction
 *
 *   - some state that the verifier had there contains every register and every stack slot,
 *   - loads, stores and the memory that helpers get lie in what the program owns,
 *
 * and at its end it returned 0 or 1, gave back what it had acquired, and did not need more steps than a
 * verified program may. The states come from a second verification without pruning; where that does not end
 * (loops of iterators and callbacks), from one in which every scalar counts. Both must accept as well: else
 * pruning cut off a path that mattered.
 */
import { must } from '../../../shared/assert.ts';
import type { Addr, Bytes, InsnIndex } from '../../../shared/brand.ts';
import { helperName } from '../../abi/helper_id.ts';
import type { Insn } from '../../abi/insn.ts';
import * as op from '../../abi/opcode.ts';
import { parseRelease } from '../../abi/releases.ts';
import { MapType } from '../../abi/uapi.ts';
import { Bpf } from '../../bpf/bpf.ts';
import type { BpfMap, MapSpec } from '../../bpf/map.ts';
import { MAP_KINDS } from '../../bpf/maps/index.ts';
import { RingbufMap } from '../../bpf/maps/ringbuf.ts';
import { BtfBuilder } from '../../btf/build.ts';
import { Btf } from '../../btf/parse.ts';
import { Kind } from '../../btf/types.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { Code } from '../../vm/code.ts';
import type { Linker } from '../../vm/code.ts';
import type { Helper } from '../../vm/helper.ts';
import { runProg } from '../../vm/run.ts';
import type { MapInfo, Pruning, TargetInfo, VerifyRequest, VerifyResult } from '../request.ts';
import { RegState } from '../reg.ts';
import { NOT_INIT, PTR_TO_BTF_ID, PTR_TO_MEM, baseType } from '../reg_type.ts';
import { FuncState, VerifierState } from '../state.ts';
import { verify } from '../verify.ts';
import { outside, registersOutside } from './contains.ts';
import type { Concrete } from './contains.ts';
import type { Callable, Program } from './generate.ts';
import { Random } from './random.ts';
import { ARRAY_FD, ELEMENTS_FD, HASH_FD, RINGBUF_FD, VALUE_SIZE } from './parts.ts';

export type Outcome =
  | { readonly verdict: 'refused'; readonly message: string }
  /** The verifier needed more steps than the lab grants. */
  | { readonly verdict: 'too_long' }
  /** `checked`: against every register and slot, against the registers in use, or in memory only. */
  | { readonly verdict: 'accepted'; readonly checked: 'all' | 'used' | 'memory'; readonly retired: number }
  | { readonly verdict: 'violation'; readonly what: string; readonly insn: InsnIndex };

class Violation extends Error {
  readonly insn: InsnIndex;
  constructor(what: string, insn: InsnIndex) {
    super(what);
    this.insn = insn;
  }
}
class LimitReached extends Error {}

/** A slot that a store at a variable offset hit is refused in part, though what is in it is harmless. */
const ERASED = 'invalid size of register fill';

const LIMIT_ACCEPT = 5_000;
const LIMIT_STATES = 2_000;
const FUEL = 20_000;
const RUNS = 2;
const CTX_SIZE: Bytes = 32;
const STACK_SIZE: Bytes = 512;
const TASK_SIZE: Bytes = 4096;

const TARGET: TargetInfo = {
  ctxArgs: [
    { offset: 8, type: 'btf_or_null' },
    { offset: 24, type: 'btf_or_null' },
  ],
  extraHelpers: [],
};

const SPECS: Readonly<Record<number, Partial<MapSpec> & { readonly type: number }>> = {
  [ARRAY_FD]: { type: MapType.ARRAY, maxEntries: 1 },
  [HASH_FD]: { type: MapType.HASH, maxEntries: 4 },
  [RINGBUF_FD]: { type: MapType.RINGBUF, keySize: 0, maxEntries: 4096 },
  [ELEMENTS_FD]: { type: MapType.ARRAY, maxEntries: 3 },
};

/** Helpers that touch memory: which argument points, and the size or the argument that holds it. */
const MEMORY_OF: Readonly<Record<string, readonly (readonly [pointer: 1 | 2 | 3, size: Bytes | 'r2'])[]>> = {
  bpf_map_lookup_elem: [[2, 4]],
  bpf_map_delete_elem: [[2, 4]],
  bpf_probe_read_kernel: [[1, 'r2']],
  bpf_probe_read_kernel_str: [[1, 'r2']],
};

interface Region {
  readonly start: Addr;
  readonly size: Bytes;
}

/** may_goto, iterators and bpf_loop end, but perhaps only after millions of rounds. */
const loopsLong = ({ code, src, imm }: Insn): boolean =>
  code === (op.BPF_JMP | op.BPF_JCOND) ||
  (code === (op.BPF_JMP | op.BPF_CALL) &&
    (src === op.BPF_PSEUDO_KFUNC_CALL || (src === 0 && helperName(imm) === 'bpf_loop')));

/** In place of what the verifier never reached. */
const TRAP: Insn = { code: op.BPF_JMP | op.BPF_JA, dst: 0, src: 0, off: -1, imm: 0 };

/** Registers that an instruction reads. */
function reads(insn: Insn): readonly number[] {
  const cls = op.BPF_CLASS(insn.code);
  const both = (insn.code & op.BPF_X) !== 0 ? [insn.dst, insn.src] : [insn.dst];
  switch (cls) {
    case op.BPF_ALU:
    case op.BPF_ALU64:
      if (op.BPF_OP(insn.code) === op.BPF_END) return [insn.dst];
      return op.BPF_OP(insn.code) === op.BPF_MOV ? both.slice(1) : both;
    case op.BPF_LDX:
      return [insn.src];
    case op.BPF_ST:
      return [insn.dst];
    case op.BPF_STX:
      return [insn.dst, insn.src];
    case op.BPF_JMP:
    case op.BPF_JMP32: {
      const kind = op.BPF_OP(insn.code);
      return kind === op.BPF_EXIT || kind === op.BPF_JA || kind === op.BPF_CALL || kind === op.BPF_JCOND
        ? []
        : both;
    }
    default:
      return [];
  }
}

export class Lab {
  readonly callable: Callable;
  private readonly kernel: Kernel;
  private readonly bpf: Bpf;
  private readonly maps = new Map<number, BpfMap>();
  private readonly infos = new Map<number, MapInfo>();
  private readonly ctx: Addr;
  private readonly meta: Addr;
  private readonly task: Addr;
  private readonly handedOut = new Map<MapInfo, Set<Addr>>();
  private readonly records = new Map<Addr, Bytes>();
  private readonly attachBtfId: number;
  /** Records reserved and iterators made, less those given back. */
  private held = 0;

  constructor(btf: Btf) {
    this.kernel = new Kernel({ release: '6.12', btf });
    this.bpf = new Bpf(this.kernel);
    this.attachBtfId = btf.find('bpf_iter_task_file', Kind.FUNC);
    this.callable = { kfunc: (name) => btf.find(name, Kind.FUNC) };
    for (const [fd, spec] of Object.entries(SPECS)) this.makeMap(Number(fd), spec);
    this.ctx = this.kernel.allocBytes(CTX_SIZE);
    this.meta = this.kernel.allocBytes(64);
    this.task = this.kernel.allocBytes(this.kernel.types.struct('task_struct').size);
  }

  private makeMap(fd: number, spec: Partial<MapSpec> & { readonly type: number }): void {
    const whole: MapSpec = {
      name: `map${fd}`,
      keySize: 4,
      valueSize: VALUE_SIZE[fd] ?? 0,
      maxEntries: 1,
      flags: 0,
      ...spec,
    };
    const map = must(MAP_KINDS.get(spec.type), 'kind of map').make({
      kernel: this.kernel,
      spec: whole,
      id: fd,
      cpus: 1,
    });
    this.maps.set(fd, map);
    this.infos.set(fd, {
      ...whole,
      frozen: false,
      address: map.addr,
      valueAddress: map.directValue(0) || null,
      fields: [],
      readValue: () => null,
      inner: null,
    });
  }

  // -- verification ----------------------------------------------------------------------------------------

  /** BTF with a static function for each subprogram. */
  private functions(program: Program): Pick<VerifyRequest, 'progBtf' | 'funcInfo'> {
    const builder = new BtfBuilder();
    const int = builder.add({ kind: 1, name: 'int', size: 4, encoding: 1, bitOffset: 0, bits: 32 });
    const proto = builder.add({ kind: 13, name: '', type: int, params: [{ name: 'x', type: int }] });
    const funcInfo = program.functions.map((insnOff, i) => ({
      insnOff,
      typeId: builder.add({ kind: 12, name: `f${i}`, type: proto, linkage: 0 }),
    }));
    return { progBtf: Btf.parse(builder.encode()), funcInfo };
  }

  private verify(
    program: Program,
    observe: (insn: InsnIndex, state: VerifierState) => void,
    pruning?: Pruning,
    logLevel = 0,
  ): VerifyResult | null {
    try {
      return verify({
        insns: program.insns,
        release: must(parseRelease('6.12'), 'release'),
        kernelBtf: this.kernel.btf,
        ...this.functions(program),
        lineInfo: [],
        map: (fd) => this.infos.get(fd) ?? null,
        ksymAddress: () => null,
        gplCompatible: true,
        attachBtfId: this.attachBtfId,
        target: () => TARGET,
        sleepable: false,
        logLevel,
        cpus: 1,
        observe,
        ...(pruning ? { pruning } : {}),
      });
    } catch (error) {
      if (error instanceof LimitReached) return null;
      throw error;
    }
  }

  /** The verifier's log of a program, with everything in it. */
  log(program: Program): string {
    return this.verify(program, () => {}, undefined, 2)?.log ?? '';
  }

  /** States before each instruction, or null when there are too many. */
  private statesOf(program: Program, pruning: Pruning): Map<InsnIndex, VerifierState[]> | null {
    const states = new Map<InsnIndex, VerifierState[]>();
    let left = LIMIT_STATES;
    let impossible = false;
    const result = this.verify(
      program,
      (insn, state) => {
        if (--left < 0) throw new LimitReached();
        impossible ||= state.cur.regs.some(isImpossible);
        const here = states.get(insn);
        if (here) here.push(snapshot(state));
        else states.set(insn, [snapshot(state)]);
      },
      pruning,
    );
    if (!result) return null;
    const { reject } = result;
    // no value can take such a path, and Linux refuses pointer arithmetic on it
    if (reject && (impossible || reject.message === ERASED)) return null;
    if (reject)
      throw new Violation(
        `accepted, but refused when pruning is ${pruning}: ${reject.message}`,
        reject.insn ?? 0,
      );
    return states;
  }

  // -- the run ---------------------------------------------------------------------------------------------

  /** Fills memory and starts a run anew. */
  private prepare(random: Random): void {
    const { mem } = this.kernel;
    const noise = (at: Addr, size: Bytes): void => {
      for (let i = 0; i < size; i += 8) mem.setU64(at + BigInt(i), random.edge64());
    };
    const array = must(this.maps.get(ARRAY_FD), 'array').directValue(0);
    noise(array, VALUE_SIZE[ARRAY_FD] ?? 0);
    for (const fd of [HASH_FD, ELEMENTS_FD]) this.fillMap(fd, random);
    const ringbuf = must(this.maps.get(RINGBUF_FD), 'ringbuf');
    if (ringbuf instanceof RingbufMap) ringbuf.rb.set('consumer_pos', ringbuf.rb.big('producer_pos'));
    noise(this.task, TASK_SIZE);
    mem.setU64(this.meta + 8n, random.edge64());
    mem.setU64(this.meta + 16n, random.edge64());
    mem.setU64(this.ctx, this.meta);
    mem.setU64(this.ctx + 8n, random.chance(80) ? this.task : 0n);
    mem.setU64(this.ctx + 16n, random.edge64());
    mem.setU64(this.ctx + 24n, 0n);
    this.kernel.now = random.edge64() >> 1n;
    this.held = 0;
    this.records.clear();
    this.handedOut.clear();
    for (const [fd, info] of this.infos) {
      const start = info.valueAddress === null ? [] : [must(this.maps.get(fd), 'map').directValue(0)];
      this.handedOut.set(info, new Set(start));
    }
  }

  /** Elements 0-3, as far as the map has room for them; some of a hash are left out. */
  private fillMap(fd: number, random: Random): void {
    const map = must(this.maps.get(fd), 'map');
    for (let key = 0; key < 4; key++) {
      const bytes = new Uint8Array(Uint32Array.of(key).buffer);
      const value = new Uint8Array(VALUE_SIZE[fd] ?? 0).map(() => random.below(256));
      if (random.chance(70)) map.write(bytes, value, 0n);
      else map.erase(bytes);
    }
  }

  /** Memory that the program owns at this moment. */
  private *owned(): Generator<Region> {
    const { processor } = this.bpf;
    for (let f = 0; f <= processor.depth; f++)
      yield { start: this.frameReg(f, 10) - BigInt(STACK_SIZE), size: STACK_SIZE };
    for (const [info, starts] of this.handedOut)
      for (const start of starts) yield { start, size: info.valueSize };
    for (const [start, size] of this.records) yield { start, size };
  }

  private frameReg(frame: number, n: number): bigint {
    const { processor } = this.bpf;
    const back = (processor.depth - frame) * 32;
    return processor.bits.getBigUint64((processor.base - back + 2 * n) * 4, true);
  }

  private isOwned(at: Addr, size: Bytes): boolean {
    for (const region of this.owned())
      if (at >= region.start && at + BigInt(size) <= region.start + BigInt(region.size)) return true;
    return false;
  }

  private concrete(): Concrete {
    const { processor } = this.bpf;
    const { mem } = this.kernel;
    return {
      depth: processor.depth,
      reg: (frame, n) => this.frameReg(frame, n),
      byte: (frame, off) => mem.bytes(this.frameReg(frame, 10) + BigInt(off), 1)[0] ?? 0,
      ctx: this.ctx,
      values: (map) => this.handedOut.get(map) ?? [],
      records: [...this.records.keys()],
    };
  }

  /** Every call is checked before it is made, and what it hands out is remembered. */
  private linker(random: Random): Linker {
    const wrap =
      (name: string, fn: Helper): Helper =>
      (call) => {
        for (const [pointer, size] of MEMORY_OF[name] ?? []) {
          const bytes = size === 'r2' ? call.u32(2) : size;
          if (bytes > 0 && !this.isOwned(call.arg(pointer), bytes))
            throw new Violation(
              `${name}: argument ${pointer}, ${bytes} bytes, is not the program's`,
              this.bpf.processor.pc,
            );
        }
        if (name === 'bpf_get_prandom_u32') return BigInt(random.u32());
        const size = call.u32(2);
        const record = call.arg(1);
        const result = fn(call);
        this.note(name, BigInt.asUintN(64, BigInt(result)), record, size);
        // a call may leave anything in the registers of its arguments
        for (let n = 1; n <= 5; n++) this.bpf.processor.setReg(n, random.edge64());
        return result;
      };
    return {
      helper: (n) => {
        const fn = this.bpf.helper(n);
        return fn && wrap(helperName(n), fn);
      },
      kfunc: (id, off) => {
        const fn = this.bpf.kfunc(id, off);
        return fn && wrap(this.kernel.btf.nameOf(id), fn);
      },
    };
  }

  private note(name: string, result: bigint, first: Addr, size: Bytes): void {
    switch (name) {
      case 'bpf_map_lookup_elem':
        for (const [info, starts] of this.handedOut)
          if (info.address === first && result !== 0n) starts.add(result);
        return;
      case 'bpf_ringbuf_reserve':
        if (result === 0n) return;
        this.held++;
        this.records.set(result, size);
        return;
      case 'bpf_ringbuf_submit':
      case 'bpf_ringbuf_discard':
        if (!this.records.delete(first))
          throw new Violation(`${name} of what is no record`, this.bpf.processor.pc);
        this.held--;
        return;
      case 'bpf_iter_num_new':
        this.held++;
        return;
      case 'bpf_iter_num_destroy':
        this.held--;
        return;
      default:
    }
  }

  /** Addresses in place of file descriptors and of distances to functions. */
  private code(program: Program, { probeMem, seen }: VerifyResult, random: Random): Code {
    const base = 0xffff_ffff_a000_0000n;
    const insns = [...program.insns];
    program.insns.forEach((insn, pc) => {
      if (seen[pc] === 0 && insn.code !== 0) insns[pc] = TRAP;
      if (insns[pc] === TRAP || insn.code !== op.LD_IMM64 || insn.src === 0) return;
      const high = must(insns[pc + 1], 'second half');
      const value = this.immediate(insn, high, base + BigInt((pc + 1 + insn.imm) * 8));
      insns[pc] = { ...insn, src: 0, imm: Number(BigInt.asIntN(32, value)) };
      insns[pc + 1] = { ...high, imm: Number(BigInt.asIntN(32, value >> 32n)) };
    });
    return new Code({ insns, probeMem, linker: this.linker(random), base });
  }

  private immediate(insn: Insn, high: Insn, func: Addr): bigint {
    const map = this.maps.get(insn.imm);
    if (insn.src === op.BPF_PSEUDO_MAP_FD) return must(map, 'map').addr;
    return insn.src === op.BPF_PSEUDO_MAP_VALUE ? must(map, 'map').directValue(high.imm) : func;
  }

  /** The access of this instruction lies in what the program owns, or is a load that may fault. */
  private checkAccess(
    insn: Insn,
    pc: InsnIndex,
    probe: boolean,
    states: readonly VerifierState[] | null,
  ): void {
    const cls = op.BPF_CLASS(insn.code);
    const load = cls === op.BPF_LDX;
    if (!load && cls !== op.BPF_ST && cls !== op.BPF_STX) return;
    if (probe) return;
    const regno = load ? insn.src : insn.dst;
    const at = BigInt.asUintN(64, this.bpf.processor.reg(regno) + BigInt(insn.off));
    const size = op.sizeBytes(insn.code);
    if (this.isOwned(at, size)) return;
    const end = at + BigInt(size);
    const within = (start: Addr, bytes: Bytes): boolean => at >= start && end <= start + BigInt(bytes);
    if (load && (within(this.ctx, CTX_SIZE) || within(this.meta, 64))) return;
    // objects of the kernel, and what iterators return, are not the program's but readable
    const readable = (state: VerifierState): boolean => {
      const base = baseType(state.cur.reg(regno).type);
      return base === PTR_TO_BTF_ID || base === PTR_TO_MEM;
    };
    if (load && (states === null || states.some(readable))) return;
    throw new Violation(`${load ? 'load' : 'store'} of ${size} bytes outside what the program owns`, pc);
  }

  private runOnce(program: Program, result: VerifyResult, evidence: Evidence, random: Random): number {
    this.prepare(random);
    const code = this.code(program, result, random);
    const real = (): Concrete => this.concrete();
    const run = runProg(this.bpf.processor, code, {
      ctx: this.ctx,
      fuel: FUEL,
      onInsn: (pc, machine) => {
        const insn = must(program.insns[pc], 'instruction');
        const here = evidence.states?.get(pc)?.filter((state) => state.curframe === machine.depth) ?? [];
        if (evidence.states) checkContained(here, insn, pc, evidence.whole, real());
        this.checkAccess(insn, pc, result.probeMem[pc] === 1, evidence.states ? here : null);
      },
    });
    if ('abort' in run && run.abort === 'fuel' && program.insns.some(loopsLong)) return run.retired;
    if ('abort' in run) throw new Violation(`the run ended with: ${run.abort}`, run.pc);
    if (run.r0 > 1n) throw new Violation(`it returned ${run.r0}`, program.insns.length - 1);
    if (this.held !== 0) throw new Violation(`${this.held} references were not given back`, 0);
    return run.retired;
  }

  /** Verifies a program and, when it is accepted, runs it on different data. */
  judge(program: Program, seed: Random): Outcome {
    let left = LIMIT_ACCEPT;
    const result = this.verify(program, () => {
      if (--left < 0) throw new LimitReached();
    });
    if (!result) return { verdict: 'too_long' };
    if (result.reject) return { verdict: 'refused', message: result.reject.message };
    try {
      const all = this.statesOf(program, 'none');
      const states = all ?? this.statesOf(program, 'precise');
      let retired = 0;
      for (let run = 0; run < RUNS; run++)
        retired += this.runOnce(program, result, { states, whole: all !== null }, seed);
      return { verdict: 'accepted', checked: all ? 'all' : states ? 'used' : 'memory', retired };
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { verdict: 'violation', what: error.message, insn: error.insn };
    }
  }
}

/** Comparisons that cannot come out this way left no value. */
const isImpossible = (reg: RegState): boolean =>
  reg.umin > reg.umax || reg.smin > reg.smax || reg.u32min > reg.u32max || reg.s32min > reg.s32max;

const UNUSED = new RegState();

function valueOf(reg: RegState): RegState {
  if (reg.type === NOT_INIT) return UNUSED;
  const copy = new RegState();
  copy.copyValue(reg);
  return copy;
}

/** Registers and stacks, without the way that led there. */
function snapshot(state: VerifierState): VerifierState {
  const out = new VerifierState();
  out.curframe = state.curframe;
  out.frame = state.frame.map((frame) => {
    const regs = frame.regs.map(valueOf);
    const copy = new FuncState(frame.callsite, frame.frameno, frame.subprogno, regs);
    copy.slotType = frame.slotType.slice();
    copy.spilled = frame.spilled.map((slot, spi) => (frame.isSpilled(spi) ? valueOf(slot) : UNUSED));
    return copy;
  });
  return out;
}

interface Evidence {
  readonly states: Map<InsnIndex, VerifierState[]> | null;
  /** Every register and slot must be in one state; else only the registers in use. */
  readonly whole: boolean;
}

function checkContained(
  states: readonly VerifierState[],
  insn: Insn,
  pc: InsnIndex,
  whole: boolean,
  real: Concrete,
): void {
  if (states.length === 0) throw new Violation('the verifier never came here', pc);
  const used = whole ? [] : reads(insn);
  let first: string | null = null;
  for (const state of states) {
    const what = whole ? outside(state, real) : registersOutside(state, used, real);
    if (what === null) return;
    first ??= what;
  }
  const value = first && /R(\d+)$/.exec(first)?.[1];
  const shown = value ? ` = 0x${real.reg(real.depth, Number(value)).toString(16)}` : '';
  throw new Violation(`${first}${shown} is in no state (${states.length}) of this instruction`, pc);
}
