/**
 * The kernel's own verifier tests as a yardstick: every program says which verdict and which messages it
 * expects; how many does our verifier agree with?
 *
 *     DIR                 tools/testing/selftests/bpf/progs of a kernel's source
 *     --objects DIR       take clang's objects from there instead of compiling
 *     --only WORD         files whose name begins so
 *     --failures          every program that is not judged alike, and why
 *     --write             keep the shares in bench/yardstick.json
 *
 * A program that needs what no iterator program can have (packets, another type's context or helpers, a
 * kernel module) is not judged, and counted by reason.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readOptions, refuse } from '../../scripts/options.mjs';
import { Btf } from '../../src/engine/btf/parse.ts';
import { Symbols } from '../../src/engine/kernel/symbols.ts';
import { compileOurs } from './sources.ts';
import { judgeFile } from './judge.ts';
import type { Judgement } from './judge.ts';
import { fileShares, reasonTable, summary, total } from './report.ts';

const { values, positionals } = readOptions({
  allowPositionals: true,
  options: {
    objects: { type: 'string' },
    only: { type: 'string', default: '' },
    failures: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    explain: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) refuse('which folder? See the head of bench/yardstick/main.ts');

const gunzip = (name: string): Uint8Array =>
  Uint8Array.from(gunzipSync(readFileSync(join('recorded', 'linux-6.12', 'kernel', name))));
const kernel = {
  btf: Btf.parse(gunzip('vmlinux.btf.gz')),
  symbols: Symbols.parse(new TextDecoder().decode(gunzip('kallsyms.gz'))),
};

function objectOf(source: string): Uint8Array | string {
  if (values.objects === undefined) return compileOurs(source, kernel.btf);
  const path = join(values.objects, `${basename(source, '.c')}.o`);
  return existsSync(path) ? Uint8Array.from(readFileSync(path)) : 'no object';
}

const judged: Judgement[] = [];
const refused: string[] = [];
for (const file of readdirSync(folder).filter((name) => name.startsWith(values.only))) {
  const source = join(folder, file);
  if (!file.endsWith('.c') || !/__failure|__success/.test(readFileSync(source, 'utf8'))) continue;
  const object = objectOf(source);
  if (typeof object === 'string') refused.push(`${file}: ${object}`);
  else judged.push(...judgeFile(basename(file, '.c'), object, kernel, values.explain));
}

if (values.failures) {
  for (const { file, name, verdict, why } of judged)
    if (verdict === 'differs') console.log(`${file}:${name}: ${why}`);
  for (const line of refused) console.log(`not compiled: ${line}`);
}
console.log(reasonTable(judged));
console.log(fileShares(judged));
console.log(`${total(judged)}; ${refused.length} files not compiled`);
if (values.write) {
  const file = join('bench', 'yardstick.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  const compiler = values.objects === undefined ? 'ours' : 'clang-19';
  const entry = { ...summary(judged), notCompiled: refused.map((line) => line.split(':')[0]) };
  writeFileSync(file, `${JSON.stringify({ ...before, [compiler]: entry }, null, 2)}\n`);
}
