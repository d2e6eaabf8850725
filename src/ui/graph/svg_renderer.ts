/**
 * The SVG renderer: one group for each node in view, one for each arrow. A step touches the groups whose
 * state has changed and no others; panning adds and removes those at the edges.
 */
import { stateOf } from '../trace/object_state.ts';
import type { ObjectState } from '../trace/object_state.ts';
import { edgePath } from './edge_path.ts';
import { sameState, stateText } from './look.ts';
import { isChoosable, nodeShapes } from './node_shapes.ts';
import type { Shape } from './node_shapes.ts';
import { edgeLook, heldText, nodeUnder, visible } from './renderer.ts';
import type { Moment, Renderer, Subject, View } from './renderer.ts';

const NS = 'http://www.w3.org/2000/svg';
/** Nodes outside the view by no more than this many units are drawn, so that panning finds them there. */
const MARGIN = 160;

type Attributes = Readonly<Record<string, string | number>>;

function element(tag: string, attributes: Attributes): SVGElement {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

function shapeElement(shape: Shape): SVGElement {
  if (shape.tag === 'rect') {
    const { x, y, w, h, r } = shape;
    return element('rect', { class: shape.look, x, y, width: w, height: h, rx: r });
  }
  if (shape.tag === 'path') return element('path', { class: shape.look, d: shape.d });
  const made = element('text', { class: shape.look, x: shape.x, y: shape.y, 'text-anchor': shape.anchor });
  if (shape.size > 0) made.style.fontSize = `${shape.size}px`;
  made.textContent = shape.text;
  return made;
}

/** Sets an attribute if it differs: the browser restyles on every write. */
function put(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

interface DrawnNode {
  readonly group: SVGElement;
  state: ObjectState;
  held: string;
}

interface DrawnEdge {
  readonly group: SVGElement;
  readonly line: SVGElement;
  look: string;
  /** Drawn in full though it is long. */
  whole: boolean;
}

export class SvgRenderer implements Renderer {
  private readonly layer: SVGGElement;
  private readonly frames = element('g', { class: 'frames' });
  private readonly arrows = element('g', { 'aria-hidden': 'true' });
  private readonly boxes = element('g', {});
  private readonly nodes = new Map<number, DrawnNode>();
  private readonly edges = new Map<number, DrawnEdge>();
  private subject: Subject | null = null;
  private view: View = { x: 0, y: 0, k: 1, width: 0, height: 0 };
  private moment: Moment | null = null;
  /** Part of the picture whose nodes are in the document. */
  private covered = { x: 0, y: 0, w: 0, h: 0 };
  private stale = true;
  /** The only nodes to draw, over a canvas that has the others; null: all in view. */
  private only: readonly number[] | null = null;
  /** How much larger than the picture they are drawn, around their middles. */
  private magnified = 1;

  constructor(layer: SVGGElement) {
    this.layer = layer;
    layer.append(this.frames, this.arrows, this.boxes);
  }

  setScene(subject: Subject): void {
    this.subject = subject;
    this.clear();
  }

  setCamera(view: View): void {
    this.view = view;
    put(this.layer, 'transform', `translate(${view.x},${view.y}) scale(${view.k})`);
    const need = visible(view, 0);
    const { covered } = this;
    const inside =
      need.x >= covered.x &&
      need.y >= covered.y &&
      need.x + need.w <= covered.x + covered.w &&
      need.y + need.h <= covered.y + covered.h;
    if (!inside) this.stale = true;
  }

  setMoment(moment: Moment): void {
    this.moment = moment;
  }

  /**
   * Draws only some nodes, over a canvas that has the others.
   *
   * @param only ids, or null for all in view
   * @param magnified factor around each node's middle, so that it can be read when the picture cannot
   */
  setOnly(only: readonly number[] | null, magnified: number): void {
    if (magnified !== this.magnified || String(only) !== String(this.only)) this.stale = true;
    this.only = only;
    this.magnified = magnified;
  }

  draw(): boolean {
    if (!this.subject || !this.moment) return false;
    if (this.stale) this.cover(this.subject);
    this.stale = false;
    for (const [id, drawn] of this.nodes) this.refresh(id, drawn);
    for (const [edge, drawn] of this.edges) this.refreshEdge(edge, drawn);
    return false;
  }

  hitTest(x: number, y: number): number {
    return this.subject ? nodeUnder(this.subject.picture, this.view, x, y, this.moment?.now.call ?? 0) : -1;
  }

  /** Group of a node in view, for the keyboard's focus. */
  groupOf(id: number): SVGElement | undefined {
    return this.nodes.get(id)?.group;
  }

  dispose(): void {
    this.clear();
    this.layer.replaceChildren();
  }

  private clear(): void {
    for (const part of [this.frames, this.arrows, this.boxes]) part.replaceChildren();
    this.nodes.clear();
    this.edges.clear();
    this.covered = { x: 0, y: 0, w: 0, h: 0 };
    this.stale = true;
  }

  /** Makes the document hold exactly the nodes in and around the view, in the picture's order. */
  private cover({ picture }: Subject): void {
    const area = visible(this.view, MARGIN);
    this.covered = area;
    const ids = this.only ?? picture.inView(area.x, area.y, area.w, area.h);
    const wanted = new Set(ids);
    for (const [id, { group }] of this.nodes)
      if (!wanted.has(id)) {
        group.remove();
        this.nodes.delete(id);
      }
    const wantedEdges = new Set<number>();
    const last = { frames: null as Element | null, boxes: null as Element | null };
    for (const id of ids) {
      const container = picture.isContainer(id);
      const part = container ? 'frames' : 'boxes';
      const drawn = this.nodes.get(id) ?? this.add(id);
      const after = last[part];
      const expected = after ? after.nextSibling : this[part].firstChild;
      if (drawn && drawn.group !== expected) this[part].insertBefore(drawn.group, expected);
      if (drawn) last[part] = drawn.group;
      if (this.magnified > 1) continue;
      for (const edge of picture.edgesFrom(id)) wantedEdges.add(edge);
      if (!this.only) for (const edge of picture.edgesTo(id)) wantedEdges.add(edge);
    }
    for (const [edge, { group }] of this.edges)
      if (!wantedEdges.has(edge)) {
        group.remove();
        this.edges.delete(edge);
      }
    for (const edge of wantedEdges) if (!this.edges.has(edge)) this.addEdge(edge);
  }

  private stateOf(id: number): ObjectState | null {
    const node = this.subject?.picture.node(id);
    if (!this.subject || !this.moment || !node) return null;
    return stateOf(this.subject.folded, this.subject.picture, node, this.moment.now);
  }

  private add(id: number): DrawnNode | null {
    const { subject } = this;
    const node = subject?.picture.node(id);
    const state = this.stateOf(id);
    if (!subject || !node || !state) return null;
    const group = element(
      'g',
      isChoosable(node) ? { role: 'button', 'data-node': id } : { 'aria-hidden': 'true' },
    );
    const drawn: DrawnNode = { group, state, held: '' };
    this.nodes.set(id, drawn);
    this.fill(id, drawn);
    return drawn;
  }

  private fill(id: number, { group, state, held }: DrawnNode): void {
    const picture = this.subject?.picture;
    const node = picture?.nodeAt(id, this.moment?.now.call ?? 0);
    if (!picture || !node) return;
    const container = picture.isContainer(id);
    const shapes = nodeShapes({ node, state, container, held }).map(shapeElement);
    if (isChoosable(node)) {
      const words = stateText(state);
      const name = `${node.kind} ${node.label}${node.detail ? `, ${node.detail}` : ''}${words ? `: ${words}` : ''}`;
      const title = element('title', {});
      title.textContent = name;
      group.setAttribute('aria-label', name);
      shapes.push(title);
    }
    group.replaceChildren(...shapes);
  }

  private refresh(id: number, drawn: DrawnNode): void {
    const { subject, moment } = this;
    const node = subject?.picture.node(id);
    const state = this.stateOf(id);
    if (!subject || !moment || !node || !state) return;
    const held = heldText(subject.picture, id, moment.held);
    if (held !== drawn.held || !sameState(state, drawn.state)) {
      drawn.state = state;
      drawn.held = held;
      this.fill(id, drawn);
    }
    const flags =
      (state.fresh ? ' fresh' : '') +
      (subject.picture.isContainer(id) ? ' container' : '') +
      (state.active ? ' active' : '') +
      (id === moment.selected ? ' selected' : '') +
      (moment.lit?.has(id) ? ' lit' : '');
    const s = this.magnified;
    const [cx, cy] = [node.x + node.w / 2, node.y + node.h / 2];
    if (s > 1) put(drawn.group, 'transform', `translate(${cx} ${cy}) scale(${s}) translate(${-cx} ${-cy})`);
    else drawn.group.removeAttribute('transform');
    put(drawn.group, 'class', `node ${state.name} ${node.kind}${flags}`);
    if (!isChoosable(node)) return;
    put(drawn.group, 'tabindex', id === moment.tabStop ? '0' : '-1');
    put(drawn.group, 'aria-pressed', String(id === moment.selected));
  }

  private addEdge(edge: number): void {
    const picture = this.subject?.picture;
    const path = picture && edgePath(picture, edge);
    if (!path) return;
    const group = element('g', {});
    const line = element('path', { d: path.d, 'marker-end': 'url(#arrow)' });
    group.append(line);
    this.arrows.append(group);
    this.edges.set(edge, { group, line, look: 'none', whole: false });
  }

  private refreshEdge(edge: number, drawn: DrawnEdge): void {
    const { subject, moment } = this;
    if (!subject || !moment) return;
    const { picture } = subject;
    const nameOf = (id: number): string => (this.nodes.get(id)?.state ?? this.stateOf(id))?.name ?? 'plain';
    const look = edgeLook(picture, edge, moment.now.call, nameOf);
    const lit = moment.lit?.has(picture.from(edge)) === true && moment.lit.has(picture.to(edge));
    put(drawn.group, 'class', lit ? 'edge-group lit' : 'edge-group');
    const whole = lit || look === 'current';
    if (look === drawn.look && whole === drawn.whole) return;
    drawn.look = look;
    drawn.whole = whole;
    put(drawn.line, 'class', `edge ${look}`);
    const path = edgePath(picture, edge, whole);
    if (path) put(drawn.line, 'd', path.d);
    drawn.group.replaceChildren(drawn.line);
    if (path && look === 'current' && picture.edge(edge).via !== 'next')
      drawn.group.append(
        element('circle', { class: 'pulse halo', cx: path.mid.x, cy: path.mid.y, r: 8 }),
        element('circle', { class: 'pulse', cx: path.mid.x, cy: path.mid.y, r: 4 }),
      );
  }
}
