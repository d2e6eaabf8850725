/** Judgements as tables. */
import type { Judgement } from './judge.ts';

const count = (all: readonly Judgement[], verdict: Judgement['verdict']): number =>
  all.filter((one) => one.verdict === verdict).length;

const percent = (part: number, whole: number): string =>
  whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;

/** `1234 of 2000 programs judged (61.7 %), 1200 agree (97.2 %)` */
export function total(all: readonly Judgement[]): string {
  const judged = all.length - count(all, 'outside');
  const agrees = count(all, 'agrees');
  return `${judged} of ${all.length} programs judged (${percent(judged, all.length)}), ${agrees} agree (${percent(agrees, judged)})`;
}

function groups(all: readonly Judgement[], key: (one: Judgement) => string): [string, Judgement[]][] {
  const out = new Map<string, Judgement[]>();
  for (const one of all) out.set(key(one), [...(out.get(key(one)) ?? []), one]);
  return [...out];
}

/** Per file: judged, agreeing, share. */
export const fileShares = (all: readonly Judgement[]): string =>
  groups(all, (one) => one.file)
    .map(([file, list]) => {
      const judged = list.length - count(list, 'outside');
      const agrees = count(list, 'agrees');
      return `${file.padEnd(44)} ${String(agrees).padStart(4)} / ${String(judged).padStart(4)} of ${String(list.length).padStart(4)}  ${percent(agrees, judged)}`;
    })
    .join('\n');

/** Why programs were not judged. */
export const reasonTable = (all: readonly Judgement[]): string =>
  groups(
    all.filter((one) => one.verdict === 'outside'),
    (one) => one.why,
  )
    .map(([why, list]) => `not judged, ${why}: ${list.length}`)
    .join('\n');

/** What is kept of a run: counts, and per file `agreeing/judged` where the two differ. */
export function summary(all: readonly Judgement[]): Readonly<Record<string, unknown>> {
  const outside = all.filter((one) => one.verdict === 'outside');
  return {
    kernel: '6.12.117',
    programs: all.length,
    judged: all.length - outside.length,
    agree: count(all, 'agrees'),
    notJudged: Object.fromEntries(groups(outside, (one) => one.why).map(([why, list]) => [why, list.length])),
    differ: Object.fromEntries(
      groups(
        all.filter((one) => one.verdict === 'differs'),
        (one) => one.file,
      ).map(([file, list]) => [file, list.map((one) => one.name)]),
    ),
  };
}
