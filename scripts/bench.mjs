/** Builds the benchmarks and runs them; see docs/BENCH.md for the flags. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

const built = node(
  join('node_modules', 'vite', 'bin', 'vite.js'),
  'build',
  '-c',
  'vite.bench.config.ts',
  '--logLevel',
  'error',
);
process.exit(built === 0 ? node(join('.cache', 'bench', 'bench.mjs'), ...process.argv.slice(2)) : built);
