/** The words that bpftool understands at each place, for completion. */
import { BTF } from './btf.ts';
import { ITER } from './iter.ts';
import { LINK } from './link.ts';
import { MAP } from './map.ts';
import { PROG } from './prog.ts';
import type { Handler } from './tool.ts';

/** Commands by object; the first is what the object alone means. */
export const OBJECTS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  prog: PROG,
  map: MAP,
  link: LINK,
  btf: BTF,
  iter: ITER,
};

const HANDLE_WORDS: Readonly<Record<string, readonly string[]>> = {
  prog: ['id', 'name', 'pinned', 'tag'],
  map: ['id', 'name', 'pinned'],
  link: ['id', 'pinned'],
};

/** @param before the words after `bpftool`, without options */
export function BPFTOOL_WORDS(before: readonly string[]): readonly string[] {
  const [object, command, ...rest] = before;
  if (object === undefined) return [...Object.keys(OBJECTS), 'help', 'version', 'batch'];
  const commands = OBJECTS[object];
  if (!commands) return [];
  if (command === undefined) return [...Object.keys(commands), 'help'];
  if (object === 'iter')
    return rest.length === 2 ? ['map'] : rest.at(-1) === 'map' ? (HANDLE_WORDS['map'] ?? []) : [];
  if (object === 'prog' && command === 'dump')
    return rest.length === 0
      ? ['xlated', 'jited']
      : rest.length === 1
        ? (HANDLE_WORDS['prog'] ?? [])
        : rest.length === 3
          ? ['file', 'linum', 'opcodes']
          : [];
  if (object === 'prog' && command.startsWith('load')) return [];
  if (object === 'btf' && command === 'dump')
    return rest.length === 0
      ? ['file', 'id', 'map', 'prog']
      : rest.length === 1
        ? (HANDLE_WORDS[rest[0] ?? ''] ?? [])
        : ['c', 'format', 'raw'];
  if (object === 'btf') return rest.length === 0 ? ['id'] : [];
  return rest.length === 0 ? (HANDLE_WORDS[object] ?? []) : rest.length === 2 ? ['key', 'value'] : [];
}
