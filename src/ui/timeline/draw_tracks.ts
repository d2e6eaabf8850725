/**
 * Draws the tracks of the timeline on a canvas: callbacks as cells, owners as spans, the fill of the
 * buffer as an area, references and locks as bars, reads as bands behind all of it.
 */
import { count } from '../format/bytes.ts';
import { lastAtOrBefore } from '../trace/fold.ts';
import type { Folded } from '../trace/fold.ts';
import { CALL_KINDS, HELD_KINDS } from '../../protocol/trace.ts';
import type { HeldBars } from '../trace/held.ts';
import type { Names } from '../trace/names.ts';
import { bins, highestCount, ownerSpans, shares } from '../trace/timeline.ts';
import type { OwnerSpan } from '../trace/timeline.ts';

export interface Tracks {
  readonly folded: Folded;
  readonly names: Names;
  readonly bars: HeldBars;
  /** Calls at both edges: [from, to). */
  readonly from: number;
  readonly to: number;
  /** Two tracks without their names, for a small player. */
  readonly small: boolean;
}

export interface Palette {
  readonly colour: (token: string) => string;
}

/** Left edge of the cells, in pixels; the names of the tracks stand before it. */
const leftOf = ({ small }: Pick<Tracks, 'small'>): number => (small ? 8 : 84);
const RIGHT = 10;
const TOP = 16;
const TRACK_HEIGHT = 24;
const TRACK_NAMES = ['callback', 'owner', 'seq buffer', 'held'] as const;
type TrackName = (typeof TRACK_NAMES)[number];
const SMALL: readonly TrackName[] = ['callback', 'seq buffer'];
const namesIn = ({ small }: Tracks): readonly TrackName[] => (small ? SMALL : TRACK_NAMES);
/** Top of a track, or a place far away when it is not drawn. */
const rowOf =
  (tracks: Tracks) =>
  (name: TrackName): number => {
    const place = namesIn(tracks).indexOf(name);
    return place < 0 ? -1000 : TOP + place * TRACK_HEIGHT;
  };
/** Narrower cells than this share columns. */
const CELL_LEAST = 4;
const COLUMN = 2;
const COLUMN_HEIGHT = 18;
/** Height of a kind in a column that has any of it, in pixels. */
const SHARE_LEAST = 2;

const KIND_LOOK = {
  start: { token: '--held', height: 16, alpha: 0.85 },
  show: { token: '--visited', height: 16, alpha: 0.85 },
  next: { token: '--tx-3', height: 8, alpha: 0.55 },
  stop: { token: '--gone', height: 16, alpha: 0.85 },
  copy: { token: '--bytes', height: 12, alpha: 0.85 },
} as const;

/** Part of the future that stays visible. */
const FUTURE = 0.3;

type Place = Pick<Tracks, 'from' | 'to' | 'small'>;

/** Pixel of a call's left edge. */
export function xOf(tracks: Place, width: number, call: number): number {
  const left = leftOf(tracks);
  const room = width - left - RIGHT;
  return left + (room * (call - tracks.from)) / Math.max(1, tracks.to - tracks.from);
}

/** Call under a pixel, kept inside what is shown. */
export function callAtX(tracks: Place, width: number, x: number): number {
  const left = leftOf(tracks);
  const part = (x - left) / Math.max(1, width - left - RIGHT);
  const call = tracks.from + Math.floor(part * (tracks.to - tracks.from));
  return Math.max(tracks.from, Math.min(tracks.to - 1, call));
}

const OWNER_FONT = '10.5px Inter, system-ui, sans-serif';
/** Held over many objects, not for one of them. */
const OUTER = HELD_KINDS.map(
  (kind) => kind.startsWith('task') || kind === 'mmap_lock' || kind === 'cgroup_mutex',
);
/** Bars looked at to find those of the moment: so many may have begun since. */
const BARS_BACK = 64;

/** Place of the last of a sorted list that begins at or before a call, or -1. */
function lastFrom(sorted: readonly { readonly from: number }[], call: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.from ?? Infinity) <= call) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Name of an owner as its span begins; one that is not drawn is the walk's own record. */
const ownerText = ({ names, folded }: Tracks, { owner, from }: OwnerSpan): string =>
  names.node(owner) ? names.object(owner, from) : folded.trace.target;

const BAND_FONT = '10px Inter, system-ui, sans-serif';
/** Half of the cursor's head, and as much room beside it. */
const HEAD_ROOM = 10;

type Colour = Palette['colour'];

/** Every other read is a band, so that its neighbours can be told apart. */
function fillBand(
  g: CanvasRenderingContext2D,
  read: number,
  from: number,
  to: number,
  height: number,
  colour: Colour,
): void {
  if (read % 2 === 0) return;
  g.globalAlpha = 0.6;
  g.fillStyle = colour('--s3');
  g.fillRect(from, 0, to - from, height);
  g.globalAlpha = 1;
}

/** Where a read's name ends at the latest: its first mark says more than the end of a word. */
function bandEnd(tracks: Tracks, width: number, read: number): number {
  const { trace, cuts } = tracks.folded;
  const row = trace.reads[read];
  if (!row) return 0;
  const x = (call: number): number => Math.min(width - RIGHT, xOf(tracks, width, call));
  const change = trace.changes.find(({ call }) => call > row.firstCall && call >= tracks.from)?.call;
  const cut = cuts[lastAtOrBefore(cuts, row.firstCall) + 1] ?? Infinity;
  return Math.min(
    x(row.lastCall + 1) - 12,
    change === undefined ? Infinity : x(change) - 6,
    cut > row.lastCall ? Infinity : (x(cut) + x(cut + 1)) / 2 - 6,
  );
}

/** A read's name as far as there is room for it; '' where there is none. */
function bandName(g: CanvasRenderingContext2D, { folded }: Tracks, read: number, room: number): string {
  const ret = folded.trace.reads[read]?.ret ?? 0;
  const short = `read ${read + 1}`;
  const long = ret > 0 ? `${short} → ${count(ret)} B` : ret === 0 ? `${short} · EOF` : `${short} · error`;
  g.font = BAND_FONT;
  return [long, short, String(read + 1)].find((words) => g.measureText(words).width < room) ?? '';
}

/** The cursor's head stands on the name of the read that it is in: the name goes to the other side of it. */
function stepAside(
  g: CanvasRenderingContext2D,
  width: number,
  tracks: Tracks,
  now: number,
  colour: Colour,
): void {
  const { trace } = tracks.folded;
  const read = trace.read[now] ?? 0;
  const row = trace.reads[read];
  const x = (call: number): number => xOf(tracks, width, call);
  const head = (x(now) + x(now + 1)) / 2;
  if (!row || head < leftOf(tracks) || head > width - RIGHT) return;
  const from = Math.max(leftOf(tracks), x(row.firstCall)) + 4;
  const end = bandEnd(tracks, width, read);
  const name = bandName(g, tracks, read, end - from);
  const covered = from + g.measureText(name).width;
  if (name === '' || head - HEAD_ROOM > covered) return;
  g.clearRect(from - 1, 0, covered - from + 2, TOP - 1);
  fillBand(g, read, from - 1, covered + 1, TOP - 1, colour);
  const [before, after] = [head - HEAD_ROOM - from, end - head - HEAD_ROOM];
  g.fillStyle = colour('--tx-3');
  if (before >= after) g.fillText(bandName(g, tracks, read, before), from, 11);
  else g.fillText(bandName(g, tracks, read, after), head + HEAD_ROOM, 11);
}

/** What belongs to the moment: its owner, and the references held for its object. */
export function drawHere(
  g: CanvasRenderingContext2D,
  width: number,
  tracks: Tracks,
  now: number,
  { colour }: Palette,
): void {
  const { trace } = tracks.folded;
  const left = leftOf(tracks);
  const rowY = rowOf(tracks);
  const x = (call: number): number => Math.max(left, Math.min(width - RIGHT, xOf(tracks, width, call)));
  stepAside(g, width, tracks, now, colour);
  g.fillStyle = colour('--current');
  const spans = ownerSpans(trace);
  const span = spans[lastFrom(spans, now)];
  if (span && now < span.to) {
    const [a, b] = [x(span.from), x(span.to)];
    g.clearRect(a + 1, rowY('owner') + 3, Math.max(1, b - a - 2), 16);
    g.globalAlpha = 0.26;
    g.beginPath();
    g.roundRect(a + 1, rowY('owner') + 3, Math.max(1, b - a - 2), 16, 3);
    g.fill();
    g.globalAlpha = 1;
    g.font = OWNER_FONT;
    const text = ownerText(tracks, span);
    g.fillStyle = colour('--tx');
    if (g.measureText(text).width < b - a - 10) g.fillText(text, a + 6, rowY('owner') + 15);
  }
  g.fillStyle = colour('--current');
  g.globalAlpha = 0.8;
  const { kind, from, to } = tracks.bars;
  const last = lastAtOrBefore(from, now);
  for (let i = last; i >= 0 && i > last - BARS_BACK; i--) {
    if ((to[i] ?? 0) < now || OUTER[kind[i] ?? 0]) continue;
    const [a, b] = [x(from[i] ?? 0), x((to[i] ?? 0) + 1)];
    g.fillRect(a + 1, rowY('held') + 13, Math.max(1, b - a - 2), 5);
  }
  g.globalAlpha = 1;
}

/** Everything that stays when the cursor moves. `now` splits past and future. */
export function drawTracks(
  g: CanvasRenderingContext2D,
  width: number,
  height: number,
  tracks: Tracks,
  now: number,
  { colour }: Palette,
): void {
  const { trace } = tracks.folded;
  const left = leftOf(tracks);
  const rowY = rowOf(tracks);
  const x = (call: number): number => Math.max(left, Math.min(width - RIGHT, xOf(tracks, width, call)));
  g.clearRect(0, 0, width, height);
  g.textBaseline = 'alphabetic';
  drawBands();
  drawRows();
  drawCells();
  if (!tracks.small) drawOwners();
  drawBuffer();
  if (!tracks.small) drawHeld();
  drawStops();
  drawChanges();

  function drawBands(): void {
    trace.reads.forEach((read, i) => {
      const [a, b] = [x(read.firstCall), x(read.lastCall + 1)];
      if (b <= left || a >= width - RIGHT) return;
      fillBand(g, i, a, b, height, colour);
      g.fillStyle = colour('--line-2');
      g.fillRect(a, 0, 1, height);
      g.fillStyle = colour('--tx-3');
      g.fillText(bandName(g, tracks, i, bandEnd(tracks, width, i) - a - 4), a + 4, 11);
    });
  }

  function drawRows(): void {
    g.fillStyle = colour('--line');
    for (const name of namesIn(tracks)) g.fillRect(0, rowY(name) - 1, width, 1);
    if (tracks.small) return;
    g.fillStyle = colour('--tx-2');
    g.font = '11px Inter, system-ui, sans-serif';
    for (const name of TRACK_NAMES) g.fillText(name, 10, rowY(name) + 15);
  }

  function drawCells(): void {
    const room = width - left - RIGHT;
    const single = room / Math.max(1, tracks.to - tracks.from) >= CELL_LEAST;
    for (const bin of bins(trace, tracks.from, tracks.to, room / (single ? CELL_LEAST : COLUMN))) {
      const [a, b] = [x(bin.from), x(bin.to)];
      const future = bin.from > now ? FUTURE : 1;
      if (single) drawCell(CALL_KINDS[trace.kind[bin.from] ?? 0] ?? 'start', a, b, future);
      else
        for (const { kind, from, height: own } of shares(bin, COLUMN_HEIGHT, SHARE_LEAST)) {
          g.globalAlpha = future * KIND_LOOK[kind].alpha;
          g.fillStyle = colour(KIND_LOOK[kind].token);
          g.fillRect(a, rowY('callback') + 21 - from - own, Math.max(1, b - a), own);
        }
    }
    g.globalAlpha = 1;
  }

  function drawCell(kind: keyof typeof KIND_LOOK, a: number, b: number, future: number): void {
    const look = KIND_LOOK[kind];
    g.globalAlpha = future * look.alpha;
    g.fillStyle = colour(look.token);
    g.beginPath();
    g.roundRect(a + 1, rowY('callback') + 20 - look.height, b - a - 2, look.height, 2);
    g.fill();
  }

  function drawOwners(): void {
    g.font = OWNER_FONT;
    for (const span of ownerSpans(trace)) {
      const [a, b] = [x(span.from), x(span.to)];
      if (b - a < 1) continue;
      g.globalAlpha = span.from > now ? 0.12 : 0.22;
      g.fillStyle = colour(span.from > now ? '--tx-3' : '--visited');
      g.beginPath();
      g.roundRect(a + 1, rowY('owner') + 3, Math.max(1, b - a - 2), 16, 3);
      g.fill();
      const text = ownerText(tracks, span);
      g.globalAlpha = span.from > now ? 0.75 : 1;
      g.fillStyle = colour(span.from > now ? '--tx-2' : '--tx');
      if (g.measureText(text).width < b - a - 10) g.fillText(text, a + 6, rowY('owner') + 15);
    }
    g.globalAlpha = 1;
  }

  function drawBuffer(): void {
    const limit = trace.reads.reduce((most, { size }) => Math.max(most, size), 0);
    const highest = highestCount(trace);
    const scale = limit <= highest * 4 ? Math.max(limit, highest) : highest;
    if (scale === 0) return;
    const base = rowY('seq buffer') + 21;
    const y = (count: number): number => base - (count / scale) * 17;
    const end = Math.min(now + 1, tracks.to);
    g.beginPath();
    g.moveTo(x(tracks.from), base);
    const stride = Math.max(1, Math.floor((tracks.to - tracks.from) / (2 * width)));
    for (let call = tracks.from; call < end; call += stride) {
      let count = 0;
      for (let i = call; i < Math.min(end, call + stride); i++) count = Math.max(count, trace.count[i] ?? 0);
      g.lineTo(x(call), y(count));
      g.lineTo(x(Math.min(end, call + stride)), y(count));
    }
    g.lineTo(x(end), base);
    g.globalAlpha = 0.28;
    g.fillStyle = colour('--bytes');
    g.fill();
    g.globalAlpha = 1;
    g.strokeStyle = colour('--bytes');
    g.lineWidth = 1.3;
    g.stroke();
    drawLimit(limit, scale, y, base);
  }

  function drawLimit(limit: number, scale: number, y: (count: number) => number, base: number): void {
    const isAbove = limit > scale;
    if (!isAbove) {
      g.strokeStyle = colour('--gone');
      g.setLineDash([3, 3]);
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(left, y(limit));
      g.lineTo(width - RIGHT, y(limit));
      g.stroke();
      g.setLineDash([]);
    }
    g.font = '10px Inter, system-ui, sans-serif';
    g.fillStyle = colour('--gone');
    const text = `stops at ${count(limit)} B${isAbove ? ' (above)' : ''}`;
    g.textAlign = 'right';
    // Readable on whatever it comes to stand on.
    g.strokeStyle = colour('--s1');
    g.lineWidth = 3;
    g.lineJoin = 'round';
    g.strokeText(text, width - RIGHT - 4, base - 4);
    g.fillText(text, width - RIGHT - 4, base - 4);
    g.textAlign = 'left';
  }

  function drawHeld(): void {
    const { kind, from, to } = tracks.bars;
    // Where many share a pixel, the first of them is drawn.
    const drawn = { outer: -1, inner: -1 };
    for (let i = 0; i < kind.length; i++) {
      const [first, end] = [from[i] ?? 0, to[i] ?? 0];
      if (end < tracks.from || first >= tracks.to) continue;
      const [a, b] = [x(first), x(end + 1)];
      const outer = OUTER[kind[i] ?? 0] === true;
      const row = outer ? 'outer' : 'inner';
      if (b <= drawn[row]) continue;
      const width = Math.max(1, b - a - (outer ? 0 : 2));
      drawn[row] = a + width;
      g.globalAlpha = first > now ? 0.16 : outer ? 0.55 : 0.8;
      g.fillStyle = colour('--held');
      g.fillRect(a + (outer ? 0 : 1), rowY('held') + (outer ? 5 : 13), width, 5);
    }
    g.globalAlpha = 1;
  }

  /** Changes of the world, between the callbacks where they happened. */
  function drawChanges(): void {
    g.strokeStyle = colour('--gone');
    g.lineWidth = 1.4;
    for (const change of trace.changes) {
      if (change.call < tracks.from || change.call >= tracks.to) continue;
      const middle = x(change.call);
      g.beginPath();
      g.moveTo(middle, 2);
      g.lineTo(middle + 4.5, 6.5);
      g.lineTo(middle, 11);
      g.lineTo(middle - 4.5, 6.5);
      g.closePath();
      g.stroke();
    }
  }

  function drawStops(): void {
    g.fillStyle = colour('--gone');
    for (const call of tracks.folded.cuts) {
      if (call < tracks.from || call >= tracks.to) continue;
      const middle = (x(call) + x(call + 1)) / 2;
      g.beginPath();
      g.moveTo(middle, rowY('callback') - 3);
      g.lineTo(middle + 4.5, rowY('callback') - 10);
      g.lineTo(middle - 4.5, rowY('callback') - 10);
      g.fill();
    }
  }
}
