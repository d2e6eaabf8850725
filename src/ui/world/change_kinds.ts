/**
 * What can be done to a world by hand: one row for each word of a script (docs/world.schema.json), with the
 * fields that it takes. The engine judges what is typed; here it only becomes the shape of an entry.
 */
import type { ScenarioChange } from '../../protocol/scenario.ts';

export type FieldKind = 'task' | 'number' | 'text' | 'address' | 'cgroup' | 'bytes' | 'shares' | 'file';

export interface Field {
  /** Key of the entry. */
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  /** What stands there at first; without one the field may stay empty. */
  readonly initial?: string;
  readonly optional?: true;
}

export interface ChangeKind {
  readonly word: string;
  readonly title: string;
  readonly group: 'Tasks' | 'Files' | 'Memory' | 'Cgroups' | 'Sockets' | 'Maps';
  readonly fields: readonly Field[];
}

const task: Field = { name: 'pid', label: 'task', kind: 'task' };
const comm: Field = { name: 'comm', label: 'name', kind: 'text', optional: true };
const fd: Field = { name: 'fd', label: 'fd', kind: 'number' };
const range: readonly Field[] = [
  { name: 'start', label: 'start', kind: 'address', initial: '0x10000000' },
  { name: 'end', label: 'end', kind: 'address', initial: '0x10002000' },
];
const perms: Field = { name: 'perms', label: 'rights', kind: 'text', initial: 'rw-p' };
const cgroup: Field = { name: 'path', label: 'cgroup', kind: 'cgroup', initial: '/new' };
const element: readonly Field[] = [
  { name: 'map', label: 'map', kind: 'text' },
  { name: 'key', label: 'key', kind: 'bytes', initial: '1' },
];

export const CHANGE_KINDS: readonly ChangeKind[] = [
  {
    word: 'fork',
    title: 'fork: a new process',
    group: 'Tasks',
    fields: [task, comm, { name: 'shares', label: 'shares', kind: 'shares', optional: true }],
  },
  { word: 'thread', title: 'a new thread', group: 'Tasks', fields: [task, comm] },
  {
    word: 'exec',
    title: 'exec another program',
    group: 'Tasks',
    fields: [task, { name: 'exe', label: 'program', kind: 'text', initial: '/usr/bin/true' }],
  },
  { word: 'exit', title: 'exit of the process', group: 'Tasks', fields: [task] },
  { word: 'exit_thread', title: 'exit of one thread', group: 'Tasks', fields: [task] },
  { word: 'wait', title: 'wait for a zombie', group: 'Tasks', fields: [task] },
  {
    word: 'comm',
    title: 'rename a task',
    group: 'Tasks',
    fields: [task, { ...comm, initial: 'renamed' }],
  },
  {
    word: 'open',
    title: 'open a file',
    group: 'Files',
    fields: [
      task,
      { name: 'file', label: 'path', kind: 'file', initial: '/tmp/new' },
      { ...fd, optional: true },
    ],
  },
  { word: 'close', title: 'close an fd', group: 'Files', fields: [task, fd] },
  {
    word: 'dup',
    title: 'dup an fd',
    group: 'Files',
    fields: [task, fd, { name: 'to', label: 'to', kind: 'number', optional: true }],
  },
  {
    word: 'mmap',
    title: 'mmap a range',
    group: 'Memory',
    fields: [task, ...range, perms, { name: 'name', label: 'file', kind: 'text', optional: true }],
  },
  { word: 'munmap', title: 'munmap a range', group: 'Memory', fields: [task, ...range] },
  { word: 'mprotect', title: 'mprotect a range', group: 'Memory', fields: [task, ...range, perms] },
  { word: 'cgroup_create', title: 'create a cgroup', group: 'Cgroups', fields: [cgroup] },
  { word: 'cgroup_remove', title: 'remove a cgroup', group: 'Cgroups', fields: [cgroup] },
  { word: 'cgroup_move', title: 'move a process', group: 'Cgroups', fields: [task, cgroup] },
  {
    word: 'listen',
    title: 'listen at an address',
    group: 'Sockets',
    fields: [task, { name: 'local', label: 'at', kind: 'text', initial: '127.0.0.1:8080' }],
  },
  {
    word: 'connect',
    title: 'connect to an address',
    group: 'Sockets',
    fields: [task, { name: 'to', label: 'to', kind: 'text', initial: '127.0.0.1:8080' }],
  },
  { word: 'accept', title: 'accept on a listening fd', group: 'Sockets', fields: [task, fd] },
  {
    word: 'map_update',
    title: 'put an element into a map',
    group: 'Maps',
    fields: [...element, { name: 'value', label: 'value', kind: 'bytes', initial: '1' }],
  },
  { word: 'map_delete', title: 'delete an element of a map', group: 'Maps', fields: element },
];

/** Text of a field as the entry wants it; undefined leaves it out. */
const VALUES: Readonly<Record<FieldKind, (text: string) => unknown>> = {
  task: Number,
  number: Number,
  text: (text) => text,
  address: (text) => text,
  cgroup: (text) => text,
  file: (path) => ({ path }),
  // Digits alone are a number; bytes in hex are pairs with blanks, or have letters in them.
  bytes: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
  shares: (text) => text.split(' '),
};

/** The entry that a form says, without its moment; or what is missing. */
export function entryOf(
  kind: ChangeKind,
  typed: Readonly<Record<string, string>>,
): { readonly entry: ScenarioChange } | { readonly missing: string } {
  const entry: Record<string, unknown> = { do: kind.word };
  for (const field of kind.fields) {
    const text = (typed[field.name] ?? field.initial ?? '').trim();
    if (text === '' && field.optional) continue;
    const number = field.kind === 'task' || field.kind === 'number';
    if (text === '' || (number && !/^\d{1,7}$/.test(text)))
      return { missing: `${field.label} needs ${number ? 'a number' : 'a value'}` };
    entry[field.name] = VALUES[field.kind](text);
  }
  return { entry };
}
