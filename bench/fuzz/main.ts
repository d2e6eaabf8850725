/**
 * Differential fuzzing: random programs through our compiler and through clang, run on the same machine.
 *
 *     --seed N --count N    which programs
 *     --answers FILE        clang's answers are kept there, and taken from there when the file is
 *     --variant V,V         ways to compile with ours: v1, v2, v3, v4, O0; v3 unless told
 *     --stop                ends with the first failure
 *     --any                 damaged sources through our compiler alone, instead
 *     --record [--only P]   clang's objects of the corpus are made anew, or of one program, instead
 *     --print, --reduce     one program, as generated or as small as it still fails
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOptions, refuse, whole } from '../../scripts/options.mjs';
import { GENERATOR_VERSION, generateFile, programName } from '../../src/engine/cc/fuzz/program.ts';
import { findClang } from '../clang.ts';
import { anySource } from './any.ts';
import { recordCorpus } from './record.ts';
import { reduce } from './reduce.ts';
import { answers, clang, ours, STRICT, VARIANTS } from './tools.ts';
import type { Compiled, Variant } from './tools.ts';

const { values } = readOptions({
  options: {
    seed: { type: 'string', default: '0' },
    count: { type: 'string', default: '1000' },
    answers: { type: 'string' },
    variant: { type: 'string', default: 'v3' },
    stop: { type: 'boolean', default: false },
    any: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    only: { type: 'string' },
    print: { type: 'boolean', default: false },
    reduce: { type: 'boolean', default: false },
  },
});
const PER_FILE = 25;
/** After so many it is said how far it is, and what clang answered is kept. */
const PROGRESS = 1000;
const folder = join('.cache', 'fuzz_work', String(process.pid));
const first = whole(values, 'seed');
const count = whole(values, 'count');
const variants = values.variant.split(',');
for (const variant of variants)
  if (!Object.hasOwn(VARIANTS, variant))
    refuse(`--variant takes ${Object.keys(VARIANTS).join('|')}, not '${variant}'`);
const reduced = VARIANTS[variants[0] ?? ''] ?? {};

function needClang(): string {
  const command = findClang();
  if (command === null) refuse('There is no clang that knows BPF.');
  return command;
}

/** Still compiled by clang, and refused or computed differently by us, as before. */
function failsAs(refused: boolean): (text: string) => boolean {
  const command = needClang();
  return (text) => {
    const theirs = clang(command, text, folder, STRICT);
    if (!('object' in theirs)) return false;
    const mine = compileOurs(text, reduced);
    if (!('object' in mine)) return refused;
    if (refused || !text.includes(`${programName(first)}(`)) return false;
    const [want] = answers(theirs.object, [first]);
    return want !== null && want !== answers(mine.object, [first])[0];
  };
}

/** Our compiler; an exception is a refusal too, and always a bug. */
function compileOurs(text: string, variant: Variant): Compiled {
  try {
    return ours(text, variant);
  } catch (error) {
    const where = error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : '';
    return { refused: `crash: ${where}` };
  }
}

/** An object for each program. Where a file is refused, its halves are tried, down to single programs. */
function compileAll(
  seeds: readonly number[],
  compiler: (text: string) => Compiled,
): Map<number, Uint8Array | string> {
  const result = compiler(generateFile(seeds));
  if ('object' in result) {
    const { object } = result;
    return new Map(seeds.map((seed) => [seed, object]));
  }
  if (seeds.length === 1) return new Map([[seeds[0] ?? 0, result.refused]]);
  const half = Math.ceil(seeds.length / 2);
  return new Map([...compileAll(seeds.slice(0, half), compiler), ...compileAll(seeds.slice(half), compiler)]);
}

/** What each program answers, null where it does not end; programs that were refused are absent. */
function answersOf(objects: ReadonlyMap<number, Uint8Array | string>): Map<number, string | null> {
  const byObject = new Map<Uint8Array, number[]>();
  for (const [seed, object] of objects)
    if (typeof object !== 'string') byObject.set(object, [...(byObject.get(object) ?? []), seed]);
  const all = new Map<number, string | null>();
  for (const [object, seeds] of byObject) {
    const got = answers(object, seeds);
    for (const [i, seed] of seeds.entries()) all.set(seed, got[i] ?? null);
  }
  return all;
}

/** clang's answers to all programs, kept in a file when one is named. */
class Wanted {
  private readonly file = values.answers;
  private readonly known = new Map<number, string | null>(
    this.file !== undefined && existsSync(this.file)
      ? (JSON.parse(readFileSync(this.file, 'utf8')) as [number, string | null][])
      : [],
  );
  of(seeds: readonly number[]): ReadonlyMap<number, string | null> {
    if (seeds.every((seed) => this.known.has(seed))) return this.known;
    const command = needClang();
    for (const [seed, answer] of answersOf(compileAll(seeds, (text) => clang(command, text, folder))))
      this.known.set(seed, answer);
    return this.known;
  }
  save(): void {
    if (this.file === undefined) return;
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(this.file, JSON.stringify([...this.known]));
  }
}

/** Without optimising a program may need more stack than there is, and old versions of BPF have few atomics. */
const isRightRefusal = (variant: string, what: string): boolean =>
  (variant === 'O0' && what.includes('bytes of stack')) ||
  (/v[12]/.test(variant) && what.includes('unsupported atomic'));

function fuzz(): boolean {
  const wanted = new Wanted();
  const found = { compared: 0, endless: 0, refusedByClang: 0, failures: 0 };
  for (let at = first; at < first + count; at += PER_FILE) {
    const seeds = Array.from({ length: Math.min(PER_FILE, first + count - at) }, (_, i) => at + i);
    const want = wanted.of(seeds);
    const accepted = seeds.filter((seed) => want.has(seed));
    if (at % PROGRESS === 0 && at > first) {
      console.error(`before ${at}: ${JSON.stringify(found)}`);
      wanted.save();
    }
    found.refusedByClang += seeds.length - accepted.length;
    for (const variant of variants) {
      const mine = compileAll(accepted, (text) => compileOurs(text, VARIANTS[variant]!));
      const got = answersOf(mine);
      for (const seed of accepted) {
        const object = mine.get(seed);
        let what: string | null = null;
        if (typeof object === 'string') what = `refused: ${object}`;
        else if (want.get(seed) === null) found.endless++;
        else if (want.get(seed) !== got.get(seed)) what = `computes ${got.get(seed)}, not ${want.get(seed)}`;
        found.compared++;
        if (what === null || isRightRefusal(variant, what)) continue;
        found.failures++;
        console.log(`${seed}: ${variant === 'v3' ? '' : `${variant}: `}${what}`);
        if (values.stop) return false;
      }
    }
  }
  wanted.save();
  console.log(JSON.stringify({ generator: GENERATOR_VERSION, seed: first, count, variants, ...found }));
  return found.failures === 0;
}

if (values.any) process.exitCode = anySource(first, count) === 0 ? 0 : 1;
else if (values.record) recordCorpus(needClang(), values.only ?? null);
else if (values.print) process.stdout.write(generateFile([first]));
else if (values.reduce) {
  const text = generateFile([first]);
  process.stdout.write(`${reduce(text, failsAs(!('object' in compileOurs(text, reduced))))}\n`);
} else process.exitCode = fuzz() ? 0 : 1;
