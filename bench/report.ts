/**
 * What the benchmarks found: rows for people, ratios for the baseline.
 *
 * Milliseconds belong to a machine; a ratio of two things measured side by side hardly does. So only ratios
 * (and byte counts) are kept in baseline.json, each with the factor by which it may get worse.
 */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Row {
  readonly what: string;
  /** Figures with their units, ready to print. */
  readonly cells: readonly string[];
}

export interface Metric {
  readonly name: string;
  readonly value: number;
  /** Which way is good. */
  readonly better: 'higher' | 'lower';
  /** Worse than the baseline by more than this factor is a regression. */
  readonly tolerance: number;
}

/** One group of measurements. */
export interface Group {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly metrics: readonly Metric[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** Three significant digits. */
export const figure = (value: number): string =>
  !Number.isFinite(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
export const ms = (value: number): string => `${figure(value)} ms`;
export const times = (value: number): string => `${figure(value)}x`;
export const perSecond = (value: number): string =>
  value >= 1e6
    ? `${figure(value / 1e6)} M/s`
    : value >= 1e3
      ? `${figure(value / 1e3)} k/s`
      : `${figure(value)}/s`;

/** The group as a Markdown table with even columns. */
export function tableOf({ title, columns, rows, notes }: Group): string {
  const lines = [['', ...columns], ...rows.map(({ what, cells }) => [what, ...cells])];
  const widths = lines[0]?.map((_, i) => Math.max(3, ...lines.map((line) => (line[i] ?? '').length))) ?? [];
  const print = (line: readonly string[]): string =>
    `| ${widths.map((width, i) => (i === 0 ? (line[i] ?? '').padEnd(width) : (line[i] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => `${'-'.repeat(width + 1)}${i === 0 ? '-' : ':'}`).join('|')}|`;
  const [head = [], ...body] = lines;
  return [
    `### ${title}`,
    '',
    print(head),
    rule,
    ...body.map(print),
    ...notes.map((note) => `\n${note}`),
    '',
  ].join('\n');
}

type Baseline = Readonly<Record<string, Omit<Metric, 'name'>>>;

/**
 * Compares with the baseline.
 *
 * @returns one sentence for each metric that got worse by more than its tolerance
 */
export function regressions(metrics: readonly Metric[], baseline: Baseline): string[] {
  return metrics.flatMap(({ name, value }) => {
    const was = baseline[name];
    if (!was) return [];
    const worse = was.better === 'higher' ? was.value / value : value / was.value;
    return worse <= was.tolerance
      ? []
      : [
          `${name}: ${figure(value)}, the baseline has ${figure(was.value)} (${was.better} is better, tolerance ${was.tolerance}x)`,
        ];
  });
}

export const readBaseline = (path: string): Baseline => JSON.parse(readFileSync(path, 'utf8')) as Baseline;

/** Rewrites the metrics that were measured; those that were not stay. */
export function writeBaseline(path: string, old: Baseline, metrics: readonly Metric[]): void {
  const measured = Object.fromEntries(
    metrics.map(({ name, value, better, tolerance }) => [
      name,
      { value: Number(value.toPrecision(3)), better, tolerance },
    ]),
  );
  writeFileSync(path, `${JSON.stringify({ ...old, ...measured }, null, 2)}\n`);
}
