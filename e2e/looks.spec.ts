/** What a person sets for a room or for themselves, what stays in sight, and a world that changes while it is walked. */
import { expect, test } from '@playwright/test';
import { expectNoFindings } from './findings.ts';
import { Playground } from './playground.ts';

test('what a script changes is drawn from its moment on: gone, and new @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'churn');
  await playground.run();
  const gone = page.locator('.graph > svg .node.vanished');
  const fresh = page.locator('.graph > svg .node.fresh:visible');
  await expect(gone).toHaveCount(0);
  await expect(fresh).toHaveCount(0);
  await page.getByRole('button', { name: 'Last event' }).click();
  // The end, and before it the files of the process that was forked while the walk went on.
  for (let i = 0; i < 2; i++) await page.getByRole('button', { name: 'Back by object' }).click();
  await expect.poll(() => playground.moment()).toContain('newborn');
  await expect(fresh.first()).toBeVisible();
  // A change that closed a file says so where the object is asked about.
  const { of } = await playground.event();
  await playground.goTo(Math.round(of / 2));
  await playground.pane('Graph');
  // By keyboard: on a small page it is out of view.
  await page
    .getByRole('button', { name: /slot 4: vanished/ })
    .first()
    .press('Enter');
  await expect(await playground.inspector()).toContainText(/It is gone from event \d+ on: /);
  await page.getByRole('button', { name: 'First event' }).click();
  await expect(gone).toHaveCount(0);
  expect(playground.errors).toEqual([]);
});

test('a watched field shows its value at every moment, and all it had over the run @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(2);
  const inspector = await playground.inspector();
  await inspector.getByRole('button', { name: 'Watch f_count.counter' }).click();
  const watched = page.getByRole('region', { name: 'Watched fields' });
  // The file of the moment has one reference more than at rest.
  await expect(watched.locator('dd').first()).toContainText('2');
  await playground.goTo((await playground.event()).of);
  await expect(watched.locator('dd').first()).toHaveText('1');
  // Over the run it is held once, and the moment at which it was is a click away.
  await watched.getByRole('button', { name: /f_count/, expanded: false }).click();
  const values = watched.getByRole('list', { name: 'Values over the run' }).getByRole('button');
  await expect(values).toHaveText([/2$/, /1$/]);
  await expectNoFindings(page);
  await values.first().click();
  await expect(watched.locator('dd').first()).toContainText('2');
  await expect(playground.counter).toHaveValue('1');
  await watched.getByRole('button', { name: 'Stop watching f_count.counter' }).click();
  await expect(watched).toBeHidden();
  expect(playground.errors).toEqual([]);
});

test('settings act at once and stay @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  const size = (): Promise<string> =>
    page.locator('.bar').evaluate((bar) => getComputedStyle(bar.querySelector('.btn') ?? bar).height);
  const before = parseFloat(await size());
  await page.getByRole('button', { name: 'Settings' }).click();
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await settings.getByRole('radio', { name: '130 %' }).click();
  await settings.getByRole('radio', { name: 'less' }).click();
  await settings.getByLabel('Size of a read()').selectOption('1024');
  await expectNoFindings(page);
  await settings.getByRole('button', { name: 'Close' }).click();
  if (!playground.narrow)
    await expect.poll(async () => parseFloat(await size())).toBeCloseTo(before * 1.3, 0);
  await page.reload();
  await playground.ready();
  await expect(page.getByLabel('read()', { exact: true })).toHaveValue('1024');
  await expect(page.locator('html')).toHaveAttribute('data-motion', 'less');
});

test('P is for a room: code, picture, one sentence and the timeline @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(9);
  await page.getByRole('slider', { name: 'Moment' }).focus();
  await page.keyboard.press('p');
  await expect(page.getByRole('tablist', { name: 'Dock', exact: true })).toBeHidden();
  await expect(page.getByRole('region', { name: 'Inspector' })).toBeHidden();
  await expect.poll(() => playground.moment()).toMatch(/^Event 9 of /);
  const sentence = /^Event 9 of \d+\. (\w+): ([^,]+), /.exec(await playground.moment());
  await expect(page.locator('.projector-caption')).toContainText(`${sentence?.[1]} ${sentence?.[2]}`);
  await playground.pane('Code');
  await expect(page.locator('.view-line').first()).toHaveCSS('font-size', '18px');
  await expectNoFindings(page);
  await page.getByRole('button', { name: /^Leave the projector/ }).click();
  await playground.pane('Output');
  await expect(page.getByRole('tablist', { name: 'Dock', exact: true })).toBeVisible();
  expect(playground.errors).toEqual([]);
});

test('the name of the process stays at the upper edge while its files go by @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  const graph = page.locator('.graph > svg');
  await expect(graph).toBeVisible();
  await graph.hover();
  await page.mouse.wheel(0, 70);
  await expect(page.locator('.head-name')).toHaveText(/^\w+ · tgid 1$/);
  const heads = ['task', 'files_struct · fdtable', 'struct file', 'inode'];
  // The last column is right of what a phone shows.
  await expect(page.locator('.graph .head:visible')).toHaveText(
    playground.narrow ? heads.slice(0, -1) : heads,
  );
});

test('on a phone a flick across the picture is a step, and the transport is below it @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  test.skip(!playground.narrow, 'fingers are for narrow pages');
  await playground.open();
  await playground.run();
  const graph = await page.locator('.graph > svg').boundingBox();
  const play = await page.getByRole('button', { name: 'Play' }).boundingBox();
  if (!graph || !play) throw new Error('no picture, or no transport');
  expect(play.y).toBeGreaterThan(graph.y + graph.height - 1);
  const touch = await page.context().newCDPSession(page);
  const flick = async (from: number, to: number): Promise<void> => {
    const y = graph.y + graph.height / 2;
    const at = (x: number) => [{ x: graph.x + x, y }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(from) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at((from + to) / 2) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(to) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await flick(300, 120);
  await expect.poll(() => playground.moment()).toMatch(/^Event 2 of \d+\. show/);
  const place = () => page.locator('.graph > svg > g').first().getAttribute('transform');
  const before = await place();
  await flick(120, 300);
  await expect.poll(() => playground.moment()).toMatch(/^Event 1 of /);
  await expect.poll(place).toBe(before);
  expect(playground.errors).toEqual([]);
});
