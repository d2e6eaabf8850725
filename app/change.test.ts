/** Changing the world by hand, as the page does it: an entry in the scenario's journal, and playing again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngineApi } from '../src/engine/machine_api.ts';
import type { Scenario, ScenarioChange } from '../src/protocol/scenario.ts';
import { CHANGE_KINDS } from '../src/ui/world/change_kinds.ts';
import { resources } from './resources.ts';

const context = {
  cancelled: () => false,
  progress: () => undefined,
  breathe: () => Promise.resolve(),
};
const text = readFileSync(join(import.meta.dirname, 'examples', 'task_file.bpf.c'), 'utf8');
const scenario: Scenario = {
  world: { name: 'demo' },
  source: { path: 'task_file.bpf.c', text },
  options: {},
};
const at = { call: 2, when: 'after' };
const api = () => createEngineApi(resources);
const changed = async (change: ScenarioChange, from = scenario) =>
  await api().change({ scenario: from, change }, context);
const output = async (played: Scenario): Promise<string> =>
  (await api().run({ scenario: played }, context)).report.output;
const lines = async (played: Scenario): Promise<number> => (await output(played)).split('\n').length;

test('a change that can be made is in the journal, and every run makes it', async () => {
  const { scenario: after, text: said, error } = await changed({ at, do: 'exit', pid: 841 });
  expect(error).toBe('');
  expect(said).toMatch(/^841 \(.*\) exited with 0$/);
  expect(after?.changes).toEqual([{ at, do: 'exit', pid: 841 }]);
  expect(await lines(after ?? scenario)).toBeLessThan(await lines(scenario));
  const engine = api();
  const { sessions } = await engine.run({ scenario: after ?? scenario }, context);
  expect(sessions[0]?.changes.map((change) => change.text)).toEqual([said]);
});

test('a replay of a moment behind the change has it made, one before it has not', async () => {
  const engine = api();
  const { scenario: after } = await changed({
    at: { call: 3, when: 'after' },
    do: 'comm',
    pid: 1,
    comm: 'renamed',
  });
  const { sessions, views } = await engine.run({ scenario: after ?? scenario }, context);
  const { ctx = 0n } = views[0] ?? {};
  const moment = (call: number) => ({ session: sessions[0]?.session ?? 1, read: 0, call });
  const nameAt = async (call: number) => {
    const row = await engine.peek(
      { moment: moment(call), struct: 'bpf_iter__task_file', addr: ctx },
      context,
    );
    const task = row?.fields.find(({ path }) => path === 'task')?.pointer?.addr ?? 0n;
    const peeked = await engine.peek({ moment: moment(call), struct: 'task_struct', addr: task }, context);
    return JSON.stringify(
      peeked?.fields.find(({ path }) => path === 'comm'),
      (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    );
  };
  expect(await nameAt(1)).not.toContain('renamed');
  expect(await nameAt(5)).toContain('renamed');
});

test('taking an entry out undoes it', async () => {
  const first = await changed({ at, do: 'exit', pid: 841 });
  const second = await changed({ at, do: 'fork', pid: 1, comm: 'new' }, first.scenario ?? scenario);
  const undone = { ...scenario, changes: (second.scenario?.changes ?? []).slice(1) };
  expect(undone.changes).toHaveLength(1);
  expect(await output({ ...undone, changes: [] })).toBe(await output(scenario));
  expect(await output(undone)).not.toBe(await output(second.scenario ?? scenario));
});

test.each<[ScenarioChange, string]>([
  [{ at, do: 'exit', pid: 1 }, '.changes[0].pid: process 1 is init: when it exits, the kernel panics'],
  [
    { at, do: 'close', pid: 841, fd: 77 },
    '.changes[0].fd: fd 77 is not open in task 841 at that moment (EBADF)',
  ],
  [{ at, do: 'exit', pid: 77 }, '.changes[0].pid: there is no task 77 at that moment'],
  [
    { at: { call: 999_999 }, do: 'wait', pid: 5 },
    ".changes[0]: 'wait' was not made: session 1 had nothing after call 999999",
  ],
  [{ at: {}, do: 'wait', pid: 5 }, '.changes[0].at: says neither a call nor a read'],
  [{ at, do: 'explode' }, '.changes[0].do: Invalid type'],
  [{ do: 'wait', pid: 5 }, '.changes[0].at: Invalid key'],
])('%j is refused and changes nothing', async (change, message) => {
  const result = await changed(change);
  expect(result.error).toContain(message);
  expect(result).toMatchObject({ scenario: null, text: '' });
});

/** For each kind one that cannot be: the field that is wrong, and why. */
const IMPOSSIBLE: readonly (readonly [ScenarioChange, string])[] = [
  [{ do: 'fork', pid: 2 }, 'pid: task 2 is a kernel thread: it makes no system calls'],
  [{ do: 'thread', pid: 77 }, 'pid: there is no task 77 at that moment'],
  [{ do: 'exec', pid: 1, exe: 'true' }, 'exe: Invalid start: Expected "/" but received "t"'],
  [{ do: 'exit', pid: 1 }, 'pid: process 1 is init: when it exits, the kernel panics'],
  [{ do: 'exit_thread', pid: 77 }, 'pid: there is no task 77 at that moment'],
  [{ do: 'wait', pid: 1 }, 'pid: task 1 is no zombie whose threads are all gone'],
  [{ do: 'comm', pid: 77, comm: 'x' }, 'pid: there is no task 77 at that moment'],
  [{ do: 'open', pid: 841, file: { path: '/a' }, fd: 0 }, 'fd: fd 0 is open in task 841 at that moment'],
  [{ do: 'close', pid: 841, fd: 77 }, 'fd: fd 77 is not open in task 841 at that moment (EBADF)'],
  [{ do: 'dup', pid: 841, fd: 77 }, 'fd: fd 77 is not open in task 841 at that moment (EBADF)'],
  [{ do: 'mmap', pid: 841, start: '0x2000', end: '0x1000', perms: 'rw-p' }, 'end: not above start (EINVAL)'],
  [
    { do: 'munmap', pid: 841, start: '0x1001', end: '0x2000' },
    'start: not a multiple of the page size (EINVAL)',
  ],
  [
    { do: 'mprotect', pid: 841, start: '0x10000000', end: '0x10001000', perms: 'r--p' },
    'start: nothing is mapped at 0x10000000 at that moment (ENOMEM)',
  ],
  [{ do: 'cgroup_create', path: '/' }, 'path: cgroup / is there already (EEXIST)'],
  [{ do: 'cgroup_remove', path: '/nope' }, 'path: there is no cgroup /nope at that moment (ENOENT)'],
  [{ do: 'cgroup_move', pid: 1, path: '/nope' }, 'path: there is no cgroup /nope at that moment (ENOENT)'],
  [{ do: 'listen', pid: 841, local: 'nowhere' }, 'local: expected "127.0.0.1:80"'],
  [
    { do: 'connect', pid: 841, to: '127.0.0.1:1' },
    'to: nothing listens at 127.0.0.1:1 at that moment (ECONNREFUSED)',
  ],
  [{ do: 'accept', pid: 841, fd: 0 }, 'fd: fd 0 is no socket (ENOTSOCK)'],
  [{ do: 'map_update', map: 'nope', key: 1, value: 1 }, "map: there is no map 'nope' to update"],
  [{ do: 'map_delete', map: 'nope', key: 1 }, "map: there is no map 'nope' to delete from"],
];

test('each kind of change says which field is wrong, and why, and nothing changes', async () => {
  expect(IMPOSSIBLE.map(([change]) => change['do'])).toEqual(CHANGE_KINDS.map(({ word }) => word));
  const engine = api();
  for (const [change, why] of IMPOSSIBLE) {
    const result = await engine.change({ scenario, change: { at, ...change } }, context);
    expect(result).toEqual({
      scenario: null,
      text: '',
      error: expect.stringContaining(`world.changes[0].${why}`),
    });
  }
});
