/** Runs a program of `bench/` that is written in TypeScript: builds it for Node and hands on the arguments. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {string} entry path from the root
 * @param {string} folder where to, in .cache
 * @param {import('vite').Plugin[]} plugins
 * @returns {Promise<string>} path of what was built
 */
export async function buildTs(entry, folder = dirname(entry), plugins = []) {
  const outDir = join(root, '.cache', folder);
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir,
      minify: false,
      target: 'node20',
      rolldownOptions: { input: { main: join(root, entry) }, output: { entryFileNames: '[name].mjs' } },
    },
  });
  return join(outDir, 'main.mjs');
}

/** @param {string} entry path from the root; the exit status is the program's */
export async function runTs(entry) {
  const args = [await buildTs(entry), ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
