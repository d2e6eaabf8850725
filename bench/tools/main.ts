/**
 * Our objects in the hands of the tools that people use: llvm-readelf, llvm-objdump -S, bpftool btf dump and
 * bpftool gen skeleton, which opens the object with libbpf. Each must end well and say nothing on stderr; where
 * it does not, it is asked about clang's object of the same source, too.
 *
 *     --only NAME     one program
 *     --cpu V         version of the instruction set: v1, v2, v3, v4; v3 unless told
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readOptions } from '../../scripts/options.mjs';
import { Btf } from '../../src/engine/btf/parse.ts';
import { compile } from '../../src/engine/cc/compile.ts';
import type { CpuName } from '../../src/engine/cc/cpu.ts';

const { values } = readOptions({
  options: { only: { type: 'string' }, cpu: { type: 'string', default: 'v3' } },
});

const CASES = join('recorded', 'linux-6.12', 'cases');
const CORPUS = join('src', 'engine', 'cc', 'corpus');
const FOLDER = join('.cache', 'tools');

interface Program {
  readonly source: string;
  readonly clang: string;
}
const recorded = readdirSync(CASES)
  .filter((name) => !name.includes('.'))
  .map((name) => ({
    source: join(CASES, name, `${name}.bpf.c`),
    clang: join(CASES, name, `${name}.clang.o`),
  }));
const corpus = readdirSync(CORPUS)
  .filter((file) => file.endsWith('.bpf.c'))
  .map((file) => ({
    source: join(CORPUS, file),
    clang: join('recorded', 'clang-19', file.replace(/c$/, 'o')),
  }));

/** The first of several names under which a tool is installed. */
const installed = (...names: readonly string[]): string | null =>
  names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined) ?? null;
const readelf = installed('llvm-readelf-19', 'llvm-readelf');
const objdump = installed('llvm-objdump-19', 'llvm-objdump');
const bpftool = installed('bpftool', '/usr/sbin/bpftool');

interface Ask {
  readonly what: string;
  readonly command: string | null;
  readonly words: (object: string) => readonly string[];
}
const ASKED: readonly Ask[] = [
  { what: 'llvm-readelf', command: readelf, words: (object) => ['--all', '--wide', object] },
  { what: 'llvm-objdump -S', command: objdump, words: (object) => ['-S', '-r', '-l', object] },
  { what: 'bpftool btf dump', command: bpftool, words: (object) => ['btf', 'dump', 'file', object] },
  {
    what: 'bpftool btf dump format c',
    command: bpftool,
    words: (object) => ['btf', 'dump', 'file', object, 'format', 'c'],
  },
  { what: 'bpftool gen skeleton', command: bpftool, words: (object) => ['gen', 'skeleton', object] },
];

/** What a tool complained of, or null. */
function complaint({ command, words }: Ask, object: string): string | null {
  if (command === null) return null;
  const run = spawnSync(command, words(object), { encoding: 'utf8', maxBuffer: 1 << 26 });
  const { status, stdout, stderr } = run;
  if (status !== 0 || stderr !== '')
    return stderr.trim().split('\n').slice(0, 3).join(' | ') || `status ${status}`;
  return stdout === '' ? 'nothing said' : null;
}

function objectOf(source: string, btf: Btf): string {
  const text = readFileSync(source, 'utf8');
  const files = (path: string): string | null =>
    existsSync(join(CASES, path)) && path.endsWith('.h') ? readFileSync(join(CASES, path), 'utf8') : null;
  const cpu = values.cpu as CpuName;
  const { object, diagnostics } = compile({ path: source, text, files, kernelBtf: btf, cpu });
  if (!object) throw new Error(`${source}: ${diagnostics[0]?.message}`);
  const out = join(FOLDER, basename(source).replace(/c$/, 'o'));
  writeFileSync(out, object);
  return out;
}

function main(): number {
  mkdirSync(FOLDER, { recursive: true });
  const btf = Btf.parse(
    Uint8Array.from(gunzipSync(readFileSync(join('recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz')))),
  );
  const programs: Program[] = [...recorded, ...corpus].filter(
    ({ source }) => values.only === undefined || basename(source).startsWith(`${values.only}.`),
  );
  const wrong = new Map<string, number>(ASKED.map(({ what }) => [what, 0]));
  for (const { source, clang } of programs) {
    const object = objectOf(source, btf);
    for (const ask of ASKED) {
      const ours = complaint(ask, object);
      if (ours === null) continue;
      const theirs = complaint(ask, clang);
      const same = theirs !== null;
      if (!same) wrong.set(ask.what, (wrong.get(ask.what) ?? 0) + 1);
      console.log(`${basename(source)}: ${ask.what}: ${ours}${same ? ` (of clang's: ${theirs})` : ''}`);
    }
  }
  for (const { what, command } of ASKED)
    console.log(
      command === null
        ? `${what}: not installed`
        : `${what}: ${programs.length} objects, ${wrong.get(what)} complaints that clang's objects do not cause`,
    );
  return [...wrong.values()].every((count) => count === 0) ? 0 : 1;
}

process.exitCode = main();
