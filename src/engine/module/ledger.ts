/**
 * What kernel code has taken and not given back: references, memory, locks. Each is known with the line of C
 * that took it, so that a forgotten put is more than a number that is too high.
 *
 * References and memory may be kept as long as somebody will give them back; when the last session has closed
 * nobody will. A lock must be gone when the system call returns, a spin lock or RCU before anything sleeps.
 */
import type { Addr } from '../../shared/brand.ts';
import type { SourceLine } from '../image/image.ts';
import type { HeldKind } from '../../protocol/trace.ts';

/** How a thing is held: counted until put, or locked until unlocked. `atomic` ones forbid to sleep. */
export type HoldKind =
  | 'task'
  | 'mm'
  | 'pid'
  | 'pid_ns'
  | 'file'
  | 'cgroup'
  | 'memory'
  | 'mmap_lock'
  | 'mutex'
  | 'rwsem'
  | 'spinlock'
  | 'rcu';

interface HoldRule {
  /** In messages. */
  readonly text: string;
  readonly lock: boolean;
  readonly atomic: boolean;
  /** The function that gives it back. */
  readonly giveBack: string;
  /** As the trace calls it, or null: it is not shown there. */
  readonly held: HeldKind | null;
}

const counted = (text: string, giveBack: string, held: HeldKind | null = null): HoldRule => ({
  text,
  giveBack,
  held,
  lock: false,
  atomic: false,
});
const locked = (text: string, giveBack: string, held: HeldKind | null = null, atomic = false): HoldRule => ({
  text,
  giveBack,
  held,
  lock: true,
  atomic,
});

export const HOLDS: Readonly<Record<HoldKind, HoldRule>> = {
  task: counted('a reference on task_struct', 'put_task_struct', 'task usage'),
  mm: counted('a user of mm_struct', 'mmput', 'mm mm_users'),
  pid: counted('a reference on struct pid', 'put_pid'),
  pid_ns: counted('a reference on pid_namespace', 'put_pid_ns'),
  file: counted('a reference on struct file', 'fput', 'file f_count'),
  cgroup: counted('a reference on cgroup', 'cgroup_put'),
  memory: counted('memory', 'kfree'),
  mmap_lock: locked('mmap_lock, for reading,', 'mmap_read_unlock', 'mmap_lock'),
  mutex: locked('a mutex', 'mutex_unlock'),
  rwsem: locked('a rw_semaphore', 'up_read'),
  spinlock: locked('a spin lock', 'spin_unlock', null, true),
  rcu: locked('rcu_read_lock', 'rcu_read_unlock', 'rcu', true),
};

export interface Hold {
  readonly kind: HoldKind;
  readonly object: Addr;
  /** How the object is called in messages: `task_struct of sshd (831)`. */
  readonly name: string;
  readonly at: SourceLine | null;
}

export class Ledger {
  private holds: Hold[] = [];

  take(hold: Hold): void {
    this.holds.push(hold);
  }

  /** @returns what was given back, the last taken first, or null: it was not held */
  give(kind: HoldKind, object: Addr): Hold | null {
    const i = this.holds.findLastIndex((hold) => hold.kind === kind && hold.object === object);
    return i < 0 ? null : (this.holds.splice(i, 1)[0] ?? null);
  }

  holder(kind: HoldKind, object: Addr): Hold | null {
    return this.holds.findLast((hold) => hold.kind === kind && hold.object === object) ?? null;
  }

  get references(): readonly Hold[] {
    return this.holds.filter(({ kind }) => !HOLDS[kind].lock);
  }
  get locks(): readonly Hold[] {
    return this.holds.filter(({ kind }) => HOLDS[kind].lock);
  }
  /** What forbids to sleep now, or null. */
  get atomic(): Hold | null {
    return this.holds.findLast(({ kind }) => HOLDS[kind].atomic) ?? null;
  }

  /** All that is held; who goes back to a moment brings it back. */
  get all(): readonly Hold[] {
    return [...this.holds];
  }
  set all(holds: readonly Hold[]) {
    this.holds = [...holds];
  }

  /** What is held now may be kept: the state of a module between two system calls. */
  mark(): ReadonlySet<Hold> {
    return new Set(this.holds);
  }
  dropLocks(): void {
    this.holds = this.holds.filter(({ kind }) => !HOLDS[kind].lock);
  }
}
