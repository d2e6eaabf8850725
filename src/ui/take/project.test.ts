import { expect, test } from 'vitest';
import type { RunOptions, Scenario } from '../../protocol/scenario.ts';
import { bpftoolLines, projectOf } from './project.ts';

const scenario = (options: RunOptions): Scenario => ({
  world: { name: 'demo' },
  source: { path: 'dir/mine.c', text: 'int x;\n' },
  options,
});

test('a project has the program, a reader that opens its object, and a Makefile that builds both', () => {
  const files = projectOf(scenario({ attach: { pid: 812 }, readSize: 256 }));
  expect(Object.keys(files)).toEqual(['mine.bpf.c', 'reader.c', 'Makefile']);
  expect(files['mine.bpf.c']).toBe('int x;\n');
  expect(files['reader.c']).toContain('"mine.bpf.o"');
  expect(files['reader.c']).toContain('linfo.task.pid = 812;');
  expect(files['Makefile']).toContain('PROGRAM := mine\n');
});

test('what bpftool cannot be told is said', () => {
  expect(bpftoolLines(scenario({ attach: { tid: 1 } }))).toMatch(/^# bpftool iter pin takes no thread/m);
  expect(bpftoolLines(scenario({ attach: { map: 'counts' } }))).toContain(
    'sudo bpftool iter pin ./mine.bpf.o /sys/fs/bpf/mine map name counts\n',
  );
  expect(bpftoolLines(scenario({ attach: { map: 'counts' } }))).not.toContain('#');
});

test("a target of the user's own comes along, with what it takes to have it in a kernel", () => {
  const module = { path: 'mine.c', text: 'int y;\n' };
  const files = projectOf({ ...scenario({}), module });
  expect(files['mine.target.c']).toBe('int y;\n');
  expect(files['mine.bpf.c']).toBe('int x;\n');
  expect(files['Makefile']).toMatch(/^# mine\.target\.c registers the iterator\./);
});
