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

/** Programs that are longer than clang's by more than 1.4, with how much and why. */
const LONGER: Readonly<Record<string, number>> = {
  // Bit-fields of a local struct stay in memory; clang keeps the whole unit in a register.
  bit_fields: 2.1,
  // A struct whose address goes to memcmp is read and written byte by byte.
  struct_copy: 2.2,
  // Bytes are copied one at a time out of a kernel struct's array of char; clang knows its alignment.
  struct_record: 2.4,
};

test('as few instructions as clang -O2', () => {
  const ratios = pairs.map(({ name, ours, clang }) => ({
    name,
    ratio: instructions(ours) / instructions(clang),
  }));
  const geomean = Math.exp(ratios.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / ratios.length);
  expect(geomean).toBeLessThanOrEqual(1.1);
  expect(ratios.filter(({ name, ratio }) => ratio > 1.4 && !(name in LONGER))).toEqual([]);
  for (const { name, ratio } of ratios) expect(ratio, name).toBeLessThan(LONGER[name] ?? 1.41);
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
test.for(pairs)('$name: variables stand where clang puts them', ({ ours, clang }) => {
  expect(places(ours)).toEqual(places(clang));
});
