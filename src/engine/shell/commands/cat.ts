/** cat, head, tail, wc, tee, yes: what copies bytes. Source: coreutils 9. */
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import { strerror } from '../../libbpf/messages.ts';
import { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../fs/node.ts';
import type { Process } from '../process.ts';
import { WriteFault } from '../run.ts';
import type { Run } from '../run.ts';
import { byteCount, gnu, linesOf, misuse } from './program.ts';
import type { Main } from './program.ts';

/** How much cat asks for at a time. */
const CAT_BUFFER = 131_072;
/** How much head and tail do. */
const STDIO_BUFFER = 1024;

type Show = (text: string) => string;

/** -n, -b, -s, -E, -T, -v as one function over the whole text, or null when bytes go through unchanged. */
function decoration(has: (letter: string) => boolean): Show | null {
  const all = has('A');
  if (!'nbsETvAet'.split('').some(has)) return null;
  let number = 0;
  let blank = false;
  const visible = (text: string): string =>
    text.replace(/[^\t\n\x20-\x7e]/g, (char) => {
      const code = char.charCodeAt(0);
      const low = code & 0x7f;
      const plain =
        low < 32 ? `^${String.fromCharCode(low + 64)}` : low === 127 ? '^?' : String.fromCharCode(low);
      return code > 127 ? `M-${plain}` : plain;
    });
  return (text) =>
    text
      .split(/(?<=\n)/)
      .map((line) => {
        const empty = line === '\n';
        if (has('s') && empty && blank) return '';
        blank = empty;
        let out = has('v') || all || has('e') || has('t') ? visible(line) : line;
        if (has('T') || all || has('t')) out = out.replaceAll('\t', '^I');
        if ((has('E') || all || has('e')) && out.endsWith('\n')) out = `${out.slice(0, -1)}$\n`;
        const numbered = has('b') ? !empty : has('n');
        return numbered ? `${String(++number).padStart(6)}\t${out}` : out;
      })
      .join('');
}

export const cat: Main = gnu(
  {
    letters: 'nbsETvAetu',
    words: {
      number: 'n',
      'number-nonblank': 'b',
      'squeeze-blank': 's',
      'show-ends': 'E',
      'show-tabs': 'T',
      'show-nonprinting': 'v',
      'show-all': 'A',
    },
    trouble: 1,
    usage: '[OPTION]... [FILE]...',
  },
  function* (p, options) {
    const show = decoration(options.has);
    let status = 0;
    for (const path of options.operands.length > 0 ? options.operands : ['-']) {
      const fd = path === '-' ? 0 : p.open(path);
      if (fd < 0) {
        yield* p.perror(path, fd);
        status = 1;
        continue;
      }
      const errno = yield* copy(p, fd, show);
      if (errno < 0) {
        yield* p.perror(path, errno);
        status = 1;
      }
      if (fd !== 0) p.close(fd);
    }
    return status;
  },
);

/** @returns 0 at the end of the file, or what the last read said */
function* copy(p: Process, fd: number, show: Show | null, size = CAT_BUFFER): Run<number> {
  for (;;) {
    const { ret, bytes } = yield* p.read(fd, size);
    if (ret <= 0) return ret;
    const done = yield* p.writeAll(1, show ? latin1Encode(show(latin1Decode(bytes))) : bytes);
    if (done < 0) throw new WriteFault(done);
  }
}

/** `-n N`, `-c N`, or `-N` before other options, as an amount with its sign. */
interface Amount {
  readonly unit: 'lines' | 'bytes';
  readonly sign: string;
  readonly n: number;
}

const AMOUNT = {
  letters: 'n:c:qv0123456789',
  words: { lines: 'n', bytes: 'c', quiet: 'q', silent: 'q', verbose: 'v' },
  trouble: 1,
  usage: '[OPTION]... [FILE]...',
};

/** Old use: `head -5`. */
const modern = (argv: readonly string[]): string[] =>
  argv.map((arg, i) => (i > 0 && /^-\d+$/.test(arg) ? `-n${arg.slice(1)}` : arg));

function amountOf(value: (letter: string) => string | null): Amount | string {
  const bytes = value('c');
  const text = bytes ?? value('n') ?? '10';
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  const n = byteCount(rest);
  const unit = bytes === null ? 'lines' : 'bytes';
  return n === null ? `invalid number of ${unit}: '${text}'` : { unit, sign, n };
}

/** head and tail differ in which part they keep. */
const part = (take: (text: string, amount: Amount) => string, stopEarly: boolean): Main =>
  function* (p) {
    const main = gnu(AMOUNT, function* (_, options) {
      const amount = amountOf(options.value);
      if (typeof amount === 'string') {
        yield* p.complain(`${p.name}: ${amount}`);
        return 1;
      }
      const paths = options.operands.length > 0 ? options.operands : ['-'];
      let status = 0;
      let first = true;
      for (const path of paths) {
        const fd = path === '-' ? 0 : p.open(path);
        if (fd < 0) {
          yield* p.complain(`${p.name}: cannot open '${path}' for reading: ${strerror(fd)}`);
          status = 1;
          continue;
        }
        const titled = options.has('v') || (paths.length > 1 && !options.has('q'));
        if (titled) yield* p.print(`${first ? '' : '\n'}==> ${path === '-' ? 'standard input' : path} <==\n`);
        first = false;
        const { text, errno } = yield* readEnough(p, fd, stopEarly && amount.sign !== '-' ? amount : null);
        yield* p.print(take(text, amount));
        if (errno < 0) {
          yield* p.complain(
            `${p.name}: error reading '${path === '-' ? 'standard input' : path}': ${strerror(errno)}`,
          );
          status = 1;
        }
        if (fd !== 0) p.close(fd);
      }
      return status;
    });
    return yield* main(withArguments(p, modern(p.argv)));
  };

/** The same process, as if it had been called with other words. */
export const withArguments = (p: Process, argv: readonly string[]): Process =>
  Object.create(p, { argv: { value: argv } }) as Process;

/** Reads to the end, or until an amount is there. */
function* readEnough(p: Process, fd: number, amount: Amount | null): Run<{ text: string; errno: number }> {
  let text = '';
  let lines = 0;
  for (;;) {
    if (amount && (amount.unit === 'bytes' ? text.length : lines) >= amount.n) return { text, errno: 0 };
    const { ret, bytes } = yield* p.read(fd, amount ? STDIO_BUFFER : CAT_BUFFER);
    if (ret <= 0) return { text, errno: ret };
    const more = latin1Decode(bytes);
    if (amount?.unit === 'lines') for (const char of more) if (char === '\n') lines++;
    text += more;
  }
}

const lineStarts = (text: string): string[] => (text === '' ? [] : text.split(/(?<=\n)/));

export const head: Main = part((text, { unit, sign, n }) => {
  const pieces = unit === 'bytes' ? null : lineStarts(text);
  const keep = (length: number): number => (sign === '-' ? Math.max(0, length - n) : n);
  return pieces ? pieces.slice(0, keep(pieces.length)).join('') : text.slice(0, keep(text.length));
}, true);

export const tail: Main = part((text, { unit, sign, n }) => {
  const pieces = unit === 'bytes' ? null : lineStarts(text);
  const from = (length: number): number => (sign === '+' ? Math.max(0, n - 1) : Math.max(0, length - n));
  return pieces ? pieces.slice(from(pieces.length)).join('') : text.slice(from(text.length));
}, false);

export const wc: Main = gnu(
  {
    letters: 'lwcmL',
    words: { lines: 'l', words: 'w', bytes: 'c', chars: 'm', 'max-line-length': 'L' },
    trouble: 1,
    usage: '[OPTION]... [FILE]...',
  },
  function* (p, options) {
    const wanted = 'lwmcL'.split('').filter(options.has);
    const columns = wanted.length > 0 ? wanted : ['l', 'w', 'c'];
    const rows: { counts: number[]; path: string }[] = [];
    let status = 0;
    for (const path of options.operands.length > 0 ? options.operands : ['-']) {
      const fd = path === '-' ? 0 : p.open(path);
      const { bytes, errno } = fd < 0 ? { bytes: new Uint8Array(0), errno: fd } : yield* p.readAll(fd);
      if (errno < 0) {
        yield* p.perror(path, errno);
        status = 1;
        if (fd < 0) continue;
      }
      if (fd > 0) p.close(fd);
      rows.push({ counts: columns.map((letter) => COUNTS[letter]?.(bytes) ?? 0), path });
    }
    if (options.operands.length > 1)
      rows.push({
        counts: columns.map((_, i) => rows.reduce((sum, row) => sum + (row.counts[i] ?? 0), 0)),
        path: 'total',
      });
    const fromFiles = options.operands.length > 0;
    const widest = Math.max(...rows.flatMap((row) => row.counts), 0);
    const width = rows.length === 1 && columns.length === 1 ? 1 : fromFiles ? String(widest).length : 7;
    for (const { counts, path } of rows) {
      const numbers = counts.map((n) => String(n).padStart(width)).join(' ');
      yield* p.print(`${numbers}${path === '-' && !fromFiles ? '' : ` ${path}`}\n`);
    }
    return status;
  },
);

const COUNTS: Readonly<Record<string, (bytes: Uint8Array) => number>> = {
  l: (bytes) => bytes.reduce((n, byte) => n + (byte === 10 ? 1 : 0), 0),
  w: (bytes) =>
    latin1Decode(bytes)
      .split(/\s+/)
      .filter((word) => word !== '').length,
  c: (bytes) => bytes.length,
  m: (bytes) => bytes.length,
  L: (bytes) => Math.max(0, ...linesOf(latin1Decode(bytes)).map((line) => line.length)),
};

export const tee: Main = gnu(
  { letters: 'ai', words: { append: 'a' }, trouble: 1, usage: '[OPTION]... [FILE]...' },
  function* (p, options) {
    let status = 0;
    const fds: number[] = [1];
    for (const path of options.operands) {
      const fd = p.open(path, O_WRONLY | O_CREAT | (options.has('a') ? O_APPEND : O_TRUNC));
      if (fd >= 0) fds.push(fd);
      else {
        yield* p.perror(path, fd);
        status = 1;
      }
    }
    for (;;) {
      const { ret, bytes } = yield* p.read(0, CAT_BUFFER);
      if (ret <= 0) return status;
      for (const fd of fds) yield* p.writeAll(fd, bytes);
    }
  },
);

export const yes: Main = function* (p) {
  const line = `${p.argv.length > 1 ? p.argv.slice(1).join(' ') : 'y'}\n`;
  const block = latin1Encode(line.repeat(Math.ceil(8192 / line.length)));
  for (;;) {
    const done = yield* p.write(1, block);
    if (done >= 0) continue;
    yield* p.complain(`${p.name}: standard output: ${strerror(done)}`);
    return 1;
  }
};

/** Where two files differ first. */
export const cmp: Main = gnu(
  { letters: 's', words: { quiet: 's', silent: 's' }, trouble: 2, usage: '[OPTION]... FILE1 FILE2' },
  function* (p, options) {
    const [first, second] = options.operands;
    if (first === undefined || second === undefined)
      return yield* misuse(p, `missing operand after '${first ?? p.name}'`, 2);
    const texts: string[] = [];
    for (const path of [first, second]) {
      const text = yield* p.slurp(path);
      if (typeof text === 'number') {
        yield* p.perror(path, text);
        return 2;
      }
      texts.push(text);
    }
    const [a = '', b = ''] = texts;
    if (a === b) return 0;
    let at = 0;
    while (at < a.length && at < b.length && a[at] === b[at]) at++;
    const lines = linesOf(a.slice(0, at)).length;
    const line = a.slice(0, at).endsWith('\n') || at === 0 ? lines + 1 : lines;
    if (options.has('s')) return 1;
    if (at === Math.min(a.length, b.length))
      yield* p.complain(
        `cmp: EOF on ${a.length < b.length ? first : second} after byte ${at}, in line ${line}`,
      );
    else yield* p.print(`${first} ${second} differ: byte ${at + 1}, line ${line}\n`);
    return 1;
  },
);

/** Copies input to output in blocks of one read(2) each. */
export const dd: Main = function* (p) {
  const given: Record<string, string> = {
    ibs: '',
    obs: '',
    bs: '512',
    count: '',
    skip: '',
    if: '',
    of: '',
    status: '',
    iflag: '',
    conv: '',
  };
  for (const operand of p.argv.slice(1)) {
    const [, key = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(operand) ?? [];
    if (given[key] === undefined) return yield* misuse(p, `unrecognized operand '${operand}'`);
    given[key] = value;
  }
  const numbers = new Map<string, number>();
  for (const key of ['bs', 'count', 'skip']) {
    const text = (key === 'bs' && given['ibs']) || given[key] || '';
    if (text === '') continue;
    const n = byteCount(text);
    if (n === null || (key === 'bs' && n === 0)) {
      yield* p.complain(`${p.name}: invalid number: '${text}'`);
      return 1;
    }
    numbers.set(key, n);
  }
  const size = numbers.get('bs') ?? 512;
  const input = given['if'] ? p.open(given['if']) : 0;
  const output = given['of'] ? p.open(given['of'], O_WRONLY | O_CREAT | O_TRUNC) : 1;
  for (const [fd, path] of [
    [input, given['if']],
    [output, given['of']],
  ] as const)
    if (fd < 0) {
      yield* p.complain(`${p.name}: failed to open '${path}': ${strerror(fd)}`);
      return 1;
    }
  const full = { in: 0, out: 0 };
  const partial = { in: 0, out: 0 };
  let copied = 0;
  let status = 0;
  const from = p.world.kernel.now;
  for (let skipped = 0; skipped < (numbers.get('skip') ?? 0); skipped++) yield* p.read(input, size);
  for (let record = 0; record < (numbers.get('count') ?? Infinity); record++) {
    const { ret, bytes } = yield* p.read(input, size);
    if (ret < 0) {
      yield* p.complain(`${p.name}: error reading '${given['if'] || 'standard input'}': ${strerror(ret)}`);
      status = 1;
    }
    if (ret <= 0) break;
    (ret === size ? full : partial).in++;
    const done = yield* p.writeAll(output, bytes);
    if (done < 0) {
      yield* p.complain(`${p.name}: error writing '${given['of'] || 'standard output'}': ${strerror(done)}`);
      status = 1;
      break;
    }
    (done === size ? full : partial).out++;
    copied += done;
  }
  if (given['status'] === 'none') return status;
  yield* p.complain(`${full.in}+${partial.in} records in`);
  yield* p.complain(`${full.out}+${partial.out} records out`);
  if (given['status'] === 'noxfer') return status;
  const seconds = Math.max(1e-6, Number(p.world.kernel.now - from) / 1e9);
  yield* p.complain(
    `${sizes(copied)} copied, ${Number(seconds.toPrecision(6))} s, ${human(copied / seconds, 1000, 'B/s')}`,
  );
  return status;
};

/** `6289 bytes (6.3 kB, 6.1 KiB)` */
function sizes(n: number): string {
  const unit = n === 1 ? 'byte' : 'bytes';
  if (n < 1000) return `${n} ${unit}`;
  return n < 1024
    ? `${n} ${unit} (${human(n, 1000, 'B')})`
    : `${n} ${unit} (${human(n, 1000, 'B')}, ${human(n, 1024, 'iB')})`;
}

function human(n: number, base: number, unit: string): string {
  const prefixes = ['', base === 1000 ? 'k' : 'K', 'M', 'G', 'T'];
  let power = 0;
  let value = n;
  while (value >= base && power < prefixes.length - 1) {
    value /= base;
    power++;
  }
  const text = power > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${text} ${prefixes[power]}${unit}`;
}
