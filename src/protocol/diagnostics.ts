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
  /** How the compiler is told to say it or not, as `-Wunused-variable`; absent: that cannot be chosen. */
  readonly flag?: string;
  readonly notes: readonly string[];
  /** Ways to put it right, the likeliest first; absent: none is known. */
  readonly fixes?: readonly Fix[];
}

/** A finding that no line is to blame for: about a file as a whole, or about what is no file. */
export const findingAbout = (
  source: Diagnostic['source'],
  file: string,
  message: string,
  severity: Diagnostic['severity'] = 'error',
): Diagnostic => ({
  source,
  severity,
  file,
  line: 0,
  column: 0,
  endLine: 0,
  endColumn: 0,
  message,
  notes: [],
});

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
