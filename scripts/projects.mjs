/** Builds the projects that the page hands out, with the tools of this machine; app/projects/main.ts says how. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = join(root, '.cache', 'projects', 'script');
await build({
  configFile: join(root, 'vite.cli.config.ts'),
  root,
  logLevel: 'error',
  build: {
    ssr: join(root, 'app/projects/main.ts'),
    outDir,
    rolldownOptions: { output: { entryFileNames: 'projects.mjs' } },
  },
});
const args = [join(outDir, 'projects.mjs'), root, ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
