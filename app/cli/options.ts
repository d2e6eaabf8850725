/** The words of the command line, as a table: parsed by node:util, checked here, with errors that say what to do. */
import { parseArgs } from 'node:util';

import type { AttachParams, ProgramSource, RunOptions } from '../../src/protocol/scenario.ts';

/** Wrong use of the command line: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const CPU_NAMES = ['v1', 'v2', 'v3', 'v4'] as const;
const ORDERS = ['self', 'pre', 'post', 'up', 'children'] as const;

const OPTIONS = {
  prog: { type: 'string' },
  tid: { type: 'string' },
  pid: { type: 'string' },
  pidfd: { type: 'string' },
  map: { type: 'string' },
  fill: { type: 'string', multiple: true },
  cgroup: { type: 'string' },
  'cgroup-id': { type: 'string' },
  order: { type: 'string' },
  set: { type: 'string', multiple: true },
  'read-size': { type: 'string' },
  sessions: { type: 'string' },
  'max-reads': { type: 'string' },
  reader: { type: 'string' },
  show: { type: 'string' },
  world: { type: 'string' },
  module: { type: 'string' },
  kernel: { type: 'string' },
  btf: { type: 'string' },
  kallsyms: { type: 'string' },
  seed: { type: 'string' },
  'log-level': { type: 'string' },
  define: { type: 'string', multiple: true },
  include: { type: 'string', multiple: true },
  mcpu: { type: 'string' },
  optimise: { type: 'string', short: 'O' },
  json: { type: 'boolean' },
  run: { type: 'string' },
  object: { type: 'string' },
  output: { type: 'string', short: 'o' },
  command: { type: 'string', short: 'c' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

export interface CliOptions {
  readonly command: string;
  readonly operands: readonly string[];
  /** What stands behind `--`: the words of the program that exec runs. */
  readonly programArgs: readonly string[];
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly output: string | null;
  /** Lines for the shell; null: they come from stdin. */
  readonly lines: string | null;
  readonly world: string | null;
  /** A struct of the world, by its path from a task. */
  readonly show: string | null;
  /** Kernel C to load into the machine. */
  readonly module: string | null;
  readonly kernel: string | null;
  readonly btf: string | null;
  readonly kallsyms: string | null;
  readonly seed: number | null;
  readonly defines: Readonly<Record<string, string>>;
  readonly includes: readonly string[];
  /** How to compile. */
  readonly compile: Pick<ProgramSource, 'cpu' | 'optimise' | 'warnings'>;
  readonly caseRun: number | null;
  readonly caseObject: 'ours' | 'clang';
  readonly run: RunOptions;
}

/** Edit distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `, did you mean X?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const [best] = candidates
    .map((candidate) => ({ candidate, d: distance(word, candidate) }))
    .filter(({ d }) => d <= Math.max(1, Math.floor(word.length / 3)))
    .sort((a, b) => a.d - b.d);
  return best ? `, did you mean ${best.candidate}?` : '';
}

function number(
  name: string,
  text: string | undefined,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(
      `--${name} takes a whole number from ${min}${max < 2 ** 53 - 1 ? ` to ${max}` : ''}, not '${text}'`,
    );
  return value;
}

/** A number of 64 bits, as decimal text. */
function wide(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? BigInt(text) : -1n;
  if (value !== BigInt.asUintN(64, value))
    throw new UsageError(`--${name} takes a whole number of at most 64 bits, not '${text}'`);
  return String(value);
}

function oneOf<T extends string>(name: string, text: string | undefined, words: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === text);
  if (word === undefined)
    throw new UsageError(`--${name} takes ${words.join('|')}, not '${text}'${didYouMean(text, words)}`);
  return word;
}

/** Splits `NAME=VALUE` or `NAME:VALUE`. */
function pair(name: string, text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  if (at <= 0) throw new UsageError(`--${name} takes NAME${separator}VALUE, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Leaves out what was not said. */
function said<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** `-w`, `-Wall`, `-Wno-unused`: the compiler's own words. */
const isWarningFlag = (word: string): boolean => /^-w$|^-W./.test(word);

/** @throws UsageError */
export function parseOptions(words: readonly string[]): CliOptions {
  const end = words[0] === 'exec' ? words.indexOf('--') : -1;
  const all = end < 0 ? words : words.slice(0, end);
  const warnings = all.filter(isWarningFlag);
  const argv = all.filter((word) => !isWarningFlag(word));
  const { values, positionals } = (() => {
    try {
      return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const unknown = /Unknown option '(-+([^']+))'/.exec(message);
      if (unknown) {
        const hint = didYouMean(unknown[2] ?? '', Object.keys(OPTIONS)).replace('mean ', 'mean --');
        throw new UsageError(`unknown option ${unknown[1]}${hint}`);
      }
      const [, option, fault] =
        /(--[\w-]+)(?: <value>)?' argument (missing|is ambiguous)/.exec(message) ?? [];
      if (option !== undefined)
        throw new UsageError(
          `${option} needs a value${fault === 'missing' ? '' : `; one that begins with - is written ${option}=-...`}`,
        );
      throw new UsageError(message.split('\n')[0]?.replace(/\. To specify.*$/, '') ?? message);
    }
  })();
  const [command = '', ...operands] = positionals;
  const attach = said<AttachParams>({
    tid: number('tid', values.tid, 0, 0xffffffff),
    pid: number('pid', values.pid, 0, 0xffffffff),
    pidfd: number('pidfd', values.pidfd, 1, 0xffffffff),
    map: values.map,
    cgroup: values.cgroup,
    cgroupId: wide('cgroup-id', values['cgroup-id']),
    order: oneOf('order', values.order, ORDERS),
  });
  return {
    command,
    operands,
    programArgs: end < 0 ? [] : words.slice(end + 1),
    json: values.json ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    output: values.output ?? null,
    lines: values.command ?? null,
    world: values.world ?? null,
    show: values.show ?? null,
    module: values.module ?? null,
    kernel: values.kernel ?? null,
    btf: values.btf ?? null,
    kallsyms: values.kallsyms ?? null,
    seed: number('seed', values.seed, 0, 0xffffffff) ?? null,
    defines: Object.fromEntries(
      (values.define ?? []).map((text) => (text.includes('=') ? pair('define', text, '=') : [text, '1'])),
    ),
    includes: values.include ?? [],
    compile: said<CliOptions['compile']>({
      warnings: warnings.length > 0 ? warnings : undefined,
      cpu: oneOf('mcpu', values.mcpu, CPU_NAMES),
      optimise:
        values.optimise === undefined ? undefined : (number('optimise', values.optimise, 0, 3) ?? 2) > 0,
    }),
    caseRun: number('run', values.run, 0) ?? null,
    caseObject: oneOf('object', values.object, ['ours', 'clang']) ?? 'ours',
    run: said<RunOptions>({
      prog: values.prog,
      attach: Object.keys(attach).length > 0 ? attach : undefined,
      set: values.set?.map((text) => pair('set', text, '=')),
      fill: values.fill?.map((text): [string, number] => {
        const [map, count] = pair('fill', text, ':');
        return [map, number('fill', count, 0, 10_000_000) ?? 0];
      }),
      readSize: number('read-size', values['read-size'], 0, 64 << 20),
      maxReads: number('max-reads', values['max-reads'], 0),
      sessions: number('sessions', values.sessions, 1, 1000),
      reader: number('reader', values.reader, 1, 0xffffffff),
      logLevel: number('log-level', values['log-level'], 0, 2),
    }),
  };
}
