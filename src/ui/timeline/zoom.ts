/** Which calls the timeline shows. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

const SMALLEST = 8;

/** Keeps a part inside the recording and moves it so that the cursor is in it. */
export function shownPart(part: Part, length: number, call: number): Part {
  const size = Math.max(1, Math.min(length, part.to - part.from));
  const inside = call >= part.from && call < part.to ? part.from : call - Math.floor(size / 2);
  const from = Math.max(0, Math.min(length - size, inside));
  return { from, to: from + size };
}

/** One turn of the wheel: zooms around a call, or pans with Shift. */
export function zoomAt(
  part: Part,
  length: number,
  around: number,
  wheel: { readonly deltaY: number; readonly deltaX: number; readonly shiftKey: boolean },
): Part {
  const size = part.to - part.from;
  if (wheel.shiftKey) {
    const by = Math.sign(wheel.deltaY || wheel.deltaX) * Math.max(1, Math.round(size / 10));
    const from = Math.max(0, Math.min(length - size, part.from + by));
    return { from, to: from + size };
  }
  const next = Math.round(Math.max(SMALLEST, Math.min(length, size * (wheel.deltaY > 0 ? 1.25 : 0.8))));
  const share = (around - part.from) / Math.max(1, size);
  const from = Math.max(0, Math.min(length - next, Math.round(around - share * next)));
  return { from, to: Math.min(length, from + next) };
}
