/**
 * Programs of others as a yardstick of the compiler's front end: of every BPF program in C under the given
 * folders, does ours say what clang says?
 *
 *     FOLDER|FILE...      folders are looked through for *.bpf.c, *_kern.c and progs/*.c
 *     --every             for every *.c: in these folders all are BPF programs
 *     --include DIR       for both compilers; may be repeated
 *     --define NAME=V     for both compilers; may be repeated
 *     --libbpf DIR        the folder that holds bpf/bpf_helpers.h, for clang; ours has its own
 *     --own-types         both read the project's vmlinux.h, not the one of the recorded kernel
 *     --only WORD         files whose path has that word
 *     --iterators         only files with an iterator program
 *     --failures          every file on which the two differ, with the first error
 *     --write PROJECT     keep the figures in bench/front.json under that name
 *
 * Both see the vmlinux.h of one kernel: ours through its BTF, clang as the text dumped from it. A file that
 * clang refuses needs another kernel, a generated header or another machine; it is counted, not judged.
 * What clang said of a file is kept in .cache/front_kept.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readOptions, refuse } from '../../scripts/options.mjs';
import { dumpTypes } from '../../src/engine/btf/dump.ts';
import { Btf } from '../../src/engine/btf/parse.ts';
import { bundledHeader } from '../../src/engine/cc/headers/index.ts';
import { compile } from '../../src/engine/cc/compile.ts';

const { values, positionals } = readOptions({
  allowPositionals: true,
  options: {
    every: { type: 'boolean', default: false },
    include: { type: 'string', multiple: true, default: [] },
    define: { type: 'string', multiple: true, default: [] },
    libbpf: { type: 'string', default: '/usr/include' },
    'own-types': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    iterators: { type: 'boolean', default: false },
    failures: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
if (positionals.length === 0) refuse('which folders? See the head of bench/front/main.ts');

const kernelBtf = Btf.parse(
  Uint8Array.from(gunzipSync(readFileSync(join('recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz')))),
);
/** Not where the build is: that is emptied. */
const scratch = join('.cache', 'front_kept');
mkdirSync(scratch, { recursive: true });

/** The text of vmlinux.h as `bpftool btf dump format c` prints it. */
function writeKernelHeader(): void {
  const ids = Array.from({ length: kernelBtf.end - kernelBtf.start }, (_, i) => kernelBtf.start + i);
  const push = '#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)';
  const text = ['#ifndef __VMLINUX_H__', '#define __VMLINUX_H__', push, dumpTypes(kernelBtf, ids)];
  writeFileSync(
    join(scratch, 'vmlinux.h'),
    [...text, '#pragma clang attribute pop', '#endif', ''].join('\n'),
  );
}

const IS_PROGRAM = /\.bpf\.c$|_kern\.c$|\/progs\/[^/]*\.c$/;

function* programsIn(folder: string): Generator<string> {
  if (statSync(folder).isFile()) return yield folder;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* programsIn(path);
    else if (values.every ? path.endsWith('.c') : IS_PROGRAM.test(path)) yield path;
  }
}

/** Folders that a program's own build names, as far as their place tells. */
const foldersOf = (path: string): string[] => [
  dirname(path),
  dirname(dirname(path)),
  ...values.include.map((folder) => folder),
];

function find(path: string, name: string): string | null {
  if (name.startsWith('bpf/') && bundledHeader(name) !== null) return null;
  if (basename(name) === 'vmlinux.h' && !values['own-types'])
    return name === 'vmlinux.h' ? null : '#include <vmlinux.h>\n';
  const found = foldersOf(path)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file) && statSync(file).isFile());
  return found === undefined ? null : readFileSync(found, 'utf8');
}

const defines: Readonly<Record<string, string>> = Object.fromEntries(
  ['__TARGET_ARCH_x86', ...values.define].map((text) => {
    const [name = '', value = '1'] = text.split('=');
    return [name, value];
  }),
);

/** @returns null, or the first error */
function ours(path: string): string | null {
  try {
    const { object, diagnostics } = compile({
      path,
      text: readFileSync(path, 'utf8'),
      files: (name) => find(path, name),
      defines,
      kernelBtf,
    });
    const error = diagnostics.find((d) => d.severity === 'error');
    return object ? null : `${error?.file ?? ''}:${error?.line ?? 0}: ${error?.message ?? 'no message'}`;
  } catch (error) {
    return `bug: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const verdicts = join(scratch, 'clang.json');
const known = (existsSync(verdicts) ? JSON.parse(readFileSync(verdicts, 'utf8')) : {}) as Record<
  string,
  string | null
>;

function clangArguments(path: string): string[] {
  const types = values['own-types'] ? [] : [scratch];
  const includes = [...types, ...foldersOf(path), values.libbpf].flatMap((folder) => ['-I', folder]);
  const system = ['-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu'];
  const macros = Object.entries(defines).map(([name, value]) => `-D${name}=${value}`);
  const options = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-w', '-c', '-o', '/dev/null'];
  return [...options, ...macros, ...includes, ...system, path];
}

/** @returns null, or the first error */
function clang(path: string): string | null {
  const args = clangArguments(path);
  const before = known[args.join(' ')];
  return before === undefined ? (known[args.join(' ')] = askClang(args)) : before;
}

function askClang(args: readonly string[]): string | null {
  const { status, stderr } = spawnSync('clang-19', args, { encoding: 'utf8', timeout: 120_000 });
  const first = stderr.split('\n').find((line) => line.includes('error:')) ?? stderr.split('\n')[0] ?? '';
  return status === 0 ? null : first;
}

type Verdict = 'both compile' | 'both refuse' | 'only clang compiles' | 'only ours compiles';
const count: Record<Verdict, number> = {
  'both compile': 0,
  'both refuse': 0,
  'only clang compiles': 0,
  'only ours compiles': 0,
};
writeKernelHeader();
for (const folder of positionals)
  for (const path of programsIn(folder)) {
    if (!path.includes(values.only)) continue;
    const text = readFileSync(path, 'utf8');
    if (values.iterators && !/SEC\("iter(\.s)?\//.test(text)) continue;
    const mine = ours(path);
    const theirs = clang(path);
    const verdict: Verdict =
      mine === null
        ? theirs === null
          ? 'both compile'
          : 'only ours compiles'
        : theirs === null
          ? 'only clang compiles'
          : 'both refuse';
    count[verdict]++;
    if (values.failures && verdict !== 'both compile') {
      console.log(`${verdict}: ${path}`);
      if (mine !== null) console.log(`    ours: ${mine}`);
      if (theirs !== null) console.log(`    clang: ${theirs}`);
    }
  }
writeFileSync(verdicts, JSON.stringify(known));
const judged = count['both compile'] + count['only clang compiles'];
console.log(count);
console.log(`of ${judged} that clang compiles, ours compiles ${count['both compile']}`);
if (values.write !== undefined) {
  const file = join('bench', 'front.json');
  const all = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Record<
    string,
    Record<Verdict, number>
  >;
  all[values.write] = count;
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}
