/** What the Tab key offers: commands first, then words of bpftool, else file names. */
import { BUILTINS } from './builtins.ts';
import { isDirectory } from './fs/node.ts';
import { BPFTOOL_WORDS } from './bpftool/words.ts';
import type { Process } from './process.ts';

export interface Completion {
  /** The part of the line that a candidate replaces. */
  readonly start: number;
  readonly end: number;
  /** Sorted; directories end with a slash, other words are whole. */
  readonly candidates: readonly string[];
}

/** @param text the line so far @param cursor where Tab was pressed */
export function completeLine(process: Process, text: string, cursor: number): Completion {
  const before = text.slice(0, cursor);
  const start = before.length - (/[^\s|;&<>()"']*$/.exec(before)?.[0].length ?? 0);
  const word = before.slice(start);
  const command = /([^|;&(]*)$/.exec(before.slice(0, start))?.[1]?.trim().split(/\s+/) ?? [];
  const words = command.filter((each) => each !== '');
  const done = (candidates: readonly string[]): Completion => ({
    start,
    end: cursor,
    candidates: [...new Set(candidates)].filter((each) => each.startsWith(word)).sort(),
  });
  if (word.startsWith('$')) return done([...process.env.keys()].map((name) => `$${name}`));
  if (words.length === 0 && !word.includes('/'))
    return done([...Object.keys(BUILTINS), ...process.world.programNames]);
  const plain = words.filter((each) => !each.startsWith('-'));
  if (plain[0] === 'bpftool' && !word.includes('/')) {
    const offered = BPFTOOL_WORDS(plain.slice(1));
    if (offered.some((each) => each.startsWith(word))) return done(offered);
  }
  return done(paths(process, word));
}

function paths(process: Process, word: string): string[] {
  const slash = word.lastIndexOf('/');
  const dir = slash < 0 ? '.' : word.slice(0, slash + 1);
  const names = process.readdir(dir);
  if (typeof names === 'number') return [];
  const prefix = word.slice(0, slash + 1);
  return names
    .filter((name) => !name.startsWith('.') || word.slice(slash + 1).startsWith('.'))
    .map((name) => {
      const node = process.stat(prefix + name);
      return prefix + name + (typeof node !== 'number' && isDirectory(node) ? '/' : '');
    });
}
