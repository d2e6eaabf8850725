/** /sys/fs/cgroup: a directory for each cgroup, with the files that tell and change who is in it. */
import { fail } from '../../../shared/errno.ts';
import type { NegErrno } from '../../../shared/errno.ts';
import { latin1Decode, latin1Encode } from '../../../shared/utf8.ts';
import {
  attachTask,
  cgroupByPath,
  cgroupChildren,
  cgroupId,
  cgroupName,
  descendantsPre,
  firstChild,
  hasTasks,
  newCgroup,
  removeCgroup,
  rootCgroup,
} from '../../kernel/objects/cgroup.ts';
import { memberTasks } from '../../kernel/objects/cgroup_tasks.ts';
import { initialNamespace } from '../../kernel/objects/namespace.ts';
import { findTaskByPidNs } from '../../kernel/objects/pid.ts';
import { threads } from '../../kernel/objects/task.ts';
import type { View } from '../../kernel/view.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { BOOT_TIME } from '../clock.ts';
import { ControlFile } from '../open_file.ts';
import { S_IFDIR, S_IFREG } from './node.ts';
import type { FileSystem, Node } from './node.ts';

export const CGROUPFS = '/sys/fs/cgroup';

interface Control {
  /** In the root too. */
  readonly root: boolean;
  readonly writable: boolean;
  readonly text: (kernel: Kernel, cgroup: View) => string;
}

const members = (kernel: Kernel, cgroup: View, leadersOnly: boolean): string =>
  memberTasks(kernel, cgroup, leadersOnly)
    .map((task) => `${task.num('pid')}\n`)
    .join('');

const count = (all: Iterable<unknown>): number => [...all].length;

const CONTROLS: Readonly<Record<string, Control>> = {
  'cgroup.procs': { root: true, writable: true, text: (kernel, cgroup) => members(kernel, cgroup, true) },
  'cgroup.threads': { root: true, writable: false, text: (kernel, cgroup) => members(kernel, cgroup, false) },
  'cgroup.events': {
    root: false,
    writable: false,
    text: (kernel, cgroup) =>
      `populated ${[...descendantsPre(kernel, cgroup)].some((each) => hasTasks(kernel, each)) ? 1 : 0}\nfrozen 0\n`,
  },
  'cgroup.stat': {
    root: true,
    writable: false,
    text: (kernel, cgroup) =>
      `nr_descendants ${count(descendantsPre(kernel, cgroup)) - 1}\nnr_dying_descendants 0\n`,
  },
  'cgroup.type': { root: false, writable: false, text: () => 'domain\n' },
  'cgroup.controllers': { root: true, writable: false, text: () => '\n' },
  'cgroup.subtree_control': { root: true, writable: false, text: () => '\n' },
};

export class CgroupFs implements FileSystem {
  readonly type = 'cgroup2';
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  private facts(mode: number, ino: bigint): Node {
    const directory = (mode & S_IFDIR) !== 0;
    return { mode, ino, nlink: directory ? 2 : 1, uid: 0, gid: 0, size: 0, mtime: BOOT_TIME };
  }

  node(path: string): Node | null {
    const { kernel } = this;
    const cgroup = cgroupByPath(kernel, path);
    if (cgroup) return this.facts(S_IFDIR | 0o755, cgroupId(cgroup));
    const slash = path.lastIndexOf('/');
    const control = CONTROLS[path.slice(slash + 1)];
    const owner = control && cgroupByPath(kernel, path.slice(0, Math.max(0, slash)));
    if (!owner || (!control.root && owner.addr === rootCgroup(kernel).addr)) return null;
    return {
      ...this.facts(S_IFREG | (control.writable ? 0o644 : 0o444), cgroupId(owner) + 1n),
      open: () =>
        new ControlFile(latin1Encode(control.text(kernel, owner)), (bytes) =>
          control.writable ? this.move(owner, latin1Decode(bytes)) : fail('EINVAL'),
        ),
    };
  }

  names(path: string): readonly string[] {
    const { kernel } = this;
    const cgroup = cgroupByPath(kernel, path);
    if (!cgroup) return [];
    const root = cgroup.addr === rootCgroup(kernel).addr;
    return [
      ...Object.keys(CONTROLS).filter((name) => !root || CONTROLS[name]?.root),
      ...[...cgroupChildren(kernel, cgroup)].map((child) => cgroupName(kernel, child)),
    ];
  }

  /** A write to cgroup.procs. @kernel cgroup_procs_write, kernel/cgroup/cgroup.c @fidelity partial: rights are not checked */
  private move(cgroup: View, text: string): NegErrno {
    const { kernel } = this;
    if (!/^\s*\d+\s*$/.test(text)) return fail('EINVAL');
    const pid = Number(text);
    const task =
      pid === 0
        ? kernel.view('task_struct', kernel.current)
        : findTaskByPidNs(kernel, pid, initialNamespace(kernel, 'pid'));
    if (!task) return fail('ESRCH');
    for (const thread of threads(kernel, task)) attachTask(kernel, thread, cgroup);
    return 0;
  }

  create(): NegErrno {
    return fail('EPERM');
  }

  /** @kernel cgroup_mkdir, kernel/cgroup/cgroup.c @fidelity partial: no limits on depth and number */
  mkdir(path: string): NegErrno {
    const { kernel } = this;
    const slash = path.lastIndexOf('/');
    const parent = cgroupByPath(kernel, path.slice(0, Math.max(0, slash)));
    if (!parent) return fail('ENOENT');
    const ids = [...descendantsPre(kernel, rootCgroup(kernel))].map(cgroupId);
    newCgroup(kernel, parent, {
      name: path.slice(slash + 1),
      id: ids.reduce((a, b) => (a > b ? a : b), 0n) + 1n,
    });
    return 0;
  }

  /** @kernel cgroup_rmdir, kernel/cgroup/cgroup.c @fidelity full: app/shell.test.ts */
  rmdir(path: string): NegErrno {
    const { kernel } = this;
    const cgroup = cgroupByPath(kernel, path);
    if (!cgroup) return fail('ENOENT');
    if (path === '' || firstChild(kernel, cgroup) || hasTasks(kernel, cgroup)) return fail('EBUSY');
    removeCgroup(kernel, cgroup);
    return 0;
  }

  unlink(): NegErrno {
    return fail('EPERM');
  }
}
