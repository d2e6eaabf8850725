/**
 * The observer of the editor: every name of the edited file and what it means, every place where a member may
 * be named, and every scope. One place may be told of again and again, when a macro uses its argument more
 * than once; one entry is kept.
 */
import type { Scope } from '../cc/check_context.ts';
import { pointee, unsugar } from '../cc/ctype.ts';
import type { CType, RecordType } from '../cc/ctype.ts';
import { all, keepLength, keepMap } from '../cc/keep.ts';
import type { PutBack } from '../cc/keep.ts';
import type { Meaning, Observer } from '../cc/observe.ts';
import type { Loc, Range } from '../cc/source.ts';

export interface Occurrence {
  readonly range: Range;
  readonly meaning: Meaning;
  readonly role: 'declaration' | 'use';
}

/** Two names with the same identity mean the same thing. */
export function identity(meaning: Meaning): unknown {
  switch (meaning.kind) {
    case 'object':
      return meaning.symbol;
    case 'typedef':
    case 'tag':
      return meaning.type;
    case 'enumerator':
      return meaning.of.body?.enumerators.find(({ name }) => name === meaning.name) ?? meaning.range;
    case 'member':
      return meaning.member;
    case 'label':
      return meaning.label;
  }
}

export class Recorder implements Observer {
  private readonly names = new Map<Loc, Occurrence>();
  private readonly accesses = new Map<Loc, CType>();
  private readonly scopes: { readonly scope: Scope; readonly range: Range }[] = [];

  name(range: Range, meaning: Meaning, role: 'declaration' | 'use'): void {
    if (range.start > 0) this.names.set(range.start, { range, meaning, role });
  }

  access(at: Loc, type: CType): void {
    this.accesses.set(at, type);
  }

  scope(scope: Scope, range: Range): void {
    this.scopes.push({ scope, range });
  }

  keep(): PutBack {
    return all(keepMap(this.names), keepMap(this.accesses), keepLength(this.scopes));
  }

  /** In order of place. */
  get occurrences(): Occurrence[] {
    return [...this.names.values()].sort((a, b) => a.range.start - b.range.start);
  }

  startingAt(at: Loc): Occurrence | null {
    return this.names.get(at) ?? null;
  }

  /** The struct or union whose members may be named at a place, or null. */
  recordAt(at: Loc): RecordType | null {
    const type = this.accesses.get(at);
    const bare = type && unsugar(pointee(type) ?? type);
    return bare?.kind === 'record' ? bare : null;
  }

  /** Scopes around a place, the innermost first; the file's is not among them. */
  scopesAt(at: Loc): Scope[] {
    return this.scopes
      .filter(({ range }) => range.start <= at && at <= range.end)
      .sort((a, b) => b.range.start - a.range.start || a.range.end - b.range.end)
      .map(({ scope }) => scope);
  }
}
