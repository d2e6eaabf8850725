/** Which of the names there are was probably meant. */

/** Edit distance with swaps of neighbours; gives up above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? limit + 1;
}

/** The candidate that `name` was probably meant to be, or null. */
export function didYouMean(name: string, candidates: Iterable<string>): string | null {
  let limit = Math.floor(name.length / 3);
  let best: string | null = null;
  for (const candidate of candidates) {
    if (candidate === name || candidate === '') continue;
    const d = distance(name, candidate, limit);
    if (d < limit || (d === limit && best === null)) {
      limit = d;
      best = candidate;
    }
  }
  return best;
}

/** `; did you mean 'x'?`, or nothing. */
export const hintText = (meant: string | null): string =>
  meant === null ? '' : `; did you mean '${meant}'?`;
