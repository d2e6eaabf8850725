import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground, commandLine, exampleText } from './playground.ts';

test('the search goes to the events that the command line prints, and back @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.run();
  await playground.pane('Graph');
  await page.getByRole('button', { name: 'Find' }).click();
  const field = page.getByRole('textbox', { name: 'Event where' });
  const answer = commandLine(exampleText('task_file.bpf.c'), 'docs');
  const rows = answer.output.trimEnd().split('\n');
  const last = rows.at(-1) ?? '';
  await field.fill(`kind show output "${last}"`);
  await field.press('Enter');
  await expect.poll(() => playground.moment()).toMatch(/ show: .*wrote \d+ B/);
  const { at } = await playground.event();
  await field.fill('kind show pid 1859');
  await field.press('Shift+Enter');
  await expect.poll(async () => (await playground.event()).at).toBeLessThan(at);
  await field.fill('fd nothing');
  await expect(page.getByText('fd needs a number')).toBeVisible();
  await expectNoFindings(page, '.timeline');
  await field.fill('output "no such text"');
  await field.press('Enter');
  await expect(page.getByText('No later event')).toBeVisible();
});

test('playing pauses where a condition holds @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.pane('Graph');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('textbox', { name: 'Event where' }).fill('kind show fd 4');
  await page.getByRole('button', { name: 'Pause there' }).click();
  await page.getByRole('radio', { name: 'callback' }).click();
  await page.locator('.transport select').first().selectOption('Infinity');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.getByText('Paused: kind show fd 4')).toBeVisible();
  await expect.poll(() => playground.moment()).toMatch(/ show: [^,]+, fd 4, /);
});

test('playing pauses before a line, which has the values that are printed behind it @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  // Breakpoints come with what loads after the first key.
  await expect(page.locator('.monaco-editor .cldr.codicon').first()).toBeAttached();
  await page.locator('.monaco-slot').click();
  await page.keyboard.press('ControlOrMeta+End');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('F9');
  await expect(page.locator('.monaco-editor .breakpoint')).toBeVisible();
  await page.keyboard.press('Escape');
  await playground.run();
  const rows = commandLine(exampleText('task_file.bpf.c'), await playground.world()).output.split('\n');
  for (const row of rows.slice(1, 3)) {
    await playground.pane('Graph');
    await page.getByRole('button', { name: 'Play' }).click();
    await expect(page.locator('.transport .status')).toContainText(/Paused: line 29/);
    await playground.pane('Code');
    await expect(page.locator('.view-line', { hasText: 'fd = ctx->fd;' })).toContainText(
      `fd = ${row.trim().split(/\s+/)[2]}`,
    );
  }
  expect(playground.errors).toEqual([]);
});

test('wheel and keys zoom and pan; a click is a jump that Back undoes @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('read()', '64');
  await playground.run();
  const slider = page.getByRole('slider', { name: 'Moment' });
  const box = await slider.boundingBox();
  if (!box) throw new Error('no timeline');
  const { of } = await playground.event();
  const x = box.x + box.width * 0.6;
  await page.mouse.click(x, box.y + 30);
  const whole = (await playground.event()).at;
  await slider.focus();
  for (let i = 0; i < 12; i++) await page.keyboard.press('w');
  await page.mouse.click(box.x + box.width - 40, box.y + 30);
  const near = (await playground.event()).at;
  expect(near - whole).toBeGreaterThan(0);
  expect(near - whole).toBeLessThan(of / 4);
  // The address follows when the moment has been drawn.
  await expect.poll(() => page.url().endsWith(`/${near - 1}`)).toBe(true);
  await page.goBack();
  await expect(playground.counter).toHaveValue(String(whole));
  await page.mouse.move(x, box.y + 30);
  await page.keyboard.down('Shift');
  for (let i = 0; i < 30; i++) await page.mouse.wheel(0, -100);
  await page.keyboard.up('Shift');
  await page.mouse.click(box.x + 90, box.y + 30);
  await expect.poll(async () => (await playground.event()).at).toBeLessThan(whole - 5);
  expect(playground.errors).toEqual([]);
});
