/**
 * The verifier's soundness fuzzer.
 *
 *     node scripts/fuzz_verifier.mjs [--seed N] [--from N] [--count N] [--seconds N] [--write] [--chunk N]
 *     node scripts/fuzz_verifier.mjs --mutants ...              changed forms of compilers' programs, in blocks of 1000
 *     node scripts/fuzz_verifier.mjs --explain N [--seed N]     one program, and what the verifier says
 *     node scripts/fuzz_verifier.mjs --holes [--count N]        does it find holes that are put in on purpose?
 *
 * --write keeps the numbers in fuzz.json, after every chunk: one row for each commit, seed and generator.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { setFlagsFromString } from 'node:v8';
import { findHoles, keep, load } from './fuzz_runner.mjs';
import { readOptions, whole } from './options.mjs';
import { root } from './run_ts.mjs';

// states are many and short-lived
setFlagsFromString('--max-semi-space-size=64');

const { values } = readOptions({
  options: {
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '100000' },
    chunk: { type: 'string', default: '5000' },
    explain: { type: 'string' },
    holes: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});
const seed = whole(values, 'seed');

const FUZZER = { entry: 'src/engine/verifier/fuzz/index.ts', folder: 'verifier' };

const recorded = join(root, 'recorded', 'linux-6.12');
const unpack = (name) => new Uint8Array(gunzipSync(readFileSync(join(recorded, 'kernel', name))));

/** Objects whose programs are changed: clang's of the recorded cases, and our compiler's of the examples. */
function specimens(fuzz, btf) {
  const index = readFileSync(join(recorded, 'index.tsv'), 'utf8').split('\n');
  const cases = index.flatMap((line) => {
    const [, name, verdict] = line.split('\t');
    return verdict === 'accept' ? [name] : [];
  });
  const clang = cases.map((name) => ({
    name: `${name} (clang)`,
    object: new Uint8Array(readFileSync(join(recorded, 'cases', name, `${name}.clang.o`))),
  }));
  const types = fuzz.Btf.parse(btf);
  const examples = join(root, 'app', 'examples');
  const ours = readdirSync(examples)
    .filter((name) => name.endsWith('.bpf.c'))
    .flatMap((path) => {
      const text = readFileSync(join(examples, path), 'utf8');
      const { object } = fuzz.compileSource({ path, text }, types);
      return object ? [{ name: `${path} (ours)`, object }] : [];
    });
  return [...clang, ...ours];
}

/** Many programs of one source. */
function campaignOf(fuzz) {
  const btf = unpack('vmlinux.btf.gz');
  if (!values.mutants) return new fuzz.Campaign(fuzz.Btf.parse(btf), seed);
  const worlds = join(root, 'app', 'worlds');
  const resources = {
    btf: () => btf,
    world: (name) => readFileSync(join(worlds, `${name}.json`), 'utf8'),
    worldNames: [],
  };
  const kallsyms = fuzz.Symbols.parse(new TextDecoder().decode(unpack('kallsyms.gz')));
  const boot = { world: { name: 'demo' }, btf, kallsyms, release: '6.12' };
  return new fuzz.MutantCampaign({ resources, boot }, specimens(fuzz, btf), seed);
}

/** Judges programs from `from` on until the count or the time is used up, or `stop` says so. */
function run(campaign, tally, from, count, end, stop = () => false) {
  // every refusal is thrown
  Error.stackTraceLimit = 0;
  for (let n = from; n < from + count && Date.now() < end && !stop(tally); n++) {
    try {
      campaign.step(n, tally);
    } catch (error) {
      tally.programs++;
      tally.failures.push({ seed, n, insn: 0, what: `bug: ${error.message}` });
    }
  }
}

const percent = (part, whole) => Math.round((1000 * part) / Math.max(1, whole)) / 10;

const kept = () => JSON.parse(readFileSync(join(root, 'fuzz.json'), 'utf8')).verifier;

/** The numbers of a campaign, added to those of earlier chunks of the same one. */
function keepRow(row) {
  const same = (other) =>
    ['source', 'commit', 'generator', 'seed', 'from'].every((key) => other[key] === row[key]);
  keep('verifier', { campaigns: [...kept().campaigns.filter((other) => !same(other)), row] });
}

const commit = () =>
  execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();

async function programs() {
  const fuzz = await load({ ...FUZZER, name: 'verifier/plain' });
  const campaign = campaignOf(fuzz);
  if (values.explain !== undefined) {
    console.log(campaign.explain(whole(values, 'explain')));
    return;
  }
  const start = process.cpuUsage();
  const end = Date.now() + whole(values, 'seconds') * 1000;
  const from = whole(values, 'from');
  const last = from + whole(values, 'count');
  const tally = fuzz.emptyTally();
  const at = commit();
  const numbers = () => ({
    source: values.mutants ? 'mutants' : 'random',
    commit: at,
    generator: fuzz.GENERATOR_VERSION,
    seed,
    from,
    programs: tally.programs,
    accepted: tally.accepted,
    acceptedPercent: percent(tally.accepted, tally.programs),
    tooLong: tally.tooLong,
    checked: tally.checked,
    instructionsRun: tally.retired,
    cpuSeconds: Math.round(process.cpuUsage(start).user / 1e6),
    failures: tally.failures.slice(0, 20),
  });
  let shown = 0;
  for (let n = from; n < last && Date.now() < end; n += whole(values, 'chunk')) {
    run(campaign, tally, n, Math.min(whole(values, 'chunk'), last - n), end);
    if (values.write) keepRow(numbers());
    for (; shown < Math.min(tally.failures.length, 40); shown++)
      console.log(`FAILURE n=${tally.failures[shown].n}: ${tally.failures[shown].what}`);
    console.log(JSON.stringify({ ...numbers(), failures: tally.failures.length }));
  }
  const messages = [...tally.messages].sort((a, b) => b[1] - a[1]);
  for (const [message, count] of messages.slice(0, 25)) console.log(String(count).padStart(7), message);
  if (tally.failures.length > 0) process.exitCode = 1;
}

/** Numbers of holes that were tried before stay until they are tried again. */
function keepHoles(found, names) {
  const each = names.flatMap((name) => {
    const entry = [...found, ...kept().holes.each].find(({ hole }) => hole === name);
    return entry ? [entry] : [];
  });
  const missed = each.filter(({ foundAfter }) => foundAfter === null).length;
  keep('verifier', { holes: { seed, planted: each.length, found: each.length - missed, each } });
}

/** Puts in one hole after the other; each must be found, by an assertion of the verifier (`bug:`) if need be. */
async function holes() {
  const all = JSON.parse(readFileSync(join(root, 'src/engine/verifier/fuzz/holes.json'), 'utf8'));
  const real = ({ failures }) => failures.find(({ what }) => !what.startsWith('bug: '));
  const wanted = all.filter(({ name }) => values.only.split(',').some((word) => name.includes(word)));
  const from = whole(values, 'from');
  const { planted, found, each } = await findHoles(wanted, async (hole) => {
    const fuzz = await load({ ...FUZZER, name: `verifier/hole${all.indexOf(hole)}`, hole });
    const tally = fuzz.emptyTally();
    const end = Date.now() + whole(values, 'seconds') * 1000;
    run(campaignOf(fuzz), tally, from, whole(values, 'count'), end, real);
    // an assertion of the verifier's own that fails is its last defence: told apart
    const failure = real(tally) ?? tally.failures[0];
    const tried = tally.programs;
    return failure ? { tried, what: failure.what, foundAfter: failure.n - from + 1 } : { tried, what: null };
  });
  if (values.write)
    keepHoles(
      each,
      all.map(({ name }) => name),
    );
  if (found < planted) process.exitCode = 1;
}

await (values.holes ? holes() : programs());
