/** Families of macros that differ in a number, written once and unrolled here: C's preprocessor cannot count. */

/** One text per n in [from, to], joined by newlines. */
export const family = (from: number, to: number, one: (n: number) => string): string =>
  Array.from({ length: to - from + 1 }, (_, i) => one(from + i)).join('\n');

/** `a1, a2, ... an` with the given stem. */
export const names = (stem: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `${stem}${i + 1}`).join(', ');
