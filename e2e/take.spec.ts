/** The same in code: a project whose program is the page's, and whose reader asks for what the page asks for. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { strFromU8, unzipSync } from 'fflate';
import { Playground, exampleText } from './playground.ts';

test('the parameters of the page are in the project that is downloaded @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await page.getByRole('radio', { name: 'pid', exact: true }).click();
  await page.getByLabel('pid number').fill('812');
  await playground.dock('In code');
  const pane = page.getByRole('region', { name: 'The same in code' });
  await expect(pane.locator('pre')).toContainText('linfo.task.pid = 812;');
  await pane.getByRole('radio', { name: 'bpftool' }).click();
  await expect(pane.locator('pre')).toContainText('bpftool iter pin ./task_file.bpf.o');
  const loading = page.waitForEvent('download');
  await pane.getByRole('button', { name: 'Download project' }).click();
  const download = await loading;
  expect(download.suggestedFilename()).toBe('task_file.zip');
  const files = unzipSync(new Uint8Array(readFileSync(await download.path())));
  expect(Object.keys(files).sort()).toEqual([
    'task_file/Makefile',
    'task_file/reader.c',
    'task_file/task_file.bpf.c',
  ]);
  expect(strFromU8(files['task_file/task_file.bpf.c'] ?? new Uint8Array())).toBe(
    exampleText('task_file.bpf.c'),
  );
  expect(strFromU8(files['task_file/reader.c'] ?? new Uint8Array())).toContain('linfo.task.pid = 812;');
  expect(playground.errors).toEqual([]);
});
