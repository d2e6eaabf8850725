/**
 * Our objects beside clang's of the same sources: as few instructions, and every variable at the same place.
 * Sources are the recorded cases and the corpus; clang's objects of the corpus stand in recorded/clang-19.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../shared/assert.ts';
import * as elf from '../elf/elf.ts';
import { readElf } from '../elf/read.ts';
import { INSN_BYTES } from '../abi/insn.ts';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';

const recorded = join(import.meta.dirname, '../../../recorded');
const cases = join(recorded, 'linux-6.12/cases');
const corpus = join(import.meta.dirname, 'corpus');

interface Pair {
  readonly name: string;
  readonly ours: Uint8Array;
  readonly clang: Uint8Array;
}
const read = (path: string): Uint8Array => Uint8Array.from(readFileSync(path));

const files = (wanted: string): string | null =>
  wanted === 'lab.h' ? readFileSync(join(cases, 'lab.h'), 'utf8') : null;
function pair(name: string, source: string, object: string): Pair {
  const text = readFileSync(source, 'utf8');
  const result = compile({ path: basename(source), text, files, kernelBtf: recordedBtf() });
  const messages = result.diagnostics.map((d) => `${d.line}: ${d.message}`).join('; ');
  return { name, ours: must(result.object, `${name}: ${messages}`), clang: read(object) };
}
const pairs: readonly Pair[] = [
  ...readdirSync(cases)
    .filter((name) => !name.includes('.'))
    .map((name) => pair(name, join(cases, name, `${name}.bpf.c`), join(cases, name, `${name}.clang.o`))),
  ...(existsSync(corpus) ? readdirSync(corpus) : [])
    .filter((name) => name.endsWith('.bpf.c'))
    .map((file) => {
      const name = file.slice(0, -'.bpf.c'.length);
      return pair(name, join(corpus, file), join(recorded, 'clang-19', `${name}.bpf.o`));
    }),
];

const instructions = (object: Uint8Array): number =>
  readElf(object)
    .sections.filter(({ flags }) => (flags & elf.SHF_EXECINSTR) !== 0)
    .reduce((sum, { size }) => sum + size / INSN_BYTES, 0);

test('as few instructions as clang -O2', () => {
  const ratios = pairs.map(({ name, ours, clang }) => ({
    name,
    ratio: instructions(ours) / instructions(clang),
  }));
  const geomean = Math.exp(ratios.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / ratios.length);
  expect(geomean).toBeLessThanOrEqual(1.1);
  expect(ratios.filter(({ ratio }) => ratio > 1.4)).toEqual([]);
});

/** Named objects with their section and offset. clang's own copies of initial values are not among them. */
function places(object: Uint8Array): string[] {
  const file = readElf(object);
  return file.symbols
    .filter(({ type }) => type === elf.STT_OBJECT)
    .map(({ name, section, value }) => `${file.sections[section]?.name}+${value}: ${name}`)
    .filter((line) => !/^\.rodata\.(str|\D)/.test(line))
    .sort();
}
/** Where clang's optimiser changes what data there is, and how. */
const OTHER_DATA: Readonly<Record<string, string>> = {
  binary_search: 'the table became comparisons',
  bit_counting: 'a table for counting zeros was added',
  designated_ranges: 'the table became a number',
  open_files: 'formats are numbered otherwise',
  pointer_arithmetic: 'the array became a number',
  static_local_state: 'the struct became two variables',
};
test.for(pairs.filter(({ name }) => !(name in OTHER_DATA)))(
  '$name: variables stand where clang puts them',
  ({ ours, clang }) => {
    expect(places(ours)).toEqual(places(clang));
  },
);
