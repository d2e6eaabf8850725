import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground } from './playground.ts';

for (const colorScheme of ['dark', 'light'] as const)
  test(`no findings of axe, ${colorScheme}${colorScheme === 'dark' ? ' @every-width' : ''}`, async ({
    page,
  }) => {
    const playground = new Playground(page);
    await page.emulateMedia({ colorScheme });
    await playground.open();
    const check = (where: string): Promise<void> => expectNoFindings(page, '', where);
    await check('before a run');
    await playground.run();
    await playground.pane('Graph');
    await playground.goTo(Math.round((await playground.event()).of / 2));
    await check('graph and output');
    await page.getByRole('radio', { name: 'Table' }).click();
    if (playground.narrow) await check('table');
    await playground.dock('Kernel');
    await check('table and kernel');
    await playground.dock('Compare');
    await page.getByRole('button', { name: 'Keep this run as A' }).click();
    await check('compare');
  });

test('everything by keyboard: run, step, units, views, palette', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await page.keyboard.press('F5');
  await expect(playground.counter).toBeVisible();
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('3');
  await page.keyboard.press('.');
  await page.keyboard.press('.');
  await expect(playground.counter).toHaveValue('3');
  await page.keyboard.press(',');
  await expect(playground.counter).toHaveValue('2');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(playground.counter).toHaveValue('4');
  await page.keyboard.press('t');
  await expect(page.getByRole('table')).toBeVisible();
  await page.keyboard.press('End');
  await expect(playground.counter).toHaveValue(String((await playground.event()).of));
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Graph view');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table')).toBeHidden();
  const dock = page.getByRole('tablist', { name: 'Dock', exact: true });
  const heightOf = async () => (await page.locator('#dock').boundingBox())?.height ?? 0;
  const unfolded = await heightOf();
  await page.keyboard.press('q');
  await expect.poll(heightOf).toBeLessThan(40);
  await expect(dock).toBeVisible();
  await page.keyboard.press('q');
  await expect.poll(heightOf).toBe(unfolded);
  const scale = () =>
    page
      .locator('.graph > svg > g')
      .first()
      .evaluate((layer) => (layer as SVGGElement).getCTM()?.a ?? 0);
  await page.keyboard.press('0');
  await page.keyboard.press('Home');
  const fitted = await scale();
  await page.keyboard.press('f');
  await page.keyboard.press('f');
  await expect.poll(scale).toBeGreaterThan(fitted);
  await page.keyboard.press('0');
  await expect.poll(scale).toBe(fitted);
  await page.locator('.editor-host:visible .monaco-slot').click();
  const before = await playground.event();
  await page.keyboard.type('.');
  expect(await playground.event()).toEqual(before);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await expect(playground.counter).toHaveValue('1');
});
