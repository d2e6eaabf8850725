/** What is wrong with the user's program, as data. Lines and columns count from 1; the end is exclusive. */
export interface Diagnostic {
  readonly source: 'cc' | 'libbpf' | 'verifier' | 'kernel';
  readonly severity: 'error' | 'warning' | 'note';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly message: string;
  readonly notes: readonly string[];
  /** Ways to put it right, the likeliest first; absent: none is known. */
  readonly fixes?: readonly Fix[];
}

/** A change of the text that puts a mistake right. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly FixEdit[];
}
/** Lines and columns as in the diagnostic; what stands there becomes `text`. */
export interface FixEdit {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}
