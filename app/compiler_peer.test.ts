/** Programs of the compiler's corpus do on the machine what clang's objects of them do. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { iterscope } from './cli/testing.ts';

const root = join(import.meta.dirname, '..');
const corpus = join(root, 'src/engine/cc/corpus');
const names = readdirSync(corpus)
  .filter((file) => file.endsWith('.bpf.c'))
  .map((file) => file.slice(0, -'.bpf.c'.length));

interface Outcome {
  readonly stage: string;
  readonly output: string;
  readonly globals: unknown;
  readonly maps: unknown;
}
/** What an iterator of some targets needs, by the text of the program. */
const NEEDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/"iter\/(tcp|udp|unix)"/, ['--world', 'sockets']],
  [/"iter\/cgroup"/, ['--cgroup', '/', '--order', 'pre']],
];

/** What of a run is the program's own doing. */
function outcome(file: string, needs: readonly string[]): Outcome {
  const { stdout } = iterscope('run', file, '--json', ...needs);
  const { stage, output, globals, maps } = JSON.parse(stdout) as Outcome;
  return { stage, output, globals, maps };
}

test.for(names)('%s: same output, globals and maps', (name) => {
  const source = join(corpus, `${name}.bpf.c`);
  const text = readFileSync(source, 'utf8');
  const needs = NEEDS.flatMap(([pattern, words]) => (pattern.test(text) ? words : []));
  const ours = outcome(source, needs);
  expect(ours.stage).toBe('done');
  expect(ours.output).not.toBe('');
  expect(ours).toEqual(outcome(join(root, 'recorded/clang-19', `${name}.bpf.o`), needs));
});
