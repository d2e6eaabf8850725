/**
 * Random worlds and random changes of them against the image checker.
 *
 *     node scripts/fuzz_worlds.mjs [--seed N] [--from N] [--count N] [--seconds N] [--write]
 *     node scripts/fuzz_worlds.mjs --holes [--count N]     does it find bugs that are put in on purpose?
 *
 * --write keeps the numbers in fuzz.json.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findHoles, keep, load, play, recordedBtf } from './fuzz_runner.mjs';
import { readOptions } from './options.mjs';
import { root } from './run_ts.mjs';

const { values } = readOptions({
  options: {
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '100000' },
    holes: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});
const [seed, from, count, seconds] = [values.seed, values.from, values.count, values.seconds].map(Number);
const FUZZER = { entry: 'src/engine/kernel/fuzz/index.ts', folder: 'kernel' };

/** Plays worlds, with a built fuzzer. */
function run(fuzz, stop) {
  const campaign = new fuzz.Campaign(fuzz.Btf.parse(recordedBtf()), seed);
  const step = (n, tally) => campaign.step(n, tally);
  return play({ from, count, seconds, tally: fuzz.emptyTally(), step, stop });
}

async function worlds() {
  const fuzz = await load({ ...FUZZER, name: 'worlds/plain' });
  const start = Date.now();
  const { failures, ...counts } = run(fuzz);
  const numbers = { generator: fuzz.GENERATOR_VERSION, seed, from, ...counts };
  for (const { n, after, what } of failures.slice(0, 30))
    console.log(`FAILURE n=${n} after ${after}: ${what}`);
  console.log(JSON.stringify(numbers));
  console.log(`${failures.length} failures, ${(Date.now() - start) / 1000} s`);
  if (values.write) keep('worlds', { random: { ...numbers, failures } });
  if (failures.length > 0) process.exitCode = 1;
}

async function holes() {
  const all = JSON.parse(readFileSync(join(root, 'src/engine/kernel/fuzz/holes.json'), 'utf8'));
  const result = await findHoles(
    all.filter(({ name }) => name.includes(values.only)),
    async (hole) => {
      const fuzz = await load({ ...FUZZER, name: `worlds/hole${all.indexOf(hole)}`, hole });
      const { worlds: tried, failures } = run(fuzz, (tally) => tally.failures.length > 0);
      return { tried, what: failures[0]?.what ?? null };
    },
  );
  if (values.write) keep('worlds', { holes: { seed, ...result } });
  if (result.found < result.planted) process.exitCode = 1;
}

await (values.holes ? holes() : worlds());
