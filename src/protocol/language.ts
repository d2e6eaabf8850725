/**
 * What the editor may ask about a program's text. Places are offsets into the text, in UTF-16 units, from 0;
 * the end of a stretch is exclusive. Every answer holds for the text that was sent with the question.
 */

/** The text that is edited, and what belongs to it. */
export interface LanguageSource {
  readonly path: string;
  readonly text: string;
  /** Further files that #include may name. */
  readonly files?: Readonly<Record<string, string>>;
}
export interface Place {
  readonly source: LanguageSource;
  readonly at: number;
}
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** What a name is, as symbols, completions and colours tell them apart. */
export type NameKind =
  | 'function'
  | 'helper'
  | 'kfunc'
  | 'variable'
  | 'map'
  | 'parameter'
  | 'member'
  | 'type'
  | 'struct'
  | 'enum'
  | 'enumerator'
  | 'macro'
  | 'label'
  | 'keyword'
  | 'section'
  | 'header';

export interface HoverInfo extends Stretch {
  /** C: a declaration, a macro, a struct with the offsets of its members. */
  readonly code: string;
  /** In words; '' when the code says it all. */
  readonly text: string;
}

export interface CompletionItem {
  readonly label: string;
  readonly kind: NameKind;
  /** Type of a member, prototype of a function. */
  readonly detail: string;
  readonly text: string;
}
export interface CompletionList extends Stretch {
  /** They replace the stretch. */
  readonly items: readonly CompletionItem[];
  /** More would fit: ask again when another letter is typed. */
  readonly incomplete: boolean;
}

export interface SignatureInfo {
  readonly label: string;
  /** Parameters as stretches of the label. */
  readonly params: readonly Stretch[];
  readonly active: number;
  readonly text: string;
}

/** Where a name is declared: in the text itself, or in a text that is only shown. */
export type DefinitionInfo =
  | ({ readonly kind: 'here' } & Stretch)
  | ({ readonly kind: 'shown'; readonly path: string; readonly text: string } & Stretch);

export interface RenameInfo extends Stretch {
  readonly name: string;
  /** Every place that is to have the new name. */
  readonly places: readonly Stretch[];
  /** Why it cannot be renamed; '' when it can. */
  readonly refused: string;
}

export interface SymbolInfo extends Stretch {
  readonly name: string;
  readonly kind: NameKind;
  readonly detail: string;
  /** All of the declaration. */
  readonly whole: Stretch;
}

export interface TokenInfo extends Stretch {
  readonly kind: NameKind;
  readonly declaration: boolean;
}

export interface FoldInfo {
  /** Lines from 1, both of them inside. */
  readonly first: number;
  readonly last: number;
  readonly kind: 'region' | 'comment';
}

export interface LanguageApi {
  hover(args: Place): HoverInfo | null;
  completions(args: Place): CompletionList;
  signature(args: Place): SignatureInfo | null;
  definition(args: Place): DefinitionInfo | null;
  references(args: Place): readonly Stretch[];
  /** What renaming the name at a place would touch. */
  rename(args: Place): RenameInfo | null;
  symbols(args: { source: LanguageSource }): readonly SymbolInfo[];
  tokens(args: { source: LanguageSource }): readonly TokenInfo[];
  folds(args: { source: LanguageSource }): readonly FoldInfo[];
}
