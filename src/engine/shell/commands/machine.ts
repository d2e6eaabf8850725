/** id, whoami, hostname, uname, date, mount, which, env: what asks about the machine. Source: coreutils 9, util-linux. */
import { dateText, wallClock } from '../clock.ts';
import type { Process } from '../process.ts';
import { done } from '../run.ts';
import type { Run } from '../run.ts';
import { gnu, misuse, userName } from './program.ts';
import type { Main } from './program.ts';

const named = (id: number): string => (id === 0 ? '0(root)' : String(id));

export const id: Main = gnu(
  {
    letters: 'ugGnr',
    words: { user: 'u', group: 'g', groups: 'G', name: 'n', real: 'r' },
    trouble: 1,
    usage: '[OPTION]...',
  },
  function* (p, options) {
    const cred = p.task.deref('cred');
    const [uid, gid] = [cred?.num('euid') ?? 0, cred?.num('egid') ?? 0];
    const one = options.has('u') ? uid : options.has('g') || options.has('G') ? gid : null;
    yield* p.print(
      one === null
        ? `uid=${named(uid)} gid=${named(gid)} groups=${named(gid)}\n`
        : `${options.has('n') ? userName(one) : one}\n`,
    );
    return 0;
  },
);

export const whoami: Main = gnu({ letters: '', trouble: 1, usage: '[OPTION]...' }, function* (p) {
  yield* p.print(`${userName(p.uid)}\n`);
  return 0;
});

export const hostname: Main = gnu({ letters: 's', trouble: 255, usage: '[-s]' }, function* (p) {
  yield* p.print(`${p.world.host.uname.nodename}\n`);
  return 0;
});

const UNAME: readonly (readonly [letter: string, of: (p: Process) => string])[] = [
  ['s', () => 'Linux'],
  ['n', (p) => p.world.host.uname.nodename],
  ['r', (p) => p.world.host.uname.release],
  ['v', (p) => p.world.host.uname.version],
  ['m', (p) => p.world.host.uname.machine],
  ['o', () => 'GNU/Linux'],
];

export const uname: Main = gnu(
  {
    letters: 'asnrvmo',
    words: {
      all: 'a',
      'kernel-name': 's',
      nodename: 'n',
      'kernel-release': 'r',
      'kernel-version': 'v',
      machine: 'm',
      'operating-system': 'o',
    },
    trouble: 1,
    usage: '[OPTION]...',
  },
  function* (p, options) {
    if (options.operands[0] !== undefined) return yield* misuse(p, `extra operand '${options.operands[0]}'`);
    const wanted = UNAME.filter(
      ([letter]) => options.has('a') || options.has(letter) || (options.order.length === 0 && letter === 's'),
    );
    yield* p.print(`${wanted.map(([, of]) => of(p)).join(' ')}\n`);
    return 0;
  },
);

export const date: Main = function* (p) {
  const format = p.argv[1];
  if (format === undefined) yield* p.print(`${dateText(wallClock(p.world.kernel))}\n`);
  else if (format === '+%s') yield* p.print(`${wallClock(p.world.kernel)}\n`);
  else {
    yield* p.complain(`${p.name}: only date and date +%s are simulated here`);
    return 1;
  }
  return 0;
};

/** Shows what is mounted; bpffs is there already, and nothing else can be mounted. */
export const mount: Main = function* (p): Run<number> {
  const mounts = yield* p.slurp('/proc/mounts');
  if (typeof mounts === 'number') return 1;
  const rows = mounts
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  const words = p.argv.slice(1);
  const type = words.indexOf('-t') >= 0 ? words[words.indexOf('-t') + 1] : undefined;
  const operands = words.filter((word, i) => !word.startsWith('-') && words[i - 1] !== '-t');
  if (operands.length > 0) {
    const at = operands.at(-1) ?? '';
    const there = rows.some((row) => row[1] === at && row[2] === type);
    yield* p.complain(
      there
        ? `${p.name}: ${at}: ${operands[0]} already mounted on ${at}.`
        : `${p.name}: mounting is not simulated here; the world says what is mounted`,
    );
    return 32;
  }
  for (const [device, at, fs, options] of rows)
    if (type === undefined || fs === type) yield* p.print(`${device} on ${at} type ${fs} (${options})\n`);
  return 0;
};

export const which: Main = function* (p) {
  let status = 0;
  for (const word of p.argv.slice(1)) {
    const path = p.world.programPath(word);
    if (path === null) status = 1;
    else yield* p.print(`${path}\n`);
  }
  return status;
};

export const env: Main = function* (p) {
  if (p.argv.length > 1) {
    yield* p.complain(`${p.name}: running a command is not simulated here; NAME=value before the command is`);
    return 125;
  }
  for (const [name, value] of p.env) yield* p.print(`${name}=${value}\n`);
  return 0;
};

/** clear and stty have nothing to do: the terminal is whoever shows it. */
export const nothing: Main = () => done(0);
