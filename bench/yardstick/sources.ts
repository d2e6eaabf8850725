/** The kernel's test programs through our compiler: where they look for what they include. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Btf } from '../../src/engine/btf/parse.ts';
import { compile } from '../../src/engine/cc/compile.ts';

/** @returns the object, or the first error */
export function compileOurs(path: string, kernelBtf: Btf): Uint8Array | string {
  const progs = dirname(path);
  const folders = [progs, dirname(progs)];
  const files = (name: string): string | null => {
    // the kernel's own headers of libbpf are not there: the bundled ones are meant
    const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
    return found === undefined ? null : readFileSync(found, 'utf8');
  };
  try {
    const { object, diagnostics } = compile({
      path,
      text: readFileSync(path, 'utf8'),
      files,
      defines: { __TARGET_ARCH_x86: '1' },
      kernelBtf,
    });
    const error = diagnostics.find((d) => d.severity === 'error');
    return object ?? `${error?.line ?? 0}: ${error?.message ?? 'no message'}`;
  } catch (error) {
    return `bug: ${error instanceof Error ? error.message : String(error)}`;
  }
}
