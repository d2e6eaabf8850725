/** The dependency diagram of docs/ARCHITECTURE.md, as a table a machine can check. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** Folder -> folders it may import, besides itself and `shared`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = (() => {
  const protocol = ['protocol'];
  const abi = [...protocol, 'engine/abi'];
  const btf = [...abi, 'engine/btf'];
  const kernel = [...btf, 'engine/trace', 'engine/kernel'];
  const vfs = [...kernel, 'engine/vfs'];
  const vm = [...vfs, 'engine/vm'];
  const bpf = [...vm, 'engine/verifier', 'engine/bpf'];
  const iter = [...bpf, 'engine/iter'];
  const sys = [...iter, 'engine/sys'];
  const libbpf = [...sys, 'engine/elf', 'engine/libbpf'];
  const store = ['protocol', 'ui/trace', 'ui/format', 'ui/store'];
  const panel = [...store, 'ui/widgets', 'ui/theme'];
  return {
    shared: [],
    protocol,
    'engine/abi': protocol,
    'engine/trace': protocol,
    'engine/btf': abi,
    'engine/cc': [...btf, 'engine/elf'],
    'engine/elf': btf,
    'engine/verifier': btf,
    'engine/verifier/fuzz': [...libbpf, 'engine'],
    'engine/verifier/testing': [...libbpf, 'engine/verifier'],
    'engine/kernel': kernel,
    'engine/vfs': vfs,
    'engine/vm': vm,
    'engine/bpf': bpf,
    'engine/iter': iter,
    'engine/sys': sys,
    'engine/image': [...vm, 'engine/elf', 'engine/cc'],
    'engine/module': [...sys, 'engine/elf', 'engine/image', 'engine/cc'],
    'engine/libbpf': libbpf,
    'engine/user': [...libbpf, 'engine/image', 'engine/cc', 'engine/shell'],
    'engine/analyze': [...libbpf, 'engine/cc'],
    'engine/scene': iter,
    'engine/inspect': iter,
    'engine/shell': [...libbpf, 'engine/inspect'],
    engine: ['protocol', 'engine'],
    'ui/format': protocol,
    'ui/theme': protocol,
    'ui/trace': [...protocol, 'ui/format'],
    'ui/store': store,
    'ui/widgets': ['ui/format', 'ui/theme'],
    ...Object.fromEntries(
      ['editor', 'console', 'timeline', 'graph', 'panels'].map((name) => [`ui/${name}`, panel]),
    ),
    ...Object.fromEntries(['world', 'drop', 'shell'].map((name) => [`ui/${name}`, panel])),
    'ui/reader': [...panel, 'ui/console', 'ui/editor'],
    'ui/module': [...panel, 'ui/editor'],
    'ui/take': [...panel, 'ui/reader'],
    'ui/share': [...panel, 'ui/graph'],
    'ui/looks': [...panel, 'ui/graph', 'ui/editor'],
    'ui/embed': ['protocol', 'ui'],
    ui: ['protocol', 'ui'],
  };
})();

const src = import.meta.dirname;
const FOLDERS = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
const folderOf = (path: string): string => FOLDERS.find((folder) => path.startsWith(`${folder}/`)) ?? '?';
/** Static and dynamic imports, re-exports, and workers made with `new URL`. */
const IMPORT = /(?:from|import\(|import|new URL\()\s*'(\.[^']+)'/g;

function sources(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('.test.'),
  );
}

function wrongImports(file: string, text: string): string[] {
  const from = folderOf(file);
  return [...text.matchAll(IMPORT)].flatMap(([, target = '']) => {
    const path = relative(src, join(src, dirname(file), target));
    const to = folderOf(path);
    const allowed =
      to === from ||
      to === 'shared' ||
      (MAY_IMPORT[from] ?? []).some(
        (folder) => to === folder || (folder === from.split('/')[0] && to.startsWith(folder)),
      );
    return allowed ? [] : [`${file} -> ${target}`];
  });
}

test('imports only point down the diagram', () => {
  const wrong = sources().flatMap((file) => wrongImports(file, readFileSync(join(src, file), 'utf8')));
  expect(wrong).toEqual([]);
});

test('an import that points up is found', () => {
  expect(wrongImports('engine/btf/x.ts', `import { a } from '../kernel/memory.ts';`)).toHaveLength(1);
  expect(wrongImports('ui/graph/x.ts', `await import('../../engine/machine.ts');`)).toHaveLength(1);
});

test('every folder of src stands in the diagram', () => {
  expect(sources().filter((file) => folderOf(file) === '?' && file.includes('/'))).toEqual([]);
});
