/** /proc in the shell says of a recorded machine what its own /proc said when it was recorded. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { importRecorded } from '../src/engine/kernel/import_recorded.ts';
import { Symbols } from '../src/engine/kernel/symbols.ts';
import { bootMachine } from '../src/engine/machine/boot.ts';
import { openShell } from '../src/engine/machine/shell.ts';
import { latin1Decode } from '../src/shared/utf8.ts';
import { readBytes, readText } from './cli/files.ts';
import { resources } from './resources.ts';

const LAB = join(import.meta.dirname, '..', 'recorded', 'linux-6.12');

interface Recorded {
  readonly processes: readonly {
    readonly pid: number;
    readonly maps?: string;
    readonly threads: readonly {
      readonly tid: number;
      readonly comm: string;
      readonly stat: string;
      readonly status: string;
      readonly cgroup?: string;
      readonly fds?: readonly { readonly fd: number; readonly link: string }[];
    }[];
  }[];
  readonly net: Readonly<Record<string, string>>;
}
const world = JSON.parse(readText(join(LAB, 'worlds', 'progs1.json'))) as Recorded;
const shell = openShell(
  bootMachine(
    resources,
    {
      world: { name: 'progs1' },
      btf: readBytes(join(LAB, 'kernel', 'vmlinux.btf.gz')),
      kallsyms: Symbols.parse(readText(join(LAB, 'kernel', 'kallsyms.gz'))),
    },
    importRecorded(world),
  ),
);
const cat = (path: string): string =>
  shell
    .run(`cat ${path}`)
    .output.map(({ bytes }) => latin1Decode(bytes))
    .join('');

/** What is not modelled of a task: signals, page tables and peaks of memory. */
const STATUS_OUT =
  /^(SigQ|Sig\w+|ShdPnd|VmPeak|VmHWM|VmPTE|Seccomp\w*|NoNewPrivs|CoreDumping|HugetlbPages):.*\n/gm;
/** Fields of stat, from 1: terminal, times, resident pages, where it stands, signals, what it waits for. */
const STAT_OUT = new Set([7, 8, 11, 13, 14, 15, 16, 17, 24, 29, 30, 31, 32, 33, 34, 35]);
const statFields = (text: string): string[] => {
  const name = text.lastIndexOf(')') + 1;
  return [
    text.slice(0, name),
    ...text
      .slice(name + 1)
      .trimEnd()
      .split(' '),
  ].filter((_, i) => !STAT_OUT.has(i + 2));
};
/** Of kernel threads /proc knows names longer than comm, and what a worker works on; a world does not. */
const shortName = (text: string): string =>
  text.replace(
    /^(Name:\t|\d+ \()?(\S{1,15})\S*?(\)|$)/m,
    (_, before: string | undefined, name: string, after: string) =>
      `${before ?? ''}${name.replace(/^(kworker\/[u\d:H]+)-.*/, '$1')}${after}`,
  );
/** The recorder itself is another process by now. */
const SELF = (world as unknown as { readonly self: number }).self;
const tasks = world.processes
  .filter(({ pid }) => pid !== SELF)
  .flatMap(({ pid, threads }) =>
    threads.map((thread) => ({ ...thread, path: `/proc/${pid}/task/${thread.tid}` })),
  );

test('status, but for signals and peaks', () => {
  const said = tasks.map(({ path }) => cat(`${path}/status`).replace(STATUS_OUT, ''));
  expect(said.map(shortName)).toEqual(tasks.map(({ status }) => shortName(status.replace(STATUS_OUT, ''))));
});

test('stat, but for signals, terminals and times of children', () => {
  const said = tasks.map(({ path }) => statFields(cat(`${path}/stat`)).join(' '));
  expect(said.map(shortName)).toEqual(tasks.map(({ stat }) => shortName(statFields(stat).join(' '))));
});

test('maps, line by line', () => {
  const mapped = world.processes.filter(({ pid, maps }) => pid !== SELF && maps !== undefined);
  const said = mapped.map(({ pid }) => cat(`/proc/${pid}/maps`));
  expect(said).toEqual(mapped.map(({ maps }) => maps));
});

test('names, cgroups, and where fds lead', () => {
  const said = tasks.map(({ path, fds }) => [
    shortName(cat(`${path}/comm`)),
    cat(`${path}/cgroup`),
    ...(fds ?? []).map(({ fd }) =>
      shell
        .run(`readlink ${path}/fd/${fd}`)
        .output.map(({ bytes }) => latin1Decode(bytes))
        .join(''),
    ),
  ]);
  expect(said).toEqual(
    tasks.map(({ comm, cgroup, fds }) => [
      shortName(comm),
      cgroup,
      ...(fds ?? []).map(({ link }) => `${link}\n`),
    ]),
  );
});

/** Addresses of sockets are hashed, queues and timers are not modelled: what is left of a line. */
const lineOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) =>
      line
        .replace(/\b[0-9a-f]{16}\b/g, 'SK')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .sort();

test.for(['netlink', 'ipv6_route'])('/proc/net/%s', (name) => {
  expect(lineOf(cat(`/proc/net/${name}`))).toEqual(lineOf(world.net[name] ?? ''));
});
