/**
 * Random changes of a running machine. They are about tasks, fds, ranges and cgroups that are there, so that
 * most can be made; now and then about any at all.
 */
import type { Random } from '../../../shared/random.ts';
import { endpointText } from '../inet_address.ts';
import type { Kernel } from '../kernel.ts';
import { descendantsPre, cgroupName, cgroupParent, rootCgroup } from '../objects/cgroup.ts';
import { openFds } from '../objects/files.ts';
import { allSockets, tcpListening } from '../objects/inet_hash.ts';
import { vmas } from '../objects/mm.ts';
import { initialNamespace } from '../objects/namespace.ts';
import { sockCommon, TcpState } from '../objects/sock.ts';
import { processes, threads } from '../objects/task.ts';
import { endsOf } from '../objects/tcp_close.ts';
import { unixName, unixTable } from '../objects/unix_sock.ts';
import type { View } from '../view.ts';
import type { WorldInput } from '../world.ts';
import { CGROUPS, page, PATHS } from './random_world.ts';

export type ChangeInput = NonNullable<WorldInput['script']>[number];
type Make = (r: Random, kernel: Kernel, task: View) => Record<string, unknown>;

const WILD = 8;
const ADDRESSES = [
  '127.0.0.1:8000',
  '127.0.0.1:8001',
  '0.0.0.0:8002',
  '[::1]:8000',
  '@a',
  '/run/s',
  '192.0.2.1:80',
];
const PERMS = ['rw-p', 'r--p', 'r-xp', 'rw-s'];
const MOST_PAGES = 24;

const fdOf: (r: Random, kernel: Kernel, task: View) => number = (r, kernel, task) => {
  const files = task.deref('files');
  const open = files ? [...openFds(kernel, files)].map(({ fd }) => fd) : [];
  return open.length === 0 || r.chance(WILD) ? r.below(80) : r.pick(open);
};
const someFd = (r: Random): { fd?: number } => (r.chance(30) ? { fd: r.below(140) } : {});

/** Edges of areas that are mapped, or any pages. */
function range(r: Random, kernel: Kernel, task: View): { start: string; end: string } {
  const mm = task.deref('mm');
  const edges = mm
    ? [...vmas(kernel, mm)].flatMap((vma) => [vma.num('vm_start') / 4096, vma.num('vm_end') / 4096])
    : [];
  const one = (): number => (edges.length === 0 || r.chance(50) ? 1 + r.below(MOST_PAGES) : r.pick(edges));
  const [a, b] = [one(), one()];
  return { start: page(Math.min(a, b)), end: page(r.chance(90) ? Math.max(a, b, Math.min(a, b) + 1) : a) };
}

function cgroupPath(r: Random, kernel: Kernel): string {
  const path = (cgroup: View): string => {
    const parent = cgroupParent(kernel, cgroup);
    return parent ? `${path(parent)}/${cgroupName(kernel, cgroup)}` : '';
  };
  const there = [...descendantsPre(kernel, rootCgroup(kernel))].map((cgroup) => path(cgroup) || '/');
  return r.chance(75) ? r.pick(there) : r.pick(CGROUPS);
}

/** What a connection can be made to now; any address when nothing listens. */
function listening(kernel: Kernel): readonly string[] {
  const tcp = [...allSockets(tcpListening(kernel))].map((sk) =>
    endpointText(endsOf(sockCommon(kernel, sk)).local),
  );
  const net = initialNamespace(kernel, 'net');
  const unix = [...allSockets(unixTable(kernel, net))]
    .filter((sk) => sockCommon(kernel, sk).num('skc_state') === TcpState.LISTEN)
    .map((sk) => unixName(kernel, kernel.view('unix_sock', sk)));
  const there = [...tcp, ...unix];
  return there.length === 0 ? ADDRESSES : there;
}

const file = (r: Random) => ({ path: r.pick(PATHS), flags: r.pick(['0', '02', '01']) });

const MAKERS: Readonly<Record<ChangeInput['do'], Make>> = {
  fork: (r) => ({ shares: (['vm', 'files', 'fs'] as const).filter(() => r.chance(20)) }),
  thread: () => ({}),
  exec: (r) => ({ exe: r.pick(['/bin/x', '/usr/bin/y']) }),
  exit: (r) => ({ code: r.below(256) }),
  exit_thread: () => ({}),
  wait: () => ({}),
  comm: () => ({ comm: 'renamed' }),
  open: (r) => ({ ...someFd(r), cloexec: r.chance(30), file: file(r) }),
  close: (r, kernel, task) => ({ fd: fdOf(r, kernel, task) }),
  dup: (r, kernel, task) => ({
    fd: fdOf(r, kernel, task),
    ...(r.chance(50) ? { to: fdOf(r, kernel, task) } : {}),
  }),
  mmap: (r, kernel, task) => ({
    ...range(r, kernel, task),
    perms: r.pick(PERMS),
    name: r.pick(['', '', '/tmp/a']),
  }),
  munmap: range,
  mprotect: (r, kernel, task) => ({ ...range(r, kernel, task), perms: r.pick(PERMS) }),
  cgroup_create: (r) => ({ path: r.pick(CGROUPS) }),
  cgroup_remove: (r, kernel) => ({ path: cgroupPath(r, kernel) }),
  cgroup_move: (r, kernel) => ({ path: cgroupPath(r, kernel) }),
  listen: (r) => ({ local: r.pick(ADDRESSES), backlog: r.below(3), ...someFd(r) }),
  connect: (r, kernel) => ({
    to: r.chance(30) ? r.pick(ADDRESSES) : r.pick(listening(kernel)),
    ...(r.chance(20) ? { from: '127.0.0.1:0' } : {}),
    ...someFd(r),
  }),
  accept: (r, kernel, task) => ({ fd: fdOf(r, kernel, task) }),
  map_update: () => ({ map: 'm', key: 1, value: 1 }),
  map_delete: () => ({ map: 'm', key: 1 }),
};
const KINDS = Object.keys(MAKERS) as ChangeInput['do'][];
/** These are about no task. */
const OF_NOBODY: ReadonlySet<string> = new Set([
  'cgroup_create',
  'cgroup_remove',
  'map_update',
  'map_delete',
]);
/** What lets others happen is wanted more often. */
const OFTEN: readonly ChangeInput['do'][] = [
  'fork',
  'thread',
  'open',
  'connect',
  'accept',
  'listen',
  'mmap',
  'wait',
];

/** One entry of a script, without promise that it can be made. */
export function randomChange(r: Random, kernel: Kernel): unknown {
  const kind = r.chance(35) ? r.pick(OFTEN) : r.pick(KINDS);
  const all = [...processes(kernel)].flatMap((leader) => [...threads(kernel, leader)]);
  const zombies = all.filter((task) => task.num('exit_state') !== 0);
  const task = kind === 'wait' && zombies.length > 0 && r.chance(90) ? r.pick(zombies) : r.pick(all);
  const pid = r.chance(3) ? r.between(1, 400) : task.num('pid');
  const more = MAKERS[kind](r, kernel, task);
  return { at: { call: 0 }, do: kind, ...(OF_NOBODY.has(kind) ? {} : { pid }), ...more };
}
