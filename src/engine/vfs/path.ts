/**
 * d_path: a place as text, as `ls -l /proc/PID/fd` shows it.
 *
 *     /tmp/data.txt    /tmp/gone (deleted)    pipe:[370]    socket:[378]    anon_inode:[eventfd]    net:[4026531840]
 *
 * Ordinary names are read upwards, dentry by dentry, stepping from a mount's root to where it is mounted,
 * until the reader's root. Files of internal filesystems are named by their dentry_operations.
 *
 * Source: fs/d_path.c, Linux 6.12.
 */
import type { Addr } from '../../shared/brand.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { dentryName, isRoot, isUnlinked, realMount } from '../kernel/objects/dentry.ts';
import type { Path } from '../kernel/objects/dentry.ts';
import { dnameOps, INTERNAL_FS } from '../kernel/objects/internal_mounts.ts';
import type { InternalFs } from '../kernel/objects/internal_mounts.ts';
import type { View } from '../kernel/view.ts';

const inodeNumber = (dentry: View): bigint => dentry.deref('d_inode')?.big('i_ino') ?? 0n;

/** d_dname of each internal filesystem. */
const DNAMES: Readonly<Record<InternalFs, (kernel: Kernel, dentry: View) => string>> = {
  pipefs: (_, dentry) => `pipe:[${inodeNumber(dentry)}]`,
  sockfs: (_, dentry) => `socket:[${inodeNumber(dentry)}]`,
  anon_inodefs: (kernel, dentry) => `anon_inode:${dentryName(kernel, dentry)}`,
  nsfs: (kernel, dentry) => `${nsName(kernel, dentry)}:[${inodeNumber(dentry)}]`,
  pidfs: () => 'anon_inode:[pidfd]',
  shm: (kernel, dentry) => `/${dentryName(kernel, dentry)} (deleted)`,
  dmabuf: (kernel, dentry) => `/${dentryName(kernel, dentry)}:${dmaBufName(kernel, dentry)}`,
};

/** What user space called the buffer, if it did. @kernel dmabuffs_dname, drivers/dma-buf/dma-buf.c @fidelity full: app/walks/targets.test.ts */
function dmaBufName(kernel: Kernel, dentry: View): string {
  const buf = dentry.ptr('d_fsdata');
  const name = buf === 0n ? 0n : kernel.view('dma_buf', buf).ptr('name');
  return name === 0n ? '' : kernel.mem.text(name, 32);
}

/** The word before the number. @kernel ns_get_name, fs/nsfs.c @fidelity full: world.test.ts */
function nsName(kernel: Kernel, dentry: View): string {
  const ns = dentry.deref('d_inode')?.ptr('i_private') ?? 0n;
  const name = ns === 0n ? 0n : (kernel.view('ns_common', ns).deref('ops')?.ptr('name') ?? 0n);
  return name === 0n ? '' : kernel.mem.text(name, 16);
}

/**
 * The text for `path` as seen from `root`; a place that cannot be reached from there gets `(unreachable)` or
 * no leading part, as the kernel prints it.
 *
 * @kernel d_path, fs/d_path.c
 * @fidelity partial: names of internal filesystems go by their dentry_operations, other d_dname are not modelled
 */
export function dPath(kernel: Kernel, path: Path, root: Path): string {
  const ops = path.dentry.ptr('d_op');
  if (ops !== 0n && !(isRoot(path.dentry) && path.mnt.ptr('mnt.mnt_root') === path.dentry.addr))
    for (const fs of Object.keys(INTERNAL_FS) as InternalFs[])
      if (dnameOps(kernel, fs).addr === ops) return DNAMES[fs](kernel, path.dentry);
  return prependPath(kernel, path, root) + (isUnlinked(kernel, path.dentry) ? ' (deleted)' : '');
}

/** Names from the root down. @kernel prepend_path, fs/d_path.c @fidelity full: vfs.test.ts */
function prependPath(kernel: Kernel, path: Path, root: Path): string {
  let { mnt, dentry } = path;
  let text = '';
  while (dentry.addr !== root.dentry.addr || mnt.addr !== root.mnt.addr) {
    if (mnt.ptr('mnt.mnt_root') === dentry.addr || isRoot(dentry)) {
      const parent = mnt.ptr('mnt_parent');
      if (parent === mnt.addr || mnt.ptr('mnt.mnt_root') !== dentry.addr) break;
      dentry = kernel.view('dentry', mnt.ptr('mnt_mountpoint'));
      mnt = kernel.view('mount', parent);
      continue;
    }
    text = `/${dentryName(kernel, dentry)}${text}`;
    dentry = kernel.view('dentry', dentry.ptr('d_parent'));
  }
  return text === '' ? '/' : text;
}

/** The place that a `struct path` member holds, or null while it is empty. */
export function pathOf(kernel: Kernel, path: View): Path | null {
  const mnt = path.ptr('mnt');
  const dentry = path.deref('dentry');
  return mnt === 0n || !dentry ? null : { mnt: realMount(kernel, mnt), dentry };
}

/** The root directory of a task, or null once it has none. */
export function rootOf(kernel: Kernel, task: View): Path | null {
  const fs = task.deref('fs');
  return fs && pathOf(kernel, fs.sub('root'));
}

const rootSeen = (kernel: Kernel): Path | null =>
  rootOf(kernel, kernel.view('task_struct', kernel.current)) ??
  rootOf(kernel, kernel.object('init_task', 'task_struct'));

/** The text of a `struct path`, as the current task sees it; '' for an empty one. */
export function pathText(kernel: Kernel, path: View): string {
  const place = pathOf(kernel, path);
  const root = rootSeen(kernel);
  return place && root ? dPath(kernel, place, root) : '';
}

/** As `pathText`, for many paths of one moment: a place that many have open is read once. */
export function pathTexts(kernel: Kernel): (path: View) => string {
  const root = rootSeen(kernel);
  const known = new Map<Addr, Map<Addr, string>>();
  return (path) => {
    const [mnt, dentry] = [path.ptr('mnt'), path.ptr('dentry')];
    let here = known.get(mnt);
    if (!here) known.set(mnt, (here = new Map()));
    let text = here.get(dentry);
    if (text === undefined) {
      const place = pathOf(kernel, path);
      here.set(dentry, (text = place && root ? dPath(kernel, place, root) : ''));
    }
    return text;
  };
}
