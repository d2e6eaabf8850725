/** The kernel's test programs through our compiler: where they look for what they include. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Btf } from '../../src/engine/btf/parse.ts';
import { compile } from '../../src/engine/cc/compile.ts';

/** What the macros of linux/filter.h put instructions together from; our own linux/bpf.h does without. */
const opcodes = (folder: string): string =>
  ['bpf_common.h', 'bpf.h']
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').match(OPCODE) ?? [])
    .map((line) => `${line}\n`)
    .join('');
const OPCODE = /^#define\s+BPF_(?:\w+\s+0x[0-9a-f]+|(?:CLASS|SIZE|MODE|OP|SRC)\(code\).*)/gm;

/** The folders in which a test looks for what it includes; `../../..` starts from each. */
function includesOf(path: string): (name: string) => string | null {
  const progs = dirname(path);
  const bpf = dirname(progs);
  const uapi = join(bpf, '../../../include/uapi');
  return (name) => {
    // headers of libbpf and of the system are the compiler's own
    const folders = name.startsWith('../') ? [progs, bpf, uapi] : [progs, bpf];
    const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    if (found === undefined) return null;
    const text = readFileSync(found, 'utf8');
    return name.endsWith('linux/filter.h') ? opcodes(join(uapi, 'linux')) + text : text;
  };
}

/** @returns the object, or the first error */
export function compileOurs(path: string, kernelBtf: Btf): Uint8Array | string {
  try {
    const { object, diagnostics } = compile({
      path,
      text: readFileSync(path, 'utf8'),
      files: includesOf(path),
      defines: { __TARGET_ARCH_x86: '1', __clang_major__: '19' },
      kernelBtf,
    });
    const error = diagnostics.find((d) => d.severity === 'error');
    return object ?? `${error?.line ?? 0}: ${error?.message ?? 'no message'}`;
  } catch (error) {
    return `bug: ${error instanceof Error ? error.message : String(error)}`;
  }
}
