/**
 * Shows that the differential fuzzer works: each planted miscompile is built in, and has to be found.
 *
 *     --count N         programs tried for each, 1500 unless told
 *     --answers FILE    what clang answered to them, from an earlier run of scripts/fuzz_cc.mjs
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { PLANTED } from './planted_bugs.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { count: { type: 'string', default: '1500' }, answers: { type: 'string' } },
});
const tries = values.count;

/** Builds the fuzzer, with one replacement in the compiler or none. */
async function fuzzer(name, bug) {
  const outDir = join(root, '.cache', 'fuzz_planted', name);
  const plant = {
    name: 'plant',
    enforce: 'pre',
    transform(code, id) {
      if (!bug || !id.endsWith(join('engine', 'cc', bug[0]))) return null;
      return code.replace(bug[1], bug[2]);
    },
  };
  await build({
    root,
    configFile: join(root, 'vite.fuzz.config.ts'),
    logLevel: 'error',
    plugins: [plant],
    build: { outDir },
  });
  return join(outDir, 'fuzz.mjs');
}

const answers = join(root, '.cache', 'fuzz_planted', 'answers.json');
rmSync(answers, { force: true });
mkdirSync(dirname(answers), { recursive: true });
if (values.answers !== undefined) copyFileSync(values.answers, answers);
const run = (script, ...words) =>
  spawnSync(process.execPath, [script, '--count', tries, '--answers', answers, ...words], {
    cwd: root,
    encoding: 'utf8',
  });

const sound = run(await fuzzer('sound', null));
if (sound.status !== 0) throw new Error(`without planted bugs:\n${sound.stdout}${sound.stderr}`);
let missed = 0;
for (const [i, bug] of PLANTED.entries()) {
  const [file, from, to] = bug;
  const source = readFileSync(join(root, 'src', 'engine', 'cc', file), 'utf8');
  if (!source.includes(from)) throw new Error(`${file} has changed: ${from}`);
  const { stdout } = run(await fuzzer(String(i), bug), '--stop');
  const found = /^\d+: .*/m.exec(stdout)?.[0] ?? null;
  if (found === null) missed++;
  console.log(
    `${found === null ? 'MISSED' : 'found '} ${file}: ${from.trim()} -> ${to.trim()} | ${found?.slice(0, 90) ?? ''}`,
  );
}
console.log(`${PLANTED.length - missed} of ${PLANTED.length} found`);
process.exit(missed === 0 ? 0 : 1);
