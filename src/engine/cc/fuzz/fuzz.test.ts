/**
 * A slice of what scripts/fuzz_cc.mjs does at length: random programs, compiled here, answer what clang's
 * objects of the same programs answered on the same processor.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../../shared/assert.ts';
import { LinkedObject } from '../../testing/link.ts';
import { Processor } from '../../vm/processor.ts';
import { emptyKernel, recordedBtf } from '../../vm/testing.ts';
import { compile } from '../compile.ts';
import { generateFile, programName } from './program.ts';

const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../recorded/clang-19/fuzz_answers.json'), 'utf8'),
) as readonly (readonly [seed: number, answer: string | null])[];

const PER_FILE = 10;

test('random programs compute what they compute when clang compiles them', () => {
  expect(answers.length).toBe(40);
  const processor = new Processor(emptyKernel());
  for (let at = 0; at < answers.length; at += PER_FILE) {
    const some = answers.slice(at, at + PER_FILE);
    const seeds = some.map(([seed]) => seed);
    const { object, diagnostics } = compile({
      path: 'fuzz.bpf.c',
      text: generateFile(seeds),
      kernelBtf: recordedBtf(),
    });
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
    const names = seeds.map(programName);
    const linked = new LinkedObject(processor, must(object, 'an object'), names);
    expect(names.map((name) => [name, linked.answer(name)])).toEqual(
      some.map(([seed, answer]) => [programName(seed), answer]),
    );
    linked.close();
  }
});

test('the same seed gives the same program, another seed another', () => {
  expect(generateFile([7])).toBe(generateFile([7]));
  expect(generateFile([7])).not.toBe(generateFile([8]).replaceAll('f8', 'f7'));
});
