/**
 * Writes docs/fidelity.md from the @kernel and @fidelity tags in the engine's docstrings.
 *
 *     node scripts/fidelity.mjs           write the page
 *     node scripts/fidelity.mjs --check   fail when the page is stale
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const engine = join(root, 'src', 'engine');
const page = join(root, 'docs', 'fidelity.md');

/** A tag's text up to the next tag or the end of the comment, on one line. */
const tag = (comment, name) =>
  new RegExp(`@${name}\\s+([^]*?)(?=\\s@[a-z]|$)`)
    .exec(comment)?.[1]
    ?.replace(/\s*\n\s*\*(\s|$)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/** A doc comment and the name of what it stands on; a module's own comment has none. */
const DOCUMENTED =
  /\/\*\*([^]*?)\*\/(?:\s*(?:export |static |readonly |private |const |function |class )*(\w+)\b)?/g;

function rows(file) {
  const text = readFileSync(join(engine, file), 'utf8');
  return [...text.matchAll(DOCUMENTED)].flatMap(([, comment = '', name]) => {
    const fidelity = tag(comment, 'fidelity');
    if (fidelity === undefined) return [];
    const ours = name === undefined ? '' : `(${name})`;
    return [{ file, kernel: tag(comment, 'kernel') ?? ours, fidelity }];
  });
}

const files = readdirSync(engine, { recursive: true, encoding: 'utf8' });
const all = files
  .filter((file) => file.endsWith('.ts') && !file.includes('.test.'))
  .sort()
  .flatMap(rows);
const bad = all.filter(({ fidelity }) => !/^(full|partial|none): ./.test(fidelity));
if (bad.length > 0) {
  for (const { file, fidelity } of bad)
    console.error(
      `${file}: @fidelity must be "full: the test that proves it", "partial: why" or "none: why", not "${fidelity.slice(0, 60)}"`,
    );
  process.exit(1);
}

/** What a `full: FILE[, FILE]` names as its proof: a path from the root, or the name of one test of the engine. */
const proofs = (fidelity) => /^full: (.+)$/.exec(fidelity)?.[1]?.split(/,\s*/) ?? [];
const tests = files.filter((file) => file.endsWith('.test.ts'));
const exists = (proof) =>
  proof.includes('/')
    ? existsSync(join(root, proof))
    : tests.filter((file) => basename(file) === proof).length === 1;
const unproved = all.flatMap(({ file, kernel, fidelity }) =>
  proofs(fidelity).flatMap((proof) => (exists(proof) ? [] : [`${file}: ${kernel}: ${proof}`])),
);
if (unproved.length > 0) {
  for (const what of unproved)
    console.error(`${what}: "full" names a test that does not exist, or not only one`);
  process.exit(1);
}

const known = readFileSync(join(root, 'docs', 'known_gaps.md'), 'utf8');
const cell = (text) => text.replaceAll('|', '\\|');
const section = (title, wanted) => {
  const some = all.filter(({ fidelity }) => fidelity.startsWith(wanted));
  if (some.length === 0) return '';
  const lines = some.map(({ file, kernel, fidelity }) =>
    wanted === 'full'
      ? `| ${cell(kernel)} | \`${file}\` | ${cell(proofs(fidelity).join(', '))} |`
      : `| ${cell(kernel)} | \`${file}\` | ${cell(fidelity.replace(/^\w+: /, ''))} |`,
  );
  const head =
    wanted === 'full'
      ? '| kernel | here | proved by name in |\n|---|---|---|'
      : '| kernel | here | what differs and why |\n|---|---|---|';
  return `## ${title}\n\n${head}\n${lines.join('\n')}\n\n`;
};
const text =
  `# Fidelity\n\nHow close each part is to Linux. Generated from the \`@fidelity\` tags of the sources by \`scripts/fidelity.mjs\`; the first part is written by hand in \`docs/known_gaps.md\`.\n\n${known.trim()}\n\n` +
  section('Partial', 'partial') +
  section('None', 'none') +
  section('Full', 'full');
const out = `${text.trim()}\n`;

if (!process.argv.includes('--check')) writeFileSync(page, out);
else if (readFileSync(page, 'utf8') !== out) {
  console.error('docs/fidelity.md is stale: run "node scripts/fidelity.mjs" and commit the result.');
  process.exit(1);
}
