/** The page's terminal over the shell of the page's machine: xterm.js draws, the line editor edits, the engine answers. */
import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import type { ITheme } from '@xterm/xterm';
import { cancel } from '../store/page.ts';
import { completeLine, typeLine } from '../store/shell.ts';
import { scaleOf } from '../store/looks.ts';
import { useStore } from '../store/store.ts';
import { onSystemColours, tokenColour } from '../theme/colour.ts';
import { LineEditor, commonStart } from './line_editor.ts';

/** One char for each byte, as bytes: the terminal reads UTF-8. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

const themeNow = (): ITheme => ({
  background: tokenColour('--s1'),
  foreground: tokenColour('--tx'),
  cursor: tokenColour('--accent'),
  cursorAccent: tokenColour('--s1'),
  selectionBackground: tokenColour('--accent-bg'),
  selectionForeground: tokenColour('--on-accent-bg'),
});

export interface ShellTerminal {
  focus: () => void;
}

export function openTerminal(host: HTMLElement): ShellTerminal {
  const terminal = new Terminal({
    fontFamily: '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
    fontSize: Math.round(12 * scaleOf(useStore.getState())),
    lineHeight: 1.35,
    convertEol: true,
    screenReaderMode: true,
    scrollback: 5000,
    theme: themeNow(),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(host);
  terminal.textarea?.setAttribute('aria-label', 'Shell. Escape leaves it.');
  const observer = new ResizeObserver(() => {
    if (host.clientWidth > 0 && host.clientHeight > 0) fit.fit();
  });
  observer.observe(host);

  const retheme = (): void => {
    terminal.options.theme = themeNow();
  };
  onSystemColours(retheme);
  useStore.subscribe((state, before) => {
    if (state.theme !== before.theme) retheme();
  });

  const line = new LineEditor();
  let prompt = '';
  let busy = true;
  /** Keys that came while a line was under way. */
  let waiting: string[] = [];
  /** Rows of the prompt and the line, above the cursor, when they were last drawn. */
  let above = 0;

  const draw = (): void => {
    const { cols } = terminal;
    const rowOf = (n: number): number => Math.floor((prompt.length + n) / cols);
    const end = rowOf(line.text.length);
    const row = rowOf(line.cursor);
    const up = above > 0 ? `\x1b[${above}A` : '';
    const back = end > row ? `\x1b[${end - row}A` : '';
    const column = ((prompt.length + line.cursor) % cols) + 1;
    const wrap = line.text.length > 0 && (prompt.length + line.text.length) % cols === 0 ? '\r\n' : '';
    terminal.write(`${up}\r\x1b[J${prompt}${line.text}${wrap}${back}\x1b[${column}G`);
    above = row;
  };
  const ready = (next: string): void => {
    prompt = next;
    above = 0;
    draw();
  };

  const answer = async (text: string): Promise<void> => {
    terminal.write('\r\n');
    if (text.trim() === '') return ready(prompt);
    const said = await typeLine(text);
    if (!said) terminal.write('The machine is busy: wait for the run, or cancel it.\n');
    for (const { text: out } of said?.output ?? []) terminal.write(bytesOf(out));
    if (said?.error) terminal.write(`${said.error}\n`);
    if (said?.cancelled) terminal.write('^C\n');
    if (said?.exited) terminal.write('The next line begins on a machine that has just booted.\n');
    ready(said?.prompt || prompt);
  };

  const complete = async (): Promise<void> => {
    const offer = await completeLine(line.text, line.cursor);
    if (!offer || offer.candidates.length === 0) return;
    const { start, end, candidates } = offer;
    const [only] = candidates;
    const shared = commonStart(candidates);
    if (candidates.length === 1 && only !== undefined)
      line.replace(start, end, only.endsWith('/') || only.endsWith(' ') ? only : `${only} `);
    else if (shared.length > end - start) line.replace(start, end, shared);
    else {
      terminal.write(`\r\n${candidates.join('  ')}\r\n`);
      above = 0;
    }
    draw();
  };

  const take = async (data: string): Promise<void> => {
    for (const edit of line.keys(data)) {
      if (edit.do === 'redraw') draw();
      else if (edit.do === 'line') await answer(edit.line);
      else if (edit.do === 'complete') await complete();
      else if (edit.do === 'interrupt') {
        terminal.write('^C\r\n');
        ready(prompt);
      } else if (edit.do === 'clear') {
        terminal.write('\x1b[H\x1b[2J');
        above = 0;
        draw();
      } else if (edit.do === 'leave') document.querySelector<HTMLElement>('[data-keys-home]')?.focus();
    }
  };
  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let data = waiting.shift(); data !== undefined; data = waiting.shift()) await take(data);
    busy = false;
  };
  terminal.onData((data) => {
    if (busy && data === '\x03') {
      waiting = [];
      cancel();
      return;
    }
    waiting.push(data);
    void pump();
  });
  void typeLine('').then((first) => {
    terminal.write('bpftool, cat, ls, ps, mount, grep and others know this machine. ');
    terminal.write('The program and its object lie here; Tab completes.\r\n');
    if (first?.error) terminal.write(`${first.error}\r\n`);
    ready(first?.prompt || '# ');
    busy = false;
    return pump();
  });

  return { focus: () => terminal.focus() };
}
