/**
 * Typical mistakes and everything that is said of each. A row is C in the body of an iterator program whose task
 * is `t`, or a file of its own behind `@` (behind `@@` one without a licence); then the messages, in order.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordedBtf } from '../vm/testing.ts';
import { compile } from './compile.ts';

const UNLICENSED = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n';
const LICENSED = `${UNLICENSED}char LICENSE[] SEC("license") = "GPL";\n`;
const rows = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/mistakes.json'), 'utf8')) as [
  source: string,
  messages: string[],
][];

const program = (source: string): string =>
  source.startsWith('@')
    ? source.slice(1).replaceAll('\\n', '\n')
    : `SEC("iter/task") int f(struct bpf_iter__task *ctx) { struct task_struct *t = ctx->task; if (!t) return 0; ${source} return 0; }`;

test('there are at least 80', () => {
  expect(rows.length).toBeGreaterThanOrEqual(80);
});

test.for(rows)('%s', ([source, messages]) => {
  const { diagnostics } = compile({
    path: 'x.bpf.c',
    text: source.startsWith('@@') ? UNLICENSED + program(source.slice(1)) : LICENSED + program(source),
    kernelBtf: recordedBtf(),
  });
  const said = diagnostics.map(
    (d) =>
      (d.severity === 'error' ? '' : `${d.severity}: `) +
      d.message +
      (d.flag === undefined ? '' : ` [${d.flag}]`),
  );
  expect(said).toEqual(messages);
});
