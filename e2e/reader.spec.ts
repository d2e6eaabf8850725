/** The reader program on the page: written for what is chosen, run, and stepped with the kernel's callbacks. */
import { expect, test } from '@playwright/test';
import { Playground } from './playground.ts';

test('a reader is written for the program, runs, and steps through its lines and the kernel @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  // What was on show before is no place of the reader's.
  await playground.run();
  await playground.goTo(40);
  await playground.dock('Reader');
  const source = page.locator('.reader-text');
  await expect(source.locator('.view-lines')).toContainText('#include <bpf/libbpf.h>');
  await page.getByRole('button', { name: 'Run reader' }).click();
  await expect(page.getByText('exit status 0')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/line \d+, main$/)).toBeVisible();

  const slider = page.getByRole('slider', { name: "Place in the reader's run" });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(page.getByText(/^1 of \d+: line \d+, main$/)).toBeVisible();
  await expect(page.getByText('exit status 0')).toBeHidden();
  const step = page.getByRole('button', { name: 'Step', exact: true });
  // From main's first line into the kernel: the callbacks of the first read come between two lines.
  for (let i = 0; i < 40; i++) {
    await step.click();
    await playground.drawn();
    if (await page.getByText(/: kernel, call 1 of session/).isVisible()) break;
  }
  await expect(page.getByText(/: kernel, call 1 of session/)).toBeVisible();
  await expect(
    page.getByRole('region', { name: 'Lines and callbacks' }).getByText('kernel: start').first(),
  ).toBeVisible();

  // The same walk, the same picture: the page goes to the moment of the place, and the place with the moment.
  await expect(playground.counter).toHaveValue('1');
  await playground.goTo(2);
  await expect(page.getByText(/: kernel, call 2 of session/)).toBeVisible();
  await playground.pane('Graph');
  await expect(page.locator('.node.current').first()).toBeVisible();
  await playground.dock('Reader');

  // A line to pause at: Continue goes there, each time it is come to, and playing pauses there as well.
  // Not the line itself: it may be wider than the pane, and would be scrolled.
  const number = await source.locator('.line-numbers', { hasText: /^24$/ }).boundingBox();
  if (!number) throw new Error('the line behind the read is not in view');
  await page.mouse.click(number.x - 6, number.y + number.height / 2);
  await expect(source.locator('.breakpoint')).toBeVisible();
  const toLine = page.getByRole('button', { name: 'Continue' });
  const place = page.locator('.reader-bar').getByRole('status');
  await toLine.click();
  await expect(place).toHaveText(/: line \d+, main$/);
  const written = (await place.textContent()) ?? '';
  await expect(source.locator('.line-current')).toBeVisible();
  await toLine.click();
  await expect(place).not.toHaveText(written);
  await playground.goTo(2);
  await playground.pane('Graph');
  await page.locator('.transport select').first().selectOption('Infinity');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.locator('.transport .status')).toContainText(/Paused: reader\.c line \d+/);
  await playground.dock('Reader');
  await expect(place).toHaveText(written);

  const variables = page.getByRole('region', { name: 'Variables of the reader' });
  await expect(variables.locator('dt', { hasText: /^fd$/ })).toBeVisible();

  await playground.replaceIn(
    source,
    'static int get(int *at)\n{\n\treturn *at;\n}\nint main(void)\n{\n\tint *p = 0;\n\treturn get(p);\n}\n',
  );
  await page.getByRole('button', { name: 'Run reader' }).click();
  await expect(page.getByText('exit status 139: signal 11 at line 3')).toBeVisible({ timeout: 30_000 });
  // The functions that run, and what the outer one has.
  const functions = page.getByRole('group', { name: 'Functions that run' });
  await expect(functions.getByRole('button')).toHaveText(['main:8', 'get:3']);
  await expect(variables.locator('dl')).toHaveText('atNULL');
  await functions.getByRole('button', { name: 'main:8' }).click();
  await expect(variables.locator('dl')).toHaveText('pNULL');
  await playground.replaceIn(source, 'int main(void) { return x; }\n');
  await page.getByRole('button', { name: 'Run reader' }).click();
  await expect(page.getByText(/^reader\.c:1: use of undeclared identifier 'x'/)).toBeVisible({
    timeout: 30_000,
  });
  await page.getByRole('button', { name: 'Write it anew' }).click();
  await expect(source.locator('.view-lines')).toContainText('#include <bpf/libbpf.h>');
  expect(playground.errors).toEqual([]);
});
