/**
 * mmap, munmap and mprotect. They need the mmap_lock for writing: while a walk holds it for reading they wait,
 * and happen when it lets go.
 */
import { must } from '../../../shared/assert.ts';
import { getTask } from '../objects/task.ts';
import { putTask } from '../objects/task_exit.ts';
import { fput } from '../objects/file.ts';
import { STACK_TOP, VM } from '../objects/mm.ts';
import { holeIn, mapRange, protectRange, unmapRange } from '../objects/mm_change.ts';
import type { Range } from '../objects/mm_change.ts';
import { withMmapWriteLock } from '../objects/mmap_lock.ts';
import type { View } from '../view.ts';
import { vmaSpec } from '../world_mm.ts';
import { livingTask, Refused, taskText, unlessLate } from './change.ts';
import type { Change, Changing, Tell } from './change.ts';

const PAGE = 4096n;

function rangeOf(change: { readonly start: string; readonly end: string }): Range {
  const [start, end] = [BigInt(change.start), BigInt(change.end)];
  for (const [field, value] of [
    ['start', start],
    ['end', end],
  ] as const)
    if (value % PAGE !== 0n) throw new Refused(field, 'not a multiple of the page size (EINVAL)');
  if (end <= start) throw new Refused('end', 'not above start (EINVAL)');
  if (end > STACK_TOP) throw new Refused('end', 'above the highest user address (ENOMEM)');
  return { start, end };
}

const rangeText = ({ start, end }: Range): string => `${start.toString(16)}-${end.toString(16)}`;

/** Runs `write` on the task's address space under its lock, unless the task has another one by then. */
function change({ kernel }: Changing, pid: number, write: (mm: View) => string, tell: Tell): void {
  const task = getTask(livingTask(kernel, pid));
  const mm = must(task.deref('mm'), 'mm of a living task');
  const act = (): string => {
    const same = task.ptr('mm') === mm.addr;
    const text = taskText(task);
    putTask(kernel, task);
    if (!same) throw new Refused('pid', `task ${pid} has ended meanwhile`);
    return `${text} ${write(mm)}`;
  };
  unlessLate(tell, 'mmap_lock', (run) => withMmapWriteLock(kernel, mm, run), act);
}

export function mmap(changing: Changing, entry: Change<'mmap'>, tell: Tell): void {
  const { kernel, files } = changing;
  const range = rangeOf(entry);
  change(
    changing,
    entry.pid,
    (mm) => {
      const owner = { cred: must(livingTask(kernel, entry.pid).deref('cred'), 'cred') };
      const spec = vmaSpec(files, owner, null, '', { ...entry, offset: entry.offset ?? '0x0' });
      mapRange(kernel, mm, spec);
      if (spec.file) fput(kernel, spec.file);
      return `mapped ${rangeText(range)}${entry.name === '' ? '' : ` of ${entry.name}`}`;
    },
    tell,
  );
}

export function munmap(changing: Changing, entry: Change<'munmap'>, tell: Tell): void {
  const range = rangeOf(entry);
  change(
    changing,
    entry.pid,
    (mm) => {
      unmapRange(changing.kernel, mm, range);
      return `unmapped ${rangeText(range)}`;
    },
    tell,
  );
}

export function mprotect(changing: Changing, entry: Change<'mprotect'>, tell: Tell): void {
  const range = rangeOf(entry);
  const bits = [VM.READ, VM.WRITE, VM.EXEC].filter((_, i) => entry.perms[i] !== '-');
  change(
    changing,
    entry.pid,
    (mm) => {
      const hole = holeIn(changing.kernel, mm, range);
      if (hole !== null)
        throw new Refused('start', `nothing is mapped at 0x${hole.toString(16)} at that moment (ENOMEM)`);
      protectRange(
        changing.kernel,
        mm,
        range,
        bits.reduce((all, bit) => all | bit, 0),
      );
      return `made ${rangeText(range)} ${entry.perms.slice(0, 3)}`;
    },
    tell,
  );
}
