/** Every shipped world is a sound machine, and shows what it was made to show. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { checkImage } from '../src/engine/kernel/check_image.ts';
import { bootKernel, readWorld } from '../src/engine/machine/boot.ts';
import { iterscope } from './cli/testing.ts';
import { resources } from './resources.ts';

const run = (example: string, world: string, ...more: string[]) =>
  iterscope('run', join(import.meta.dirname, `examples/${example}.bpf.c`), '--world', world, ...more);

test.for([...resources.worldNames, 'big:2000'])('the bytes of world %s agree with each other', (name) => {
  const ref = { name };
  expect(checkImage(bootKernel(readWorld(ref, resources), resources, { world: ref }))).toEqual([]);
});

test('threads: those that outlived their leader are there, and it is a zombie', () => {
  const { stdout } = run('task', 'threads');
  for (const line of ['360      361', '360      362', '300      312']) expect(stdout).toContain(line);
});

test('shared-files: a shared table is walked for each process that has it', () => {
  const { stdout } = run('task_file', 'shared-files');
  const of = (pid: number) =>
    stdout.split('\n').filter((line) => line.trim().split(/\s+/)[1] === String(pid));
  expect(of(430)).toHaveLength(4);
  expect(of(431)).toHaveLength(4);
});

test('fd-leak: the leak is what it opened beyond its standard files', () => {
  const { stdout } = run('task_file', 'fd-leak', '--pid', '600');
  expect(stdout.split('\n').filter((line) => /\b600\b/.test(line)).length).toBeGreaterThanOrEqual(303);
});

test('containers: init of a container has a number of this machine', () => {
  expect(run('task', 'containers').stdout).toMatch(/510 +510 +500 +nginx/);
});

test('churn: the walk sees what came ahead of it and not what went', () => {
  const { stdout, stderr, status } = run('task', 'churn');
  expect(status).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain('newborn');
  expect(stdout).toContain('late');
  expect(stdout).not.toMatch(/ 122 /);
  expect(stdout).not.toMatch(/job-7\.0/);
});

test('big: a number that will not fit is refused with numbers', () => {
  const { status, stderr } = iterscope('world', 'big:1000000000');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/1000000000 objects of \d+ bytes need .* GiB/);
});

const temporary = (): string => mkdtempSync(join(tmpdir(), 'worlds-'));
const RECORDED = join(import.meta.dirname, '../recorded/linux-6.12/worlds/progs1.json');

test('world -o writes a world that is the same machine, and writes itself again', () => {
  const dir = temporary();
  const [once, twice] = [join(dir, 'once.json'), join(dir, 'twice.json')];
  expect(iterscope('world', RECORDED, '-o', once).status).toBe(0);
  expect(iterscope('world', once, '-o', twice).status).toBe(0);
  expect(readFileSync(twice, 'utf8')).toBe(readFileSync(once, 'utf8'));
  expect(run('task_file', once)).toEqual(run('task_file', RECORDED));
});

test('world --show tells what is not simulated from a 0 that is meant', () => {
  const { stdout, status } = iterscope('world', 'demo', '--show', 'task.signal', '--pid', '841');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^struct signal_struct at 0x[0-9a-f]+, \d+ bytes: \d+ of \d+ fields simulated\n/);
  expect(stdout).toMatch(/^ +\d+ +quick_threads +not simulated$/m);
  expect(stdout).toMatch(/^ +\d+ +oom_score_adj +0$/m);
  const json = JSON.parse(iterscope('world', 'demo', '--show', 'task', '--pid', '841', '--json').stdout) as {
    fields: { path: string; simulated: boolean; value: string | null }[];
  };
  const field = (path: string) => json.fields.find((each) => each.path === path);
  expect(field('pid')).toMatchObject({ simulated: true, value: '841' });
  expect(field('exit_code')).toMatchObject({ simulated: true, value: '0' });
  expect(field('robust_list')).toMatchObject({ simulated: false, value: null });
});

test.each([
  ['task.sinal', /--show task\.sinal: struct task_struct has no field 'sinal', did you mean signal\?/],
  ['task.pid', /--show task\.pid: pid is no struct and points to none/],
  ['file', /--show takes a path from a task, such as task\.mm, not 'file'/],
])('world --show %s is refused', (path, says) => {
  const { status, stderr } = iterscope('world', 'demo', '--show', path);
  expect(status).toBe(2);
  expect(stderr).toMatch(says);
});

test('a machine whose release is not known is walked as the nearest, and run says so', () => {
  const file = join(temporary(), 'later.json');
  const snapshot = JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...snapshot, uname_release: '6.14.2-lab' }));
  const assumed = run('task', file);
  expect(assumed.status).toBe(0);
  expect(assumed.stderr).toMatch(/the machine runs 6\.14\.2-lab; it is walked as \d+\.\d+ would/);
  expect(run('task', file, '--kernel', '6.12').stderr).not.toContain('walked as');
  expect(run('task', RECORDED).stderr).not.toContain('walked as');
});
