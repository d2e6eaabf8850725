/**
 * ksym: the symbols as pages of names, each section in the order of the walk, down the columns. The walk
 * has one object, its own record; what it stands for is the position.
 */
import type { Scene } from '../../protocol/scene.ts';
import type { Session } from '../iter/session.ts';
import { symbolSections } from '../iter/targets/ksym.ts';
import type { Ksym } from '../kernel/symbols.ts';
import { SceneBuilder } from './builder.ts';

const TOP = 34;
const COLUMNS = 4;
const CELL = { w: 232, h: 20, gap: 8 };
const ROW = 23;
const HEAD_H = 24;
const WIDTH = COLUMNS * (CELL.w + CELL.gap) - CELL.gap;
/** Symbols of a section that are drawn; the rest is counted. */
const DRAWN = 400;

export function ksymScene(session: Session): Scene {
  const { kernel, iter, priv } = session;
  const { core, others } = symbolSections(kernel);
  const scene = new SceneBuilder();
  const drawn = (name: string, symbols: readonly Ksym[], first: number, top: number): number => {
    if (symbols.length === 0) return top;
    const shown = symbols.slice(0, DRAWN);
    const box = scene.node(
      {
        kind: 'group',
        label: name,
        detail: `${symbols.length} ${symbols.length === 1 ? 'symbol' : 'symbols'}`,
      },
      { x: 12, y: top, w: WIDTH, h: HEAD_H },
    );
    const rows = Math.ceil(shown.length / COLUMNS);
    shown.forEach((sym, i) => {
      const owner = sym.module === '' || sym.module === 'bpf' ? '' : ` [${sym.module}]`;
      scene.node(
        {
          kind: 'slot',
          struct: 'kallsym_iter',
          addr: priv.addr,
          key: first + i,
          label: `${sym.name}${owner}`,
          detail: `${sym.type} ${sym.addr.toString(16)}`,
          parent: box,
        },
        {
          x: 12 + Math.floor(i / rows) * (CELL.w + CELL.gap),
          y: top + HEAD_H + 6 + (i % rows) * ROW,
          w: CELL.w,
          h: CELL.h,
        },
      );
    });
    const bottom = top + HEAD_H + 6 + rows * ROW;
    if (shown.length === symbols.length) return bottom + 12;
    scene.node(
      {
        kind: 'gap',
        label: `${shown.length} of ${symbols.length} drawn`,
        detail: 'the walk visits them all',
        parent: box,
      },
      { x: 12, y: bottom, w: WIDTH, h: CELL.h },
    );
    return bottom + CELL.h + 12;
  };
  const end = core.length + others.length;
  let y = drawn('kernel image', core, 0, TOP);
  y = drawn('modules', others, core.length, y);
  y = drawn('BPF programs', iter.env.progSymbols(), end, y);
  scene.node(
    { kind: 'end', label: 'end', detail: 'the program sees the last record, not NULL' },
    { x: 12, y, w: WIDTH, h: 28 },
  );
  return scene.finish('ksym', [
    { label: 'symbols, in the order of the walk: down each column', x: 12, w: WIDTH },
  ]);
}
