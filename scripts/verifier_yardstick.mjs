/** Builds the yardstick of the verifier and runs it; bench/yardstick/main.ts says how. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = join(root, '.cache', 'yardstick');
await build({
  configFile: false,
  root,
  logLevel: 'error',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir,
    minify: false,
    target: 'node20',
    rolldownOptions: {
      input: { yardstick: join(root, 'bench/yardstick/main.ts') },
      output: { entryFileNames: '[name].mjs' },
    },
  },
});
const args = [join(outDir, 'yardstick.mjs'), ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
