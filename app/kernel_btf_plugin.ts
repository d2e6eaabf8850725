/** The module `virtual:kernel-btf`: types of the kernel that ships, compiled when the page or the CLI is built. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { LAZILY, lazyBytes } from './base64_module.ts';
import { compileKernelTypes } from './kernel_btf.ts';

const HEADERS = join(import.meta.dirname, '../src/engine/kernel/kernel_types');
const NAME = 'virtual:kernel-btf';
const RESOLVED = `\0${NAME}`;

/** The blob, from the headers in the repository. */
export function shippedKernelBtf(): Uint8Array {
  return compileKernelTypes((name) => {
    const path = join(HEADERS, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  });
}

export function kernelBtf(): Plugin {
  return {
    name: 'kernel-btf',
    resolveId: (id) => (id === NAME ? RESOLVED : null),
    load: (id) => {
      if (id !== RESOLVED) return null;
      return `${LAZILY}\nexport default ${lazyBytes(shippedKernelBtf())}();`;
    },
  };
}
