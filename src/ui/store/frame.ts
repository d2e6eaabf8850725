/**
 * Frames of the page. What moves the moment does so when a frame is made, and what draws it is asked for at
 * the end of the same one; asked for by requestAnimationFrame alone it would be a frame late, and each frame
 * costs the browser as much again.
 *
 *     key, or playing -> | frame: moment changes -> picture drawn | -> behind the frame: views beside it
 */
let ending: Set<() => void> | null = null;

/** Does something when the next frame is made. @param act is told the frame's time in milliseconds */
export function asFrame(act: (now: number) => void): void {
  requestAnimationFrame((now) => {
    const draws = new Set<() => void>();
    ending = draws;
    try {
      act(now);
    } finally {
      ending = null;
    }
    for (const draw of draws) draw();
  });
}

/** Draws once at the end of the frame that is being made, or with the next. @returns how to draw no longer */
export function withFrame(draw: () => void): () => void {
  const now = ending;
  if (now) {
    now.add(draw);
    return () => {
      now.delete(draw);
    };
  }
  const frame = requestAnimationFrame(draw);
  return () => cancelAnimationFrame(frame);
}

/** Does something when the next frame has been laid out and painted, not before it. */
export function behindFrame(act: () => void): void {
  requestAnimationFrame(() => setTimeout(act));
}
