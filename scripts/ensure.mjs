/**
 * Installs what a fresh machine lacks, and nothing else. Needs only Node; quick when nothing is missing.
 *
 *     node scripts/ensure.mjs             packages (npm ci), when the lock file or Node changed
 *     node scripts/ensure.mjs --browser   also a Chromium for the end-to-end tests
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findChromium } from './chromium.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function die(message) {
  console.error(`iterscope: ${message}`);
  process.exit(1);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  return error ? 127 : (status ?? 1);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  die(`Node ${process.versions.node} is too old; Iterscope needs Node 20.19 or newer.`);

const stampFile = join(root, 'node_modules', '.ensured');
const stamp = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(process.version + process.arch)
  .digest('hex');
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  console.error('iterscope: installing packages (npm ci) ...');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund'];
  const status = npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args);
  if (status !== 0) die('npm ci failed; see its messages above.');
  const own = join(root, 'node_modules', '.bin', 'iterscope');
  if (!existsSync(own) && process.platform !== 'win32') symlinkSync('../../bin/iterscope.mjs', own);
  writeFileSync(stampFile, stamp);
}

if (process.argv.includes('--browser') && !findChromium()) {
  console.error('iterscope: no Chromium found, installing one ...');
  const isRoot = process.getuid?.() === 0;
  const apt = isRoot && run('apt-get', ['--version']) === 0;
  if (apt) {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
  } else {
    run('npx', ['--no-install', 'playwright', 'install', 'chromium']);
  }
  if (!findChromium() && apt) die('could not install Chromium; install one and set CHROMIUM to its path.');
}
