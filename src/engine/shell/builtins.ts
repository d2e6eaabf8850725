/** What the shell does itself, without a process of its own. Texts are bash's. */
import { strerror } from '../libbpf/messages.ts';
import { isDirectory, isLink } from './fs/node.ts';
import { kill } from './commands/tasks.ts';
import type { Process } from './process.ts';
import { done } from './run.ts';
import type { Run } from './run.ts';

/** What a builtin may ask of the shell. */
export interface Shell {
  readonly history: readonly string[];
  lastStatus(): number;
  /** Ends the session after this line. */
  exit(status: number): void;
  /** Names of builtins and programs, for `help` and `type`. */
  readonly builtinNames: readonly string[];
}
export type Builtin = (process: Process, shell: Shell) => Run<number>;

const NAME = /^[A-Za-z_]\w*$/;

const cd: Builtin = function* (p) {
  const words = p.argv.slice(1);
  if (words.length > 1) {
    yield* p.complain('bash: cd: too many arguments');
    return 1;
  }
  const back = words[0] === '-';
  const target = back ? p.env.get('OLDPWD') : (words[0] ?? p.env.get('HOME') ?? '/');
  if (target === undefined) {
    yield* p.complain('bash: cd: OLDPWD not set');
    return 1;
  }
  const before = p.cwd;
  const err = p.chdir(target);
  if (err < 0) {
    yield* p.complain(`bash: cd: ${target}: ${strerror(err)}`);
    return 1;
  }
  p.env.set('OLDPWD', before);
  p.env.set('PWD', p.cwd);
  if (back) yield* p.print(`${p.cwd}\n`);
  return 0;
};

/** \n, \t, \0NNN, \xHH and their like. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};
const unescape = (text: string): string =>
  text.replace(/\\(0?[0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)/gs, (all, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8) & 0xff);
    if (code.startsWith('x') && code.length > 1) return String.fromCharCode(parseInt(code.slice(1), 16));
    return ESCAPES[code] ?? all;
  });

const echo: Builtin = function* (p) {
  const words = p.argv.slice(1);
  let newline = true;
  let escapes = false;
  while (words[0] !== undefined && /^-[neE]+$/.test(words[0])) {
    const letters = words.shift() ?? '';
    if (letters.includes('n')) newline = false;
    escapes = letters.lastIndexOf('e') > letters.lastIndexOf('E') || (escapes && !letters.includes('E'));
  }
  const text = words.join(' ');
  yield* p.print((escapes ? unescape(text) : text) + (newline ? '\n' : ''));
  return 0;
};

const printf: Builtin = function* (p) {
  const [format, ...args] = p.argv.slice(1);
  if (format === undefined) {
    yield* p.complain('printf: usage: printf [-v var] format [arguments]');
    return 2;
  }
  let status = 0;
  let out = '';
  const complaints: string[] = [];
  const number = (text: string): number => {
    if (/^['"]/.test(text)) return text.charCodeAt(1) || 0;
    if (text === '') return 0;
    if (/^[+-]?(0x[0-9a-fA-F]+|\d+)$/.test(text))
      return text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
    complaints.push(`bash: printf: ${text}: invalid number`);
    status = 1;
    return Number.parseInt(text, 10) || 0;
  };
  do {
    out += unescape(format).replace(
      /%([-+ 0#]*)(\d*)(?:\.(\d+))?([%sdiouxXcqb])/g,
      (_, flags: string, width: string, precision: string | undefined, kind: string) => {
        if (kind === '%') return '%';
        const arg = args.shift() ?? '';
        const texts: Readonly<Record<string, () => string>> = {
          s: () => arg.slice(0, precision === undefined ? undefined : Number(precision)),
          b: () => unescape(arg),
          q: () => (/^[\w./:=@%+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`),
          c: () => arg.slice(0, 1),
          d: () => String(number(arg)),
          i: () => String(number(arg)),
          u: () => String(number(arg)),
          o: () => number(arg).toString(8),
          x: () => (flags.includes('#') ? '0x' : '') + number(arg).toString(16),
          X: () => (flags.includes('#') ? '0X' : '') + number(arg).toString(16).toUpperCase(),
        };
        const text = texts[kind]?.() ?? '';
        const signed =
          flags.includes('+') && 'di'.includes(kind) && !text.startsWith('-') ? `+${text}` : text;
        if (flags.includes('-')) return signed.padEnd(Number(width));
        return flags.includes('0') && kind !== 's'
          ? signed.padStart(Number(width), '0')
          : signed.padStart(Number(width));
      },
    );
  } while (args.length > 0 && /%[^%]/.test(format));
  yield* p.print(out);
  for (const each of complaints) yield* p.complain(each);
  return status;
};

const export_: Builtin = function* (p) {
  const words = p.argv.slice(1);
  if (words.length === 0 || words[0] === '-p')
    for (const [name, value] of [...p.env].sort(([a], [b]) => (a < b ? -1 : 1)))
      yield* p.print(`declare -x ${name}="${value.replace(/["\\$`]/g, '\\$&')}"\n`);
  let status = 0;
  for (const word of words.filter((each) => each !== '-p')) {
    const [name = '', value] = word.split(/=(.*)/s, 2);
    if (!NAME.test(name)) {
      yield* p.complain(`bash: export: \`${word}': not a valid identifier`);
      status = 1;
    } else if (value !== undefined) p.env.set(name, value);
  }
  return status;
};

const exit: Builtin = function* (p, shell) {
  const word = p.argv[1];
  if (word === undefined) {
    shell.exit(shell.lastStatus());
    return shell.lastStatus();
  }
  if (!/^-?\d+$/.test(word)) {
    yield* p.complain(`bash: exit: ${word}: numeric argument required`);
    shell.exit(2);
    return 2;
  }
  if (p.argv.length > 2) {
    yield* p.complain('bash: exit: too many arguments');
    return 1;
  }
  const status = Number(word) & 0xff;
  shell.exit(status);
  return status;
};

const history: Builtin = function* (p, shell) {
  for (const [i, line] of shell.history.entries()) yield* p.print(`${String(i + 1).padStart(5)}  ${line}\n`);
  return 0;
};

const help: Builtin = function* (p, shell) {
  yield* p.print(
    'A shell inside the simulated machine. Each command runs as a task of the world; iterators see it.\n' +
      `built in:  ${shell.builtinNames.join(' ')}\n` +
      `programs:  ${p.world.programNames.join(' ')}\n` +
      'also:      pipes, > >> < 2> 2>&1 &>, ; && || !, quotes, $NAME $? $$ $(...), * ? [...]\n',
  );
  return 0;
};

const type: Builtin = function* (p, shell) {
  let status = 0;
  for (const word of p.argv.slice(1)) {
    const path = p.world.programPath(word);
    if (shell.builtinNames.includes(word)) yield* p.print(`${word} is a shell builtin\n`);
    else if (path !== null) yield* p.print(`${word} is ${path}\n`);
    else {
      yield* p.complain(`bash: type: ${word}: not found`);
      status = 1;
    }
  }
  return status;
};

/** What `test` can ask of one word, and of two. */
const UNARY: Readonly<Record<string, (p: Process, word: string) => boolean>> = {
  '-n': (_, word) => word !== '',
  '-z': (_, word) => word === '',
  '-e': (p, word) => typeof p.stat(word) !== 'number',
  '-f': (p, word) => kindIs(p, word, 0o100000),
  '-d': (p, word) => {
    const node = p.stat(word);
    return typeof node !== 'number' && isDirectory(node);
  },
  '-L': (p, word) => {
    const node = p.stat(word, false);
    return typeof node !== 'number' && isLink(node);
  },
  '-s': (p, word) => {
    const node = p.stat(word);
    return typeof node !== 'number' && node.size > 0;
  },
  '-r': (p, word) => typeof p.stat(word) !== 'number',
};
function kindIs(p: Process, word: string, type: number): boolean {
  const node = p.stat(word);
  return typeof node !== 'number' && (node.mode & 0o170000) === type;
}
const BINARY: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '-eq': (a, b) => Number(a) === Number(b),
  '-ne': (a, b) => Number(a) !== Number(b),
  '-lt': (a, b) => Number(a) < Number(b),
  '-le': (a, b) => Number(a) <= Number(b),
  '-gt': (a, b) => Number(a) > Number(b),
  '-ge': (a, b) => Number(a) >= Number(b),
};

const test: Builtin = function* (p) {
  const name = p.argv[0] ?? 'test';
  let words = p.argv.slice(1);
  if (name === '[') {
    if (words.at(-1) !== ']') {
      yield* p.complain("bash: [: missing `]'");
      return 2;
    }
    words = words.slice(0, -1);
  }
  const negated = words[0] === '!' && words.length > 1;
  const [a = '', b = '', c = '', ...more] = negated ? words.slice(1) : words;
  const count = words.length - (negated ? 1 : 0);
  let result: boolean;
  if (count <= 1) result = a !== '';
  else if (count === 2) {
    const ask = UNARY[a];
    if (!ask) {
      yield* p.complain(`bash: ${name}: ${a}: unary operator expected`);
      return 2;
    }
    result = ask(p, b);
  } else {
    const ask = BINARY[b];
    if (!ask || more.length > 0) {
      yield* p.complain(
        `bash: ${name}: ${more.length > 0 ? 'too many arguments' : `${b}: binary operator expected`}`,
      );
      return 2;
    }
    const wrong = b.startsWith('-') ? [a, c].find((word) => !/^\s*-?\d+\s*$/.test(word)) : undefined;
    if (wrong !== undefined) {
      yield* p.complain(`bash: ${name}: ${wrong}: integer expression expected`);
      return 2;
    }
    result = ask(a, c);
  }
  return result === negated ? 1 : 0;
};

/** One line of stdin, byte by byte, so that what follows is left to whoever reads next. */
const read: Builtin = function* (p) {
  const words = p.argv.slice(1);
  const raw = words[0] === '-r';
  const names = raw ? words.slice(1) : words;
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) {
    yield* p.complain(
      wrong.startsWith('-')
        ? `bash: read: ${wrong}: invalid option`
        : `bash: read: \`${wrong}': not a valid identifier`,
    );
    return wrong.startsWith('-') ? 2 : 1;
  }
  let line = '';
  let ended = false;
  for (;;) {
    const { ret, bytes } = yield* p.read(0, 1);
    const char = String.fromCharCode(bytes[0] ?? 0);
    ended = ret <= 0;
    if (ended || char === '\n') break;
    line += char;
  }
  const text = raw ? line : line.replace(/\\(.)/g, '$1');
  let rest = text.replace(/^[ \t]+|[ \t]+$/g, '');
  for (const [i, name] of (names.length > 0 ? names : ['REPLY']).entries()) {
    const cut = i < names.length - 1 ? /^([^ \t]*)[ \t]*/.exec(rest) : null;
    p.env.set(name, names.length === 0 ? text : (cut?.[1] ?? rest));
    rest = cut ? rest.slice(cut[0].length) : '';
  }
  return ended ? 1 : 0;
};

export const BUILTINS: Readonly<Record<string, Builtin>> = {
  ':': () => done(0),
  '[': test,
  cd,
  echo,
  exit,
  export: export_,
  false: () => done(1),
  help,
  history,
  kill,
  printf,
  pwd: function* (p) {
    yield* p.print(`${p.cwd}\n`);
    return 0;
  },
  read,
  test,
  true: () => done(0),
  type,
  unset: (p) => {
    for (const name of p.argv.slice(1)) p.env.delete(name);
    return done(0);
  },
};
