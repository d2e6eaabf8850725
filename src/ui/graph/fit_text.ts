/** Cuts a label to the room it has, in the middle of a path so that its end stays readable. */
export function fitText(text: string, room: number, charWidth: number): string {
  const chars = Math.max(1, Math.floor(room / charWidth));
  if (text.length <= chars) return text;
  if (chars < 4) return text.slice(0, chars);
  if (!text.includes('/')) return `${text.slice(0, chars - 1)}…`;
  const head = Math.floor((chars - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (chars - 1 - head))}`;
}
