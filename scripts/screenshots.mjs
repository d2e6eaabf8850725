/**
 * Takes a picture of every view, dark and light, at three widths.
 *
 *     node scripts/screenshots.mjs FOLDER [URL]
 *
 * Without a URL the built page in dist/ is served for the time being.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { launchOptions } from './chromium.mjs';
import { servePage } from './serve.mjs';

const [folder = 'screenshots', givenUrl] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '1024', width: 1024, height: 768 },
  { name: '390', width: 390, height: 844 },
];
/** Choices made before the run, by name of the picture. */
const EXAMPLES = ['task_file.bpf.c', 'task.bpf.c', 'task_vma.bpf.c'];
const TABS = ['Output', 'Verifier log', 'Disassembly', 'Events', 'Kernel', 'Compare'];

const server = givenUrl ? null : await servePage(0);
const url = givenUrl ?? server.url;
const browser = await chromium.launch(launchOptions());

async function open(size, theme) {
  const page = await browser.newPage({
    viewport: { width: size.width, height: size.height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  await page.locator('.monaco-editor .view-lines').waitFor();
  await page.getByText(/^Verified/).waitFor({ timeout: 60_000 });
  return page;
}

async function run(page) {
  await page.keyboard.press('F5');
  // A new recording stands at its first event.
  await page.locator('.counter[value="1"]').waitFor({ timeout: 60_000 });
}

/** Goes to the middle of the recording, where every state can be seen. */
async function toMiddle(page) {
  const counter = page.getByRole('textbox', { name: /^Event number/ });
  const length = Number((await counter.getAttribute('aria-label')).match(/(\d+)$/)[1]);
  await counter.fill(String(Math.round(length * 0.6)));
  await counter.press('Enter');
  const step = page.getByRole('button', { name: 'Step by object' });
  await step.click();
  await page.waitForTimeout(600);
}

try {
  for (const theme of ['dark', 'light'])
    for (const size of SIZES) {
      const shot = (page, name) =>
        page.screenshot({ path: join(folder, `${name}-${theme}-${size.name}.png`) });
      const page = await open(size, theme);
      await shot(page, 'start');
      const narrow = size.width < 760;
      for (const example of EXAMPLES) {
        await page.getByLabel('Example', { exact: true }).selectOption(example);
        if (narrow) await page.getByRole('tab', { name: 'Code' }).click();
        await page.getByLabel('read()', { exact: true }).selectOption('256');
        await page.waitForTimeout(1200);
        await run(page);
        if (narrow) await page.getByRole('tab', { name: 'Graph' }).click();
        await toMiddle(page);
        await shot(page, example.replace('.bpf.c', ''));
        if (narrow) await page.getByRole('tab', { name: 'Code' }).click();
      }
      if (narrow) await page.getByRole('tab', { name: 'Graph' }).click();
      await page.getByRole('radio', { name: 'Table' }).click();
      await shot(page, 'table');
      await page.getByRole('radio', { name: 'Graph' }).click();
      if (narrow) await page.getByRole('tab', { name: 'Output', exact: true }).click();
      const dock = page.getByRole('tablist', { name: 'Dock', exact: true });
      for (const tab of TABS) {
        await dock.getByRole('tab', { name: tab }).click();
        if (tab === 'Compare') await page.getByRole('button', { name: 'Keep this run as A' }).click();
        await shot(page, `dock-${tab.toLowerCase().replace(' ', '-')}`);
      }
      if (size.width < 1100) await page.getByRole('tab', { name: 'Inspect' }).click();
      for (const tab of ['Object', 'Registers', 'Stack']) {
        await page.getByRole('tab', { name: tab }).click();
        await shot(page, `inspector-${tab.toLowerCase()}`);
      }
      await page.close();
    }
} finally {
  await browser.close();
  await server?.close();
}
