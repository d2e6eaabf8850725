/**
 * C programs with the verdict that Linux gives them: a comment before each says `accepted`, or the errno and
 * the last lines of the log, mostly one. A file is a topic; `// release 7.0` before its first line says which Linux, and then
 * the types are those of the kernel that ships.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import kernelBtf from 'virtual:kernel-btf';
import { expect, test } from 'vitest';
import { parseRelease } from '../abi/releases.ts';
import { Btf } from '../btf/parse.ts';
import { ofRelease } from '../btf/since.ts';
import { compile } from '../cc/compile.ts';
import { Symbols } from '../kernel/symbols.ts';
import { openObject } from '../libbpf/open.ts';
import type { BpfObject } from '../libbpf/object.ts';
import { verifyObject } from './testing/verify_sys.ts';
import type { LabKernel } from './testing/verify_sys.ts';

const recorded = join(import.meta.dirname, '../../../recorded/linux-6.12/kernel');
const gunzip = (name: string): Uint8Array => new Uint8Array(gunzipSync(readFileSync(join(recorded, name))));
const recordedKernel = {
  btf: Btf.parse(gunzip('vmlinux.btf.gz')),
  symbols: Symbols.parse(new TextDecoder().decode(gunzip('kallsyms.gz'))),
};

const shippedBtf = Btf.parse(kernelBtf);

/** The kernel that a file is for, and its release. */
function kernelOf(text: string): { readonly kernel: LabKernel; readonly release: string } {
  const named = /^\/\/ release (\S+)$/m.exec(text)?.[1];
  const release = named === undefined ? null : parseRelease(named);
  if (!release) return { kernel: recordedKernel, release: '6.12' };
  return { kernel: { ...recordedKernel, btf: ofRelease(shippedBtf, release) }, release: release.name };
}

/** Which register holds what, and where an instruction stands, is the compiler's choice. */
const withoutPlaces = (text: string): string =>
  text.replaceAll(/\bR\d+\b/g, 'R').replaceAll(/\b(id|alloc_insn|insn_idx)=\d+/g, '$1=');

const CASE = /^\/\/ (accepted|E[A-Z]+: .*(?:\n\/\/ .*)*)\nSEC\("[^"]+"\) int (\w+)\(/gm;
const directory = join(import.meta.dirname, 'cases_c');
const cases = readdirSync(directory).flatMap((file) => {
  const text = readFileSync(join(directory, file), 'utf8');
  return [...text.matchAll(CASE)].map(([, want = '', name = '']) => ({
    file,
    text,
    name,
    want: want.replaceAll('\n// ', '\n'),
  }));
});

const opened = new Map<string, BpfObject>();
function objectOf(file: string, text: string): BpfObject {
  let object = opened.get(file);
  if (!object) {
    const compiled = compile({ path: file, text, kernelBtf: kernelOf(text).kernel.btf });
    const error = compiled.diagnostics.find((d) => d.severity === 'error');
    if (!compiled.object) throw new Error(`${file}:${error?.line}: ${error?.message}`);
    const result = openObject(compiled.object, { path: file });
    if (!result.ok) throw new Error(`${file} cannot be opened`);
    object = result.object;
    opened.set(file, object);
  }
  return object;
}

test.for(cases)('$file: $name', ({ file, text, name, want }) => {
  const object = objectOf(file, text);
  const programs = object.programs.map((prog) => ({ ...prog, autoload: prog.name === name }));
  const { results, messages } = verifyObject({ ...object, programs }, { ...kernelOf(text), logLevel: 1 });
  const result = results[0];
  if (!result) throw new Error(messages.join('\n'));
  const lines = want.split('\n').length;
  const said = result.log
    .trimEnd()
    .split('\n')
    .slice(-1 - lines, -1)
    .join('\n');
  expect(result.ok ? 'accepted' : withoutPlaces(`${result.errno}: ${said}`)).toBe(want);
});
