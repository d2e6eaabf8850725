/**
 * Which warnings are on where: what the command line says, and what #pragma diagnostic lines change on the way.
 *
 * Mostly the state of the moment counts. What is found out only when a body or a file has ended asks for the
 * state where it stands (`at`); inside of a macro's text, which has one place, only the moment can tell.
 */
import { all, keepLength, keepList } from './keep.ts';
import type { PutBack } from './keep.ts';
import type { Token } from './lex.ts';
import type { Range, Sources } from './source.ts';
import { levelOf, unknownName, withPragma } from './warnings.ts';
import type { Levels, Warning } from './warnings.ts';

/** `#pragma GCC diagnostic ...` or clang's. */
export const isDiagnosticPragma = ([first, second]: readonly Token[]): boolean =>
  (first?.text === 'GCC' || first?.text === 'clang') && second?.text === 'diagnostic';

export class WarningState {
  levels: Levels;
  private readonly first: Levels;
  private readonly stack: Levels[] = [];
  private readonly changes: { readonly loc: number; readonly levels: Levels }[] = [];

  constructor(levels: Levels) {
    this.levels = levels;
    this.first = levels;
  }

  keep(): PutBack {
    const { levels } = this;
    return all(keepList(this.stack), keepLength(this.changes), () => {
      this.levels = levels;
    });
  }

  /** Is it on, as a warning or an error? */
  has(warning: Warning): boolean {
    return levelOf(this.levels, warning) !== null;
  }

  /** @returns what is wrong with the name it gives, or null */
  obey(tokens: readonly Token[]): string | null {
    const action = tokens[2]?.text ?? '';
    const name = (tokens[3]?.text ?? '').slice(1, -1).replace(/^-W/, '');
    let levels: Levels | null;
    if (action === 'push') this.stack.push(this.levels);
    if (action === 'push') return null;
    if (action === 'pop') levels = this.stack.pop() ?? this.levels;
    else levels = withPragma(this.levels, action, name);
    if (!levels) return unknownName(name, true);
    this.levels = levels;
    this.changes.push({ loc: tokens[0]?.loc ?? 0, levels });
    return null;
  }

  /** What holds at a place that was passed before. */
  at({ start }: Range, sources: Sources): Levels {
    if (this.changes.length === 0) return this.first;
    const file = sources.fileAt(start);
    const before = this.changes.findLast(({ loc }) => loc <= start && sources.fileAt(loc) === file);
    return before?.levels ?? this.first;
  }
}
