/** The page as the tests use it, and the command line that it is compared with. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';
import type { RunReport } from '../src/protocol/report.ts';

const root = join(import.meta.dirname, '..');

export const exampleText = (path: string): string => readFileSync(join(root, 'app/examples', path), 'utf8');

/** What `iterscope run` answers for a program text in a world. The file has the name that the page starts with. */
export function commandLine(text: string, world: string, ...args: string[]): RunReport {
  const file = join(mkdtempSync(join(tmpdir(), 'iterscope-e2e-')), 'task_file.bpf.c');
  writeFileSync(file, text);
  return reportOf(file, world, args);
}

/** The same for an example under its own name, which the names of its maps begin with. */
export const commandLineOf = (example: string, world: string, ...args: string[]): RunReport =>
  reportOf(join(root, 'app/examples', example), world, args);

function reportOf(file: string, world: string, args: readonly string[]): RunReport {
  const words = ['bin/iterscope.mjs', 'run', file, '--world', world, ...args, '--json'];
  try {
    return JSON.parse(
      execFileSync('node', words, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }),
    ) as RunReport;
  } catch (error) {
    // A refused program ends with status 1 and still answers on stdout.
    const { stdout } = error as { stdout?: string };
    if (!stdout) throw error;
    return JSON.parse(stdout) as RunReport;
  }
}

/** One page with the playground in it. */
export class Playground {
  readonly page: Page;
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  get narrow(): boolean {
    return (this.page.viewportSize()?.width ?? 0) < 760;
  }
  get wide(): boolean {
    return (this.page.viewportSize()?.width ?? 0) >= 1100;
  }

  async open(): Promise<void> {
    await this.page.emulateMedia({ reducedMotion: 'reduce' });
    await this.page.goto('./');
    await this.ready();
  }

  /** Monaco is there and the program has been checked. */
  async ready(): Promise<void> {
    await expect(this.page.locator('.monaco-editor .view-lines')).toBeVisible();
    await expect(this.page.locator('.bar').getByText(/^(Verified|Refused|\d+ errors?)/)).toBeVisible();
  }

  /** On a narrow page, brings a pane to the front. */
  async pane(name: 'Code' | 'Graph' | 'Output' | 'Inspect'): Promise<void> {
    if (this.narrow) await this.page.getByRole('tab', { name, exact: true }).click();
  }

  async dock(tab: string): Promise<void> {
    await this.pane('Output');
    await this.page
      .getByRole('tablist', { name: 'Dock', exact: true })
      .getByRole('tab', { name: tab })
      .click();
  }

  /** The inspector, wherever the width puts it. */
  async inspector() {
    if (this.narrow) await this.pane('Inspect');
    else if (!this.wide) await this.dock('Inspect');
    return this.page.getByRole('region', { name: 'Inspector' });
  }

  async choose(label: string, value: string): Promise<void> {
    await this.pane('Code');
    await this.page.getByLabel(label, { exact: true }).selectOption(value);
  }

  /** Replaces the text in the editor of the program, or of kernel code where that is in front. */
  async replaceText(text: string): Promise<void> {
    await this.pane('Code');
    await this.replaceIn(this.page.getByRole('region', { name: 'Program' }), text);
  }

  /** Replaces the text in the Monaco of a part of the page, by pasting: typed lines would be indented by the editor. */
  async replaceIn(part: Locator, text: string): Promise<void> {
    // Not the lines themselves: they are wider and higher than the pane, and would be scrolled.
    const slot = part.locator('.editor-host:visible .monaco-slot');
    // Pasted before the editor has the focus, it would go to nobody.
    await expect(async () => {
      await slot.click();
      await expect(slot.locator('.monaco-editor.focused')).toBeVisible({ timeout: 2000 });
    }).toPass();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.evaluate((pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      document.activeElement?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
      );
    }, text);
  }

  async run(): Promise<void> {
    await this.pane('Code');
    await this.page.getByRole('button', { name: /^Run F5/ }).click();
    if (this.narrow)
      await expect(this.page.getByRole('tab', { name: 'Graph', exact: true })).toHaveAttribute(
        'aria-selected',
        'true',
      );
    await expect(this.counter).toBeVisible();
    // Without motion a new recording stays at its first event.
    await expect(this.counter).toHaveValue('1');
    await expect(this.page.getByText(/^Run again/)).toBeHidden();
  }

  get counter() {
    return this.page.getByRole('textbox', { name: /^Event number/ });
  }

  /** Waits until what was asked for so far has been drawn: pointers and wheels are heard once in a frame. */
  async drawn(): Promise<void> {
    await this.page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  }

  /** Number of the event on show, and how many there are. */
  async event(): Promise<{ at: number; of: number }> {
    await this.drawn();
    const label = (await this.counter.getAttribute('aria-label')) ?? '';
    return { at: Number(await this.counter.inputValue()), of: Number(/(\d+)$/.exec(label)?.[1]) };
  }

  async goTo(event: number): Promise<void> {
    await this.counter.fill(String(event));
    await this.counter.press('Enter');
    await expect(this.counter).toHaveValue(String(event));
  }

  /** The output on the page, line by line, as it stands now: panes follow the moment one after the other, so poll. */
  async output(): Promise<string> {
    await this.dock('Output');
    const lines = await this.page
      .getByRole('region', { name: 'Output' })
      .locator('.out-line')
      .allTextContents();
    return lines.map((line) => `${line}\n`).join('');
  }

  /** The sentence that the timeline says about the moment. */
  async moment(): Promise<string> {
    return (await this.page.getByRole('slider', { name: 'Moment' }).getAttribute('aria-valuetext')) ?? '';
  }

  /** World chosen on the page. */
  async world(): Promise<string> {
    await this.pane('Code');
    return this.page.getByLabel('World', { exact: true }).inputValue();
  }
}
