/** A target of one's own on the page: kernel C beside the program, its lines in the walk, its mistakes at their lines. */
import { expect, test } from '@playwright/test';
import { Playground, exampleText } from './playground.ts';

const MODULE = exampleText('targets/task_children.c');

/** Where the reference is taken that a forgotten put leaks. */
const taken = MODULE.slice(0, MODULE.indexOf('found = get_task_struct')).split('\n').length;
/** Where next comes to its end, in what it calls. */
const returned = MODULE.slice(0, MODULE.indexOf('\treturn found;')).split('\n').length;

test('the children of a task: chosen, run, watched, broken @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('Example', 'task_children.bpf.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  const lines = () => page.locator('.line-current-number:visible');
  const files = page.getByRole('tablist', { name: 'Files' });
  await expect(files.getByRole('tab')).toHaveText(['task_children.bpf.c', 'task_children.c']);
  await page.getByRole('radio', { name: 'pid', exact: true }).click();
  await page.getByLabel('pid number').fill('1');
  await playground.run();
  await expect.poll(() => playground.output()).toContain('children of init (1)\n     412 httpd\n');

  // The second callback is a show, the third a next: its C is lit, in the pane and in the editor.
  await playground.goTo(3);
  await playground.dock('Kernel');
  const lit = page.getByRole('region', { name: "The kernel's algorithm" }).locator('[aria-current=step]');
  await expect(lit.filter({ hasText: 'return child_at(info->parent, *pos);' })).toBeVisible();
  await playground.pane('Code');
  await files.getByRole('tab', { name: 'task_children.c' }).click();
  await expect(page.locator('.monaco-editor .line-current:visible')).toHaveCount(1);

  // A line to pause at, and from there to the next line of kernel code.
  await expect(lines()).toHaveText(String(returned));
  const number = await lines().boundingBox();
  if (!number) throw new Error('no line is lit');
  await page.mouse.click(number.x - 6, number.y + number.height / 2);
  await expect(page.locator('.breakpoint:visible')).toHaveCount(1);
  await playground.pane('Graph');
  await page.locator('.transport select').first().selectOption('Infinity');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.locator('.transport .status')).toContainText(`Paused: task_children.c line ${returned}`);
  await playground.pane('Code');
  await expect(lines()).toHaveText(String(returned));
  await page.getByRole('button', { name: 'Line back' }).click();
  await expect(lines()).not.toHaveText(String(returned));
  await page.getByRole('button', { name: 'Line on' }).click();
  await expect(lines()).toHaveText(String(returned));

  await playground.dock('Module');
  const pane = page.getByRole('region', { name: 'Module' });
  await expect(pane).toContainText('task_children');
  await expect(pane.locator('dd').nth(2)).toHaveText('nothing');

  // Without the put in next, every child but the last is leaked, at the line that took it.
  await playground.pane('Code');
  await files.getByRole('tab', { name: 'task_children.c' }).click();
  await playground.replaceText(MODULE.replace('\tput_task_struct(v);\n\t++*pos;', '\t++*pos;'));
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.pane('Graph');
  await expect(page.getByText(/^Run again/)).toBeVisible();
  await playground.run();
  await playground.dock('Module');
  await expect(pane.locator('dd').nth(2)).toHaveText('4');
  await pane
    .getByRole('button', { name: `task_children.c:${taken}` })
    .first()
    .click();
  await expect(page.getByText(`Ln ${taken}, Col 12`)).toBeVisible();
  expect(playground.errors).toEqual([]);
});
