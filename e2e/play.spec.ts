import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { Playground } from './playground.ts';

/** Places that the camera has while `act` moves the cursor out of view, one for each frame that differs. */
async function placesDuring(page: Page, act: () => Promise<void>): Promise<readonly string[]> {
  await expect(page.locator('.graph > svg > g').first()).toHaveAttribute('transform', /^translate/);
  await page.evaluate(() => {
    const seen: string[] = [];
    const look = (): void => {
      const place = document.querySelector('.graph > svg > g')?.getAttribute('transform') ?? '';
      if (seen.at(-1) !== place) seen.push(place);
      requestAnimationFrame(look);
    };
    look();
    (window as unknown as { places: string[] }).places = seen;
  });
  await act();
  await page.waitForTimeout(1000);
  return page.evaluate(() => (window as unknown as { places: string[] }).places);
}

test('with motion, Run plays at once, and the camera glides to a cursor out of view @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await page.goto('./');
  await playground.ready();
  await page.getByRole('button', { name: /^Run F5/ }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect.poll(async () => (await playground.event()).at).toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Pause' }).click();
  await playground.goTo(1);
  await page.waitForTimeout(500);
  const { of } = await playground.event();
  const places = await placesDuring(page, () => playground.goTo(Math.floor(of / 2)));
  expect(places.length).toBeGreaterThan(3);
  expect(playground.errors).toEqual([]);
});

test('with reduced motion nothing moves by itself, Play still plays, and the camera jumps @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  const { of } = await playground.event();
  const places = await placesDuring(page, () => playground.goTo(Math.floor(of / 2)));
  expect(places).toHaveLength(2);
  await playground.goTo(1);
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('Space');
  await expect.poll(async () => (await playground.event()).at).toBeGreaterThan(3);
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  expect(playground.errors).toEqual([]);
});
