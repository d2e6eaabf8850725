/** The inspector: what pointers lead to, flags by name, and variables that are set before the next run. */
import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground, commandLine, commandLineOf, exampleText } from './playground.ts';

test('a struct says what its pointers lead to and names its flags @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(2);
  const pane = await playground.inspector();
  const ctx = pane.locator('.section').filter({ hasText: 'ctx · bpf_iter__task_file' });
  // The task of the moment, by the name that the picture gives it.
  await expect.poll(() => playground.moment()).toContain('show: ');
  const [, task = ''] = /show: ([^,]+),/.exec(await playground.moment()) ?? [];
  expect(task).not.toBe('');
  await expect(ctx).toContainText(task);
  const file = pane.locator('.section').filter({ hasText: /^struct file ·/ });
  await expect(file).toContainText(/O_(RDONLY|WRONLY|RDWR)/);
  await expectNoFindings(page);
  expect(playground.errors).toEqual([]);
});

test('a global variable is set for the next run, as --set does @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.run();
  const pane = await playground.inspector();
  await pane.getByRole('tab', { name: 'Maps' }).click();
  await pane.getByLabel('target_pid before load').fill('1859');
  await playground.run();
  const answer = commandLine(exampleText('task_file.bpf.c'), 'docs', '--set', 'target_pid=1859');
  expect(answer.output).not.toBe(commandLine(exampleText('task_file.bpf.c'), 'docs').output);
  await expect.poll(() => playground.output()).toBe(answer.output);
});

test('global variables and maps are those of the moment @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.choose('Example', 'bpf_map.bpf.c');
  await playground.run();
  const pane = await playground.inspector();
  await pane.getByRole('tab', { name: 'Maps' }).click();
  const value = pane.locator('.globals > div').filter({ hasText: /^seen/ }).locator('dd').first();
  await expect(value).toHaveText('0');
  await expect(pane.getByRole('heading', { name: /map counters · percpu_array/ })).toContainText(
    '4 elements',
  );
  const { of } = await playground.event();
  await playground.goTo(of);
  const { seen } = commandLineOf('bpf_map.bpf.c', 'docs').globals;
  await expect(value).toHaveText(String(seen));
  await playground.goTo(2);
  await expect(value).toContainText('1');
  expect(playground.errors).toEqual([]);
});
