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
}
