/**
 * Processes and threads of user programs: each is a task of the simulated kernel with code to run.
 *
 *     Process { memory, image, exit }  ──  Thread { task, registers, where it goes on, what it waits for }
 */
import type { Addr, InsnIndex } from '../../shared/brand.ts';
import type { View } from '../kernel/view.ts';
import type { Image } from '../image/image.ts';
import type { Run } from '../shell/run.ts';
import type { Code } from '../vm/code.ts';
import type { AddressSpace } from './address_space.ts';

/** What a system call that may wait answers with, in the end. */
export type Waiting = Run<bigint | number>;

export class Thread {
  readonly process: Process;
  readonly task: View;
  /** Which registers are its own. */
  readonly slot: number;
  /** The instruction it goes on with; while it waits, the call it made. */
  pc: InsnIndex;
  waiting: Waiting | null = null;
  /** Nanoseconds of the kernel's clock before which it need not be looked at. */
  wakeAt: bigint | null = null;
  done = false;
  /** pthread_exit's value, for pthread_join. */
  result = 0n;
  /** The thread's own block of memory: errno stands there. */
  readonly area: Addr;

  constructor(process: Process, fields: Pick<Thread, 'task' | 'slot' | 'pc' | 'area'>) {
    this.process = process;
    this.task = fields.task;
    this.slot = fields.slot;
    this.pc = fields.pc;
    this.area = fields.area;
  }
}

/** A program in memory. */
export interface Program {
  /** Absolute, of the executable. */
  readonly path: string;
  readonly image: Image;
  readonly code: Code;
}

/** Why a signal ended a process, and where. */
export interface Crash {
  readonly signal: number;
  /** The address that could not be used, for SIGSEGV. */
  readonly addr: Addr | null;
  /** The user's own line: the innermost frame that is no library's. */
  readonly location: { readonly file: string; readonly line: number; readonly function: string } | null;
}

export class Process {
  /** The thread group's leader. */
  readonly leader: View;
  readonly parent: Process | null;
  space: AddressSpace;
  program: Program;
  threads: Thread[] = [];
  readonly children: Process[] = [];
  /** wait status: exit code << 8, or a signal; null while it runs. */
  status: number | null = null;
  crash: Crash | null = null;
  readonly pid: number;

  constructor(fields: Pick<Process, 'leader' | 'parent' | 'space' | 'program' | 'pid'>) {
    this.leader = fields.leader;
    this.parent = fields.parent;
    this.space = fields.space;
    this.program = fields.program;
    this.pid = fields.pid;
    fields.parent?.children.push(this);
  }

  /** Gone, or waiting to be asked for. */
  get ended(): boolean {
    return this.status !== null;
  }
}
