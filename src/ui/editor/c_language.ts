/** C as the editor colours it: kernel style, with the macros and attributes of BPF programs told apart. */
import type { languages } from 'monaco-editor/editor';

const KEYWORDS =
  'auto break case const continue default do else enum extern for goto if inline register return ' +
  'sizeof static struct switch typedef typeof union volatile while __always_inline __attribute__ __hidden __ksym __weak';
const TYPES =
  'bool char double float int long short signed size_t ssize_t unsigned void ' +
  'u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 __be16 __be32 __be64 pid_t';

export const configuration: languages.LanguageConfiguration = {
  comments: { lineComment: '//', blockComment: ['/*', '*/'] },
  brackets: [
    ['{', '}'],
    ['[', ']'],
    ['(', ')'],
  ],
  autoClosingPairs: [
    { open: '{', close: '}' },
    { open: '[', close: ']' },
    { open: '(', close: ')' },
    { open: '"', close: '"', notIn: ['string', 'comment'] },
    { open: "'", close: "'", notIn: ['string', 'comment'] },
  ],
};

export const language: languages.IMonarchLanguage = {
  defaultToken: 'text',
  keywords: KEYWORDS.split(' '),
  types: TYPES.split(' '),
  tokenizer: {
    root: [
      [/^\s*#\s*include\b/, 'macro', '@include'],
      [/^\s*#\s*\w+/, 'macro'],
      [/(struct|union|enum)(\s+)([A-Za-z_]\w*)/, ['keyword', 'text', 'type']],
      [/[A-Z_][A-Z0-9_]+(?=\s*\()/, { cases: { SEC: 'call', '@keywords': 'keyword', '@default': 'macro' } }],
      [/[A-Za-z_]\w*(?=\s*\()/, { cases: { '@keywords': 'keyword', '@types': 'type', '@default': 'call' } }],
      [/[A-Za-z_]\w*/, { cases: { '@keywords': 'keyword', '@types': 'type', '@default': 'text' } }],
      [/0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*/, 'number'],
      [/'(?:[^'\\]|\\.)*'/, 'string'],
      [/"/, 'string', '@string'],
      [/\/\*/, 'comment', '@comment'],
      [/\/\/.*$/, 'comment'],
      [/[{}()[\]]/, '@brackets'],
      [/[;,.:?<>=!~&|+\-*/^%]+/, 'delimiter'],
    ],
    include: [
      [/<[^>]*>|"[^"]*"/, 'string', '@pop'],
      [/$/, 'text', '@pop'],
      [/./, 'text'],
    ],
    string: [
      [/[^"\\]+/, 'string'],
      [/\\./, 'escape'],
      [/"/, 'string', '@pop'],
      [/$/, 'string', '@pop'],
    ],
    comment: [
      [/[^*]+/, 'comment'],
      [/\*\//, 'comment', '@pop'],
      [/\*/, 'comment'],
    ],
  },
};
