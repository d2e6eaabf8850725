/**
 * Random worlds and random changes of them against the image checker.
 *
 *     node scripts/fuzz_worlds.mjs [--seed N] [--from N] [--count N] [--seconds N] [--write]
 *     node scripts/fuzz_worlds.mjs --holes [--count N]     does it find bugs that are put in on purpose?
 *
 * --write keeps the numbers in fuzz.json.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
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
const seed = Number(values.seed);

/** Builds the fuzzer. @param hole { file, find, replace }: a change of the kernel's source */
async function load(name, hole) {
  const outDir = join(root, '.cache', 'fuzz_worlds', name);
  let changed = false;
  const plant = {
    name: 'hole',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith(`/kernel/${hole.file}`)) return null;
      if (code.split(hole.find).length !== 2) throw new Error(`${hole.name}: its text is not there once`);
      changed = true;
      return code.replace(hole.find, () => hole.replace);
    },
  };
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: hole ? [plant] : [],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir,
      minify: false,
      target: 'node20',
      rolldownOptions: {
        input: { fuzz: join(root, 'src/engine/kernel/fuzz/index.ts') },
        output: { entryFileNames: '[name].mjs' },
      },
    },
  });
  if (hole && !changed) throw new Error(`${hole.name}: ${hole.file} is not part of the fuzzer`);
  const fuzz = await import(pathToFileURL(join(outDir, 'fuzz.mjs')).href);
  const btf = gunzipSync(readFileSync(join(root, 'recorded/linux-6.12/kernel/vmlinux.btf.gz')));
  return { ...fuzz, btf: fuzz.Btf.parse(new Uint8Array(btf)) };
}

/** Plays worlds until the count or the time is used up, or `stop` says so. */
function run(fuzz, stop = () => false) {
  const campaign = new fuzz.Campaign(fuzz.btf, seed);
  const tally = fuzz.emptyTally();
  const end = Date.now() + Number(values.seconds) * 1000;
  const from = Number(values.from);
  for (let n = from; n < from + Number(values.count) && Date.now() < end && !stop(tally); n++)
    campaign.step(n, tally);
  return tally;
}

function keep(entry) {
  if (!values.write) return;
  const file = join(root, 'fuzz.json');
  const all = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  all.worlds = { ...all.worlds, ...entry };
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

async function worlds() {
  const fuzz = await load('plain', null);
  const start = Date.now();
  const { failures, ...counts } = run(fuzz);
  const numbers = { generator: fuzz.GENERATOR_VERSION, seed, from: Number(values.from), ...counts };
  for (const { n, after, what } of failures.slice(0, 30))
    console.log(`FAILURE n=${n} after ${after}: ${what}`);
  console.log(JSON.stringify(numbers));
  console.log(`${failures.length} failures, ${(Date.now() - start) / 1000} s`);
  keep({ random: { ...numbers, failures } });
  if (failures.length > 0) process.exitCode = 1;
}

/** Puts in one bug after the other; each must be found. */
async function holes() {
  const all = JSON.parse(readFileSync(join(root, 'src/engine/kernel/fuzz/holes.json'), 'utf8'));
  const each = [];
  for (const hole of all.filter(({ name }) => name.includes(values.only))) {
    const fuzz = await load(`hole${all.indexOf(hole)}`, hole);
    const { worlds: tried, failures } = run(fuzz, (tally) => tally.failures.length > 0);
    const [first] = failures;
    each.push({ hole: hole.name, foundAfter: first ? tried : null, tried, what: first?.what ?? null });
    console.log(first ? `found after ${tried}` : `NOT FOUND in ${tried}`, hole.name, '-', first?.what ?? '');
  }
  const found = each.filter(({ foundAfter }) => foundAfter !== null).length;
  console.log(`${found} of ${each.length} found`);
  keep({ holes: { seed, planted: each.length, found, each } });
  if (found < each.length) process.exitCode = 1;
}

await (values.holes ? holes() : worlds());
