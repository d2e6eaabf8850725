/**
 * /proc: tasks as directories, and the kernel's own tables. Every text is made when the file is opened.
 *
 *     PID/   the tables of proc_task.ts, fd/, fdinfo/, ns/, task/          self -> PID of who asks
 */
import { must } from '../../../shared/assert.ts';
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { AF } from '../../kernel/objects/sock.ts';
import { childMounts } from '../../kernel/objects/dentry.ts';
import { initialNamespace } from '../../kernel/objects/namespace.ts';
import { findTaskByPidNs, taskActivePidNs, taskPidNrNs } from '../../kernel/objects/pid.ts';
import { openFds } from '../../kernel/objects/files.ts';
import { processes, threads } from '../../kernel/objects/task.ts';
import { major, minor, superTypeName } from '../../kernel/objects/inode.ts';
import type { View } from '../../kernel/view.ts';
import { allSlabCaches } from '../../kernel/objects/slab_cache.ts';
import { readUser } from '../../kernel/objects/user_memory.ts';
import { readFdinfo } from '../../sys/fdinfo.ts';
import { dPath, pathText, rootOf } from '../../vfs/path.ts';
import { BOOT_TIME, wallClock } from '../clock.ts';
import type { ShellHost } from '../host.ts';
import { TextFile } from '../open_file.ts';
import { FixedFileSystem, S_IFDIR, S_IFLNK, S_IFREG } from './node.ts';
import type { Node } from './node.ts';
import { ipv6RouteText, netlinkText, tcpText, udpText, unixText } from './proc_net.ts';
import { cgroupText, mapsText, NS_LINKS, nsLink, statmText, statText, statusText } from './proc_task.ts';

/** Arguments or environment of a process, as they stand in its memory. */
function startText(kernel: Kernel, task: View, what: 'arg' | 'env'): string {
  const mm = task.deref('mm');
  if (!mm) return '';
  const start = mm.big(`${what}_start`);
  const bytes = readUser(kernel, mm, start, Number(mm.big(`${what}_end`) - start));
  return bytes ? latin1Decode(bytes) : '';
}

type TaskText = (proc: ProcFs, task: View) => string;

/** Files of a task that are one text. */
const TASK_FILES: Readonly<Record<string, { readonly mode: number; readonly text: TaskText }>> = {
  cgroup: { mode: 0o444, text: ({ kernel }, task) => cgroupText(kernel, task) },
  cmdline: { mode: 0o444, text: ({ kernel }, task) => startText(kernel, task, 'arg') },
  comm: { mode: 0o644, text: (_, task) => `${task.str('comm')}\n` },
  environ: { mode: 0o400, text: ({ kernel }, task) => startText(kernel, task, 'env') },
  maps: { mode: 0o444, text: ({ kernel }, task) => mapsText(kernel, task) },
  mountinfo: { mode: 0o444, text: (proc) => proc.mountinfo() },
  mounts: { mode: 0o444, text: (proc) => proc.mounts() },
  oom_score_adj: { mode: 0o644, text: (_, task) => `${task.deref('signal')?.num('oom_score_adj') ?? 0}\n` },
  stat: { mode: 0o444, text: (proc, task) => statText(proc.kernel, task, proc.ns) },
  statm: { mode: 0o444, text: (_, task) => statmText(task) },
  status: { mode: 0o444, text: (proc, task) => statusText(proc.kernel, task, proc.ns) },
};

/** Links of a task, as paths seen from the caller's root; '' where it has none. */
const TASK_LINKS: Readonly<Record<string, TaskText>> = {
  cwd: ({ kernel }, task) =>
    task.deref('fs') ? pathText(kernel, must(task.deref('fs'), 'fs').sub('pwd')) : '',
  root: ({ kernel }, task) =>
    task.deref('fs') ? pathText(kernel, must(task.deref('fs'), 'fs').sub('root')) : '',
  exe: ({ kernel }, task) => {
    const exe = task.deref('mm')?.deref('exe_file');
    return exe ? pathText(kernel, exe.sub('f_path')) : '';
  },
};
const TASK_DIRECTORIES = ['fd', 'fdinfo', 'ns', 'task'];

const netText =
  (make: (kernel: Kernel, net: bigint) => string) =>
  (proc: ProcFs): string =>
    make(proc.kernel, proc.net);

const OBJECTS_MASK = 0xffff;
const ORDER_SHIFT = 16;

/** @kernel slab_show, mm/slab_common.c @fidelity partial: which objects are in use is not modelled */
function slabinfoText(kernel: Kernel): string {
  const head =
    'slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> ' +
    ': tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n';
  const right = (n: number, width: number): string => String(n).padStart(width);
  const lines = [...allSlabCaches(kernel)].map((cache) => {
    const name = kernel.mem.text(cache.ptr('name'), 64).padEnd(17);
    const oo = cache.num('oo');
    const pages = 2 ** (oo >>> ORDER_SHIFT);
    return `${name} ${right(0, 6)} ${right(0, 6)} ${right(cache.num('size'), 6)} ${right(oo & OBJECTS_MASK, 4)} ${right(pages, 4)} : tunables ${right(0, 4)} ${right(0, 4)} ${right(0, 4)} : slabdata ${right(0, 6)} ${right(0, 6)} ${right(0, 6)}\n`;
  });
  return head + lines.join('');
}

const UTS = ['nodename', 'release', 'version'] as const;

/** Files that belong to no task. */
const FILES: Readonly<Record<string, (proc: ProcFs) => string>> = {
  filesystems: () =>
    'nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tbpf\nnodev\tpipefs\n\text4\n',
  kallsyms: (proc) => proc.kallsyms(),
  mounts: (proc) => proc.mounts(),
  'net/tcp': netText((kernel, net) => tcpText(kernel, net, AF.INET)),
  'net/tcp6': netText((kernel, net) => tcpText(kernel, net, AF.INET6)),
  'net/udp': netText((kernel, net) => udpText(kernel, net, AF.INET)),
  'net/udp6': netText((kernel, net) => udpText(kernel, net, AF.INET6)),
  'net/unix': netText(unixText),
  'net/netlink': netText(netlinkText),
  'net/ipv6_route': netText(ipv6RouteText),
  slabinfo: ({ kernel }) => slabinfoText(kernel),
  stat: (proc) => proc.stat(),
  'sys/kernel/hostname': ({ host }) => `${host.uname.nodename}\n`,
  'sys/kernel/osrelease': ({ host }) => `${host.uname.release}\n`,
  'sys/kernel/ostype': () => 'Linux\n',
  'sys/kernel/pid_max': () => '4194304\n',
  'sys/kernel/kptr_restrict': () => '0\n',
  uptime: ({ kernel }) => {
    const up = `${kernel.now / 1_000_000_000n}.${String((kernel.now / 10_000_000n) % 100n).padStart(2, '0')}`;
    return `${up} 0.00\n`;
  },
  version: ({ host }) =>
    `Linux version ${UTS.slice(1)
      .map((key) => host.uname[key])
      .join(' ')}\n`,
};

export class ProcFs extends FixedFileSystem {
  readonly type = 'proc';
  readonly host: ShellHost;
  readonly kernel: Kernel;

  constructor(host: ShellHost) {
    super();
    this.host = host;
    this.kernel = host.sys.kernel;
  }

  /** The caller's pid namespace: whose numbers are shown. */
  get ns(): View {
    return taskActivePidNs(this.kernel, this.host.sys.fds.task) ?? initialNamespace(this.kernel, 'pid');
  }
  get net(): bigint {
    const proxy = this.host.sys.fds.task.deref('nsproxy');
    return proxy?.ptr('net_ns') ?? initialNamespace(this.kernel, 'net').addr;
  }

  // -- names ---------------------------------------------------------------------------------------------------

  private task(name: string): View | null {
    const nr = /^[1-9]\d*$/.test(name) ? Number(name) : 0;
    const task = nr > 0 && nr < 2 ** 31 ? findTaskByPidNs(this.kernel, nr, this.ns) : null;
    return task;
  }

  node(path: string): Node | null {
    const [first = '', ...rest] = path.split('/');
    if (path === '') return this.directory(1n, 0, 0);
    if (path === 'self') return this.link(String(taskPidNrNs(this.host.sys.fds.task, this.ns)));
    const task = this.task(first);
    if (task) return this.taskNode(task, rest);
    const text = FILES[path];
    if (text) return this.text(0o444, 0, 0, () => text(this));
    return Object.keys(FILES).some((each) => each.startsWith(`${path}/`)) ? this.directory(2n, 0, 0) : null;
  }

  names(path: string): readonly string[] {
    const [first = '', ...rest] = path.split('/');
    if (path === '') {
      const pids = [...processes(this.kernel)]
        .map((each) => taskPidNrNs(each, this.ns))
        .filter((nr) => nr > 0);
      const own = Object.keys(FILES).map((each) => each.split('/')[0] ?? '');
      return [...pids.map(String), ...new Set(own), 'self'];
    }
    const task = this.task(first);
    if (task) return this.taskNames(task, rest);
    return [
      ...new Set(
        Object.keys(FILES)
          .filter((each) => each.startsWith(`${path}/`))
          .map((each) => each.slice(path.length + 1).split('/')[0] ?? ''),
      ),
    ];
  }

  private taskNames(task: View, rest: readonly string[]): readonly string[] {
    const [what, thread, ...below] = rest;
    const files = task.deref('files');
    switch (what) {
      case undefined:
        return [...Object.keys(TASK_FILES), ...Object.keys(TASK_LINKS), ...TASK_DIRECTORIES];
      case 'fd':
      case 'fdinfo':
        return files ? [...openFds(this.kernel, files)].map(({ fd }) => String(fd)) : [];
      case 'ns':
        return Object.keys(NS_LINKS).filter((kind) => nsLink(this.kernel, task, kind) !== '');
      case 'task': {
        const found = thread === undefined ? null : this.task(thread);
        if (found) return this.taskNames(found, below).filter((name) => name !== 'task');
        return [...threads(this.kernel, task)].map((each) => String(taskPidNrNs(each, this.ns)));
      }
      default:
        return [];
    }
  }

  private taskNode(task: View, rest: readonly string[]): Node | null {
    const { kernel } = this;
    const cred = task.deref('cred');
    const uid = cred?.num('euid') ?? 0;
    const gid = cred?.num('egid') ?? 0;
    const [what, name, ...below] = rest;
    if (what === undefined) return this.directory(BigInt(task.num('pid')), uid, gid);
    const file = TASK_FILES[what];
    const link = TASK_LINKS[what];
    if (name === undefined) {
      if (file) return this.text(file.mode, uid, gid, () => file.text(this, task));
      if (link) return this.link(link(this, task), uid, gid);
      return TASK_DIRECTORIES.includes(what)
        ? this.directory(3n, uid, gid, what.startsWith('fd') ? 0o500 : 0o555)
        : null;
    }
    if (what === 'task') {
      const thread = this.task(name);
      const same = thread && thread.ptr('signal') === task.ptr('signal');
      return same && below[0] !== 'task' ? this.taskNode(thread, below) : null;
    }
    if (below.length > 0) return null;
    if (what === 'ns') {
      const text = nsLink(kernel, task, name);
      return text === '' ? null : this.link(text, uid, gid);
    }
    const files = task.deref('files');
    const open = files && [...openFds(kernel, files)].find(({ fd }) => String(fd) === name);
    if (!open) return null;
    if (what === 'fdinfo')
      return this.text(
        0o400,
        uid,
        gid,
        () => this.asTask(task, () => readFdinfo(this.host.sys, open.fd)) ?? '',
      );
    const flags = open.file.num('f_flags') & 3;
    const mode = (flags === 1 ? 0 : 0o500) | (flags === 0 ? 0 : 0o300);
    return { ...this.link(pathText(kernel, open.file.sub('f_path')), uid, gid), mode: S_IFLNK | mode };
  }

  /** Does something as another task would, whose fds they are. */
  private asTask<T>(task: View, act: () => T): T {
    const { kernel } = this;
    const before = kernel.current;
    kernel.current = task.addr;
    try {
      return act();
    } finally {
      kernel.current = before;
    }
  }

  // -- nodes ---------------------------------------------------------------------------------------------------

  private facts(mode: number, ino: bigint, uid: number, gid: number): Node {
    return { mode, ino, nlink: 1, uid, gid, size: 0, mtime: wallClock(this.kernel) };
  }
  private directory(ino: bigint, uid: number, gid: number, mode = 0o555): Node {
    return { ...this.facts(S_IFDIR | mode, ino, uid, gid), nlink: 2 };
  }
  private text(mode: number, uid: number, gid: number, make: () => string): Node {
    return { ...this.facts(S_IFREG | mode, 4n, uid, gid), open: () => new TextFile(latin1Encode(make())) };
  }
  private link(target: string, uid = 0, gid = 0): Node {
    return { ...this.facts(S_IFLNK | 0o777, 5n, uid, gid), target };
  }

  // -- texts ---------------------------------------------------------------------------------------------------

  kallsyms(): string {
    const { kernel, host } = this;
    const line = (addr: bigint, type: string, name: string, module: string): string =>
      `${addr.toString(16).padStart(16, '0')} ${type} ${name}${module === '' ? '' : `\t[${module}]`}\n`;
    return [...kernel.symbols.all, ...host.sys.objects.progSymbols]
      .map(({ addr, type, name, module }) => line(addr, type, name, module))
      .join('');
  }

  /** Mounts of the caller's namespace, in the order they were made. */
  private *mountPoints(): Generator<{ mount: View; at: string }> {
    const { kernel } = this;
    const root = rootOf(kernel, this.host.sys.fds.task);
    if (!root) return;
    const all: View[] = [];
    const visit = (mount: View): void => {
      all.push(mount);
      for (const child of childMounts(kernel, mount)) visit(child);
    };
    visit(root.mnt);
    for (const mount of all) {
      const dentry = kernel.view('dentry', mount.ptr('mnt.mnt_root'));
      yield { mount, at: dPath(kernel, { mnt: mount, dentry }, root) };
    }
  }

  mounts(): string {
    return [...this.mountPoints()]
      .map(({ mount, at }) => {
        const device = this.kernel.mem.text(mount.ptr('mnt_devname'), 64);
        const sb = mount.deref('mnt.mnt_sb');
        return `${device} ${at} ${sb ? superTypeName(this.kernel, sb) : 'none'} rw,relatime 0 0\n`;
      })
      .join('');
  }

  mountinfo(): string {
    return [...this.mountPoints()]
      .map(({ mount, at }) => {
        const device = this.kernel.mem.text(mount.ptr('mnt_devname'), 64);
        const sb = mount.deref('mnt.mnt_sb');
        const dev = sb?.num('s_dev') ?? 0;
        const parent = this.kernel.view('mount', mount.ptr('mnt_parent')).num('mnt_id');
        const type = sb ? superTypeName(this.kernel, sb) : 'none';
        return `${mount.num('mnt_id')} ${parent} ${major(dev)}:${minor(dev)} / ${at} rw,relatime - ${type} ${device} rw\n`;
      })
      .join('');
  }

  stat(): string {
    const made = [...processes(this.kernel)].length;
    return `cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime ${BOOT_TIME}\nprocesses ${made}\nprocs_running 1\nprocs_blocked 0\n`;
  }
}
