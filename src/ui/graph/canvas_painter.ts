/**
 * Paints nodes and arrows on a canvas, at every level of detail. It knows nothing of cameras and frames:
 * the context is already in the picture's units.
 *
 * What the cursor touches is not painted as such: it stands above the canvas, and a step that moves it
 * leaves only visited and not visited behind.
 */
import { stateOf } from '../trace/object_state.ts';
import type { ObjectState, ObjectStateName } from '../trace/object_state.ts';
import { BLOCKS, DIMMED, FRAMES, MARK_TOKENS, PATH_TOKENS, textLook } from './canvas_looks.ts';
import type { Palette } from './canvas_looks.ts';
import type { Detail } from './detail.ts';
import { arrowHead, edgePath } from './edge_path.ts';
import { fitText } from './fit_text.ts';
import { nodeShapes, radius } from './node_shapes.ts';
import type { Shape } from './node_shapes.ts';
import { edgeLook } from './renderer.ts';
import type { Moment, Subject } from './renderer.ts';

/** Above so many children the visited share of a container is taken from a sample of them. */
const SAMPLE = 64;
/** Smallest height at which a container's name is written, in pixels. */
const NAMED = 11;

const NOTHING: ReadonlySet<number> = new Set();

const EDGE_TOKENS: Readonly<Record<string, string>> = {
  visited: '--visited',
  'will-visit': '--tx-3',
  vanished: '--gone',
};
const EDGE_DASHES: Readonly<Record<string, number[]>> = {
  'will-visit': [4, 3],
  skipped: [2, 2],
  'out-of-range': [2, 2],
  vanished: [1.5, 2.5],
};
/** Units between two lines of a hatch. */
const HATCH = 7;

export class CanvasPainter {
  readonly subject: Subject;
  readonly palette: Palette;

  constructor(subject: Subject, palette: Palette) {
    this.subject = subject;
    this.palette = palette;
  }

  state(id: number, { now }: Moment): ObjectState | null {
    const node = this.subject.picture.node(id);
    const still = { call: now.call, held: NOTHING, reached: NOTHING, active: NOTHING };
    return node ? stateOf(this.subject.folded, this.subject.picture, node, still) : null;
  }

  /** Takes a node away, with the half of its border that lies outside of it. */
  erase(g: CanvasRenderingContext2D, id: number): void {
    const node = this.subject.picture.node(id);
    if (!node) return;
    g.fillStyle = this.palette.colour(node.parent >= 0 ? '--s1' : '--bg');
    g.fillRect(node.x - 1, node.y - 1, node.w + 2, node.h + 2);
  }

  /** @param k pixels of a unit: what would be too small to see is left out */
  node(g: CanvasRenderingContext2D, id: number, detail: Detail, k: number, moment: Moment): void {
    const { picture } = this.subject;
    const container = picture.isContainer(id);
    if (detail === 'full') return this.full(g, id, container, moment);
    if (detail !== 'blocks' && container) return this.container(g, id, k, moment);
    const node = picture.node(id);
    const state = node && this.state(id, moment);
    if (!node || !state || state.name === 'unborn' || (detail !== 'blocks' && node.parent >= 0)) return;
    // A gap without a frame is a word.
    if (node.kind === 'gap' && node.detail === '') return;
    const frame = container && state.name === 'plain';
    g.fillStyle = this.palette.colour(frame ? '--s1' : BLOCKS[state.name]);
    g.fillRect(node.x, node.y, Math.max(node.w, 1 / k), Math.max(node.h, 1 / k));
  }

  private full(g: CanvasRenderingContext2D, id: number, container: boolean, moment: Moment): void {
    const { picture } = this.subject;
    const node = picture.nodeAt(id, moment.now.call);
    const state = this.state(id, moment);
    if (!node || !state || state.name === 'unborn') return;
    g.globalAlpha = state.name === 'out-of-range' ? DIMMED : 1;
    for (const shape of nodeShapes({ node, state, container, held: '' })) {
      if (shape.tag === 'rect' && shape.look === 'shape')
        this.frame(g, shape, state, container, radius(node, container));
      else this.shape(g, shape, state.name, container);
    }
    g.globalAlpha = 1;
  }

  private frame(
    g: CanvasRenderingContext2D,
    { x, y, w, h }: Shape & { tag: 'rect' },
    state: ObjectState,
    container: boolean,
    r: number,
  ): void {
    const look = FRAMES[state.name];
    const alpha = g.globalAlpha;
    g.beginPath();
    g.roundRect(x, y, w, h, r);
    g.fillStyle = this.palette.colour(look.fill);
    g.fill();
    if (state.name === 'skipped') this.hatch(g, x, y, w, h);
    g.lineWidth = look.width;
    g.strokeStyle = this.palette.colour(look.stroke);
    g.globalAlpha = alpha * look.strength;
    const dashed = look.dash.length > 0 && !container;
    if (dashed) g.setLineDash(look.dash as number[]);
    g.stroke();
    if (dashed) g.setLineDash([]);
    g.globalAlpha = alpha;
  }

  /** Lines across a frame that the walk passes over. The frame's path stays as it is. */
  private hatch(g: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
    const alpha = g.globalAlpha;
    g.globalAlpha = alpha * 0.3;
    g.strokeStyle = this.palette.colour('--skipped');
    g.lineWidth = 1;
    const lines = new Path2D();
    for (let at = x - h; at < x + w; at += HATCH) {
      const from = Math.max(x, at);
      const to = Math.min(x + w, at + h);
      lines.moveTo(from, y + h - (from - at));
      lines.lineTo(to, y + h - (to - at));
    }
    g.stroke(lines);
    g.globalAlpha = alpha;
  }

  private shape(g: CanvasRenderingContext2D, shape: Shape, state: ObjectStateName, container: boolean): void {
    if (shape.tag === 'rect') {
      g.fillStyle = this.palette.colour(shape.look.endsWith('exec') ? '--bytes' : '--gone');
      g.fillRect(shape.x, shape.y, shape.w, shape.h);
    } else if (shape.tag === 'path') {
      const path = new Path2D(shape.d);
      const token = PATH_TOKENS[shape.look] ?? MARK_TOKENS[state] ?? '--tx-3';
      g.strokeStyle = this.palette.colour(token);
      g.lineWidth = 1.6;
      g.stroke(path);
    } else {
      const { token, font } = textLook(shape.look, shape.size, state, container);
      // Setting a font parses it, even when it stays the same.
      if (g.font !== font && this.lastFont !== font) g.font = font;
      this.lastFont = font;
      g.textAlign = shape.anchor === 'middle' ? 'center' : shape.anchor;
      g.fillStyle = this.palette.colour(token);
      g.fillText(shape.text, shape.x, shape.y);
    }
  }
  private lastFont = '';

  /** Another context begins, or the same after a resize: it has its first font again. */
  begin(): void {
    this.lastFont = '';
  }

  /** One block, filled as far as its objects are visited; its name where it fits. */
  private container(g: CanvasRenderingContext2D, id: number, k: number, moment: Moment): void {
    const node = this.subject.picture.node(id);
    if (!node) return;
    const colour = (token: string): string => this.palette.colour(token);
    const share = this.visitedShare(id, moment);
    const out = node.reason !== '';
    g.fillStyle = colour(out ? '--s2' : '--line-2');
    g.fillRect(node.x, node.y, node.w, node.h);
    if (share > 0) {
      g.fillStyle = colour('--visited');
      g.fillRect(node.x, node.y, node.w, node.h * share);
    }
    const size = NAMED / k;
    if (node.h * k < NAMED * 1.5 || node.w * k < 40) return;
    g.font = `560 ${size}px Inter, system-ui, sans-serif`;
    this.lastFont = '';
    g.textAlign = 'start';
    g.fillStyle = colour(share > 0 ? '--bg' : '--tx');
    g.fillText(fitText(node.label, node.w * k - 8, 6.4), node.x + 4 / k, node.y + size);
  }

  private visitedShare(id: number, moment: Moment): number {
    const children = this.subject.picture.children(id);
    const stride = Math.max(1, Math.floor(children.length / SAMPLE));
    let visited = 0;
    let counted = 0;
    for (let i = 0; i < children.length; i += stride) {
      const name = this.state(children[i] ?? -1, moment)?.name;
      if (name === 'plain' || name === undefined) continue;
      counted++;
      if (name === 'visited' || name === 'current') visited++;
    }
    return counted === 0 ? 0 : visited / counted;
  }

  edge(g: CanvasRenderingContext2D, edge: number, moment: Moment): void {
    const { picture } = this.subject;
    const path = edgePath(picture, edge);
    if (!path) return;
    const look = edgeLook(picture, edge, moment.now.call, (id) => this.state(id, moment)?.name ?? 'plain');
    if (look === 'unborn') return;
    g.strokeStyle = this.palette.colour(EDGE_TOKENS[look] ?? '--line-2');
    g.lineWidth = 1.2;
    const dash = EDGE_DASHES[look];
    if (dash) g.setLineDash(dash);
    g.stroke(new Path2D(path.d));
    if (dash) g.setLineDash([]);
    g.fillStyle = g.strokeStyle;
    g.fill(arrowHead(path));
  }
}
