/**
 * Reads a world: checks shape and sense, and says by JSON path what is wrong. Nothing is built here.
 *
 *     unknown JSON --shape--> World --sense: every number that is referred to exists--> World
 */
import * as v from 'valibot';
import { NAMESPACES } from './objects/namespace.ts';
import { must } from '../../shared/assert.ts';
import { listensFor, parseEndpoint } from './inet_address.ts';
import { ChangeSchema, WorldSchema } from './world_schema.ts';
import type { WorldSocket, WorldSocketOf } from './world_socket_schema.ts';
import type { World, WorldChange, WorldFd, WorldMm, WorldProcess } from './world_schema.ts';

export type * from './world_schema.ts';

/** The world is malformed. `path` is where, in the notation of jq. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly path: string;
  constructor(path: string, message: string) {
    super(`world${path}: ${message}`);
    this.path = path;
  }
}

const pathText = (path: readonly { key: unknown }[]): string =>
  path.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');

/** The innermost complaint: of a union, that of the variant which got furthest. */
function deepest(
  issue: v.BaseIssue<unknown>,
  above: readonly { key: unknown }[] = [],
): { path: string; message: string } {
  const path = [...above, ...(issue.path ?? [])];
  const inner = (issue.issues ?? [])
    .map((each) => deepest(each, path))
    .sort((a, b) => b.path.length - a.path.length)[0];
  const here = { path: pathText(path), message: issue.message };
  return inner && inner.path.length > here.path.length ? inner : here;
}

/** @throws WorldError */
export function parseWorld(value: unknown): World {
  const result = v.safeParse(WorldSchema, value);
  if (!result.success) {
    const { path, message } = deepest(result.issues[0]);
    throw new WorldError(path, message);
  }
  checkSense(result.output);
  return result.output;
}

/** One entry of a script. @param path where it is said @throws WorldError */
export function parseChange(value: unknown, path: string): WorldChange {
  const result = v.safeParse(ChangeSchema, value);
  if (!result.success) {
    const issue = deepest(result.issues[0]);
    throw new WorldError(`${path}${issue.path}`, issue.message);
  }
  checkMoment(result.output, path);
  return result.output;
}

function checkMoment({ at }: WorldChange, path: string): void {
  if (at.call === undefined && at.read === undefined)
    throw new WorldError(`${path}.at`, 'says neither a call nor a read');
}

/** Both together: the text of a file. @throws WorldError */
export function parseWorldText(text: string): World {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WorldError('', `not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseWorld(value);
}

function checkSense(world: World): void {
  const tids = new Map<number, string>();
  const processes = new Map<number, WorldProcess>();
  world.processes.forEach((process, i) => {
    const at = `.processes[${i}]`;
    claim(tids, process.pid, `${at}.pid`);
    processes.set(process.pid, process);
    process.threads.forEach((thread, j) => claim(tids, thread.tid, `${at}.threads[${j}].tid`));
  });
  const [root] = world.mounts;
  if (root?.path !== '/') throw new WorldError('.mounts[0].path', 'the first mount is the root, at "/"');
  checkPlaces(world);
  checkNumbers(world);
  world.processes.forEach((process, i) => checkParent(processes, process, `.processes[${i}]`));
  world.processes.forEach((process, i) => checkProcess(world, processes, process, `.processes[${i}]`));
  for (const [name, file] of Object.entries(world.files)) checkFile(file, `.files[${JSON.stringify(name)}]`);
  checkCgroups(world);
  checkSockets(world);
  checkObjects(world);
  world.script.forEach((change, i) => checkMoment(change, `.script[${i}]`));
  checkReader(world);
  if (!tids.has(world.reader)) throw new WorldError('.reader', `there is no task ${world.reader}`);
}

function claim(tids: Map<number, string>, tid: number, path: string): void {
  const first = tids.get(tid);
  if (first !== undefined) throw new WorldError(path, `${tid} is already the id at ${first}`);
  tids.set(tid, path);
}

/** Who reads makes system calls. */
function checkReader({ processes, reader }: World): void {
  const process = processes.find(({ pid }) => pid === reader);
  if (process?.state === 'Z' || process?.kthread === true)
    throw new WorldError(
      '.reader',
      `task ${reader} is a ${process.kthread ? 'kernel thread' : 'zombie'}: it makes no system calls`,
    );
}

/** No two mounts have one number, and no namespace is there twice or inside itself. */
function checkPlaces({ mounts, namespaces }: World): void {
  const ids = new Set<number>();
  mounts.forEach(({ id }, i) => {
    if (ids.has(id)) throw new WorldError(`.mounts[${i}].id`, `${id} is the id of another mount`);
    ids.add(id);
  });
  namespaces.forEach(({ kind, inum, parent }, i) => {
    const at = `.namespaces[${i}]`;
    if (namespaces.findIndex((other) => other.inum === inum) !== i)
      throw new WorldError(`${at}.inum`, `${inum} is the number of another namespace`);
    const seen = new Set([inum]);
    for (let up = parent; up !== undefined;) {
      if (seen.has(up)) throw new WorldError(`${at}.parent`, `namespace ${inum} is inside itself`);
      seen.add(up);
      const wanted = up;
      up = namespaces.find((other) => other.kind === kind && other.inum === wanted)?.parent;
    }
  });
}

/** Every parent exists, and following parents comes to an end. */
function checkParent(processes: ReadonlyMap<number, WorldProcess>, process: WorldProcess, at: string): void {
  const { ppid } = process;
  if (ppid !== undefined && ppid !== 0 && !processes.has(ppid))
    throw new WorldError(`${at}.ppid`, `there is no process ${ppid}`);
  const parent = processes.get(ppid ?? 0);
  if (parent?.state === 'Z' && parent.threads.every(({ state }) => state === 'Z'))
    throw new WorldError(
      `${at}.ppid`,
      `process ${ppid} is a zombie: its children went to another when it exited`,
    );
  for (let up = processes.get(ppid ?? 0), steps = 0; up; up = processes.get(up.ppid ?? 0))
    if (up === process || ++steps > processes.size)
      throw new WorldError(`${at}.ppid`, 'a process cannot be its own ancestor');
}

function checkProcess(
  world: World,
  processes: ReadonlyMap<number, WorldProcess>,
  process: WorldProcess,
  at: string,
): void {
  const { fds, mm } = process;
  if (process.state === 'Z' && Array.isArray(fds) && fds.length > 0)
    throw new WorldError(`${at}.fds`, 'a zombie has no open files');
  if (Array.isArray(fds)) checkFds(world, fds, `${at}.fds`);
  else
    checkShared(processes, process, fds.sharedWith, `${at}.fds.sharedWith`, (other) =>
      Array.isArray(other.fds),
    );
  process.threads.forEach((thread, j) => {
    if (thread.fds) checkFds(world, thread.fds, `${at}.threads[${j}].fds`);
  });
  if (mm && 'vmas' in mm) checkVmas(mm, userEndOf(world), `${at}.mm.vmas`);
  else if (mm)
    checkShared(
      processes,
      process,
      mm.sharedWith,
      `${at}.mm.sharedWith`,
      (other) => !other.mm || 'vmas' in other.mm,
    );
  for (const [kind, inum] of Object.entries(process.ns))
    checkNamespace(world, kind, inum, `${at}.ns.${kind}`);
}

/** How many pid namespaces a task of this one has a number in. */
function pidLevels(world: World, inum: number | undefined): number {
  let levels = 1;
  let ns = world.namespaces.find((each) => each.kind === 'pid' && each.inum === inum);
  for (; ns && levels <= world.namespaces.length; levels++) {
    const { parent } = ns;
    ns = world.namespaces.find((each) => each.kind === 'pid' && each.inum === parent);
  }
  return levels;
}

/** A task in an inner pid namespace says its number in every one, outermost first; no two have the same. */
function checkNumbers(world: World): void {
  const taken = new Set<string>();
  world.processes.forEach((process, i) => {
    const at = `.processes[${i}]`;
    const inum = process.ns.pid;
    const levels = pidLevels(world, inum);
    const tasks = [
      { id: process.pid, nspids: process.nspids, path: at },
      ...process.threads.map(({ tid, nspids }, j) => ({ id: tid, nspids, path: `${at}.threads[${j}]` })),
    ];
    for (const { id, nspids, path } of tasks) {
      const numbers = nspids ?? [id];
      if (numbers.length !== levels)
        throw new WorldError(
          `${path}.nspids`,
          `its pid namespace is ${levels} deep, so ${levels} numbers are needed`,
        );
      if (numbers[0] !== id) throw new WorldError(`${path}.nspids[0]`, `the outermost number is not ${id}`);
      if (levels === 1) continue;
      const inner = `${inum}: ${numbers.at(-1)}`;
      if (taken.has(inner))
        throw new WorldError(`${path}.nspids`, `${numbers.at(-1)} is taken in its namespace`);
      taken.add(inner);
    }
  });
}

function checkShared(
  processes: ReadonlyMap<number, WorldProcess>,
  process: WorldProcess,
  pid: number,
  path: string,
  owns: (other: WorldProcess) => boolean,
): void {
  const other = processes.get(pid);
  if (!other || other === process) throw new WorldError(path, `there is no other process ${pid}`);
  for (let up = processes.get(other.ppid ?? 0); up; up = processes.get(up.ppid ?? 0))
    if (up === process)
      throw new WorldError(path, `process ${pid} descends from this one; let it share instead`);
  if (other.state === 'Z' || other.kthread)
    throw new WorldError(
      path,
      `process ${pid} is a ${other.kthread ? 'kernel thread' : 'zombie'}: it has none to share`,
    );
  if (!owns(other)) throw new WorldError(path, `process ${pid} shares it itself; name its owner`);
}

/** Which files have something behind them that can be told. */
const BEHIND = {
  eventfd: 'anon_inode:[eventfd]',
  timerfd: 'anon_inode:[timerfd]',
  signalfd: 'anon_inode:[signalfd]',
  epoll: 'anon_inode:[eventpoll]',
  inotify: 'anon_inode:inotify',
} as const;

function checkFile(file: World['files'][string], at: string): void {
  for (const [kind, path] of Object.entries(BEHIND))
    if (file[kind as keyof typeof BEHIND] !== undefined && file.path !== path)
      throw new WorldError(`${at}.${kind}`, `only a file ${path} has this behind it`);
}

function checkFds(world: World, fds: readonly WorldFd[], path: string): void {
  const seen = new Set<number>();
  fds.forEach(({ fd, file }, i) => {
    if (seen.has(fd)) throw new WorldError(`${path}[${i}].fd`, `fd ${fd} is open twice`);
    seen.add(fd);
    if (typeof file !== 'string') checkFile(file, `${path}[${i}].file`);
    else if (!Object.hasOwn(world.files, file))
      throw new WorldError(`${path}[${i}].file`, `there is no file named '${file}' in .files`);
  });
}

/** Inodes are not shared, ends belong together, and what has not been accepted came in somewhere. */
function checkSockets({ sockets, ...world }: World): void {
  const inodes = new Set<number>();
  sockets.forEach((socket, i) => {
    const at = `.sockets[${i}]`;
    const { ino, net } = socket;
    if (ino !== undefined && inodes.has(ino))
      throw new WorldError(`${at}.ino`, `${ino} is the inode of another socket`);
    if (ino !== undefined) inodes.add(ino);
    checkNamespace({ sockets, ...world }, 'net', net, `${at}.net`);
    if ('local' in socket) checkEnds(socket, sockets, at);
    if (socket.protocol !== 'unix' || socket.peer === undefined) return;
    const peer = sockets[socket.peer];
    if (!peer || peer.protocol !== 'unix' || socket.peer === i)
      throw new WorldError(`${at}.peer`, `sockets[${socket.peer}] is no other UNIX socket`);
    if (peer.peer !== i) throw new WorldError(`${at}.peer`, `sockets[${socket.peer}] has another peer`);
  });
}

/** No cgroup is listed twice, and one has the controllers that its parent passes on. */
function checkCgroups({ cgroups }: World): void {
  const listed = new Map<string, World['cgroups'][number]>();
  const ids = new Set<number>();
  cgroups.forEach((cgroup, i) => {
    const { path } = cgroup;
    const at = `.cgroups[${i}]`;
    if (listed.has(path)) throw new WorldError(`${at}.path`, `cgroup ${path} is listed twice`);
    listed.set(path, cgroup);
    if (cgroup.id !== undefined && ids.has(cgroup.id))
      throw new WorldError(`${at}.id`, `${cgroup.id} is the id of another cgroup`);
    if (cgroup.id !== undefined) ids.add(cgroup.id);
    const cut = path.lastIndexOf('/');
    const parent = path === '/' ? null : listed.get(path.slice(0, cut) || '/');
    const passedOn: readonly string[] = parent?.subtreeControl ?? [];
    for (const controller of ['memory', 'cpu', 'pids'] as const)
      if (cgroup[controller] !== undefined && !passedOn.includes(controller))
        throw new WorldError(
          `${at}.${controller}`,
          `the cgroup above does not pass on ${controller} in its subtreeControl`,
        );
    const control = path === '/' ? [] : cgroup.subtreeControl.filter((name) => !passedOn.includes(name));
    if (control.length > 0)
      throw new WorldError(`${at}.subtreeControl`, `it has no controller ${control[0]} to pass on`);
  });
}

/** What routes, buffers and pinned maps refer to exists, and no two have one name. */
function checkObjects(world: World): void {
  world.routes.forEach(({ net }, i) => checkNamespace(world, 'net', net, `.routes[${i}].net`));
  checkNexthops(world);
  const inodes = new Set<number>();
  world.dmaBufs.forEach(({ ino }, i) => {
    if (inodes.has(ino)) throw new WorldError(`.dmaBufs[${i}].ino`, `${ino} is the inode of another buffer`);
    inodes.add(ino);
  });
  const sockets = new Set(world.sockets.flatMap(({ ino }) => ino ?? []));
  const names = new Set<string>();
  world.maps.forEach(({ name, entries }, i) => {
    if (names.has(name)) throw new WorldError(`.maps[${i}].name`, `'${name}' is the name of another map`);
    names.add(name);
    entries.forEach(({ socket }, j) => {
      if (socket !== undefined && !sockets.has(socket))
        throw new WorldError(`.maps[${i}].entries[${j}].socket`, `no socket has the inode ${socket}`);
    });
  });
}

/** A next hop object has one gateway and device, whichever route goes by it. */
function checkNexthops({ routes }: World): void {
  routes.forEach((route, i) => {
    const { nexthop, net, via, dev } = route;
    if (nexthop === undefined) return;
    const first = routes.findIndex((other) => other.nexthop === nexthop && other.net === net);
    const other = routes[first];
    if (other && (other.via !== via || other.dev !== dev))
      throw new WorldError(
        `.routes[${i}].nexthop`,
        `.routes[${first}] says otherwise where next hop ${nexthop} leads`,
      );
  });
}

function checkEnds(socket: WorldSocketOf<'tcp' | 'udp'>, sockets: readonly WorldSocket[], at: string): void {
  const { local, remote } = socket;
  const near = must(parseEndpoint(local), local);
  const far = must(parseEndpoint(remote ?? local), local);
  if (near.family !== far.family) throw new WorldError(`${at}.remote`, 'both ends are of one family');
  if (socket.protocol === 'udp') return;
  const alone = socket.state === 'LISTEN' || socket.state === 'CLOSE';
  if (alone !== (remote === undefined))
    throw new WorldError(
      `${at}.remote`,
      alone ? `a socket in ${socket.state} has no other end` : 'a connection has another end',
    );
  if ((socket.state === 'TIME_WAIT' || socket.state === 'NEW_SYN_RECV') && socket.ino !== undefined)
    throw new WorldError(`${at}.ino`, `a socket in ${socket.state} has no inode`);
  const listens = (other: WorldSocket): boolean =>
    other.protocol === 'tcp' &&
    other.state === 'LISTEN' &&
    other.net === socket.net &&
    listensFor(must(parseEndpoint(other.local), other.local), near);
  if (socket.state === 'NEW_SYN_RECV' && !sockets.some(listens))
    throw new WorldError(`${at}.local`, 'no socket listens there');
}

/** Addresses of user space have 47 bits, or 56 with five levels of page tables. */
const userEndOf = ({ pageTableLevels }: World): bigint => 1n << (pageTableLevels === 5 ? 56n : 47n);

function checkVmas(mm: WorldMm, userEnd: bigint, path: string): void {
  let end = 0n;
  mm.vmas.forEach((vma, i) => {
    const [start, stop] = [BigInt(vma.start), BigInt(vma.end)];
    if (start % 4096n !== 0n) throw new WorldError(`${path}[${i}].start`, 'not a multiple of the page size');
    if (stop % 4096n !== 0n) throw new WorldError(`${path}[${i}].end`, 'not a multiple of the page size');
    if (stop <= start) throw new WorldError(`${path}[${i}].end`, 'not above start');
    if (stop > userEnd) throw new WorldError(`${path}[${i}].end`, 'beyond what user space can have');
    if (start < end)
      throw new WorldError(`${path}[${i}].start`, 'overlaps the mapping before it, or is out of order');
    end = stop;
  });
}

/** Initial namespaces are those of pid 1, else the usual numbers; any other must be listed. */
function checkNamespace(world: World, kind: string, inum: number | undefined, path: string): void {
  const wanted = kind === 'pid_for_children' ? 'pid' : kind;
  const initial = NAMESPACES.find((ns) => ns.kind === wanted);
  const first = world.processes.find((process) => process.pid === 1)?.ns[initial?.kind ?? 'pid'];
  if (inum === undefined || inum === (first ?? initial?.inum)) return;
  if (!world.namespaces.some((ns) => ns.kind === wanted && ns.inum === inum))
    throw new WorldError(path, `there is no ${wanted} namespace ${inum} in .namespaces`);
}
