/**
 * A flick of one finger across the picture: a step. A slower or a longer way of the finger moves the picture,
 * so both are the same gesture until the finger is lifted.
 */
export interface Touched {
  readonly x: number;
  readonly y: number;
  /** Milliseconds. */
  readonly at: number;
}

const QUICK_MS = 300;
/** Pixels: less is a tap. */
const LEAST = 36;
/** As many times as far across as up or down. */
const LEVEL = 2;

/** @returns 1 to the left (onwards, as pages are turned), -1 to the right, 0 for anything else */
export function flickOf(from: Touched, to: Touched): -1 | 0 | 1 {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  if (to.at - from.at > QUICK_MS || Math.abs(dx) < LEAST || Math.abs(dx) < LEVEL * Math.abs(dy)) return 0;
  return dx < 0 ? 1 : -1;
}
