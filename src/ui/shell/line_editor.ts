/**
 * The line under the cursor of a terminal: keys go in, an edited line comes out. Keys are those of readline:
 *
 *     ← → Home End Ctrl-A Ctrl-E    move        ↑ ↓      lines before
 *     Backspace Delete Ctrl-U K W   delete      Tab      complete
 */

export type Edit =
  | { readonly do: 'nothing' | 'redraw' | 'complete' | 'clear' | 'leave' | 'interrupt' }
  | { readonly do: 'line'; readonly line: string };

const nothing: Edit = { do: 'nothing' };
const redraw: Edit = { do: 'redraw' };

export class LineEditor {
  text = '';
  cursor = 0;
  private readonly history: string[] = [];
  /** Place in the history; its length: the line being typed. */
  private place = 0;
  private typed = '';

  set(text: string, cursor = text.length): void {
    this.text = text;
    this.cursor = cursor;
  }

  /** Everything that one event of the terminal brought: a key, or pasted text with several lines. */
  *keys(data: string): Generator<Edit> {
    // An escape sequence is one key; what is pasted comes without any.
    if (data.startsWith('\x1b')) yield this.key(data);
    else for (const key of data.replaceAll('\r\n', '\r')) yield this.key(key);
  }

  private key(key: string): Edit {
    const act = KEYS[key];
    if (act) return act(this);
    if (key.startsWith('\x1b') || key < ' ') return nothing;
    this.replace(this.cursor, this.cursor, key);
    return redraw;
  }

  /** Puts text in place of a part of the line, the cursor behind it. */
  replace(from: number, to: number, text: string): void {
    this.set(this.text.slice(0, from) + text + this.text.slice(to), from + text.length);
  }

  move(to: number): Edit {
    this.cursor = Math.max(0, Math.min(this.text.length, to));
    return redraw;
  }

  cut(from: number, to: number): Edit {
    this.replace(Math.max(0, from), Math.min(this.text.length, to), '');
    return redraw;
  }

  /** Start of the word before the cursor. */
  wordStart(): number {
    return this.text.slice(0, this.cursor).search(/\S+\s*$/);
  }

  recall(by: 1 | -1): Edit {
    const to = this.place + by;
    if (to < 0 || to > this.history.length) return nothing;
    if (this.place === this.history.length) this.typed = this.text;
    this.place = to;
    this.set(this.history[to] ?? this.typed);
    return redraw;
  }

  enter(): Edit {
    const line = this.text;
    if (line.trim() !== '' && line !== this.history.at(-1)) this.history.push(line);
    this.place = this.history.length;
    this.set('');
    return { do: 'line', line };
  }

  drop(): Edit {
    this.set('');
    this.place = this.history.length;
    return { do: 'interrupt' };
  }
}

const KEYS: Readonly<Record<string, (line: LineEditor) => Edit>> = {
  '\r': (l) => l.enter(),
  '\n': (l) => l.enter(),
  '\t': () => ({ do: 'complete' }),
  '\x7f': (l) => (l.cursor === 0 ? nothing : l.cut(l.cursor - 1, l.cursor)),
  '\b': (l) => (l.cursor === 0 ? nothing : l.cut(l.cursor - 1, l.cursor)),
  '\x1b[3~': (l) => l.cut(l.cursor, l.cursor + 1),
  '\x1b[D': (l) => l.move(l.cursor - 1),
  '\x1b[C': (l) => l.move(l.cursor + 1),
  '\x1b[H': (l) => l.move(0),
  '\x1b[F': (l) => l.move(l.text.length),
  '\x01': (l) => l.move(0),
  '\x05': (l) => l.move(l.text.length),
  '\x1b[A': (l) => l.recall(-1),
  '\x1b[B': (l) => l.recall(1),
  '\x15': (l) => l.cut(0, l.cursor),
  '\x0b': (l) => l.cut(l.cursor, l.text.length),
  '\x17': (l) => l.cut(l.wordStart(), l.cursor),
  '\x0c': () => ({ do: 'clear' }),
  '\x03': (l) => l.drop(),
  '\x1b': () => ({ do: 'leave' }),
};

/** What all candidates begin with. */
export const commonStart = (candidates: readonly string[]): string =>
  candidates.reduce((a, b) => {
    let n = 0;
    while (n < a.length && a[n] === b[n]) n++;
    return a.slice(0, n);
  }, candidates[0] ?? '');
