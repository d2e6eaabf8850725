/**
 * bpftool, cat and ls in the shell print what they printed on a real 6.12: the same object, the same machine.
 *
 * Left out is what one machine cannot know of another: ids beyond their order, times, the length of jited code.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { DEFAULT_RELEASE } from '../src/engine/abi/releases.ts';
import { importRecorded } from '../src/engine/kernel/import_recorded.ts';
import { Symbols } from '../src/engine/kernel/symbols.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { openShell } from '../src/engine/machine/shell.ts';
import type { ShellSession } from '../src/engine/shell/session.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { readBytes, readText } from './cli/files.ts';
import { openCase } from './cli/recorded/truth.ts';
import type { CaseFiles } from './cli/recorded/truth.ts';
import { resources } from './resources.ts';

const CASES = join(import.meta.dirname, '..', 'recorded', 'linux-6.12', 'cases');

interface Texts {
  readonly bpftool_prog?: string;
  readonly bpftool_map?: string;
  readonly bpftool_xlated?: string;
  readonly bpftool_pin?: string;
  readonly bpftool_link_show?: string;
  readonly bpftool_link_show_json?: string;
  readonly cat?: string;
  readonly ls?: string;
}
const recorded = (name: string): Texts =>
  JSON.parse(readFileSync(join(CASES, name, 'linux.json'), 'utf8')) as Texts;
const names = readdirSync(CASES).filter(
  (name) => existsSync(join(CASES, name, 'linux.json')) && recorded(name).bpftool_prog !== undefined,
);

const cache = new Map<string, unknown>();
function once<T>(key: string, make: () => T): T {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key) as T;
}

/** A shell in the machine of the recording, with clang's object in its directory. */
function shellOf(files: CaseFiles): ShellSession {
  const machine = bootMachine(
    resources,
    {
      world: { name: files.truth.boot },
      release: DEFAULT_RELEASE,
      btf: once(files.btf, () => readBytes(files.btf)),
      kallsyms: once(files.kallsyms, () => Symbols.parse(readText(files.kallsyms))),
    },
    importRecorded(once(files.world, () => JSON.parse(readText(files.world)) as unknown)),
  );
  const object = `${files.name}.bpf.o`;
  return openShell(machine, {
    read: (path) => (path === object ? readBytes(files.object) : null),
    size: (path) => (path === object ? readBytes(files.object).length : null),
    list: (path) => (path === '' ? [object] : null),
  });
}

function type(shell: ShellSession, line: string): string {
  return shell
    .run(line)
    .output.map(({ bytes }) => latin1Decode(bytes))
    .join('');
}

/** Numbers that another machine would not have. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/^\d+: /gm, 'N: '],
  [/("(?:id|prog_id|btf_id|loaded_at|bytes_jited)":)\d+/g, '$1N'],
  [/"map_ids":\[[\d,]+\]/g, '"map_ids":[N]'],
  [/loaded_at \S+/g, 'loaded_at T'],
  [/jited \d+B/g, 'jited NB'],
  [/(prog|btf_id) \d+/g, '$1 N'],
  [/map_ids [\d,]+/g, 'map_ids N'],
  [/map\[id:\d+\]/g, 'map[id:N]'],
  [/^(drwxr-xr-x +)\d+(.* \.\.)$/gm, '$1N$2'],
  [/\w{3} [ \d]\d [\d:]{5}/g, 'Mon 00 00:00'],
];
const masked = (text: string): string => MASKS.reduce((out, [mask, by]) => out.replace(mask, by), text);

/** Programs that print tasks, times and addresses which were others when the recorder's shell ran. */
const OF_ITS_MOMENT: ReadonlySet<string> = new Set([
  'oc_task',
  'printf_fmt',
  'seq_write_raw',
  'task_all',
  'task_fields',
  'task_file_paths',
]);
/** The recorder kept so many characters. */
const KEPT = 20_000;
/** Lines with their numbers out, each once. */
const shapes = (text: string): Set<string> =>
  new Set(
    text
      .split('\n')
      .slice(0, text.length >= KEPT ? -1 : undefined)
      .map((line) => line.replace(/\b(0x)?[0-9a-f]{8,16}\b|-?\d+/g, 'N').replace(/ +/g, ' ')),
  );

/** What was typed when the recording was made: the text that it left, and the line. */
type Typed = readonly [text: keyof Texts, line: (name: string, prog: string) => string];
const PINNED: readonly Typed[] = [
  ['bpftool_pin', (name) => `bpftool iter pin ${name}.bpf.o /sys/fs/bpf/it; echo rc=$?`],
  ['bpftool_link_show', () => 'bpftool link show'],
  ['bpftool_link_show_json', () => 'bpftool -j link show'],
  ['ls', () => '/usr/lib/busybox/ls -la /sys/fs/bpf'],
];
const LOADED: readonly Typed[] = [
  ['bpftool_prog', (_, prog) => `bpftool prog show name ${prog}; bpftool -j prog show name ${prog}`],
  ['bpftool_map', () => 'bpftool map show'],
  ['bpftool_xlated', (_, prog) => `bpftool prog dump xlated name ${prog}`],
];

test.for(names)('%s: bpftool, ls and cat', (name) => {
  const truth = recorded(name);
  const shell = shellOf(openCase(join(CASES, name)));
  const prog = /name (\w+)/.exec(truth.bpftool_prog ?? '')?.[1] ?? '';
  const said: Partial<Record<keyof Texts, string>> = {};
  const want: Partial<Record<keyof Texts, string>> = {};
  const typeAll = (all: readonly Typed[]): void => {
    for (const [text, line] of all) {
      const recordedText = truth[text];
      if (recordedText === undefined) continue;
      said[text] = masked(type(shell, line(name, prog)));
      want[text] = masked(recordedText);
    }
  };
  typeAll(PINNED);
  const lines = shapes(type(shell, '/usr/lib/busybox/cat /sys/fs/bpf/it'));
  const missing = [...shapes(truth.cat ?? '')].filter((line) => line !== '' && !lines.has(line));
  type(shell, 'rm -f /sys/fs/bpf/it');
  type(shell, `bpftool prog loadall ${name}.bpf.o /sys/fs/bpf/progs pinmaps /sys/fs/bpf/maps`);
  typeAll(LOADED);
  expect(said).toEqual(want);
  expect(OF_ITS_MOMENT.has(name) ? [] : missing).toEqual([]);
});
