/** Changes of a running machine, one function for each word that a script knows. */
import { WorldError } from '../world.ts';
import type { WorldChange } from '../world_schema.ts';
import { cgroupCreate, cgroupMove, cgroupRemove } from './cgroups.ts';
import { Refused } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';
import { close, dup, open } from './fds.ts';
import { mapDelete, mapUpdate } from './maps.ts';
import { mmap, mprotect, munmap } from './memory.ts';
import { accept, connect, listen } from './sockets.ts';
import { comm, exec, exit, exitThread, fork, thread, wait } from './tasks.ts';

export type { Changing, MapAccess, MapBytes, Tell } from './change.ts';

type Apply<Do extends WorldChange['do']> = (changing: Changing, change: Change<Do>, tell: Tell) => void;

const CHANGES: { readonly [Do in WorldChange['do']]: Apply<Do> } = {
  fork,
  thread,
  exec,
  exit,
  exit_thread: exitThread,
  wait,
  comm,
  open,
  close,
  dup,
  mmap,
  munmap,
  mprotect,
  cgroup_create: cgroupCreate,
  cgroup_remove: cgroupRemove,
  cgroup_move: cgroupMove,
  listen,
  connect,
  accept,
  map_update: mapUpdate,
  map_delete: mapDelete,
};

/**
 * Makes one change.
 *
 * @param path where it is said in the world: `.script[3]`
 * @param tell called when it has happened
 * @throws WorldError when it is not possible at that moment; a change that had to wait for a lock may throw
 *   later, out of whoever let go of it
 */
export function applyChange(changing: Changing, change: WorldChange, path: string, tell: Tell): void {
  try {
    // The table has for each word the function that takes its change; the type system cannot pair them up.
    (CHANGES[change.do] as Apply<WorldChange['do']>)(changing, change as never, tell);
  } catch (error) {
    if (error instanceof Refused) throw new WorldError(`${path}.${error.field}`, error.message);
    throw error;
  }
}
