/**
 * JSON as bpftool writes it: in one line, or with four spaces for each level and the braces of neighbours on
 * one line.
 */
import { HexNumber } from '../../inspect/btf_values.ts';

export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | HexNumber
  | readonly Json[]
  | { readonly [key: string]: Json };

const ESCAPES: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\f': '\\f',
  '\b': '\\b',
  '\\': '\\\\',
  '"': '\\"',
};
const quoted = (text: string): string =>
  `"${text.replace(/[\t\n\r\f\b\\"]/g, (char) => ESCAPES[char] ?? char)}"`;

/** @param depth levels around the value */
export function writeJson(value: Json, pretty: boolean, depth = 0): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  const line = (level: number): string => (pretty ? `\n${'    '.repeat(level)}` : '');
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${value.map((each: Json) => writeJson(each, pretty, depth + 1)).join(',')}${line(depth)}]`;
  }
  if (value instanceof HexNumber) return value.text;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  if (entries.length === 0) return '{}';
  const fields = entries.map(
    ([name, each]) =>
      `${line(depth + 1)}${quoted(name)}:${pretty ? ' ' : ''}${writeJson(each, pretty, depth + 1)}`,
  );
  return `{${fields.join(',')}${line(depth)}}`;
}
