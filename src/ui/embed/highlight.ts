/** C in colours, for reading: what the player shows instead of an editor. */
export interface Piece {
  readonly text: string;
  /** Class of the colour, or ''. */
  readonly look: string;
}

const KEYWORDS =
  'break case const continue default do else enum extern for goto if inline return sizeof static struct switch typedef union void while char int long short unsigned signed';
const TOKEN = new RegExp(
  [
    String.raw`(?<comment>/\*[\s\S]*?(?:\*/|$)|//[^\n]*)`,
    String.raw`(?<macro>^[ \t]*#[ \t]*\w+)`,
    String.raw`(?<string>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|(?<=include[ \t])<[^>\n]*>)`,
    String.raw`(?<number>\b(?:0[xX][\da-fA-F]+|\d+)[uUlL]*\b)`,
    String.raw`(?<keyword>\b(?:${KEYWORDS.replaceAll(' ', '|')})\b)`,
    String.raw`(?<type>(?<=\b(?:struct|union|enum)\s)\w+|\b(?:__)?[us](?:8|16|32|64)\b|\bbool\b)`,
    String.raw`(?<call>\b[A-Za-z_]\w*(?=\s*\())`,
  ].join('|'),
  'gm',
);

/** The text in pieces, in order; joined they are the text again. */
export function highlight(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), look: '' });
    const [look = ''] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    pieces.push({ text: match[0], look: `c-${look}` });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), look: '' });
  return pieces;
}
