/**
 * One text as the editor asks about it: read once by the compiler's front end, with everything that its names
 * mean. Any text has an analysis; where it is broken the compiler's own recovery goes on behind.
 *
 *     text ── frontend, with a Recorder ── Analysis ── hover, completions, definition, ...
 */
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { LanguageSource, NameKind, Stretch } from '../../protocol/language.ts';
import { must } from '../../shared/assert.ts';
import type { Btf } from '../btf/parse.ts';
import { unsugar } from '../cc/ctype.ts';
import type { Meaning } from '../cc/observe.ts';
import type { FrontendResult } from '../cc/parse.ts';
import type { Macro } from '../cc/pp_macro.ts';
import type { Loc, Range, SourceFile } from '../cc/source.ts';
import { KernelTypes } from '../cc/vmlinux.ts';
import { IncrementalReader } from './incremental.ts';
import { identity } from './recorder.ts';
import type { Occurrence, Recorder } from './recorder.ts';

/** A macro's name in the text, defined or used there. */
export interface MacroOccurrence {
  readonly range: Range;
  readonly name: string;
  readonly definition: Range;
}

export class Analysis {
  readonly text: string;
  readonly kernel: KernelTypes;
  readonly result: FrontendResult;
  readonly recorder: Recorder;
  readonly file: SourceFile;
  private named: readonly Occurrence[] | null = null;

  /** @param reader goes on from what it read before; the analyses that it made end with that */
  constructor(source: LanguageSource, btf: Btf, reader = new IncrementalReader(btf)) {
    this.text = source.text;
    this.kernel = KernelTypes.of(btf);
    const { result, recorder } = reader.read(source);
    this.result = result;
    this.recorder = recorder;
    this.file = must(result.sources.files[0], 'the file itself');
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.result.diagnostics;
  }

  /** Names in the text itself, in order. Those that came out of a macro's body are not there to see. */
  get occurrences(): readonly Occurrence[] {
    return (this.named ??= this.recorder.occurrences.filter((found) => this.isWritten(found)));
  }

  loc(at: number): Loc {
    return this.file.base + at;
  }

  stretch({ start, end }: Range): Stretch {
    return { start: start - this.file.base, end: end - this.file.base };
  }

  isHere({ start, end }: Range): boolean {
    return start >= this.file.base && end <= this.file.base + this.text.length;
  }

  private isWritten({ range, meaning }: Occurrence): boolean {
    return this.isHere(range) && this.result.sources.text(range) === nameOf(meaning);
  }

  /** The name at a place, also right behind it. */
  occurrenceAt(at: number): Occurrence | null {
    const loc = this.loc(at);
    return this.occurrences.find(({ range }) => range.start <= loc && loc <= range.end) ?? null;
  }

  /** Every place in the text that means the same. */
  sameAs(meaning: Meaning): Occurrence[] {
    const key = identity(meaning);
    return this.occurrences.filter((other) => identity(other.meaning) === key);
  }

  /** The macro used or defined at a place. */
  macroAt(at: number): MacroOccurrence | null {
    const loc = this.loc(at);
    return this.macroOccurrences.find(({ range }) => range.start <= loc && loc <= range.end) ?? null;
  }

  /** Names of macros in the text: where they are used, and where the ones of the text are defined. */
  get macroOccurrences(): MacroOccurrence[] {
    const found: MacroOccurrence[] = [];
    for (const [start, { name, definition }] of this.result.sources.macroUses) {
      const range = { start, end: start + name.length };
      if (this.isHere(range) && this.result.sources.text(range) === name)
        found.push({ range, name, definition });
    }
    for (const { name, range } of this.ownMacros) found.push({ range, name, definition: range });
    return found.sort((a, b) => a.range.start - b.range.start);
  }

  /** Macros that the text defines. */
  get ownMacros(): Macro[] {
    return [...this.result.macros.values()].filter(({ range }) => range.start > 0 && this.isHere(range));
  }
}

/** The word that stands for a meaning. */
export function nameOf(meaning: Meaning): string {
  switch (meaning.kind) {
    case 'object':
      return meaning.symbol.name;
    case 'typedef':
    case 'tag':
      return meaning.type.name;
    case 'enumerator':
      return meaning.name;
    case 'member':
      return meaning.member.name;
    case 'label':
      return meaning.label.name;
  }
}

export function kindOf(meaning: Meaning): NameKind {
  switch (meaning.kind) {
    case 'object': {
      const { symbol } = meaning;
      if (symbol.kind === 'func') return symbol.attributes.section === '.ksyms' ? 'kfunc' : 'function';
      if (symbol.helper !== null) return 'helper';
      return symbol.attributes.section === '.maps' ? 'map' : 'variable';
    }
    case 'typedef':
      return unsugar(meaning.type).kind === 'enum' ? 'enum' : 'type';
    case 'tag':
      return meaning.type.kind === 'enum' ? 'enum' : 'struct';
    case 'enumerator':
    case 'member':
    case 'label':
      return meaning.kind;
  }
}
