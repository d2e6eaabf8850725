/**
 * Brings back the machine as it was at a moment, by playing its scenario again up to there.
 *
 * The same scenario gives the same run, so nothing has to be recorded but the scenario. Going forward
 * continues; going back boots anew.
 */
import type { LineReached } from '../../protocol/api.ts';
import type { Moment } from '../../protocol/moment.ts';
import type { CallSteps, PeekStruct, StepInsn } from '../../protocol/peek.ts';
import type { Addr, InsnIndex } from '../../shared/brand.ts';
import { dumpStruct } from '../inspect/struct_dump.ts';
import type { Watch } from '../sys/sys.ts';
import { BPF_STACK_SIZE } from '../vm/processor.ts';
import type { Processor } from '../vm/processor.ts';
import type { Machine } from './boot.ts';
import type { Play } from './play.ts';

/** Instructions of one call that are kept. */
const MAX_STEPS = 50_000;
const REGISTERS = 11;

/** A machine that has booted, and the play that has not begun. */
export interface Beginning {
  readonly machine: Machine;
  readonly play: Play<unknown>;
}

export class Replay {
  private readonly begin: () => Beginning;
  private now: Beginning | null = null;
  private readonly steps = new Map<string, CallSteps>();

  constructor(begin: () => Beginning) {
    this.begin = begin;
  }

  /** The machine after `calls` callbacks of a session have returned, or null when there were fewer. */
  private after(session: number, calls: number): Machine | null {
    if (this.now === null || done(this.now.machine, session) > calls) this.now = this.begin();
    const { machine, play } = this.now;
    while (done(machine, session) < calls) if (play.next().done) break;
    return done(machine, session) === calls ? machine : null;
  }

  /** Runs one more callback while watching the program's instructions. */
  private watchCall(machine: Machine, watch: Watch): void {
    machine.sys.watch = () => watch;
    this.now?.play.next();
    machine.sys.watch = () => ({});
  }

  /** A struct right after the moment's call; with `insn`, before that instruction is executed. */
  peek(moment: Moment, struct: string, addr: Addr): PeekStruct | null {
    if (moment.insn === undefined) {
      const machine = this.after(moment.session, moment.call + 1);
      return machine && dumpStruct(machine.kernel, struct, addr);
    }
    const machine = this.after(moment.session, moment.call);
    if (!machine) return null;
    let found: PeekStruct | null = null;
    let insns = 0;
    this.watchCall(machine, {
      onInsn: () => {
        if (insns++ === moment.insn) found = dumpStruct(machine.kernel, struct, addr);
      },
    });
    return found ?? dumpStruct(machine.kernel, struct, addr);
  }

  /** What is seen before the moment's instruction; null when it names none, or there is none. */
  before<T>(moment: Moment, look: (pc: InsnIndex, processor: Processor) => T): T | null {
    const machine = moment.insn === undefined ? null : this.after(moment.session, moment.call);
    if (!machine) return null;
    let found: T | null = null;
    let insns = 0;
    this.watchCall(machine, {
      onInsn: (pc, vm) => {
        if (insns++ === moment.insn) found = look(pc, vm);
      },
    });
    return found;
  }

  /** Lets the instructions of the moment's call be seen in their order, up to the moment's own. */
  along(
    { session, call, insn = Infinity }: Moment,
    see: (pc: InsnIndex, processor: Processor) => void,
  ): void {
    const machine = this.after(session, call);
    let insns = 0;
    const last = Math.min(insn, MAX_STEPS);
    if (machine)
      this.watchCall(machine, {
        onInsn: (pc, vm) => {
          if (insns++ <= last) see(pc, vm);
        },
      });
  }

  /**
   * Plays all of it again.
   *
   * @param lineAt the line to stop at that an instruction belongs to, or 0
   * @returns in each call of the session the first instruction of each such line
   */
  reaches(session: number, lineAt: (pc: InsnIndex) => number, most: number): LineReached[] {
    this.now = this.begin();
    const { machine, play } = this.now;
    const found: LineReached[] = [];
    let [call, insn] = [-1, 0];
    let seen = new Set<number>();
    machine.sys.watch = (of) =>
      of.recorder?.session === session
        ? {
            onInsn: (pc) => {
              const now = done(machine, session);
              if (now !== call) [call, insn, seen] = [now, 0, new Set()];
              const line = lineAt(pc);
              if (line > 0 && !seen.has(line) && found.length < most) {
                seen.add(line);
                found.push({ session, read: of.reads, call, insn, line });
              }
              insn++;
            },
          }
        : {};
    while (found.length < most && play.next().done !== true);
    this.now = null;
    return found;
  }

  /** The instructions of the moment's call, with the registers before each. */
  callSteps({ session, call }: Moment): CallSteps {
    const key = `${session}/${call}`;
    const known = this.steps.get(key);
    if (known) return known;
    const machine = this.after(session, call);
    const insns: StepInsn[] = [];
    let truncated = false;
    let stackTop = 0n;
    if (machine)
      this.watchCall(machine, {
        onInsn: (pc, vm) => {
          if (insns.length >= MAX_STEPS) {
            truncated = true;
            return;
          }
          const regs = new BigUint64Array(REGISTERS + 1);
          for (let n = 0; n < REGISTERS; n++) regs[n] = vm.reg(n);
          regs[REGISTERS] = BigInt(vm.depth);
          if (vm.depth === 0) stackTop = vm.reg(10);
          insns.push({ pc, regs });
        },
      });
    const stack =
      machine && stackTop !== 0n
        ? machine.kernel.mem.bytes(stackTop - BigInt(BPF_STACK_SIZE), BPF_STACK_SIZE)
        : new Uint8Array(0);
    const steps = { insns, truncated, stack };
    this.steps.set(key, steps);
    if (this.steps.size > 64) this.steps.delete(this.steps.keys().next().value ?? '');
    return steps;
  }
}

/** Callbacks of a session that have returned. */
const done = ({ recorder }: Machine, session: number): number =>
  recorder.sessions.find((s) => s.session === session)?.call ?? 0;
