import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Scene, SceneNode } from '../../protocol/scene.ts';
import { traceOf } from '../store/run.ts';
import { act, useStore } from '../store/store.ts';
import { describeMoment } from '../trace/describe.ts';
import { foldTrace, lastAtOrBefore } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import { heldAt } from '../trace/held.ts';
import { namesOf } from '../trace/names.ts';
import { objectStates } from '../trace/object_state.ts';
import type { ObjectState } from '../trace/object_state.ts';
import { createCamera } from './camera.ts';
import type { Camera, Rect } from './camera.ts';
import { edgePaths } from './edge_path.ts';
import { GraphEdge } from './GraphEdge.tsx';
import { GraphNode } from './GraphNode.tsx';
import { Legend } from './Legend.tsx';

/** Nodes outside the view by more than this many units are not drawn. */
const MARGIN = 160;
/** Above this speed the camera does not glide. */
const EASE_UP_TO = 10;

/** The picture of the target, or what to do when there is none. */
export function GraphView() {
  const result = useStore((s) => s.result);
  const trace = useStore(traceOf);
  if (!result || !trace) return <GraphEmpty />;
  if (!result.scene || result.scene.nodes.length === 0)
    return (
      <div className="graph">
        <div className="graph-empty">
          <p>There is no picture for this target. The Table shows the objects in the order of the walk.</p>
        </div>
      </div>
    );
  return <Picture key={result.ctx.toString()} scene={result.scene} folded={foldTrace(trace)} />;
}

function GraphEmpty() {
  const stage = useStore((s) => s.result?.report.stage ?? null);
  const filter = useStore((s) => s.filter);
  const setAttach = useStore((s) => s.setAttach);
  return (
    <div className="graph">
      <div className="graph-empty">
        <p>
          {stage === null
            ? 'Press Run (F5) to record the walk of this program.'
            : stage === 'done'
              ? 'Nothing was read.'
              : `The run ended at the step “${stage}”: see the findings under the program and the verifier log.`}
        </p>
        {stage === 'done' && filter !== 'all' && (
          <button type="button" className="btn" onClick={() => setAttach({ filter: 'all' })}>
            Show all tasks
          </button>
        )}
      </div>
    </div>
  );
}

const overlaps = (node: SceneNode, view: Rect): boolean =>
  node.x <= view.x + view.w + MARGIN &&
  node.x + node.w >= view.x - MARGIN &&
  node.y <= view.y + view.h + MARGIN &&
  node.y + node.h >= view.y - MARGIN;

function Picture({ scene, folded }: { readonly scene: Scene; readonly folded: Folded }) {
  const svg = useRef<SVGSVGElement>(null);
  const layer = useRef<SVGGElement>(null);
  const camera = useRef<Camera | null>(null);
  const call = useStore((s) => s.at.call);
  const selected = useStore((s) => s.selected);
  const setView = useStore((s) => s.setView);
  const follow = useStore((s) => s.follow);
  const fits = useStore((s) => s.fits);
  const [view, setViewport] = useState<Rect>({ x: 0, y: 0, w: 1600, h: 1200 });
  const [hovered, setHovered] = useState<number | null>(null);

  const states = useMemo(() => objectStates(folded, scene, call), [folded, scene, call]);
  const paths = useMemo(() => edgePaths(scene), [scene]);
  const parents = useMemo(() => new Set(scene.nodes.map((node) => node.parent)), [scene]);
  const summary = useStore((s) => describeMoment(folded, namesOf(scene), s.at));
  const held = useMemo(() => {
    const byObject = new Map<bigint, { readonly field: string; readonly n: number }>();
    for (const { kind, object, n } of heldAt(folded.trace, call))
      if (object !== 0n && kind.includes(' ')) byObject.set(object, { field: kind.split(' ')[1] ?? '', n });
    return byObject;
  }, [folded, call]);

  useEffect(() => {
    if (!svg.current || !layer.current) return undefined;
    const made = createCamera(svg.current, layer.current, scene, {
      onView: setViewport,
      onPan: () => useStore.getState().setView({ follow: false }),
    });
    camera.current = made;
    made.fit();
    return made.dispose;
  }, [scene]);
  useEffect(() => {
    if (fits > 0) camera.current?.fit();
  }, [fits]);
  useEffect(() => {
    if (!follow) return;
    const target =
      scene.nodes.find((_, i) => states[i]?.name === 'current') ?? lastShown(folded, scene, call);
    const { playing, speed } = act();
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (target) camera.current?.follow(target, !still && !(playing && speed > EASE_UP_TO));
  }, [follow, scene, states, folded, call]);

  const pick = useCallback(
    (id: number) => setView({ selected: useStore.getState().selected === id ? null : id }),
    [setView],
  );
  const walk = useCallback((event: React.KeyboardEvent<SVGGElement>) => walkEdges(event, scene), [scene]);
  const stateById = useMemo(
    () => new Map(scene.nodes.map((node, i) => [node.id, states[i]])),
    [scene, states],
  );
  const lit = useMemo(() => litNodes(scene, hovered), [scene, hovered]);
  const tabStop =
    selected ?? scene.nodes.find((_, i) => states[i]?.name === 'current')?.id ?? firstFocusable(scene);

  return (
    <div className={hovered === null ? 'graph' : 'graph hovering'}>
      <svg ref={svg} role="group" aria-label={`Picture of ${scene.target}. ${summary}`}>
        <Defs />
        <g ref={layer}>
          {scene.columns.map((column) => (
            <text className="head" key={column.label} x={column.x} y={20}>
              {column.label}
            </text>
          ))}
          <g className="frames">{scene.nodes.map((node, i) => drawNode(node, i, true))}</g>
          <g aria-hidden="true">
            {paths.map((path) => (
              <GraphEdge
                key={`${path.edge.from}-${path.edge.to}-${path.edge.via}`}
                path={path}
                state={edgeState(scene, path.edge.from, path.edge.to, stateById)}
                lit={lit !== null && lit.has(path.edge.from) && lit.has(path.edge.to)}
              />
            ))}
          </g>
          {scene.nodes.map((node, i) => drawNode(node, i, false))}
        </g>
      </svg>
      <Legend />
    </div>
  );

  function drawNode(node: SceneNode, i: number, containers: boolean) {
    const state = states[i];
    const container = parents.has(node.id);
    if (!state || container !== containers || !overlaps(node, view)) return null;
    return (
      <GraphNode
        key={node.id}
        node={node}
        state={state}
        container={container}
        selected={node.id === selected}
        lit={lit?.has(node.id) ?? false}
        held={heldText(node, container, held.get(node.addr))}
        tabStop={node.id === tabStop}
        onPick={pick}
        onHover={setHovered}
        onKey={walk}
      />
    );
  }
}

/** `usage +1 held` in a frame, `+ 1 held` behind a count that the node shows already. */
function heldText(
  node: SceneNode,
  container: boolean,
  held: { readonly field: string; readonly n: number } | undefined,
): string {
  if (!held || node.kind === 'slot' || node.kind === 'item' || node.h < 30) return '';
  return container || !node.detail.startsWith(held.field)
    ? `${held.field} +${held.n} held`
    : `+ ${held.n} held`;
}

function Defs() {
  return (
    <defs>
      <pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">
        <rect width="6" height="6" fill="var(--s2)" />
        <line x1="0" y1="0" x2="0" y2="6" stroke="var(--skipped)" strokeOpacity="0.2" strokeWidth="2" />
      </pattern>
      <marker id="arrow" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" markerHeight="5" orient="auto">
        <path d="M0 0L6 3L0 6z" fill="context-stroke" />
      </marker>
    </defs>
  );
}

/** Node of the last object shown, for moments at which the walk holds none. */
function lastShown(folded: Folded, scene: Scene, call: number): SceneNode | undefined {
  const shown = folded.objectStops[lastAtOrBefore(folded.objectStops, call)];
  if (shown === undefined) return undefined;
  const { owner, key, object } = folded.trace;
  const names = namesOf(scene);
  return names.slot(owner[shown] ?? 0n, key[shown] ?? 0) ?? names.node(object[shown] ?? 0n);
}

const firstFocusable = (scene: Scene): number =>
  scene.nodes.find((node) => node.kind !== 'gap' && node.kind !== 'group')?.id ?? -1;

/** The node under the pointer, what it reaches, what reaches it, and their containers; null: nothing is dimmed. */
function litNodes(scene: Scene, hovered: number | null): ReadonlySet<number> | null {
  if (hovered === null) return null;
  const lit = new Set([hovered]);
  const forward = (id: number): void => {
    for (const edge of scene.edges)
      if (edge.from === id && edge.via !== 'next' && !lit.has(edge.to)) {
        lit.add(edge.to);
        forward(edge.to);
      }
  };
  const backward = (id: number): void => {
    for (const edge of scene.edges)
      if (edge.to === id && edge.via !== 'next' && !lit.has(edge.from)) {
        lit.add(edge.from);
        backward(edge.from);
      }
  };
  forward(hovered);
  backward(hovered);
  const hub = scene.nodes.find((node) => node.id === hovered);
  if (hub && hub.addr !== 0n)
    for (const node of scene.nodes) if (node.addr === hub.addr && node.kind !== 'slot') lit.add(node.id);
  for (const node of scene.nodes) if (node.parent === hovered) lit.add(node.id);
  const nodes = nodesById(scene);
  for (const id of lit)
    for (let up = nodes.get(id)?.parent ?? -1; up >= 0; up = nodes.get(up)?.parent ?? -1) lit.add(up);
  return lit;
}

const byId = new WeakMap<Scene, ReadonlyMap<number, SceneNode>>();
function nodesById(scene: Scene): ReadonlyMap<number, SceneNode> {
  let map = byId.get(scene);
  if (!map) byId.set(scene, (map = new Map(scene.nodes.map((node) => [node.id, node]))));
  return map;
}

/** An arrow looks like the visit that goes along it: out of a slot, or into the next cell of a line. */
function edgeState(
  scene: Scene,
  from: number,
  to: number,
  states: ReadonlyMap<number, ObjectState | undefined>,
): string {
  const [source, target] = [states.get(from), states.get(to)];
  const kind = nodesById(scene).get(from)?.kind;
  if (kind === 'item' || kind === 'group') return target?.name === 'plain' ? '' : (target?.name ?? '');
  if (source?.name === 'current') return 'current';
  return kind === 'slot' ? (source?.name ?? '') : '';
}

/** Arrow keys go along the edges and between neighbours; the timeline's own keys stay with the page. */
function walkEdges(event: React.KeyboardEvent<SVGGElement>, scene: Scene): void {
  const here = event.currentTarget;
  const id = Number(here.dataset['node']);
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    event.stopPropagation();
    here.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    return;
  }
  const focusable = scene.nodes.filter((node) => node.kind !== 'gap' && node.kind !== 'group');
  const place = focusable.findIndex((node) => node.id === id);
  const to =
    event.key === 'ArrowRight' && event.altKey
      ? scene.edges.find((edge) => edge.from === id)?.to
      : event.key === 'ArrowLeft' && event.altKey
        ? scene.edges.find((edge) => edge.to === id)?.from
        : event.key === 'ArrowDown'
          ? focusable[place + 1]?.id
          : event.key === 'ArrowUp'
            ? focusable[place - 1]?.id
            : undefined;
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  here.ownerSVGElement?.querySelector<SVGGElement>(`[data-node="${to}"]`)?.focus();
}
