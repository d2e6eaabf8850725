/**
 * `npm test`: every check, in order, stopping at the first that fails. Names may be given to
 * run only those. Of the end-to-end tests at smaller widths it runs a part: `npm run e2e` runs them all.
 */
import { spawnSync } from 'node:child_process';

const STEPS = [
  ['format', 'npx', ['--no-install', 'oxfmt', '--check']],
  ['lint', 'npx', ['--no-install', 'oxlint', '--type-aware', '--deny-warnings']],
  ['types', 'npx', ['--no-install', 'tsc', '-p', '.']],
  ['cli', 'npx', ['--no-install', 'vite', 'build', '-c', 'vite.cli.config.ts', '--logLevel', 'warn']],
  ['unit', 'npx', ['--no-install', 'vitest', 'run']],
  ['build', 'npx', ['--no-install', 'vite', 'build', '--logLevel', 'warn']],
  ['budgets', process.execPath, ['scripts/budgets.mjs']],
  ['e2e', 'npx', ['--no-install', 'playwright', 'test']],
];

const wanted = process.argv.slice(2);
let passed = 0;
for (const [name, command, args] of STEPS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const start = performance.now();
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, E2E_SLICE: '1' },
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status !== 0) {
    console.log(`== ${name} failed after ${seconds} s`);
    console.log(`steps: ${passed} passed, 1 failed`);
    process.exit(1);
  }
  passed++;
  console.log(`== ${name} passed in ${seconds} s`);
}
console.log(`steps: ${passed} passed, 0 failed`);
