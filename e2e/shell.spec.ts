/** The shell tab: lines and answers as `iterscope shell` gives them, and reads of `cat` on the timeline. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { Playground, exampleText } from './playground.ts';

const program = join(import.meta.dirname, '../bin/iterscope.mjs');

/** What `iterscope shell` prints for lines, in a folder with the example and its object. */
function commandLineShell(world: string, lines: string): string {
  const cwd = mkdtempSync(join(tmpdir(), 'iterscope-e2e-'));
  writeFileSync(join(cwd, 'task.bpf.c'), exampleText('task.bpf.c'));
  execFileSync('node', [program, 'compile', 'task.bpf.c', '-o', 'task.bpf.o'], { cwd });
  return execFileSync('node', [program, 'shell', '--world', world, '-c', lines], { cwd, encoding: 'utf8' });
}

test('a pinned iterator is read with cat, and the reads are on the timeline @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.choose('Example', 'task.bpf.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.dock('Shell');
  const shell = page.getByRole('region', { name: 'Shell' });
  const screen = shell.locator('.xterm-rows');
  await expect(screen).toContainText('#');
  await page.keyboard.type('bpftool iter pin task.bpf.o /sys/fs/bpf/mine\n');
  await page.keyboard.type('cat /sys/fs/bpf/mi');
  await page.keyboard.press('Tab');
  await expect(screen).toContainText('cat /sys/fs/bpf/mine');
  await page.keyboard.press('Enter');
  await expect(playground.counter).toHaveValue('1');

  const answer = commandLineShell(
    'docs',
    'bpftool iter pin task.bpf.o /sys/fs/bpf/mine; cat /sys/fs/bpf/mine',
  );
  expect(answer.split('\n').length).toBeGreaterThan(5);
  await expect.poll(() => playground.output()).toBe(answer);
  await playground.pane('Graph');
  await playground.goTo(2);
  await expect.poll(() => playground.moment()).toMatch(/^Event 2 of \d+\. show: /);
  // A run like any other: its picture, and a link that types the lines again.
  await expect(page.locator('.node.current').first()).toBeVisible();
  await expect.poll(() => page.url()).toMatch(/#1\.[\w-]+\.\d+\/0\/1$/);
  await page.reload();
  await expect(playground.counter).toHaveValue('2');
  await expect.poll(() => playground.output()).toBe(answer);
  expect(playground.errors).toEqual([]);
});

test('errors are those of the tools, lines are edited and come back @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.dock('Shell');
  const screen = page.getByRole('region', { name: 'Shell' }).locator('.xterm-rows');
  await expect(screen).toContainText('#');
  await page.keyboard.type('cat /nowhere\n');
  await expect(screen).toContainText('cat: /nowhere: No such file or directory');
  await page.keyboard.type('echo $?\n');
  await expect(screen).toContainText(/echo \$\?\s*1/);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  for (let i = 0; i < 'nowhere'.length; i++) await page.keyboard.press('Backspace');
  await page.keyboard.type('proc/1/comm\n');
  await expect(screen).toContainText(/proc\/1\/comm\s*init/);
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-keys-home]')).toBeFocused();
  expect(playground.errors).toEqual([]);
});
