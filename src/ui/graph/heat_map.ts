/**
 * The heat map: one cell for each row of the table, drawn on a canvas as large as the pane. A step paints
 * the cells between the two moments; scrolling paints those in view.
 */
import { withFrame } from '../store/frame.ts';
import { lastAtOrBefore } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import { rowAt } from '../trace/object_rows.ts';
import type { ObjectRows } from '../trace/object_rows.ts';
import { BLOCKS, Palette } from './canvas_looks.ts';

/** Edges of a cell in pixels, its gap included; the largest at which all cells fit, else the smallest. */
const SIZES = [28, 22, 18, 14, 11, 8] as const;
const GAP = 1;
const PAD = 8;
/** More cells than this are not painted one by one. */
const MOST_CHANGES = 256;

interface Parts {
  readonly scroller: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** As tall as all cells. */
  readonly spacer: HTMLElement;
}

export class HeatMap {
  private readonly rows: ObjectRows;
  private readonly folded: Folded;
  private readonly parts: Parts;
  private readonly palette: Palette;
  private readonly observer: ResizeObserver;
  private readonly g: CanvasRenderingContext2D | null;
  private width = 0;
  private height = 0;
  private size: number = SIZES[0];
  private across = 1;
  private call = 0;
  private painted = -1;
  private cancelFrame: (() => void) | null = null;

  constructor(rows: ObjectRows, folded: Folded, parts: Parts) {
    this.rows = rows;
    this.folded = folded;
    this.parts = parts;
    this.palette = new Palette(parts.scroller);
    this.g = parts.canvas.getContext('2d');
    this.observer = new ResizeObserver(([entry]) => {
      if (entry) this.resize(entry.contentRect.width, entry.contentRect.height);
    });
    this.observer.observe(parts.scroller);
    parts.scroller.addEventListener('scroll', this.repaint);
  }

  show(call: number): void {
    this.call = call;
    this.cancelFrame ??= withFrame(() => {
      this.cancelFrame = null;
      this.step();
    });
  }

  restyle(): void {
    this.palette.forget();
    this.repaint();
  }

  /** Row of the cell under a pixel of the canvas, or -1. */
  cellAt(x: number, y: number): number {
    const column = Math.floor((x - PAD) / this.size);
    const line = Math.floor((y + this.parts.scroller.scrollTop - PAD) / this.size);
    if (column < 0 || column >= this.across || line < 0) return -1;
    const cell = line * this.across + column;
    return cell < this.rows.length ? cell : -1;
  }

  dispose(): void {
    this.cancelFrame?.();
    this.observer.disconnect();
    this.parts.scroller.removeEventListener('scroll', this.repaint);
  }

  private resize(width: number, height: number): void {
    const { canvas, spacer } = this.parts;
    this.width = width;
    this.height = height;
    const columns = (size: number): number => Math.max(1, Math.floor((width - 2 * PAD) / size));
    const tall = (size: number): number => Math.ceil(this.rows.length / columns(size)) * size + 2 * PAD;
    this.size = SIZES.find((size) => tall(size) <= height) ?? SIZES[SIZES.length - 1] ?? SIZES[0];
    this.across = columns(this.size);
    spacer.style.height = `${Math.max(height, tall(this.size))}px`;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    this.g?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.repaint();
  }

  private step(): void {
    const { folded, rows } = this;
    const { scroller } = this.parts;
    const current = rowAt(rows, folded, this.call);
    if (current >= 0) {
      const top = PAD + Math.floor(current / this.across) * this.size;
      const out = top < scroller.scrollTop || top + this.size > scroller.scrollTop + this.height;
      if (out) scroller.scrollTop = top - this.height / 2;
    }
    const calls = [this.painted, this.call].sort((a, b) => a - b) as [number, number];
    const first = rows.rowOf(
      folded.objectStops[Math.max(0, lastAtOrBefore(folded.objectStops, calls[0]))] ?? 0,
    );
    const last = rows.rowOf(
      folded.objectStops[
        Math.min(folded.objectStops.length - 1, lastAtOrBefore(folded.objectStops, calls[1]) + 1)
      ] ?? 0,
    );
    if (this.painted < 0 || first < 0 || last < 0 || last - first > MOST_CHANGES) return this.repaint();
    this.painted = this.call;
    for (let i = Math.max(0, first - 1); i <= last; i++) this.cell(i, current);
  }

  private readonly repaint = (): void => {
    const { g } = this;
    if (!g || this.width === 0) return;
    this.painted = this.call;
    g.clearRect(0, 0, this.width, this.height);
    const top = this.parts.scroller.scrollTop;
    const first = Math.max(0, Math.floor((top - PAD) / this.size)) * this.across;
    const last = Math.min(this.rows.length, first + (Math.ceil(this.height / this.size) + 1) * this.across);
    const current = rowAt(this.rows, this.folded, this.call);
    for (let i = first; i < last; i++) this.cell(i, current);
  };

  private cell(i: number, current: number): void {
    const { g, size } = this;
    if (!g) return;
    const x = PAD + (i % this.across) * size;
    const y = PAD + Math.floor(i / this.across) * size - this.parts.scroller.scrollTop;
    if (y < -size || y > this.height) return;
    const edge = size - GAP;
    const state = i === current ? 'current' : this.rows.stateAt(i, this.call);
    g.clearRect(x - 1, y - 1, size, size);
    g.fillStyle = g.strokeStyle = this.palette.colour(BLOCKS[state]);
    g.lineWidth = 1;
    // Full, hollow or struck: colour is not the only difference.
    if (state === 'will-visit' || state === 'out-of-range') {
      const inset = state === 'out-of-range' ? edge / 4 : 0;
      g.strokeRect(x + 0.5 + inset, y + 0.5 + inset, edge - 1 - 2 * inset, edge - 1 - 2 * inset);
    } else if (state === 'skipped' || state === 'rolled-back') {
      g.strokeRect(x + 0.5, y + 0.5, edge - 1, edge - 1);
      g.beginPath();
      g.moveTo(x, y + (state === 'skipped' ? edge : 0));
      g.lineTo(x + edge, y + (state === 'skipped' ? 0 : edge));
      g.stroke();
    } else g.fillRect(x, y, edge, edge);
    if (state !== 'current') return;
    g.fillStyle = this.palette.colour('--bg');
    g.fillRect(x + edge / 2 - 1, y + edge / 2 - 1, 2, 2);
  }
}
