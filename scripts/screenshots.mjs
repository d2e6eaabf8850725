/**
 * Takes a picture of every target and every view, dark and light, at three widths.
 *
 *     node scripts/screenshots.mjs FOLDER [NAME ...] [--theme dark] [--width 1440] [--forced] [--url URL]
 *
 * Names are those of picture_list.mjs; without any, all are taken. Without a URL the built page in dist/ is
 * served for the time being.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { launchOptions } from './chromium.mjs';
import { readOptions, refuse } from './options.mjs';
import { PICTURES, PLAYERS } from './picture_list.mjs';
import { servePage } from './serve.mjs';

const { values, positionals } = readOptions({
  allowPositionals: true,
  options: {
    theme: { type: 'string' },
    width: { type: 'string' },
    url: { type: 'string' },
    forced: { type: 'boolean' },
  },
});
const [folder = 'screenshots', ...names] = positionals;
const known = [...Object.keys(PICTURES), ...Object.keys(PLAYERS)];
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) refuse(`No picture is called ${unknown.join(', ')}. There are: ${known.join(', ')}`);
const wanted = (name) => names.length === 0 || names.includes(name);

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
].filter(({ width }) => values.width === undefined || width === Number(values.width));
const THEMES = values.theme === undefined ? ['dark', 'light'] : [values.theme];
/** Where in a recording the pictures are taken: most states are on show there. */
const PART = 0.62;
/** The program in the static page. */
const FIRST = 'task_file.bpf.c';
const PLAYER = { 1440: { width: 720, height: 480 }, 1024: null, 390: { width: 390, height: 480 } };

/** A person at the page: goes where a picture is taken, at any width. */
export class Hand {
  constructor(page) {
    this.page = page;
    this.narrow = page.viewportSize().width < 760;
    this.wide = page.viewportSize().width >= 1100;
    this.recorded = '';
  }

  async open(url) {
    await this.page.goto(url);
    await this.page.locator('.monaco-editor .view-lines').waitFor();
    await this.checked();
  }

  checked() {
    return this.page
      .locator('.bar')
      .getByText(/^(Verified|Refused|\d+ errors?)/)
      .waitFor({ timeout: 60_000 });
  }

  /** On a narrow page, brings a pane to the front. */
  async pane(name) {
    if (this.narrow) await this.page.getByRole('tab', { name, exact: true }).click();
  }

  async view(name) {
    await this.pane('Graph');
    await this.page.getByRole('radio', { name }).click();
  }

  async dock(tab) {
    await this.pane('Output');
    await this.page
      .getByRole('tablist', { name: 'Dock', exact: true })
      .getByRole('tab', { name: tab })
      .click();
  }

  async inspect(tab) {
    if (this.narrow) await this.pane('Inspect');
    else if (!this.wide) await this.page.getByRole('tab', { name: 'Inspect' }).click();
    await this.page.getByRole('tab', { name: tab, exact: true }).click();
  }

  /** Changes the program that the page starts with, by pasting: typed lines would be indented by the editor. */
  async replaceText(from, to) {
    await this.pane('Code');
    const { page } = this;
    const text = readFileSync(new URL(`../app/examples/${FIRST}`, import.meta.url), 'utf8').replace(from, to);
    // Not the lines themselves: they are wider than the pane, and would be scrolled.
    await page.locator('.editor-host:visible .monaco-slot').click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.evaluate((pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
      document.activeElement?.dispatchEvent(paste);
    }, text);
    await page.waitForTimeout(1500);
    await page.keyboard.press('ControlOrMeta+Home');
  }

  /** Records, unless the recording on show is the one, and goes to its middle. */
  async record(how) {
    if (this.recorded === JSON.stringify(how)) return;
    this.recorded = JSON.stringify(how);
    const { page } = this;
    const { example, world, read, fill, part = PART } = how;
    await this.pane('Code');
    await page.getByLabel('Example', { exact: true }).selectOption(example);
    await page.getByLabel('World', { exact: true }).selectOption(world ?? 'demo');
    await page.getByLabel('read()', { exact: true }).selectOption(read ?? '4096');
    await page.waitForTimeout(300);
    await this.checked();
    if (fill) await page.getByLabel('Elements to fill in').fill(fill);
    await page.keyboard.press('F5');
    // A new recording stands at its first event.
    await page.locator('.counter[value="1"]').waitFor({ timeout: 90_000 });
    const counter = page.getByRole('textbox', { name: /^Event number/ });
    const length = Number((await counter.getAttribute('aria-label')).match(/(\d+)$/)[1]);
    await counter.fill(String(Math.round(length * part)));
    await counter.press('Enter');
    await page.getByRole('button', { name: 'Step by object' }).click();
  }
}

/** Runs on the page before its own scripts: its workers by name, so that one can be ended. */
function keepWorkers() {
  const Real = Worker;
  window.workers = {};
  window.Worker = class extends Real {
    constructor(address, options) {
      super(address, options);
      window.workers[options?.name ?? ''] = this;
    }
  };
}

const server = values.url ? null : await servePage(0);
const url = values.url ?? server.url;
const browser = await chromium.launch(launchOptions());
mkdirSync(folder, { recursive: true });

async function shoot(page, name, theme) {
  if (name !== 'hover') await page.mouse.move(0, 0);
  // The bytes of the moment come after the picture, and the editor's scroll bars fade.
  if (name !== 'recording') await page.waitForTimeout(1500);
  await page.screenshot({
    path: join(folder, `${name}-${theme}${values.forced ? '-forced' : ''}-${page.viewportSize().width}.png`),
  });
}

async function pictures(size, theme) {
  const options = {
    viewport: size,
    colorScheme: theme,
    reducedMotion: 'reduce',
    hasTouch: size.width < 760,
    forcedColors: values.forced ? 'active' : 'none',
  };
  let hand = null;
  for (const [name, { of, act, changesPage }] of Object.entries(PICTURES)) {
    if (!wanted(name)) continue;
    try {
      // Without a recording: a page of its own, with the program as it ships.
      if (!hand || of === null) {
        await hand?.page.context().close();
        const context = await browser.newContext(options);
        await context.addInitScript(keepWorkers);
        hand = new Hand(await context.newPage());
        await hand.open(url);
      }
      if (of) await hand.record(of);
      await act(hand);
      await shoot(hand.page, name, theme);
      for (const key of ['Escape', 'Escape']) await hand.page.keyboard.press(key);
      if (changesPage) {
        await hand.page.context().close();
        hand = null;
      }
    } catch (error) {
      console.error(`${name} ${theme} ${size.width}: ${String(error.message).split('\n')[0]}`);
      process.exitCode = 1;
      await hand?.page.context().close();
      hand = null;
    }
  }
  await hand?.page.context().close();
}

async function players(size, theme) {
  const viewport = PLAYER[size.width];
  if (!viewport) return;
  for (const [name, address] of Object.entries(PLAYERS).filter(([name]) => wanted(name))) {
    const page = await browser.newPage({ viewport, colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto(new URL(`embed.html${address}`, url).href);
    await page.getByRole('slider', { name: 'Moment' }).waitFor();
    await shoot(page, name, theme);
    await page.close();
  }
}

try {
  for (const theme of THEMES)
    for (const size of SIZES) {
      await pictures(size, theme);
      await players(size, theme);
    }
} finally {
  await browser.close();
  await server?.close();
}
