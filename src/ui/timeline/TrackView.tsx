import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { SessionTrace } from '../../protocol/trace.ts';
import { isStale } from '../store/run.ts';
import { scaleOf } from '../store/looks.ts';
import { useStore } from '../store/store.ts';
import { describeMoment } from '../trace/describe.ts';
import { foldTrace } from '../trace/fold.ts';
import { heldBars } from '../trace/held.ts';
import { namesOf } from '../trace/names.ts';
import { tokenColour } from '../theme/colour.ts';
import { useMedia } from '../widgets/use_media.ts';
import { callAtX, xOf } from './draw_tracks.ts';
import type { Tracks } from './draw_tracks.ts';
import { TrackSheets } from './track_sheets.ts';
import { useSize } from './use_size.ts';
import { shownPart, zoomAt } from './zoom.ts';
import type { Part } from './zoom.ts';

interface Props {
  readonly trace: SessionTrace;
  /** Two tracks without names. */
  readonly small?: boolean;
}

/** The tracks: a slider over all calls of the session. Dragging scrubs, Shift drags ten times finer. */
export function TrackView({ trace, small = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(box);
  const scale = useStore(scaleOf);
  // The tracks are drawn in units of the type's size.
  const [width, height] = [size.width / scale, size.height / scale];
  const at = useStore((s) => s.at);
  const stale = useStore(isStale);
  const scene = useStore((s) => s.result?.scene ?? null);
  const theme = useStore((s) => s.theme);
  const systemDark = useMedia('(prefers-color-scheme: dark)');
  // Moved by hand, the part stays while the cursor does, even where the cursor is not in it.
  const [zoom, setZoom] = useState({ from: 0, to: trace.length, call: -1 });
  const folded = foldTrace(trace);
  const names = namesOf(scene);
  const bars = useMemo(() => heldBars(trace), [trace]);
  const part = zoom.call === at.call ? zoom : shownPart(zoom, trace.length, at.call);
  const show = (next: Part): void => setZoom({ ...next, call: at.call });
  const tracks = useMemo(
    () => ({ folded, names, bars, from: part.from, to: part.to, small }),
    [folded, names, bars, part.from, part.to, small],
  );
  const palette = useMemo(() => {
    const seen = new Map<string, string>();
    return {
      colour: (token: string): string => {
        if (!box.current) return '#888';
        let value = seen.get(token);
        if (value === undefined) seen.set(token, (value = tokenColour(token, box.current)));
        return value;
      },
    };
    // Colours are read anew when the theme or the size changes.
    // eslint-disable-next-line react/exhaustive-deps
  }, [theme, systemDark, width]);

  const sheets = useMemo(
    () =>
      width > 0
        ? new TrackSheets(width, height, (window.devicePixelRatio || 1) * scale, tracks, palette)
        : null,
    [tracks, width, height, scale, palette],
  );

  useEffect(() => {
    const g = canvas.current?.getContext('2d');
    if (!g || !canvas.current || !sheets) return;
    const ratio = (window.devicePixelRatio || 1) * scale;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    // Setting the size clears and allocates, even when it stays the same.
    if (canvas.current.width !== across) canvas.current.width = across;
    if (canvas.current.height !== down) canvas.current.height = down;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    sheets.draw(g, at.call);
  }, [sheets, at.call, width, height, scale]);

  const turn = useStore((s) => s.turn);
  const [turned, setTurned] = useState(turn);
  if (turn !== turned) {
    setTurned(turn);
    if (turn) show(zoomAt(part, trace.length, at.call, WHEEL[turn.way]));
  }
  const drag = useDrag(tracks, width, scale);
  useWheel(box, (event, x) => show(zoomAt(part, trace.length, callAtX(tracks, width, x / scale), event)));
  const x0 = xOf(tracks, width, at.call);
  const x1 = xOf(tracks, width, at.call + 1);
  const ran = trace.insns[at.call] ?? 0;
  const middle = at.insn === null || ran === 0 ? (x0 + x1) / 2 : x0 + ((x1 - x0) * (at.insn + 0.5)) / ran;
  const sentence = describeMoment(folded, names, at);

  return (
    <div
      ref={box}
      className={stale ? 'tracks stale' : 'tracks'}
      role="slider"
      tabIndex={0}
      aria-label="Moment"
      aria-valuemin={1}
      aria-valuemax={trace.length}
      aria-valuenow={at.call + 1}
      aria-valuetext={sentence}
      data-keys-home
      onPointerDown={drag.down}
      onPointerMove={drag.move}
      onPointerUp={drag.up}
      onPointerCancel={drag.up}
      onDoubleClick={() =>
        show(part.to - part.from < trace.length ? { from: 0, to: trace.length } : readOf(trace, at.call))
      }
    >
      <canvas ref={canvas} aria-hidden="true" />
      {width > 0 && (
        <svg aria-hidden="true" viewBox={`0 0 ${width} ${height}`}>
          <line x1={middle} x2={middle} y1={6} y2={height} stroke="var(--current)" strokeWidth="1.5" />
          <path d={`M${middle - 6} 0h12v6l-6 6-6-6z`} fill="var(--current)" />
        </svg>
      )}
    </div>
  );
}

/** The turn of the wheel that does the same as a key. */
const WHEEL = {
  in: { deltaX: 0, deltaY: -1, shiftKey: false },
  out: { deltaX: 0, deltaY: 1, shiftKey: false },
  left: { deltaX: 0, deltaY: -1, shiftKey: true },
  right: { deltaX: 0, deltaY: 1, shiftKey: true },
} as const;

const readOf = (trace: SessionTrace, call: number): { from: number; to: number } => {
  const read = trace.reads[trace.read[call] ?? 0];
  return read ? { from: read.firstCall, to: read.lastCall + 1 } : { from: 0, to: trace.length };
};

interface Drag {
  readonly down: (event: React.PointerEvent<HTMLDivElement>) => void;
  readonly move: (event: React.PointerEvent<HTMLDivElement>) => void;
  readonly up: (event: React.PointerEvent<HTMLDivElement>) => void;
}

function useDrag(tracks: Pick<Tracks, 'from' | 'to' | 'small'>, width: number, scale: number): Drag {
  const active = useRef<{ x: number; fine: number } | null>(null);
  const at = useCallback(
    (x: number) => ({ call: callAtX(tracks, width, x / scale), insn: null }),
    [tracks, width, scale],
  );
  return {
    down: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const x = event.nativeEvent.offsetX;
      active.current = { x: event.clientX, fine: x };
      // Where it begins is a jump; Back goes to the moment before it.
      useStore.getState().jump(at(x));
    },
    move: (event) => {
      if (!active.current) return;
      const dx = event.clientX - active.current.x;
      const fine = active.current.fine + (event.shiftKey ? dx / 10 : dx);
      active.current = { x: event.clientX, fine };
      useStore.getState().seek(at(active.current.fine));
    },
    up: (event) => {
      active.current = null;
      event.currentTarget.releasePointerCapture(event.pointerId);
    },
  };
}

/** Wheel with Ctrl zooms at the pointer, with Shift pans. React's own wheel listener could not stop the page. */
function useWheel(
  box: React.RefObject<HTMLDivElement | null>,
  onWheel: (event: WheelEvent, x: number) => void,
): void {
  const latest = useRef(onWheel);
  useEffect(() => {
    latest.current = onWheel;
  });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const listen = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      latest.current(event, event.clientX - element.getBoundingClientRect().left);
    };
    element.addEventListener('wheel', listen, { passive: false });
    return () => element.removeEventListener('wheel', listen);
  }, [box]);
}
