/**
 * What there is to see at a moment of a run: structs, registers, variables. A player brings the machine there;
 * what is asked of one moment is answered in one visit.
 */
import type { LineReached, LinesReached } from '../../protocol/api.ts';
import type { Moment } from '../../protocol/moment.ts';
import type { CallSteps, PeekStruct, StepInsn } from '../../protocol/peek.ts';
import type { Addr, InsnIndex } from '../../shared/brand.ts';
import { dumpStruct } from '../inspect/struct_dump.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Watch } from '../sys/sys.ts';
import { BPF_STACK_SIZE } from '../vm/processor.ts';
import type { Processor } from '../vm/processor.ts';
import type { Machine } from './boot.ts';
import type { Player } from './player.ts';

/** Instructions of one call that are kept. */
export const MAX_STEPS = 50_000;
const REGISTERS = 11;

/** Sees an instruction of a call before it is executed, as number `n` of the call. */
export type SeeInsn = (n: number, pc: InsnIndex, processor: Processor) => void;

export class Replay {
  private readonly player: Player;
  private readonly steps = new Map<string, CallSteps>();

  constructor(player: Player) {
    this.player = player;
  }

  /** Makes one more callback while watching the program's instructions. */
  private watchCall(machine: Machine, watch: Watch): void {
    machine.sys.watch = () => watch;
    this.player.next();
    machine.sys.watch = () => ({});
  }

  /**
   * Visits a moment.
   *
   * @param look sees the kernel right after the moment's call; with `insn`, before that instruction is executed
   * @param see sees every instruction of the call
   * @returns what `look` does, or null when the run has no such moment
   */
  at<T>(
    { session, call, insn }: Moment,
    look: (kernel: Kernel, machine: Machine) => T,
    see?: SeeInsn,
  ): T | null {
    if (insn === undefined && !see) {
      const machine = this.player.after(session, call + 1);
      return machine && look(machine.kernel, machine);
    }
    const machine = this.player.after(session, call);
    if (!machine) return null;
    const { kernel } = machine;
    let found: { readonly value: T } | null = null;
    let n = 0;
    this.watchCall(machine, {
      onInsn: (pc, vm) => {
        if (n === insn) found = { value: look(kernel, machine) };
        see?.(n, pc, vm);
        n++;
      },
    });
    // Set by the hook, which the compiler does not follow.
    const seen = found as { readonly value: T } | null;
    return seen ? seen.value : look(kernel, machine);
  }

  /** A struct at a moment. */
  peek(moment: Moment, struct: string, addr: Addr): PeekStruct | null {
    return this.at(moment, (kernel) => dumpStruct(kernel, struct, addr));
  }

  /** What is seen before the moment's instruction; null when it names none, or there is none. */
  before<T>(moment: Moment, look: (pc: InsnIndex, processor: Processor) => T): T | null {
    if (moment.insn === undefined) return null;
    let found: T | null = null;
    this.at(
      moment,
      () => undefined,
      (n, pc, vm) => {
        if (n === moment.insn) found = look(pc, vm);
      },
    );
    return found;
  }

  /** Goes through a session from a callback on: `see` is asked after each, as long as it wants more. */
  along(session: number, from: number, see: (kernel: Kernel, call: number) => boolean): void {
    const { player } = this;
    const machine = player.after(session, from + 1);
    if (!machine) return;
    for (let call = from; see(machine.kernel, call); call++)
      while (player.calls(session) <= call + 1) if (!player.next()) return;
  }

  /**
   * Makes callbacks of a session again.
   *
   * @param from the first of them
   * @param lineAt the line to stop at that an instruction belongs to, or 0
   * @returns in each of them the first instruction of each such line
   */
  reaches(session: number, from: number, lineAt: (pc: InsnIndex) => number, most: number): LinesReached {
    const { player } = this;
    // No program runs in the first callback, which is start.
    const machine = player.after(session, Math.max(1, from));
    const places: LineReached[] = [];
    if (!machine) return { places, until: Infinity };
    let [call, insn] = [-1, 0];
    let seen = new Set<number>();
    machine.sys.watch = (of) =>
      of.id === session
        ? {
            onInsn: (pc) => {
              const now = player.calls(session);
              if (now !== call) [call, insn, seen] = [now, 0, new Set()];
              const line = lineAt(pc);
              if (line > 0 && !seen.has(line)) {
                seen.add(line);
                places.push({ session, read: of.reads, call, insn, line });
              }
              insn++;
            },
          }
        : {};
    let goesOn = true;
    for (let made = 0; made < most && goesOn; made++) goesOn = player.next();
    machine.sys.watch = () => ({});
    return { places, until: goesOn ? player.calls(session) : Infinity };
  }

  /** The instructions of the moment's call, with the registers before each. */
  callSteps({ session, read, call }: Moment): CallSteps {
    const key = `${session}/${call}`;
    const known = this.steps.get(key);
    if (known) return known;
    const taken = new TakenSteps();
    const steps = this.at(
      { session, read, call },
      () => taken.steps(),
      (_n, pc, vm) => taken.see(pc, vm),
    ) ?? { insns: [], truncated: false, stack: new Uint8Array(0) };
    this.steps.set(key, steps);
    if (this.steps.size > 64) this.steps.delete(this.steps.keys().next().value ?? '');
    return steps;
  }
}

/** The instructions of a call as they are executed. */
export class TakenSteps {
  private readonly insns: StepInsn[] = [];
  private truncated = false;
  private vm: Processor | null = null;
  private stackTop: Addr = 0n;

  see(pc: InsnIndex, vm: Processor): void {
    this.vm = vm;
    if (this.insns.length >= MAX_STEPS) {
      this.truncated = true;
      return;
    }
    const regs = new BigUint64Array(REGISTERS + 1);
    for (let n = 0; n < REGISTERS; n++) regs[n] = vm.reg(n);
    regs[REGISTERS] = BigInt(vm.depth);
    if (vm.depth === 0) this.stackTop = vm.reg(10);
    this.insns.push({ pc, regs });
  }

  /** To be asked when the call is over. */
  steps(): CallSteps {
    const { insns, truncated, stackTop, vm } = this;
    const stack =
      vm === null || stackTop === 0n
        ? new Uint8Array(0)
        : vm.mem.bytes(stackTop - BigInt(BPF_STACK_SIZE), BPF_STACK_SIZE);
    return { insns, truncated, stack };
  }
}
