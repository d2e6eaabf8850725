/**
 * The module `virtual:user-library`: the C library of user programs, compiled when the page or the CLI is built.
 *
 * That takes some seconds, so the objects are kept in node_modules/.cache under a hash of everything they are
 * made from.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { LAZILY, lazyBytes } from './base64_module.ts';
import { Btf } from '../src/engine/btf/parse.ts';
import { library } from '../src/engine/user/libc/index.ts';
import { shippedKernelBtf } from './kernel_btf_plugin.ts';

const ROOT = join(import.meta.dirname, '..');
const NAME = 'virtual:user-library';
const RESOLVED = `\0${NAME}`;
/** Folders of src/engine whose files decide what the objects are. */
const MADE_FROM = ['abi', 'btf', 'cc', 'elf', 'kernel/kernel_types', 'user/libc'];

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const folder of MADE_FROM) {
    const path = join(ROOT, 'src/engine', folder);
    const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(ts|h)$/.test(file) && !file.includes('.test.') && !/^(corpus|fixtures|fuzz)\//.test(file),
    );
    for (const file of files.sort())
      hash.update(`${folder}/${file}\n`).update(readFileSync(join(path, file)));
  }
  return hash.digest('hex').slice(0, 24);
}

/** `export default` of the objects. */
function moduleText(): string {
  const objects = library(Btf.parse(shippedKernelBtf())).map(
    ({ name, bytes }) => `{ name: ${JSON.stringify(name)}, read: ${lazyBytes(bytes)} }`,
  );
  return `${LAZILY}
const objects = [${objects.join(',\n')}];
export default objects.map(({ name, read }) => ({
  name,
  get bytes() {
    return read();
  },
  library: true,
}));`;
}

export function userLibrary(): Plugin {
  return {
    name: 'user-library',
    resolveId: (id) => (id === NAME ? RESOLVED : null),
    load: (id) => {
      if (id !== RESOLVED) return null;
      const folder = join(ROOT, 'node_modules/.cache/iterscope');
      const cached = join(folder, `c-library-${hashOfSources()}.js`);
      if (existsSync(cached)) return readFileSync(cached, 'utf8');
      const text = moduleText();
      mkdirSync(folder, { recursive: true });
      writeFileSync(cached, text);
      return text;
    },
  };
}
