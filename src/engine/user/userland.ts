/**
 * Everything that runs in user space: processes, their threads, and who runs next.
 *
 * Threads take turns, so many instructions each; a thread that waits is looked at in every round. When all
 * sleep, time goes on to the next moment somebody wants; when nobody will ever wake, that is said.
 *
 *     run() ── thread, thread, ... ── Pause ── thread, ...
 */
import { must } from '../../shared/assert.ts';
import type { Addr, Bytes, InsnIndex } from '../../shared/brand.ts';
import type { Image } from '../image/image.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Fault } from '../kernel/memory.ts';
import { exitTask, reapTask } from '../kernel/objects/task_exit.ts';
import type { View } from '../kernel/view.ts';
import { Aborted } from '../shell/host.ts';
import { Killed } from '../shell/run.ts';
import type { Run } from '../shell/run.ts';
import { Code } from '../vm/code.ts';
import { MAX_REGISTER_SLOTS } from '../vm/c_processor.ts';
import { OutOfFuel } from '../vm/processor.ts';
import type { UserHost } from './host.ts';
import { UserFiles } from './files.ts';
import { NativeCall } from './native.ts';
import type { NativeTable } from './native.ts';
import type { Crash, Process, Program, Thread, Waiting } from './process.ts';
import { UserProcessor } from './user_processor.ts';

/** Instructions of one turn. */
const TURN = 20_000;
/** Instructions all of them together may retire: some seconds of work here. */
export const MAX_INSTRUCTIONS = 100_000_000;

/** Memory of all processes of the program: the simulated machine is small. */
export const MOST_BYTES: Bytes = 256 << 20;

/** Threads of all processes of the program. */
const MOST_THREADS = Math.min(128, MAX_REGISTER_SLOTS);

export const SIGABRT = 6;
export const SIGKILL = 9;
export const SIGSEGV = 11;

/** A native function wants to wait: unwinds the processor. */
class Suspended extends Error {
  readonly waiting: Waiting;
  constructor(waiting: Waiting) {
    super('waiting');
    this.waiting = waiting;
  }
}
/** The running thread ended: unwinds the processor. */
export class ThreadEnded extends Error {}

/** Sees every instruction of user code before it is executed. */
export type UserHook = (thread: Thread, pc: InsnIndex, cpu: UserProcessor) => void;

export class Userland {
  readonly host: UserHost;
  readonly kernel: Kernel;
  readonly cpu: UserProcessor;
  readonly files: UserFiles;
  private readonly natives: NativeTable;
  private threads: Thread[] = [];
  private current: Thread | null = null;
  private readonly freeSlots = Array.from({ length: MOST_THREADS }, (_, i) => MOST_THREADS - 1 - i);
  private left = MAX_INSTRUCTIONS;
  /** Why everything was stopped, '' while it was not. */
  stopped = '';
  onInsn: UserHook | null = null;
  /** Task that was current before: the world's reader. */
  private readonly outside: Addr;

  constructor(host: UserHost, natives: NativeTable) {
    this.host = host;
    this.kernel = host.shell.sys.kernel;
    this.natives = natives;
    this.cpu = new UserProcessor(this.kernel);
    this.files = new UserFiles(host);
    this.outside = this.kernel.current;
  }

  /** Instructions retired so far. */
  get retired(): number {
    return MAX_INSTRUCTIONS - this.left;
  }

  isNative = (name: string): boolean => Object.hasOwn(this.natives, name);

  /** An image made ready to run. */
  prepare(path: string, image: Image): Program {
    const table = image.natives.map((name) => must(this.natives[name], name));
    const code = new Code({
      insns: image.insns,
      base: image.base,
      linker: {
        helper: (number) => {
          const native = table[number];
          if (!native) return null;
          return () => {
            const result = native(new NativeCall(this, this.thread, this.cpu));
            if (typeof result === 'object') throw new Suspended(result);
            return result;
          };
        },
        kfunc: () => null,
      },
    });
    return { path, image, code };
  }

  /** The thread that runs. */
  get thread(): Thread {
    return must(this.current, 'running thread');
  }

  // -- threads ---------------------------------------------------------------------------------------------

  /** Registers for a thread, or null when there are too many. */
  takeSlot(): number | null {
    return this.freeSlots.pop() ?? null;
  }

  add(thread: Thread): void {
    this.threads.push(thread);
    thread.process.threads.push(thread);
  }

  /** Works on a thread's registers, whoever runs. */
  withRegisters<T>(
    slot: number,
    space: Process['space'],
    program: Program,
    body: (cpu: UserProcessor) => T,
  ): T {
    const { cpu, current } = this;
    const saved = { space: cpu.space, image: cpu.image, pc: cpu.pc };
    cpu.useRegisters(slot);
    cpu.space = space;
    cpu.image = program.code;
    try {
      return body(cpu);
    } finally {
      Object.assign(cpu, saved);
      if (current) cpu.useRegisters(current.slot);
    }
  }

  private retire(thread: Thread): void {
    thread.done = true;
    thread.waiting = null;
    this.freeSlots.push(thread.slot);
    this.threads = this.threads.filter((each) => each !== thread);
  }

  /** Ends one thread; the last one ends the process. */
  endThread(thread: Thread, result: bigint): void {
    const { process } = thread;
    thread.result = result;
    if (process.threads.filter((each) => !each.done).length === 1) return this.endProcess(process, 0);
    this.retire(thread);
    exitTask(this.kernel, thread.task, 0);
  }

  /** @param status of wait(2) */
  endProcess(process: Process, status: number): void {
    if (process.ended) return;
    process.status = status;
    for (const thread of process.threads) {
      if (thread.done) continue;
      this.retire(thread);
      if (thread.task.addr !== process.leader.addr) exitTask(this.kernel, thread.task, status);
    }
    this.files.closeAll(process.leader);
    process.space.drop();
    if (process.leader.num('exit_state') === 0) exitTask(this.kernel, process.leader, status);
    for (const child of process.children) if (child.ended) this.reap(child);
    // Whoever started the first process is a shell that waits for it; orphans are init's.
    if (!process.parent || process.parent.ended) this.reap(process);
  }

  /** Takes a zombie away. */
  reap(process: Process): void {
    const { leader } = process;
    if (leader.num('exit_state') === EXIT_ZOMBIE) reapTask(this.kernel, leader);
  }

  private crash(thread: Thread, signal: number, addr: Addr | null): void {
    const { process } = thread;
    process.crash = { signal, addr, location: this.locate(process.program) };
    this.endProcess(process, signal);
  }

  /** Ends the process of the running thread by a signal, at the instruction it is at. */
  kill(process: Process, signal: number): void {
    if (this.current?.process === process) {
      this.crash(this.current, signal, null);
      throw new ThreadEnded();
    }
    process.crash = { signal, addr: null, location: null };
    this.endProcess(process, signal);
  }

  /** The innermost frame that is the user's own. */
  private locate({ image }: Program): Crash['location'] {
    for (const pc of this.cpu.backtrace()) {
      const fn = image.functionAt(pc);
      if (!fn || fn.library) continue;
      const at = image.lineAt(pc);
      return { file: at?.file ?? '', line: at?.line ?? 0, function: fn.name };
    }
    return null;
  }

  // -- turns -------------------------------------------------------------------------------------------------

  /** Runs until the process has ended, and its children with it as far as they go on. */
  *run(process: Process): Run<void> {
    try {
      while (!process.ended) {
        let moved = false;
        for (const thread of this.threads) {
          if (thread.done || process.ended) continue;
          if (yield* this.turn(thread)) moved = true;
          yield 'pause';
        }
        if (this.left <= 0) return this.stop(process, 'the program ran too long and was stopped');
        if (!moved && !process.ended && !this.sleepOn())
          return this.stop(process, 'the program waits for something that never comes');
      }
    } finally {
      for (const thread of this.threads) if (!thread.done) this.endProcess(thread.process, SIGKILL);
      this.current = null;
      this.kernel.current = this.outside;
    }
  }

  private stop(process: Process, why: string): void {
    this.stopped = why;
    const [thread] = process.threads.filter((each) => !each.done);
    let location: Crash['location'] = null;
    if (thread) {
      this.resume(thread);
      this.cpu.pc = thread.pc;
      location = this.locate(process.program);
    }
    process.crash = { signal: SIGKILL, addr: null, location };
    this.endProcess(process, SIGKILL);
  }

  /** Everybody sleeps: time goes on to the first who wants to wake. @returns false when nobody does */
  private sleepOn(): boolean {
    const wakes = this.threads.flatMap(({ wakeAt }) => (wakeAt === null ? [] : [wakeAt]));
    if (wakes.length === 0) return false;
    const first = wakes.reduce((a, b) => (a < b ? a : b));
    if (first > this.kernel.now) this.kernel.now = first;
    return true;
  }

  private resume(thread: Thread): void {
    const { cpu } = this;
    this.current = thread;
    this.kernel.current = thread.task.addr;
    cpu.useRegisters(thread.slot);
    cpu.space = thread.process.space;
    cpu.image = thread.process.program.code;
    const { onInsn } = this;
    cpu.onInsn = onInsn && ((pc) => onInsn(thread, pc, cpu));
  }

  /** @returns whether the thread got on */
  private *turn(thread: Thread): Run<boolean> {
    if (thread.wakeAt !== null && thread.wakeAt > this.kernel.now) return false;
    this.resume(thread);
    if (thread.waiting) {
      const result = yield* this.step(thread, thread.waiting);
      // A call that ended the process has got on, too.
      if (result === null) return thread.done;
      this.resume(thread);
      thread.waiting = null;
      thread.wakeAt = null;
      this.cpu.setResult(result);
      thread.pc++;
    }
    this.execute(thread);
    return true;
  }

  /** Goes on with a call that waits. @returns its result, or null when it still does */
  private *step(thread: Thread, waiting: Waiting): Run<bigint | number | null> {
    for (;;) {
      try {
        const next = waiting.next();
        if (next.done) return next.value;
        if (next.value === 'blocked') return null;
      } catch (error) {
        this.resume(thread);
        if (error instanceof Fault) return -EFAULT;
        if (error instanceof Killed) {
          this.crash(thread, error.signal, null);
          return null;
        }
        if (!(error instanceof Aborted)) throw error;
        this.stop(thread.process, error.message);
        return null;
      }
      yield 'pause';
      this.resume(thread);
    }
  }

  private execute(thread: Thread): void {
    const { cpu } = this;
    cpu.refuel(Math.min(TURN, this.left));
    const before = cpu.fuel;
    try {
      cpu.execute(thread.pc);
      // The first frame was left: its function is the library's and never returns.
      this.crash(thread, SIGSEGV, 0n);
    } catch (error) {
      thread.pc = cpu.pc;
      if (error instanceof Suspended) thread.waiting = error.waiting;
      else if (error instanceof Fault) this.crash(thread, SIGSEGV, error.addr);
      else if (!(error instanceof OutOfFuel) && !(error instanceof ThreadEnded)) throw error;
    } finally {
      this.left -= before - Math.max(0, cpu.fuel);
      cpu.passTime();
    }
  }

  /** True when all processes together would not have more memory than there is. */
  hasRoom(more: Bytes): boolean {
    const spaces = new Set(this.threads.map(({ process }) => process.space));
    return [...spaces].reduce((sum, space) => sum + space.mapped, more) <= MOST_BYTES;
  }

  /** The process a task leads, if it is one of ours. */
  processOf(task: View): Process | null {
    return this.threads.find((thread) => thread.process.leader.addr === task.addr)?.process ?? null;
  }
}

const EXIT_ZOMBIE = 0x20;
const EFAULT = 14;
