import { expect, test } from 'vitest';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { formatDiagnostic } from './diagnostic_text.ts';

const at = (column: number, endColumn: number): Diagnostic => ({
  source: 'cc',
  severity: 'error',
  file: 'p.bpf.c',
  line: 7,
  column,
  endLine: 7,
  endColumn,
  message: 'no',
  notes: [],
});

test('the caret stands under the place, and tildes under the rest of it', () => {
  expect(formatDiagnostic(at(9, 12), '\treturn abc;')).toBe(
    'p.bpf.c:7:9: error: no\n  \treturn abc;\n  \t       ^~~',
  );
});

test('of a long line only what is around the place is shown', () => {
  const line = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`;
  const [, source = '', caret = ''] = formatDiagnostic(at(5001, 5005), line).split('\n');
  expect(source.length).toBeLessThan(260);
  expect(source.slice(caret.indexOf('^'), caret.length)).toBe('HERE');
});
