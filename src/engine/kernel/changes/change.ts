/**
 * What changes have in common: whom they are about, and how they refuse.
 *
 * A change is a system call of a task of the world. What the call would refuse, or what no simulated machine
 * survives, is refused by the field that says it; the world is then as it was.
 */
import type { Kernel } from '../kernel.ts';
import { initialNamespace } from '../objects/namespace.ts';
import { findTaskByPidNs } from '../objects/pid.ts';
import { PF } from '../objects/task.ts';
import type { View } from '../view.ts';
import type { WorldFiles } from '../world_files.ts';
import type { WorldChange } from '../world_schema.ts';

/** A key or value as a change gives it: a number, or bytes in hex. */
export type MapBytes = number | string;

/** The maps of the program that is run. Each call answers what is wrong, '' when it was done. */
export interface MapAccess {
  update(map: string, key: MapBytes, value: MapBytes): string;
  delete(map: string, key: MapBytes): string;
}

/** The machine that is changed. */
export interface Changing {
  readonly kernel: Kernel;
  readonly files: WorldFiles;
  /** Null until a program with its maps is loaded. */
  readonly maps: MapAccess | null;
}

/** One kind of change. */
export type Change<Do extends WorldChange['do']> = Extract<WorldChange, { do: Do }>;

/** Tells what happened, in words; called when it has, which for what must wait for a lock is later. */
export type Tell = (text: string) => void;

/** The change is not possible. `field` is the part of the entry that is wrong. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** `731 (bash)` */
export const taskText = (task: View): string => `${task.num('pid')} (${task.str('comm')})`;

/** @throws Refused when no task has the number */
export function anyTask(kernel: Kernel, pid: number): View {
  const task = findTaskByPidNs(kernel, pid, initialNamespace(kernel, 'pid'));
  if (!task) throw new Refused('pid', `there is no task ${pid} at that moment`);
  return task;
}

/** A task that can make system calls. @throws Refused for zombies and kernel threads */
export function livingTask(kernel: Kernel, pid: number): View {
  const task = anyTask(kernel, pid);
  if (task.num('exit_state') !== 0) throw new Refused('pid', `task ${pid} is a zombie at that moment`);
  if ((task.num('flags') & PF.KTHREAD) !== 0)
    throw new Refused('pid', `task ${pid} is a kernel thread: it makes no system calls`);
  return task;
}

/**
 * Acts under a lock: at once, or later when who holds the lock lets go. A refusal that comes at once is the
 * script's mistake; one that comes later is what the system call returns.
 *
 * @param take runs its argument when the lock is free; true when that was at once
 */
export function unlessLate(
  tell: Tell,
  lock: string,
  take: (run: () => void) => boolean,
  act: () => string,
): void {
  let late = false;
  const atOnce = take(() => {
    if (!late) return tell(act());
    try {
      tell(`${act()}, after it had waited for ${lock}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell(`what waited for ${lock} failed: ${error.message}`);
    }
  });
  late = !atOnce;
}
