/**
 * How things are timed: in CPU time, beside a peer, several rounds in turn.
 *
 * A sampler does its work once and says what it cost. `race` asks all contestants in every round, so that
 * whatever else the machine is doing hurts them alike. The first round is cold (code not yet optimised,
 * caches empty) and stands apart; of the others the median counts.
 */
import { spawnSync } from 'node:child_process';

/** CPU milliseconds of one run. */
export type Sampler = () => number;

export interface Samples {
  /** CPU ms of the first round. */
  readonly cold: number;
  /** Median CPU ms of the rounds after it. */
  readonly warm: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
};

/** Geometric mean: the fair average of ratios. */
export const geomean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** CPU time of this process while `work` runs: its own, the garbage collector's and the JIT compiler's. */
export function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Repeats `work` until it has cost so much CPU time, at least once: on a busy machine wall time would be over
 * before the code is warm.
 *
 * @returns CPU milliseconds of one run
 */
function repeat(work: () => unknown, ms: number): number {
  let times = 0;
  let total = 0;
  do {
    total += cpuMs(work);
    times++;
  } while (total < ms);
  return total / times;
}

/** CPU time for which work is repeated within a round, and before the first round that counts as warm. */
const SLICE_MS = 40;
const WARM_UP_MS = 800;

/** Does all of some work again and again, until the JavaScript engine has optimised what it has in common. */
export function warmUp(works: readonly (() => unknown)[], ms: number): void {
  repeat(() => works.forEach((work) => work()), ms);
}

/** Work in this process that was warmed up before. */
export const inWarmProcess =
  (work: () => unknown): Sampler =>
  () =>
    repeat(work, SLICE_MS);

/** Work in this process: once when cold, repeated when warm. */
export function inProcess(work: () => unknown): Sampler {
  let round = 0;
  return () => {
    round++;
    if (round === 1) return repeat(work, 0);
    if (round === 2) repeat(work, WARM_UP_MS);
    return repeat(work, SLICE_MS);
  };
}

/**
 * A whole process, from start to exit, as the shell's `times` sees it.
 *
 * @throws Error with what it printed when it fails
 */
export function wholeProcess(command: string, ...args: readonly string[]): Sampler {
  return () => {
    const script = '"$@" || exit; times >&3';
    const { status, output } = spawnSync('bash', ['-c', script, 'bench', command, ...args], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${command} failed: ${output[2] ?? ''}`);
    // The second line counts children: user, then system, each as 0m1.234s.
    const children = (output[3] ?? '').split('\n')[1] ?? '';
    return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (ms, [, minutes, seconds]) => ms + Number(minutes) * 60_000 + Number(seconds) * 1000,
      0,
    );
  };
}

/** Asks every sampler once a round, `rounds` times after the cold one. */
export function race<Name extends string>(
  samplers: Readonly<Record<Name, Sampler>>,
  rounds = 5,
): Readonly<Record<Name, Samples>> {
  const names = Object.keys(samplers) as Name[];
  const all = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const name of names) all.get(name)?.push(samplers[name]());
  return Object.fromEntries(
    [...all].map(([name, [cold = NaN, ...rest]]) => [name, { cold, warm: median(rest) }]),
  ) as Record<Name, Samples>;
}
