/**
 * Random small machines: a few processes with threads, files that they share or not, mappings, cgroups, a
 * container and sockets. Most are worlds; some contradict themselves and are refused.
 */
import type { Random } from '../../../shared/random.ts';
import type { WorldInput } from '../world.ts';

type Process = WorldInput['processes'][number];
type Fd = Exclude<NonNullable<Process['fds']>, { sharedWith: number }>[number];
type Socket = NonNullable<WorldInput['sockets']>[number];

export const PATHS = [
  '/dev/null',
  '/tmp/a',
  '/tmp/a (deleted)',
  '/tmp/d/e',
  '/srv/data',
  '/proc/1/maps',
  '/sys/fs/cgroup',
  'pipe:[5]',
  'pipe:[6]',
  'anon_inode:[eventfd]',
  'anon_inode:[eventpoll]',
  'anon_inode:[pidfd]',
  'anon_inode:inotify',
  'anon_inode:[timerfd]',
  '/dev/console',
  '/memfd:x (deleted)',
  'net:[4026531840]',
  '/dev/pts/0',
  '/',
] as const;
export const CGROUPS = ['/a', '/a/b', '/c'] as const;
const PAGE = 4096;
const CONTAINER = 4_026_532_500;
const MOST_FD = 130;

export const page = (n: number): string => `0x${(n * PAGE).toString(16)}`;
const times = <T>(count: number, one: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => one(i));

/** A file, with what it waits for where it is of a kind that does. */
function opened(r: Random) {
  const path = r.pick(PATHS);
  const file = { path, flags: r.pick(['0', '02', '0100002']) };
  switch (path) {
    case 'anon_inode:[eventpoll]':
      return { ...file, epoll: times(r.below(4), () => ({ fd: r.below(8) })) };
    case 'anon_inode:inotify':
      return {
        ...file,
        inotify: times(r.below(3), (i) => ({ wd: i + 1, path: r.pick(['/tmp', '/srv/data', '/tmp/a']) })),
      };
    default:
      return file;
  }
}

function fds(r: Random, sockets: readonly Socket[]): Fd[] {
  const numbers = new Set(times(r.below(6), () => (r.chance(90) ? r.below(8) : r.below(MOST_FD))));
  const inodes = sockets.flatMap(({ ino }) => ino ?? []);
  return [...numbers].map((fd) => ({
    fd,
    cloexec: r.chance(20),
    file: r.chance(15)
      ? 'shared'
      : r.chance(20) && inodes.length > 0
        ? { path: `socket:[${r.pick(inodes)}]`, flags: '02' }
        : opened(r),
  }));
}

const all = (sockets: readonly Socket[]): Fd[] =>
  sockets.flatMap(({ ino }, i) =>
    ino === undefined ? [] : [{ fd: 200 + i, file: { path: `socket:[${ino}]`, flags: '02' } }],
  );

function vmas(r: Random) {
  let at = 1;
  return times(r.below(5), () => {
    const start = at + r.below(3);
    at = start + 1 + r.below(4);
    return {
      start: page(start),
      end: page(at),
      perms: r.pick(['rw-p', 'r-xp', 'r--s']),
      name: r.pick(['', '/tmp/a', '/bin/x']),
    };
  });
}

/** @param before those made already: what is half open needs one that listens */
function socket(r: Random, i: number, before: readonly Socket[]): Socket {
  const ino = 500 + i;
  const port = 8000 + r.below(3);
  switch (r.below(6)) {
    case 0:
      return {
        protocol: 'tcp',
        local: `127.0.0.1:${port}`,
        state: 'LISTEN',
        ino,
        maxBacklog: r.below(4),
        rxQueue: r.below(4),
      };
    case 1: {
      // Without a file, and where somebody listens, it may wait to be accepted.
      const file = r.chance(50) ? { ino } : {};
      return {
        protocol: 'tcp',
        local: `127.0.0.1:${port}`,
        remote: `127.0.0.1:${9000 + i}`,
        state: 'ESTABLISHED',
        ...file,
        ...(r.chance(30)
          ? { timer: { kind: r.pick(['retransmit', 'keepalive', 'probe']), in: r.below(99) } }
          : {}),
      };
    }
    case 2:
      return { protocol: 'udp', local: `0.0.0.0:${port}`, ino };
    case 3:
      return {
        protocol: 'tcp',
        local: `127.0.0.1:${port}`,
        remote: `127.0.0.1:${9000 + i}`,
        state: before.some(
          (other) =>
            'local' in other &&
            other.local.endsWith(`:${port}`) &&
            'state' in other &&
            other.state === 'LISTEN',
        )
          ? r.pick(['NEW_SYN_RECV', 'TIME_WAIT'])
          : 'TIME_WAIT',
        timer: { kind: 'timewait', in: r.below(99) },
      };
    default:
      return { protocol: 'unix', ino, state: 'listening', name: r.pick(['@a', '/run/s', '@b']) };
  }
}

function process(r: Random, pid: number, sockets: readonly Socket[]): Process {
  const zombie = pid !== 1 && r.chance(12);
  const kthread = pid !== 1 && !zombie && r.chance(8);
  const others = Math.max(1, pid - 1);
  const bare = zombie || kthread;
  const contained = pid !== 1 && r.chance(15);
  return {
    pid,
    comm: `p${pid}`,
    ppid: pid === 1 ? 0 : r.chance(70) ? 1 : r.between(1, others),
    state: zombie ? 'Z' : r.pick(['R', 'S', 'S', 'T']),
    kthread,
    uid: r.below(3),
    exe: '/bin/x',
    cwd: r.pick(['/', '/tmp', '/home/u']),
    ...(r.chance(40) ? { cgroup: r.pick(CGROUPS) } : {}),
    ...(r.chance(20) && !zombie ? { tty: r.pick(['pts/0', 'tty1']), foreground: 1 } : {}),
    ...(r.chance(20) ? { sid: 1, pgid: 1, caught: '0x2', ignored: '0x1000' } : {}),
    ...(bare ? {} : sleeping(r)),
    ...(contained ? { ns: { pid: CONTAINER }, nspids: [pid, pid] } : {}),
    // Init has every socket open, so that each can be closed.
    fds:
      pid === 1
        ? [...fds(r, []), ...all(sockets)]
        : bare
          ? []
          : r.chance(10) && pid > 1
            ? { sharedWith: r.between(1, others) }
            : fds(r, sockets),
    ...(kthread
      ? {}
      : { mm: r.chance(8) && pid > 1 ? { sharedWith: r.between(1, others) } : { vmas: vmas(r) } }),
    threads:
      kthread || contained
        ? []
        : times(r.below(3), (i) => ({
            tid: 100 + pid * 10 + i,
            comm: 't',
            ...sleeping(r),
            ...(r.chance(15) ? { fds: fds(r, sockets) } : {}),
          })),
  };
}

/** What a task had in its registers when it entered the kernel, and where it sleeps there. */
function sleeping(r: Random): Pick<Process, 'registers' | 'stack'> {
  const registers = { ip: page(1 + r.below(8)), sp: page(9 + r.below(8)), call: r.below(300) };
  return {
    ...(r.chance(40) ? { registers: { ...registers, args: times(r.below(7), (i) => page(i)) } } : {}),
    ...(r.chance(30) ? { stack: times(r.below(4), (i) => `0xffffffff8100${i}000`) } : {}),
  };
}

/** Routes to few prefixes by few gateways, so that they meet; a numbered next hop leads one way. */
function routes(r: Random): NonNullable<WorldInput['routes']> {
  return times(r.below(8), () => {
    const shared = r.chance(40) ? r.between(1, 3) : 0;
    const gateway = shared === 0 ? r.below(4) : shared;
    const bits = r.pick([0, 16, 31, 32, 48, 64, 127, 128]);
    return {
      dst: `${r.pick(['2001:db8::', '2001:db8:8000::', '2001:db9::', 'fe80::1', '::'])}/${bits}`,
      dev: gateway % 2 === 0 ? 'lo' : 'eth0',
      ...(gateway === 0 ? {} : { via: `fe80::${gateway}` }),
      ...(shared === 0 ? {} : { nexthop: shared }),
      ...(r.chance(30) ? { metric: r.below(3) * 512 } : {}),
      table: r.pick([254, 254, 255, 7]),
    };
  });
}

/** Either all pass controllers on, or none does. */
function cgroups(r: Random): NonNullable<WorldInput['cgroups']> {
  const control = r.chance(50) ? (['memory', 'pids'] as const) : [];
  const below = CGROUPS.filter(() => r.chance(60));
  const parents = [
    '/',
    ...CGROUPS.filter((path) => below.some((each) => each === path || each.startsWith(`${path}/`))),
  ];
  return parents.map((path) => ({ path, subtreeControl: [...control] }));
}

export function randomWorld(r: Random): WorldInput {
  const sockets: Socket[] = [];
  for (let i = r.below(5); i > 0; i--) sockets.push(socket(r, sockets.length, sockets));
  return {
    name: 'random',
    sockets,
    routes: routes(r),
    cgroups: cgroups(r),
    files: { shared: { path: '/tmp/shared', flags: '02' } },
    namespaces: [{ kind: 'pid', inum: CONTAINER, parent: 4_026_531_836 }],
    processes: times(1 + r.below(5), (i) => process(r, i + 1, sockets)),
    reader: 1,
  };
}
