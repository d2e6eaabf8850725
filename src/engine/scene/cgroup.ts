/**
 * cgroup: the hierarchy as an indented tree, and beside it the numbers that the orders give. The order of
 * this walk has its numbers in cells that light up; those of the other one are there to compare.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import type { Addr } from '../../shared/brand.ts';
import { must } from '../../shared/assert.ts';
import { CgroupIterOrder } from '../abi/uapi.ts';
import { cgroupOrder } from '../iter/targets/cgroup.ts';
import type { CgroupOrder } from '../iter/targets/cgroup.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  cgroupId,
  cgroupName,
  cgroupParent,
  descendantsPre,
  isDescendant,
  rootCgroup,
} from '../kernel/objects/cgroup.ts';
import type { View } from '../kernel/view.ts';
import { SceneBuilder } from './builder.ts';

const TOP = 34;
const BOX = { w: 196, h: 34, indent: 26 };
const PITCH = 42;
const CELL = { w: 34, h: 24 };
const COLUMN_PITCH = 156;
/** Orders that are shown even when the walk takes another. */
const ALWAYS = [CgroupIterOrder.DESCENDANTS_PRE, CgroupIterOrder.DESCENDANTS_POST];

export function cgroupScene({ kernel, priv }: Session): Scene {
  const start = kernel.view('cgroup', must(priv.deref('start_css'), 'start of a cgroup walk').ptr('cgroup'));
  const active = priv.num('order');
  const all = [...descendantsPre(kernel, rootCgroup(kernel))];
  const walked = numbers(kernel, must(cgroupOrder(kernel, active), 'order of a session'), start);
  const scene = new SceneBuilder();
  const boxes = new Map<Addr, number>();
  const right =
    12 + all.reduce((most, cgroup) => Math.max(most, cgroup.num('level')), 0) * BOX.indent + BOX.w;
  all.forEach((cgroup, row) => {
    const reason = walked.has(cgroup.addr)
      ? ''
      : isDescendant(kernel, cgroup, start)
        ? 'outside the order'
        : 'outside what the walk starts from';
    const box = scene.node(
      { ...factsOf(kernel, cgroup), label: nameOf(kernel, cgroup), detail: `id ${cgroupId(cgroup)}`, reason },
      { x: 12 + cgroup.num('level') * BOX.indent, y: TOP + row * PITCH, w: BOX.w, h: BOX.h },
    );
    boxes.set(cgroup.addr, box);
    const parent = boxes.get(cgroupParent(kernel, cgroup)?.addr ?? 0n);
    if (parent !== undefined) scene.edge(parent, box, 'self.children');
  });
  const columns = [...new Set([...ALWAYS, active])].map((number, i) => {
    const order = must(cgroupOrder(kernel, number), 'order of a column');
    const x = right + 40 + i * COLUMN_PITCH;
    const of = number === active ? walked : numbers(kernel, order, start);
    all.forEach((cgroup, row) => {
      const place = { x, y: TOP + row * PITCH + (BOX.h - CELL.h) / 2, ...CELL };
      const label = String(of.get(cgroup.addr) ?? '');
      if (label === '') return;
      if (number === active) scene.node({ ...factsOf(kernel, cgroup), label }, place);
      else scene.node({ kind: 'gap', label }, place);
    });
    return { label: number === active ? `${order.name} ◂ walk` : order.name, x, w: COLUMN_PITCH };
  });
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program is called with NULL' },
    { x: 12, y: TOP + all.length * PITCH, w: right - 12, h: 28 },
  );
  return scene.finish('cgroup', [{ label: 'cgroup hierarchy', x: 12, w: BOX.w }, ...columns]);
}

const factsOf = (kernel: Kernel, cgroup: View) =>
  ({
    kind: 'item',
    struct: 'cgroup',
    addr: cgroup.addr,
    key: Number(cgroupId(cgroup)),
    owner: cgroupParent(kernel, cgroup)?.addr ?? 0n,
  }) as const;

const nameOf = (kernel: Kernel, cgroup: View): string => cgroupName(kernel, cgroup) || '/';

/** The place of each cgroup in an order, from 1. */
function numbers(kernel: Kernel, order: CgroupOrder, start: View): ReadonlyMap<Addr, number> {
  const places = new Map<Addr, number>();
  for (let at = order.first(kernel, start); at; at = order.after(kernel, start, at))
    places.set(at.addr, places.size + 1);
  return places;
}
