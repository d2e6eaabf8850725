/**
 * The tree of a command line.
 *
 *     list      pipeline { (';' | newline | '&&' | '||') pipeline }
 *     pipeline  ['!'] command { '|' command }
 *     command   simple | compound { redirection } | NAME '()' compound
 *     simple    { NAME=word | word | [n]> word | [n]>> word | [n]< word | [n]<< word | [n]>&m }
 *     compound  if | while | until | for | case | { list; } | ( list )
 *
 * A word keeps apart what was quoted, because only the rest is split and matched against file names.
 */

/** A piece of a word. */
export type Part = { readonly quoted: boolean } & (
  | { readonly text: string }
  | { readonly variable: string }
  | { readonly list: List }
  /** $((...)) */
  | { readonly expression: Word }
);
export type Word = readonly Part[];

export type Redirect =
  | { readonly fd: number; readonly mode: 'read' | 'write' | 'append'; readonly to: Word }
  | { readonly fd: number; readonly mode: 'dup'; readonly from: number }
  /** A here-document or a here-string. */
  | { readonly fd: number; readonly mode: 'text'; readonly text: Word };

export interface SimpleCommand {
  readonly kind: 'simple';
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}
/** A list behind a condition; the one of `else` has none. */
export interface Branch {
  readonly condition: List | null;
  readonly body: List;
}
export type Compound =
  | { readonly kind: 'group' | 'subshell'; readonly body: List }
  | { readonly kind: 'if'; readonly branches: readonly Branch[] }
  | { readonly kind: 'loop'; readonly until: boolean; readonly condition: List; readonly body: List }
  /** Without words it goes over the arguments. */
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[] | null;
      readonly body: List;
    }
  | {
      readonly kind: 'case';
      readonly word: Word;
      readonly arms: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: CompoundCommand };
export type CompoundCommand = Compound & { readonly redirects: readonly Redirect[] };
export type Command = SimpleCommand | CompoundCommand;

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}
export interface ListItem {
  /** When this pipeline runs, after the one before it. */
  readonly when: 'always' | 'success' | 'failure';
  readonly pipeline: Pipeline;
}
export type List = readonly ListItem[];

/** What a shell says of a line it cannot parse; exit status 2. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
}
