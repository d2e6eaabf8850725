/** Files brought to the page: told apart by content, run as the command line runs them, refused with a reason. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import type { RunReport } from '../src/protocol/report.ts';
import { Playground, commandLine, exampleText } from './playground.ts';

const root = join(import.meta.dirname, '..');
const OBJECT = 'recorded/clang-19/open_files.bpf.o';
const bytesOf = (path: string): Buffer => readFileSync(join(root, path));

/** Drops a file somewhere on the page, as a file manager does. */
async function drop(page: Page, name: string, content: Buffer): Promise<void> {
  const data = await page.evaluateHandle(
    ([file, base64]) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64 ?? ''), (c) => c.charCodeAt(0));
      transfer.items.add(new File([bytes], file ?? ''));
      return transfer;
    },
    [name, content.toString('base64')],
  );
  for (const event of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent('main', event, { dataTransfer: data });
}

test('a world that is dropped is walked as the command line walks it @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await drop(page, 'mine.txt', bytesOf('app/worlds/threads.json'));
  await expect(
    page.getByRole('status').filter({ hasText: 'mine.txt: the world is now this one' }),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect.poll(() => playground.world()).toBe('mine.txt');
  await playground.run();
  const { output } = commandLine(exampleText('task_file.bpf.c'), 'threads');
  await expect.poll(() => playground.output()).toBe(output);
  expect(playground.errors).toEqual([]);
});

test('an object of clang is chosen and run; the text of the editor comes back @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await page.getByLabel('Files to open').setInputFiles(join(root, OBJECT));
  await expect(page.getByRole('status').filter({ hasText: 'run from now on: iter/' })).toBeVisible();
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.run();
  const words = ['bin/iterscope.mjs', 'run', OBJECT, '--world', await playground.world(), '--json'];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const answer = JSON.parse(execFileSync('node', words, options)) as RunReport;
  expect(answer.output.length).toBeGreaterThan(50);
  await expect.poll(() => playground.output()).toBe(answer.output);
  await playground.pane('Code');
  await page.getByRole('button', { name: 'Back to the text' }).click();
  await playground.pane('Graph');
  await expect(page.getByText(/^Run again/).first()).toBeVisible();
  await playground.run();
  const { output } = commandLine(exampleText('task_file.bpf.c'), await playground.world());
  await expect.poll(() => playground.output()).toBe(output);
});

test('a program and the types of a kernel are taken too @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await drop(page, 'other.c', Buffer.from(exampleText('task.bpf.c')));
  await expect(page.getByLabel('Target', { exact: true })).toContainText('iter/task');
  await expect(page.getByLabel('Example', { exact: true })).toHaveValue('other.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  const types = join(mkdtempSync(join(tmpdir(), 'iterscope-e2e-')), 'vmlinux');
  writeFileSync(types, gunzipSync(bytesOf('recorded/linux-6.12/kernel/vmlinux.btf.gz')));
  await page.getByLabel('Files to open').setInputFiles(types);
  await expect(page.getByText('vmlinux: the kernel is laid out by these types.')).toBeVisible();
  await playground.run();
  const world = await playground.world();
  const { output } = commandLine(exampleText('task.bpf.c'), world, '--btf', types);
  expect(output).not.toBe('');
  await expect.poll(() => playground.output()).toBe(output);
});

test('what cannot be taken says why and changes nothing @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  const world = await playground.world();
  for (const [name, content, why] of [
    ['cat.png', Buffer.from('89504e470d0a1a0a0000', 'hex'), /it is neither text, nor an object, nor BTF/],
    ['half.json', Buffer.from('{"processes": ['), /it begins like JSON and is none/],
    ['world.json', Buffer.from('{"processes": [{"pid": "one"}]}'), /processes/],
    ['ls', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(64)]), /not for BPF/],
    ['cut.o', bytesOf(OBJECT).subarray(0, 400), /cut\.o is not taken/],
    ['cut.btf', Buffer.from('9feb010018000000000000ff', 'hex'), /cut\.btf is not taken/],
    ['empty', Buffer.alloc(0), /it is empty/],
  ] as const)
    await test.step(name, async () => {
      await drop(page, name, content);
      const alert = page.getByRole('alert').filter({ hasText: /./ });
      await expect(alert).toHaveText(why);
      await expect(alert).toContainText(name);
      await expect.poll(() => playground.world()).toBe(world);
    });
  await playground.run();
  const { output } = commandLine(exampleText('task_file.bpf.c'), world);
  await expect.poll(() => playground.output()).toBe(output);
  expect(playground.errors).toEqual([]);
});
