/**
 * The language of a command line: words and the lists of pipelines that they form.
 *
 *     list      pipeline { (';' | newline | '&&' | '||') pipeline }
 *     pipeline  ['!'] command { '|' command }
 *     command   { NAME=word | word | [n]> word | [n]>> word | [n]< word | [n]>&m }
 *
 * A word keeps apart what was quoted, because only the rest is split and matched against file names.
 * Grammar of a shell that is not simulated (loops, functions, subshells, jobs) is refused by its name.
 */

/** A piece of a word. */
export type Part = { readonly quoted: boolean } & (
  | { readonly text: string }
  | { readonly variable: string }
  | { readonly list: List }
);
export type Word = readonly Part[];

export type Redirect =
  | { readonly fd: number; readonly mode: 'read' | 'write' | 'append'; readonly to: Word }
  | { readonly fd: number; readonly mode: 'dup'; readonly from: number };

export interface Command {
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}
export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}
export interface ListItem {
  /** When this pipeline runs, after the one before it. */
  readonly when: 'always' | 'success' | 'failure';
  readonly pipeline: Pipeline;
}
export type List = readonly ListItem[];

/** What a shell says of a line it cannot parse; exit status 2. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
}

const unexpected = (token: string): SyntaxFault =>
  new SyntaxFault(
    token === ''
      ? 'syntax error: unexpected end of file'
      : `syntax error near unexpected token \`${token === '\n' ? 'newline' : token}'`,
  );
const notSimulated = (what: string): SyntaxFault =>
  new SyntaxFault(`${what} not simulated here; commands, pipes, redirections, && || ; and $(...) are`);

/** Reserved words at the start of a command, and what they begin. */
const RESERVED: Readonly<Record<string, string>> = {
  if: 'if ... fi is',
  for: 'for loops are',
  while: 'while loops are',
  until: 'until loops are',
  case: 'case ... esac is',
  select: 'select is',
  function: 'functions are',
  '[[': '[[ ... ]] is',
  '{': 'groups { ... } are',
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const OPERATORS = ['&&', '||', ';;', '>>', '<<', '>&', '<&', '&>', ';', '|', '>', '<', '&', '(', ')', '\n'];
/** Backslash keeps its meaning inside double quotes only before these. */
const ESCAPED_IN_QUOTES = '$`"\\\n';

/** Parses a whole line, or several. @throws SyntaxFault */
export function parseLine(text: string): List {
  const parser = new Parser(text);
  const list = parser.list('');
  return list;
}

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** @param end the token that closes the list: '' for the end of the text, ')' for $( */
  list(end: '' | ')'): List {
    const items: ListItem[] = [];
    let when: ListItem['when'] = 'always';
    for (;;) {
      this.skipNewlines();
      const next = this.peek();
      if (next === end || (next === '' && end === ')')) {
        if (when !== 'always') throw unexpected(end);
        if (next === '' && end === ')')
          throw new SyntaxFault("unexpected EOF while looking for matching `)'");
        this.take(next);
        return items;
      }
      items.push({ when, pipeline: this.pipeline() });
      const separator = this.peek();
      if (separator === '&&' || separator === '||') {
        this.take(separator);
        when = separator === '&&' ? 'success' : 'failure';
      } else {
        when = 'always';
        if (separator === ';' || separator === '\n') this.take(separator);
        else if (separator === '&') throw notSimulated('jobs in the background (&) are');
        else if (separator !== end && separator !== '') throw unexpected(separator);
      }
    }
  }

  private skipNewlines(): void {
    while (this.peek() === '\n') this.take('\n');
  }

  private pipeline(): Pipeline {
    let negated = false;
    while (this.isWord('!')) {
      this.at++;
      negated = !negated;
    }
    const commands = [this.command()];
    while (this.peek() === '|') {
      this.take('|');
      while (this.peek() === '\n') this.take('\n');
      commands.push(this.command());
    }
    return { negated, commands };
  }

  private isWord(word: string): boolean {
    this.peek();
    return this.text.startsWith(word, this.at) && /^(\s|$)/.test(this.text.slice(this.at + word.length));
  }

  private command(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const next = this.peek();
      const number = /^\d+(?=[<>])/.exec(this.text.slice(this.at))?.[0];
      if (number !== undefined || isRedirect(next)) {
        this.at += number?.length ?? 0;
        redirects.push(...this.redirect(number === undefined ? null : Number(number)));
        continue;
      }
      if (next === '(') throw notSimulated(words.length === 1 ? 'functions are' : 'subshells ( ... ) are');
      if (next !== 'word') break;
      const reserved = Object.keys(RESERVED).find((word) => words.length === 0 && this.isWord(word));
      if (reserved !== undefined) throw notSimulated(RESERVED[reserved] ?? reserved);
      const name = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at)) : null;
      if (name) this.at += name[0].length;
      const word = name && /^(\s|$|[;&|<>()])/.test(this.text.slice(this.at)) ? [] : this.word();
      if (name) assignments.push({ name: name[1] ?? '', value: word });
      else words.push(word);
    }
    if (words.length + assignments.length + redirects.length === 0) throw unexpected(this.peek());
    return { assignments, words, redirects };
  }

  private redirect(fd: number | null): Redirect[] {
    const operator = this.peek();
    this.take(operator);
    if (operator === '<<') throw notSimulated('here-documents (<<) are');
    if (operator === '>&' || operator === '<&') {
      const from = /^\d+/.exec(this.text.slice(this.at))?.[0];
      if (from === undefined) {
        if (this.peek() !== 'word') throw unexpected(this.peek());
        throw notSimulated(`${operator} with a word is`);
      }
      this.at += from.length;
      return [{ fd: fd ?? (operator === '>&' ? 1 : 0), mode: 'dup', from: Number(from) }];
    }
    if (this.peek() !== 'word') throw unexpected(this.peek());
    const to = this.word();
    if (operator === '&>')
      return [
        { fd: 1, mode: 'write', to },
        { fd: 2, mode: 'dup', from: 1 },
      ];
    if (operator === '<') return [{ fd: fd ?? 0, mode: 'read', to }];
    return [{ fd: fd ?? 1, mode: operator === '>>' ? 'append' : 'write', to }];
  }

  /** The operator that comes next, 'word' before a word, '' at the end. Passes blanks and comments. */
  private peek(): string {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\r') this.at++;
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else break;
    }
    if (this.at >= this.text.length) return '';
    return OPERATORS.find((operator) => this.text.startsWith(operator, this.at)) ?? 'word';
  }

  private take(token: string): void {
    this.at += token.length;
  }

  private word(): Word {
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
      else if (char === '`') throw notSimulated('backquotes are');
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
    const parts: Part[] = [{ quoted: true, text: '' }];
    this.at++;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new SyntaxFault('unexpected EOF while looking for matching `"\'');
      if (char === '"') break;
      if (char === '$') parts.push(this.dollar(true));
      else if (char === '\\' && ESCAPED_IN_QUOTES.includes(this.text[this.at + 1] ?? ' ')) {
        const next = this.text[this.at + 1] ?? '';
        if (next !== '\n') parts.push({ quoted: true, text: next });
        this.at += 2;
      } else {
        parts.push({ quoted: true, text: char });
        this.at++;
      }
    }
    this.at++;
    return parts;
  }

  /** $NAME, ${NAME}, $?, $$, $0 and $(list); any other dollar sign is itself. */
  private dollar(quoted: boolean): Part {
    this.at++;
    const rest = this.text.slice(this.at);
    if (rest.startsWith('((')) throw notSimulated('arithmetic $((...)) is');
    if (rest.startsWith('(')) {
      this.at++;
      return { quoted, list: this.list(')') };
    }
    if (rest.startsWith('{')) {
      const end = rest.indexOf('}');
      const name = rest.slice(1, end);
      if (end < 0) throw new SyntaxFault("unexpected EOF while looking for matching `}'");
      if (NAME.exec(name)?.[0] !== name && !/^[?$0]$/.test(name))
        throw new SyntaxFault(`\${${name}}: bad substitution`);
      this.at += end + 1;
      return { quoted, variable: name };
    }
    const name = NAME.exec(rest)?.[0] ?? /^[?$0#]/.exec(rest)?.[0];
    if (name === undefined) return { quoted: true, text: '$' };
    this.at += name.length;
    return { quoted, variable: name };
  }
}

const isRedirect = (token: string): boolean => ['>', '>>', '<', '<<', '>&', '<&', '&>'].includes(token);
