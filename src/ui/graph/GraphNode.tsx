import { memo } from 'react';
import type { SceneNode } from '../../protocol/scene.ts';
import type { ObjectState } from '../trace/object_state.ts';
import { fitText } from './fit_text.ts';
import { markPath, sameState, sideText, stateText } from './look.ts';

export interface NodeProps {
  readonly node: SceneNode;
  readonly state: ObjectState;
  readonly container: boolean;
  readonly selected: boolean;
  readonly lit: boolean;
  /** Names of references that the walk holds on this object. */
  readonly held: string;
  /** The one node that Tab reaches. */
  readonly tabStop: boolean;
  readonly onPick: (id: number) => void;
  readonly onHover: (id: number | null) => void;
  readonly onKey: (event: React.KeyboardEvent<SVGGElement>) => void;
}

function Mark({ state, x, y }: { readonly state: ObjectState; readonly x: number; readonly y: number }) {
  const d = markPath(state.name, x, y);
  return d ? <path className="mark" d={d} /> : null;
}

/** Wider than this, a slot holds a name and not only a number. */
const NAMED_SLOT_W = 160;

function SlotText({ node, state }: { readonly node: SceneNode; readonly state: ObjectState }) {
  const { x: left } = node;
  const y = node.y + node.h / 2 + 4;
  if (node.w > NAMED_SLOT_W)
    return (
      <>
        <Mark state={state} x={left + 11} y={y - 4} />
        <text className="key mono label" x={left + 22} y={y} style={{ fontSize: 10.5 }}>
          {fitText(node.label, node.w - 34 - node.detail.length * 5.5, 6.3)}
        </text>
        <text className="detail mono" x={left + node.w - 7} y={y} textAnchor="end" style={{ fontSize: 9 }}>
          {node.detail}
        </text>
      </>
    );
  return (
    <>
      <text className="key mono label" x={left + 34} y={y} textAnchor="end" style={{ fontSize: 10.5 }}>
        {node.label}
      </text>
      <Mark state={state} x={left + 56} y={y - 4} />
      <SideText state={state} x={left + node.w - 8} y={y} />
    </>
  );
}

/** Wider than a slot: a folded run of objects, with its names. */
const FOLDED_W = 200;

function GapText({ node }: { readonly node: SceneNode }) {
  const { x: left } = node;
  const y = node.y + node.h / 2 + 3.5;
  const key = /^\d+(–\d+)?$/.test(node.label) && node.w <= FOLDED_W;
  if (!node.detail)
    return (
      <text className="side mono" x={left + node.w / 2} y={y} textAnchor="middle">
        {node.label}
      </text>
    );
  return (
    <>
      <text className="side mono" x={left + (key ? 34 : 10)} y={y} textAnchor={key ? 'end' : 'start'}>
        {key ? node.label : fitText(node.label, node.w - 30 - node.detail.length * 5.4, 6)}
      </text>
      <text className="side" x={left + node.w - 8} y={y} textAnchor="end">
        {node.detail}
      </text>
    </>
  );
}

/** Name of a group at the left, how much it holds at the right. */
function HeadText({ node }: { readonly node: SceneNode }) {
  if (!node.label) return null;
  const { x: left } = node;
  const y = node.y + node.h / 2 + 4;
  return (
    <>
      <text className="label mono" x={left + 10} y={y}>
        {fitText(node.label, node.w - 30 - node.detail.length * 6, 6.9)}
      </text>
      <text className="detail mono" x={left + node.w - 10} y={y} textAnchor="end">
        {node.detail}
      </text>
    </>
  );
}

function SideText({ state, x, y }: { readonly state: ObjectState; readonly x: number; readonly y: number }) {
  const text = sideText(state);
  if (!text) return null;
  const none = state.name === 'visited' && state.bytes === 0;
  return (
    <text className={none ? 'side mono none' : 'side mono'} x={x} y={y} textAnchor="end">
      {text}
    </text>
  );
}

/** A block of an address space: permissions, name, size, and a foot in the colour of what may be done. */
function VmaText({ node, state }: { readonly node: SceneNode; readonly state: ObjectState }) {
  const { x: left, y: top } = node;
  const [perms = '', size = ''] = node.detail.split(/ (.*)/);
  const foot = perms.includes('x') ? 'exec' : perms.includes('w') ? 'write' : '';
  return (
    <>
      {perms.split('').map((letter, i) => (
        <text key={i} className={`perm mono ${letter}`} x={left + 7 + i * 8} y={top + 14}>
          {letter === '-' ? '' : letter}
        </text>
      ))}
      <Mark state={state} x={left + node.w - 10} y={top + 11} />
      <text className="label" x={left + 7} y={top + 27} style={{ fontSize: 11 }}>
        {fitText(node.label, node.w - 10, 6.1)}
      </text>
      <text className="detail mono" x={left + 7} y={top + 40}>
        {size}
      </text>
      {foot && (
        <rect
          className={`foot ${foot}`}
          x={left + 1}
          y={top + node.h - 4}
          width={node.w - 2}
          height={3}
          rx={1.5}
        />
      )}
    </>
  );
}

/** A cell of a number line is no wider: it holds its number in the middle. */
const CELL_W = 84;
/** Smaller ones have no room for a mark; the object's box beside them has it. */
const MARKED_CELL_W = 46;

/** Two lines where there is height for them, one where not; the mark and the bytes at the right. */
function BoxText({ node, state, container, held }: Pick<NodeProps, 'node' | 'state' | 'container' | 'held'>) {
  const round = node.kind === 'inode';
  const cell = node.kind === 'item' && node.w <= CELL_W;
  const number = cell && node.w < MARKED_CELL_W;
  const tall = node.h >= 30 && !cell;
  const markRoom = state.name === 'plain' || state.name === 'out-of-range' ? 0 : 16;
  const column = container ? Math.min(node.w, 132) : node.w;
  const room = column - 20 - (container ? 0 : markRoom);
  const middle = round || cell;
  const { x: left, y: upper } = node;
  const x = left + (middle ? node.w / 2 : container ? 11 : 9);
  const anchor = middle ? 'middle' : 'start';
  const centre = upper + node.h / 2;
  const top = container ? upper + 20 : tall ? centre - 3 : centre + 4;
  const told = state.name === 'skipped' && !cell ? state.reason : node.detail;
  const detail = held && !container ? `${told} ${held}`.trim() : told;
  const showSide = !container && !cell && node.w > CELL_W;
  const sideRoom = showSide && node.kind === 'item' ? sideText(state).length * 6.4 + 6 : 0;
  return (
    <>
      <text className={cell ? 'label mono key' : 'label'} x={x} y={top} textAnchor={anchor}>
        {fitText(node.label, middle && !round ? node.w : room, container ? 7.4 : 6.4)}
      </text>
      {tall && detail && (
        <text
          className={held && !container ? 'held mono' : 'detail mono'}
          x={x}
          y={container ? upper + 36 : centre + 11}
          textAnchor={anchor}
        >
          {fitText(detail, container ? column - 14 : node.w - 16 - sideRoom, container ? 6.6 : 6)}
        </text>
      )}
      {!tall && detail && !cell && node.w > 120 && (
        <text className="detail mono" x={left + node.w - 8 - markRoom} y={top} textAnchor="end">
          {fitText(detail, node.w - 24 - node.label.length * 6.4, 6)}
        </text>
      )}
      {!container && !round && !number && (
        <Mark state={state} x={left + node.w - 11} y={tall || node.kind === 'item' ? upper + 10 : centre} />
      )}
      {tall && showSide && <SideText state={state} x={left + node.w - 8} y={centre + 11} />}
      {held && container && (
        <text className="held mono" x={left + 11} y={upper + node.h - 10}>
          {held}
        </text>
      )}
    </>
  );
}

function GraphNodeView({
  node,
  state,
  container,
  selected,
  lit,
  held,
  tabStop,
  onPick,
  onHover,
  onKey,
}: NodeProps) {
  const gap = node.kind === 'gap';
  const classes = ['node', state.name, node.kind];
  if (container) classes.push('container');
  if (state.active) classes.push('active');
  if (selected) classes.push('selected');
  if (lit) classes.push('lit');
  const words = stateText(state);
  const name = `${node.kind} ${node.label}${node.detail ? `, ${node.detail}` : ''}${words ? `: ${words}` : ''}`;
  const shape = (
    <rect
      className="shape"
      x={node.x}
      y={node.y}
      width={node.w}
      height={node.h}
      rx={node.kind === 'inode' ? node.h / 2 : container ? 8 : node.h > 24 ? 7 : 4}
    />
  );
  const texts =
    node.kind === 'slot' ? (
      <SlotText node={node} state={state} />
    ) : node.kind === 'vma' ? (
      <VmaText node={node} state={state} />
    ) : gap ? (
      <GapText node={node} />
    ) : (
      <BoxText node={node} state={state} container={container} held={held} />
    );
  if (gap || node.kind === 'group')
    return (
      <g className={classes.join(' ')} aria-hidden="true">
        {gap && !node.detail ? null : shape}
        {gap ? texts : <HeadText node={node} />}
      </g>
    );
  return (
    <g
      className={classes.join(' ')}
      role="button"
      tabIndex={tabStop ? 0 : -1}
      aria-label={name}
      aria-pressed={selected}
      data-node={node.id}
      onClick={() => onPick(node.id)}
      onKeyDown={onKey}
      onMouseEnter={() => onHover(node.id)}
      onMouseLeave={() => onHover(null)}
      onFocus={() => onHover(node.id)}
      onBlur={() => onHover(null)}
    >
      {shape}
      {texts}
      <title>{name}</title>
    </g>
  );
}

/** One object. Drawn again only when something about it has changed. */
export const GraphNode = memo(
  GraphNodeView,
  (a, b) =>
    a.node === b.node &&
    a.container === b.container &&
    a.selected === b.selected &&
    a.lit === b.lit &&
    a.held === b.held &&
    a.tabStop === b.tabStop &&
    sameState(a.state, b.state),
);
