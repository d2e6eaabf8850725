/**
 * clang as the compiler's peer: the same sources, the same headers, and the kernel's types as C text, because
 * that is what clang has to read where our compiler looks into BTF.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Btf } from '../src/engine/btf/parse.ts';
import { dumpTypes } from '../src/engine/btf/dump.ts';
import { Kind } from '../src/engine/btf/types.ts';
import { bundledHeader, bundledHeaderPaths } from '../src/engine/cc/headers/index.ts';
import { readElf } from '../src/engine/elf/read.ts';
import { wholeProcess } from './measure.ts';
import type { Sampler } from './measure.ts';

/** The first clang that is there and knows BPF, or null. */
export const findClang = (): string | null =>
  ['clang-19', 'clang'].find(
    (name) => spawnSync(name, ['-target', 'bpf', '--version'], { stdio: 'ignore' }).status === 0,
  ) ?? null;

export const versionOf = (clang: string): string =>
  /version (\S+)/.exec(spawnSync(clang, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ??
  'of unknown version';

/** Types as a vmlinux.h. */
export const asHeader = (types: string): string =>
  [
    '#ifndef __VMLINUX_H__\n#define __VMLINUX_H__',
    '#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)',
    types,
    '#pragma clang attribute pop\n#endif\n',
  ].join('\n');

/** Every type of a kernel: what `bpftool btf dump file vmlinux format c` gives. */
export const fullHeader = (btf: Btf): string =>
  asHeader(
    dumpTypes(
      btf,
      Array.from({ length: btf.end - 1 }, (_, i) => i + 1),
    ),
  );

/** Only types that an object's BTF names, with what they need, and the kernel's names for plain numbers. */
export function strippedHeader(btf: Btf, object: Btf): string {
  const kinds = [Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.TYPEDEF];
  const used = kinds.flatMap((kind) => object.names(kind).flatMap((name) => btf.find(name, kind) || []));
  const numbers = btf
    .names(Kind.TYPEDEF)
    .filter((name) => /^(__)?([su]|[lb]e)\d+$|^__wsum$|^bool$/.test(name));
  return asHeader(dumpTypes(btf, [...numbers.map((name) => btf.find(name, Kind.TYPEDEF)), ...used]));
}

/** The BTF section of an object file. */
export const btfSection = (object: Uint8Array): Uint8Array | undefined =>
  readElf(object).sections.find(({ name }) => name === '.BTF')?.data;

/** Our own bundled headers as files, without the vmlinux.h that only our compiler understands. */
export function writeHeaders(folder: string): void {
  for (const path of bundledHeaderPaths()) {
    if (path === 'vmlinux.h' || path === 'linux/bpf.h') continue;
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bundledHeader(path) ?? '');
  }
}

/** Compiles one file as BPF programs usually are. @param includes folders, the one with vmlinux.h first */
export function clangRun(clang: string, source: string, out: string, includes: readonly string[]): Sampler {
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', '-Wno-everything'];
  const folders = includes.map((folder) => `-I${folder}`);
  return wholeProcess(clang, ...flags, ...folders, '-c', source, '-o', out);
}

/** Reads one file and makes nothing of it. @param includes folders, the one with vmlinux.h first */
export const clangCheck = (clang: string, source: string, includes: readonly string[]): Sampler =>
  wholeProcess(
    clang,
    '-fsyntax-only',
    '-target',
    'bpf',
    '-mcpu=v3',
    '-Wno-everything',
    ...includes.map((folder) => `-I${folder}`),
    source,
  );
