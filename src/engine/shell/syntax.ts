/** From text to the tree of a command line (see grammar.ts). What is not simulated is refused by its name. */
import { SyntaxFault } from './grammar.ts';
import type {
  Branch,
  Command,
  Compound,
  CompoundCommand,
  List,
  ListItem,
  Pipeline,
  Redirect,
  SimpleCommand,
  Word,
} from './grammar.ts';
import { Lexer, notSimulated } from './lexer.ts';

const unexpected = (token: string): SyntaxFault =>
  new SyntaxFault(
    token === ''
      ? 'syntax error: unexpected end of file'
      : `syntax error near unexpected token \`${token === '\n' ? 'newline' : token}'`,
  );

/** Reserved words that may begin no command. */
const CLOSING = ['then', 'do', 'done', 'fi', 'else', 'elif', 'esac', '}'];
/** Reserved words of what bash has and this shell does not. */
const MISSING: Readonly<Record<string, string>> = {
  select: 'select is',
  coproc: 'coproc is',
  '[[': '[[ ... ]] is',
};
const FUNCTION = /^([A-Za-z_][\w-]*)[ \t]*\([ \t]*\)/;
const REDIRECTS = ['>', '>>', '<', '<<', '<<-', '>&', '<&', '&>'];

/**
 * The lines of a text, each parsed when the one before it has run: what is wrong with a later one stops nothing.
 *
 * @throws SyntaxFault
 */
export function* parseLines(text: string): Generator<List> {
  const parser = new Parser(text);
  for (let line = parser.line(); line; line = parser.line()) yield line;
}

class Parser extends Lexer {
  /** The next line; null: there is none. */
  line(): List | null {
    this.skipNewlines();
    return this.peek() === '' ? null : this.list([''], true);
  }

  protected substitution(): List {
    const list = this.list([')']);
    this.take(')');
    return list;
  }

  protected inner(text: string): List {
    return new Parser(text).list(['']);
  }

  /** The token that comes next; a word that is reserved is that word. */
  private next(): string {
    const token = this.peek();
    if (token !== 'word') return token;
    return CLOSING.find((word) => this.isWord(word)) ?? 'word';
  }

  /** A list, up to one of these tokens, which stays; or up to the end of a line. */
  private list(ends: readonly string[], isLine = false): List {
    const items: ListItem[] = [];
    let when: ListItem['when'] = 'always';
    for (;;) {
      this.skipNewlines();
      const next = this.next();
      if (ends.includes(next) || next === '') {
        if (when !== 'always') throw unexpected(next);
        if (!ends.includes(next))
          throw ends.includes(')')
            ? new SyntaxFault("unexpected EOF while looking for matching `)'")
            : unexpected(next);
        return items;
      }
      if (next !== 'word' && CLOSING.includes(next)) throw unexpected(next);
      items.push({ when, pipeline: this.pipeline() });
      const separator = this.next();
      if (separator === '&&' || separator === '||') {
        this.take(separator);
        when = separator === '&&' ? 'success' : 'failure';
      } else {
        when = 'always';
        if (separator === ';' || separator === '\n') {
          this.take(separator);
          if (isLine && separator === '\n') return items;
        } else if (separator === '&') throw notSimulated('jobs in the background (&) are');
        else if (!ends.includes(separator) && separator !== '') throw unexpected(separator);
      }
    }
  }

  /** A list that has something in it, as bodies and conditions must. */
  private body(...ends: readonly string[]): List {
    const list = this.list(ends);
    if (list.length === 0) throw unexpected(this.next());
    return list;
  }

  private skipNewlines(): void {
    while (this.peek() === '\n') this.take('\n');
  }

  private isWord(word: string): boolean {
    this.peek();
    return (
      this.text.startsWith(word, this.at) && /^([\s;&|<>()]|$)/.test(this.text.slice(this.at + word.length))
    );
  }
  /** Passes a reserved word that must come here. */
  private need(word: string): void {
    this.skipNewlines();
    if (!this.isWord(word)) throw unexpected(this.token());
    this.take(word);
  }
  private accept(word: string): boolean {
    const here = this.isWord(word);
    if (here) this.take(word);
    return here;
  }
  /** What stands here, as messages name it. */
  private token(): string {
    const token = this.peek();
    return token === 'word' ? (/^[^\s;&|<>()]+/.exec(this.text.slice(this.at))?.[0] ?? '') : token;
  }

  private pipeline(): Pipeline {
    let negated = false;
    while (this.accept('!')) negated = !negated;
    const commands = [this.command()];
    while (this.peek() === '|') {
      this.take('|');
      this.skipNewlines();
      commands.push(this.command());
    }
    return { negated, commands };
  }

  private command(): Command {
    return this.compound() ?? this.simple();
  }

  // -- compound commands -----------------------------------------------------------------------------------------

  private compound(): CompoundCommand | null {
    const kind = this.compoundKind();
    if (!kind) return null;
    const redirects: Redirect[] = [];
    for (let more = this.redirects(); more; more = this.redirects()) redirects.push(...more);
    if (this.next() === 'word') throw unexpected(this.token());
    return { ...kind, redirects };
  }

  private compoundKind(): Compound | null {
    const token = this.peek();
    if (token === '(') {
      this.take('(');
      const body = this.body(')');
      this.take(')');
      return { kind: 'subshell', body };
    }
    if (token !== 'word') return null;
    if (this.accept('{')) {
      const body = this.body('}');
      this.take('}');
      return { kind: 'group', body };
    }
    if (this.accept('if')) return this.ifCommand();
    if (this.accept('while')) return this.loop(false);
    if (this.accept('until')) return this.loop(true);
    if (this.accept('for')) return this.forCommand();
    if (this.accept('case')) return this.caseCommand();
    const named = this.accept('function') ? /^\s*([\w-]+)(?:[ \t]*\([ \t]*\))?/ : FUNCTION;
    const found = named === FUNCTION || this.peek() === 'word' ? named.exec(this.text.slice(this.at)) : null;
    if (!found) return null;
    this.at += found[0].length;
    this.skipNewlines();
    const body = this.compound();
    if (!body) throw unexpected(this.token());
    return { kind: 'function', name: found[1] ?? '', body };
  }

  private ifCommand(): Compound {
    const branches: Branch[] = [];
    for (;;) {
      const condition = this.body('then');
      this.need('then');
      const body = this.body('fi', 'else', 'elif');
      branches.push({ condition, body });
      if (this.accept('elif')) continue;
      if (this.accept('else')) branches.push({ condition: null, body: this.body('fi') });
      this.need('fi');
      return { kind: 'if', branches };
    }
  }

  private doBody(): List {
    this.need('do');
    const body = this.body('done');
    this.need('done');
    return body;
  }

  private loop(until: boolean): Compound {
    const condition = this.body('do');
    return { kind: 'loop', until, condition, body: this.doBody() };
  }

  private forCommand(): Compound {
    if (this.text.startsWith('((', this.at)) throw notSimulated('for ((...)) is');
    this.peek();
    const name = /^[A-Za-z_]\w*/.exec(this.text.slice(this.at))?.[0];
    if (name === undefined) throw new SyntaxFault(`\`${this.token()}': not a valid identifier`);
    this.at += name.length;
    this.skipNewlines();
    let words: Word[] | null = null;
    if (this.accept('in')) {
      words = [];
      while (this.peek() === 'word') words.push(this.word());
    }
    if (this.peek() === ';') this.take(';');
    return { kind: 'for', name, words, body: this.doBody() };
  }

  private caseCommand(): Compound {
    this.peek();
    const word = this.word();
    this.need('in');
    const arms: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      this.skipNewlines();
      if (this.accept('esac')) return { kind: 'case', word, arms };
      if (this.peek() === '(') this.take('(');
      const patterns: Word[] = [];
      do {
        if (this.peek() === '|') this.take('|');
        if (this.peek() !== 'word') throw unexpected(this.token());
        patterns.push(this.word());
      } while (this.peek() === '|');
      if (this.peek() !== ')') throw unexpected(this.token());
      this.take(')');
      arms.push({ patterns, body: this.list([';;', 'esac']) });
      if (this.peek() === ';;') this.take(';;');
    }
  }

  // -- simple commands -------------------------------------------------------------------------------------------

  private simple(): SimpleCommand {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.redirects();
      if (redirect) {
        redirects.push(...redirect);
        continue;
      }
      const next = this.peek();
      if (next === '(') throw unexpected('(');
      if (next !== 'word') break;
      const missing = Object.keys(MISSING).find((word) => words.length === 0 && this.isWord(word));
      if (missing !== undefined) throw notSimulated(MISSING[missing] ?? missing);
      const name = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at)) : null;
      if (name) this.at += name[0].length;
      const word = name && /^(\s|$|[;&|<>()])/.test(this.text.slice(this.at)) ? [] : this.word();
      if (name) assignments.push({ name: name[1] ?? '', value: word });
      else words.push(word);
    }
    if (words.length + assignments.length + redirects.length === 0) throw unexpected(this.token());
    return { kind: 'simple', assignments, words, redirects };
  }

  /** A redirection that comes next; null: none does. */
  private redirects(): Redirect[] | null {
    const operator = this.peek();
    const number = /^\d+(?=[<>])/.exec(this.text.slice(this.at))?.[0];
    if (number === undefined && !REDIRECTS.includes(operator)) return null;
    this.at += number?.length ?? 0;
    return this.redirect(number === undefined ? null : Number(number));
  }

  private redirect(fd: number | null): Redirect[] {
    const operator = this.peek();
    this.take(operator);
    if (operator === '<<' && this.text[this.at] === '<') {
      this.at++;
      if (this.peek() !== 'word') throw unexpected(this.peek());
      return [{ fd: fd ?? 0, mode: 'text', text: [...this.word(), { quoted: true, text: '\n' }] }];
    }
    if (operator === '<<' || operator === '<<-') return [this.hereDocument(fd ?? 0, operator === '<<-')];
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

  /** Its word ends it; quoted in any part, it keeps the text as it stands. */
  private hereDocument(fd: number, tabs: boolean): Redirect {
    if (this.peek() !== 'word') throw unexpected(this.peek());
    const word = this.word();
    const end = word
      .map((part) => ('text' in part ? part.text : 'variable' in part ? `$${part.variable}` : ''))
      .join('');
    const raw = this.document(end, tabs);
    const isRaw = word.some(({ quoted }) => quoted);
    return { fd, mode: 'text', text: isRaw ? [{ quoted: true, text: raw }] : new Parser(raw).documentWord() };
  }

  /** A whole text as one word, with what stands behind dollar signs put in. */
  private documentWord(): Word {
    return this.quotedText(null);
  }
}
