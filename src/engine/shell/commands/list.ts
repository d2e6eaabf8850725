/** ls, as coreutils prints it and as busybox does. */

import { strerror } from '../../libbpf/messages.ts';
import { major, minor } from '../../kernel/objects/inode.ts';
import { listTime, wallClock } from '../clock.ts';
import { isDirectory, isLink, S_IFMT } from '../fs/node.ts';
import type { Node } from '../fs/node.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import type { Options } from '../getopt.ts';
import { gnu, userName } from './program.ts';
import type { Main } from './program.ts';

interface Entry {
  readonly name: string;
  readonly node: Node;
}

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  0o140000: 's',
  0o120000: 'l',
  0o100000: '-',
  0o60000: 'b',
  0o40000: 'd',
  0o20000: 'c',
  0o10000: 'p',
};

/** `drwxr-xr-x` */
export function modeText(mode: number): string {
  const triple = (bits: number, special: boolean, letter: string): string => {
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return ((bits & 4) !== 0 ? 'r' : '-') + ((bits & 2) !== 0 ? 'w' : '-') + last;
  };
  return (
    (TYPE_LETTERS[mode & S_IFMT] ?? '?') +
    triple(mode >> 6, (mode & 0o4000) !== 0, 's') +
    triple(mode >> 3, (mode & 0o2000) !== 0, 's') +
    triple(mode, (mode & 0o1000) !== 0, 't')
  );
}

const isDevice = (node: Node): boolean => [0o20000, 0o60000].includes(node.mode & S_IFMT);
const sizeText = (node: Node): string =>
  isDevice(node) ? `${major(node.rdev ?? 0)}, ${minor(node.rdev ?? 0)}` : String(node.size);
/** Kilobytes on disk: filesystems without a disk have sizes of 0. */
const blocks = (node: Node): number => (isLink(node) || isDevice(node) ? 0 : Math.ceil(node.size / 4096) * 4);
const linked = ({ name, node }: Entry): string => (isLink(node) ? `${name} -> ${node.target ?? ''}` : name);

type Format = (p: Process, entries: readonly Entry[], numeric: boolean) => string;

/** A column as wide as its widest text. */
const widthOf = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));

const gnuLong: Format = (p, entries, numeric) => {
  const owner = numeric ? String : userName;
  const now = wallClock(p.world.kernel);
  const links = entries.map(({ node }) => String(node.nlink));
  const users = entries.map(({ node }) => owner(node.uid));
  const groups = entries.map(({ node }) => owner(node.gid));
  const sizes = entries.map(({ node }) => sizeText(node));
  const [wl, wu, wg, ws] = [links, users, groups, sizes].map(widthOf) as [number, number, number, number];
  return entries
    .map(
      (entry, i) =>
        `${modeText(entry.node.mode)} ${links[i]?.padStart(wl)} ${users[i]?.padEnd(wu)} ${groups[i]?.padEnd(wg)} ` +
        `${sizes[i]?.padStart(ws)} ${listTime(entry.node.mtime, now)} ${linked(entry)}\n`,
    )
    .join('');
};

/** Columns of fixed width; no group has a name, as where there is no /etc/group. */
const busyboxLong: Format = (p, entries) => {
  const now = wallClock(p.world.kernel);
  return entries
    .map(
      (entry) =>
        `${modeText(entry.node.mode)} ${String(entry.node.nlink).padStart(4)} ${userName(entry.node.uid).padEnd(8)} ` +
        `${String(entry.node.gid).padEnd(8)} ${sizeText(entry.node).padStart(9)} ${listTime(entry.node.mtime, now)} ${linked(entry)}\n`,
    )
    .join('');
};

/** Names in columns, filled downwards, in as few lines as fit. */
function inColumns(names: readonly string[], width: number): string {
  for (let rows = 1; rows <= names.length; rows++) {
    const columns = Array.from({ length: Math.ceil(names.length / rows) }, (_, c) =>
      names.slice(c * rows, (c + 1) * rows),
    );
    const widths = columns.map((column, c) => widthOf(column) + (c < columns.length - 1 ? 2 : 0));
    if (rows < names.length && widths.reduce((a, b) => a + b, 0) > width) continue;
    return Array.from({ length: rows }, (_, r) => {
      const line = columns.map((column, c) =>
        (column[r] ?? '').padEnd(c < columns.length - 1 ? (widths[c] ?? 0) : 0),
      );
      return `${line.join('').trimEnd()}\n`;
    }).join('');
  }
  return '';
}

/** By name as bytes compare, by size (-S) or by time (-t), the largest and the newest first; the other way (-r). */
function inOrder(entries: readonly Entry[], options: Options): Entry[] {
  const byName = entries.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  const sorted = options.has('S')
    ? byName.toSorted((a, b) => b.node.size - a.node.size)
    : options.has('t')
      ? byName.toSorted((a, b) => b.node.mtime - a.node.mtime)
      : byName;
  return options.has('r') ? sorted.toReversed() : sorted;
}

function* list(
  p: Process,
  options: Options,
  format: Format,
  missing: (path: string, errno: number) => string,
  all: string,
): Run<number> {
  const paths = options.operands.length > 0 ? options.operands : ['.'];
  const files: Entry[] = [];
  const directories: Entry[] = [];
  let status = 0;
  const long = options.has('l') || options.has('n');
  for (const path of paths) {
    const node = p.stat(path, !long && !options.has('d'));
    const failedToFind = typeof node === 'number' ? node : 0;
    if (typeof node === 'number') {
      yield* p.complain(missing(path, failedToFind));
      status = Number(all);
    } else if (isDirectory(node) && !options.has('d')) directories.push({ name: path, node });
    else files.push({ name: path, node });
  }
  const show = function* (entries: readonly Entry[]): Run<void> {
    const ordered = inOrder(entries, options);
    const mark = ({ name, node }: Entry): string =>
      (options.has('i') ? `${node.ino} ` : '') +
      name +
      ((options.has('F') || options.has('p')) && isDirectory(node) ? '/' : '');
    if (long)
      yield* p.print(
        format(
          p,
          ordered.map((e) => ({ ...e, name: mark(e) })),
          options.has('n'),
        ),
      );
    else {
      const width = options.has('1') ? null : p.world.columns;
      const names = ordered.map(mark);
      const toTerminal = width !== null && p.isTerminal(1);
      yield* p.print(toTerminal ? inColumns(names, width) : names.map((name) => `${name}\n`).join(''));
    }
  };
  yield* show(files);
  for (const [i, { name: path }] of inOrder(directories, options).entries()) {
    if (paths.length > 1) yield* p.print(`${i === 0 && files.length === 0 ? '' : '\n'}${path}:\n`);
    const names = p.readdir(path);
    if (typeof names === 'number') {
      yield* p.complain(`${p.name}: cannot open directory '${path}': ${strerror(names)}`);
      status = Number(all);
      continue;
    }
    const shown = names.filter((name) => options.has('a') || options.has('A') || !name.startsWith('.'));
    const withDots = options.has('a') ? ['.', '..', ...shown] : shown;
    const entries = withDots.flatMap((name): Entry[] => {
      const node = p.stat(`${path}/${name}`, false);
      return typeof node === 'number' ? [] : [{ name, node }];
    });
    if (long) yield* p.print(`total ${entries.reduce((sum, { node }) => sum + blocks(node), 0)}\n`);
    yield* show(entries);
  }
  return status;
}

const LS = {
  letters: 'laA1dinFprStRh',
  words: {
    all: 'a',
    'almost-all': 'A',
    directory: 'd',
    inode: 'i',
    reverse: 'r',
    classify: 'F',
    'human-readable': 'h',
  },
  usage: '[OPTION]... [FILE]...',
};

export const ls: Main = gnu({ ...LS, trouble: 2 }, function* (p, options) {
  if (options.has('R')) {
    yield* p.complain(`${p.name}: -R is not simulated here`);
    return 2;
  }
  return yield* list(
    p,
    options,
    gnuLong,
    (path, errno) => `${p.name}: cannot access '${path}': ${strerror(errno)}`,
    '2',
  );
});

export const busyboxLs: Main = gnu({ ...LS, trouble: 1 }, function* (p, options) {
  return yield* list(p, options, busyboxLong, (path, errno) => `ls: ${path}: ${strerror(errno)}`, '1');
});

/** readlink prints where a link leads; what is none has nothing to print. */
export const readlink: Main = gnu(
  { letters: 'f', words: { canonicalize: 'f' }, trouble: 1, usage: '[OPTION]... FILE...' },
  function* (p, options) {
    let status = 0;
    for (const path of options.operands) {
      const place = p.walk(path, options.has('f'));
      const node = typeof place === 'number' ? null : place.node;
      const target = options.has('f') ? (typeof place === 'number' ? '' : place.path) : (node?.target ?? '');
      if (target === '') status = 1;
      else yield* p.print(`${target}\n`);
    }
    return status;
  },
);

/** What stat prints of a file. */
export const stat: Main = gnu(
  { letters: 'c:L', words: { format: 'c', dereference: 'L' }, trouble: 1, usage: '[OPTION]... FILE...' },
  function* (p, options) {
    if (options.operands.length === 0) {
      yield* p.complain(`${p.name}: missing operand\nTry '${p.name} --help' for more information.`);
      return 1;
    }
    let status = 0;
    const format = options.value('c');
    for (const path of options.operands) {
      const node = p.stat(path, options.has('L'));
      if (typeof node === 'number') {
        yield* p.complain(`${p.name}: cannot statx '${path}': ${strerror(node)}`);
        status = 1;
        continue;
      }
      const kind = FILE_KINDS[node.mode & S_IFMT] ?? 'weird file';
      const permissions = (node.mode & 0o7777).toString(8);
      const facts: Readonly<Record<string, string>> = {
        '%n': path,
        '%s': String(node.size),
        '%i': String(node.ino),
        '%h': String(node.nlink),
        '%a': permissions,
        '%A': modeText(node.mode),
        '%u': String(node.uid),
        '%g': String(node.gid),
        '%U': userName(node.uid),
        '%G': userName(node.gid),
        '%F': kind === 'regular file' && node.size === 0 ? 'regular empty file' : kind,
        '%Y': String(node.mtime),
        '%%': '%',
      };
      yield* p.print(
        format === null
          ? `  File: ${linked({ name: path, node })}\n  Size: ${String(node.size).padEnd(10)}\tBlocks: ${String(blocks(node) * 2).padEnd(10)} IO Block: 4096   ${facts['%F']}\n` +
              `Access: (${permissions.padStart(4, '0')}/${modeText(node.mode)})  Uid: (${String(node.uid).padStart(5)}/${userName(node.uid).padStart(8)})   Gid: (${String(node.gid).padStart(5)}/${userName(node.gid).padStart(8)})\n`
          : `${format.replace(/%[nsihaAugUGFY%]/g, (key) => facts[key] ?? key)}\n`,
      );
    }
    return status;
  },
);

const FILE_KINDS: Readonly<Record<number, string>> = {
  0o140000: 'socket',
  0o120000: 'symbolic link',
  0o100000: 'regular file',
  0o60000: 'block special file',
  0o40000: 'directory',
  0o20000: 'character special file',
  0o10000: 'fifo',
};
