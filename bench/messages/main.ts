/**
 * What our compiler says of programs, beside what clang says: whether there is an error, the line of the first,
 * and which warnings stand on which lines.
 *
 *     node scripts/compiler_messages.mjs [FILE...]     default: examples, corpus, recorded programs, mistakes
 *     --mutants N        also N programs with a token dropped, doubled, swapped or replaced (0)
 *     --seed S           of which (1)
 *     --show N           this many disagreements of each kind (10)
 *     --write            keep the figures in bench/messages.json
 *
 * Both read the recorded kernel's types. clang runs with -Wall -Wsign-compare; what only ours can know
 * (bpf-*, formats of helpers) does not count. Answers of clang are kept in .cache/messages.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readOptions, whole } from '../../scripts/options.mjs';
import { dumpTypes } from '../../src/engine/btf/dump.ts';
import { Btf } from '../../src/engine/btf/parse.ts';
import { frontend } from '../../src/engine/cc/parse.ts';
import { Random } from '../../src/engine/cc/fuzz/random.ts';
import { mutant } from './mutants.ts';

const { values, positionals } = readOptions({
  allowPositionals: true,
  options: {
    mutants: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    show: { type: 'string', default: '10' },
    write: { type: 'boolean', default: false },
  },
});

const CASES = 'recorded/linux-6.12/cases';
const scratch = join('.cache', 'messages');
mkdirSync(join(scratch, 'sources'), { recursive: true });
const kernelBtf = Btf.parse(
  Uint8Array.from(gunzipSync(readFileSync('recorded/linux-6.12/kernel/vmlinux.btf.gz'))),
);

interface Said {
  /** Line of the first error, or 0. */
  readonly error: number;
  readonly text: string;
  /** `line option` of each warning. */
  readonly warnings: readonly string[];
}
interface Program {
  readonly name: string;
  readonly text: string;
}

function programsIn(path: string): Program[] {
  if (statSync(path).isFile()) return [{ name: path, text: readFileSync(path, 'utf8') }];
  return readdirSync(path)
    .map((name) => join(path, name))
    .flatMap((each) => (statSync(each).isDirectory() || each.endsWith('.bpf.c') ? programsIn(each) : []));
}

const HEAD = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n';
const BODY =
  'SEC("iter/task")\nint f(struct bpf_iter__task *ctx)\n{\nstruct task_struct *t = ctx->task;\nif (!t)\nreturn 0;\n';
const mistakes = (): Program[] =>
  (JSON.parse(readFileSync('src/engine/cc/fixtures/mistakes.json', 'utf8')) as [string, unknown][]).map(
    ([row], i) => ({
      name: `mistake ${i}: ${row}`,
      text:
        HEAD +
        (row.startsWith('@')
          ? row.replace(/^@+/, '').replaceAll('\\n', '\n')
          : `${BODY}${row}\nreturn 0;\n}\n`),
    }),
  );

const OURS_ALONE = /^(bpf-|format)/;

function ours({ text }: Program): Said {
  const files = (name: string): string | null =>
    name === 'lab.h' ? readFileSync(join(CASES, 'lab.h'), 'utf8') : null;
  const { diagnostics } = frontend({ path: 'p.bpf.c', text, files, kernelBtf });
  const here = diagnostics.filter((d) => d.source === 'cc');
  const first = here.filter((d) => d.severity === 'error').sort((a, b) => a.line - b.line)[0];
  return {
    error: first?.line ?? 0,
    text: first?.message ?? '',
    warnings: here
      .filter((d) => d.severity === 'warning' && !OURS_ALONE.test((d.flag ?? '').slice(2)))
      .map((d) => `${d.line} ${(d.flag ?? '').slice(2)}`),
  };
}

/** The types of the kernel, read once for all runs of clang. */
async function kernelTypes(): Promise<string> {
  const header = join(scratch, 'vmlinux.h');
  const read = join(scratch, 'vmlinux.h.pch');
  if (existsSync(read)) return read;
  const ids = Array.from({ length: kernelBtf.end - kernelBtf.start }, (_, i) => kernelBtf.start + i);
  const push = '#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)';
  const lines = ['#ifndef __VMLINUX_H__', '#define __VMLINUX_H__', push, dumpTypes(kernelBtf, ids)];
  writeFileSync(header, [...lines, '#pragma clang attribute pop', '#endif', ''].join('\n'));
  await run(['-x', 'c-header', ...FLAGS, header, '-o', read]);
  return read;
}

const FLAGS = [
  '-target',
  'bpf',
  '-O2',
  '-g',
  '-Wall',
  '-Wsign-compare',
  '-fno-caret-diagnostics',
  '-ferror-limit=0',
];

const run = (args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn('clang-19', args);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    child.on('close', () => resolve(text));
  });

async function clang({ text }: Program, pch: string): Promise<Said> {
  const key = createHash('sha1').update(text).digest('hex').slice(0, 16);
  const folder = join(scratch, 'sources');
  const kept = join(folder, `${key}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Said;
  const path = join(folder, `${key}.bpf.c`);
  writeFileSync(path, text);
  const usesTypes = text.includes('vmlinux.h');
  const types = usesTypes ? ['-include-pch', pch] : [];
  const said = await run([...FLAGS, ...types, '-I', scratch, '-I', CASES, '-fsyntax-only', path]);
  const lines = said
    .split('\n')
    .map((line) => /^(.*?):(\d+):\d+: (warning|error|fatal error): (.*?)(?: \[([^\]]*)\])?$/.exec(line))
    .filter((match) => match !== null);
  const here = lines.filter((match) => basename(match[1] ?? '') === basename(path));
  const first = lines
    .filter((match) => match[3] !== 'warning')
    .sort((a, b) => Number(a[2]) - Number(b[2]))[0];
  const answer: Said = {
    error: first ? Number(first[2]) : 0,
    text: first?.[4] ?? '',
    warnings: here
      .filter((match) => match[3] === 'warning')
      .map((match) => `${match[2]} ${(match[5] ?? '').replace(/^-W/, '')}`),
  };
  writeFileSync(kept, JSON.stringify(answer));
  return answer;
}

const roots = ['app/examples', 'app/testdata', 'src/engine/cc/corpus', CASES];
const programs = (positionals.length > 0 ? positionals : roots).flatMap(programsIn);
const random = new Random(whole(values, 'seed'));
const from = programs.filter(
  ({ text }) => text.includes('vmlinux.h') && text.length < 6000 && !/bpf_(for|repeat)\(|likely/.test(text),
);
const all: Program[] = [
  ...programs,
  ...(positionals.length > 0 ? [] : mistakes()),
  ...Array.from({ length: whole(values, 'mutants') }, (_, i): Program => {
    const { name, text } = random.pick(from);
    return {
      name: `mutant ${i} of ${basename(dirname(name))}/${basename(name)}`,
      text: mutant(text, random),
    };
  }),
];

const kinds = new Map<string, string[]>();
const note = (kind: string, what: string): void => void kinds.set(kind, [...(kinds.get(kind) ?? []), what]);
const count = {
  programs: 0,
  'both take': 0,
  'both refuse': 0,
  'only clang refuses': 0,
  'only ours refuses': 0,
};
const lines = { same: 0, other: 0 };
const warnings = { both: 0, 'only clang': 0, 'only ours': 0 };

function judge(program: Program, mine: Said, theirs: Said): void {
  const at = (line: number): string =>
    `${program.name}:${line}: ${program.text.split('\n')[line - 1]?.trim()}`;
  count.programs++;
  if (mine.error > 0 && theirs.error > 0) {
    count['both refuse']++;
    if (mine.error === theirs.error) lines.same++;
    else {
      lines.other++;
      note(
        'other line',
        `${at(mine.error)}\n    ours: ${mine.text}\n    clang, ${theirs.error}: ${theirs.text}`,
      );
    }
  } else if (mine.error > 0) {
    count['only ours refuses']++;
    note('only ours refuses', `${at(mine.error)}\n    ${mine.text}`);
  } else if (theirs.error > 0) {
    count['only clang refuses']++;
    note('only clang refuses', `${at(theirs.error)}\n    ${theirs.text}`);
  } else {
    count['both take']++;
    for (const each of new Set([...mine.warnings, ...theirs.warnings])) {
      const [line = '', option = ''] = each.split(' ');
      const who = !mine.warnings.includes(each)
        ? 'only clang'
        : theirs.warnings.includes(each)
          ? 'both'
          : 'only ours';
      warnings[who]++;
      if (who !== 'both') note(`${who} -W${option}`, at(Number(line)));
    }
  }
}

const pch = await kernelTypes();
const WORKERS = 2;
let next = 0;
const answers: Said[] = [];
await Promise.all(
  Array.from({ length: WORKERS }, async () => {
    for (let i = next++; i < all.length; i = next++) answers[i] = await clang(all[i]!, pch);
  }),
);
for (const [i, program] of all.entries()) judge(program, ours(program), answers[i]!);

for (const [kind, list] of [...kinds].sort(([, a], [, b]) => b.length - a.length)) {
  console.log(`== ${kind}: ${list.length}`);
  for (const each of list.slice(0, whole(values, 'show'))) console.log(`  ${each}`);
}
const figures = { ...count, 'line of the first error': lines, warnings };
console.log(figures);
if (values.write)
  writeFileSync('bench/messages.json', `${JSON.stringify({ seed: values.seed, ...figures }, null, 2)}\n`);
