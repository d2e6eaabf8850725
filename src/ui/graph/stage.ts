/**
 * The pane in which a picture is drawn: a camera, two renderers and the moment. It draws at most once in a
 * frame, whatever happened since the last one, and asks the browser for nothing while it does.
 *
 *     few nodes in view:   SVG draws all of them
 *     many:                Canvas draws all of them, SVG the cursor, the selection and what is lit, above it
 */
import { withFrame } from '../store/frame.ts';
import type { SceneNode } from '../../protocol/scene.ts';
import { lastAtOrBefore } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import { heldAt } from '../trace/held.ts';
import { nowAt } from '../trace/object_state.ts';
import { createCamera } from './camera.ts';
import type { Camera, CameraEvents } from './camera.ts';
import { CanvasRenderer } from './canvas_renderer.ts';
import { Headings } from './headings.ts';
import { litNodes } from './lit.ts';
import { isChoosable } from './node_shapes.ts';
import { visible } from './renderer.ts';
import type { Moment, Subject, View } from './renderer.ts';
import { SvgRenderer } from './svg_renderer.ts';

/** Above so many nodes in view, canvas. */
const SVG_MOST = 200;
/** A larger picture is on canvas at every zoom, so that moving about does not change what draws it. */
const SVG_PICTURE = 2000;
/** Nodes that SVG draws above a canvas. */
const ABOVE_MOST = 24;
/** Objects of the cursor's path that are drawn as a trail. */
const TRAIL = 12;

/** What of the page's state the picture shows. */
export interface Shown {
  readonly call: number;
  readonly selected: number | null;
  readonly follow: boolean;
  /** Whether the camera may glide. */
  readonly ease: boolean;
}

interface Parts {
  readonly host: HTMLElement;
  readonly svg: SVGSVGElement;
  readonly layer: SVGGElement;
  readonly trail: SVGPathElement;
  readonly heads: SVGGElement;
}

type StageEvents = Pick<CameraEvents, 'onPan' | 'onFlick' | 'typeScale'>;

export class Stage {
  readonly camera: Camera;
  private readonly subject: Subject;
  private readonly parts: Parts;
  private readonly svg: SvgRenderer;
  private readonly headings: Headings;
  private canvas: CanvasRenderer | null = null;
  private view: View = { x: 0, y: 0, k: 1, width: 0, height: 0 };
  private moment: Moment | null = null;
  private shown: Shown | null = null;
  private hovered: number | null = null;
  private cancelFrame: (() => void) | null = null;

  constructor(subject: Subject, parts: Parts, { onPan, onFlick, typeScale }: StageEvents) {
    this.subject = subject;
    this.parts = parts;
    this.svg = new SvgRenderer(parts.layer);
    this.svg.setScene(subject);
    this.headings = new Headings(parts.heads, subject.picture);
    this.camera = createCamera(parts.svg, subject.picture, {
      onView: (view) => {
        this.view = view;
        this.request();
      },
      onPan,
      onFlick,
      typeScale,
      onRefit: () => {
        if (this.shown?.follow) this.followCursor({ ...this.shown, ease: false });
      },
    });
    this.camera.fit();
  }

  /** The page's state has changed. */
  show(shown: Shown): void {
    const before = this.shown;
    this.shown = shown;
    this.renew();
    if (shown.follow && (before?.call !== shown.call || !before.follow)) this.followCursor(shown);
  }

  hover(id: number | null): void {
    if (id === this.hovered) return;
    this.hovered = id;
    this.parts.host.classList.toggle('hovering', id !== null);
    this.renew();
  }

  /** Colours have changed. */
  restyle(): void {
    this.canvas?.restyle();
    this.request();
  }

  /** Node under a pixel of the pane, or -1. */
  hitTest(x: number, y: number): number {
    return (this.canvas ?? this.svg).hitTest(x, y);
  }

  /** Gives a node the keyboard's focus, where it is in the document. */
  focus(id: number): void {
    this.svg.groupOf(id)?.focus();
  }

  dispose(): void {
    this.cancelFrame?.();
    this.camera.dispose();
    this.svg.dispose();
    this.canvas?.dispose();
  }

  private renew(): void {
    const { shown, subject } = this;
    if (!shown) return;
    const { picture, folded } = subject;
    const now = nowAt(folded, picture, shown.call);
    this.moment = {
      now,
      selected: shown.selected,
      lit: litNodes(picture, this.hovered),
      tabStop: shown.selected ?? primary(now.held, subject) ?? this.firstChoosable(),
      held: heldFields(folded, shown.call),
    };
    this.request();
  }

  /** Enlarges what the cursor is at. */
  near(): void {
    const target = this.cursorNode();
    if (target) this.camera.near(target, this.shown?.ease ?? false);
  }

  private cursorNode(): SceneNode | undefined {
    const { now } = this.moment ?? {};
    const id = (now && primary(now.held, this.subject)) ?? this.shownAt(this.shown?.call ?? 0);
    return this.subject.picture.node(id ?? -1);
  }

  private followCursor({ ease }: Shown): void {
    const { picture } = this.subject;
    const target = this.cursorNode();
    if (!target) return;
    // What the object's arrow leads to is followed too, where both fit.
    const led = picture.edgesFrom(target.id);
    const to =
      led.length === 1 && target.kind === 'slot' ? picture.node(picture.to(led[0] ?? -1)) : undefined;
    this.camera.follow(target, ease, to);
  }

  /** Node of the last object shown, for moments at which the walk holds none. */
  private shownAt(call: number): number | undefined {
    const { folded, picture } = this.subject;
    const shown = folded.objectStops[lastAtOrBefore(folded.objectStops, call)];
    if (shown === undefined) return undefined;
    const { owner, key, object } = folded.trace;
    return (picture.slot(owner[shown] ?? 0n, key[shown] ?? 0) ?? picture.named(object[shown] ?? 0n))?.id;
  }

  private request(): void {
    this.cancelFrame ??= withFrame(() => {
      this.cancelFrame = null;
      if (this.draw()) this.request();
    });
  }

  private draw(): boolean {
    const { moment, subject, view } = this;
    if (!moment || view.width === 0) return false;
    const many = this.isMany(view);
    this.parts.host.dataset['renderer'] = many ? 'canvas' : 'svg';
    let more = false;
    if (many) {
      if (!this.canvas) {
        this.canvas = new CanvasRenderer(this.parts.host);
        this.canvas.setScene(subject);
      }
      this.canvas.setCamera(view);
      this.canvas.setMoment(moment);
      more = this.canvas.draw();
    }
    this.canvas?.show(many);
    const small = many && this.canvas?.detail !== 'full';
    this.svg.setOnly(many ? this.above(moment, small) : null, small ? Math.max(1, 1 / view.k) : 1);
    this.svg.setCamera(view);
    this.headings.setCamera(view);
    this.svg.setMoment(moment);
    this.svg.draw();
    this.drawTrail(small, moment);
    if (!many || this.canvas?.isComplete) this.parts.host.dataset['call'] = String(moment.now.call);
    return more;
  }

  private isMany(view: View): boolean {
    const { picture } = this.subject;
    if (picture.length > SVG_PICTURE) return true;
    const part = visible(view, 0);
    return picture.inView(part.x, part.y, part.w, part.h).length > SVG_MOST;
  }

  /** Nodes that stand above a canvas. Where they are magnified, only one of each: more would cover each other. */
  private above({ now, selected, lit }: Moment, small: boolean): readonly number[] {
    const found = new Set<number>();
    const cursor = primary(now.held, this.subject);
    if (cursor !== undefined) found.add(cursor);
    if (selected !== null) found.add(selected);
    if (!small) {
      for (const ids of [now.held, now.reached, now.active]) for (const id of ids) found.add(id);
      for (const id of lit ?? []) found.add(id);
    }
    return [...found].slice(0, ABOVE_MOST).sort((a, b) => a - b);
  }

  /** The cursor's path over the last objects, where single arrows cannot be seen. */
  private drawTrail(on: boolean, { now }: Moment): void {
    const { folded, picture } = this.subject;
    const last = on ? lastAtOrBefore(folded.objectStops, now.call) : -1;
    const points: string[] = [];
    for (let i = Math.max(0, last - TRAIL + 1); i <= last; i++) {
      const node = picture.node(this.shownAt(folded.objectStops[i] ?? 0) ?? -1);
      if (node) points.push(`${node.x + node.w / 2} ${node.y + node.h / 2}`);
    }
    const d = points.length > 1 ? `M${points.join('L')}` : '';
    if (this.parts.trail.getAttribute('d') !== d) this.parts.trail.setAttribute('d', d);
    this.parts.trail.setAttribute(
      'transform',
      `translate(${this.view.x},${this.view.y}) scale(${this.view.k})`,
    );
  }

  private firstChoosable(): number {
    const { picture } = this.subject;
    for (let id = 0; id < picture.length; id++) {
      const node = picture.node(id);
      if (node && isChoosable(node)) return id;
    }
    return -1;
  }
}

/** What is held of each object right after a call, by address. */
export function heldFields(folded: Folded, call: number): Moment['held'] {
  const held = new Map<bigint, { readonly field: string; readonly n: number }>();
  for (const { kind, object, n } of heldAt(folded.trace, call))
    if (object !== 0n && kind.includes(' ')) held.set(object, { field: kind.split(' ')[1] ?? '', n });
  return held;
}

/** The node that stands for what is held: the place in the walk's order before what it points to. */
function primary(held: ReadonlySet<number>, { picture }: Subject): number | undefined {
  const ids = [...held].sort((a, b) => a - b);
  return ids.find((id) => picture.kind(id) === 'slot') ?? ids[0];
}
