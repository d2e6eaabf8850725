import { expect, test } from '@playwright/test';
import { Playground, commandLine, exampleText } from './playground.ts';

const TASK_FILE = exampleText('task_file.bpf.c');
/** Reads through a pointer that no check made safe. */
const REFUSED = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("iter/task")
int bad(struct bpf_iter__task *ctx)
{
	unsigned long *p = (unsigned long *)ctx->meta->seq_num;

	return *p != 0;
}
`;
/** Four million rounds for every file. */
const LONG = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
unsigned long sum = 0;
static long round(unsigned int i, void *ctx)
{
	sum += i;
	return 0;
}
SEC("iter/task_file")
int slow(struct bpf_iter__task_file *ctx)
{
	bpf_loop(1 << 22, round, 0, 0);
	return 0;
}
`;

test('an error is marked under the text while typing, and gone when it is mended @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(TASK_FILE.replace('return 0;', 'return missing;'));
  const findings = page.getByRole('list', { name: 'Findings' });
  await expect(findings).toContainText('missing');
  await expect(page.locator('.monaco-editor .squiggly-error').first()).toBeVisible();
  const answer = commandLine(TASK_FILE.replace('return 0;', 'return missing;'), await playground.world());
  expect(answer.stage).toBe('compile');
  const [first] = answer.diagnostics;
  await expect(findings).toContainText(first?.message ?? 'no diagnostic');
  await expect(findings).toContainText(`${first?.line}:${first?.column}`);
  await playground.pane('Graph');
  await expect(page.locator('.graph-empty')).toContainText('The program does not compile');
  await page.getByRole('button', { name: `Go to line ${first?.line}` }).click();
  await playground.replaceText(TASK_FILE);
  await expect(findings).toBeHidden();
  await expect(page.getByText(/^Verified/)).toBeVisible();
});

test('a program that the verifier refuses shows the log of the command line, and its line @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(REFUSED);
  const answer = commandLine(REFUSED, await playground.world());
  expect(answer.verdict?.accepted).toBe(false);
  await expect(page.getByText(`Refused: ${answer.verdict?.errno}`)).toBeVisible();
  await playground.pane('Graph');
  const refusal = `The verifier refuses the program: ${answer.verdict?.errno}`;
  await expect(page.locator('.graph-empty')).toContainText(refusal);
  await playground.dock('Verifier log');
  const log = page.getByRole('region', { name: 'Verifier log' }).locator('.listing-row');
  const wanted = (answer.verdict?.log ?? '').trimEnd().split('\n');
  await expect(log.last()).toHaveText(wanted.at(-1) ?? '');
  // As many of the last lines as there is room for.
  await expect(async () => {
    const shown = await log.allTextContents();
    expect(shown).toEqual(wanted.slice(-shown.length));
  }).toPass();
  await playground.pane('Code');
  await expect(page.getByRole('list', { name: 'Findings' })).toBeVisible();
});

test('filtering in the program and by parameter: same output, different calls @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  const filtering = TASK_FILE.replace('target_pid = 0', 'target_pid = 1859');
  expect(filtering).not.toBe(TASK_FILE);
  await playground.replaceText(filtering);
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.run();
  await playground.dock('Compare');
  await page.getByRole('button', { name: 'Keep this run as A' }).click();
  await playground.replaceText(TASK_FILE);
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await page.getByRole('radio', { name: 'pid', exact: true }).click();
  await page.getByLabel('pid number').fill('1859');
  await playground.run();
  await playground.dock('Compare');
  const a = commandLine(filtering, 'docs');
  const b = commandLine(TASK_FILE, 'docs', '--pid', '1859');
  const bytes = page.getByRole('row', { name: /bytes of output/ });
  await expect(bytes.getByRole('cell').nth(0)).toHaveText(a.output.length.toLocaleString('en-US'));
  await expect(bytes.getByRole('cell').nth(1)).toHaveText(b.output.length.toLocaleString('en-US'));
  const calls = page.getByRole('row', { name: /calls of the program/ });
  await expect(async () => {
    const [inA, inB] = await calls.getByRole('cell').allTextContents();
    expect(Number(inA?.replaceAll(',', ''))).toBeGreaterThan(Number(inB?.replaceAll(',', '')));
  }).toPass();
});

test('a long run can be cancelled and another one started @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(LONG);
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await page.getByRole('button', { name: /^Run F5/ }).click();
  const cancel = page.getByRole('button', { name: 'Cancel' });
  await cancel.click();
  await expect(cancel).toBeHidden({ timeout: 2000 });
  await playground.choose('Example', 'task.bpf.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.run();
  const answer = commandLine(exampleText('task.bpf.c'), await playground.world());
  await expect.poll(() => playground.output()).toBe(answer.output);
});

test('a worker that is killed in the middle of a run costs the run and nothing else @every-width', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const workers: Record<string, Worker> = {};
    const Real = Worker;
    Object.assign(window, {
      workers,
      Worker: class extends Real {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          workers[options?.name ?? ''] = this;
        }
      },
    });
  });
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(LONG);
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await page.getByRole('button', { name: /^Run F5/ }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeVisible();
  await page.evaluate(() => {
    (window as unknown as { workers: Record<string, Worker> }).workers['machine']?.terminate();
  });
  // Nobody asked the worker anything: the page notices by itself.
  await expect(page.locator('.banner')).toContainText('machine worker ended');
  await expect(page.getByRole('button', { name: /^Run F5/ })).toBeVisible({ timeout: 2000 });
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('slow');
  await playground.choose('Example', 'task.bpf.c');
  await expect(page.getByText(/^Verified/)).toBeVisible();
  await playground.run();
  await expect
    .poll(() => playground.output())
    .toBe(commandLine(exampleText('task.bpf.c'), await playground.world()).output);
});

test('the text survives a reload, and two tabs keep their own @every-width', async ({ page, context }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(TASK_FILE.replace('SPDX', 'FIRST SPDX'));
  const other = new Playground(await context.newPage());
  await other.open();
  await expect(other.page.locator('.monaco-editor .view-lines')).toContainText('FIRST');
  await other.replaceText(TASK_FILE.replace('SPDX', 'SECOND SPDX'));
  await page.reload();
  await playground.ready();
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('FIRST');
  await other.page.reload();
  await other.ready();
  await expect(other.page.locator('.monaco-editor .view-lines')).toContainText('SECOND');
});

test('the program can be edited before any script is there, and the edit and the caret are carried over', async ({
  page,
}) => {
  const waiting: (() => void)[] = [];
  await page.route('**/assets/main-*.js', async (route) => {
    await new Promise<void>((go) => waiting.push(go));
    await route.continue();
  });
  await page.goto('./', { waitUntil: 'commit' });
  const area = page.getByRole('textbox', { name: 'Program, C' });
  await area.click();
  await area.press('ControlOrMeta+Home');
  await area.pressSequentially('/* early */ ');
  await expect.poll(() => waiting.length).toBeGreaterThan(0);
  for (const go of waiting) go();
  const lines = page.locator('.monaco-editor .view-lines');
  await expect(lines).toContainText('early');
  await page.keyboard.type('and late ');
  await expect(lines).toContainText('/* early */ and late');
});

test('a page that is enlarged fourfold scrolls to what does not fit', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 225 });
  await new Playground(page).open();
  const tab = page.getByRole('tab', { name: 'Graph', exact: true });
  await expect(tab).not.toBeInViewport();
  await page.mouse.move(180, 20);
  await page.mouse.wheel(0, 2000);
  await expect(tab).toBeInViewport();
});

test('a pane that cannot be fetched says so, and the rest goes on', async ({ page }) => {
  const playground = new Playground(page);
  await page.route(/ReaderPane-.*\.js$/, (route) => route.abort());
  await playground.open();
  await playground.dock('Reader');
  await expect(page.getByRole('alert').filter({ hasText: 'The Reader could not be fetched' })).toBeVisible();
  await playground.run();
  await playground.goTo(2);
});

test('a page that was opened once needs no network', async ({ page, context }) => {
  const playground = new Playground(page);
  await playground.open();
  await expect
    .poll(() => page.evaluate(() => performance.getEntriesByName('all parts fetched').length), {
      timeout: 60_000,
    })
    .toBe(1);
  await context.setOffline(true);
  await playground.run();
  await page.getByRole('radio', { name: 'Heat' }).click();
  await expect(page.getByRole('region', { name: 'Objects as cells' })).toBeVisible();
  await page.getByRole('button', { name: 'Find' }).click();
  await expect(page.getByRole('textbox', { name: 'Event where' })).toBeVisible();
  for (const tab of ['Changes', 'In code', 'Module', 'Shell'])
    await test.step(tab, async () => {
      await playground.dock(tab);
      await expect(page.getByRole('tabpanel', { name: tab })).toBeVisible();
      await expect(page.getByText(/could not be fetched/)).toHaveCount(0);
    });
  const screen = page.getByRole('region', { name: 'Shell' }).locator('.xterm-rows');
  await expect(screen).toContainText('#');
  await page.keyboard.type('echo $((6 * 7))\n');
  await expect(screen).toContainText('42');
  await playground.dock('Reader');
  await page.getByRole('button', { name: 'Run reader' }).click();
  await expect(page.getByText('exit status 0')).toBeVisible();
  // The browser asks for the page's icon again, and says that it does not get it.
  expect(playground.errors.filter((error) => !error.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
});
