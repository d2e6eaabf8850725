/**
 * The Canvas 2D renderer, for pictures of any size. What stands still is a bitmap larger than the pane:
 * panning moves it, zooming scales it, a step repaints the few nodes it changed. When the bitmap no longer
 * fits, a second one is painted in slices of a few milliseconds and takes its place when it is done. Where
 * the first has nothing to show, after a jump, what is in the pane is painted before what is around it.
 *
 *     front: on show, moved by a CSS transform        back: being painted, a slice in each frame
 */
import { objectsBetween } from '../trace/fold.ts';
import { Palette } from './canvas_looks.ts';
import { CanvasPainter } from './canvas_painter.ts';
import { detailAt } from './detail.ts';
import type { Detail } from './detail.ts';
import { nodeUnder, visible } from './renderer.ts';
import type { Moment, Renderer, Subject, View } from './renderer.ts';

/** Pixels around the pane that the bitmap covers too. */
const AROUND = 256;
/** Script time of one slice, in milliseconds. */
const SLICE_MS = 2.5;
/** And where nothing of the moment is on show yet. */
const JUMP_MS = 8;
/** A scaled bitmap is shown up to this ratio; then a sharp one is painted. */
const BLUR = 1.02;
/** More changed nodes than this are not repainted one by one. */
const MOST_CHANGES = 48;

/** A bitmap of a part of the picture, as it was at some view. */
interface Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly g: CanvasRenderingContext2D;
  view: View;
  detail: Detail;
  /** Pixels around the pane that are painted. */
  around: number;
  ready: boolean;
}

/** What is still to be painted on the back sheet. */
interface Job {
  readonly ids: readonly number[];
  readonly edges: readonly number[];
  next: number;
}

export class CanvasRenderer implements Renderer {
  private readonly palette: Palette;
  private front: Sheet;
  private back: Sheet;
  private painter: CanvasPainter | null = null;
  private view: View = { x: 0, y: 0, k: 1, width: 0, height: 0 };
  private moment: Moment | null = null;
  private painted: Moment | null = null;
  private job: Job | null = null;

  constructor(host: HTMLElement) {
    this.palette = new Palette(host);
    this.front = sheet(host);
    this.back = sheet(host);
  }

  setScene(subject: Subject): void {
    this.painter = new CanvasPainter(subject, this.palette);
    this.invalidate();
  }

  setCamera(view: View): void {
    this.view = view;
  }

  setMoment(moment: Moment): void {
    this.moment = moment;
  }

  /** Colours or fonts have changed. */
  restyle(): void {
    this.palette.forget();
    this.invalidate();
  }

  draw(): boolean {
    const { moment, painter, view } = this;
    if (!moment || !painter || view.width === 0) return false;
    if (moment !== this.painted) this.step(painter, moment);
    const { front, back } = this;
    if (!this.covers(front) && !(this.job && this.covers(back)))
      this.begin(painter, this.shows(front) ? AROUND : 0);
    else if (!this.job && front.around === 0) this.begin(painter, AROUND);
    if (this.job) this.paint(painter, this.job, moment);
    this.place(this.front);
    return this.job !== null || this.front.around === 0;
  }

  /** Whether all of the pane is as it is at the moment. */
  get isComplete(): boolean {
    return this.front.ready && this.covers(this.front);
  }

  hitTest(x: number, y: number): number {
    return this.painter
      ? nodeUnder(this.painter.subject.picture, this.view, x, y, this.moment?.now.call ?? 0)
      : -1;
  }

  /** Level of detail on show. */
  get detail(): Detail {
    return this.front.detail;
  }

  show(on: boolean): void {
    this.front.canvas.hidden = !on;
  }

  dispose(): void {
    this.front.canvas.remove();
    this.back.canvas.remove();
  }

  private invalidate(): void {
    this.front.ready = false;
    this.job = null;
    this.painted = null;
  }

  private covers({ ready, view, around }: Sheet): boolean {
    if (!ready && !this.job) return false;
    const ratio = this.view.k / view.k;
    if (ratio > BLUR || ratio < 1 / BLUR) return false;
    if (view.width !== this.view.width || view.height !== this.view.height) return false;
    return Math.abs(this.view.x - view.x) <= around && Math.abs(this.view.y - view.y) <= around;
  }

  /** Whether some of what is in the pane is on a sheet. */
  private shows({ ready, view, around }: Sheet): boolean {
    const across = Math.abs(this.view.x - view.x) < around + view.width;
    return ready && across && Math.abs(this.view.y - view.y) < around + view.height;
  }

  /** Moves the front sheet to where its part of the picture is now. */
  private place({ canvas, view }: Sheet): void {
    const s = this.view.k / view.k;
    const x = this.view.x - s * (view.x + AROUND);
    const y = this.view.y - s * (view.y + AROUND);
    const transform = `translate(${x}px,${y}px) scale(${s})`;
    if (canvas.style.transform !== transform) canvas.style.transform = transform;
  }

  /** Repaints what the step has changed, or everything when that is too much. */
  private step(painter: CanvasPainter, moment: Moment): void {
    const before = this.painted;
    this.painted = moment;
    if (!before || !this.front.ready) return;
    const changed = changedNodes(painter.subject, before, moment);
    if (changed === null) {
      this.front.ready = false;
      this.job = null;
      return;
    }
    // A job that is under way may have passed some of them already.
    if (this.job) this.job.next = 0;
    const { g, view, detail } = this.front;
    this.enter(this.front, painter);
    const { picture } = painter.subject;
    const nodes = detail === 'full' || detail === 'blocks';
    const part = visible(view, AROUND / view.k);
    for (const id of changed) {
      const node = picture.node(id);
      if (!node || node.y > part.y + part.h || node.y + node.h < part.y) continue;
      // At the levels above nodes, the container is what changes.
      const drawn = nodes || node.parent < 0 ? id : node.parent;
      // A frame painted anew would cover what is in it.
      if (picture.isContainer(drawn) && nodes) continue;
      if (nodes) painter.erase(g, drawn);
      painter.node(g, drawn, detail, view.k, moment);
      if (detail === 'full') for (const edge of picture.edgesFrom(id)) painter.edge(g, edge, moment);
    }
  }

  /** @param around pixels around the pane that are painted too */
  private begin(painter: CanvasPainter, around: number): void {
    const { back, view } = this;
    const { picture } = painter.subject;
    const ratio = window.devicePixelRatio || 1;
    const across = Math.round((view.width + 2 * AROUND) * ratio);
    const down = Math.round((view.height + 2 * AROUND) * ratio);
    if (back.canvas.width !== across) back.canvas.width = across;
    if (back.canvas.height !== down) back.canvas.height = down;
    back.canvas.style.width = `${view.width + 2 * AROUND}px`;
    back.canvas.style.height = `${view.height + 2 * AROUND}px`;
    // The same detail, whatever of it is painted first.
    const whole = visible(view, AROUND / view.k);
    const wholeIds = picture.inView(whole.x, whole.y, whole.w, whole.h);
    const part = visible(view, 0);
    const all = around > 0 ? wholeIds : picture.inView(part.x, part.y, part.w, part.h);
    back.view = view;
    back.around = around;
    back.detail = detailAt(picture, view.k, wholeIds.length);
    back.ready = false;
    const nodes = back.detail === 'full' || back.detail === 'blocks';
    const ids = nodes ? all : all.filter((id) => picture.isContainer(id) || picture.node(id)?.parent === -1);
    const near = new Set(around > 0 ? [] : all);
    const isWanted = (edge: number): boolean =>
      around > 0 || near.has(picture.from(edge)) || near.has(picture.to(edge));
    const edges =
      back.detail === 'full' ? wholeIds.flatMap((id) => [...picture.edgesFrom(id)].filter(isWanted)) : [];
    this.job = { ids: ids.toSorted(framesFirst(picture)), edges, next: 0 };
  }

  /** Puts the context into the picture's units. */
  private enter({ g, view }: Sheet, painter: CanvasPainter): void {
    const ratio = window.devicePixelRatio || 1;
    const k = view.k * ratio;
    g.setTransform(k, 0, 0, k, (view.x + AROUND) * ratio, (view.y + AROUND) * ratio);
    painter.begin();
  }

  private paint(painter: CanvasPainter, job: Job, moment: Moment): void {
    const { back } = this;
    const { g } = back;
    const until = performance.now() + (back.around === 0 ? JUMP_MS : SLICE_MS);
    if (job.next === 0) {
      g.setTransform(1, 0, 0, 1, 0, 0);
      g.fillStyle = this.palette.colour('--bg');
      g.fillRect(0, 0, back.canvas.width, back.canvas.height);
    }
    this.enter(back, painter);
    const { ids, edges } = job;
    const total = ids.length + edges.length;
    while (job.next < total) {
      const at = job.next++;
      const id = ids[at];
      if (id === undefined) painter.edge(g, edges[at - ids.length] ?? -1, moment);
      else painter.node(g, id, back.detail, back.view.k, moment);
      if ((at & 7) === 7 && job.next < total && performance.now() > until) return;
    }
    this.job = null;
    back.ready = true;
    back.canvas.hidden = false;
    this.front.canvas.hidden = true;
    [this.front, this.back] = [this.back, this.front];
  }
}

function sheet(host: HTMLElement): Sheet {
  const canvas = document.createElement('canvas');
  canvas.className = 'sheet';
  canvas.hidden = true;
  canvas.setAttribute('aria-hidden', 'true');
  host.prepend(canvas);
  const g = canvas.getContext('2d', { alpha: false });
  if (!g) throw new Error('the browser has no 2D canvas');
  return {
    canvas,
    g,
    view: { x: 0, y: 0, k: 1, width: 0, height: 0 },
    detail: 'full',
    around: 0,
    ready: false,
  };
}
/** Containers lie under what is in them. */
const framesFirst = (picture: Subject['picture']) => (a: number, b: number) =>
  Number(picture.isContainer(b)) - Number(picture.isContainer(a)) || a - b;

/** Nodes whose state may differ between two moments, or null: too many to name. */
function changedNodes({ picture, folded }: Subject, a: Moment, b: Moment): readonly number[] | null {
  const between = objectsBetween(folded, a.now.call, b.now.call, MOST_CHANGES);
  // What comes and goes takes its arrows along.
  if (between === null || picture.lives.changesBetween(a.now.call, b.now.call)) return null;
  const changed = new Set<number>();
  for (const { now } of [a, b])
    for (const ids of [now.held, now.reached, now.active]) for (const id of ids) changed.add(id);
  const { owner, key, object } = folded.trace;
  for (const call of between) {
    for (const id of picture.at(object[call] ?? 0n)) changed.add(id);
    const slot = picture.slot(owner[call] ?? 0n, key[call] ?? 0);
    if (slot) changed.add(slot.id);
  }
  return [...changed];
}
