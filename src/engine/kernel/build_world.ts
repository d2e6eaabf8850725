/**
 * Turns a world into a booted kernel.
 *
 *     boot -> mounts -> namespaces -> tasks, parents first -> sockets, routes, caches, buffers -> file tables
 *       -> address spaces -> reader
 *
 * Tasks come before files because a file may stand for a task or a namespace. Everything is made in an order
 * that follows from the world alone, so the same world gives the same addresses.
 */
import { must } from '../../shared/assert.ts';
import type { Addr } from '../../shared/brand.ts';
import type { Btf } from '../btf/parse.ts';
import { FIVE_LEVEL, FOUR_LEVEL } from './address.ts';
import { boot, initialNamespaces } from './boot.ts';
import { writeKallsyms } from './kallsyms.ts';
import { Kernel } from './kernel.ts';
import { setCpuTimes } from './objects/cpu.ts';
import { fileAtFd, installFd, newFiles, reserveFd, settleNextFd } from './objects/files.ts';
import { onRelease } from './objects/file.ts';
import { freePrivateWithFiles } from './objects/file_private.ts';
import { newFsStruct } from './objects/fs_struct.ts';
import { internalMount } from './objects/internal_mounts.ts';
import type { InternalFs } from './objects/internal_mounts.ts';
import { parseFrame, setKernelStack } from './objects/kernel_stack.ts';
import { NAMESPACES } from './objects/namespace.ts';
import type { NsSet } from './objects/namespace.ts';
import { allocPid, findPidNs, findTaskByPidNs } from './objects/pid.ts';
import { getRef } from './objects/refs.ts';
import { createTask, idleTask, PF, SIGCHLD, TaskState } from './objects/task.ts';
import { closeTtysWithFiles, setControlling, terminal } from './objects/tty.ts';
import { Symbols } from './symbols.ts';
import type { Ksym } from './symbols.ts';
import type { View } from './view.ts';
import { releasePipe, WorldFiles } from './world_files.ts';
import { buildCgroups, settleCgroups } from './world_cgroups.ts';
import { buildMm, ordinaryMm } from './world_mm.ts';
import { Rights } from './world_rights.ts';
import { parseDev, Places } from './world_places.ts';
import { buildDmaBufs, buildRoutes, buildSlabCaches } from './world_objects.ts';
import { setHandlers, setProcessFacts, setTaskFacts } from './world_task_facts.ts';
import { buildSockets } from './world_sockets.ts';
import type { World, WorldFd, WorldProcess, WorldThread } from './world_schema.ts';

export interface WorldOptions {
  readonly btf: Btf;
  /** Instead of the world's own symbols. */
  readonly symbols?: Symbols;
}

const MS = 1_000_000;
const STATES: Readonly<Record<WorldProcess['state'], number>> = {
  R: TaskState.RUNNING,
  S: TaskState.INTERRUPTIBLE,
  D: TaskState.UNINTERRUPTIBLE,
  T: TaskState.STOPPED,
  t: TaskState.TRACED,
  Z: TaskState.DEAD,
  I: TaskState.IDLE,
};

/** The symbols a world brings along, in address order. */
export function worldSymbols(world: World): Symbols {
  const all = Object.entries(world.symbols).map(([name, symbol]): Ksym => {
    const { addr, type, module } =
      typeof symbol === 'string' ? { addr: symbol, type: 'D', module: '' } : symbol;
    return { addr: BigInt(addr), type, name, module };
  });
  return new Symbols(all.sort((a, b) => (a.addr < b.addr ? -1 : a.addr > b.addr ? 1 : 0)));
}

/** A kernel, and what opens more files in it. */
export interface BuiltWorld {
  readonly kernel: Kernel;
  readonly files: WorldFiles;
}

export const buildWorld = (world: World, options: WorldOptions): Kernel => makeWorld(world, options).kernel;

/** @throws MissingRole when the BTF lacks a struct or field that a kernel cannot do without */
export function makeWorld(world: World, options: WorldOptions): BuiltWorld {
  const kernel = new Kernel({
    release: world.release,
    btf: options.btf,
    map: world.pageTableLevels === 5 ? FIVE_LEVEL : FOUR_LEVEL,
    symbols: options.symbols ?? worldSymbols(world),
  });
  onRelease(kernel, 'pipefifo_fops', (file) => releasePipe(kernel, file));
  freePrivateWithFiles(kernel);
  closeTtysWithFiles(kernel);
  const builder = new Builder(kernel, world);
  builder.build();
  writeKallsyms(kernel);
  return { kernel, files: builder.files };
}

/** The addresses of frames whose symbol this kernel has. */
const frames = (symbols: Symbols, texts: readonly string[]): Addr[] =>
  texts.flatMap((text) => parseFrame(symbols, text) ?? []);

class Builder {
  private readonly kernel: Kernel;
  private readonly world: World;
  private readonly initial: NsSet;
  private readonly places: Places;
  readonly files: WorldFiles;
  private readonly rights: Rights;

  constructor(kernel: Kernel, world: World) {
    this.kernel = kernel;
    this.world = world;
    const [root, ...mounts] = world.mounts;
    const { id, fstype, dev, device } = must(root, 'root mount');
    const inums = world.processes.find((process) => process.pid === 1)?.ns ?? {};
    boot(kernel, {
      inums: Object.fromEntries(
        NAMESPACES.flatMap(({ kind }) => (inums[kind] === undefined ? [] : [[kind, inums[kind]]])),
      ),
      root: { fstype, dev: parseDev(dev), mountId: id, device },
    });
    this.initial = initialNamespaces(kernel);
    this.rights = new Rights(kernel, world, this.initial);
    for (const [fs, numbers] of Object.entries(world.internalMounts))
      internalMount(kernel, fs as InternalFs, {
        ...(numbers?.dev === undefined ? {} : { dev: parseDev(numbers.dev) }),
        ...(numbers?.mountId === undefined ? {} : { mountId: numbers.mountId }),
      });
    this.places = new Places(kernel);
    for (const mount of mounts) this.places.mount(mount);
    this.files = new WorldFiles(kernel, world, this.places, this.initial.pid, (inum) =>
      this.rights.byInum(inum),
    );
  }

  build(): void {
    const { kernel, world } = this;
    const started = world.processes.reduce(
      (last, { pid, startTime }) => Math.max(last, startTime ?? this.defaultStart(pid)),
      0,
    );
    kernel.now = BigInt(world.clock ?? started + 1000 * MS);
    const order = parentsFirst(world.processes);
    for (const process of order) this.addProcess(process);
    buildCgroups(kernel, world, (tid) => this.task(tid));
    this.buildSockets();
    this.buildObjects();
    for (const process of order) this.openFiles(process);
    for (const process of order) this.mapMemory(process);
    for (const process of order) this.controlTerminal(process);
    settleCgroups(kernel, world);
    kernel.current = this.task(world.reader).addr;
    if (world.cpuTimes) setCpuTimes(kernel, world.cpuTimes);
    this.places.settle();
  }

  private buildSockets(): void {
    const { kernel, places, rights, initial } = this;
    const netByInum = (inum: number): View | null => rights.byInum(inum, 'net');
    buildSockets({ kernel, places, net: initial.net, netByInum }, this.world);
  }

  private buildObjects(): void {
    const { kernel, world, rights, initial } = this;
    buildRoutes(kernel, world, initial.net, (inum) => rights.byInum(inum, 'net'));
    buildSlabCaches(kernel, world);
    buildDmaBufs(kernel, world, kernel.object('init_cred', 'cred'));
  }

  private task(tid: number): View {
    return must(findTaskByPidNs(this.kernel, tid, this.initial.pid), `task ${tid}`);
  }

  // -- tasks ---------------------------------------------------------------------------------------------

  private defaultStart(pid: number): number {
    return 1000 * MS + pid * 10 * MS;
  }

  private addProcess(process: WorldProcess): void {
    const leader = this.addTask(
      process,
      process.pid,
      process,
      null,
      this.filesFor(process),
      this.fsFor(process),
    );
    let fs = leader.deref('fs');
    for (const thread of process.threads) {
      fs ??= this.newFs(process);
      const alone = process.state === 'Z';
      const files = thread.fds || alone ? this.survivorFiles(process, thread, leader) : leader.deref('files');
      this.addTask(process, thread.tid, thread, leader, files, fs);
    }
  }

  private filesFor(process: WorldProcess): View | null {
    if (process.state === 'Z') return null;
    if (process.kthread) return this.kernel.object('init_files', 'files_struct');
    if (!Array.isArray(process.fds)) return this.sharedWith(process.fds.sharedWith, 'files');
    return newFiles(this.kernel);
  }

  /** A table of the thread's own; threads that outlive their leader share the one it left them. */
  private survivorFiles(process: WorldProcess, thread: WorldThread, leader: View): View {
    const heir = process.state === 'Z' && !thread.fds ? this.heirs.get(leader.addr) : undefined;
    const files = heir ?? newFiles(this.kernel);
    if (process.state === 'Z') this.heirs.set(leader.addr, this.heirs.get(leader.addr) ?? files);
    return files;
  }
  private readonly heirs = new Map<Addr, View>();

  private fsFor(process: WorldProcess): View | null {
    if (process.kthread) return this.kernel.object('init_fs', 'fs_struct');
    return process.state === 'Z' ? null : this.newFs(process);
  }

  private newFs(process: WorldProcess): View {
    const root = this.places.find('/', { mode: 0o40755 });
    const fs = newFsStruct(this.kernel, root, this.places.find(process.cwd, { mode: 0o40755 }));
    fs.set('umask', parseInt(process.umask, 8));
    return fs;
  }

  /** What another process has, made before this one because it is listed so or is an ancestor. */
  private sharedWith(pid: number, field: 'files' | 'mm'): View | null {
    return this.task(pid).deref(field);
  }

  private addTask(
    process: WorldProcess,
    tid: number,
    entry: WorldProcess | WorldThread,
    leader: View | null,
    files: View | null,
    fs: View | null,
  ): View {
    const { kernel } = this;
    const zombie = entry.state === 'Z';
    const pidNs = this.rights.namespace(process, 'pid');
    const parent = process.ppid ?? defaultParent(process);
    const group = (nr: number | undefined): View | null =>
      nr === undefined
        ? null
        : nr === 0
          ? kernel.object('init_struct_pid', 'pid')
          : findPidNs(kernel, nr, this.initial.pid);
    const task = createTask(kernel, {
      comm: entry.comm,
      pid: allocPid(kernel, pidNs, entry.nspids ?? [tid]),
      leader,
      parent: findTaskByPidNs(kernel, parent, this.initial.pid) ?? idleTask(kernel),
      pgid: group(process.pgid),
      sid: group(process.sid),
      cred: this.rights.cred(process, entry.cred ?? process.cred),
      nsproxy: zombie ? null : this.rights.nsproxy(process),
      files: zombie ? null : files,
      fs: zombie ? null : fs,
      mm: null,
      flags: entry.flags ?? (process.kthread ? PF.KTHREAD : zombie ? PF.EXITING : 0),
      state: entry.rawState ?? STATES[entry.state],
      exitSignal: entry.exitSignal ?? (leader ? -1 : SIGCHLD),
      startTime: BigInt(entry.startTime ?? this.defaultStart(tid)),
    });
    setTaskFacts(kernel, task, entry);
    if (!leader) setProcessFacts(task, process);
    if (entry.stack && entry.state !== 'Z') setKernelStack(kernel, task, frames(kernel.symbols, entry.stack));
    if (zombie) task.deref('signal')?.set('live', (task.deref('signal')?.num('live') ?? 1) - 1);
    if (pidNs.ptr('child_reaper') === 0n) pidNs.set('child_reaper', task.addr);
    return task;
  }

  // -- files and memory ----------------------------------------------------------------------------------

  private openFiles(process: WorldProcess): void {
    if (Array.isArray(process.fds)) this.fillTable(this.task(process.pid), process.fds);
    for (const thread of process.threads) if (thread.fds) this.fillTable(this.task(thread.tid), thread.fds);
  }

  private fillTable(task: View, fds: readonly WorldFd[]): void {
    const files = task.deref('files');
    const cred = must(task.deref('cred'), 'cred');
    if (!files) return;
    for (const { fd, cloexec, file } of fds) {
      reserveFd(this.kernel, files, fd, cloexec);
      installFd(this.kernel, files, fd, this.files.open(file, { cred }));
    }
    settleNextFd(files);
    const behind = (fd: number): View | null => fileAtFd(this.kernel, files, fd);
    for (const { fd, file } of fds) {
      const opened = behind(fd);
      if (opened) this.files.watch(opened, file, behind);
    }
  }

  private controlTerminal({ pid, tty, foreground }: WorldProcess): void {
    const line = tty === undefined ? null : terminal(this.kernel, tty);
    const signal = this.task(pid).deref('signal');
    if (!line || !signal) return;
    const group = foreground === undefined ? null : findPidNs(this.kernel, foreground, this.initial.pid);
    setControlling(this.kernel, signal, line, group);
  }

  private mapMemory(process: WorldProcess): void {
    if (process.kthread) return;
    const users = [process, ...process.threads].filter((entry) => entry.state !== 'Z');
    const tasks = users.map((entry) => this.task('pid' in entry ? entry.pid : entry.tid));
    const first = tasks[0];
    if (!first) return;
    const { mm } = process;
    const cred = must(first.deref('cred'), 'cred');
    const view =
      mm && 'sharedWith' in mm
        ? this.sharedWith(mm.sharedWith, 'mm')
        : buildMm(this.kernel, this.files, process, mm ?? ordinaryMm(process.exe ?? ''), { cred });
    if (!view) return;
    for (const task of tasks) {
      task.set('mm', getRef(view, 'mm_users').addr);
      task.set('active_mm', view.addr);
    }
    if (view.ptr('owner') === 0n) view.set('owner', first.addr);
    setHandlers(this.task(process.pid), process);
  }
}

const defaultParent = (process: WorldProcess): number => (process.pid <= 2 ? 0 : process.kthread ? 2 : 1);

/** Processes so that each comes after its parent and after those it shares with, else by pid. */
function parentsFirst(processes: readonly WorldProcess[]): WorldProcess[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const done = new Set<number>();
  const order: WorldProcess[] = [];
  const visit = (process: WorldProcess | undefined): void => {
    if (!process || done.has(process.pid)) return;
    done.add(process.pid);
    visit(byPid.get(process.ppid ?? defaultParent(process)));
    for (const shared of [process.fds, process.mm])
      if (shared && 'sharedWith' in shared) visit(byPid.get(shared.sharedWith));
    order.push(process);
  };
  for (const process of [...processes].sort((a, b) => a.pid - b.pid)) visit(process);
  return order;
}
