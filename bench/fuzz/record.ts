/** Compiles the corpus with clang, with the recorded kernel's types as vmlinux.h, into recorded/clang-19. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Btf } from '../../src/engine/btf/parse.ts';
import { fullHeader, writeHeaders } from '../clang.ts';

export function recordCorpus(command: string): void {
  const btf = Btf.parse(
    Uint8Array.from(gunzipSync(readFileSync(join('recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz')))),
  );
  const include = join('.cache', 'clang_headers');
  mkdirSync(include, { recursive: true });
  writeHeaders(include);
  writeFileSync(join(include, 'vmlinux.h'), fullHeader(btf));
  const corpus = join('src', 'engine', 'cc', 'corpus');
  for (const file of readdirSync(corpus).filter((name) => name.endsWith('.bpf.c'))) {
    const out = join('recorded', 'clang-19', file.replace(/c$/, 'o'));
    const flags = [
      '-O2',
      '-g',
      '-target',
      'bpf',
      '-mcpu=v3',
      '-w',
      '-fdebug-compilation-dir=.',
      `-I${include}`,
    ];
    const { status, stderr } = spawnSync(command, [...flags, '-c', join(corpus, file), '-o', out], {
      encoding: 'utf8',
    });
    if (status !== 0) console.log(stderr.split('\n').slice(0, 6).join('\n'));
    else spawnSync('llvm-strip-19', ['-g', out]);
  }
}
