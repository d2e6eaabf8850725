/**
 * Compile latency, C text to object file: our compiler in a running process, as the page uses it, and as a
 * whole process, as the command line uses it; clang as a whole process with the full vmlinux.h and with one
 * that was stripped to what the program needs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { includeFrom } from '../app/cli/files.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { must } from '../src/shared/assert.ts';
import {
  btfSection,
  clangRun,
  findClang,
  fullHeader,
  strippedHeader,
  versionOf,
  writeHeaders,
} from './clang.ts';
import { cpuMs, geomean, inWarmProcess, race, warmUp, wholeProcess } from './measure.ts';
import type { Samples } from './measure.ts';
import { ms, times } from './report.ts';
import type { Group, Metric, Row } from './report.ts';
import { CASE_HEADERS, EXAMPLES, readSource, RECORDED, recordedBtf } from './sources.ts';

type Contestant = 'ours' | 'cli' | 'clang' | 'stripped';
type Found = Readonly<Partial<Record<Contestant, Samples>>>;

const CLI = join('.cache', 'bench', 'iterscope.mjs');
/** Whole processes that take half a second; and what takes a tenth of that, so that it can be asked more often. */
const SLOW_ROUNDS = 2;
const ROUNDS = 9;
/**
 * CPU time for which all sources are compiled in turn before anything counts. After a third of it a compile still
 * costs a fifth more, after a tenth twice as much: the JavaScript engine is busy optimising the compiler.
 */
const WARM_UP_MS = 40_000;

/** Everything on disk that the peers need. */
interface Bench {
  readonly btf: Btf;
  readonly clang: string | null;
  readonly folder: string;
}

function prepare(folder: string): Bench & { readonly parse: number } {
  let btf: Btf | null = null;
  const parse = cpuMs(() => (btf = recordedBtf()));
  const clang = findClang();
  const bench = { btf: must<Btf>(btf, 'BTF'), clang, folder };
  if (clang !== null) {
    writeHeaders(join(folder, 'headers'));
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'vmlinux.h'), fullHeader(bench.btf));
  }
  return { ...bench, parse };
}

/** A source, ready to be compiled. */
interface Entry {
  readonly path: string;
  readonly compile: () => Uint8Array;
  /** CPU ms of the first time in this process. */
  readonly cold: number;
}

function entryOf(path: string, btf: Btf): Entry {
  const text = readSource(path);
  const include = includeFrom(path, [CASE_HEADERS]);
  const compile = (): Uint8Array => {
    const { object, diagnostics } = compileSource({ path, text }, btf, include);
    return must(object, `an object of ${path}: ${diagnostics[0]?.message}`);
  };
  return { path, compile, cold: cpuMs(compile) };
}

/** Measures one source with everybody who is there. */
function compareOn({ path, compile, cold }: Entry, { btf, clang, folder }: Bench): Found {
  const out = join(folder, 'out.bpf.o');
  const ours = inWarmProcess(compile);
  const cli = wholeProcess(process.execPath, CLI, 'compile', path, '-o', out, '--include', CASE_HEADERS);
  const withCold = <Names extends Found>(found: Names): Names =>
    found.ours ? { ...found, ours: { ...found.ours, cold } } : found;
  if (clang === null) return withCold({ ...race({ ours }, ROUNDS), ...race({ cli }, SLOW_ROUNDS) });
  const stripped = join(folder, basename(path));
  mkdirSync(stripped);
  const used = Btf.parse(must(btfSection(compile()), '.BTF'));
  writeFileSync(join(stripped, 'vmlinux.h'), strippedHeader(btf, used));
  const includes = (kernel: string): string[] => [kernel, join(folder, 'headers'), CASE_HEADERS];
  return withCold({
    ...race({ ours, stripped: clangRun(clang, path, out, includes(stripped)) }, ROUNDS),
    ...race({ cli, clang: clangRun(clang, path, out, includes(join(folder, 'full'))) }, SLOW_ROUNDS),
  });
}

const ratioOf = (found: Found, peer: Contestant, ours: Contestant): number =>
  (found[peer]?.warm ?? NaN) / (found[ours]?.warm ?? NaN);

export function compileGroup(): Group {
  const folder = mkdtempSync(join(tmpdir(), 'iterscope-bench-'));
  try {
    const bench = prepare(folder);
    const entries = [...EXAMPLES, ...RECORDED].map((path) => entryOf(path, bench.btf));
    warmUp(
      entries.map(({ compile }) => compile),
      WARM_UP_MS,
    );
    const results = entries.map((entry) => ({ path: entry.path, found: compareOn(entry, bench) }));
    const rows = results.map(({ path, found }): Row => {
      const cost = (who: Contestant): string => (found[who] ? ms(found[who].warm) : '-');
      const ratio = (peer: Contestant, ours: Contestant): string =>
        found[peer] ? times(ratioOf(found, peer, ours)) : '-';
      return {
        what: basename(path),
        cells: [
          ms(found.ours?.cold ?? NaN),
          cost('ours'),
          cost('cli'),
          cost('clang'),
          cost('stripped'),
          ratio('clang', 'ours'),
          ratio('stripped', 'ours'),
          ratio('clang', 'cli'),
        ],
      };
    });
    const metric = (name: string, peer: Contestant, ours: Contestant, tolerance: number): Metric => ({
      name: `compile: ${name}`,
      value: geomean(results.map(({ found }) => ratioOf(found, peer, ours))),
      better: 'higher',
      tolerance,
    });
    return {
      title: 'Compile latency',
      columns: [
        'first time',
        'warm',
        'whole process',
        'clang',
        'clang, stripped',
        'clang / warm',
        'stripped / warm',
        'clang / process',
      ],
      rows,
      metrics:
        bench.clang === null
          ? []
          : [
              metric('clang with full vmlinux.h / ours warm', 'clang', 'ours', 2),
              metric('clang with stripped vmlinux.h / ours warm', 'stripped', 'ours', 2),
              metric('clang with full vmlinux.h / our whole process', 'clang', 'cli', 1.6),
            ],
      notes: [
        bench.clang === null
          ? 'No clang is installed: its columns are missing.'
          : `clang ${versionOf(bench.clang)}; its vmlinux.h is dumped from the recorded kernel's BTF, which takes ${ms(bench.parse)} to read here.`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
