/**
 * The text before the cursor, as far as its characters tell: inside of what it ends, which brackets are open,
 * and a whole text made of it, so that the front end reads up to the cursor and what stands behind, often half
 * written, cannot confuse it.
 *
 *     f(a, t->pi|            ends in code, the word `pi`, open `{` and `(` with one comma
 *     f(a, t->pi);}          the text that is read
 */
export interface OpenBracket {
  readonly text: '(' | '[' | '{';
  readonly at: number;
  commas: number;
}
export interface Prefix {
  /** Where the word under the cursor begins; the cursor itself when there is none. */
  readonly word: number;
  readonly at: number;
  readonly inside: 'code' | 'comment' | 'string' | 'character';
  /** Inside a string: where its text begins. */
  readonly quote: number;
  /** The innermost last. */
  readonly open: readonly OpenBracket[];
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const PART = /[\w$]/;

/** Where a comment that begins at `i` ends: behind it, or the text's end and further when it is not closed. */
function commentEnd(text: string, i: number): number {
  const end = text[i + 1] === '/' ? text.indexOf('\n', i) : text.indexOf('*/', i + 2);
  return end < 0 ? Infinity : end + (text[i + 1] === '/' ? 0 : 2);
}

/** Behind the quote that closes the one at `i`; a line's end closes it too. */
function quoteEnd(text: string, i: number): number {
  for (let k = i + 1; k < text.length; k++) {
    if (text[k] === '\\') k++;
    else if (text[k] === text[i]) return k + 1;
    else if (text[k] === '\n') return k;
  }
  return Infinity;
}

export function readPrefix(whole: string, at: number): Prefix {
  const text = whole.slice(0, at);
  let word = at;
  while (word > 0 && PART.test(text[word - 1] ?? '')) word--;
  const open: OpenBracket[] = [];
  const ends = (inside: Prefix['inside'], quote = at): Prefix => ({ word, at, inside, quote, open });
  for (let i = 0; i < text.length;) {
    const c = text[i] ?? '';
    if (c === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) {
      i = commentEnd(text, i);
      if (i === Infinity) return ends('comment');
      continue;
    }
    if (c === '"' || c === "'") {
      const from = i + 1;
      i = quoteEnd(text, i);
      if (i === Infinity) return ends(c === '"' ? 'string' : 'character', from);
      continue;
    }
    const top = open.at(-1);
    if (c === '(' || c === '[' || c === '{') open.push({ text: c, at: i, commas: 0 });
    else if (c === ')' || c === ']' || c === '}') {
      const opener = open.findLastIndex((b) => CLOSING[b.text] === c);
      if (opener >= 0) open.length = opener;
    } else if (c === ',' && top) top.commas++;
    i++;
  }
  return ends('code');
}

/** What stands before a place, blanks left out. */
export const before = (text: string, at: number): string => text.slice(0, at).trimEnd();

/** The line up to a place. */
export const lineBefore = (text: string, at: number): string =>
  text.slice(text.lastIndexOf('\n', at - 1) + 1, at);

/** The word that ends at a place, blanks left out, and where it begins; '' for none. */
export function wordBefore(text: string, at: number): { readonly word: string; readonly start: number } {
  const head = before(text, at);
  const word = /[A-Za-z_$][\w$]*$/.exec(head)?.[0] ?? '';
  return { word, start: head.length - word.length };
}

/** The text up to the cursor, with every bracket closed. A name stands at the cursor in any case. */
export function closedText(text: string, { word, at, open }: Prefix): string {
  const closing = open.toReversed().map((bracket) => {
    const list = bracket.text === '{' && /[=,{\]]$/.test(before(text, bracket.at));
    return bracket.text === '{' && !list ? ';}' : CLOSING[bracket.text];
  });
  return `${text.slice(0, at)}${word === at ? 'x' : ''}${closing.join('')};\n`;
}
