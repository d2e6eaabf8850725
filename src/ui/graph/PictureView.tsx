import { useEffect, useRef } from 'react';
import { lessMotion, scaleOf } from '../store/looks.ts';
import { act, useStore } from '../store/store.ts';
import { onSystemColours } from '../theme/colour.ts';
import type { PageState } from '../store/store.ts';
import { describeMoment } from '../trace/describe.ts';
import type { Folded } from '../trace/fold.ts';
import { namesOf } from '../trace/names.ts';
import type { Picture } from '../trace/picture.ts';
import { Legend } from './Legend.tsx';
import { isChoosable } from './node_shapes.ts';
import { Stage } from './stage.ts';
import type { Shown } from './stage.ts';
import { Story } from './Story.tsx';

/** Above this speed the camera does not glide. */
const EASE_UP_TO = 10;

const shownOf = (state: PageState): Shown => {
  const { at, selected, follow, playing, speed } = state;
  return {
    call: at.call,
    selected,
    follow,
    ease: !(playing && speed > EASE_UP_TO) && !lessMotion(state),
  };
};

const pick = (id: number): void => act().setView({ selected: act().selected === id ? null : id });

/** Mounts the stage and hands it the page's state; React draws no node and is not called for a step. */
export function PictureView({ picture, folded }: { readonly picture: Picture; readonly folded: Folded }) {
  const host = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const layer = useRef<SVGGElement>(null);
  const trail = useRef<SVGPathElement>(null);
  const heads = useRef<SVGGElement>(null);
  const stage = useRef<Stage | null>(null);
  const fits = useStore((s) => s.fits);
  const nears = useStore((s) => s.nears);

  useEffect(() => {
    if (!host.current || !svg.current || !layer.current || !trail.current || !heads.current) return undefined;
    const pane = svg.current;
    const made = new Stage(
      { picture, folded },
      { host: host.current, svg: pane, layer: layer.current, trail: trail.current, heads: heads.current },
      {
        onPan: () => act().setView({ follow: false }),
        onFlick: (by) => act().stepBy(by),
        typeScale: () => scaleOf(act()),
      },
    );
    stage.current = made;
    const show = (state: PageState): void => {
      made.show(shownOf(state));
      const summary = describeMoment(folded, namesOf(picture), state.at);
      pane.setAttribute('aria-label', `Picture of ${picture.target}. ${summary}`);
    };
    show(act());
    const leave = useStore.subscribe((state, before) => {
      const same =
        state.at === before.at && state.selected === before.selected && state.follow === before.follow;
      if (!same && state.result?.scene === picture) show(state);
      if (state.theme !== before.theme) made.restyle();
    });
    const unlisten = listen(pane, made, picture);
    const deaf = onSystemColours(() => made.restyle());
    return () => {
      leave();
      unlisten();
      deaf();
      made.dispose();
      stage.current = null;
    };
  }, [picture, folded]);
  useEffect(() => {
    if (fits > 0) stage.current?.camera.fit();
  }, [fits]);
  useEffect(() => {
    if (nears > 0) stage.current?.near();
  }, [nears]);

  return (
    <div className="graph" ref={host}>
      <svg ref={svg} role="group" aria-label={`Picture of ${picture.target}`}>
        <Defs />
        <path ref={trail} className="trail-line" aria-hidden="true" />
        <g ref={layer} />
        <g ref={heads} aria-hidden="true" />
      </svg>
      <Story />
      <Legend />
    </div>
  );
}

/** Pointer and keyboard on the picture. @returns the way to stop listening */
function listen(pane: SVGSVGElement, stage: Stage, picture: Picture): () => void {
  const idOf = (target: EventTarget | null): number | null => {
    const group = target instanceof Element ? target.closest<SVGGElement>('[data-node]') : null;
    return group ? Number(group.dataset['node']) : null;
  };
  const under = (event: MouseEvent): number | null => {
    const hit = idOf(event.target) ?? stage.hitTest(event.offsetX, event.offsetY);
    return hit >= 0 ? hit : null;
  };
  const stop = new AbortController();
  const on = <K extends keyof SVGSVGElementEventMap>(
    type: K,
    act: (event: SVGSVGElementEventMap[K]) => void,
  ): void => pane.addEventListener(type, act, { signal: stop.signal });
  on('click', (event) => {
    const id = under(event);
    if (id !== null) pick(id);
  });
  on('pointermove', (event) => {
    if (event.buttons === 0) stage.hover(under(event));
  });
  on('pointerleave', () => stage.hover(null));
  on('focusin', (event) => stage.hover(idOf(event.target)));
  on('focusout', () => stage.hover(null));
  on('keydown', (event) => {
    const id = idOf(event.target);
    if (id !== null && press(event, id, picture, stage)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  return () => stop.abort();
}

/** Arrow keys go along the edges and between neighbours; the timeline's own keys stay with the page. */
function press(event: KeyboardEvent, id: number, picture: Picture, stage: Stage): boolean {
  if (event.key === 'Enter' || event.key === ' ') {
    pick(id);
    return true;
  }
  const to = neighbour(event, id, picture);
  if (to === undefined) return false;
  stage.focus(to);
  return true;
}

function neighbour({ key, altKey }: KeyboardEvent, id: number, picture: Picture): number | undefined {
  const beside = (by: 1 | -1): number | undefined => {
    for (let other = id + by; ; other += by) {
      const node = picture.node(other);
      if (!node) return undefined;
      if (isChoosable(node)) return other;
    }
  };
  if (key === 'ArrowDown') return beside(1);
  if (key === 'ArrowUp') return beside(-1);
  const edge =
    altKey && key === 'ArrowRight'
      ? picture.edgesFrom(id)[0]
      : altKey && key === 'ArrowLeft'
        ? picture.edgesTo(id)[0]
        : undefined;
  if (edge === undefined) return undefined;
  return key === 'ArrowRight' ? picture.to(edge) : picture.from(edge);
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
