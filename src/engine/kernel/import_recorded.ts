/**
 * Makes a world of a recorded snapshot: the raw /proc text of a real machine.
 *
 * /proc does not tell everything. Where it is silent this module decides, always the same way:
 *
 *   - Two fds of one process with the same file, flags and position are one opening (dup). Pipe ends and
 *     sockets are one opening machine-wide. Anonymous files are never taken for the same.
 *   - A thread whose fds are those of its leader shares the leader's table.
 *   - A process whose leader is dead shows no maps: it gets those of a living process with the same stat.
 *   - A sleeping task's `wchan` tells whether the freezer may take it.
 */
import { keyValues, numbers, parseMaps, parseMountinfo, socketProtocols, Stat } from './proc_text.ts';
import { importCgroups } from './import_cgroups.ts';
import { consoleOf, fileState } from './import_file_state.ts';
import type { PathOf } from './import_file_state.ts';
import { importRoutes, importSlabCaches } from './import_objects.ts';
import { importSockets } from './import_sockets.ts';
import { cpuTimes, processFacts, residency, taskFacts, TICK_NS, registersOf } from './import_tasks.ts';
import { parseSnapshot } from './recorded_snapshot.ts';
import type { FdText, ProcessText, Snapshot, ThreadText } from './recorded_snapshot.ts';
import { parseWorld, WorldError } from './world.ts';
import { NAMESPACES } from './objects/namespace.ts';
import type { InternalFs } from './objects/internal_mounts.ts';
import { PF } from './objects/task.ts';
import type { World, WorldFile, WorldInput } from './world_schema.ts';

export { isRecorded } from './recorded_snapshot.ts';
export type { FdText } from './recorded_snapshot.ts';

type FdInput = { fd: number; cloexec: boolean; file: string };

/** How a run of a recorded case found the machine different from its world. */
export interface RunFacts {
  /** [tid, tgid, name] */
  readonly added: readonly (readonly [number, number, string])[];
  readonly gone: readonly (readonly [number, number, string])[];
  readonly self: number;
  readonly selfFds: readonly FdText[];
}

const O_CLOEXEC = 0o2000000;
const TASK_FREEZABLE = 0x2000;
/** Where 6.12 sleeps with TASK_FREEZABLE. */
const FREEZABLE: ReadonlySet<string> = new Set([
  'do_wait',
  'do_epoll_wait',
  'ep_poll',
  'futex_wait_queue',
  'hrtimer_nanosleep',
  'kauditd_thread',
  'kcompactd',
  'khugepaged',
  'ksm_scan_thread',
  'oom_reaper',
  'poll_schedule_timeout',
]);
/** What a program that uses libbpf, and names a process or cgroup, opens for itself; a replay opens it again. */
const OPENED_BY_LOADING =
  /^(?:anon_inode:(?:btf|bpf-map|bpf-prog|bpf_link|bpf_iter|\[pidfd\])$|\/sys\/fs\/cgroup(?:\/|$))/;

/** comm of a kernel thread whose /proc name says more: workers tell their queue, and all are cut to 15 bytes. */
export const commOf = (name: string): string =>
  (/^kworker\/(?!R-)/.test(name) ? name.replace(/[-+].*$/s, '') : name).slice(0, 15);

/** The place in the unified hierarchy that /proc/PID/cgroup tells; one above a container's root is out of its sight. */
function cgroupOf(text: string): string {
  const place = /^0::(\/.*?)(?: \(deleted\))?$/m.exec(text)?.[1] ?? '/';
  return place.startsWith('/..') ? '/' : place;
}

/** The frames that /proc/PID/stack lists. */
const stackOf = (text: string): string[] =>
  Array.from(text.matchAll(/^\[<0>\] (\S+)/gm), ([, frame = '']) => frame);

/** @throws WorldError */
export function importRecorded(value: unknown): World {
  return parseWorld(new Importer(parseSnapshot(value)).world());
}

/** The machine as one run of a recorded case saw it. @throws WorldError */
export function importRun(value: unknown, run: RunFacts): World {
  const snapshot = parseSnapshot(value);
  const gone = new Set(run.gone.map(([tid]) => tid));
  const renamed = new Map(run.added.filter(([tid]) => gone.has(tid)).map(([tid, , name]) => [tid, name]));
  const processes = snapshot.processes
    .filter((process) => !gone.has(process.pid) || renamed.has(process.pid))
    .map((process) => ({
      ...process,
      threads: process.threads
        .filter((thread) => !gone.has(thread.tid) || renamed.has(thread.tid))
        .map((thread) => ({
          ...thread,
          comm: renamed.get(thread.tid) ?? thread.comm,
          fds:
            process.pid === run.self
              ? run.selfFds.filter((fd) => !OPENED_BY_LOADING.test(fd.link))
              : thread.fds,
        })),
    }));
  const world = new Importer({ ...snapshot, self: run.self, processes }).world();
  for (const [tid, tgid, name] of run.added) if (!renamed.has(tid)) addTask(world, tid, tgid, name);
  return parseWorld(world);
}

/** A task of which only the name is known: a worker that the kernel started, or one more thread. */
function addTask(world: WorldInput, tid: number, tgid: number, name: string): void {
  const owner = world.processes.find((process) => process.pid === tgid);
  if (tid !== tgid && owner) owner.threads = [...(owner.threads ?? []), { tid, comm: commOf(name) }];
  else if (tid === tgid) {
    const kthread = /^(?:kworker|ksoftirqd|migration|rcu|irq)\b/.test(name);
    const worker = name.startsWith('kworker/');
    world.processes.push({
      pid: tid,
      comm: commOf(name),
      kthread,
      state: worker ? 'I' : 'S',
      ...(kthread ? { flags: PF.KTHREAD | PF.FORKNOEXEC | (worker ? PF.WQ_WORKER : 0) } : {}),
    });
  }
}

/** The release whose rules are nearest to those of a kernel: `5.15.0-91-generic` is read as 6.12. @throws WorldError */
export function nearestRelease(uname: string): World['release'] {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(uname) ?? [];
  if (major === '') throw new WorldError('.uname_release', `'${uname}' does not begin like a release`);
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) > 18) ? '7.0' : '6.12';
}

/** Real machines list what is below the root before the root itself. */
function rootFirst<Mount extends { readonly path: string }>(mounts: readonly Mount[]): Mount[] {
  const root = mounts.find(({ path }) => path === '/');
  return root ? [root, ...mounts.filter((mount) => mount !== root)] : [...mounts];
}

class Importer {
  private readonly snapshot: Snapshot;
  private readonly protocols: ReadonlyMap<number, string>;
  private readonly files: Record<string, FileInput> = {};

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.protocols = socketProtocols(snapshot.net);
  }

  world(): WorldInput {
    const { snapshot } = this;
    const processes = snapshot.processes.map((process) => this.process(process));
    const release = nearestRelease(snapshot.uname_release);
    return {
      name: 'recorded',
      release,
      uname: {
        nodename: '(none)',
        release: snapshot.uname_release.trim(),
        version: /#.*$/m.exec(snapshot.version)?.[0] ?? '',
      },
      pageTableLevels: /\bla57\b/.test(snapshot.cpuinfo) ? 5 : 4,
      clock: snapshot.monotonic_ns,
      ...cpuTimes(snapshot.stat),
      ...consoleOf(snapshot.cmdline),
      mounts: rootFirst(parseMountinfo(snapshot.mounts)),
      internalMounts: this.internalMounts(),
      anonInode:
        this.fd((fd) => fd.link.startsWith('anon_inode:') && fd.link !== 'anon_inode:[pidfd]')?.ino ?? 1024,
      namespaces: this.namespaces(),
      cgroups: importCgroups(snapshot.cgroups),
      files: this.files,
      sockets: importSockets(snapshot.net),
      ...(snapshot.net['ipv6_route'] === undefined
        ? {}
        : { routes: importRoutes(snapshot.net['ipv6_route']) }),
      slabCaches: importSlabCaches(snapshot.slabinfo),
      processes,
      reader: snapshot.self,
    };
  }

  private *fds(): Generator<FdText> {
    for (const process of this.snapshot.processes) for (const thread of process.threads) yield* thread.fds;
  }
  private fd(test: (fd: FdText) => boolean): FdText | undefined {
    for (const fd of this.fds()) if (test(fd)) return fd;
    return undefined;
  }

  private internalMounts(): NonNullable<WorldInput['internalMounts']> {
    const samples: Readonly<Record<InternalFs, RegExp>> = {
      pipefs: /^pipe:/,
      sockfs: /^socket:/,
      anon_inodefs: /^anon_inode:(?!\[pidfd\])/,
      nsfs: /^(?!pipe|socket|anon_inode)[a-z]+:\[\d+\]$/,
      pidfs: /^anon_inode:\[pidfd\]$/,
      shm: /^\/memfd:/,
      dmabuf: /^\/dmabuf:/,
    };
    return Object.fromEntries(
      Object.entries(samples).flatMap(([fs, pattern]) => {
        const fd = this.fd(({ link }) => pattern.test(link));
        return fd ? [[fs, { dev: fd.dev, mountId: Number(keyValues(fd.fdinfo).get('mnt_id') ?? 0) }]] : [];
      }),
    );
  }

  private namespaces(): NonNullable<WorldInput['namespaces']> {
    const { processes } = this.snapshot;
    const initial = new Set(Object.values(this.outermostNs()));
    const found = new Map<string, NonNullable<WorldInput['namespaces']>[number]>();
    for (const process of processes) {
      const parent = processes.find(({ pid }) => pid === new Stat(process.threads[0]?.stat ?? '').num(4));
      for (const [name, link] of Object.entries(process.ns)) {
        const kind = NAMESPACES.find((type) => type.kind === name.replace('_for_children', ''))?.kind;
        if (!kind || initial.has(link)) continue;
        // Only pid namespaces nest: the next one out is that of who made it, or of the parent outside it.
        const outside = [process.ns['pid'], parent?.ns['pid']].find((other) => other && other !== link);
        const known = found.get(link);
        if (kind !== 'pid' || !outside) found.set(link, known ?? { kind, inum: nsNumber(link) });
        else if (known?.parent === undefined)
          found.set(link, { kind, inum: nsNumber(link), parent: nsNumber(outside) });
      }
    }
    return [...found.values()];
  }

  /** The initial namespaces: init's, or where nobody may look at them those of the first that can be seen. */
  private outermostNs(): ProcessText['ns'] {
    return this.snapshot.processes.find(({ ns }) => Object.keys(ns).length > 0)?.ns ?? {};
  }

  private process(text: ProcessText): WorldInput['processes'][number] {
    const [leader, ...threads] = text.threads;
    if (!leader) throw new WorldError('.processes', `process ${text.pid} has no threads`);
    const stat = new Stat(leader.stat);
    const status = keyValues(leader.status);
    const kthread = status.get('Kthread') === '1' || (stat.num(9) & PF.KTHREAD) !== 0;
    const maps = text.maps !== '' || kthread ? text : this.lookalike(text);
    const vmas = parseMaps(maps.maps, maps.vmflags);
    const living = text.threads.find((thread) => new Stat(thread.stat).text(3) !== 'Z') ?? leader;
    let table = leader.fds;
    const alone = stat.text(3) === 'Z';
    let heir: readonly FdText[] | null = alone ? null : leader.fds;
    return {
      pid: text.pid,
      ...this.task(leader),
      ppid: this.parentOf(text.pid, stat.num(4)),
      pgid: stat.num(5),
      sid: stat.num(6),
      kthread,
      oomScoreAdj: Number(leader.oom_score_adj ?? 0),
      ...processFacts(stat, status),
      uid: numbers(status.get('Uid'))[0] ?? 0,
      gid: numbers(status.get('Gid'))[0] ?? 0,
      cwd: text.cwd ?? '/',
      ...(maps.exe === null || kthread ? {} : { exe: maps.exe }),
      argv: (text.cmdline ?? '').split('\0').slice(0, -1),
      fds: this.table(text.pid, table),
      ...(vmas.length === 0
        ? {}
        : {
            mm: { vmas, layout: layout(new Stat(living.stat), vmas), ...residency(keyValues(living.status)) },
          }),
      ns: Object.fromEntries(
        Object.entries(text.pid === 1 ? this.outermostNs() : text.ns).map(([kind, link]) => [
          kind,
          nsNumber(link),
        ]),
      ),
      threads: threads.map((thread) => {
        const own = heir === null || !sameTable(thread.fds, heir);
        heir ??= thread.fds;
        table = thread.fds;
        return {
          tid: thread.tid,
          ...this.task(thread),
          ...(own ? { fds: this.table(text.pid, table) } : {}),
        };
      }),
    };
  }

  /** A snapshot takes time: a parent that has gone since left its children to init. */
  private parentOf(pid: number, ppid: number): number {
    const there = (wanted: number): boolean => this.snapshot.processes.some((each) => each.pid === wanted);
    return ppid === 0 || there(ppid) ? ppid : pid !== 1 && there(1) ? 1 : 0;
  }

  /** A living process whose image cannot be told from this one's: same code, data and size. */
  private lookalike(text: ProcessText): ProcessText {
    const image = (thread: ThreadText): string => {
      const stat = new Stat(thread.stat);
      return [23, 26, 27, 45, 46].map((field) => stat.text(field)).join();
    };
    const living = text.threads.find((thread) => new Stat(thread.stat).num(23) > 0);
    if (!living) return text;
    return (
      this.snapshot.processes.find(
        (other) => other.maps !== '' && other.threads[0] && image(other.threads[0]) === image(living),
      ) ?? text
    );
  }

  private task(thread: ThreadText): Omit<WorldInput['processes'][number], 'pid' | 'threads' | 'fds'> {
    const stat = new Stat(thread.stat);
    const status = keyValues(thread.status);
    const state = stat.text(3) as 'R' | 'S' | 'D' | 'T' | 't' | 'Z' | 'I';
    const nspids = numbers(status.get('NSpid'));
    const ids = (key: string): [number, number, number, number] => {
      const [real = 0, effective = 0, saved = 0, fs = 0] = numbers(status.get(key));
      return [real, effective, saved, fs];
    };
    const cap = (key: string): string => `0x${status.get(`Cap${key}`) ?? '0'}`;
    return {
      comm: commOf(thread.comm.replace(/\n$/, '')),
      cgroup: cgroupOf(thread.cgroup ?? ''),
      stack: stackOf(thread.stack ?? ''),
      ...registersOf(thread.syscall ?? ''),
      state,
      ...(state === 'S' && FREEZABLE.has(thread.wchan ?? '') ? { rawState: 1 + TASK_FREEZABLE } : {}),
      flags: stat.num(9),
      exitCode: stat.num(52),
      exitSignal: stat.num(38),
      nice: stat.num(19),
      rtPriority: stat.num(40),
      policy: stat.num(41),
      cpu: stat.num(39),
      startTime: stat.num(22) * TICK_NS,
      voluntarySwitches: Number(status.get('voluntary_ctxt_switches') ?? 0),
      involuntarySwitches: Number(status.get('nonvoluntary_ctxt_switches') ?? 0),
      minorFaults: stat.num(10),
      majorFaults: stat.num(12),
      userTime: stat.num(14) * TICK_NS,
      systemTime: stat.num(15) * TICK_NS,
      guestTime: stat.num(43) * TICK_NS,
      ...taskFacts(status),
      ...(nspids.length > 0 ? { nspids } : {}),
      cred: {
        uid: ids('Uid'),
        gid: ids('Gid'),
        groups: numbers(status.get('Groups')),
        caps: {
          inheritable: cap('Inh'),
          permitted: cap('Prm'),
          effective: cap('Eff'),
          bset: cap('Bnd'),
          ambient: cap('Amb'),
        },
      },
    };
  }

  private table(pid: number, fds: readonly FdText[]): FdInput[] {
    return fds.map((fd) => {
      const info = keyValues(fd.fdinfo);
      const flags = parseInt(info.get('flags') ?? '0', 8);
      return {
        fd: fd.fd,
        cloexec: (flags & O_CLOEXEC) !== 0,
        file: this.file(pid, fd, flags & ~O_CLOEXEC, info, fds),
      };
    });
  }

  /** Notes a file under a key that says which fds are the same opening. */
  private file(
    pid: number,
    fd: FdText,
    flags: number,
    info: ReadonlyMap<string, string>,
    table: readonly FdText[],
  ): string {
    const everywhere = /^(?:pipe|socket):/.test(fd.link);
    const anonymous = fd.link.startsWith('anon_inode:');
    const owner = everywhere ? '' : `${pid}: `;
    const alone = anonymous ? ` #${Object.keys(this.files).length}` : '';
    const pos = info.get('pos') ?? '0';
    const key = `${owner}${fd.link} ${fd.dev}/${fd.ino} ${flags.toString(8)} @${pos}${alone}`;
    const protocol = fd.link.startsWith('socket:') ? this.protocols.get(fd.ino) : undefined;
    const target = numbers(info.get('Pid'))[0];
    this.files[key] ??= {
      path: fd.link,
      flags: `0${flags.toString(8)}`,
      pos,
      mode: fd.mode,
      ino: fd.ino,
      dev: fd.dev,
      size: fd.size,
      nlink: fd.nlink,
      ...(protocol === undefined ? {} : { protocol }),
      ...(target === undefined || target <= 0 ? {} : { pid: target }),
      ...fileState(fd, table, this.pathOf),
      ...times(fd.times),
    };
    return key;
  }

  /** The path of an inode: that of a mount's root, or of a file that somebody has open. */
  private readonly pathOf: PathOf = (ino, dev) => {
    if (ino === 1) {
      const mount = parseMountinfo(this.snapshot.mounts).find((each) => each.dev === dev);
      if (mount) return mount.path;
    }
    return this.fd((fd) => fd.ino === ino && fd.dev === dev && fd.link.startsWith('/'))?.link ?? null;
  };
}

type FileInput = Partial<WorldFile> & { path: string };

/** Accessed, modified and changed, in seconds, as stat(1) prints them. */
function times(told: readonly number[] | undefined): Pick<FileInput, 'times'> {
  const [accessed, modified, changed] = told ?? [];
  return told === undefined ? {} : { times: { accessed, modified, changed } };
}

const nsNumber = (link: string | undefined): number => Number(/\[(\d+)\]/.exec(link ?? '')?.[1] ?? 0);

const sameTable = (a: readonly FdText[], b: readonly FdText[]): boolean =>
  a.length === b.length &&
  a.every(
    (fd, i) =>
      fd.fd === b[i]?.fd && fd.link === b[i]?.link && fd.ino === b[i]?.ino && fd.fdinfo === b[i]?.fdinfo,
  );

/** Boundaries of the image, from stat and the maps. */
function layout(
  stat: Stat,
  vmas: readonly { name?: string | undefined; end: string }[],
): Record<string, string> {
  const heap = vmas.find((vma) => vma.name === '[heap]');
  return {
    start_code: stat.hex(26),
    end_code: stat.hex(27),
    start_stack: stat.hex(28),
    start_data: stat.hex(45),
    end_data: stat.hex(46),
    start_brk: stat.hex(47),
    brk: heap?.end ?? stat.hex(47),
    arg_start: stat.hex(48),
    arg_end: stat.hex(49),
    env_start: stat.hex(50),
    env_end: stat.hex(51),
  };
}
