/**
 * Every file in shell/ is what a user typed into a shell, and what came: lines after `$ ` are typed, the lines
 * below them are stdout and stderr as they came, `[N]` is an exit status that is not 0.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { bootMachine } from '../src/engine/machine/boot.ts';
import { openShell } from '../src/engine/machine/shell.ts';
import type { OutsideFiles } from '../src/engine/shell/host.ts';
import { latin1Decode, utf8Decode } from '../src/shared/utf8.ts';
import { resources } from './resources.ts';

const ROOT = join(import.meta.dirname, 'shell');
const EXAMPLES = join(import.meta.dirname, 'examples');

/** The examples lie in the shell's directory. */
const names = readdirSync(EXAMPLES, { withFileTypes: true }).flatMap((entry) =>
  entry.isFile() ? [entry.name] : [],
);
const read = (path: string): Uint8Array | null =>
  names.includes(path) ? new Uint8Array(readFileSync(join(EXAMPLES, path))) : null;
const examples: OutsideFiles = {
  read,
  size: (path) => read(path)?.length ?? null,
  list: (path) => (path === '' ? names : null),
};

/** Types the lines of a transcript and writes down what comes. */
function transcript(text: string): string {
  const world = /^# world: (\S+)/.exec(text)?.[1] ?? 'demo';
  const shell = openShell(bootMachine(resources, { world: { name: world } }), examples);
  const out: string[] = text.slice(0, text.search(/^\$ /m)).trimEnd().split('\n');
  for (const line of text.split('\n').filter((each) => each.startsWith('$ '))) {
    const { output, status } = shell.run(line.slice(2));
    const bytes = output.map(({ bytes: some }) => latin1Decode(some)).join('');
    const said = utf8Decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
    out.push(line, ...(said === '' ? [] : said.replace(/\n$/, '').split('\n')));
    if (status !== 0) out.push(`[${status}]`);
  }
  return `${out.join('\n')}\n`;
}

test.for(readdirSync(ROOT))('%s', async (name) => {
  const path = join(ROOT, name);
  await expect(transcript(readFileSync(path, 'utf8'))).toMatchFileSnapshot(path);
});

test('here-documents, and lines that run before a later one is wrong', () => {
  const shell = openShell(bootMachine(resources, { world: { name: 'docs' } }));
  const type = (...lines: readonly string[]): string =>
    shell
      .run(lines.join('\n'))
      .output.map(({ bytes }) => latin1Decode(bytes))
      .join('');
  expect(type('N=4', 'cat <<EOF; echo after', 'sum $((N * 2)) $(echo in) "q" \\$N', 'EOF', 'echo last')).toBe(
    'sum 8 in "q" $N\nafter\nlast\n',
  );
  expect(type("cat <<-'END' | tr a-z A-Z", '\traw $N', '\tEND', 'wc -l <<A', 'one', 'two')).toBe(
    'RAW $N\n2\n',
  );
  expect(type('echo first', 'done')).toBe("first\nbash: syntax error near unexpected token `done'\n");
});
