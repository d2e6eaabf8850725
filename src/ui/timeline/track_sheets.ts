/**
 * The tracks as two bitmaps, one all past and one all future. A moment shows the left part of the one and
 * the right part of the other, so a step costs two copies however long the recording is. They are put together,
 * and what belongs to the moment is written, on a third one that is not on the page either: for text on a canvas
 * that is, the browser brings the styles of the whole page up to date.
 */
import { drawHere, drawTracks, xOf } from './draw_tracks.ts';
import type { Palette, Tracks } from './draw_tracks.ts';

export class TrackSheets {
  private readonly width: number;
  private readonly height: number;
  private readonly ratio: number;
  private readonly tracks: Tracks;
  private readonly palette: Palette;
  private readonly past: HTMLCanvasElement;
  private readonly future: HTMLCanvasElement;
  private readonly moment: HTMLCanvasElement;

  /** @param ratio device pixels of a CSS pixel */
  constructor(width: number, height: number, ratio: number, tracks: Tracks, palette: Palette) {
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    this.tracks = tracks;
    this.palette = palette;
    this.past = this.sheet((g) => drawTracks(g, width, height, tracks, Infinity, palette));
    this.future = this.sheet((g) => drawTracks(g, width, height, tracks, -1, palette));
    this.moment = this.sheet(() => {});
  }

  private sheet(draw: (g: CanvasRenderingContext2D) => void): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(this.width * this.ratio);
    canvas.height = Math.round(this.height * this.ratio);
    const g = canvas.getContext('2d');
    g?.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (g) draw(g);
    return canvas;
  }

  /** @param g context in CSS pixels */
  draw(g: CanvasRenderingContext2D, now: number): void {
    const { width, height, moment } = this;
    const sheet = moment.getContext('2d');
    if (sheet) this.compose(sheet, now);
    g.clearRect(0, 0, width, height);
    g.drawImage(moment, 0, 0, width, height);
  }

  private compose(g: CanvasRenderingContext2D, now: number): void {
    const { width, height, ratio, past, future } = this;
    const split = Math.round(xOf(this.tracks, width, now + 1) * ratio);
    const right = past.width - split;
    g.clearRect(0, 0, width, height);
    if (split > 0) g.drawImage(past, 0, 0, split, past.height, 0, 0, split / ratio, height);
    if (right > 0) g.drawImage(future, split, 0, right, past.height, split / ratio, 0, right / ratio, height);
    drawHere(g, width, this.tracks, now, this.palette);
  }
}
