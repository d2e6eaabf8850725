/**
 * Compares texts of two machines, line by line. What one machine cannot know of another may differ, if it
 * differs consistently: a heap address here stands for one heap address there, an id here for one id there.
 *
 * A field that is known to differ is masked on both sides, and the rest of its line still has to agree.
 * Everything else must be equal, character for character, and every line that is not is told.
 */

/** Names of things that are numbered or placed differently on each machine. */
export interface Renaming {
  /** Ids (programs, links, maps, sessions, BTF) of this machine that may have another number there. */
  readonly ids: ReadonlySet<string>;
  /** True for the hex digits of an address that lies in the heap or in vmalloc space, on either machine. */
  readonly isHeap: (hex: string) => boolean;
}

/** A part of one of the texts that is left out of the comparison. */
export interface Mask {
  /** Name of the text, as `Comparison.text` is given it. */
  readonly what: string;
  /** Matches the field; it is replaced wherever it stands. */
  readonly field?: RegExp;
  /** True: the lines may come in any order. */
  readonly unordered?: boolean;
}

const TOKEN = /[0-9a-f]{8,16}|\d+|[^0-9a-f]+|./gs;
const MASKED = '\u2026';

const everywhere = (field: RegExp): RegExp => new RegExp(field.source, 'g');
const fieldsOf = ({ field }: Mask, line: string): string =>
  field ? (line.match(everywhere(field))?.join('\0') ?? '') : '';

function apply({ field, unordered }: Mask, lines: readonly string[]): string[] {
  const masked = field ? lines.map((line) => line.replace(everywhere(field), MASKED)) : [...lines];
  return unordered ? masked.sort() : masked;
}

function sameLengths(a: string, b: string): boolean {
  const lengths = (text: string): string => text.replace(/[^\n\0]/g, '.');
  return lengths(a) === lengths(b);
}

export class Comparison {
  private readonly renaming: Renaming;
  private readonly masks: readonly Mask[];
  private there: ReadonlyMap<string, string> = new Map<string, string>();
  private here: ReadonlyMap<string, string> = new Map<string, string>();
  private readonly uneven = new Set<string>();
  readonly differences: string[] = [];
  /** Masks without which there would have been a difference. */
  readonly used = new Set<Mask>();

  constructor(renaming: Renaming, masks: readonly Mask[] = []) {
    this.renaming = renaming;
    this.masks = masks;
  }

  /** Values that must be the same. */
  equal(what: string, want: unknown, got: unknown): void {
    if (JSON.stringify(want) !== JSON.stringify(got))
      this.differences.push(`${what}: Linux ${JSON.stringify(want)}, here ${JSON.stringify(got)}`);
  }

  /** Texts that must be the same but for masks and consistent renaming; every line that differs is told. */
  text(what: string, want: string, got: string): void {
    if (want === got) return;
    const [a, b] = this.masked(what, want.split('\n'), got.split('\n'));
    const least = Math.min(a.length, b.length);
    let before = 0;
    while (before < least && this.sameLine(a[before], b[before])) before++;
    // A line that only one side has must not make all the lines after it differ.
    let after = 0;
    while (after < least - before && this.sameLine(a.at(-1 - after), b.at(-1 - after))) after++;
    for (let i = before; i < Math.max(a.length, b.length) - after; i++) {
      const left = i < a.length - after ? a[i] : undefined;
      const right = i < b.length - after ? b[i] : undefined;
      if (this.sameLine(left, right)) continue;
      const told = (line: string | undefined): string => JSON.stringify(line ?? null);
      this.differences.push(`${what}, line ${i + 1}: Linux ${told(left)}, here ${told(right)}`);
    }
  }

  /** True when a mask changed the length of this text on one side or moved its lines. */
  isUneven(what: string): boolean {
    return this.uneven.has(what);
  }

  private masked(what: string, want: readonly string[], got: readonly string[]): [string[], string[]] {
    let [a, b] = [[...want], [...got]];
    for (const mask of this.masks) {
      if (mask.what !== what) continue;
      const hidden = (lines: readonly string[]): string =>
        lines
          .map((line) => fieldsOf(mask, line))
          .filter((text) => text !== '')
          .join('\n');
      const [theirs, ours] = mask.unordered ? [a.join('\n'), b.join('\n')] : [hidden(a), hidden(b)];
      if (theirs === ours) continue;
      this.used.add(mask);
      if (mask.unordered || !sameLengths(theirs, ours)) this.uneven.add(what);
      [a, b] = [apply(mask, a), apply(mask, b)];
    }
    return [a, b];
  }

  private sameLine(want: string | undefined, got: string | undefined): boolean {
    if (want === got) return true;
    if (want === undefined || got === undefined) return false;
    const wantTokens = want.match(TOKEN) ?? [];
    const gotTokens = got.match(TOKEN) ?? [];
    if (wantTokens.length !== gotTokens.length) return false;
    const renames: [string, string][] = [];
    for (const [i, token] of wantTokens.entries()) {
      const other = gotTokens[i] ?? '';
      if (token === other) continue;
      if (!this.mayRename(token, other)) return false;
      renames.push([token, other]);
    }
    return this.agree(renames);
  }

  private mayRename(want: string, got: string): boolean {
    const heap = this.renaming.isHeap(want) && this.renaming.isHeap(got);
    return heap || (/^\d+$/.test(want) && this.renaming.ids.has(got));
  }

  /** Takes names over when none of them has another counterpart already. */
  private agree(renames: readonly (readonly [string, string])[]): boolean {
    const [there, here] = [new Map(this.there), new Map(this.here)];
    for (const [want, got] of renames) {
      if ((there.get(got) ?? want) !== want || (here.get(want) ?? got) !== got) return false;
      there.set(got, want);
      here.set(want, got);
    }
    this.there = there;
    this.here = here;
    return true;
  }
}
