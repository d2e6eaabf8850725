/** `npm start`: builds the page when its sources are newer than the build, serves it, prints its address. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { servePage } from './serve.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['app', 'src', 'public', 'index.html', 'vite.config.ts', 'package-lock.json'];

/** Time of the latest change below a path, in milliseconds. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const built = join(root, 'dist/index.html');
const stale =
  !existsSync(built) ||
  Math.max(
    ...SOURCES.map((name) => join(root, name))
      .filter(existsSync)
      .map(newest),
  ) > statSync(built).mtimeMs;
if (stale) {
  console.log('Building the page...');
  await build({ root, logLevel: 'warn' });
}
const { url } = await servePage(4173);
console.log(`Iterscope is at ${url}  (Ctrl C ends it)`);
