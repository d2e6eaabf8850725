/**
 * task_file: processes from top to bottom, each with its fd table; the struct files they point to, and
 * the inodes behind them. A file shared by dup or fork stands once, with several arrows into it.
 *
 *     task | files_struct, fdtable | struct file | inode
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { openFds } from '../kernel/objects/files.ts';
import type { View } from '../kernel/view.ts';
import { pathTexts } from '../vfs/path.ts';
import { SceneBuilder, spread } from './builder.ts';
import type { Place } from './builder.ts';
import { outside, sharesWithLeader, visibleTasks } from './facts.ts';
import type { TaskFacts, TaskFilter } from './facts.ts';

const COLUMNS = [
  { label: 'task', x: 12, w: 150 },
  { label: 'files_struct · fdtable', x: 180, w: 128 },
  { label: 'struct file', x: 390, w: 172 },
  { label: 'inode', x: 642, w: 112 },
];
const [TASK, TABLE, FILE, INODE] = COLUMNS as [Column, Column, Column, Column];
interface Column {
  readonly label: string;
  readonly x: number;
  readonly w: number;
}
const TOP = 34;
const SLOT = 20;
const PAD = 8;
const BOX_GAP = 10;
const BARE_H = 26;
/** A struct file on two lines, or on one where there are many. */
const BOX = { h: 36, gap: 8 };
const LINE = { h: 18, gap: 2 };
/** Files on two lines may be so much taller together than the tasks. */
const CROWDED = 1.1;

interface FileSeen {
  readonly file: View;
  readonly slots: number[];
}

export function taskFileScene(kernel: Kernel, filter: TaskFilter): Scene {
  const scene = new SceneBuilder();
  const tasks = visibleTasks(kernel);
  const byAddr = new Map(tasks.map((facts) => [facts.task.addr, facts]));
  const files = new Map<Addr, FileSeen>();
  const sharersOf = new Map<Addr, TaskFacts[]>();
  for (const facts of tasks) {
    if (sharesWithLeader(facts, byAddr, filter) === '') continue;
    const known = sharersOf.get(facts.leader);
    if (known) known.push(facts);
    else sharersOf.set(facts.leader, [facts]);
  }
  const bare: BareTask[] = [];
  let y = TOP;
  for (const facts of tasks) {
    if (sharesWithLeader(facts, byAddr, filter) !== '') continue;
    const sharers = sharersOf.get(facts.task.addr) ?? [];
    const full = hasFiles(kernel, facts);
    const reason = outside(facts, filter) || (full ? '' : NO_FILES);
    if (full || bare[0]?.reason !== reason) y = drawBare(scene, bare.splice(0), y);
    if (full) y = drawTask(kernel, scene, facts, sharers, files, reason, y);
    else bare.push({ facts, reason });
  }
  y = drawBare(scene, bare, y);
  drawFiles(kernel, scene, [...files.values()]);
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
    place(TASK, y + 4, 28, TABLE.x + TABLE.w - TASK.x + PAD),
  );
  return scene.finish('task_file', COLUMNS);
}

const place = (column: Column, y: number, h: number, w = column.w): Place => ({ x: column.x, y, w, h });

/** A task without an open file, and why the walk does not stop at it. */
interface BareTask {
  readonly facts: TaskFacts;
  readonly reason: string;
}
const NO_FILES = 'no open files';

const hasFiles = (kernel: Kernel, facts: TaskFacts): boolean =>
  facts.files !== 0n && !openFds(kernel, kernel.view('files_struct', facts.files)).next().done;

/** Draws neighbours without files, kernel threads mostly, folded into one row. @returns where the next one starts */
function drawBare(scene: SceneBuilder, bare: readonly BareTask[], top: number): number {
  const [first, last] = [bare[0], bare.at(-1)];
  if (!first || !last) return top;
  const names =
    bare.length === 1 ? first.facts.comm : `${bare.length} tasks: ${first.facts.comm} … ${last.facts.comm}`;
  scene.node(
    { kind: 'gap', key: first.facts.pid, label: names, detail: NO_FILES, reason: first.reason },
    place(TASK, top, BARE_H, TABLE.x + TABLE.w - TASK.x + PAD),
  );
  return top + BARE_H + BOX_GAP;
}

/** Draws one process or thread with a table of its own. @returns where the next one starts */
function drawTask(
  kernel: Kernel,
  scene: SceneBuilder,
  facts: TaskFacts,
  sharers: readonly TaskFacts[],
  files: Map<Addr, FileSeen>,
  reason: string,
  top: number,
): number {
  const open = facts.files === 0n ? [] : [...openFds(kernel, kernel.view('files_struct', facts.files))];
  const isThread = facts.task.addr !== facts.leader;
  const box = scene.node(
    {
      kind: 'task',
      addr: facts.task.addr,
      key: facts.pid,
      label: facts.comm,
      detail: isThread ? `tid ${facts.pid} of ${facts.tgid}, own files` : `tgid ${facts.tgid}`,
      reason,
    },
    place(TASK, top, 0, TABLE.x + TABLE.w - TASK.x + PAD),
  );
  let y = top + PAD;
  let next = 0;
  for (const { fd, file } of open) {
    if (fd > next) {
      const label = fd - next === 1 ? `${next}` : `${next}–${fd - 1}`;
      scene.node({ kind: 'gap', label, detail: 'empty', parent: box, key: next }, place(TABLE, y, SLOT - 2));
      y += SLOT;
    }
    next = fd + 1;
    const slot = scene.node(
      {
        kind: 'slot',
        addr: file.addr,
        key: fd,
        label: String(fd),
        parent: box,
        owner: facts.task.addr,
        reason,
      },
      place(TABLE, y, SLOT - 2),
    );
    y += SLOT;
    const seen = files.get(file.addr);
    if (seen) seen.slots.push(slot);
    else files.set(file.addr, { file, slots: [slot] });
  }
  let left = top + 48;
  for (const thread of sharers) {
    scene.node(
      {
        kind: 'thread',
        addr: thread.task.addr,
        key: thread.pid,
        label: `tid ${thread.pid}`,
        detail: thread.comm,
        parent: box,
        reason: reason || 'same files: skipped',
      },
      place({ ...TASK, x: TASK.x + PAD, w: TASK.w - PAD }, left, 32),
    );
    left += 36;
  }
  const bottom = Math.max(y, left, top + 48) + PAD - 2;
  scene.resize(box, { h: bottom - top });
  return bottom + BOX_GAP;
}

function drawFiles(kernel: Kernel, scene: SceneBuilder, seen: readonly FileSeen[]): void {
  const mean = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => sum + scene.middle(id), 0) / ids.length;
  const sorted = seen
    .map((entry) => ({ ...entry, middle: mean(entry.slots) }))
    .sort((a, b) => a.middle - b.middle);
  const inodes = new Map<Addr, { inode: View; files: number[] }>();
  // Boxes of two lines, where they do not push each other far from the slots that point to them.
  const lowest = sorted.reduce((most, { middle }) => Math.max(most, middle), 0);
  const box = sorted.length * (BOX.h + BOX.gap) > lowest * CROWDED ? LINE : BOX;
  const tops = spread(
    sorted.map((entry) => entry.middle),
    box.h,
    box.gap,
    TOP,
  );
  const textOf = pathTexts(kernel);
  sorted.forEach(({ file, slots }, i) => {
    const path = textOf(file.sub('f_path'));
    const node = scene.node(
      { kind: 'file', addr: file.addr, label: path, detail: `f_count ${file.num('f_count')}` },
      place(FILE, tops[i] ?? TOP, box.h),
    );
    for (const slot of slots) scene.edge(slot, node, 'fdt->fd[]');
    const inode = file.deref('f_inode');
    if (!inode) return;
    const known = inodes.get(inode.addr);
    if (known) known.files.push(node);
    else inodes.set(inode.addr, { inode, files: [node] });
  });
  const ordered = [...inodes.values()]
    .map((e) => ({ ...e, middle: mean(e.files) }))
    .sort((a, b) => a.middle - b.middle);
  const inodeTops = spread(
    ordered.map((entry) => entry.middle),
    32,
    8,
    TOP,
  );
  ordered.forEach(({ inode, files }, i) => {
    const fs = inode.deref('i_sb')?.deref('s_type')?.ptr('name') ?? 0n;
    const node = scene.node(
      {
        kind: 'inode',
        addr: inode.addr,
        key: inode.num('i_ino'),
        label: `ino ${inode.big('i_ino')}`,
        detail: fs === 0n ? '' : kernel.mem.text(fs, 32),
      },
      place(INODE, inodeTops[i] ?? TOP, 32),
    );
    for (const file of files) scene.edge(file, node, 'f_inode');
  });
}
