/**
 * task: the number line of the pid namespace, with its gaps folded and counted, and below it the same
 * tasks by parentage, threads inside their process. The walk follows the line and knows no parents.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SceneBuilder } from './builder.ts';
import { outside, visibleTasks } from './facts.ts';
import type { TaskFacts, TaskFilter } from './facts.ts';

/** Room for the hops above the first row. */
const TOP = 44;
const CELL = { w: 56, h: 28, gap: 26 };
const PER_ROW = 10;
const LINE_PITCH = 72;
const TREE_TITLE = 'the same tasks by parentage, which the walk does not follow';
/** Width of a character of the title. */
const TITLE_CHAR = 6;
const BOX = { w: 168, row: 24, pad: 6, gap: 12, indent: 44 };

export function taskScene(kernel: Kernel, filter: TaskFilter): Scene {
  const scene = new SceneBuilder();
  const tasks = visibleTasks(kernel);
  const lineBottom = drawLine(scene, tasks, filter);
  scene.node(
    { kind: 'gap', label: TREE_TITLE },
    { x: 12, y: lineBottom - 4, w: TREE_TITLE.length * TITLE_CHAR, h: 16 },
  );
  drawTree(scene, tasks, filter, lineBottom + 24);
  return scene.finish('task', [
    { label: 'pid namespace: the next number is found by find_ge_pid', x: 12, w: 400 },
  ]);
}

/** Cells from left to right, in rows. @returns the y below them */
function drawLine(scene: SceneBuilder, tasks: readonly TaskFacts[], filter: TaskFilter): number {
  const at = (i: number): { x: number; y: number } => ({
    x: 12 + (i % PER_ROW) * (CELL.w + CELL.gap),
    y: TOP + Math.floor(i / PER_ROW) * LINE_PITCH,
  });
  let previous = 0;
  let last = -1;
  tasks.forEach((facts, i) => {
    const place = at(i);
    const cell = scene.node(
      {
        kind: 'item',
        addr: facts.task.addr,
        key: facts.pid,
        label: String(facts.pid),
        detail: facts.comm,
        reason: outside(facts, filter),
      },
      { ...place, w: CELL.w, h: CELL.h },
    );
    const free = facts.pid - previous - 1;
    if (free > 0 && last >= 0)
      scene.node(
        { kind: 'gap', label: `${free} free`, key: previous + 1 },
        { x: Math.max(0, place.x - CELL.gap - 16), y: place.y + CELL.h + 3, w: CELL.gap + 32, h: 14 },
      );
    if (last >= 0) scene.edge(last, cell, 'next');
    previous = facts.pid;
    last = cell;
  });
  const place = at(tasks.length);
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
    { ...place, w: CELL.w, h: CELL.h },
  );
  return place.y + LINE_PITCH;
}

function drawTree(scene: SceneBuilder, tasks: readonly TaskFacts[], filter: TaskFilter, top: number): void {
  const leaders = tasks.filter((facts) => facts.task.addr === facts.leader);
  const groups = new Map<Addr, TaskFacts[]>();
  for (const facts of tasks) {
    const known = groups.get(facts.leader);
    if (known) known.push(facts);
    else groups.set(facts.leader, [facts]);
  }
  const shown = new Set(leaders.map((facts) => facts.task.addr));
  const children = new Map<Addr, TaskFacts[]>();
  for (const facts of leaders) children.set(facts.parent, [...(children.get(facts.parent) ?? []), facts]);
  let y = top;
  const draw = (facts: TaskFacts, depth: number, parentNode: number): void => {
    const threads = groups.get(facts.task.addr) ?? [];
    const x = 12 + depth * BOX.indent;
    const h = threads.length * BOX.row + BOX.pad * 2 - 4;
    const box = scene.node(
      { kind: 'group', label: '', addr: facts.task.addr, key: facts.tgid, detail: `tgid ${facts.tgid}` },
      { x, y, w: BOX.w, h },
    );
    threads.forEach((thread, i) => {
      const leader = thread.task.addr === facts.task.addr;
      scene.node(
        {
          kind: leader ? 'task' : 'thread',
          addr: thread.task.addr,
          key: thread.pid,
          label: thread.comm,
          detail: String(thread.pid),
          parent: box,
          reason: outside(thread, filter),
        },
        { x: x + BOX.pad, y: y + BOX.pad + i * BOX.row, w: BOX.w - BOX.pad * 2, h: BOX.row - 4 },
      );
    });
    if (parentNode >= 0) scene.edge(parentNode, box, 'real_parent');
    y += h + BOX.gap;
    for (const child of children.get(facts.task.addr) ?? []) draw(child, depth + 1, box);
  };
  for (const root of leaders.filter((facts) => !shown.has(facts.parent))) draw(root, 0, -1);
}
