import { expect, test } from '@playwright/test';
import { Playground, commandLine, exampleText } from './playground.ts';

/** Elements that a graph may have, however large its picture. */
const MOST_ELEMENTS = 400;

test('a world of ten thousand objects is on canvas, can be stepped, chosen from and seen as cells @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'big:10000');
  await playground.run();
  const graph = page.locator('.graph');
  await expect(graph).toHaveAttribute('data-renderer', 'canvas');
  await page.getByRole('slider', { name: 'Moment' }).focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  // The cursor's own node stands above the canvas.
  const cursor = graph.locator('.node.slot.current');
  await expect(cursor).toHaveAttribute('aria-label', /^slot 2, .*current|^slot 2: current/);
  await expect.poll(() => graph.locator('*').count()).toBeLessThanOrEqual(MOST_ELEMENTS);
  // A node that is only pixels can be chosen: the slot below the cursor's.
  const box = await cursor.boundingBox();
  if (!box) throw new Error('the cursor is not on the page');
  await page.mouse.click(box.x + box.width / 2, box.y + box.height * 1.6);
  await playground.inspector();
  await expect(page.getByText('Pinned: slot 3')).toBeVisible();
  await playground.pane('Graph');
  await page.getByRole('radio', { name: 'Heat' }).click();
  const cells = page.locator('.heat canvas');
  const place = await cells.boundingBox();
  if (!place) throw new Error('there are no cells');
  await page.mouse.move(place.x + 10, place.y + 10);
  await expect(page.locator('.heat-told')).toContainText('fd 0');
  await expect(page.locator('.heat-told')).toContainText('visited');
  await page.mouse.click(place.x + 10, place.y + 10);
  await expect.poll(() => playground.moment()).toContain('fd 0');
  const { output } = commandLine(exampleText('task_file.bpf.c'), 'big:10000');
  await playground.pane('Output');
  const rows = output.split('\n').length - 1;
  expect(rows).toBeGreaterThan(4000);
  const badge = page
    .getByRole('tablist', { name: 'Dock', exact: true })
    .getByRole('tab', { name: /^Output/ });
  await expect.poll(async () => ((await badge.textContent()) ?? '').replace(/\D/g, '')).toBe(String(rows));
  expect(playground.errors).toEqual([]);
});
