import { expect, test } from '@playwright/test';
import { Playground, commandLine, exampleText } from './playground.ts';

test('write, run, step and go back, as on the command line @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  const world = await playground.world();
  await playground.choose('read()', '256');
  await playground.run();

  const answer = commandLine(exampleText('task_file.bpf.c'), world, '--read-size', '256');
  expect(answer.output.length).toBeGreaterThan(100);
  await expect.poll(() => playground.output()).toBe(answer.output);
  const rules = page.getByRole('region', { name: 'Output' }).locator('.boundary');
  await expect(rules).toHaveCount(answer.reads.length);
  await expect(rules.first()).toContainText(`read 1 returned ${answer.reads[0]?.ret} B`);

  await playground.pane('Graph');
  await playground.goTo(1);
  const step = page.getByRole('button', { name: 'Step by object' });
  await step.click();
  await expect
    .poll(() => playground.moment())
    .toMatch(/^Event 2 of \d+\. show: .*, fd \d+, wrote \d+ B\. Sequence 0, read 1/);
  await expect(page.locator('.node.slot.current')).toHaveCount(1);
  await step.click();
  await expect(playground.counter).toHaveValue('4');
  await expect(page.locator('.node.slot.visited')).toHaveCount(1);
  await page.getByRole('button', { name: 'Back by object' }).click();
  await expect(playground.counter).toHaveValue('2');
  await expect(page.locator('.node.slot.visited')).toHaveCount(0);
  expect(playground.errors).toEqual([]);
});

test('the pid in the attach bar reaches the kernel: only that process is walked @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('World', 'docs');
  await playground.pane('Code');
  await page.getByRole('radio', { name: 'pid', exact: true }).click();
  await page.getByLabel('pid number').fill('1859');
  await playground.run();
  const answer = commandLine(exampleText('task_file.bpf.c'), 'docs', '--pid', '1859');
  expect(answer.output.split('\n').length).toBeGreaterThan(8);
  await expect.poll(() => playground.output()).toBe(answer.output);
  await playground.pane('Graph');
  await expect(page.locator('.node.task.out-of-range').first()).toBeAttached();
  await page.getByRole('button', { name: 'Last event' }).click();
  await expect(page.locator('.node.slot.will-visit')).toHaveCount(0);
});

test('a pid that does not exist gives the errno of the command line @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await page.getByRole('radio', { name: 'tid', exact: true }).click();
  await page.getByLabel('tid number').fill('99999');
  const answer = commandLine(exampleText('task_file.bpf.c'), await playground.world(), '--tid', '99999');
  await page.getByRole('button', { name: /^Run F5/ }).click();
  if (answer.attach?.errno)
    await expect(page.getByText(`BPF_LINK_CREATE: ${answer.attach.errno}`)).toBeVisible();
  else await expect.poll(() => playground.output()).toBe(answer.output);
});

for (const target of ['task', 'task_vma'])
  test(`switching to ${target} draws its own picture and prints what the command line prints @every-width`, async ({
    page,
  }) => {
    const playground = new Playground(page);
    await playground.open();
    await playground.choose('Example', `${target}.bpf.c`);
    await expect(page.getByLabel('Target', { exact: true })).toContainText(`iter/${target}`);
    await expect(page.getByText(/^Verified/)).toBeVisible();
    await playground.run();
    const answer = commandLine(exampleText(`${target}.bpf.c`), await playground.world());
    expect(answer.stage).toBe('done');
    await expect.poll(() => playground.output()).toBe(answer.output);
    await playground.pane('Graph');
    await expect(page.locator(target === 'task' ? '.node.item' : '.node.vma').first()).toBeVisible();
  });

test('scrubbing the timeline moves every view to the same moment @every-width', async ({ page }) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.choose('read()', '256');
  await playground.run();
  const slider = page.getByRole('slider', { name: 'Moment' });
  const box = await slider.boundingBox();
  if (!box) throw new Error('no timeline');
  await page.mouse.move(box.x + 100, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 12 });
  await page.mouse.up();
  const { of } = await playground.event();
  await expect.poll(async () => (await playground.event()).at).toBeGreaterThan(of * 0.4);
  const { at } = await playground.event();
  await expect(slider).toHaveAttribute('aria-valuenow', String(at));
  await playground.dock('Events');
  await expect(page.getByRole('region', { name: 'Events' }).locator('[aria-current=step]')).toContainText(
    new RegExp(`^${at}\\s*read`),
  );
  await playground.pane('Graph');
  await page.getByRole('radio', { name: 'Table' }).click();
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(async () => (await playground.event()).at).toBeGreaterThan(at);
  await expect(page.getByRole('table').locator('[aria-current=step]')).toBeVisible();
});

test('inside a program: instructions, registers and bytes follow the moment @every-width', async ({
  page,
}) => {
  const playground = new Playground(page);
  await playground.open();
  await playground.run();
  await playground.goTo(2);
  await page.getByRole('radio', { name: 'insn' }).click();
  await page.getByRole('button', { name: 'Back by insn' }).click();
  await (await playground.inspector()).getByRole('tab', { name: 'Registers' }).click();
  await expect(page.getByText(/^Registers · before insn \d+/)).toBeVisible();
  await playground.dock('Disassembly');
  await expect(page.getByRole('region', { name: /^Disassembly of/ }).locator('.now')).toContainText('exit');
  await (await playground.inspector()).getByRole('tab', { name: 'Object' }).click();
  await expect(page.getByText('ctx · bpf_iter__task_file')).toBeVisible();
  await expect(page.getByText(/^struct file ·/)).toBeVisible();
  await playground.dock('Kernel');
  await expect(
    page.getByRole('region', { name: "The kernel's algorithm" }).locator('[aria-current=step]').first(),
  ).toBeVisible();
});
