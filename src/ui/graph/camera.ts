/**
 * The camera: d3-zoom on the pane, without React. The picture moves only when the user moves it, asks for
 * a fit, or the cursor leaves the inner part of the view while Follow is on.
 */
import { select } from 'd3-selection';
import { zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import type { D3ZoomEvent } from 'd3-zoom';
import { flickOf } from './flick.ts';
import type { Touched } from './flick.ts';
import type { View } from './renderer.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Camera {
  /** Shows the whole picture, or where that would be too small to read, its width from the top. */
  readonly fit: () => void;
  /** Brings a rectangle into the inner 70 % of the view, if it is outside, and where there is room another with it. */
  readonly follow: (target: Rect, ease: boolean, beside?: Rect) => void;
  /** Enlarges a rectangle, in the middle of the view. */
  readonly near: (target: Rect, ease: boolean) => void;
  readonly dispose: () => void;
}

const INNER = 0.7;
const EASE_MS = 180;
const NEAREST = 4;
/** As near as the cursor is brought by a key. */
const NEAR = 2;
/** The farthest: some pictures are so tall that even this shows a part of them. */
const FARTHEST = 0.1;
const TALLEST = 0.02;
const MAX_FIT = 1.3;
/** Below this scale a picture is not shown as a whole. */
const READABLE = 0.8;
const MIN_FIT = 0.75;

export interface CameraEvents {
  /** After every move, and when the pane has another size. */
  readonly onView: (view: View) => void;
  /** The user moved the picture by hand. */
  readonly onPan: () => void;
  /** A finger flicked across: one step onwards, or back. */
  readonly onFlick: (by: 1 | -1) => void;
  /** The pane has another width, and the picture was fitted into it anew. */
  readonly onRefit: () => void;
  /** How much larger than usual the page's type is. */
  readonly typeScale: () => number;
}

export function createCamera(
  svg: SVGSVGElement,
  size: { readonly width: number; readonly height: number },
  { onView, onPan, onFlick, onRefit, typeScale }: CameraEvents,
): Camera {
  const root = select(svg);
  let easing = 0;
  /** Scale of the last fit. */
  let fitted = 0;
  // Asked for again only when it changes: asking would make the browser lay the page out.
  let { width, height } = svg.getBoundingClientRect();
  const apply = (): void => {
    const t = zoomTransform(svg);
    onView({ x: t.x, y: t.y, k: t.k, width, height });
  };
  let finger: { readonly from: Touched; readonly before: ReturnType<typeof zoomTransform> } | null = null;
  const behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent([Math.max(TALLEST, Math.min(FARTHEST, height / Math.max(1, size.height))), NEAREST])
    // A plain wheel scrolls the picture, see below; with Ctrl it zooms.
    .filter((event: Event) =>
      event instanceof WheelEvent ? event.ctrlKey : event.type !== 'dblclick' && !isMiddle(event),
    )
    .on('zoom', (event: D3ZoomEvent<SVGSVGElement, unknown>) => {
      apply();
      // What one finger does is known when it is lifted.
      if (event.sourceEvent && !finger) onPan();
    });
  root.call(behaviour);
  // Two flicks, there and back, end where they began: no double tap is meant.
  root.on('dblclick.zoom', null);

  const wheel = (event: WheelEvent): void => {
    if (event.ctrlKey) return;
    event.preventDefault();
    const { k } = zoomTransform(svg);
    const [dx, dy] = event.shiftKey ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    behaviour.translateBy(root, -dx / k, -dy / k);
    onPan();
  };
  svg.addEventListener('wheel', wheel, { passive: false });

  const touched = ({ clientX: x, clientY: y }: Touch): Touched => ({ x, y, at: performance.now() });
  const down = ({ touches: [first, second] }: TouchEvent): void => {
    finger = first && !second ? { from: touched(first), before: zoomTransform(svg) } : null;
  };
  const lifted = ({ changedTouches: [last] }: TouchEvent): void => {
    const by = finger && last ? flickOf(finger.from, touched(last)) : 0;
    if (finger && by !== 0) {
      behaviour.transform(root, finger.before);
      onFlick(by);
    } else if (finger && finger.before !== zoomTransform(svg)) onPan();
    finger = null;
  };
  // Before d3 hears of them: it lets nobody else.
  const first = new AbortController();
  svg.addEventListener('touchstart', down, { passive: true, capture: true, signal: first.signal });
  svg.addEventListener('touchend', lifted, { capture: true, signal: first.signal });

  const moveTo = (x: number, y: number, k: number, ease: boolean): void => {
    cancelAnimationFrame(easing);
    const from = zoomTransform(svg);
    const started = performance.now();
    const frame = (now: number): void => {
      const part = ease ? Math.min(1, (now - started) / EASE_MS) : 1;
      const s = part * (2 - part);
      behaviour.transform(
        root,
        zoomIdentity
          .translate(from.x + (x - from.x) * s, from.y + (y - from.y) * s)
          .scale(from.k + (k - from.k) * s),
      );
      if (part < 1) easing = requestAnimationFrame(frame);
    };
    frame(ease ? started : Infinity);
  };
  const fit = (): void => {
    const across = Math.min(MAX_FIT, width / Math.max(1, size.width));
    const whole = Math.min(across, height / Math.max(1, size.height));
    // Larger than type is elsewhere on the page it would only hide more of itself.
    const k = Math.max(MIN_FIT, whole >= READABLE ? whole : Math.min(across, Math.max(whole, typeScale())));
    moveTo(Math.max(0, (width - size.width * k) / 2), 0, k, false);
    fitted = zoomTransform(svg).k;
  };
  const observer = new ResizeObserver(([entry]) => {
    const before = width;
    if (entry) ({ width, height } = entry.contentRect);
    // What nobody has zoomed stays fitted.
    if (before > 0 && width > 0 && width !== before && zoomTransform(svg).k === fitted) {
      fit();
      onRefit();
    } else apply();
  });
  observer.observe(svg);

  return {
    fit,
    follow: (object, ease, beside) => {
      const t = zoomTransform(svg);
      const both = beside && bounds(object, beside);
      const fits = both && both.w * t.k <= width * INNER && both.h * t.k <= height * INNER;
      const target = fits ? both : object;
      const shift = (low: number, high: number, length: number): number => {
        const margin = (length * (1 - INNER)) / 2;
        if (low >= margin && high <= length - margin) return 0;
        return length / 2 - (low + high) / 2;
      };
      const dx = shift(t.applyX(target.x), t.applyX(target.x + target.w), width);
      const dy = shift(t.applyY(target.y), t.applyY(target.y + target.h), height);
      // What fits into the view as a whole does not need to be moved.
      const wholeWidth = size.width * t.k <= width;
      const wholeHeight = size.height * t.k <= height;
      const visibleX = t.applyX(target.x) >= 0 && t.applyX(target.x + target.w) <= width;
      const visibleY = t.applyY(target.y) >= 0 && t.applyY(target.y + target.h) <= height;
      const moveX = wholeWidth && visibleX ? 0 : dx;
      const moveY = wholeHeight && visibleY ? 0 : dy;
      if (moveX === 0 && moveY === 0) return;
      // No empty room beyond the picture's edges.
      const inside = (to: number, picture: number, room: number): number =>
        Math.min(0, Math.max(to, Math.min(0, room - picture * t.k)));
      // Names stand at the left: from there, where that shows the target too.
      const fromLeft = (target.x + target.w) * t.k <= width ? 0 : t.x + moveX;
      moveTo(
        moveX === 0 ? t.x : inside(fromLeft, size.width, width),
        moveY === 0 ? t.y : inside(t.y + moveY, size.height, height),
        t.k,
        ease,
      );
    },
    near: (target, ease) => {
      const room = Math.min((width * INNER) / target.w, (height * INNER) / target.h);
      const k = Math.max(zoomTransform(svg).k, Math.min(NEAR, room));
      moveTo(width / 2 - (target.x + target.w / 2) * k, height / 2 - (target.y + target.h / 2) * k, k, ease);
    },
    dispose: () => {
      cancelAnimationFrame(easing);
      observer.disconnect();
      svg.removeEventListener('wheel', wheel);
      first.abort();
      root.on('.zoom', null);
    },
  };
}

/** The smallest rectangle around two. */
function bounds(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

const isMiddle = (event: Event): boolean => event instanceof MouseEvent && event.button !== 0;
