/** What the compiler knows, where the program is written. The cursor is `^` in the C text. */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { Playground, exampleText } from './playground.ts';

const PROGRAM = exampleText('task_file.bpf.c');

test.describe.configure({ mode: 'serial' });

let page: Page;
let playground: Playground;
test.beforeAll(async ({ browser }) => {
  page = await browser.newPage();
  playground = new Playground(page);
  await playground.open();
  // What loads late is there once the program can be folded.
  await expect(page.locator('.monaco-editor .cldr.codicon').first()).toBeAttached();
});
test.afterAll(async () => {
  expect(playground.errors).toEqual([]);
  await page.close();
});

const TAB = 4;
/** Makes the text the program, with the caret at the mark. */
async function write(marked: string): Promise<void> {
  const [before = '', after = ''] = marked.split('^');
  await playground.replaceText(before + after);
  const lines = before.split('\n');
  // The editor counts columns as they are drawn.
  const column = Array.from(lines.at(-1) ?? '').reduce(
    (at, c) => (c === '\t' ? at + TAB - (at % TAB) : at + 1),
    0,
  );
  await page.keyboard.press('Control+g');
  await page.locator('.quick-input-widget input').fill(`:${lines.length}:${column + 1}`);
  await page.keyboard.press('Enter');
  await expect(page.locator('.editor-foot')).toContainText(`Ln ${lines.length}, `);
  await expect(page.locator('.editor-foot')).toContainText('Esc leaves the editor');
}
/** The example with a cursor behind a part of it, and perhaps something typed there. */
const behind = (part: string, typed = ''): string => PROGRAM.replace(part, `${part}${typed}^`);
const text = async (): Promise<string> =>
  (await page.locator('.monaco-editor .view-lines').first().innerText()).replaceAll('\u00a0', ' ');
const offered = () => page.locator('.suggest-widget.visible .monaco-list-row');
const verified = () => page.locator('.bar').getByText(/^Verified/);

test('members come with their types, and what is chosen is written', async () => {
  await write(behind('__u32 fd = ctx->fd;', '\n\tctx->'));
  await page.keyboard.type('f');
  await expect(offered().first()).toHaveText(/^fdu32 fd|^fd__u32 fd/);
  await expect(offered().filter({ hasText: 'struct file *file' })).toBeVisible();
  // What is behind the list does not shine through.
  await expect(page.locator('.suggest-widget.visible')).toHaveCSS('background-color', /^rgb\(/);
  await page.keyboard.type('ile->f_ino');
  await expect(offered().first()).toContainText('f_inode');
  await page.keyboard.press('Enter');
  await page.keyboard.type(';');
  await expect.poll(text).toContain('ctx->file->f_inode;');
});

test('helpers of this target, macros and section names are offered', async () => {
  await write(behind('__u32 fd = ctx->fd;', '\n\t'));
  await page.keyboard.type('bpf_seq_');
  await expect(offered().first()).toContainText('long bpf_seq_printf(struct seq_file *m');
  await expect(offered().filter({ hasText: 'BPF_SEQ_PRINTF(seq, fmt, args...)' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.type('printf(seq, ');
  await expect(page.locator('.parameter-hints-widget.visible .parameter.active')).toHaveText(
    'const char *fmt',
  );
  await page.keyboard.press('Escape');
  await write(PROGRAM.replace('iter/task_file', 'iter/task_v^'));
  await page.keyboard.press('Control+Space');
  await expect(offered().first()).toContainText('iter/task_vma');
});

test('a comment is what was typed, and offers nothing', async () => {
  await write(behind('__u32 fd = ctx->fd;', '\n\t'));
  await page.keyboard.type('/* half of fd / 2 */');
  await expect.poll(text).toMatch(/\/\* half of fd \/ 2 \*\/\n/);
  await expect(verified()).toBeVisible();
  await expect(offered()).toHaveCount(0);
});

test('a name is renamed wherever it means the same, and one undo takes it back', async () => {
  await write(behind('__u32 f'));
  await page.keyboard.press('F2');
  await expect(page.locator('.rename-input')).toBeFocused();
  await page.keyboard.type('number');
  await page.keyboard.press('Enter');
  await expect.poll(text).toContain('__u32 number = ctx->fd;');
  await expect.poll(text).toContain('task->pid, number, (long)');
  await page.keyboard.press('ControlOrMeta+z');
  await expect.poll(text).toContain('__u32 fd = ctx->fd;');
});

test('from a use to its declaration, to all uses, and to the kernel', async () => {
  await write(behind('if (!tas'));
  await page.keyboard.press('F12');
  await expect(page.locator('.editor-foot')).toContainText(/Ln 15, /);
  await page.keyboard.press('Shift+F12');
  await expect(page.locator('.peekview-widget .monaco-list-row')).toHaveCount(5);
  await page.keyboard.press('Escape');
  await write(behind('struct task_str'));
  await page.keyboard.press('F12');
  await expect(page.locator('.peekview-widget')).toContainText('struct task_struct {');
  await page.keyboard.press('Escape');
  await expect(page.locator('.peekview-widget')).toHaveCount(0);
});

test('a name says what it is', async () => {
  await write(behind('task->tgi'));
  await expect(async () => {
    const box = await page.locator('.monaco-editor .cursor').first().boundingBox();
    await page.mouse.move((box?.x ?? 0) - 6, (box?.y ?? 0) + 8);
    await page.mouse.move((box?.x ?? 0) - 3, (box?.y ?? 0) + 10);
    await expect(page.locator('.monaco-hover:visible')).toContainText('pid_t tgid', { timeout: 3000 });
  }).toPass();
  await page.mouse.move(0, 0);
});

test('a mistake is underlined, and its fix puts it right', async () => {
  await write(behind('__u32 fd = ctx->fd;', '\n\tfdd = 3;'));
  await expect(page.locator('.monaco-editor .squiggly-error')).toBeVisible();
  await page.keyboard.press('ControlOrMeta+.');
  await expect(page.locator('.action-widget').first()).toContainText("Change to 'fd'");
  await page.keyboard.press('Enter');
  await expect.poll(text).toContain('fd = 3;');
  await expect(verified()).toBeVisible();
});

test('features that load late leave caret, focus and undo as they were', async ({ browser }) => {
  const fresh = await browser.newPage();
  await fresh.goto('./');
  await fresh.locator('.monaco-editor .view-lines').waitFor();
  await fresh.locator('.editor-host .monaco-slot').click();
  await fresh.keyboard.press('ControlOrMeta+Home');
  await fresh.keyboard.type('// early');
  await expect(fresh.locator('.monaco-editor .cldr.codicon').first()).toBeAttached();
  await fresh.keyboard.type(' and late');
  await expect(fresh.locator('.view-line').first()).toHaveText(
    '// early and late' + (PROGRAM.split('\n')[0] ?? ''),
  );
  for (let i = 0; i < 8; i++) await fresh.keyboard.press('ControlOrMeta+z');
  await expect(fresh.locator('.view-line').first()).toHaveText(PROGRAM.split('\n')[0] ?? '');
  await fresh.close();
});
