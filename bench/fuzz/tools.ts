/** The two compilers under comparison, and the processor both their objects run on. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Btf } from '../../src/engine/btf/parse.ts';
import { compile } from '../../src/engine/cc/compile.ts';
import type { CompileInput } from '../../src/engine/cc/compile.ts';
import { programName } from '../../src/engine/cc/fuzz/program.ts';
import { Kernel } from '../../src/engine/kernel/kernel.ts';
import { LinkedObject } from '../../src/engine/testing/link.ts';
import { Processor } from '../../src/engine/vm/processor.ts';

const RECORDED = join('recorded', 'linux-6.12', 'kernel', 'vmlinux.btf.gz');
const btf = Btf.parse(Uint8Array.from(gunzipSync(readFileSync(RECORDED))));
const processor = new Processor(new Kernel({ release: '6.12', btf }));

export type Compiled = { readonly object: Uint8Array } | { readonly refused: string };

/** Ways to compile with ours; all have to compute the same. */
export type Variant = Pick<CompileInput, 'cpu' | 'optimise'>;
export const VARIANTS: Readonly<Record<string, Variant>> = {
  v3: {},
  v1: { cpu: 'v1' },
  v2: { cpu: 'v2' },
  v4: { cpu: 'v4' },
  O0: { optimise: false },
};

export function ours(text: string, variant: Variant = {}): Compiled {
  const { object, diagnostics } = compile({ path: 'fuzz.bpf.c', text, kernelBtf: btf, ...variant });
  return object
    ? { object }
    : { refused: diagnostics.find((d) => d.severity === 'error')?.message ?? 'no message' };
}

/** Signed arithmetic wraps, as ours does, and loops stay loops where BPF has no function to call instead. */
const FLAGS = ['-O2', '-target', 'bpf', '-mcpu=v3', '-fwrapv', '-fno-strict-aliasing', '-ffreestanding'];
const NO_CALLS = ['-mllvm', '-disable-loop-idiom-all'];

/** What makes a program mean nothing, as far as clang notices. */
export const STRICT = [
  '-Wno-everything',
  '-Wreturn-type',
  '-Wuninitialized',
  '-Wsometimes-uninitialized',
  '-Wimplicit',
  '-Wint-conversion',
  '-Wshift-count-overflow',
  '-Wdivision-by-zero',
  '-Warray-bounds',
  '-Werror',
];

export function clang(
  command: string,
  text: string,
  folder: string,
  more: readonly string[] = ['-w'],
): Compiled {
  mkdirSync(folder, { recursive: true });
  const [source, out] = [join(folder, 'fuzz.bpf.c'), join(folder, 'fuzz.bpf.o')];
  writeFileSync(source, text);
  const { status, stderr } = spawnSync(command, [...FLAGS, ...NO_CALLS, ...more, '-c', source, '-o', out], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return status === 0
    ? { object: Uint8Array.from(readFileSync(out)) }
    : { refused: /error: (.*)/.exec(stderr)?.[1] ?? stderr.slice(0, 200) };
}

/** What every program answers; null where it did not end. */
export function answers(object: Uint8Array, seeds: readonly number[]): (string | null)[] {
  const names = seeds.map(programName);
  const linked = new LinkedObject(processor, object, names);
  const results = names.map((name) => linked.answer(name));
  linked.close();
  return results;
}
