/** Changing the world on the page: the command line makes the same changes from a world's script. */
import { readFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground, commandLine, exampleText } from './playground.ts';

const program = exampleText('task_file.bpf.c');

/** The file of a shipped world with a script. */
function worldWith(name: string, script: readonly unknown[]): string {
  const shipped = join(import.meta.dirname, '../app/worlds', `${name}.json`);
  const world = JSON.parse(readFileSync(shipped, 'utf8')) as Record<string, unknown>;
  const file = join(mkdtempSync(join(tmpdir(), 'iterscope-e2e-')), 'world.json');
  writeFileSync(file, JSON.stringify({ ...world, script }));
  return file;
}

async function opened(playground: Playground): Promise<void> {
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.run();
}

test('a file opened at a moment is part of the run, as a script of the world would have it @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await opened(playground);
  const before = commandLine(program, 'docs').output;
  await playground.pane('Graph');
  await playground.goTo(3);
  await playground.dock('Changes');
  const form = page.getByRole('form', { name: 'Change' });
  await expect(form.getByText('after event 3')).toBeVisible();
  await form.getByLabel('Kind of change').selectOption('open');
  await form.getByLabel('task', { exact: true }).fill('1859');
  await form.getByLabel('path', { exact: true }).fill('/tmp/from-the-page');
  await form.getByRole('button', { name: 'Change' }).click();
  const journal = page.getByRole('list', { name: 'Changes' }).getByRole('listitem');
  await expect(journal).toHaveCount(1);
  await expect(journal).toContainText('1859 (');
  await expect(journal).toContainText('opened /tmp/from-the-page as fd');
  // The recording is made again, and the page is still at the same moment.
  await expect(playground.counter).toHaveValue('3');

  const at = { session: 1, call: 2, when: 'after' };
  const file = { path: '/tmp/from-the-page' };
  const answer = commandLine(program, worldWith('docs', [{ at, do: 'open', pid: 1859, file }]));
  expect(answer.output).not.toBe(before);
  await expect.poll(() => playground.output()).toBe(answer.output);

  await playground.dock('Changes');
  await expectNoFindings(page);
  await page.getByRole('button', { name: 'Undo the last' }).click();
  await expect(page.getByText('Nothing has been changed.')).toBeVisible();
  await expect(playground.counter).toHaveValue('3');
  await expect.poll(() => playground.output()).toBe(before);
  expect(playground.errors).toEqual([]);
});

test('a change before the run is made before the first read @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.choose('Example', 'task.bpf.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await page.getByRole('button', { name: 'Change world' }).click();
  const form = page.getByRole('form', { name: 'Change' });
  await expect(form.getByText('before the first read')).toBeVisible();
  await form.getByLabel('Kind of change').selectOption('fork');
  await form.getByLabel('task', { exact: true }).fill('1859');
  await form.getByLabel('name', { exact: true }).fill('newcomer');
  await form.getByRole('button', { name: 'Change' }).click();
  await expect(page.getByRole('list', { name: 'Changes' })).toContainText('before the first read');
  await playground.run();
  const at = { read: 0, when: 'before' };
  const world = worldWith('docs', [{ at, do: 'fork', pid: 1859, comm: 'newcomer' }]);
  const { output } = commandLine(exampleText('task.bpf.c'), world);
  expect(output).toContain('newcomer');
  await expect.poll(() => playground.output()).toBe(output);
});

test('a change that cannot be made is refused with a reason and changes nothing @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await opened(playground);
  const before = commandLine(program, 'docs').output;
  await playground.dock('Changes');
  const form = page.getByRole('form', { name: 'Change' });
  for (const [kind, fields, why] of [
    ['exit', { task: '1' }, /process 1 is init: when it exits, the kernel panics/],
    ['close', { task: '1859', fd: '77' }, /fd 77 is not open in task 1859 at that moment \(EBADF\)/],
    ['close', { task: '1859', fd: '' }, /fd needs a number/],
    ['mmap', { task: '1859', start: '0x1001' }, /start: not a multiple of the page size \(EINVAL\)/],
    ['cgroup_create', { cgroup: '/no/such/parent' }, /there is no cgroup \/no\/such at that moment/],
  ] as const)
    await test.step(`${kind} ${JSON.stringify(fields)}`, async () => {
      await form.getByLabel('Kind of change').selectOption(kind);
      for (const [label, text] of Object.entries(fields))
        await form.getByLabel(label, { exact: true }).fill(text);
      await form.getByRole('button', { name: 'Change' }).click();
      await expect(form.getByRole('alert')).toHaveText(why);
      await expect(page.getByText('Nothing has been changed.')).toBeVisible();
      await expect(page.getByText(/^Run again/)).toBeHidden();
    });
  await expect.poll(() => playground.output()).toBe(before);
});
