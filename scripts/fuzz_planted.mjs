/**
 * Shows that the differential fuzzer works: each planted miscompile is built in, and has to be found.
 *
 *     --seed N          the first program, 0 unless told
 *     --count N         programs tried for each, 1500 unless told
 *     --answers FILE    what clang answered to them, from an earlier run of scripts/fuzz_cc.mjs
 *     --only TEXT       only those whose file or text holds it
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from './options.mjs';
import { PLANTED } from './planted_bugs.mjs';
import { buildTs, root } from './run_ts.mjs';

const { values } = readOptions({
  options: {
    seed: { type: 'string', default: '0' },
    count: { type: 'string', default: '1500' },
    answers: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const FOLDER = 'fuzz_planted';
const bugs = PLANTED.filter((bug) => bug.join(' ').includes(values.only));
for (const [file, from] of bugs)
  if (!readFileSync(join(root, 'src', 'engine', 'cc', file), 'utf8').includes(from))
    throw new Error(`${file} has changed: ${from}`);

/** Builds the fuzzer, with one replacement in the compiler or none. */
const fuzzer = (name, [file, from, to] = []) =>
  buildTs('bench/fuzz/main.ts', join(FOLDER, name), [
    {
      name: 'plant',
      enforce: 'pre',
      transform: (code, id) =>
        file !== undefined && id.endsWith(join('engine', 'cc', file)) ? code.replace(from, () => to) : null,
    },
  ]);

const answers = join(root, '.cache', FOLDER, 'answers.json');
rmSync(answers, { force: true });
mkdirSync(join(root, '.cache', FOLDER), { recursive: true });
if (values.answers !== undefined) copyFileSync(values.answers, answers);
const run = (script, ...words) =>
  spawnSync(
    process.execPath,
    [script, '--seed', values.seed, '--count', values.count, '--answers', answers, ...words],
    { cwd: root, encoding: 'utf8' },
  );

const sound = run(await fuzzer('sound'));
if (sound.status !== 0)
  throw new Error(`without planted bugs: ${(sound.stdout + sound.stderr).slice(0, 2000)}`);
let missed = 0;
for (const [i, bug] of bugs.entries()) {
  const [file, from, to] = bug;
  const { stdout } = run(await fuzzer(String(i), bug), '--stop');
  const found = /^\d+: .*/m.exec(stdout)?.[0] ?? null;
  if (found === null) missed++;
  console.log(
    `${found === null ? 'MISSED' : 'found '} ${file}: ${from.trim()} -> ${to.trim()} | ${found?.slice(0, 90) ?? ''}`,
  );
}
console.log(`${bugs.length - missed} of ${bugs.length} found`);
process.exitCode = missed === 0 ? 0 : 1;
