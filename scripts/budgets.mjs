/**
 * How much has to arrive before the page can be used, in KB of gzip, against its budget.
 *
 *     editable          script before the program can be typed into: the textarea needs none, so this is
 *                       what the page loads to restore the kept text
 *     first keystroke   script, styles and editor worker before Monaco takes a key
 *     compiler          its share of the workers' scripts: what it is when it is built alone
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

/** Files that are loaded together with the chunks of these sources, without what they import lazily. */
function closure(sources, files = new Set()) {
  for (const source of sources) {
    const chunk = manifest[source];
    if (!chunk) throw new Error(`no chunk for ${source}: the budget names a source that is gone`);
    if (files.has(chunk.file)) continue;
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    closure(chunk.imports ?? [], files);
  }
  return files;
}

/** What a module is with all that it imports. */
async function builtAlone(entry) {
  const { output } = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      // Not as a library: those keep their white space.
      rolldownOptions: { input: join(root, entry), preserveEntrySignatures: 'strict' },
    },
  });
  return output.map(({ code }) => Buffer.from(code));
}

const read = (files) => [...files].map((file) => readFileSync(join(dist, file)));
const kilobytes = (contents) => contents.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0) / 1000;

const editorWorker = readdirSync(join(dist, 'assets'))
  .filter((name) => /^editor\.worker-.*\.js$/.test(name))
  .map((name) => `assets/${name}`);
const boot = closure(['index.html']);
const editor = new Set([
  ...closure(['index.html', 'app/main.tsx', 'src/ui/editor/monaco_editor.ts']),
  ...editorWorker,
]);

const BUDGETS = [
  { name: 'editable', limit: 30, contents: read([...boot].filter((file) => file.endsWith('.js'))) },
  { name: 'first keystroke', limit: 1000, contents: read(editor) },
  { name: 'compiler', limit: 150, contents: await builtAlone('src/engine/cc/compile.ts') },
];

let failed = false;
for (const { name, limit, contents } of BUDGETS) {
  const size = kilobytes(contents);
  const over = size > limit;
  failed ||= over;
  console.log(
    `${over ? 'OVER' : 'ok  '}  ${name.padEnd(16)} ${size.toFixed(1).padStart(7)} of ${limit} KB gzip`,
  );
}
process.exit(failed ? 1 : 0);
