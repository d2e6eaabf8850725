import { expect, test } from 'vitest';
import { LineEditor, commonStart } from './line_editor.ts';

const typed = (...keys: string[]): { lines: string[]; line: LineEditor } => {
  const line = new LineEditor();
  const lines: string[] = [];
  for (const key of keys) for (const edit of line.keys(key)) if (edit.do === 'line') lines.push(edit.line);
  return { lines, line };
};
const [LEFT, UP, DOWN, HOME] = ['\x1b[D', '\x1b[A', '\x1b[B', '\x1b[H'];

test('keys edit the line where the cursor is', () => {
  expect(typed('cat x', HOME, '\x1b[3~', 'b', '\r').lines).toEqual(['bat x']);
  expect(typed('echo one two', '\x17', 'three', '\r').lines).toEqual(['echo one three']);
  expect(typed('echo one', LEFT, LEFT, LEFT, '\x0b', 'two', '\r').lines).toEqual(['echo two']);
  expect(typed('rubbish', '\x15', 'ls', '\r').lines).toEqual(['ls']);
  expect(typed('\x7f', LEFT, 'ls', '\r').lines).toEqual(['ls']);
});

test('lines before come back, and the one being typed too', () => {
  const { line } = typed('ls\r', 'ps\r', 'ca', UP, UP, UP);
  expect(line.text).toBe('ls');
  for (const key of [DOWN, DOWN]) for (const _ of line.keys(key ?? '')) continue;
  expect(line.text).toBe('ca');
});

test('what is pasted may hold several lines; Ctrl-C drops the line', () => {
  expect(typed('ls\r\nps\r', 'rm -r /', '\x03', 'echo\r').lines).toEqual(['ls', 'ps', 'echo']);
});

test('completion adds what all candidates begin with', () => {
  expect(commonStart(['bpftool', 'bpfman'])).toBe('bpf');
  expect(commonStart([])).toBe('');
});
