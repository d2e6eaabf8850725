/** ps, pidof, kill, sleep: what looks at tasks. Source: procps 4. */
import { fail } from '../../../shared/errno.ts';
import { latin1Decode } from '../../../shared/utf8.ts';
import { initialNamespace } from '../../kernel/objects/namespace.ts';
import { findTaskByPidNs, PidType, taskActivePidNs, taskPidNrNs } from '../../kernel/objects/pid.ts';
import { fileAtFd } from '../../kernel/objects/files.ts';
import { EXIT_ZOMBIE, PF, processes, threads } from '../../kernel/objects/task.ts';
import { readUser } from '../../kernel/objects/user_memory.ts';
import type { View } from '../../kernel/view.ts';
import { strerror } from '../../libbpf/messages.ts';
import { pathText } from '../../vfs/path.ts';
import { startedText, wallClock, wallTimeOf } from '../clock.ts';
import { stateText } from '../fs/proc_task.ts';
import type { Process } from '../process.ts';
import type { Run } from '../run.ts';
import { gnu, misuse, userName } from './program.ts';
import type { Main } from './program.ts';

const nsOf = (p: Process): View =>
  taskActivePidNs(p.world.kernel, p.task) ?? initialNamespace(p.world.kernel, 'pid');

/** The terminal that a task's standard input is, as `pts/0`; '?' for none. */
function terminalOf(p: Process, task: View): string {
  const { kernel } = p.world;
  const files = task.deref('files');
  const file = files && fileAtFd(kernel, files, 0);
  return (
    /^\/dev\/(pts\/\d+|tty\w*|console)$/.exec(file ? pathText(kernel, file.sub('f_path')) : '')?.[1] ?? '?'
  );
}

const seconds = (task: View): number =>
  Math.floor(
    Number((task.has('utime') ? task.big('utime') : 0n) + (task.has('stime') ? task.big('stime') : 0n)) / 1e9,
  );
const two = (n: number): string => String(n).padStart(2, '0');
const hms = (s: number): string =>
  `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
const pagesOf = (task: View, counters: readonly number[]): number => {
  const mm = task.deref('mm');
  return counters.reduce(
    (sum, i) => sum + (mm?.has(`rss_stat[${i}].count`) ? mm.num(`rss_stat[${i}].count`) : 0),
    0,
  );
};

/** The words a process was started with; what has none shows its name in brackets. */
function commandLine(p: Process, task: View): string {
  const mm = task.deref('mm');
  const start = mm?.big('arg_start') ?? 0n;
  const bytes = mm && readUser(p.world.kernel, mm, start, Number(mm.big('arg_end') - start));
  const words = bytes ? latin1Decode(bytes).replace(/\0$/, '').replaceAll('\0', ' ') : '';
  if (words !== '') return words;
  return `[${task.str('comm')}]${task.num('exit_state') === EXIT_ZOMBIE ? ' <defunct>' : ''}`;
}

interface Column {
  readonly title: string;
  readonly width: number;
  /** Texts stand at the left, numbers at the right. */
  readonly left?: boolean;
  readonly of: (p: Process, task: View) => string | number;
}

const uidOf = (task: View): number => task.deref('cred')?.num('euid') ?? 0;
const ppidOf = (p: Process, task: View): number => {
  const parent = task.deref('real_parent');
  return parent ? taskPidNrNs(parent, nsOf(p), PidType.TGID) : 0;
};
const comm = (_: Process, task: View): string =>
  `${task.str('comm')}${task.num('exit_state') === EXIT_ZOMBIE ? ' <defunct>' : ''}`;
/** As ps aux shows it: with what else there is to say about the task. */
const stat = (_: Process, task: View): string => {
  const nice = task.num('static_prio') - 120;
  const leads = task.deref('signal')?.num('leader') === 1;
  const many = (task.deref('signal')?.num('nr_threads') ?? 1) > 1;
  return `${stateText(task)[0]}${nice < 0 ? '<' : nice > 0 ? 'N' : ''}${leads ? 's' : ''}${many ? 'l' : ''}`;
};

/** What -o knows, and what the ready-made formats are made of. */
const COLUMNS: Readonly<Record<string, Column>> = {
  pid: { title: 'PID', width: 7, of: (p, task) => taskPidNrNs(task, nsOf(p), PidType.TGID) },
  tid: { title: 'TID', width: 7, of: (p, task) => taskPidNrNs(task, nsOf(p)) },
  ppid: { title: 'PPID', width: 7, of: ppidOf },
  pgid: { title: 'PGID', width: 7, of: (p, task) => taskPidNrNs(task, nsOf(p), PidType.PGID) },
  sid: { title: 'SID', width: 7, of: (p, task) => taskPidNrNs(task, nsOf(p), PidType.SID) },
  uid: { title: 'UID', width: 5, of: (_, task) => uidOf(task) },
  user: { title: 'USER', width: 8, left: true, of: (_, task) => userName(uidOf(task)) },
  tty: { title: 'TT', width: 8, left: true, of: terminalOf },
  time: { title: 'TIME', width: 8, of: (_, task) => hms(seconds(task)) },
  bsdtime: {
    title: 'TIME',
    width: 6,
    of: (_, task) => `${Math.floor(seconds(task) / 60)}:${two(seconds(task) % 60)}`,
  },
  comm: { title: 'COMMAND', width: 15, left: true, of: comm },
  args: { title: 'COMMAND', width: 27, left: true, of: commandLine },
  stat: { title: 'STAT', width: 4, left: true, of: stat },
  state: { title: 'S', width: 1, left: true, of: (_, task) => stateText(task)[0] ?? '' },
  nlwp: { title: 'NLWP', width: 4, of: (_, task) => task.deref('signal')?.num('nr_threads') ?? 1 },
  ni: { title: 'NI', width: 3, of: (_, task) => task.num('static_prio') - 120 },
  vsz: { title: 'VSZ', width: 6, of: (_, task) => (task.deref('mm')?.num('total_vm') ?? 0) * 4 },
  rss: { title: 'RSS', width: 5, of: (_, task) => pagesOf(task, [0, 1, 3]) * 4 },
  start: {
    title: 'START',
    width: 5,
    left: true,
    of: (p, task) => startedText(wallTimeOf(task.big('start_boottime')), wallClock(p.world.kernel)),
  },
  pcpu: { title: '%CPU', width: 4, of: () => '0.0' },
  pmem: { title: '%MEM', width: 4, of: () => '0.0' },
  c: { title: 'C', width: 2, of: () => 0 },
};
const ALIASES: Readonly<Record<string, string>> = {
  tgid: 'pid',
  lwp: 'tid',
  spid: 'tid',
  tname: 'tty',
  tt: 'tty',
  cmd: 'args',
  command: 'args',
  ucmd: 'comm',
  euid: 'uid',
  euser: 'user',
  uname: 'user',
  s: 'state',
  thcount: 'nlwp',
  nice: 'ni',
  vsize: 'vsz',
  rssize: 'rss',
  sess: 'sid',
  session: 'sid',
  pgrp: 'pgid',
};

type Shown = readonly (readonly [column: string, title?: string])[];
const PLAIN: Shown = [['pid'], ['tty', 'TTY'], ['time'], ['comm', 'CMD']];
const FULL: Shown = [
  ['user', 'UID'],
  ['pid'],
  ['ppid'],
  ['c'],
  ['start', 'STIME'],
  ['tty', 'TTY'],
  ['time'],
  ['args', 'CMD'],
];
const BSD: Shown = [
  ['user'],
  ['pid'],
  ['pcpu'],
  ['pmem'],
  ['vsz'],
  ['rss'],
  ['tty', 'TTY'],
  ['stat'],
  ['start'],
  ['bsdtime'],
  ['args'],
];

function table(p: Process, shown: Shown, tasks: readonly View[]): string {
  const columns = shown.map(
    ([name, title]) =>
      ({ ...(COLUMNS[name] ?? COLUMNS['pid']), title: title ?? COLUMNS[name]?.title ?? '' }) as Column,
  );
  const row = (texts: readonly string[]): string =>
    `${columns.map((column, i) => (column.left ? (i === columns.length - 1 ? texts[i] : texts[i]?.padEnd(column.width)) : texts[i]?.padStart(column.width))).join(' ')}\n`;
  const titles = columns.every(({ title }) => title === '') ? '' : row(columns.map(({ title }) => title));
  return titles + tasks.map((task) => row(columns.map((column) => String(column.of(p, task))))).join('');
}

/** `-o pid,comm=NAME`: columns, and titles where they are given. */
function chosen(text: string): Shown | string {
  const shown: [string, string?][] = [];
  for (const word of text.split(/[,\s]+/).filter((each) => each !== '')) {
    const [name = '', title] = word.split('=', 2);
    const column = ALIASES[name] ?? name;
    if (!COLUMNS[column]) return name;
    shown.push(title === undefined ? [column] : [column, title]);
  }
  return shown;
}

export const ps: Main = function* (p) {
  const bsd = p.argv[1] !== undefined && /^[auxwf]+$/.test(p.argv[1]);
  const words = bsd ? p.argv.slice(2) : p.argv.slice(1);
  const main = gnu(
    { letters: 'eAfFo:p:LTCu:w', trouble: 1, usage: '[options]' },
    function* (_, options): Run<number> {
      const { kernel } = p.world;
      const ns = nsOf(p);
      const format = options.value('o');
      const shown = format === null ? (bsd ? BSD : options.has('f') ? FULL : PLAIN) : chosen(format);
      if (typeof shown === 'string') {
        yield* p.complain(`error: unknown user-defined format specifier "${shown}"`);
        return 1;
      }
      const numbers =
        options
          .value('p')
          ?.split(/[,\s]+/)
          .map(Number) ?? null;
      if (numbers?.some((n) => !Number.isInteger(n))) {
        yield* p.complain('error: process ID list syntax error');
        return 1;
      }
      const terminal = terminalOf(p, p.task);
      const everything = options.has('e') || options.has('A') || (bsd && (p.argv[1] ?? '').includes('x'));
      const leaders = [...processes(kernel)].filter((task) => {
        const pid = taskPidNrNs(task, ns, PidType.TGID);
        if (pid === 0) return false;
        if (numbers) return numbers.includes(pid);
        return (
          everything ||
          (uidOf(task) === p.uid &&
            terminalOf(p, task) === terminal &&
            (task.num('flags') & PF.KTHREAD) === 0)
        );
      });
      const byThread = options.has('L') || options.has('T');
      const tasks = byThread ? leaders.flatMap((task) => [...threads(kernel, task)]) : leaders;
      yield* p.print(
        table(
          p,
          byThread && shown === PLAIN ? [['pid'], ['tid', 'LWP'], ...PLAIN.slice(1)] : shown,
          tasks.toSorted((a, b) => taskPidNrNs(a, ns) - taskPidNrNs(b, ns)),
        ),
      );
      return tasks.length > 0 ? 0 : 1;
    },
  );
  return yield* main(Object.create(p, { argv: { value: [p.name, ...words] } }) as Process);
};

export const pidof: Main = function* (p) {
  const wanted = p.argv.slice(1).filter((word) => !word.startsWith('-'));
  const found = [...processes(p.world.kernel)]
    .filter((task) => wanted.includes(task.str('comm')))
    .map((task) => taskPidNrNs(task, nsOf(p), PidType.TGID))
    .filter((pid) => pid > 0);
  if (found.length === 0) return 1;
  yield* p.print(`${found.toReversed().join(' ')}\n`);
  return 0;
};

/** sleep moves the simulated clock and nothing else. */
export const sleep: Main = function* (p) {
  const factors: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
  const words = p.argv.slice(1);
  if (words.length === 0) return yield* misuse(p, 'missing operand');
  for (const word of words) {
    const [, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(word) ?? [];
    if (number === '') return yield* misuse(p, `invalid time interval '${word}'`);
    p.world.kernel.now += BigInt(Math.round(Math.min(Number(number) * (factors[unit] ?? 1), 1e8) * 1e9));
  }
  return 0;
};

/** Only whether a process could be signalled is simulated: kill -0. */
export function* kill(p: Process): Run<number> {
  const words = p.argv.slice(1);
  const signal = /^-(.+)$/.exec(words[0] ?? '')?.[1];
  const pids = signal === undefined ? words : words.slice(1);
  if (pids.length === 0) {
    yield* p.complain(
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]',
    );
    return 2;
  }
  for (const word of pids) {
    const task = /^\d+$/.test(word) ? findTaskByPidNs(p.world.kernel, Number(word), nsOf(p)) : null;
    if (!task) {
      yield* p.complain(`bash: kill: (${word}) - ${strerror(fail('ESRCH'))}`);
      return 1;
    }
    if (signal !== '0') {
      yield* p.complain(
        'bash: kill: signals are not simulated here; kill -0 is, and worlds have scripts that end processes',
      );
      return 1;
    }
  }
  return 0;
}
