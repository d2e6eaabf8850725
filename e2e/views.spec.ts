/** Every part of the page that a tab, a button or a key brings up, as axe sees it. */
import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground } from './playground.ts';

/** Those that no other test asks about. */
const DOCK = ['Disassembly', 'Events', 'Shell', 'Reader'];
const INSPECTOR = ['Registers', 'Maps'];

test('no findings of axe in the tabs of dock and inspector, in Heat, Find, Share and the palette @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(5);
  const check = (where: string, part: string): Promise<void> => expectNoFindings(page, part, where);
  for (const tab of DOCK) {
    await playground.dock(tab);
    await expect(page.locator('[aria-label=Dock] .tab[data-state=active]').first()).toContainText(tab);
    await check(tab, '[aria-label=Dock]');
  }
  for (const tab of INSPECTOR) {
    await (await playground.inspector()).getByRole('tab', { name: tab }).click();
    await check(tab, '[aria-label=Inspector]');
  }
  await playground.pane('Graph');
  await page.getByRole('radio', { name: 'Heat' }).click();
  await page.getByRole('button', { name: 'Find' }).click();
  await expect(page.getByLabel('Event where')).toBeVisible();
  await check('Heat and Find', playground.narrow ? '' : '.centre');
  await page.getByRole('button', { name: /^Share/ }).click();
  await check('Share', '[role=dialog]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await check('palette', '[role=dialog]');
});
