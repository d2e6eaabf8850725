/** Damaged sources through our compiler alone: none may throw, or take long. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { generateFile } from '../../src/engine/cc/fuzz/program.ts';
import { mutate, soup } from '../../src/engine/cc/fuzz/mutate.ts';
import { Random } from '../../src/engine/cc/fuzz/random.ts';
import { ours } from './tools.ts';

const LIMIT = 5_000;

/** @returns how many failed */
export function anySource(first: number, count: number): number {
  const cases = join('recorded', 'linux-6.12', 'cases');
  const sources = readdirSync(cases)
    .filter((name) => !name.includes('.'))
    .map((name) => readFileSync(join(cases, name, `${name}.bpf.c`), 'utf8'))
    .concat(generateFile([1]), generateFile([2]));
  let failures = 0;
  let slowest = 0;
  for (let seed = first; seed < first + count; seed++) {
    const random = new Random(seed);
    const text = seed % 8 === 0 ? soup(random) : mutate(random, sources);
    const before = performance.now();
    let wrong: string | null = null;
    try {
      ours(text);
    } catch (error) {
      wrong =
        error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' ') : 'thrown';
    }
    const took = performance.now() - before;
    slowest = Math.max(slowest, took);
    if (wrong === null && took < LIMIT) continue;
    failures++;
    console.log(`source ${seed}: ${wrong ?? `took ${took.toFixed(0)} ms`}`);
  }
  console.log(JSON.stringify({ sources: count, first, failures, slowestMs: Math.round(slowest) }));
  return failures;
}
