/** Builds the differential fuzzer and runs it; its words are in bench/fuzz/main.ts. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;

const vite = join('node_modules', 'vite', 'bin', 'vite.js');
const built = node(vite, 'build', '-c', 'vite.fuzz.config.ts', '--logLevel', 'error');
process.exit(built === 0 ? node(join('.cache', 'fuzz', 'fuzz.mjs'), ...process.argv.slice(2)) : built);
