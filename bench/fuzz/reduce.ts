/** Makes a failing program smaller: lines, blocks and parenthesised operands are dropped while it still fails. */

/** Index of the line that closes the block opened in line `at`; `at` itself when it opens none. */
function blockEnd(lines: readonly string[], at: number): number {
  let depth = 0;
  for (let i = at; i < lines.length; i++) {
    const line = lines[i] ?? '';
    depth += (line.match(/{/g) ?? []).length - (line.match(/}/g) ?? []).length;
    if (depth <= 0 && !(i === at && line.startsWith('}'))) return i;
  }
  return at;
}

function withoutLines(text: string, fails: (text: string) => boolean): string {
  let lines = text.split('\n');
  for (let size = 8; size >= 1; size = Math.floor(size / 2)) {
    for (let i = 0; i < lines.length;) {
      const ends = size === 1 ? [blockEnd(lines, i), i] : [Math.min(lines.length - 1, i + size - 1)];
      const without = ends.map((end) => [...lines.slice(0, i), ...lines.slice(end + 1)]);
      // The body of a block, without what opens and closes it.
      const end = ends[0] ?? i;
      if (size === 1 && end > i + 1)
        without.push([...lines.slice(0, i), ...lines.slice(i + 1, end), ...lines.slice(end + 1)]);
      const smaller = without.find((candidate) => fails(candidate.join('\n')));
      if (smaller) lines = smaller;
      else i++;
    }
  }
  return lines.join('\n');
}

function withoutOperands(text: string, fails: (text: string) => boolean): string {
  let now = text;
  for (let i = 0; i < now.length; i++) {
    if (now[i] !== '(') continue;
    let depth = 0;
    let end = i;
    for (; end < now.length; end++) {
      if (now[end] === '(') depth++;
      if (now[end] === ')' && --depth === 0) break;
    }
    const inner = now.slice(i + 1, end);
    const parts = inner.split(/ [-+*/%&|^?:<>=!]+ /);
    const candidates = ['1', '0', 'a', ...(parts.length === 2 ? parts : [])];
    for (const candidate of candidates) {
      const smaller = now.slice(0, i) + candidate + now.slice(end + 1);
      if (smaller.length < now.length && fails(smaller)) {
        now = smaller;
        i = Math.max(-1, i - 2);
        break;
      }
    }
  }
  return now;
}

/** @param fails whether a text still shows what is looked for */
export function reduce(text: string, fails: (text: string) => boolean): string {
  let now = text;
  for (let round = 0; round < 4; round++) {
    const smaller = withoutOperands(withoutLines(now, fails), fails);
    if (smaller === now) break;
    now = smaller;
  }
  return now;
}
