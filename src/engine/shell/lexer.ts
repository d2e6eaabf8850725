/** Words, operators and here-documents of a shell's text: what the grammar is made of. */
import { SyntaxFault } from './grammar.ts';
import type { List, Part, Word } from './grammar.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATORS = [
  '&&',
  '||',
  ';;',
  '>>',
  '<<-',
  '<<',
  '>&',
  '<&',
  '&>',
  ';',
  '|',
  '>',
  '<',
  '&',
  '(',
  ')',
  '\n',
];
/** Backslash keeps its meaning inside double quotes only before these. */
const ESCAPED_IN_QUOTES = '$`"\\\n';

export const notSimulated = (what: string): SyntaxFault => new SyntaxFault(`${what} not simulated here`);

export abstract class Lexer {
  protected readonly text: string;
  protected at = 0;
  /** Where the line after the here-documents of this one begins. */
  private documentsAt: number | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** What stands in $(...), up to its end. */
  protected abstract substitution(): List;
  /** A text of its own, as between backquotes. */
  protected abstract inner(text: string): List;

  /** The operator that comes next, 'word' before a word, '' at the end. Passes blanks and comments. */
  protected peek(): string {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\r') this.at++;
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '\n' && this.documentsAt !== null) {
        // What here-documents have said is behind us; the line ends where they do.
        this.at = Math.max(this.at, this.documentsAt - 1);
        this.documentsAt = null;
      } else if (char === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else break;
    }
    if (this.at >= this.text.length) return '';
    return OPERATORS.find((operator) => this.text.startsWith(operator, this.at)) ?? 'word';
  }

  protected take(token: string): void {
    this.at += token.length;
  }

  protected word(): Word {
    const parts: Part[] = [];
    while (this.at < this.text.length) {
      const char = this.text[this.at] ?? '';
      if (/\s/.test(char) || OPERATORS.some((operator) => operator.startsWith(char))) break;
      if (char === "'") parts.push(this.single());
      else if (char === '"') parts.push(...this.double());
      else if (char === '\\') {
        const next = this.text[this.at + 1] ?? '';
        this.at += 2;
        if (next !== '\n') parts.push({ quoted: true, text: next === '' ? '\\' : next });
      } else if (char === '$') parts.push(this.dollar(false));
      else if (char === '`') parts.push(this.backquoted(false));
      else {
        parts.push({ quoted: false, text: char });
        this.at++;
      }
    }
    return parts;
  }

  private single(): Part {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) throw new SyntaxFault("unexpected EOF while looking for matching `''");
    const text = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return { quoted: true, text };
  }

  private double(): Part[] {
    this.at++;
    const parts = this.quotedText('"');
    this.at++;
    return parts;
  }

  /** Text as in double quotes, up to `end`; null: up to the end of everything, as in a here-document. */
  protected quotedText(end: '"' | null): Part[] {
    const parts: Part[] = [{ quoted: true, text: '' }];
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined && end !== null)
        throw new SyntaxFault('unexpected EOF while looking for matching `"\'');
      if (char === undefined || char === end) return parts;
      if (char === '$') parts.push(this.dollar(true));
      else if (char === '`') parts.push(this.backquoted(true));
      else if (char === '\\' && ESCAPED_IN_QUOTES.includes(this.text[this.at + 1] ?? ' ')) {
        const next = this.text[this.at + 1] ?? '';
        if (next !== '\n') parts.push({ quoted: true, text: next });
        this.at += 2;
      } else {
        parts.push({ quoted: true, text: char });
        this.at++;
      }
    }
  }

  /** `list`, as $(list) */
  private backquoted(quoted: boolean): Part {
    let inner = '';
    for (this.at++; ; this.at++) {
      const char = this.text[this.at];
      if (char === undefined) throw new SyntaxFault("unexpected EOF while looking for matching ``'");
      if (char === '`') break;
      if (char === '\\' && '$`\\'.includes(this.text[this.at + 1] ?? ' ')) this.at++;
      inner += this.text[this.at] ?? '';
    }
    this.at++;
    return { quoted, list: this.inner(inner) };
  }

  /** $NAME, ${NAME}, $?, $$, $0 and $(list); any other dollar sign is itself. */
  private dollar(quoted: boolean): Part {
    this.at++;
    const rest = this.text.slice(this.at);
    if (rest.startsWith('((')) return this.arithmetic(quoted);
    if (rest.startsWith('(')) {
      this.at++;
      return { quoted, list: this.substitution() };
    }
    if (rest.startsWith('{')) {
      const end = rest.indexOf('}');
      const name = rest.slice(1, end);
      if (end < 0) throw new SyntaxFault("unexpected EOF while looking for matching `}'");
      if (NAME.exec(name)?.[0] !== name && !/^([?$#@*]|\d+)$/.test(name))
        throw new SyntaxFault(`\${${name}}: bad substitution`);
      this.at += end + 1;
      return { quoted, variable: name };
    }
    const name = NAME.exec(rest)?.[0] ?? /^[?$#@*\d]/.exec(rest)?.[0];
    if (name === undefined) return { quoted: true, text: '$' };
    this.at += name.length;
    return { quoted, variable: name };
  }

  /** What stands in $((...)), with its variables and quotes already told apart. */
  private arithmetic(quoted: boolean): Part {
    this.at += 2;
    const parts: Part[] = [];
    for (let depth = 0; ;) {
      const char = this.text[this.at];
      if (char === undefined) throw new SyntaxFault("unexpected EOF while looking for matching `)'");
      if (depth === 0 && this.text.startsWith('))', this.at)) break;
      if (char === '$') {
        parts.push(this.dollar(true));
        continue;
      }
      depth += char === '(' ? 1 : char === ')' ? -1 : 0;
      if (char !== '"') parts.push({ quoted: true, text: char });
      this.at++;
    }
    this.at += 2;
    return { quoted, expression: parts };
  }

  /** The text after this line, up to a line that is only `end`; tabs before its lines go when `tabs` says so. */
  protected document(end: string, tabs: boolean): string {
    const from = this.documentsAt ?? this.text.indexOf('\n', this.at) + 1;
    const lines: string[] = [];
    let at = from === 0 ? this.text.length : from;
    while (at < this.text.length) {
      const newline = this.text.indexOf('\n', at);
      const stop = newline < 0 ? this.text.length : newline;
      const raw = this.text.slice(at, stop);
      const line = tabs ? raw.replace(/^\t+/, '') : raw;
      at = stop + 1;
      if (line === end) break;
      lines.push(`${line}\n`);
    }
    this.documentsAt = at;
    return lines.join('');
  }
}
