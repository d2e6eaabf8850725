/**
 * Compares texts of two machines. What one machine cannot know of another may differ, if it differs
 * consistently: a heap address here stands for one heap address there, an id here for one id there.
 *
 * Everything else must be equal, character for character.
 */

/** Names of things that are numbered or placed differently on each machine. */
export interface Renaming {
  /** Ids (programs, links, maps, sessions, BTF) of this machine that may have another number there. */
  readonly ids: ReadonlySet<string>;
  /** True for the hex digits of an address that lies in the heap or in vmalloc space, on either machine. */
  readonly isHeap: (hex: string) => boolean;
}

const TOKEN = /[0-9a-f]{8,16}|\d+|[^0-9a-f]+|./gs;

export class Comparison {
  private readonly renaming: Renaming;
  private readonly there = new Map<string, string>();
  private readonly here = new Map<string, string>();
  readonly differences: string[] = [];

  constructor(renaming: Renaming) {
    this.renaming = renaming;
  }

  /** Values that must be the same. */
  equal(what: string, want: unknown, got: unknown): void {
    if (JSON.stringify(want) !== JSON.stringify(got))
      this.differences.push(`${what}: Linux ${JSON.stringify(want)}, here ${JSON.stringify(got)}`);
  }

  /** Texts that must be the same but for consistent renaming; the first line that differs is reported. */
  text(what: string, want: string, got: string): void {
    if (want === got) return;
    const wantLines = want.split('\n');
    const gotLines = got.split('\n');
    for (let i = 0; i < Math.max(wantLines.length, gotLines.length); i++) {
      const [a, b] = [wantLines[i], gotLines[i]];
      if (a !== undefined && b !== undefined && this.sameLine(a, b)) continue;
      this.differences.push(
        `${what}, line ${i + 1}: Linux ${JSON.stringify(a ?? null)}, here ${JSON.stringify(b ?? null)}`,
      );
      return;
    }
  }

  /** Lines in any order. */
  unordered(what: string, want: string, got: string): void {
    const sort = (text: string): string => text.split('\n').sort().join('\n');
    this.text(what, sort(want), sort(got));
  }

  private sameLine(want: string, got: string): boolean {
    if (want === got) return true;
    const wantTokens = want.match(TOKEN) ?? [];
    const gotTokens = got.match(TOKEN) ?? [];
    if (wantTokens.length !== gotTokens.length) return false;
    return wantTokens.every((token, i) => token === gotTokens[i] || this.renamed(token, gotTokens[i] ?? ''));
  }

  private renamed(want: string, got: string): boolean {
    const heap = this.renaming.isHeap(want) && this.renaming.isHeap(got);
    const id = /^\d+$/.test(want) && this.renaming.ids.has(got);
    if (!heap && !id) return false;
    const [before, after] = [this.there.get(got), this.here.get(want)];
    if (before === undefined && after === undefined) {
      this.there.set(got, want);
      this.here.set(want, got);
      return true;
    }
    return before === want && after === got;
  }
}
