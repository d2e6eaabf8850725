/**
 * What one keystroke costs: the editor's analysis of a whole program after an edit, in a running process as the
 * page uses it, beside a `clang -fsyntax-only` of the same text with a vmlinux.h that was stripped to what the
 * program needs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { includeFrom } from '../app/cli/files.ts';
import { IncrementalReader } from '../src/engine/analyze/incremental.ts';
import { analyze } from '../src/engine/analyze/language.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { compileSource } from '../src/engine/machine/program.ts';
import { must } from '../src/shared/assert.ts';
import { btfSection, clangCheck, findClang, strippedHeader, versionOf, writeHeaders } from './clang.ts';
import { cpuMs, geomean, inWarmProcess, race, warmUp } from './measure.ts';
import type { Samples } from './measure.ts';
import { ms, times } from './report.ts';
import type { Group } from './report.ts';
import { CASE_HEADERS, EXAMPLES, readSource, RECORDED, recordedBtf } from './sources.ts';

const ROUNDS = 3;
/** CPU time for which there is typing in all programs in turn before anything counts. */
const WARM_UP_MS = 8_000;

/** What a program includes that does not come with the compiler. */
function headersOf(path: string, text: string): Record<string, string> {
  const include = includeFrom(path, [CASE_HEADERS]);
  const names = Array.from(text.matchAll(/^#include\s+["<]([^">]+)/gm), ([, name = '']) => name);
  return Object.fromEntries(names.flatMap((name) => [[name, include(name)] as const]).filter(isFound));
}
const isFound = (entry: readonly [string, string | null]): entry is readonly [string, string] =>
  entry[1] !== null;

/** Each analysis is of a text that none before had: a letter more, in the last function. */
function typing(path: string, btf: Btf): () => void {
  const text = readSource(path);
  const files = headersOf(path, text);
  const reader = new IncrementalReader(btf);
  const at = text.lastIndexOf('}');
  let letters = 0;
  return () => {
    const edited = `${text.slice(0, at)}/* ${++letters} */${text.slice(at)}`;
    const { diagnostics } = analyze({ path, text: edited, files }, btf, reader);
    const error = diagnostics.find(({ severity }) => severity === 'error');
    if (error) throw new Error(`${path}:${error.line}: ${error.message}`);
  };
}

export function analyzeGroup(): Group {
  const folder = mkdtempSync(join(tmpdir(), 'iterscope-bench-'));
  try {
    const btf = recordedBtf();
    const clang = findClang();
    writeHeaders(join(folder, 'headers'));
    const keystrokes = [...EXAMPLES, ...RECORDED].map((path) => {
      const type = typing(path, btf);
      return { path, type, cold: cpuMs(type) };
    });
    warmUp(
      keystrokes.map(({ type }) => type),
      WARM_UP_MS,
    );
    const results = keystrokes.map(({ path, type, cold }) => {
      const ours = inWarmProcess(type);
      const withCold = <Found extends { readonly ours: Samples }>(found: Found): Found => ({
        ...found,
        ours: { ...found.ours, cold },
      });
      if (clang === null) return { path, ...withCold(race({ ours }, ROUNDS)), clang: { warm: NaN } };
      const stripped = join(folder, basename(path));
      mkdirSync(stripped);
      const { object } = compileSource(
        { path, text: readSource(path) },
        btf,
        includeFrom(path, [CASE_HEADERS]),
      );
      const used = Btf.parse(must(btfSection(must(object, path)), '.BTF'));
      writeFileSync(join(stripped, 'vmlinux.h'), strippedHeader(btf, used));
      const folders = [stripped, join(folder, 'headers'), CASE_HEADERS];
      return { path, ...withCold(race({ ours, clang: clangCheck(clang, path, folders) }, ROUNDS)) };
    });
    const ratio = ({ ours, clang: peer }: (typeof results)[number]): number => peer.warm / ours.warm;
    return {
      title: 'Analysis after an edit',
      columns: ['first time', 'warm', 'clang -fsyntax-only, stripped', 'clang / warm'],
      rows: results.map((result) => ({
        what: basename(result.path),
        cells: [
          ms(result.ours.cold),
          ms(result.ours.warm),
          ms(result.clang.warm),
          clang === null ? '-' : times(ratio(result)),
        ],
      })),
      metrics:
        clang === null
          ? []
          : [
              {
                name: 'analyze: clang -fsyntax-only with stripped vmlinux.h / ours after an edit',
                value: geomean(results.map(ratio)),
                better: 'higher',
                tolerance: 2,
              },
            ],
      notes: [clang === null ? 'No clang is installed.' : `clang ${versionOf(clang)}.`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
