import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground, commandLine, commandLineOf, exampleText } from './playground.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, '../docs/embedding/plain.html'), 'utf8');

let server: Server;
let text = '';
test.beforeAll(async () => {
  server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
test.afterAll(() => server.close());

/** Serves a page from another port, which is another origin, and opens it. */
async function openHost(page: Page, html: string): Promise<void> {
  text = html;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
const playerAt = (baseURL: string | undefined, html: string): string =>
  html.replaceAll('https://play.example.org/', baseURL ?? '');

test('the plain HTML sample works from another origin, and the frame follows the height @every-width', async ({
  page,
  baseURL,
}) => {
  await openHost(page, playerAt(baseURL, SAMPLE));
  const frame = page.frameLocator('iframe');
  const slider = frame.getByRole('slider', { name: 'Moment' });
  await expect(slider).toHaveAttribute('aria-valuenow', '9');
  await expect.poll(() => page.locator('iframe').getAttribute('height')).not.toBe('480');
  await frame.getByRole('button', { name: 'Step by object' }).click();
  await expect(slider).not.toHaveAttribute('aria-valuenow', '9');
  await frame.getByRole('radio', { name: 'Output' }).click();
  const answer = commandLine(exampleText('task_file.bpf.c'), 'demo', '--read-size', '256');
  await expect
    .poll(async () => {
      const lines = await frame.locator('.out-line').allTextContents();
      return lines.map((line) => `${line}\n`).join('');
    })
    .toBe(answer.output);
});

test('a frame without an origin of its own runs too @every-width', async ({ page, baseURL }) => {
  const html = playerAt(baseURL, SAMPLE).replace(/sandbox="[^"]*"/, 'sandbox="allow-scripts"');
  await openHost(page, html);
  const frame = page.frameLocator('iframe');
  await expect(frame.getByRole('slider', { name: 'Moment' })).toHaveAttribute('aria-valuenow', '9');
  await frame.getByRole('button', { name: 'Back by object' }).click();
  await expect(frame.locator('.node.current').first()).toBeVisible();
});

test('nothing is loaded and nothing runs before the frame is in view @every-width', async ({
  page,
  baseURL,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const far = playerAt(baseURL, SAMPLE)
    .replace('<iframe', '<div style="height: 6000px"></div><iframe')
    .replace('loading="lazy"', '');
  await openHost(page, far);
  const frame = page.frameLocator('iframe');
  await expect(frame.locator('.embed-caption')).toContainText('loaded when it is in view');
  await page.waitForTimeout(500);
  expect(asked.filter((url) => /worker/.test(url))).toEqual([]);
  await page.locator('iframe').scrollIntoViewIfNeeded();
  await expect(frame.getByRole('slider', { name: 'Moment' })).toBeVisible();
});

test('Open carries the edited program and the moment to the playground @every-width', async ({
  page,
  context,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./embed.html?example=task.bpf.c&read=256&event=7&theme=light&view=table');
  const slider = page.getByRole('slider', { name: 'Moment' });
  await expect(slider).toHaveAttribute('aria-valuenow', '7');
  const edited = exampleText('task.bpf.c').replace('return 0;', 'return 0; /* of the frame */');
  // Below 560 px the code is one of the views.
  const code = page.getByRole('radio', { name: 'Code' });
  if (await code.isVisible()) await code.click();
  await page.getByRole('textbox', { name: 'Program, C' }).fill(edited);
  await page.getByRole('button', { name: 'Run' }).click();
  await expect(slider).toHaveAttribute('aria-valuenow', '1');
  await page.getByRole('button', { name: 'Step by object' }).click();
  const at = (await slider.getAttribute('aria-valuenow')) ?? '';
  const opening = context.waitForEvent('page');
  await page.getByRole('link', { name: /^Open/ }).click();
  const opened = new Playground(await opening);
  await expect(opened.counter).toHaveValue(at);
  await opened.pane('Code');
  await expect(opened.page.locator('.monaco-editor .view-lines')).toContainText('of the frame');
  expect(await page.evaluate(() => localStorage.length)).toBeLessThanOrEqual(
    await opened.page.evaluate(() => localStorage.length),
  );
  expect(opened.errors).toEqual([]);
});

test('parameters: what they mean, and what means nothing is said @every-width', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('./embed.html?controls=none&code=0&view=output');
  await expect(page.locator('.out-line').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Play' })).toBeHidden();
  await expect(page.getByRole('textbox', { name: 'Program, C' })).toBeHidden();
  await page.goto('./embed.html?view=hologram&event=x&lang=eo');
  const said = page.locator('.embed-caption');
  await expect(said).toContainText('view=hologram is none of graph, table, output');
  await expect(said).toContainText('lang=eo is none of en');
  await expect(page.getByRole('slider', { name: 'Moment' })).toHaveAttribute('aria-valuenow', '1');
  await page.goto('./embed.html?example=gone.bpf.c');
  await expect(said).toContainText('no example “gone.bpf.c”');
  await page.goto('./embed.html#1.broken!');
  await page.reload();
  await expect(said).toContainText('This link cannot be opened');
});

test('an example takes the parameters of its link, as the command line does @every-width', async ({
  page,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const shown = async (): Promise<string> => {
    const lines = await page.locator('.out-line').allTextContents();
    return lines.map((line) => `${line}\n`).join('');
  };
  await page.goto('./embed.html?example=cgroup.bpf.c&cgroup=/system.slice&order=post&view=output');
  const post = commandLineOf('cgroup.bpf.c', 'demo', '--cgroup', '/system.slice', '--order', 'post');
  expect(post.output).not.toBe('');
  await expect.poll(shown).toBe(post.output);
  await page.goto('./embed.html?example=bpf_map_elem.bpf.c&fill=3&view=output');
  await expect.poll(shown).toContain('3000');
  await page.goto('./embed.html?example=task.bpf.c&cgroup=/system.slice');
  await expect(page.locator('.embed-caption')).toContainText('iter/task does not take cgroup=/system.slice');
  await page.goto('./embed.html?example=task_children.bpf.c&pid=1&view=output');
  await expect(page.locator('.out-line').first()).toHaveText('children of init (1)');
});

for (const theme of ['dark', 'light'])
  test(`the player has no findings of axe, ${theme} @every-width`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(`./embed.html?theme=${theme}&event=9`);
    await expect(page.getByRole('slider', { name: 'Moment' })).toHaveAttribute('aria-valuenow', '9');
    for (const view of ['Graph', 'Table', 'Output']) {
      await page.getByRole('radio', { name: view, exact: true }).click();
      await expectNoFindings(page, '', view);
    }
  });
