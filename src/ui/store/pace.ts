/**
 * How often the views beside the picture follow. A step alone is followed at once. While a key is held down,
 * a hand drags, or playing is quick, the picture is drawn at every step and the views ten times a second:
 * drawn at each, they and the worker would take the processor from it.
 *
 *     steps   |    |    |||||||||    |
 *     views   |    |    |   |   |    |
 */
import { behindFrame } from './frame.ts';
import { useStore } from './store.ts';

/** Milliseconds: steps that are closer together are quick, and views follow quick ones so far apart. */
const GAP_MS = 100;

let stepped = -Infinity;
let quick = false;
useStore.subscribe(({ at }, before) => {
  if (at === before.at) return;
  const now = performance.now();
  quick = now - stepped < GAP_MS;
  stepped = now;
});

/** @returns asks to do something behind the next frame, or later when steps are quick; asked twice, once */
export function inPace(act: () => void): () => void {
  let asked = false;
  let done = -Infinity;
  const turn = (): void => {
    asked = false;
    done = performance.now();
    act();
  };
  return () => {
    if (asked) return;
    asked = true;
    const now = performance.now();
    const wait = quick && now - stepped < GAP_MS ? done + GAP_MS - now : 0;
    if (wait > 0) setTimeout(() => behindFrame(turn), wait);
    else behindFrame(turn);
  };
}
