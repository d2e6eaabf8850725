import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground, commandLine, exampleText } from './playground.ts';

/** Marked at two places: a low editor shows the first lines or those around the line of the moment. */
const EDITED = `/* my own */\n${exampleText('task_file.bpf.c').replace('return 0;', 'return 0; /* my own */')}`;

/** The link that the page offers for the moment on show. */
async function linkOf(playground: Playground): Promise<string> {
  const { page } = playground;
  await page.getByRole('button', { name: /^Share/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Share this moment' });
  const field = dialog.getByRole('textbox', { name: 'Link' });
  await expect(field).toHaveValue(/#1\../);
  const link = await field.inputValue();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeHidden();
  return link;
}

test('a link carries the edited program, its parameters and the moment to another browser @every-width', async ({
  page,
  browser,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(EDITED);
  await playground.choose('World', 'docs');
  await playground.choose('read()', '256');
  await playground.run();
  await playground.pane('Graph');
  await page.getByRole('radio', { name: 'Table' }).click();
  await playground.goTo(17);
  const sentence = await playground.moment();
  const link = await linkOf(playground);
  expect(link).toContain('#1.');

  const context = await browser.newContext({ viewport: page.viewportSize() });
  const other = new Playground(await context.newPage());
  await other.page.emulateMedia({ reducedMotion: 'reduce' });
  await other.page.goto(link);
  await expect(other.counter).toHaveValue('17');
  await expect.poll(() => other.moment()).toBe(sentence);
  await expect(other.page.getByRole('table')).toBeVisible();
  const answer = commandLine(EDITED, 'docs', '--read-size', '256');
  await expect.poll(() => other.output()).toBe(answer.output);
  await expect.poll(() => other.world()).toBe('docs');
  await expect(other.page.getByText(/^Run again/)).toBeHidden();
  await expect(other.page.locator('.monaco-editor .view-lines')).toContainText('my own');
  expect(other.errors).toEqual([]);
  await context.close();
});

test('Back undoes a jump, not a step; Forward goes there again @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(5);
  await playground.goTo(30);
  await page.getByRole('button', { name: 'Step by object' }).click();
  await expect.poll(async () => (await playground.event()).at).toBeGreaterThan(30);
  const { at } = await playground.event();
  await expect.poll(() => page.url().endsWith(`/${at - 1}`)).toBe(true);
  await page.goBack();
  await expect(playground.counter).toHaveValue('5');
  await page.goBack();
  await expect(playground.counter).toHaveValue('1');
  await page.goForward();
  await page.goForward();
  await expect(playground.counter).toHaveValue(String(at));
  await page.reload();
  await expect(playground.counter).toHaveValue(String(at));
  expect(playground.errors).toEqual([]);
});

test('a broken or foreign link says why, and what is open stays @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.replaceText(EDITED);
  await playground.run();
  await playground.pane('Graph');
  await playground.goTo(9);
  const link = await linkOf(playground);
  const hash = link.slice(link.indexOf('#'));
  const tries: readonly (readonly [string, RegExp])[] = [
    ['#1.!!!!', /damaged/],
    [hash.slice(0, 60), /damaged/],
    [hash.replace('#1.', '#9.'), /version 9/],
    [`#1.${'A'.repeat(200_000)}`, /longer/],
  ];
  for (const [bad, why] of tries) {
    await page.evaluate((to) => {
      location.hash = to;
    }, bad);
    const alert = page.locator('.banner[role=alert]');
    await expect(alert).toContainText('This link cannot be opened');
    await expect(alert).toContainText(why);
    await expect(playground.counter).toHaveValue('9');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
  }
  await playground.pane('Code');
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('my own');
  expect(playground.errors).toEqual([]);
});

test('a link does not take the place of my own program for good @every-width', async ({ page, context }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  const link = await linkOf(playground);
  const mine = new Playground(await context.newPage());
  await mine.open();
  await mine.replaceText(EDITED);
  await mine.page.evaluate(
    (to) => {
      location.hash = to;
    },
    link.slice(link.indexOf('#')),
  );
  await expect(mine.page.getByText('This program came with a link')).toBeVisible();
  await expect(mine.page.locator('.monaco-editor .view-lines')).not.toContainText('my own');
  await mine.page.getByRole('button', { name: 'Bring mine back' }).click();
  await expect(mine.page.locator('.monaco-editor .view-lines')).toContainText('my own');
});

test('the moment and the run are taken along as text, SVG and PNG @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('read()', '256');
  await playground.run();
  await playground.pane('Graph');
  await playground.goTo(8);
  const sentence = await playground.moment();
  await page.getByRole('button', { name: /^Share/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Share this moment' });
  await expect(dialog.getByRole('textbox', { name: 'iframe' })).toHaveValue(/embed\.html#1\./);
  await expectNoFindings(page, '[role=dialog]');
  const save = async (name: string): Promise<Buffer> => {
    const waiting = page.waitForEvent('download');
    await dialog.getByRole('button', { name, exact: true }).click();
    const file = await waiting;
    return readFileSync(await file.path());
  };
  const text = (await save('Moment as text')).toString();
  expect(text).toContain(sentence);
  expect(text).toMatch(/^> {5}8 /m);
  const answer = commandLine(exampleText('task_file.bpf.c'), 'demo', '--read-size', '256');
  const run = (await save('Run as text')).toString();
  expect(run.endsWith(`Output:\n${answer.output}`)).toBe(true);
  const svg = (await save('Picture as SVG')).toString();
  const parsed = await page.evaluate((source) => {
    const { documentElement } = new DOMParser().parseFromString(source, 'image/svg+xml');
    return { tag: documentElement.tagName, texts: documentElement.querySelectorAll('text').length };
  }, svg);
  expect(parsed.tag).toBe('svg');
  expect(parsed.texts).toBeGreaterThan(20);
  expect(svg).not.toContain('var(--');
  const png = await save('Picture as PNG');
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(png.length).toBeGreaterThan(10_000);
  expect(playground.errors).toEqual([]);
});
