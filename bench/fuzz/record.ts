/** Compiles the corpus with clang, with the recorded kernel's types as vmlinux.h, into recorded/clang-19. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Btf } from '../../src/engine/btf/parse.ts';
import { writeHeaders } from '../clang.ts';
import { smallHeader } from './small_header.ts';

/** @param only name of one program, or null */
export function recordCorpus(command: string, only: string | null): void {
  const btf = Btf.parse(
    Uint8Array.from(gunzipSync(readFileSync(join('recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz')))),
  );
  const include = join('.cache', 'clang_headers');
  mkdirSync(include, { recursive: true });
  writeHeaders(include);
  const corpus = join('src', 'engine', 'cc', 'corpus');
  for (const file of readdirSync(corpus).filter((name) => name.endsWith('.bpf.c'))) {
    if (only !== null && !file.startsWith(`${only}.`)) continue;
    writeFileSync(join(include, 'vmlinux.h'), smallHeader(btf, readFileSync(join(corpus, file), 'utf8')));
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
    if (status !== 0) console.log(`${file}: ${stderr.split('\n').slice(0, 6).join('\n')}`);
    else spawnSync('llvm-strip-19', ['-g', out]);
  }
}
