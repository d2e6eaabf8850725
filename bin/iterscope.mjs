#!/usr/bin/env node
/** The command line: builds its bundle when that is missing or older than the sources, then runs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = join(root, 'dist-cli', 'iterscope.mjs');

/** Modification time of the newest file below a folder, in ms. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

function build() {
  const steps = [
    [process.execPath, [join(root, 'scripts', 'ensure.mjs')]],
    [
      process.execPath,
      [
        join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
        'build',
        '-c',
        'vite.cli.config.ts',
        '--logLevel',
        'error',
      ],
    ],
  ];
  for (const [command, args] of steps) {
    const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) {
      console.error('iterscope: could not build the command line; see the messages above.');
      process.exit(70);
    }
  }
}

const sources = ['src/engine', 'src/protocol', 'src/shared', 'app'].map((path) => join(root, path));
if (!existsSync(bundle) || statSync(bundle).mtimeMs < Math.max(...sources.map(newest))) build();
await import(pathToFileURL(bundle).href);
