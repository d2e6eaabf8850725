/**
 * task_vma: one ruler for each address space, low addresses on the left. A block is as wide as the
 * logarithm of its size; what lies between blocks is folded and named. An mm stands once: a thread with
 * an fd table of its own walks it a second time, which its blocks then show.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { VM, vmas } from '../kernel/objects/mm.ts';
import type { View } from '../kernel/view.ts';
import { SceneBuilder } from './builder.ts';
import { outside, sharesWithLeader, visibleTasks } from './facts.ts';
import type { TaskFacts, TaskFilter } from './facts.ts';
import { sizeText } from './size_text.ts';

const TOP = 34;
const LEFT = 12;
const NAME_W = 132;
const ROW_X = LEFT + NAME_W + 12;
const BLOCK_H = 48;
/** The longest row; a frame is as wide as the longest that is there. */
const ROW_W = 760;
const FRAME_PAD = 12;
const PERMS = [
  [VM.READ, 'r'],
  [VM.WRITE, 'w'],
  [VM.EXEC, 'x'],
] as const;

export function taskVmaScene(kernel: Kernel, filter: TaskFilter): Scene {
  const scene = new SceneBuilder();
  const tasks = visibleTasks(kernel);
  const byAddr = new Map(tasks.map((facts) => [facts.task.addr, facts]));
  const walkers = new Map<Addr, TaskFacts[]>();
  for (const facts of tasks) {
    if (facts.mm === 0n) continue;
    const known = walkers.get(facts.mm);
    if (known) known.push(facts);
    else walkers.set(facts.mm, [facts]);
  }
  let y = TOP;
  let right = 0;
  const boxes: number[] = [];
  for (const [mm, users] of walkers) {
    const drawn = drawMm(kernel, scene, mm, users, byAddr, filter, y);
    y = drawn.bottom + 12;
    right = Math.max(right, drawn.right);
    boxes.push(drawn.box);
  }
  for (const box of boxes) scene.resize(box, { w: right + FRAME_PAD - LEFT });
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
    { x: LEFT, y, w: NAME_W, h: 28 },
  );
  return scene.finish('task_vma', [
    { label: 'mm_struct', x: LEFT, w: NAME_W },
    {
      label: 'low address … high address, gaps folded, width grows with log2 of size',
      x: ROW_X,
      w: ROW_W,
    },
  ]);
}

interface DrawnMm {
  readonly box: number;
  /** Edges of what is in it. */
  readonly bottom: number;
  readonly right: number;
}

function drawMm(
  kernel: Kernel,
  scene: SceneBuilder,
  mm: Addr,
  users: readonly TaskFacts[],
  byAddr: ReadonlyMap<Addr, TaskFacts>,
  filter: TaskFilter,
  top: number,
): DrawnMm {
  const [first] = users;
  const walking = users.filter(
    (user) => sharesWithLeader(user, byAddr, filter) === '' && outside(user, filter) === '',
  );
  const reason = walking.length > 0 ? '' : first ? outside(first, filter) : '';
  const box = scene.node(
    {
      kind: 'mm',
      addr: mm,
      key: first?.pid ?? 0,
      label: first?.comm ?? '',
      detail: `mm of tgid ${first?.tgid ?? 0}`,
      owner: first?.task.addr ?? 0n,
      reason,
    },
    { x: LEFT, y: top, w: 0, h: 0 },
  );
  users.slice(1).forEach((user, i) => {
    const skip = sharesWithLeader(user, byAddr, filter) || outside(user, filter);
    scene.node(
      {
        kind: 'thread',
        addr: user.task.addr,
        key: user.pid,
        label: `tid ${user.pid}`,
        detail: skip === '' ? `${user.comm}, own files: walks again` : user.comm,
        parent: box,
        reason: skip,
      },
      { x: 20, y: top + 44 + i * 36, w: NAME_W - 12, h: 32 },
    );
  });
  let x = ROW_X;
  let right = x;
  let y = top + 8;
  let previousEnd = 0n;
  for (const vma of vmas(kernel, kernel.view('mm_struct', mm))) {
    const start = vma.big('vm_start');
    const end = vma.big('vm_end');
    const w = 52 + 4 * Math.max(0, Math.log2(Number(end - start) / 4096));
    const gap = previousEnd !== 0n && start > previousEnd ? 34 : 3;
    if (x + gap + w > ROW_X + ROW_W) {
      x = ROW_X;
      y += BLOCK_H + 24;
    } else if (gap > 3) {
      scene.node(
        { kind: 'gap', label: sizeText(start - previousEnd), key: Number(previousEnd), parent: box },
        { x, y, w: gap, h: BLOCK_H + 16 },
      );
    }
    x += previousEnd === 0n ? 0 : gap;
    scene.node(
      {
        kind: 'vma',
        addr: vma.addr,
        key: Number(start),
        label: vmaName(kernel, vma),
        detail: `${permissions(vma)} ${sizeText(end - start)}`,
        parent: box,
        reason,
      },
      { x, y, w, h: BLOCK_H },
    );
    x += w;
    right = Math.max(right, x);
    previousEnd = end;
  }
  const bottom = Math.max(y + BLOCK_H + 24, top + 48 + (users.length - 1) * 36);
  scene.resize(box, { h: bottom - top });
  return { box, bottom, right };
}

const permissions = (vma: View): string =>
  PERMS.map(([bit, letter]) => ((vma.num('vm_flags') & bit) === 0 ? '-' : letter)).join('');

/** The backing file's name, or what the kernel would call the area. */
function vmaName(kernel: Kernel, vma: View): string {
  const name = vma.deref('vm_file')?.sub('f_path').deref('dentry')?.ptr('d_name.name') ?? 0n;
  if (name !== 0n) return kernel.mem.text(name, 64);
  const mm = vma.deref('vm_mm');
  const [start, end] = [vma.big('vm_start'), vma.big('vm_end')];
  if (mm && mm.big('brk') > mm.big('start_brk') && start <= mm.big('brk') && end >= mm.big('start_brk'))
    return '[heap]';
  if (mm && start <= mm.big('start_stack') && end >= mm.big('start_stack')) return '[stack]';
  return 'anon';
}
